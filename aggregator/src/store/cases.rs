//! Cases, dispositions and reports.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::cases::{CaseKind, CaseState, Ground, ReportKind, ReportState, Severity, Verdict};
use crate::store::{Unreadable, corrupt};

/// A case.
#[derive(Clone, Debug)]
pub(crate) struct CaseRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub subject: Uuid,
    pub kind: CaseKind,
    pub severity: Severity,
    pub entity: String,
    pub matched_hash: Vec<u8>,
    pub evidence: String,
    pub raised_by: Option<Uuid>,
    pub assignee: Option<Uuid>,
    pub state: CaseState,
    pub verdict: Option<Verdict>,
    pub ground: Option<Ground>,
    pub maker: Option<Uuid>,
    pub made_at: Option<DateTime<Utc>>,
    pub checker: Option<Uuid>,
    pub checked_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub due_on: NaiveDate,
    pub version: i32,
    pub opened_at: DateTime<Utc>,
}

struct Raw {
    id: Uuid,
    tenant: Uuid,
    subject: Uuid,
    kind: String,
    severity: String,
    entity: String,
    matched_hash: Vec<u8>,
    evidence: String,
    raised_by: Option<Uuid>,
    assignee: Option<Uuid>,
    state: String,
    verdict: Option<String>,
    ground: Option<String>,
    maker: Option<Uuid>,
    made_at: Option<DateTime<Utc>>,
    checker: Option<Uuid>,
    checked_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    due_on: NaiveDate,
    version: i32,
    opened_at: DateTime<Utc>,
}

fn known<T>(what: Option<T>, name: &'static str) -> Result<T, Error> {
    what.ok_or_else(|| corrupt(Unreadable(name)))
}

fn optional<T>(text: Option<String>, parse: fn(&str) -> Option<T>, name: &'static str) -> Result<Option<T>, Error> {
    text.map(|text| known(parse(&text), name)).transpose()
}

impl TryFrom<Raw> for CaseRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            tenant: raw.tenant,
            subject: raw.subject,
            kind: known(CaseKind::parse(&raw.kind), "kind of a case")?,
            severity: known(Severity::parse(&raw.severity), "severity of a case")?,
            entity: raw.entity,
            matched_hash: raw.matched_hash,
            evidence: raw.evidence,
            raised_by: raw.raised_by,
            assignee: raw.assignee,
            state: known(CaseState::parse(&raw.state), "state of a case")?,
            verdict: optional(raw.verdict, Verdict::parse, "verdict of a case")?,
            ground: optional(raw.ground, Ground::parse, "ground of a case")?,
            maker: raw.maker,
            made_at: raw.made_at,
            checker: raw.checker,
            checked_at: raw.checked_at,
            expires_at: raw.expires_at,
            due_on: raw.due_on,
            version: raw.version,
            opened_at: raw.opened_at,
        })
    }
}

/// Whom a case is about, and by which fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub tenant: Uuid,
    pub subject: Uuid,
    pub entity: &'a str,
    pub matched_hash: &'a [u8; 32],
}

/// Opens a case; false when one about the same is open already.
pub(crate) async fn add_case(conn: &mut PgConnection, row: &CaseRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into cases.case (id, tenant, subject, kind, severity, entity, matched_hash, evidence, raised_by, state, due_on,
                                 version, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'OPEN', $10, 1, $11)
         on conflict (tenant, subject, entity, matched_hash) where state <> 'CLOSED' do nothing",
        row.id,
        row.tenant,
        row.subject,
        row.kind.as_str(),
        row.severity.as_str(),
        row.entity,
        row.matched_hash,
        row.evidence,
        row.raised_by,
        row.due_on,
        row.opened_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The case about the same that is not closed.
pub(crate) async fn open_case(conn: &mut PgConnection, key: Key<'_>) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from cases.case
         where tenant = $1 and subject = $2 and entity = $3 and matched_hash = $4 and state <> 'CLOSED'",
        key.tenant,
        key.subject,
        key.entity,
        key.matched_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await
}

/// The case about a subject and an entity that waits for a first word, held until the commit; whatever the fields.
pub(crate) async fn hold_open(
    conn: &mut PgConnection,
    (tenant, subject, entity): (Uuid, Uuid, &str),
) -> Result<Option<CaseRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, tenant, subject, kind, severity, entity, matched_hash, evidence, raised_by, assignee, state, verdict, ground,
                maker, made_at, checker, checked_at, expires_at, due_on, version, opened_at
         from cases.case where tenant = $1 and subject = $2 and entity = $3 and state = 'OPEN'
         order by opened_at desc, id desc limit 1 for update",
        tenant,
        subject,
        entity,
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaseRow::try_from).transpose()
}

/// A case, held until the commit.
pub(crate) async fn hold_case(conn: &mut PgConnection, id: Uuid) -> Result<Option<CaseRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, tenant, subject, kind, severity, entity, matched_hash, evidence, raised_by, assignee, state, verdict, ground,
                maker, made_at, checker, checked_at, expires_at, due_on, version, opened_at
         from cases.case where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaseRow::try_from).transpose()
}

/// A case.
pub(crate) async fn case(conn: &mut PgConnection, id: Uuid) -> Result<Option<CaseRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, tenant, subject, kind, severity, entity, matched_hash, evidence, raised_by, assignee, state, verdict, ground,
                maker, made_at, checker, checked_at, expires_at, due_on, version, opened_at
         from cases.case where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(CaseRow::try_from).transpose()
}

/// Cases in that state (all when none is named) of that assignee (anybody's when none is named): open before closed, blocks
/// before reviews, the most urgent first.
pub(crate) async fn queue(
    conn: &mut PgConnection,
    (state, assignee): (Option<CaseState>, Option<Uuid>),
    first: i64,
) -> Result<Vec<CaseRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, tenant, subject, kind, severity, entity, matched_hash, evidence, raised_by, assignee, state, verdict, ground,
                maker, made_at, checker, checked_at, expires_at, due_on, version, opened_at
         from cases.case
         where ($1::text is null or state = $1) and ($2::uuid is null or assignee = $2)
         order by state = 'CLOSED', severity, due_on, id limit $3",
        state.map(CaseState::as_str),
        assignee,
        first,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(CaseRow::try_from).collect()
}

/// Stores what may change of a case.
pub(crate) async fn store_case(conn: &mut PgConnection, row: &CaseRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update cases.case set assignee = $2, state = $3, verdict = $4, ground = $5, maker = $6, made_at = $7, checker = $8,
                checked_at = $9, expires_at = $10, version = $11
         where id = $1",
        row.id,
        row.assignee,
        row.state.as_str(),
        row.verdict.map(Verdict::as_str),
        row.ground.map(Ground::as_str),
        row.maker,
        row.made_at,
        row.checker,
        row.checked_at,
        row.expires_at,
        row.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores the disposition of a closed case.
pub(crate) async fn add_disposition(conn: &mut PgConnection, row: &CaseRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into cases.disposition (case_id, tenant, subject, entity, matched_hash, verdict, maker, checker, made_at,
                                        expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        row.id,
        row.tenant,
        row.subject,
        row.entity,
        row.matched_hash,
        row.verdict.map(Verdict::as_str),
        row.maker,
        row.checker,
        row.checked_at.or(row.made_at),
        row.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last word about a subject and an entity.
#[derive(Clone, Debug)]
pub(crate) struct Disposition {
    pub case_id: Uuid,
    pub matched_hash: Vec<u8>,
    pub verdict: Verdict,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The last disposition about this subject and entity, whatever the fields.
pub(crate) async fn last_disposition(
    conn: &mut PgConnection,
    (tenant, subject, entity): (Uuid, Uuid, &str),
) -> Result<Option<Disposition>, Error> {
    let row = sqlx::query!(
        "select case_id, matched_hash, verdict, expires_at from cases.disposition
         where tenant = $1 and subject = $2 and entity = $3 order by seq desc limit 1",
        tenant,
        subject,
        entity,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Disposition {
            case_id: row.case_id,
            matched_hash: row.matched_hash,
            verdict: known(Verdict::parse(&row.verdict), "verdict of a disposition")?,
            expires_at: row.expires_at,
        })
    })
    .transpose()
}

/// The last disposition about each entity of a subject.
pub(crate) async fn dispositions_of(
    conn: &mut PgConnection,
    (tenant, subject): (Uuid, Uuid),
) -> Result<Vec<(String, Disposition)>, Error> {
    let rows = sqlx::query!(
        "select distinct on (entity) entity, case_id, matched_hash, verdict, expires_at from cases.disposition
         where tenant = $1 and subject = $2 order by entity, seq desc",
        tenant,
        subject,
    )
    .fetch_all(conn)
    .await?;
    let read = rows.into_iter().map(|row| {
        let last = Disposition {
            case_id: row.case_id,
            matched_hash: row.matched_hash,
            verdict: known(Verdict::parse(&row.verdict), "verdict of a disposition")?,
            expires_at: row.expires_at,
        };
        Ok((row.entity, last))
    });
    read.collect()
}

/// One line of the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogRow<'a> {
    pub case: Option<Uuid>,
    pub what: &'static str,
    pub by: &'a str,
    pub detail: &'a str,
    /// For the AML group alone.
    pub secret: bool,
    pub at: DateTime<Utc>,
}

/// Writes a line of the log.
pub(crate) async fn log(conn: &mut PgConnection, row: LogRow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into cases.log (case_id, what, by, detail, secret, at) values ($1, $2, $3, $4, $5, $6)",
        row.case,
        row.what,
        row.by,
        row.detail,
        row.secret,
        row.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A line of the log, to read.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub what: String,
    pub by: String,
    pub detail: String,
    pub at: DateTime<Utc>,
}

/// The log of a case, with the secret lines or without.
pub(crate) async fn log_of(conn: &mut PgConnection, case: Uuid, secret: bool) -> Result<Vec<Logged>, sqlx::Error> {
    sqlx::query_as!(
        Logged,
        "select what, by, detail, at from cases.log where case_id = $1 and ($2 or not secret) order by seq limit 1000",
        case,
        secret,
    )
    .fetch_all(conn)
    .await
}

/// A report.
#[derive(Clone, Debug)]
pub(crate) struct ReportRow {
    pub id: Uuid,
    pub case_id: Uuid,
    pub kind: ReportKind,
    pub sha256: Vec<u8>,
    pub bytes: i32,
    pub state: ReportState,
    pub due_on: NaiveDate,
    pub drafted_by: Uuid,
    pub drafted_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub version: i32,
}

struct RawReport {
    id: Uuid,
    case_id: Uuid,
    kind: String,
    sha256: Vec<u8>,
    bytes: i32,
    state: String,
    due_on: NaiveDate,
    drafted_by: Uuid,
    drafted_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    version: i32,
}

impl TryFrom<RawReport> for ReportRow {
    type Error = Error;

    fn try_from(raw: RawReport) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            case_id: raw.case_id,
            kind: known(ReportKind::parse(&raw.kind), "kind of a report")?,
            sha256: raw.sha256,
            bytes: raw.bytes,
            state: known(ReportState::parse(&raw.state), "state of a report")?,
            due_on: raw.due_on,
            drafted_by: raw.drafted_by,
            drafted_at: raw.drafted_at,
            decided_by: raw.decided_by,
            decided_at: raw.decided_at,
            version: raw.version,
        })
    }
}

/// Stores a draft.
pub(crate) async fn add_report(conn: &mut PgConnection, row: &ReportRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into cases.report (id, case_id, kind, sha256, bytes, state, due_on, drafted_by, drafted_at, version)
         values ($1, $2, $3, $4, $5, 'DRAFT', $6, $7, $8, 1)",
        row.id,
        row.case_id,
        row.kind.as_str(),
        row.sha256,
        row.bytes,
        row.due_on,
        row.drafted_by,
        row.drafted_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A report, held until the commit.
pub(crate) async fn hold_report(conn: &mut PgConnection, id: Uuid) -> Result<Option<ReportRow>, Error> {
    let row = sqlx::query_as!(
        RawReport,
        "select id, case_id, kind, sha256, bytes, state, due_on, drafted_by, drafted_at, decided_by, decided_at, version
         from cases.report where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(ReportRow::try_from).transpose()
}

/// The reports of a case.
pub(crate) async fn reports_of(conn: &mut PgConnection, case: Uuid) -> Result<Vec<ReportRow>, Error> {
    let rows = sqlx::query_as!(
        RawReport,
        "select id, case_id, kind, sha256, bytes, state, due_on, drafted_by, drafted_at, decided_by, decided_at, version
         from cases.report where case_id = $1 order by drafted_at, id limit 100",
        case
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ReportRow::try_from).collect()
}

/// Stores what was decided about a draft.
pub(crate) async fn decide_report(conn: &mut PgConnection, row: &ReportRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update cases.report set state = $2, decided_by = $3, decided_at = $4, version = $5 where id = $1",
        row.id,
        row.state.as_str(),
        row.decided_by,
        row.decided_at,
        row.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Sessions.

use chrono::{DateTime, Utc};
use compliance::IdentityLevel;
use domain::ids::{PrincipalId, TenantId};
use domain::ports::Vendor;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::kyc::state::SessionState;
use crate::store::{Unreadable, corrupt};

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub vendor: Vendor,
    pub level: IdentityLevel,
    pub vendor_level: String,
    pub subject: Option<String>,
    pub run: Option<String>,
    pub state: SessionState,
    pub version: i32,
    pub reason: Option<String>,
    pub labels: Vec<String>,
    pub attempts: i32,
    pub claimed_name: Vec<u8>,
    pub verified_name: Option<Vec<u8>>,
    pub consent_at: DateTime<Utc>,
    pub consent_country: Option<String>,
    pub consent_region: Option<String>,
    pub last_event_ms: i64,
    pub failures: i32,
    pub look_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub verified_until: Option<DateTime<Utc>>,
}

struct Raw {
    id: Uuid,
    tenant: Uuid,
    borrower: Uuid,
    vendor: String,
    level: String,
    vendor_level: String,
    subject: Option<String>,
    run: Option<String>,
    state: String,
    version: i32,
    reason: Option<String>,
    labels: Vec<String>,
    attempts: i32,
    claimed_name: Vec<u8>,
    verified_name: Option<Vec<u8>>,
    consent_at: DateTime<Utc>,
    consent_country: Option<String>,
    consent_region: Option<String>,
    last_event_ms: i64,
    failures: i32,
    look_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    verified_until: Option<DateTime<Utc>>,
}

impl TryFrom<Raw> for SessionRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            tenant: raw.tenant,
            borrower: raw.borrower,
            vendor: Vendor::parse(&raw.vendor).ok_or_else(|| corrupt(Unreadable("vendor of a session")))?,
            level: IdentityLevel::parse(&raw.level).ok_or_else(|| corrupt(Unreadable("level of a session")))?,
            vendor_level: raw.vendor_level,
            subject: raw.subject,
            run: raw.run,
            state: SessionState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("state of a session")))?,
            version: raw.version,
            reason: raw.reason,
            labels: raw.labels,
            attempts: raw.attempts,
            claimed_name: raw.claimed_name,
            verified_name: raw.verified_name,
            consent_at: raw.consent_at,
            consent_country: raw.consent_country,
            consent_region: raw.consent_region,
            last_event_ms: raw.last_event_ms,
            failures: raw.failures,
            look_at: raw.look_at,
            created_at: raw.created_at,
            changed_at: raw.changed_at,
            decided_at: raw.decided_at,
            verified_until: raw.verified_until,
        })
    }
}

/// Adds a session, as it is born.
pub(crate) async fn add_session(conn: &mut PgConnection, row: &SessionRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into kyc.session (id, tenant, borrower, vendor, level, vendor_level, state, version, claimed_name, consent_at,
                                  consent_country, consent_region, look_at, created_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, 'CREATED', 1, $7, $8, $9, $10, $11, $12, $12)",
        row.id,
        row.tenant,
        row.borrower,
        row.vendor.as_str(),
        row.level.as_str(),
        row.vendor_level,
        row.claimed_name,
        row.consent_at,
        row.consent_country,
        row.consent_region,
        row.look_at,
        row.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A session.
pub(crate) async fn session(conn: &mut PgConnection, id: Uuid) -> Result<Option<SessionRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, tenant, borrower, vendor, level, vendor_level, subject, run, state, version, reason, labels, attempts,
                claimed_name, verified_name, consent_at, consent_country, consent_region, last_event_ms, failures, look_at,
                created_at, changed_at, decided_at, verified_until
         from kyc.session where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(SessionRow::try_from).transpose()
}

/// A session, held until the commit.
pub(crate) async fn hold_session(conn: &mut PgConnection, id: Uuid) -> Result<Option<SessionRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, tenant, borrower, vendor, level, vendor_level, subject, run, state, version, reason, labels, attempts,
                claimed_name, verified_name, consent_at, consent_country, consent_region, last_event_ms, failures, look_at,
                created_at, changed_at, decided_at, verified_until
         from kyc.session where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(SessionRow::try_from).transpose()
}

/// Every session of a borrower, the newest first.
pub(crate) async fn of_borrower(
    conn: &mut PgConnection,
    (tenant, borrower): (TenantId, PrincipalId),
) -> Result<Vec<SessionRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, tenant, borrower, vendor, level, vendor_level, subject, run, state, version, reason, labels, attempts,
                claimed_name, verified_name, consent_at, consent_country, consent_region, last_event_ms, failures, look_at,
                created_at, changed_at, decided_at, verified_until
         from kyc.session where tenant = $1 and borrower = $2 order by created_at desc, id desc limit 100",
        tenant.0,
        borrower.0,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(SessionRow::try_from).collect()
}

/// Sessions in a state, or in all; those that wait for officers first, then the newest.
pub(crate) async fn listed(
    conn: &mut PgConnection,
    state: Option<SessionState>,
    first: i64,
) -> Result<Vec<SessionRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, tenant, borrower, vendor, level, vendor_level, subject, run, state, version, reason, labels, attempts,
                claimed_name, verified_name, consent_at, consent_country, consent_region, last_event_ms, failures, look_at,
                created_at, changed_at, decided_at, verified_until
         from kyc.session where $1::text is null or state = $1
         order by state not in ('REVIEW', 'ON_HOLD'), changed_at desc limit $2",
        state.map(SessionState::as_str),
        first,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(SessionRow::try_from).collect()
}

/// Writes what may change of a session.
pub(crate) async fn write_session(conn: &mut PgConnection, row: &SessionRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update kyc.session set subject = $2, run = $3, state = $4, version = $5, reason = $6, labels = $7, attempts = $8,
                claimed_name = $9, verified_name = $10, last_event_ms = $11, failures = $12, look_at = $13, changed_at = $14,
                decided_at = $15, verified_until = $16
         where id = $1",
        row.id,
        row.subject,
        row.run,
        row.state.as_str(),
        row.version,
        row.reason,
        &row.labels,
        row.attempts,
        row.claimed_name,
        row.verified_name,
        row.last_event_ms,
        row.failures,
        row.look_at,
        row.changed_at,
        row.decided_at,
        row.verified_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sessions whose vendor is to be asked now.
pub(crate) async fn to_look_at(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from kyc.session where look_at <= $1 order by look_at limit $2",
        now,
        most
    )
    .fetch_all(conn)
    .await
}

/// Sessions whose verification ended.
pub(crate) async fn to_expire(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from kyc.session where state = 'VERIFIED' and verified_until <= $1 order by verified_until limit $2",
        now,
        most
    )
    .fetch_all(conn)
    .await
}

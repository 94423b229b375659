//! Schema `rules`: published sets, shadow runs, obligations, documents.

pub(crate) mod documents;
pub(crate) mod obligations;
pub(crate) mod shadow;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::rules::publish::PublicationState;
use crate::store::{Unreadable, corrupt};

/// A publication of a set.
#[derive(Clone, Debug)]
pub(crate) struct PublicationRow {
    pub id: Uuid,
    pub sha256: String,
    pub effective_from: NaiveDate,
    pub state: PublicationState,
    pub built_in: bool,
    pub revision: i32,
    pub reason: String,
    pub proposed_by: String,
    pub proposed_at: DateTime<Utc>,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_reason: Option<String>,
}

struct Raw {
    id: Uuid,
    sha256: String,
    effective_from: NaiveDate,
    state: String,
    built_in: bool,
    revision: i32,
    reason: String,
    proposed_by: String,
    proposed_at: DateTime<Utc>,
    decided_by: Option<String>,
    decided_at: Option<DateTime<Utc>>,
    decision_reason: Option<String>,
}

impl TryFrom<Raw> for PublicationRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            sha256: raw.sha256,
            effective_from: raw.effective_from,
            state: PublicationState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("state of a publication")))?,
            built_in: raw.built_in,
            revision: raw.revision,
            reason: raw.reason,
            proposed_by: raw.proposed_by,
            proposed_at: raw.proposed_at,
            decided_by: raw.decided_by,
            decided_at: raw.decided_at,
            decision_reason: raw.decision_reason,
        })
    }
}

/// Holds the registry until the transaction ends: one change at a time.
pub(crate) async fn hold_registry(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("select revision from rules.registry for update")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// The number of the registry.
pub(crate) async fn revision(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!("select revision from rules.registry")
        .fetch_one(conn)
        .await
}

/// The next number, and the aggregate of its events.
pub(crate) async fn next_revision(conn: &mut PgConnection) -> Result<(Uuid, i32), sqlx::Error> {
    let row = sqlx::query!("update rules.registry set revision = revision + 1 returning uid, revision")
        .fetch_one(conn)
        .await?;
    Ok((row.uid, row.revision))
}

/// Keeps the texts of a set; the same set once.
pub(crate) async fn keep_set(
    conn: &mut PgConnection,
    (sha256, documents): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into rules.rule_set (sha256, documents, added_at) values ($1, $2, $3) on conflict do nothing",
        sha256,
        documents,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The texts of a set, JSON.
pub(crate) async fn documents_of(conn: &mut PgConnection, sha256: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select documents from rules.rule_set where sha256 = $1", sha256)
        .fetch_optional(conn)
        .await
}

/// Adds a publication.
pub(crate) async fn add_publication(conn: &mut PgConnection, row: &PublicationRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into rules.publication (id, sha256, effective_from, state, built_in, revision, reason, proposed_by, proposed_at,
                                        decided_by, decided_at, decision_reason)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        row.id,
        row.sha256,
        row.effective_from,
        row.state.as_str(),
        row.built_in,
        row.revision,
        row.reason,
        row.proposed_by,
        row.proposed_at,
        row.decided_by,
        row.decided_at,
        row.decision_reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a decision about a publication.
pub(crate) async fn decide_publication(conn: &mut PgConnection, row: &PublicationRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update rules.publication set state = $2, revision = $3, decided_by = $4, decided_at = $5, decision_reason = $6
         where id = $1",
        row.id,
        row.state.as_str(),
        row.revision,
        row.decided_by,
        row.decided_at,
        row.decision_reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Publications, newest first.
pub(crate) async fn publications(conn: &mut PgConnection, limit: i64) -> Result<Vec<PublicationRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, sha256, effective_from, state, built_in, revision, reason, proposed_by, proposed_at, decided_by, decided_at,
                decision_reason
         from rules.publication order by proposed_at desc, id desc limit $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(PublicationRow::try_from).collect()
}

/// One publication.
pub(crate) async fn publication(conn: &mut PgConnection, id: Uuid) -> Result<Option<PublicationRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, sha256, effective_from, state, built_in, revision, reason, proposed_by, proposed_at, decided_by, decided_at,
                decision_reason
         from rules.publication where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(PublicationRow::try_from).transpose()
}

/// The publication in force on that day: of those that were approved and have begun, the latest.
pub(crate) async fn in_force(conn: &mut PgConnection, day: NaiveDate) -> Result<Option<PublicationRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, sha256, effective_from, state, built_in, revision, reason, proposed_by, proposed_at, decided_by, decided_at,
                decision_reason
         from rules.publication where state = 'APPROVED' and effective_from <= $1
         order by effective_from desc, decided_at desc, revision desc limit 1",
        day
    )
    .fetch_optional(conn)
    .await?;
    row.map(PublicationRow::try_from).transpose()
}

/// Whether that set was published before, in whatever state but rejected.
pub(crate) async fn is_published(conn: &mut PgConnection, sha256: &str) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select exists (select 1 from rules.publication where sha256 = $1 and state <> 'REJECTED')",
        sha256
    )
    .fetch_one(conn)
    .await?;
    Ok(found.unwrap_or(false))
}

/// One thing that somebody did, for good.
pub(crate) async fn add_audit(
    conn: &mut PgConnection,
    (what, subject, by, reason): (&str, &str, &str, &str),
    body: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into rules.audit (what, subject, by, reason, body, at) values ($1, $2, $3, $4, $5, $6)",
        what,
        subject,
        by,
        reason,
        body,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

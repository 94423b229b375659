//! Holds, erasure, retention.

use ::privacy::{Policy, RecordClass, Trigger, Whose};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::{Unreadable, corrupt};

/// A legal hold as stored.
pub(crate) struct HoldRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub subject: Uuid,
    /// None: everything.
    pub class: Option<String>,
    pub reason: String,
    pub placed_by: Uuid,
    pub placed_at: DateTime<Utc>,
    pub released_by: Option<Uuid>,
    pub released_at: Option<DateTime<Utc>>,
    pub release_reason: Option<String>,
}

/// A request to be forgotten, as stored.
pub(crate) struct ErasureRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub subject: Uuid,
    pub state: String,
    pub version: i32,
    /// JSON.
    pub erases: String,
    /// JSON.
    pub kept: String,
    pub asked_by: Uuid,
    pub asked_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

/// Holds nobody may erase beside: one at a time per person.
pub(crate) async fn hold_subject(conn: &mut PgConnection, whose: Whose) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0)) is null as done",
        format!("privacy/{}/{}", whose.tenant, whose.subject),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Places a hold.
pub(crate) async fn add_hold(conn: &mut PgConnection, row: &HoldRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy.legal_hold (id, tenant, subject, class, reason, placed_by, placed_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        row.tenant,
        row.subject,
        row.class,
        row.reason,
        row.placed_by,
        row.placed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A hold, held until the transaction ends.
pub(crate) async fn lock_hold(conn: &mut PgConnection, id: Uuid) -> Result<Option<HoldRow>, sqlx::Error> {
    sqlx::query_as!(
        HoldRow,
        "select id, tenant, subject, class, reason, placed_by, placed_at, released_by, released_at, release_reason
         from privacy.legal_hold where id = $1 for update",
        id,
    )
    .fetch_optional(conn)
    .await
}

/// Ends a hold.
pub(crate) async fn release_hold(
    conn: &mut PgConnection,
    id: Uuid,
    (by, why, now): (Uuid, &str, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy.legal_hold set released_by = $2, release_reason = $3, released_at = $4 where id = $1",
        id,
        by,
        why,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds of a person, or of all, newest first; those that bind now, or every one.
pub(crate) async fn holds(
    conn: &mut PgConnection,
    subject: Option<Uuid>,
    (active, first): (bool, i64),
) -> Result<Vec<HoldRow>, sqlx::Error> {
    sqlx::query_as!(
        HoldRow,
        "select id, tenant, subject, class, reason, placed_by, placed_at, released_by, released_at, release_reason
         from privacy.legal_hold where ($1::uuid is null or subject = $1) and (not $2 or released_at is null)
         order by placed_at desc, id limit $3",
        subject,
        active,
        first,
    )
    .fetch_all(conn)
    .await
}

/// Whether a hold binds a class of a person.
pub(crate) async fn is_held(conn: &mut PgConnection, whose: Whose, class: RecordClass) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from privacy.legal_hold where subject = $1 and tenant = $2 and released_at is null
           and (class is null or class = $3)) as "held!""#,
        whose.subject,
        whose.tenant,
        class.as_str(),
    )
    .fetch_one(conn)
    .await
}

/// Stores a request to be forgotten.
pub(crate) async fn add_erasure(conn: &mut PgConnection, row: &ErasureRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy.erasure_request (id, tenant, subject, state, version, erases, kept, asked_by, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        row.tenant,
        row.subject,
        row.state,
        row.version,
        row.erases,
        row.kept,
        row.asked_by,
        row.asked_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A request to be forgotten that waits to be done, held until the transaction ends.
pub(crate) async fn next_erasure(conn: &mut PgConnection) -> Result<Option<ErasureRow>, sqlx::Error> {
    sqlx::query_as!(
        ErasureRow,
        "select id, tenant, subject, state, version, erases, kept, asked_by, asked_at, done_at
         from privacy.erasure_request where state = 'ACCEPTED' order by asked_at, id limit 1 for update skip locked",
    )
    .fetch_optional(conn)
    .await
}

/// Notes that it is done, with what it came to.
pub(crate) async fn finish_erasure(
    conn: &mut PgConnection,
    row: &ErasureRow,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy.erasure_request set state = 'DONE', version = version + 1, erases = $2, kept = $3, done_at = $4
         where id = $1 and state = 'ACCEPTED'",
        row.id,
        row.erases,
        row.kept,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Requests to be forgotten, newest first: of a person, or of all.
pub(crate) async fn erasures(
    conn: &mut PgConnection,
    subject: Option<Uuid>,
    first: i64,
) -> Result<Vec<ErasureRow>, sqlx::Error> {
    sqlx::query_as!(
        ErasureRow,
        "select id, tenant, subject, state, version, erases, kept, asked_by, asked_at, done_at
         from privacy.erasure_request where ($1::uuid is null or subject = $1) order by asked_at desc, id desc limit $2",
        subject,
        first,
    )
    .fetch_all(conn)
    .await
}

/// Every policy of retention.
pub(crate) async fn policies(conn: &mut PgConnection) -> Result<Vec<Policy>, Error> {
    let rows = sqlx::query!(
        "select class, jurisdiction, effective_at, basis, months, counts_from, binding from privacy.retention_policy
         order by class, jurisdiction, effective_at"
    )
    .fetch_all(conn)
    .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.push(Policy {
            class: RecordClass::parse(&row.class).ok_or_else(|| corrupt(Unreadable("record class")))?,
            jurisdiction: row.jurisdiction,
            basis: row.basis,
            months: u32::try_from(row.months).map_err(corrupt)?,
            trigger: Trigger::parse(&row.counts_from).ok_or_else(|| corrupt(Unreadable("trigger")))?,
            binding: row.binding,
            from: row.effective_at,
        });
    }
    Ok(all)
}

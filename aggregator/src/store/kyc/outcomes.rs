//! The steps of sessions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A step of a session.
pub(crate) struct Outcome<'a> {
    pub session: Uuid,
    pub version: i32,
    pub from: Option<&'a str>,
    pub to: &'a str,
    pub reason: Option<&'a str>,
    pub by: &'a str,
    pub at: DateTime<Utc>,
}

/// Notes a step for good.
pub(crate) async fn add_outcome(conn: &mut PgConnection, step: &Outcome<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into kyc.outcome (session_id, version, from_state, to_state, reason, by, at) values ($1, $2, $3, $4, $5, $6, $7)",
        step.session,
        step.version,
        step.from,
        step.to,
        step.reason,
        step.by,
        step.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Who did what.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// One thing that somebody did.
pub(crate) struct AuditRow<'a> {
    pub what: &'a str,
    pub subject: &'a str,
    pub by: &'a str,
    pub reason: &'a str,
    /// JSON.
    pub body: &'a str,
    pub at: DateTime<Utc>,
}

/// Notes it for good.
pub(crate) async fn add_audit(conn: &mut PgConnection, row: &AuditRow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.audit (what, subject, by, reason, body, at) values ($1, $2, $3, $4, $5, $6)",
        row.what,
        row.subject,
        row.by,
        row.reason,
        row.body,
        row.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

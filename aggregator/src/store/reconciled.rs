//! Table `ledger.reconciliation`: the last comparison of the books.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Keeps a comparison; an older one never replaces a newer one.
pub(crate) async fn keep(conn: &mut PgConnection, at: DateTime<Utc>, report: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into ledger.reconciliation (compared_at, report) values ($1, $2)
         on conflict (only_one) do update set compared_at = excluded.compared_at, report = excluded.report
         where ledger.reconciliation.compared_at <= excluded.compared_at",
        at,
        report
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last one.
pub(crate) async fn last(conn: &mut PgConnection) -> Result<Option<(DateTime<Utc>, String)>, sqlx::Error> {
    let row = sqlx::query!("select compared_at, report from ledger.reconciliation");
    Ok(row.fetch_optional(conn).await?.map(|row| (row.compared_at, row.report)))
}

//! Schema `screening`.

use chrono::{DateTime, Utc};
use domain::ids::SettlementId;
use sqlx::PgConnection;
use uuid::Uuid;

/// One pass over all customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub version: String,
    pub cursor: Option<Uuid>,
    pub looked: i64,
    pub raised: i64,
    pub lapsed: i64,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// A snapshot as stored.
#[derive(Clone, Debug)]
pub(crate) struct NewSnapshot<'a> {
    pub version: &'a str,
    /// JSON.
    pub lists: &'a str,
    /// JSON.
    pub notices: &'a str,
    pub entries: i32,
}

/// Remembers lists that decide from now on and begins the pass over all customers; answers whether they are new.
pub(crate) async fn begin_pass(
    conn: &mut PgConnection,
    snapshot: &NewSnapshot<'_>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "insert into screening.list_snapshot (version, lists, notices, entries, loaded_at)
         values ($1, $2, $3, $4, $5) on conflict (version) do nothing",
        snapshot.version,
        snapshot.lists,
        snapshot.notices,
        snapshot.entries,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into screening.rescreen (version, started_at) values ($1, $2) on conflict (version) do nothing",
        snapshot.version,
        now
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The pass of these lists, held until the transaction ends; none while another process holds it.
pub(crate) async fn hold_pass(conn: &mut PgConnection, version: &str) -> Result<Option<Pass>, sqlx::Error> {
    sqlx::query_as!(
        Pass,
        "select version, cursor, looked, raised, lapsed, started_at, finished_at from screening.rescreen
         where version = $1 for update skip locked",
        version
    )
    .fetch_optional(conn)
    .await
}

/// The pass of these lists.
pub(crate) async fn pass(conn: &mut PgConnection, version: &str) -> Result<Option<Pass>, sqlx::Error> {
    sqlx::query_as!(
        Pass,
        "select version, cursor, looked, raised, lapsed, started_at, finished_at from screening.rescreen where version = $1",
        version
    )
    .fetch_optional(conn)
    .await
}

/// Notes how far a pass is.
pub(crate) async fn note_pass(conn: &mut PgConnection, pass: &Pass) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update screening.rescreen set cursor = $2, looked = $3, raised = $4, lapsed = $5, finished_at = $6 where version = $1",
        pass.version,
        pass.cursor,
        pass.looked,
        pass.raised,
        pass.lapsed,
        pass.finished_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest result of each of these requests.
pub(crate) async fn newest_results(
    conn: &mut PgConnection,
    requests: &[Uuid],
) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select distinct on (request_id) request_id, verdict from screening.result
         where request_id = any($1) order by request_id, seq desc",
        requests
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.request_id, row.verdict)).collect())
}

/// A result to be stored.
#[derive(Clone, Debug)]
pub(crate) struct NewResult<'a> {
    pub request: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub version: &'a str,
    pub verdict: &'a str,
    /// JSON.
    pub evidence: &'a str,
}

/// Stores a result; the same request by the same lists is stored once.
pub(crate) async fn insert_result(
    conn: &mut PgConnection,
    result: &NewResult<'_>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into screening.result (request_id, tenant, borrower, version, verdict, evidence, at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (request_id, version) do nothing",
        result.request,
        result.tenant,
        result.borrower,
        result.version,
        result.verdict,
        result.evidence,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest result about a borrower's request; none when nothing changed since it was decided about.
pub(crate) async fn verdict_of_request(conn: &mut PgConnection, request: Uuid) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select verdict from screening.result where request_id = $1 order by seq desc limit 1",
        request
    )
    .fetch_optional(conn)
    .await
}

/// A look at wallets.
#[derive(Debug)]
pub(crate) struct NewWalletCheck<'a> {
    pub settlement: SettlementId,
    pub quote: Uuid,
    pub stage: &'a str,
    pub version: &'a str,
    pub verdict: &'a str,
    pub evidence: &'a str,
    pub once: Option<&'a [u8]>,
}

/// Stores a look at wallets; false when the same one is there.
pub(crate) async fn insert_wallet_check(
    conn: &mut PgConnection,
    check: &NewWalletCheck<'_>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into screening.wallet_check (settlement_id, quote_id, stage, version, verdict, evidence, once, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (once) do nothing",
        check.settlement.0,
        check.quote,
        check.stage,
        check.version,
        check.verdict,
        check.evidence,
        check.once,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

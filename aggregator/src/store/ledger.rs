//! SQL of the schema `ledger`.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::ledger::Entry;
use crate::store::corrupt;

/// Posts an entry with its lines; `false` when an entry of that external id is there already.
pub(crate) async fn insert_entry(conn: &mut PgConnection, id: Uuid, entry: &Entry) -> Result<bool, Error> {
    let lines = i16::try_from(entry.postings.len()).map_err(corrupt)?;
    let fresh = sqlx::query!(
        "insert into ledger.entry (id, external_id, kind, lines, at) values ($1, $2, $3, $4, $5)
         on conflict (external_id) do nothing",
        id,
        entry.external_id,
        entry.kind,
        lines,
        entry.at
    )
    .execute(&mut *conn)
    .await?
    .rows_affected()
        == 1;
    if !fresh {
        return Ok(false);
    }
    let numbers: Vec<i16> = (1..=lines).collect();
    let accounts: Vec<String> = entry.postings.iter().map(|p| p.account.as_str().to_owned()).collect();
    let owners: Vec<String> = entry.postings.iter().map(|p| p.owner.clone()).collect();
    let sides: Vec<String> = entry.postings.iter().map(|p| p.side.as_str().to_owned()).collect();
    let amounts: Vec<String> = entry.postings.iter().map(|p| p.amount.to_string()).collect();
    sqlx::query!(
        "insert into ledger.posting (entry_id, line, account, owner, unit, side, amount)
         select $1, line, account, owner, $2, side, amount
         from unnest($3::int2[], $4::text[], $5::text[], $6::text[], $7::text[]::numeric[])
              as p (line, account, owner, side, amount)",
        id,
        entry.unit,
        &numbers,
        &accounts,
        &owners,
        &sides,
        &amounts
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Debits less credits of one account for many owners; an owner has one unit there.
pub(crate) async fn balances(
    conn: &mut PgConnection,
    account: &str,
    owners: &[String],
) -> Result<Vec<(String, i128)>, Error> {
    let rows = sqlx::query!(
        r#"select owner, coalesce(sum(case side when 'D' then amount else -amount end), 0)::text as "balance!"
           from ledger.posting where account = $1 and owner = any($2) group by owner"#,
        account,
        owners
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| Ok((r.owner, r.balance.parse().map_err(corrupt)?)))
        .collect()
}

/// Units in which debits and credits of the whole ledger differ, and entries that do not balance by themselves.
pub(crate) async fn imbalances(conn: &mut PgConnection) -> Result<(Vec<String>, Vec<Uuid>), Error> {
    let units = sqlx::query_scalar!(
        "select unit from ledger.posting group by unit having sum(case side when 'D' then amount else -amount end) <> 0"
    )
    .fetch_all(&mut *conn)
    .await?;
    let entries = sqlx::query_scalar!(
        "select distinct entry_id from (
             select entry_id from ledger.posting group by entry_id, unit
             having sum(case side when 'D' then amount else -amount end) <> 0
         ) as unbalanced"
    )
    .fetch_all(conn)
    .await?;
    Ok((units, entries))
}

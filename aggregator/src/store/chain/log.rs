//! Tables `chain.cursor`, `chain.block`, `chain.event`.

use alloy_primitives::B256;
use domain::ports::{BlockRef, LoanEvent};
use sqlx::PgConnection;

use super::kinds::{ENDINGS, StoredKind};
use crate::api::Error;
use crate::store::lending::{hash, natural, signed};
use crate::store::{from_json, to_json};

/// Blocks kept behind the final one, for the check after a restart.
const KEPT_BLOCKS: i64 = 512;

/// Creates the chain's cursor if needed and locks it: one writer per chain. The answer is the final height.
pub(crate) async fn lock_cursor(conn: &mut PgConnection, chain_id: u64) -> Result<Option<u64>, Error> {
    let chain_id = signed(chain_id)?;
    sqlx::query!(
        "insert into chain.cursor (chain_id) values ($1) on conflict do nothing",
        chain_id
    )
    .execute(&mut *conn)
    .await?;
    let row = sqlx::query!(
        "select finalized from chain.cursor where chain_id = $1 for update",
        chain_id
    )
    .fetch_one(conn)
    .await?;
    row.finalized.map(natural).transpose()
}

/// The final height.
pub(crate) async fn finalized(conn: &mut PgConnection, chain_id: u64) -> Result<Option<u64>, Error> {
    let row = sqlx::query!(
        "select finalized from chain.cursor where chain_id = $1",
        signed(chain_id)?
    )
    .fetch_optional(conn)
    .await?;
    row.and_then(|r| r.finalized).map(natural).transpose()
}

/// Raises the final height and forgets blocks far behind it.
pub(crate) async fn set_finalized(conn: &mut PgConnection, chain_id: u64, number: u64) -> Result<(), Error> {
    let (chain_id, number) = (signed(chain_id)?, signed(number)?);
    sqlx::query!(
        "update chain.cursor set finalized = $2 where chain_id = $1",
        chain_id,
        number
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from chain.block where chain_id = $1 and number < $2",
        chain_id,
        number - KEPT_BLOCKS
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The stored block of that height, or the newest.
pub(crate) async fn block(
    conn: &mut PgConnection,
    chain_id: u64,
    number: Option<u64>,
) -> Result<Option<BlockRef>, Error> {
    let row = sqlx::query!(
        "select number, hash, parent, timestamp from chain.block
         where chain_id = $1 and ($2::bigint is null or number = $2) order by number desc limit 1",
        signed(chain_id)?,
        number.map(signed).transpose()?
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(BlockRef {
            number: natural(r.number)?,
            hash: hash(&r.hash)?,
            parent: hash(&r.parent)?,
            timestamp: natural(r.timestamp)?,
        })
    })
    .transpose()
}

/// Appends a block with its events.
pub(crate) async fn insert_block(
    conn: &mut PgConnection,
    chain_id: u64,
    block: BlockRef,
    events: &[LoanEvent],
) -> Result<(), Error> {
    let (chain_id, number, time) = (signed(chain_id)?, signed(block.number)?, signed(block.timestamp)?);
    sqlx::query!(
        "insert into chain.block (chain_id, number, hash, parent, timestamp) values ($1, $2, $3, $4, $5)",
        chain_id,
        number,
        block.hash.to_vec(),
        block.parent.to_vec(),
        time
    )
    .execute(&mut *conn)
    .await?;
    for event in events {
        let stored = StoredKind::from(event.kind.clone());
        sqlx::query!(
            "insert into chain.event (chain_id, number, log_index, block_hash, block_time, tx_hash, loan_hash, kind, payload)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            chain_id,
            number,
            signed(event.log_index)?,
            block.hash.to_vec(),
            time,
            event.tx_hash.to_vec(),
            event.loan.to_vec(),
            stored.name(),
            to_json(&stored)?
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Removes every block above `number` with its events.
pub(crate) async fn remove_above(conn: &mut PgConnection, chain_id: u64, number: u64) -> Result<(), Error> {
    let (chain_id, number) = (signed(chain_id)?, signed(number)?);
    sqlx::query!(
        "delete from chain.event where chain_id = $1 and number > $2",
        chain_id,
        number
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from chain.block where chain_id = $1 and number > $2",
        chain_id,
        number
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event with its place.
#[derive(Clone, Debug)]
pub(crate) struct ChainEvent {
    pub chain_id: u64,
    pub number: u64,
    pub block_time: u64,
    pub event: LoanEvent,
}

/// The oldest final event without effect, locked; events behind a parked one of the same loan wait with it.
pub(crate) async fn next_final_event(conn: &mut PgConnection) -> Result<Option<ChainEvent>, Error> {
    let row = sqlx::query!(
        r#"select e.chain_id, e.number, e.log_index, e.block_time, e.tx_hash, e.loan_hash, e.payload
           from chain.event e join chain.cursor c on c.chain_id = e.chain_id
           where e.effect = 'NEW' and e.number <= c.finalized
             and not exists (select from chain.event earlier
                             where earlier.chain_id = e.chain_id and earlier.loan_hash = e.loan_hash
                               and earlier.effect in ('NEW', 'PARKED')
                               and (earlier.number, earlier.log_index) < (e.number, e.log_index))
           order by e.number, e.log_index limit 1 for update of e skip locked"#
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let stored: StoredKind = from_json(&r.payload)?;
        Ok(ChainEvent {
            chain_id: natural(r.chain_id)?,
            number: natural(r.number)?,
            block_time: natural(r.block_time)?,
            event: LoanEvent {
                loan: hash(&r.loan_hash)?,
                tx_hash: hash(&r.tx_hash)?,
                log_index: natural(r.log_index)?,
                kind: stored.into(),
            },
        })
    })
    .transpose()
}

/// What became of an event in our books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Applied,
    Foreign,
    Parked,
}

/// Notes the effect of an event, once.
pub(crate) async fn note_effect(
    conn: &mut PgConnection,
    event: &ChainEvent,
    effect: Effect,
    problem: Option<&str>,
) -> Result<(), Error> {
    let name = match effect {
        Effect::Applied => "APPLIED",
        Effect::Foreign => "FOREIGN",
        Effect::Parked => "PARKED",
    };
    sqlx::query!(
        "update chain.event set effect = $4, problem = $5
         where chain_id = $1 and number = $2 and log_index = $3 and effect = 'NEW'",
        signed(event.chain_id)?,
        signed(event.number)?,
        signed(event.event.log_index)?,
        name,
        problem
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether an origination of that loan was seen, final or not.
pub(crate) async fn originated(conn: &mut PgConnection, chain_id: u64, loan: B256) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from chain.event where chain_id = $1 and loan_hash = $2 and kind = 'originated') as "seen!""#,
        signed(chain_id)?,
        loan.to_vec()
    )
    .fetch_one(conn)
    .await?)
}

/// Loans of ours whose collateral the contract holds by applied events, and events that an operator must look at.
pub(crate) async fn open_positions(conn: &mut PgConnection) -> Result<(Vec<(u64, B256)>, u64), Error> {
    let rows = sqlx::query!(
        "select chain_id, loan_hash from chain.event where effect = 'APPLIED'
         group by chain_id, loan_hash
         having bool_or(kind = 'originated') and not bool_or(kind = any($1))",
        &ENDINGS.map(str::to_owned)
    )
    .fetch_all(&mut *conn)
    .await?;
    let parked = sqlx::query_scalar!(r#"select count(*) as "n!" from chain.event where effect = 'PARKED'"#)
        .fetch_one(conn)
        .await?;
    let open = rows
        .into_iter()
        .map(|r| Ok((natural(r.chain_id)?, hash(&r.loan_hash)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok((open, natural(parked)?))
}

//! Tables `chain.signer`, `chain.tx`, `chain.attempt`.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use domain::ids::{ChainTxId, SettlementId};
use domain::ports::{Attempt, Call, JournaledTx, TxState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::lending::{hash, natural, signed, units};
use crate::store::{Unreadable, corrupt};

/// Transactions of one signer that may be in flight: what a node keeps executable for an account.
pub(crate) const IN_FLIGHT: i64 = 16;

/// Wants a transaction; the submitter gives it a nonce later.
pub(crate) async fn enqueue_tx(
    conn: &mut PgConnection,
    id: ChainTxId,
    settlement: SettlementId,
    call: &Call,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into chain.tx (id, settlement_id, chain_id, to_address, data, gas_limit) values ($1, $2, $3, $4, $5, $6)",
        id.0,
        settlement.0,
        signed(call.chain_id)?,
        call.to.to_vec(),
        call.data.to_vec(),
        signed(call.gas_limit)?
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Withdraws a transaction that has no nonce yet; `false` when it has one or is getting it now.
pub(crate) async fn withdraw_tx(conn: &mut PgConnection, settlement: SettlementId) -> Result<bool, Error> {
    let gone = sqlx::query!(
        "delete from chain.tx where id in
             (select id from chain.tx where settlement_id = $1 and state = 'QUEUED' for update skip locked)",
        settlement.0
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// Where a settlement's transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TxProgress {
    pub state: TxState,
    pub mined: Option<(B256, u64)>,
}

/// Where a settlement's transaction stands.
pub(crate) async fn tx_progress(
    conn: &mut PgConnection,
    settlement: SettlementId,
) -> Result<Option<TxProgress>, Error> {
    let row = sqlx::query!(
        "select state, mined_hash, mined_block from chain.tx where settlement_id = $1",
        settlement.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let mined = match (r.mined_hash, r.mined_block) {
            (Some(h), Some(number)) => Some((hash(&h)?, natural(number)?)),
            _ => None,
        };
        Ok(TxProgress {
            state: tx_state(&r.state)?,
            mined,
        })
    })
    .transpose()
}

fn tx_state(text: &str) -> Result<TxState, Error> {
    TxState::parse(text).ok_or_else(|| corrupt(Unreadable("transaction state")))
}

/// Takes or renews the lease of a signer; the answer is the fence, none when another holds it.
pub(crate) async fn lead(
    conn: &mut PgConnection,
    chain_id: u64,
    signer: Address,
    holder: Uuid,
    lease: Duration,
) -> Result<Option<i64>, Error> {
    let fence = sqlx::query_scalar!(
        "insert into chain.signer as s (chain_id, address, holder, fence, lease_until)
         values ($1, $2, $3, 1, clock_timestamp() + make_interval(secs => $4))
         on conflict (chain_id, address) do update set
             fence = s.fence + case when s.holder = $3 then 0 else 1 end,
             holder = $3, lease_until = excluded.lease_until
         where s.holder = $3 or s.lease_until <= clock_timestamp()
         returning fence",
        signed(chain_id)?,
        signer.to_vec(),
        holder,
        lease.as_secs_f64()
    )
    .fetch_optional(conn)
    .await?;
    Ok(fence)
}

/// Locks the signer's row while its fence is that; the next nonce, or none when another took over.
pub(crate) async fn lock_signer(
    conn: &mut PgConnection,
    chain_id: u64,
    signer: Address,
    fence: i64,
) -> Result<Option<u64>, Error> {
    let next = sqlx::query_scalar!(
        "select next_nonce from chain.signer where chain_id = $1 and address = $2 and fence = $3 for update",
        signed(chain_id)?,
        signer.to_vec(),
        fence
    )
    .fetch_optional(conn)
    .await?;
    next.map(natural).transpose()
}

/// Gives a queued transaction the nonce and moves the signer on; the settlement it is for, none when the transaction is
/// not queued any more or too many are in flight. The signer must be locked.
pub(crate) async fn assign_nonce(
    conn: &mut PgConnection,
    chain_id: u64,
    signer: Address,
    tx: ChainTxId,
    nonce: u64,
) -> Result<Option<SettlementId>, Error> {
    let settlement = sqlx::query_scalar!(
        "update chain.tx set signer = $2, nonce = $4, state = 'BROADCAST'
         where id = $3 and chain_id = $1 and state = 'QUEUED'
           and (select count(*) from chain.tx
                where chain_id = $1 and signer = $2 and state in ('BROADCAST', 'INCLUDED')) < $5
         returning settlement_id",
        signed(chain_id)?,
        signer.to_vec(),
        tx.0,
        signed(nonce)?,
        IN_FLIGHT
    )
    .fetch_optional(&mut *conn)
    .await?;
    if settlement.is_some() {
        sqlx::query!(
            "update chain.signer set next_nonce = $3 where chain_id = $1 and address = $2",
            signed(chain_id)?,
            signer.to_vec(),
            signed(nonce + 1)?
        )
        .execute(conn)
        .await?;
    }
    Ok(settlement.map(SettlementId))
}

/// Which transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    /// Without a nonce, oldest first.
    Queued { chain_id: u64, limit: u32 },
    /// With a nonce and not final, by nonce.
    InFlight { chain_id: u64, signer: Address },
    /// This one.
    One(ChainTxId),
}

/// Transactions with all their attempts.
pub(crate) async fn journaled(conn: &mut PgConnection, which: Which) -> Result<Vec<JournaledTx>, Error> {
    let ids = match which {
        Which::One(id) => vec![id.0],
        Which::Queued { chain_id, limit } => {
            sqlx::query_scalar!(
                "select id from chain.tx where chain_id = $1 and state = 'QUEUED' order by seq limit $2",
                signed(chain_id)?,
                i64::from(limit)
            )
            .fetch_all(&mut *conn)
            .await?
        }
        Which::InFlight { chain_id, signer } => {
            sqlx::query_scalar!(
                "select id from chain.tx where chain_id = $1 and signer = $2 and state in ('BROADCAST', 'INCLUDED')
                 order by nonce",
                signed(chain_id)?,
                signer.to_vec()
            )
            .fetch_all(&mut *conn)
            .await?
        }
    };
    load(conn, &ids).await
}

async fn load(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<JournaledTx>, Error> {
    let rows = sqlx::query!(
        "select id, chain_id, to_address, data, gas_limit, nonce, state from chain.tx where id = any($1)
         order by nonce nulls last, seq",
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    let attempts = sqlx::query!(
        r#"select tx_id, hash, raw, max_fee::text as "max_fee!", tip::text as "tip!", sent_block
           from chain.attempt where tx_id = any($1) order by tx_id, number"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    let mut txs = Vec::with_capacity(rows.len());
    for row in rows {
        let mut mine = Vec::new();
        for attempt in attempts.iter().filter(|a| a.tx_id == row.id) {
            mine.push(Attempt {
                hash: hash(&attempt.hash)?,
                raw: Bytes::from(attempt.raw.clone()),
                max_fee: units(&attempt.max_fee)?,
                tip: units(&attempt.tip)?,
                sent_block: natural(attempt.sent_block)?,
            });
        }
        txs.push(JournaledTx {
            id: row.id.into(),
            call: Call {
                chain_id: natural(row.chain_id)?,
                to: Address::try_from(row.to_address.as_slice()).map_err(corrupt)?,
                data: row.data.into(),
                gas_limit: natural(row.gas_limit)?,
            },
            nonce: row.nonce.map(natural).transpose()?,
            state: tx_state(&row.state)?,
            attempts: mine,
        });
    }
    Ok(txs)
}

/// Whose transaction it is and for which settlement; none when it has no nonce.
pub(crate) async fn owner_of_tx(
    conn: &mut PgConnection,
    tx: ChainTxId,
) -> Result<Option<(u64, Address, SettlementId)>, Error> {
    let row = sqlx::query!(
        r#"select chain_id, signer as "signer!", settlement_id from chain.tx where id = $1 and signer is not null"#,
        tx.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let signer = Address::try_from(r.signer.as_slice()).map_err(corrupt)?;
        Ok((natural(r.chain_id)?, signer, SettlementId(r.settlement_id)))
    })
    .transpose()
}

/// Stores signed bytes; the same hash again changes nothing.
pub(crate) async fn insert_attempt(conn: &mut PgConnection, tx: ChainTxId, attempt: &Attempt) -> Result<(), Error> {
    sqlx::query!(
        "insert into chain.attempt (tx_id, number, hash, raw, max_fee, tip, sent_block)
         select $1, count(*) + 1, $2, $3, $4::text::numeric, $5::text::numeric, $6 from chain.attempt where tx_id = $1
         on conflict (hash) do nothing",
        tx.0,
        attempt.hash.to_vec(),
        attempt.raw.to_vec(),
        attempt.max_fee.to_string(),
        attempt.tip.to_string(),
        signed(attempt.sent_block)?
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves a transaction. The database refuses a transition that is not in the table.
pub(crate) async fn move_tx(
    conn: &mut PgConnection,
    tx: ChainTxId,
    state: TxState,
    mined: Option<(B256, u64)>,
) -> Result<(), Error> {
    sqlx::query!(
        "update chain.tx set state = $2,
             mined_hash = case when $2 = 'BROADCAST' then null else coalesce($3, mined_hash) end,
             mined_block = case when $2 = 'BROADCAST' then null else coalesce($4, mined_block) end
         where id = $1",
        tx.0,
        state.as_str(),
        mined.map(|m| m.0.to_vec()),
        mined.map(|m| signed(m.1)).transpose()?
    )
    .execute(conn)
    .await?;
    Ok(())
}

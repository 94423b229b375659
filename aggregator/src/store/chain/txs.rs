//! Tables `chain.signer`, `chain.tx`, `chain.attempt`.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use domain::ids::{ChainTxId, LoanId, SettlementId};
use domain::ports::{Attempt, Call, JournaledTx, LiveLoan, TxState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::lending::{hash, natural, signed, units};
use crate::store::{Unreadable, corrupt};

/// Transactions of one signer that may be in flight: what a node keeps executable for an account.
pub(crate) const IN_FLIGHT: i64 = 16;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A settlement.
    Settlement(SettlementId),
    /// The keeper liquidates a loan.
    Liquidate(LoanId),
    /// The keeper ends a loan in default.
    MarkDefault(LoanId),
    /// A checkpoint of the audit trail.
    Anchor(Uuid),
}

impl Purpose {
    /// The name as stored.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Settlement(_) => "SETTLEMENT",
            Self::Liquidate(_) => "LIQUIDATE",
            Self::MarkDefault(_) => "MARK_DEFAULT",
            Self::Anchor(_) => "ANCHOR",
        }
    }

    fn read(name: &str, settlement: Option<Uuid>, loan: Option<Uuid>, anchor: Option<Uuid>) -> Result<Self, Error> {
        match (name, settlement, loan, anchor) {
            ("SETTLEMENT", Some(id), None, None) => Ok(Self::Settlement(id.into())),
            ("LIQUIDATE", None, Some(id), None) => Ok(Self::Liquidate(id.into())),
            ("MARK_DEFAULT", None, Some(id), None) => Ok(Self::MarkDefault(id.into())),
            ("ANCHOR", None, None, Some(id)) => Ok(Self::Anchor(id)),
            _ => Err(corrupt(Unreadable("purpose of a transaction"))),
        }
    }
}

/// Wants a transaction; the submitter gives it a nonce later. `false` when one of the keeper for the same loan is under
/// way: nothing was wanted then.
pub(crate) async fn enqueue_tx(
    conn: &mut PgConnection,
    id: ChainTxId,
    purpose: Purpose,
    call: &Call,
) -> Result<bool, Error> {
    let (settlement, loan, anchor) = match purpose {
        Purpose::Settlement(id) => (Some(id.0), None, None),
        Purpose::Liquidate(id) | Purpose::MarkDefault(id) => (None, Some(id.0), None),
        Purpose::Anchor(id) => (None, None, Some(id)),
    };
    let done = sqlx::query!(
        "insert into chain.tx (id, settlement_id, loan_id, purpose, chain_id, to_address, data, gas_limit, anchor_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (loan_id) where state in ('QUEUED', 'BROADCAST', 'INCLUDED') do nothing",
        id.0,
        settlement,
        loan,
        purpose.as_str(),
        signed(call.chain_id)?,
        call.to.to_vec(),
        call.data.to_vec(),
        signed(call.gas_limit)?,
        anchor
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether something about that loan is not in our books yet: a transaction of the keeper on its way, or final beyond the
/// blocks that the indexer knows to be final, or events that have no effect yet.
pub(crate) async fn loan_in_motion(conn: &mut PgConnection, loan: LoanId, live: &LiveLoan) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select (exists (select from chain.tx t left join chain.cursor c on c.chain_id = t.chain_id
                           where t.loan_id = $1 and (t.state in ('QUEUED', 'BROADCAST', 'INCLUDED')
                               or (t.state = 'SUCCEEDED' and t.mined_block > coalesce(c.finalized, -1))))
                or exists (select from chain.event e
                           where e.chain_id = $2 and e.loan_hash = $3 and e.effect in ('NEW', 'PARKED'))) as "moving!""#,
        loan.0,
        signed(live.chain_id)?,
        live.loan.as_slice()
    )
    .fetch_one(conn)
    .await?)
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

/// Withdraws a transaction of the keeper that has waited for a nonce so long: the submitter holds back what the contract
/// would refuse now. `false` when there is none, or it is getting one now.
pub(crate) async fn withdraw_keeper_tx(conn: &mut PgConnection, loan: LoanId, waited: Duration) -> Result<bool, Error> {
    let gone = sqlx::query!(
        "delete from chain.tx where id in
             (select id from chain.tx where loan_id = $1 and state = 'QUEUED'
                and queued_at <= clock_timestamp() - make_interval(secs => $2) for update skip locked)",
        loan.0,
        waited.as_secs_f64()
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

/// Hash of the attempt that a block has.
pub(crate) async fn mined_hash(conn: &mut PgConnection, tx: ChainTxId) -> Result<Option<B256>, Error> {
    let found = sqlx::query_scalar!("select mined_hash from chain.tx where id = $1", tx.0)
        .fetch_optional(conn)
        .await?;
    found.flatten().as_deref().map(hash).transpose()
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

/// Gives a queued transaction the nonce and moves the signer on; what it is for, none when the transaction is
/// not queued any more or too many are in flight. The signer must be locked.
pub(crate) async fn assign_nonce(
    conn: &mut PgConnection,
    chain_id: u64,
    signer: Address,
    tx: ChainTxId,
    nonce: u64,
) -> Result<Option<Purpose>, Error> {
    let taken = sqlx::query!(
        "update chain.tx set signer = $2, nonce = $4, state = 'BROADCAST'
         where id = $3 and chain_id = $1 and state = 'QUEUED'
           and (select count(*) from chain.tx
                where chain_id = $1 and signer = $2 and state in ('BROADCAST', 'INCLUDED')) < $5
         returning purpose, settlement_id, loan_id, anchor_id",
        signed(chain_id)?,
        signer.to_vec(),
        tx.0,
        signed(nonce)?,
        IN_FLIGHT
    )
    .fetch_optional(&mut *conn)
    .await?;
    if taken.is_some() {
        sqlx::query!(
            "update chain.signer set next_nonce = $3 where chain_id = $1 and address = $2",
            signed(chain_id)?,
            signer.to_vec(),
            signed(nonce + 1)?
        )
        .execute(conn)
        .await?;
    }
    taken
        .map(|r| Purpose::read(&r.purpose, r.settlement_id, r.loan_id, r.anchor_id))
        .transpose()
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

/// Whose transaction it is and what for; none when it has no nonce.
pub(crate) async fn owner_of_tx(
    conn: &mut PgConnection,
    tx: ChainTxId,
) -> Result<Option<(u64, Address, Purpose)>, Error> {
    let row = sqlx::query!(
        r#"select chain_id, signer as "signer!", purpose, settlement_id, loan_id, anchor_id from chain.tx
           where id = $1 and signer is not null"#,
        tx.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let signer = Address::try_from(r.signer.as_slice()).map_err(corrupt)?;
        let purpose = Purpose::read(&r.purpose, r.settlement_id, r.loan_id, r.anchor_id)?;
        Ok((natural(r.chain_id)?, signer, purpose))
    })
    .transpose()
}

/// The settlement that a transaction carries out; none when it is for something else.
pub(crate) async fn settlement_of_tx(conn: &mut PgConnection, tx: ChainTxId) -> Result<Option<SettlementId>, Error> {
    let found = sqlx::query_scalar!("select settlement_id from chain.tx where id = $1", tx.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten().map(SettlementId))
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

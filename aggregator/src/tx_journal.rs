//! The submitter's memory: nonces without gaps, signed bytes before they are sent, one sender per account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256};
use async_trait::async_trait;
use domain::ids::ChainTxId;
use domain::ports::{Attempt, JournaledTx, StoreFailure, TxJournal, TxState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::chain_log::failure;
use crate::store::chain::{self, Purpose, Which};
use crate::store::lending;
use crate::{Aggregator, keeper, settlement};

/// How long a sender that went silent keeps its account, by the database's clock.
const LEASE: Duration = Duration::from_secs(5);

/// [`TxJournal`] in PostgreSQL. Each value is one holder of leases.
#[derive(Debug)]
pub struct PgTxJournal {
    aggregator: Arc<Aggregator>,
    holder: Uuid,
    /// Fence of each account that this holder leads.
    fences: Mutex<HashMap<(u64, Address), i64>>,
}

impl Aggregator {
    /// The memory of a submitter of this process; every call makes a new holder of leases.
    pub fn tx_journal(self: &Arc<Self>) -> Arc<PgTxJournal> {
        let holder = self.world.ids.next();
        Arc::new(PgTxJournal {
            aggregator: Arc::clone(self),
            holder,
            fences: Mutex::new(HashMap::new()),
        })
    }
}

impl PgTxJournal {
    fn fence(&self, chain_id: u64, signer: Address) -> Result<i64, StoreFailure> {
        let fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        fences.get(&(chain_id, signer)).copied().ok_or_else(not_leading)
    }

    /// Locks the account for the transaction, if this holder still leads it; the answer is its next nonce.
    async fn lock(&self, conn: &mut PgConnection, chain_id: u64, signer: Address) -> Result<u64, StoreFailure> {
        let fence = self.fence(chain_id, signer)?;
        chain::lock_signer(conn, chain_id, signer, fence)
            .await
            .map_err(failure)?
            .ok_or_else(not_leading)
    }
}

fn not_leading() -> StoreFailure {
    StoreFailure("another submitter leads this account".to_owned())
}

#[async_trait]
impl TxJournal for PgTxJournal {
    async fn lead(&self, chain_id: u64, signer: Address) -> Result<bool, StoreFailure> {
        let mut conn = self.aggregator.world.db.acquire().await.map_err(failure)?;
        let fence = chain::lead(&mut conn, chain_id, signer, self.holder, LEASE)
            .await
            .map_err(failure)?;
        let mut fences = self.fences.lock().unwrap_or_else(PoisonError::into_inner);
        match fence {
            Some(fence) => fences.insert((chain_id, signer), fence),
            None => fences.remove(&(chain_id, signer)),
        };
        Ok(fence.is_some())
    }

    async fn queued(&self, chain_id: u64, _signer: Address, limit: u32) -> Result<Vec<JournaledTx>, StoreFailure> {
        // A queued transaction belongs to the chain; the account that takes it first sends it.
        let mut conn = self.aggregator.world.db.acquire().await.map_err(failure)?;
        chain::journaled(&mut conn, Which::Queued { chain_id, limit })
            .await
            .map_err(failure)
    }

    async fn take_nonce(
        &self,
        chain_id: u64,
        signer: Address,
        tx: ChainTxId,
        chain_nonce: u64,
    ) -> Result<Option<JournaledTx>, StoreFailure> {
        let mut db = self.aggregator.world.db.begin().await.map_err(failure)?;
        let nonce = self.lock(&mut db, chain_id, signer).await?.max(chain_nonce);
        let taken = chain::assign_nonce(&mut db, chain_id, signer, tx, nonce)
            .await
            .map_err(failure)?;
        let Some(purpose) = taken else { return Ok(None) };
        if let Purpose::Settlement(settlement) = purpose {
            let world = &self.aggregator.world;
            if settlement::stopped(&mut db, world, settlement).await.map_err(failure)? {
                // The nonce goes back: nothing of this transaction stands.
                db.rollback().await.map_err(failure)?;
                self.aggregator.withdraw_stopped(settlement).await.map_err(failure)?;
                return Ok(None);
            }
            settlement::handed_over(&mut db, world, settlement)
                .await
                .map_err(failure)?;
        }
        let journaled = chain::journaled(&mut db, Which::One(tx)).await.map_err(failure)?.pop();
        db.commit().await.map_err(failure)?;
        self.aggregator.wake.events.notify_one();
        Ok(journaled)
    }

    async fn in_flight(&self, chain_id: u64, signer: Address) -> Result<Vec<JournaledTx>, StoreFailure> {
        let mut conn = self.aggregator.world.db.acquire().await.map_err(failure)?;
        chain::journaled(&mut conn, Which::InFlight { chain_id, signer })
            .await
            .map_err(failure)
    }

    async fn store_attempt(&self, tx: ChainTxId, attempt: Attempt) -> Result<(), StoreFailure> {
        let mut db = self.aggregator.world.db.begin().await.map_err(failure)?;
        let owner = chain::owner_of_tx(&mut db, tx).await.map_err(failure)?;
        let (chain_id, signer, _) = owner.ok_or_else(|| StoreFailure("transaction without a nonce".to_owned()))?;
        self.lock(&mut db, chain_id, signer).await?;
        chain::insert_attempt(&mut db, tx, &attempt).await.map_err(failure)?;
        db.commit().await.map_err(failure)
    }

    async fn set_state(&self, tx: ChainTxId, state: TxState, mined: Option<(B256, u64)>) -> Result<(), StoreFailure> {
        let mut db = self.aggregator.world.db.begin().await.map_err(failure)?;
        let owner = chain::owner_of_tx(&mut db, tx).await.map_err(failure)?;
        let (chain_id, signer, purpose) =
            owner.ok_or_else(|| StoreFailure("transaction without a nonce".to_owned()))?;
        self.lock(&mut db, chain_id, signer).await?;
        chain::move_tx(&mut db, tx, state, mined).await.map_err(failure)?;
        if matches!(state, TxState::Succeeded | TxState::Reverted) {
            match purpose {
                Purpose::Settlement(settlement) => lending::hurry_settlement(&mut db, settlement).await,
                Purpose::Liquidate(loan) | Purpose::MarkDefault(loan) => {
                    keeper::concluded(&mut db, loan, purpose, state == TxState::Succeeded).await
                }
                Purpose::Anchor(anchor) => {
                    let mined = chain::mined_hash(&mut db, tx).await.map_err(failure)?;
                    let mined = mined.filter(|_| state == TxState::Succeeded);
                    crate::audit::anchors::concluded(&mut db, &self.aggregator.world, anchor, mined).await
                }
            }
            .map_err(failure)?;
        }
        db.commit().await.map_err(failure)?;
        self.aggregator.wake.lending.notify_one();
        Ok(())
    }
}

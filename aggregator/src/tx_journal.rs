//! The submitter's memory: nonces without gaps, signed bytes before they are sent, one sender per account.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use async_trait::async_trait;
use domain::ids::{ChainTxId, SettlementId};
use domain::ports::{Attempt, JournaledTx, StoreFailure, TxJournal, TxState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::chain_log::failure;
use crate::screening::release::{Look, Outcome};
use crate::screening::wallets::Asked;
use crate::store::chain::{self, Purpose, Which};
use crate::store::lending;
use crate::{Aggregator, keeper, settlement};

/// How long a sender that went silent keeps its account, by the database's clock.
const LEASE: Duration = Duration::from_secs(5);
/// Longest pause before wallets are asked about again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A wait that nobody came back to for this long is over.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// [`TxJournal`] in PostgreSQL. Each value is one holder of leases.
#[derive(Debug)]
pub struct PgTxJournal {
    aggregator: Arc<Aggregator>,
    holder: Uuid,
    /// Fence of each account that this holder leads.
    fences: Mutex<HashMap<(u64, Address), i64>>,
    /// Transactions that wait for an answer about their wallets. Lost with the process: then they are asked about at once.
    waits: Mutex<HashMap<ChainTxId, Wait>>,
}

impl Aggregator {
    /// The memory of a submitter of this process; every call makes a new holder of leases.
    pub fn tx_journal(self: &Arc<Self>) -> Arc<PgTxJournal> {
        let holder = self.world.ids.next();
        Arc::new(PgTxJournal {
            aggregator: Arc::clone(self),
            holder,
            fences: Mutex::new(HashMap::new()),
            waits: Mutex::default(),
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

/// A transaction that waits for an answer about its wallets.
#[derive(Clone, Copy, Debug)]
struct Wait {
    until: Instant,
    pause: Duration,
}

impl PgTxJournal {
    fn waits(&self) -> MutexGuard<'_, HashMap<ChainTxId, Wait>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Transactions whose pause is not over.
    fn waiting(&self) -> HashSet<ChainTxId> {
        let now = Instant::now();
        let waits = self.waits();
        waits
            .iter()
            .filter(|(_, wait)| now < wait.until)
            .map(|(tx, _)| *tx)
            .collect()
    }

    fn forget(&self, tx: ChainTxId) {
        self.waits().remove(&tx);
    }

    /// What is said of the wallets of a transaction's settlement; none while it waits to be asked again.
    async fn ask(&self, tx: ChainTxId) -> Result<Option<Asked>, Error> {
        if self.waits().get(&tx).is_some_and(|wait| Instant::now() < wait.until) {
            return Ok(None);
        }
        let mut conn = self.aggregator.world.db.acquire().await?;
        let settlement = chain::settlement_of_tx(&mut conn, tx).await?;
        drop(conn);
        match settlement {
            Some(settlement) => self.aggregator.ask_for(settlement).await.map(Some),
            None => Ok(Some(Asked::default())),
        }
    }

    /// Ends what screening stops; what somebody did not answer about stays queued, and is asked about again after a pause.
    async fn hold_back(&self, tx: ChainTxId, settlement: SettlementId, seen: (&Look, &Asked)) -> Result<(), Error> {
        let (look, asked) = seen;
        if look.outcome() == Outcome::Stops {
            self.forget(tx);
            return self.aggregator.withdraw_stopped(settlement, asked).await;
        }
        self.note_wait(tx);
        self.aggregator.keep_waiting(look).await
    }

    fn note_wait(&self, tx: ChainTxId) {
        let first = self.aggregator.world.settings.wallets.pause;
        let mut waits = self.waits();
        let now = Instant::now();
        // Those that ended meanwhile are never asked about again.
        waits.retain(|_, wait| wait.until + FORGOTTEN > now);
        let pause = waits.get(&tx).map_or(first, |wait| (wait.pause * 2).min(LONGEST_PAUSE));
        let until = now + pause;
        waits.insert(tx, Wait { until, pause });
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
        // A queued transaction belongs to the chain; the account that takes it first sends it. Those that wait keep no other from its turn.
        let waiting = self.waiting();
        let more = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let limit_of_all = limit.saturating_add(more);
        let mut conn = self.aggregator.world.db.acquire().await.map_err(failure)?;
        let queued = Which::Queued {
            chain_id,
            limit: limit_of_all,
        };
        let mut found = chain::journaled(&mut conn, queued).await.map_err(failure)?;
        found.retain(|tx| !waiting.contains(&tx.id));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn take_nonce(
        &self,
        chain_id: u64,
        signer: Address,
        tx: ChainTxId,
        chain_nonce: u64,
    ) -> Result<Option<JournaledTx>, StoreFailure> {
        // Sources of wallet screening are asked before any lock is held.
        let Some(asked) = self.ask(tx).await.map_err(failure)? else {
            return Ok(None);
        };
        fail::fail_point!("screening::after_ask");
        let mut db = self.aggregator.world.db.begin().await.map_err(failure)?;
        let nonce = self.lock(&mut db, chain_id, signer).await?.max(chain_nonce);
        let taken = chain::assign_nonce(&mut db, chain_id, signer, tx, nonce)
            .await
            .map_err(failure)?;
        let Some(purpose) = taken else { return Ok(None) };
        if let Purpose::Settlement(settlement) = purpose {
            let world = &self.aggregator.world;
            let look = settlement::looked(&mut db, world, settlement, &asked)
                .await
                .map_err(failure)?;
            if let Some(look) = look {
                // The nonce goes back: nothing of this transaction stands.
                db.rollback().await.map_err(failure)?;
                self.hold_back(tx, settlement, (&look, &asked)).await.map_err(failure)?;
                return Ok(None);
            }
            self.forget(tx);
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

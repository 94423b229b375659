//! The durable submitter: a transaction that was wanted is mined once, whatever crashes, drops or reorganises.
//!
//! Truth is in the journal ([`TxJournal`]) and on the chain; what this process remembers only saves work. The order is fixed:
//! lead, simulate, take a nonce, sign, store the bytes, broadcast. A nonce is given out by the journal alone and is filled
//! until another version of it is final. Only a final receipt ends a transaction, success and revert alike.

mod memory;
mod track;
pub(crate) mod wording;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use domain::ids::ChainTxId;
use domain::ports::{Attempt, BlockRef, JournaledTx, StoreFailure, TxJournal, TxState};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::contracts::revert_reason;
use crate::fees::{self, Fees};
use crate::keys::DynSigner;
use crate::registry::Finality;
use crate::rpc::{Rpc, RpcError};
use crate::transaction::{MAX_GAS, SignError, Unsigned, sign};
use memory::Memory;
pub use memory::{Frozen, Refused};
pub use wording::{Refusal, classify};

/// Most transactions of one signer that may wait for blocks: geth keeps 16 a sender.
const MAX_IN_FLIGHT: usize = 16;

/// How a submitter behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitterOptions {
    /// When a block is final.
    pub finality: Finality,
    /// Most that we pay for a unit of gas, wei.
    pub fee_cap: u128,
    /// Blocks without inclusion before the fees are raised.
    pub bump_every: u64,
    /// Blocks that a used nonce may lack a receipt of ours before the signer is frozen.
    pub freeze_after: u64,
    /// Wait between two looks at the chain.
    pub poll: Duration,
}

impl SubmitterOptions {
    /// Usual values.
    pub fn new(finality: Finality, fee_cap: u128) -> Self {
        Self {
            finality,
            fee_cap,
            bump_every: 3,
            freeze_after: 3,
            poll: Duration::from_millis(500),
        }
    }
}

/// What one look at the chain did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Another process leads this signer; nothing was done.
    NotLeader,
    /// Done as the leader.
    Led,
}

/// Why a tick stopped early. The next one starts from the journal again.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The journal failed, or we lost the lead.
    #[error("journal")]
    Store(#[from] StoreFailure),
    /// The chain did not answer.
    #[error("chain")]
    Rpc(#[from] RpcError),
    /// The key failed.
    #[error("signing")]
    Sign(#[from] SignError),
}

/// Submits the transactions of one signer on one chain.
pub struct Submitter {
    rpc: Arc<Rpc>,
    signer: Arc<DynSigner>,
    journal: Arc<dyn TxJournal>,
    options: SubmitterOptions,
    wake: Arc<Notify>,
    memory: Mutex<Memory>,
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter")
            .field("rpc", &self.rpc)
            .field("signer", &self.signer.address())
            .finish_non_exhaustive()
    }
}

impl Submitter {
    /// A submitter; it does nothing until [`run`](Self::run) or [`tick`](Self::tick).
    pub fn new(rpc: Arc<Rpc>, signer: Arc<DynSigner>, journal: Arc<dyn TxJournal>, options: SubmitterOptions) -> Self {
        Self {
            rpc,
            signer,
            journal,
            options,
            wake: Arc::new(Notify::new()),
            memory: Mutex::default(),
        }
    }

    /// Wakes the submitter before its next poll: something was queued.
    pub fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// The account that pays.
    pub fn account(&self) -> Address {
        self.signer.address()
    }

    /// Why this signer takes no new transactions, if so. Only a new process forgets it, and finds it again.
    pub fn frozen(&self) -> Option<Frozen> {
        self.remember(|m| m.frozen.clone())
    }

    /// Queued transactions that would revert now, with the contract's reason. They stay queued: their owner's deadline decides.
    pub fn refused(&self) -> Vec<Refused> {
        self.remember(|m| m.refused())
    }

    /// Works until told to stop. Errors are logged and tried again.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut healthy = true;
        while !shutdown.is_cancelled() {
            match self.tick().await {
                Ok(_) => healthy = true,
                Err(error) => {
                    metrics::counter!("chain_submitter_errors_total", "chain" => self.chain()).increment(1);
                    // One line per outage, not one per poll.
                    if std::mem::replace(&mut healthy, false) {
                        tracing::warn!(
                            chain_id = self.rpc.chain_id(),
                            error = &error as &dyn std::error::Error,
                            "submitter"
                        );
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(self.options.poll) => {}
            }
        }
    }

    /// One look: follows what is in flight, then sends what is queued.
    pub async fn tick(&self) -> Result<Tick, SubmitError> {
        let (chain_id, account) = (self.rpc.chain_id(), self.account());
        let leading = self.journal.lead(chain_id, account).await?;
        self.remember(|m| m.note_lead(leading));
        if !leading {
            return Ok(Tick::NotLeader);
        }
        let head = self.rpc.head().await?;
        let used = self.rpc.nonce(account).await?;
        let in_flight = self.journal.in_flight(chain_id, account).await?;
        self.remember(|m| m.forget_all_but(&in_flight));
        let mut settled = 0;
        for tx in &in_flight {
            settled += usize::from(self.follow(tx, head, used).await?);
        }
        let waiting = in_flight.len() - settled;
        metrics::gauge!("chain_in_flight", "chain" => self.chain()).set(u32::try_from(waiting).unwrap_or(u32::MAX));
        self.watch_for_strangers(&in_flight, head, used);
        if self.may_launch() {
            self.launch(head, used, MAX_IN_FLIGHT.saturating_sub(waiting)).await?;
        }
        Ok(Tick::Led)
    }

    /// Sends queued transactions, oldest first, leaving out those that would revert.
    async fn launch(&self, head: BlockRef, used: u64, room: usize) -> Result<(), SubmitError> {
        let limit = u32::try_from(room).unwrap_or(0);
        if limit == 0 {
            return Ok(());
        }
        let queued = self.journal.queued(self.rpc.chain_id(), self.account(), limit).await?;
        self.remember(|m| m.keep_refused(&queued));
        for tx in queued {
            if !self.remember(|m| m.worth_trying(tx.id, head.hash)) || !self.would_succeed(&tx, head).await? {
                continue;
            }
            let market = fees::market(&self.rpc, self.options.fee_cap).await?;
            let Some(tx) = self
                .journal
                .take_nonce(self.rpc.chain_id(), self.account(), tx.id, used)
                .await?
            else {
                continue;
            };
            self.remember(|m| m.note_nonce(tx.nonce));
            fail::fail_point!("submitter::after_nonce");
            self.sign_and_send(&tx, market, head).await?;
        }
        Ok(())
    }

    /// Runs the call first. A revert is remembered and told, and ends nothing: only the chain does.
    async fn would_succeed(&self, tx: &JournaledTx, head: BlockRef) -> Result<bool, SubmitError> {
        let call = &tx.call;
        let reason = if call.chain_id != self.rpc.chain_id() {
            format!("it is for chain {}", call.chain_id)
        } else if call.gas_limit >= MAX_GAS {
            format!("its gas limit {} is not below {MAX_GAS}", call.gas_limit)
        } else {
            match self
                .rpc
                .call(Some(self.account()), call.to, &call.data, call.gas_limit)
                .await
            {
                Ok(_) => {
                    self.remember(|m| m.allow(tx.id));
                    return Ok(true);
                }
                Err(RpcError::Refused { message, data, .. }) => {
                    data.as_deref().and_then(|d| revert_reason(d)).unwrap_or(message)
                }
                Err(error) => return Err(error.into()),
            }
        };
        if self.remember(|m| m.refuse(tx.id, &reason, head.hash)) {
            metrics::counter!("chain_simulated_reverts_total", "chain" => self.chain()).increment(1);
            tracing::warn!(tx = %tx.id, %reason, "the transaction would revert now; it stays queued");
        }
        Ok(false)
    }

    /// Stores the bytes before anything leaves the process.
    async fn sign_and_send(&self, tx: &JournaledTx, fees: Fees, head: BlockRef) -> Result<(), SubmitError> {
        let Some(nonce) = tx.nonce else {
            return Err(StoreFailure(format!("transaction {} is in flight without a nonce", tx.id)).into());
        };
        let call = &tx.call;
        let unsigned = Unsigned {
            chain_id: self.rpc.chain_id(),
            nonce,
            to: call.to,
            data: call.data.clone(),
            gas_limit: call.gas_limit,
            fees,
        };
        let signed = sign(unsigned, self.signer.as_ref()).await?;
        let attempt = Attempt {
            hash: signed.hash,
            raw: signed.raw.clone(),
            max_fee: fees.max_fee,
            tip: fees.tip,
            sent_block: head.number,
        };
        self.journal.store_attempt(tx.id, attempt).await?;
        fail::fail_point!("submitter::after_store_attempt");
        self.broadcast(tx.id, &signed.raw, head).await;
        fail::fail_point!("submitter::after_broadcast");
        Ok(())
    }

    /// Sends bytes everywhere. No answer of a node ends anything: acceptance may be lost, refusal may be of a copy.
    async fn broadcast(&self, tx: ChainTxId, raw: &Bytes, head: BlockRef) {
        self.remember(|m| m.note_broadcast(tx, head.hash));
        let mut worst = None;
        for answer in self.rpc.broadcast(raw).await {
            let Err(RpcError::Refused { message, .. }) = answer else {
                continue;
            };
            let class = classify(&message);
            metrics::counter!("chain_broadcast_refusals_total", "chain" => self.chain(), "class" => format!("{class:?}"))
                .increment(1);
            worst = worst.max(Some((class, message)));
        }
        let Some((class, message)) = worst else { return };
        match class {
            Refusal::ReplacementUnderpriced | Refusal::Underpriced => self.remember(|m| m.want_bump(tx)),
            Refusal::InsufficientFunds | Refusal::Invalid => {
                if self.remember(|m| m.first_alarm(tx)) {
                    tracing::error!(%tx, account = %self.account(), %message, "the chain refuses a transaction of ours");
                }
            }
            Refusal::AlreadyKnown | Refusal::NonceTooLow | Refusal::NotNow | Refusal::Unknown => {
                tracing::debug!(%tx, %message, "broadcast");
            }
        }
    }

    async fn set_state(&self, tx: &JournaledTx, state: TxState, at: Option<MinedAt>) -> Result<(), SubmitError> {
        self.journal
            .set_state(tx.id, state, at.map(|b| (b.hash, b.number)))
            .await?;
        Ok(())
    }

    fn remember<T>(&self, with: impl FnOnce(&mut Memory) -> T) -> T {
        with(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn chain(&self) -> String {
        self.rpc.chain_id().to_string()
    }
}

/// Which version was mined, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct MinedAt {
    hash: B256,
    number: u64,
}

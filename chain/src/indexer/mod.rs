//! Canonical events of the settlement contract, block by block.
//!
//! Every block is stored with its parent's hash, empty ones too, so that the log can be compared with the chain after any
//! pause. A block that does not build on the stored tip makes the indexer walk back to the common ancestor first.

mod events;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256};
use domain::ports::{BlockRef, ChainLog, LoanEvent, LoanEventKind, StoreFailure};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::registry::{ChainConfig, Finality};
use crate::rpc::{RawLog, Rpc, RpcError};

/// Deepest reorganisation that is followed without an operator.
pub const MAX_REORG: u64 = 64;
/// Blocks per tick, so that a long catch-up can be stopped.
const BATCH: u64 = 256;
/// Requests under way at once while catching up.
const AHEAD: usize = 8;

/// Why the indexer stopped or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Terminal: an operator looks, then calls [`Indexer::resync`].
    #[error("chain {chain_id} reorganised more than {MAX_REORG} blocks below {tip}")]
    ReorgTooDeep {
        /// Which chain.
        chain_id: u64,
        /// Our newest block.
        tip: u64,
    },
    /// Terminal: a block that we called final is not on the chain any more.
    #[error("chain {chain_id} reorganised below block {finalized}, which was final")]
    FinalityBroken {
        /// Which chain.
        chain_id: u64,
        /// The final block.
        finalized: u64,
    },
    /// The store failed: try again.
    #[error("store")]
    Store(#[from] StoreFailure),
    /// The chain does not answer: try again.
    #[error("chain")]
    Rpc(#[from] RpcError),
}

impl IndexError {
    /// Nothing to try again: the indexer must stop.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::ReorgTooDeep { .. } | Self::FinalityBroken { .. })
    }
}

/// Follows one chain.
pub struct Indexer {
    rpc: Arc<Rpc>,
    log: Arc<dyn ChainLog>,
    aggregator: Address,
    finality: Finality,
    start_block: u64,
    poll: Duration,
    wake: Arc<Notify>,
}

impl fmt::Debug for Indexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Indexer")
            .field("rpc", &self.rpc)
            .field("aggregator", &self.aggregator)
            .finish_non_exhaustive()
    }
}

impl Indexer {
    /// An indexer of the chain's aggregator; it does nothing until [`run`](Self::run) or [`tick`](Self::tick).
    pub fn new(rpc: Arc<Rpc>, chain: &ChainConfig, log: Arc<dyn ChainLog>, poll: Duration) -> Self {
        Self {
            rpc,
            log,
            aggregator: chain.aggregator,
            finality: chain.finality,
            start_block: chain.start_block,
            poll,
            wake: Arc::new(Notify::new()),
        }
    }

    /// Wakes the indexer before its next poll.
    pub fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Works until told to stop, or until the chain does what only an operator can judge.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), IndexError> {
        let mut healthy = true;
        while !shutdown.is_cancelled() {
            match self.tick().await {
                Ok(true) => continue,
                Ok(false) => healthy = true,
                Err(error) if error.is_terminal() => return Err(error),
                Err(error) => {
                    metrics::counter!("chain_indexer_errors_total", "chain" => self.chain()).increment(1);
                    if std::mem::replace(&mut healthy, false) {
                        tracing::warn!(
                            chain_id = self.rpc.chain_id(),
                            error = &error as &dyn std::error::Error,
                            "indexer"
                        );
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(self.poll) => {}
            }
        }
        Ok(())
    }

    /// Brings the log up to the chain, at most some hundred blocks at a time. Answers whether there is more.
    pub async fn tick(&self) -> Result<bool, IndexError> {
        let chain_id = self.rpc.chain_id();
        let head = self.rpc.head().await?;
        let Some(tip) = self.on_canonical(head).await? else {
            return Ok(false);
        };
        let from = tip.map_or(self.start_block, |t| t.number + 1);
        let to = head.number.min(from.saturating_add(BATCH - 1));
        let mut blocks = stream::iter(from..=to)
            .map(|number| self.read_block(number))
            .buffered(AHEAD);
        let mut last = tip;
        while let Some(read) = blocks.try_next().await? {
            // The chain moved while we read: the next tick finds the common ancestor.
            let Some((block, events)) = read.filter(|(b, _)| last.is_none_or(|l| l.hash == b.parent)) else {
                break;
            };
            self.log.append(chain_id, block, events).await?;
            last = Some(block);
        }
        metrics::gauge!("chain_indexed_block", "chain" => self.chain()).set(gauge(last.map_or(0, |l| l.number)));
        metrics::gauge!("chain_head_block", "chain" => self.chain()).set(gauge(head.number));
        if let Some(last) = last {
            self.finalize(last).await?;
        }
        Ok(last.is_some_and(|l| l.number == to) && to < head.number)
    }

    /// After a terminal error, on an operator's word: forgets every block above `number`, and goes on from there.
    pub async fn resync(&self, number: u64) -> Result<(), IndexError> {
        Ok(self.log.roll_back(self.rpc.chain_id(), number).await?)
    }

    /// The stored tip, once it is on the chain; `Some(None)` when nothing is stored; none while the node lags behind us.
    async fn on_canonical(&self, head: BlockRef) -> Result<Option<Option<BlockRef>>, IndexError> {
        let chain_id = self.rpc.chain_id();
        let Some(tip) = self.log.tip(chain_id).await? else {
            return Ok(Some(None));
        };
        let height = tip.number.min(head.number);
        let Some(stored) = self.log.block(chain_id, height).await? else {
            return Err(IndexError::ReorgTooDeep {
                chain_id,
                tip: tip.number,
            });
        };
        if self.is_canonical(stored).await? {
            return Ok((height == tip.number).then_some(Some(tip)));
        }
        let ancestor = self.common_ancestor(tip, height).await.inspect_err(|error| {
            if error.is_terminal() {
                metrics::counter!("chain_indexer_stopped_total", "chain" => self.chain()).increment(1);
                tracing::error!(chain_id, %error, "the indexer stops; nothing was released");
            }
        })?;
        metrics::counter!("chain_reorgs_total", "chain" => self.chain()).increment(1);
        let (from, to) = (tip.number, ancestor.number);
        tracing::warn!(chain_id, from, to, "the chain reorganised");
        self.log.roll_back(chain_id, ancestor.number).await?;
        Ok(Some(Some(ancestor)))
    }

    async fn common_ancestor(&self, tip: BlockRef, below: u64) -> Result<BlockRef, IndexError> {
        let chain_id = self.rpc.chain_id();
        let too_deep = || IndexError::ReorgTooDeep {
            chain_id,
            tip: tip.number,
        };
        // With final blocks by depth, their height follows from our tip, also after a restart.
        let finalized = match self.finality {
            Finality::Depth(depth) => tip.number.checked_sub(depth),
            Finality::Tags => None,
        };
        let mut number = below;
        loop {
            number = number.checked_sub(1).ok_or_else(too_deep)?;
            if let Some(finalized) = finalized.filter(|f| number < *f) {
                return Err(IndexError::FinalityBroken { chain_id, finalized });
            }
            if tip.number - number > MAX_REORG {
                return Err(too_deep());
            }
            let stored = self.log.block(chain_id, number).await?.ok_or_else(too_deep)?;
            if self.is_canonical(stored).await? {
                return Ok(stored);
            }
        }
    }

    async fn is_canonical(&self, stored: BlockRef) -> Result<bool, IndexError> {
        Ok(self
            .rpc
            .block(stored.number)
            .await?
            .is_some_and(|b| b.hash == stored.hash))
    }

    async fn read_block(&self, number: u64) -> Result<Option<(BlockRef, Vec<LoanEvent>)>, IndexError> {
        let Some(block) = self.rpc.block(number).await? else {
            return Ok(None);
        };
        let logs = self.rpc.logs(block.hash, self.aggregator, &events::TOPICS).await?;
        Ok(Some((block, self.read_logs(&logs, block.hash))))
    }

    /// Only what our contract said in that block; anything else is counted and left out.
    fn read_logs(&self, logs: &[RawLog], block: B256) -> Vec<LoanEvent> {
        let ours = |log: &&RawLog| log.address == self.aggregator && log.block_hash == Some(block) && !log.removed;
        let events = events::decode_block(logs.iter().filter(ours));
        let malformed = logs.len() - events.len();
        if malformed > 0 {
            let count = u64::try_from(malformed).unwrap_or(u64::MAX);
            metrics::counter!("chain_malformed_logs_total", "chain" => self.chain()).increment(count);
        }
        for event in &events {
            self.alert(event);
        }
        events
    }

    /// A tripped breaker stops new loans until the owner acts: somebody must be told at once.
    fn alert(&self, event: &LoanEvent) {
        let LoanEventKind::BreakerTripped {
            asset,
            used,
            refused,
            cap,
        } = event.kind
        else {
            return;
        };
        metrics::counter!("chain_breaker_trips_total", "chain" => self.chain()).increment(1);
        let chain_id = self.rpc.chain_id();
        tracing::error!(chain_id, %asset, used, refused, cap, "the breaker of an asset tripped");
    }

    async fn finalize(&self, tip: BlockRef) -> Result<(), IndexError> {
        let number = match self.finality {
            Finality::Depth(depth) => tip.number.checked_sub(depth),
            Finality::Tags => self.rpc.finalized().await?.map(|f| f.number.min(tip.number)),
        };
        match number {
            Some(number) => Ok(self.log.finalize(self.rpc.chain_id(), number).await?),
            None => Ok(()),
        }
    }

    fn chain(&self) -> String {
        self.rpc.chain_id().to_string()
    }
}

fn gauge(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

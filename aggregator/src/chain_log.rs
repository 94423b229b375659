//! The indexer's memory: blocks by hash, events by block, and how far the chain is final.
//!
//! Nothing here touches a loan. Events below the final height are applied by [`crate::servicing`], each once.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ports::{BlockRef, ChainLog, LoanEvent, StoreFailure};

use crate::Aggregator;
use crate::api::Error;
use crate::store::chain;

/// [`ChainLog`] in PostgreSQL.
#[derive(Clone, Debug)]
pub struct PgChainLog(Arc<Aggregator>);

impl Aggregator {
    /// The memory of an indexer of this process.
    pub fn chain_log(self: &Arc<Self>) -> Arc<PgChainLog> {
        Arc::new(PgChainLog(Arc::clone(self)))
    }
}

pub(crate) fn failure(error: impl Into<Error>) -> StoreFailure {
    let error = error.into();
    let detail = std::error::Error::source(&error).map_or_else(|| error.to_string(), |s| format!("{error}: {s}"));
    StoreFailure(detail)
}

#[async_trait]
impl ChainLog for PgChainLog {
    async fn tip(&self, chain_id: u64) -> Result<Option<BlockRef>, StoreFailure> {
        let mut conn = self.0.world.db.acquire().await.map_err(failure)?;
        chain::block(&mut conn, chain_id, None).await.map_err(failure)
    }

    async fn block(&self, chain_id: u64, number: u64) -> Result<Option<BlockRef>, StoreFailure> {
        let mut conn = self.0.world.db.acquire().await.map_err(failure)?;
        chain::block(&mut conn, chain_id, Some(number)).await.map_err(failure)
    }

    async fn append(&self, chain_id: u64, block: BlockRef, events: Vec<LoanEvent>) -> Result<(), StoreFailure> {
        let mut tx = self.0.world.db.begin().await.map_err(failure)?;
        chain::lock_cursor(&mut tx, chain_id).await.map_err(failure)?;
        let known = chain::block(&mut tx, chain_id, Some(block.number))
            .await
            .map_err(failure)?;
        if known.is_some_and(|known| known.hash == block.hash) {
            return Ok(());
        }
        if let Some(tip) = chain::block(&mut tx, chain_id, None).await.map_err(failure)?
            && (tip.hash != block.parent || tip.number + 1 != block.number)
        {
            return Err(StoreFailure(format!(
                "block {} does not follow block {}",
                block.number, tip.number
            )));
        }
        chain::insert_block(&mut tx, chain_id, block, &events)
            .await
            .map_err(failure)?;
        tx.commit().await.map_err(failure)?;
        self.0.providers.block(chain_id);
        Ok(())
    }

    async fn roll_back(&self, chain_id: u64, number: u64) -> Result<(), StoreFailure> {
        let mut tx = self.0.world.db.begin().await.map_err(failure)?;
        let finalized = chain::lock_cursor(&mut tx, chain_id).await.map_err(failure)?;
        // Effects of a final block are in the books: only an operator can say what to do now.
        if let Some(finalized) = finalized.filter(|f| number < *f) {
            return Err(StoreFailure(format!(
                "block {finalized} is final, the chain cannot go back to {number}"
            )));
        }
        chain::remove_above(&mut tx, chain_id, number).await.map_err(failure)?;
        tx.commit().await.map_err(failure)?;
        self.0.providers.block(chain_id);
        Ok(())
    }

    async fn finalize(&self, chain_id: u64, number: u64) -> Result<(), StoreFailure> {
        let mut tx = self.0.world.db.begin().await.map_err(failure)?;
        let finalized = chain::lock_cursor(&mut tx, chain_id).await.map_err(failure)?;
        let Some(tip) = chain::block(&mut tx, chain_id, None).await.map_err(failure)? else {
            return Ok(());
        };
        // What was not seen cannot be final: its events would be missing.
        let number = number.min(tip.number);
        if finalized.is_some_and(|f| f >= number) {
            return Ok(());
        }
        chain::set_finalized(&mut tx, chain_id, number).await.map_err(failure)?;
        tx.commit().await.map_err(failure)?;
        self.0.wake.chain.notify_one();
        self.0.wake.lending.notify_one();
        Ok(())
    }
}

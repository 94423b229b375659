//! Reads of what other people's contracts said in final blocks.

use std::ops::RangeInclusive;

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;

use super::{ChainError, ViewBlock};

/// Which logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// Contract.
    pub address: Address,
    /// For each place, the topics of which one must stand there; none means any.
    pub topics: Vec<Vec<B256>>,
}

/// A log of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLog {
    /// Contract.
    pub address: Address,
    /// Topics.
    pub topics: Vec<B256>,
    /// Data.
    pub data: Bytes,
    /// The block.
    pub block: ViewBlock,
    /// Transaction.
    pub tx_hash: B256,
    /// Position in the block.
    pub log_index: u64,
}

/// Finds logs.
#[async_trait]
pub trait EventLogs: Send + Sync {
    /// The logs in these blocks that fit one of the filters, each once, in the chain's order. The blocks must be final: what is read
    /// is not read again. A node without the last of them is [`ChainError::Unavailable`].
    async fn logs(
        &self,
        chain_id: u64,
        blocks: RangeInclusive<u64>,
        filters: &[LogFilter],
    ) -> Result<Vec<EventLog>, ChainError>;
}

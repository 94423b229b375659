//! Reads of other people's contracts.

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::ChainError;

/// One call that is only simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewCall {
    /// Contract.
    pub to: Address,
    /// Calldata.
    pub data: Bytes,
}

/// The block that answers are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewBlock {
    /// Height.
    pub number: u64,
    /// Unix seconds.
    pub timestamp: u64,
    /// Hash of the block before: two reads of one height with the same parent and time saw the same state.
    pub parent: B256,
}

/// Answers to calls, all from one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Views {
    /// The block.
    pub block: ViewBlock,
    /// In the order of the calls; none for one that reverted. A call to an account without code answers nothing, not none.
    pub answers: Vec<Option<Bytes>>,
}

/// Asks contracts, many calls in one round trip.
#[async_trait]
pub trait ViewCalls: Send + Sync {
    /// Simulates the calls one after the other on the state of one block: a call sees what the calls before it did, and nothing of
    /// it stays. `at` pins the block of an earlier answer; without it the newest is taken. A chain that no longer has that block is
    /// [`ChainError::Unavailable`].
    async fn view(&self, chain_id: u64, at: Option<ViewBlock>, calls: &[ViewCall]) -> Result<Views, ChainError>;

    /// Price of a unit of gas, wei; at most some seconds old.
    async fn gas_price(&self, chain_id: u64) -> Result<u128, ChainError>;
}

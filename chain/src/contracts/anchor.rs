//! Roots of the audit trail on chain.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;
use domain::ports::{AnchorCalls, Call, ChainError};

use super::gas;
use crate::bindings::anchors::CheckpointAnchor as sol;
use crate::rpc::{Rpc, RpcError};

/// [`AnchorCalls`] of one contract.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointAnchors {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
}

impl AnchorCalls for CheckpointAnchors {
    fn place(&self) -> String {
        format!("eip155:{}:{}", self.chain_id, self.contract)
    }

    fn anchor(&self, origin: B256, size: u64, root: B256) -> Result<Call, ChainError> {
        let call = sol::anchorCall { origin, size, root };
        Ok(Call {
            chain_id: self.chain_id,
            to: self.contract,
            data: call.abi_encode().into(),
            gas_limit: gas::ANCHOR,
        })
    }
}

/// What the contract knows of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCheckpoint {
    /// Number of entries.
    pub size: u64,
    /// Unix second of the block that has it.
    pub at: u64,
    /// Root of the tree over them.
    pub root: B256,
}

/// The newest anchor of a sender's log; none when there is none.
pub async fn newest_anchor(
    rpc: &Rpc,
    contract: Address,
    sender: Address,
    origin: B256,
) -> Result<Option<KnownCheckpoint>, RpcError> {
    let call = sol::latestCall { sender, origin };
    let answer = rpc.call(None, contract, &call.abi_encode().into(), gas::READ).await?;
    let read = sol::latestCall::abi_decode_returns(&answer).ok();
    Ok(read.filter(|found| found.size > 0).map(|found| KnownCheckpoint {
        size: found.size,
        at: found.at,
        root: found.root,
    }))
}

//! Typed calls of one round trip.

use std::marker::PhantomData;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use domain::ports::{ChainError, NodeFault, ViewBlock, ViewCall, ViewCalls, Views};
use sdk::LenderError;

/// Calls to be made together.
#[derive(Default)]
pub(super) struct Batch {
    calls: Vec<ViewCall>,
}

/// Where the answer of a call will be.
pub(super) struct Slot<C> {
    at: usize,
    call: PhantomData<C>,
}

impl Batch {
    pub(super) fn add<C: SolCall>(&mut self, to: Address, call: &C) -> Slot<C> {
        self.calls.push(ViewCall {
            to,
            data: call.abi_encode().into(),
        });
        Slot {
            at: self.calls.len() - 1,
            call: PhantomData,
        }
    }

    /// Makes the calls, on that block if there is one.
    pub(super) async fn send(
        self,
        views: &dyn ViewCalls,
        chain_id: u64,
        at: Option<ViewBlock>,
    ) -> Result<Answers, LenderError> {
        let views = views
            .view(chain_id, at, &self.calls)
            .await
            .map_err(|e| unreachable(&e))?;
        Ok(Answers(views))
    }
}

/// What the chain said when it does not answer.
pub(super) fn unreachable(error: &ChainError) -> LenderError {
    match error {
        ChainError::Node { fault, detail, .. } => match fault {
            NodeFault::RateLimited => LenderError::RateLimited,
            NodeFault::TimedOut => LenderError::TimedOut,
            NodeFault::Refused => LenderError::Refused(detail.clone()),
            NodeFault::Malformed => LenderError::Malformed {
                field: "node".into(),
                detail: detail.clone(),
            },
        },
        other => LenderError::Unavailable(other.to_string()),
    }
}

/// Answers of one block.
pub(super) struct Answers(Views);

impl Answers {
    pub(super) fn block(&self) -> ViewBlock {
        self.0.block
    }

    /// The answer; a revert or another shape is the contract's fault.
    pub(super) fn get<C: SolCall>(&self, slot: &Slot<C>) -> Result<C::Return, LenderError> {
        self.opt(slot).ok_or_else(|| LenderError::Malformed {
            field: C::SIGNATURE.split('(').next().unwrap_or_default().into(),
            detail: "the contract has no such answer".into(),
        })
    }

    /// The answer of a call that not every release has.
    pub(super) fn opt<C: SolCall>(&self, slot: &Slot<C>) -> Option<C::Return> {
        let answer = self.0.answers.get(slot.at)?.as_ref()?;
        C::abi_decode_returns(answer).ok()
    }
}

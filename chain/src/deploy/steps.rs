//! Steps of a deployment: each knows whether it is done, so that a deployment can be resumed.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use futures::future::try_join_all;

use super::addresses::{CREATE2_FACTORY, SALT};
use super::{DeployError, Deployer};
use crate::fees::{self, Fees};
use crate::keys::DynSigner;
use crate::rpc::{Receipt, Rpc, RpcError};
use crate::submitter::wording::{Refusal, classify};
use crate::transaction::{MAX_GAS, Signed, Unsigned, sign};

const RECEIPT_TIMEOUT: Duration = Duration::from_mins(3);
const RECEIPT_POLL: Duration = Duration::from_millis(10);
const READ_GAS: u64 = 1_000_000;
/// Gas of a step on a development chain: a creation pays for its code, a call for what it writes.
const DEV_CALL_GAS: u64 = 2_000_000;
const DEV_CREATE_GAS: u64 = 12_000_000;

/// Judges what a contract answers; an account without code answers nothing.
type Judge = Box<dyn Fn(&Bytes) -> bool + Send + Sync>;

/// How to see that a step is done.
pub(super) enum Done {
    /// There is code.
    Code(Address),
    /// The contract answers as wanted.
    Answers(Address, Bytes, Judge),
    /// The slot does not hold this address any more.
    SlotIsNot(Address, B256, Address),
}

impl Done {
    pub(super) fn answers<C: SolCall>(
        to: Address,
        call: &C,
        judge: impl Fn(C::Return) -> bool + Send + Sync + 'static,
    ) -> Self {
        let judge = move |answer: &Bytes| C::abi_decode_returns(answer).is_ok_and(&judge);
        Self::Answers(to, call.abi_encode().into(), Box::new(judge))
    }

    async fn seen(&self, rpc: &Rpc) -> Result<bool, RpcError> {
        match self {
            Self::Code(at) => Ok(!rpc.code(*at).await?.is_empty()),
            Self::Answers(to, data, judge) => match rpc.call(None, *to, data, READ_GAS).await {
                Ok(answer) => Ok(judge(&answer)),
                Err(RpcError::Refused { .. }) => Ok(false),
                Err(error) => Err(error),
            },
            Self::SlotIsNot(at, slot, address) => {
                let word = rpc.storage(*at, *slot).await?;
                Ok(!word.is_zero() && Address::from_word(word) != *address)
            }
        }
    }
}

/// One transaction.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) to: Address,
    pub(super) data: Bytes,
    pub(super) done: Done,
}

impl Step {
    /// A contract from the CREATE2 factory.
    pub(super) fn create(name: &'static str, at: Address, code: &Bytes) -> Self {
        Self {
            name,
            to: CREATE2_FACTORY,
            data: [SALT.as_slice(), code].concat().into(),
            done: Done::Code(at),
        }
    }

    pub(super) fn call(name: &'static str, to: Address, call: &impl SolCall, done: Done) -> Self {
        Self {
            name,
            to,
            data: call.abi_encode().into(),
            done,
        }
    }
}

/// A transaction that was mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it did.
    pub step: &'static str,
    /// Its hash.
    pub hash: B256,
    /// Gas used.
    pub gas_used: u64,
}

/// The steps that are not done.
pub(super) async fn missing(rpc: &Rpc, steps: Vec<Step>) -> Result<Vec<Step>, DeployError> {
    let done = try_join_all(steps.iter().map(|step| step.done.seen(rpc))).await?;
    let missing = steps.into_iter().zip(done).filter(|(_, done)| !done);
    Ok(missing.map(|(step, _)| step).collect())
}

impl Deployer<'_> {
    /// One step after the other, each after a look whether it is done, with the gas that the chain estimates.
    pub(super) async fn run(&self, steps: Vec<Step>) -> Result<(), DeployError> {
        for step in steps {
            if step.done.seen(self.rpc).await? {
                continue;
            }
            let from = self.signer.address();
            let estimate = self.rpc.estimate_gas(from, step.to, &step.data).await?;
            let gas_limit = estimate.saturating_add(estimate / 5);
            if gas_limit >= MAX_GAS {
                return Err(DeployError::TooMuchGas {
                    step: step.name,
                    gas: gas_limit,
                });
            }
            let fees = fees::market(self.rpc, self.fee_cap).await?;
            let nonce = self.rpc.nonce(from).await?;
            let name = step.name;
            let (signed, refusal) = send(self.rpc, self.signer, &step, (nonce, gas_limit, fees)).await?;
            let receipt = receipt(self.rpc, name, &signed, refusal).await?;
            self.tell(name, signed.hash, receipt);
            if !step.done.seen(self.rpc).await? {
                return Err(DeployError::Unexpected(name));
            }
        }
        Ok(())
    }

    /// For development chains: everything that is missing at once, without a look between two steps.
    pub(super) async fn run_at_once(&self, steps: Vec<Step>) -> Result<(), DeployError> {
        let steps = missing(self.rpc, steps).await?;
        if steps.is_empty() {
            return Ok(());
        }
        let fees = fees::market(self.rpc, self.fee_cap).await?;
        let first = self.rpc.nonce(self.signer.address()).await?;
        let mut sent = Vec::with_capacity(steps.len());
        for (nonce, step) in (first..).zip(&steps) {
            let gas_limit = match step.done {
                Done::Code(_) => DEV_CREATE_GAS,
                _ => DEV_CALL_GAS,
            };
            sent.push((
                step.name,
                send(self.rpc, self.signer, step, (nonce, gas_limit, fees)).await?,
            ));
        }
        for (name, (signed, refusal)) in sent {
            let receipt = receipt(self.rpc, name, &signed, refusal).await?;
            self.tell(name, signed.hash, receipt);
        }
        Ok(())
    }

    fn tell(&self, step: &'static str, hash: B256, receipt: Receipt) {
        let gas_used = receipt.gas_used;
        tracing::debug!(chain_id = self.rpc.chain_id(), step, %hash, gas_used, "deployed");
        if let Some(watch) = self.watch {
            watch(Sent { step, hash, gas_used });
        }
    }
}

/// The error is the node's refusal; it may be "already known", so that only the receipt decides.
async fn send(
    rpc: &Rpc,
    signer: &DynSigner,
    step: &Step,
    (nonce, gas_limit, fees): (u64, u64, Fees),
) -> Result<(Signed, Option<RpcError>), DeployError> {
    let unsigned = Unsigned {
        chain_id: rpc.chain_id(),
        nonce,
        to: step.to,
        data: step.data.clone(),
        gas_limit,
        fees,
    };
    let transaction = sign(unsigned, signer).await?;
    let answers = rpc.broadcast(&transaction.raw).await;
    let refusal = answers.into_iter().reduce(Result::or).and_then(Result::err);
    if let Some(RpcError::Refused { message, .. }) = &refusal
        && matches!(classify(message), Refusal::InsufficientFunds | Refusal::Invalid)
    {
        return Err(refusal.map_or(DeployError::NotMined(step.name), DeployError::Rpc));
    }
    Ok((transaction, refusal))
}

async fn receipt(
    rpc: &Rpc,
    name: &'static str,
    signed: &Signed,
    refusal: Option<RpcError>,
) -> Result<Receipt, DeployError> {
    match tokio::time::timeout(RECEIPT_TIMEOUT, mined(rpc, signed.hash)).await {
        Ok(Ok(receipt)) if receipt.succeeded => Ok(receipt),
        Ok(Ok(_)) => Err(DeployError::Reverted(name)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(refusal.map_or(DeployError::NotMined(name), DeployError::Rpc)),
    }
}

async fn mined(rpc: &Rpc, hash: B256) -> Result<Receipt, RpcError> {
    let mut poll = tokio::time::interval(RECEIPT_POLL);
    loop {
        poll.tick().await;
        if let Some(receipt) = rpc.receipt(hash).await? {
            return Ok(receipt);
        }
    }
}

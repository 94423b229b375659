//! Many reads of contracts in one `eth_call`, without a contract of ours on the chain.
//!
//! The call deploys nothing: it runs a constructor that is written for the calls at hand, makes them, and "deploys" their answers,
//! which the node hands back. All of it happens in one block, and the answer says in which.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alloy_primitives::{B256, Bytes, U128, U256};
use async_trait::async_trait;
use domain::ports::{ChainError, NodeFault, ViewBlock, ViewCall, ViewCalls, Views};
use serde_json::json;

use crate::rpc::{Rpc, RpcError};

/// Below the limit of one transaction (EIP-7825), which some nodes hold calls to.
const GAS: u64 = 16_000_000;
/// Longest creation code (EIP-3860).
const MAX_PROGRAM: usize = 49_152;
/// Height, time, and hash of the block before.
const HEADER: usize = 96;
/// A gas price is asked for again after this long.
const GAS_PRICE_AGE: Duration = Duration::from_secs(10);

/// On which block a read without a pin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// The newest.
    Latest,
    /// The one to come, as development chains know it in advance.
    Pending,
}

impl Head {
    fn tag(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Pending => "pending",
        }
    }
}

/// [`ViewCalls`] over the endpoints of the configured chains.
#[derive(Debug)]
pub struct RpcViews {
    rpcs: BTreeMap<u64, Arc<Rpc>>,
    head: Head,
    gas_prices: Mutex<BTreeMap<u64, (Instant, u128)>>,
}

impl RpcViews {
    /// Over these endpoints; a chain without one is unknown.
    pub fn new(rpcs: impl IntoIterator<Item = Arc<Rpc>>) -> Self {
        Self {
            rpcs: rpcs.into_iter().map(|rpc| (rpc.chain_id(), rpc)).collect(),
            head: Head::Latest,
            gas_prices: Mutex::default(),
        }
    }

    /// Reads that block instead of the newest.
    #[must_use]
    pub fn at(mut self, head: Head) -> Self {
        self.head = head;
        self
    }

    fn rpc(&self, chain_id: u64) -> Result<&Rpc, ChainError> {
        let rpc = self.rpcs.get(&chain_id).ok_or(ChainError::UnknownChain(chain_id))?;
        Ok(rpc)
    }
}

#[async_trait]
impl ViewCalls for RpcViews {
    async fn view(&self, chain_id: u64, at: Option<ViewBlock>, calls: &[ViewCall]) -> Result<Views, ChainError> {
        let rpc = self.rpc(chain_id)?;
        let program = program(calls)?;
        let block = at.map_or_else(|| self.head.tag().to_owned(), |block| format!("{:#x}", block.number));
        // The block to come has no number that could be asked for.
        let block = if self.head == Head::Pending {
            self.head.tag().to_owned()
        } else {
            block
        };
        let call = json!({ "data": program, "gas": format!("{GAS:#x}") });
        let answer: Result<Bytes, RpcError> = rpc.raw("eth_call", json!([call, block])).await;
        let answer = answer.map_err(|error| failed(chain_id, error))?;
        let views = parse(&answer, calls.len()).ok_or_else(|| ChainError::Node {
            chain_id,
            fault: NodeFault::Malformed,
            detail: "malformed answer of a read".into(),
        })?;
        if at.is_some_and(|block| block != views.block) {
            return Err(unavailable(chain_id, "the chain went another way between two reads"));
        }
        Ok(views)
    }

    async fn gas_price(&self, chain_id: u64) -> Result<u128, ChainError> {
        let known = self
            .gas_prices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&chain_id)
            .copied();
        if let Some((_, price)) = known.filter(|(read, _)| read.elapsed() < GAS_PRICE_AGE) {
            return Ok(price);
        }
        let price: Result<U128, RpcError> = self.rpc(chain_id)?.raw("eth_gasPrice", json!([])).await;
        let price = price.map_err(|error| failed(chain_id, error))?.to();
        let mut prices = self.gas_prices.lock().unwrap_or_else(PoisonError::into_inner);
        prices.insert(chain_id, (Instant::now(), price));
        Ok(price)
    }
}

/// The node's own words are not ours to repeat.
fn failed(chain_id: u64, error: RpcError) -> ChainError {
    match error {
        RpcError::Unavailable {
            endpoint,
            fault: Some(fault),
            detail,
        } => ChainError::Node {
            chain_id,
            fault,
            detail: format!("endpoint {endpoint}: {detail}"),
        },
        RpcError::Refused { code, .. } => unavailable(chain_id, &format!("the node refused a read (code {code})")),
        other => unavailable(chain_id, &other.to_string()),
    }
}

fn unavailable(chain_id: u64, detail: &str) -> ChainError {
    ChainError::Unavailable {
        chain_id,
        detail: detail.to_owned(),
    }
}

// Opcodes.
const ADD: u8 = 0x01;
const SUB: u8 = 0x03;
const CODECOPY: u8 = 0x39;
const RETURNDATASIZE: u8 = 0x3d;
const RETURNDATACOPY: u8 = 0x3e;
const BLOCKHASH: u8 = 0x40;
const TIMESTAMP: u8 = 0x42;
const NUMBER: u8 = 0x43;
const MSTORE: u8 = 0x52;
const GAS_LEFT: u8 = 0x5a;
const PUSH0: u8 = 0x5f;
const PUSH1: u8 = 0x60;
const PUSH3: u8 = 0x62;
const PUSH20: u8 = 0x73;
const DUP2: u8 = 0x81;
const DUP3: u8 = 0x82;
const DUP4: u8 = 0x83;
const CALL: u8 = 0xf1;
const RETURN: u8 = 0xf3;

/// Stores height, time and hash of the block before at 0; leaves the place of the next answer on the stack.
const PROLOGUE: [u8; 17] = [
    NUMBER, PUSH0, MSTORE, TIMESTAMP, PUSH1, 0x20, MSTORE, PUSH1, 1, NUMBER, SUB, BLOCKHASH, PUSH1, 0x40, MSTORE,
    PUSH1, 0x60,
];
/// Returns what was stored.
const EPILOGUE: [u8; 2] = [PUSH0, RETURN];
/// Code of one call, its three numbers and the address included.
const STEP: usize = 61;

/// The constructor: code for each call, then the calldata of all.
fn program(calls: &[ViewCall]) -> Result<Bytes, ChainError> {
    let data: usize = calls.iter().map(|call| call.data.len()).sum();
    let total = PROLOGUE.len() + STEP * calls.len() + EPILOGUE.len() + data;
    if total > MAX_PROGRAM {
        let detail = format!("{} calls make {total} bytes of at most {MAX_PROGRAM}", calls.len());
        return Err(ChainError::Invalid { field: "calls", detail });
    }
    let mut code = Vec::with_capacity(total);
    code.extend_from_slice(&PROLOGUE);
    let mut at = total - data;
    for call in calls {
        step(&mut code, call, at);
        at += call.data.len();
    }
    code.extend_from_slice(&EPILOGUE);
    for call in calls {
        code.extend_from_slice(&call.data);
    }
    Ok(code.into())
}

/// With the place `p` on the stack: success at `p`, length at `p + 32`, the answer behind it; leaves the place after it.
fn step(code: &mut Vec<u8>, call: &ViewCall, data_at: usize) {
    let push3 = |code: &mut Vec<u8>, number: usize| {
        // The program is shorter than 2^24.
        let [.., a, b, c] = number.to_be_bytes();
        code.extend_from_slice(&[PUSH3, a, b, c]);
    };
    push3(code, call.data.len());
    push3(code, data_at);
    code.extend_from_slice(&[DUP3, CODECOPY, PUSH0, PUSH0]);
    push3(code, call.data.len());
    code.extend_from_slice(&[DUP4, PUSH0, PUSH20]);
    code.extend_from_slice(call.to.as_slice());
    code.extend_from_slice(&[GAS_LEFT, CALL, DUP2, MSTORE]);
    code.extend_from_slice(&[RETURNDATASIZE, DUP2, PUSH1, 0x20, ADD, MSTORE]);
    code.extend_from_slice(&[RETURNDATASIZE, PUSH0, DUP3, PUSH1, 0x40, ADD, RETURNDATACOPY]);
    code.extend_from_slice(&[RETURNDATASIZE, ADD, PUSH1, 0x40, ADD]);
}

fn parse(answer: &Bytes, calls: usize) -> Option<Views> {
    let word = |at: usize| answer.get(at..at + 32).map(U256::from_be_slice);
    let block = ViewBlock {
        number: word(0)?.try_into().ok()?,
        timestamp: word(32)?.try_into().ok()?,
        parent: B256::from(word(64)?),
    };
    let mut at = HEADER;
    let mut answers = Vec::with_capacity(calls);
    for _ in 0..calls {
        let done = !word(at)?.is_zero();
        let length: usize = word(at + 32)?.try_into().ok()?;
        let end = at.checked_add(64)?.checked_add(length)?;
        let bytes = answer.get(at + 64..end)?;
        answers.push(done.then(|| Bytes::copy_from_slice(bytes)));
        at = end;
    }
    (at == answer.len()).then_some(Views { block, answers })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    fn call(length: usize) -> ViewCall {
        ViewCall {
            to: Address::repeat_byte(7),
            data: vec![9; length].into(),
        }
    }

    #[test]
    fn the_code_of_a_call_is_as_long_as_it_is_counted() {
        let program = program(&[call(4), call(0)]).unwrap();
        assert_eq!(program.len(), PROLOGUE.len() + 2 * STEP + EPILOGUE.len() + 4);
        assert_eq!(&program[program.len() - 6..], &[PUSH0, RETURN, 9, 9, 9, 9]);
    }

    #[test]
    fn a_program_that_no_node_would_run_is_refused() {
        assert!(program(&[call(40_000)]).is_ok());
        assert!(matches!(
            program(&[call(40_000), call(10_000)]),
            Err(ChainError::Invalid { .. })
        ));
    }

    #[test]
    fn an_answer_that_is_cut_or_longer_than_it_says_is_malformed() {
        let mut answer = vec![0_u8; HEADER + 64 + 3];
        answer[31] = 5;
        answer[HEADER + 31] = 1;
        answer[HEADER + 63] = 3;
        let good = Bytes::from(answer.clone());
        assert_eq!(parse(&good, 1).unwrap().answers, vec![Some(Bytes::from(vec![0, 0, 0]))]);
        assert_eq!(parse(&good.slice(..good.len() - 1), 1), None);
        answer.push(0);
        assert_eq!(parse(&answer.clone().into(), 1), None);
        answer[HEADER + 32] = 0xff;
        assert_eq!(parse(&answer.into(), 1), None);
    }
}

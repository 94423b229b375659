//! What other people's contracts said in final blocks.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U64};
use async_trait::async_trait;
use domain::ports::{BlockRef, ChainError, EventLog, EventLogs, LogFilter, ViewBlock};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rpc::{Rpc, RpcError};

/// [`EventLogs`] over the endpoints of the configured chains.
#[derive(Debug)]
pub struct RpcLogs {
    rpcs: BTreeMap<u64, Arc<Rpc>>,
}

/// A log as the node gives it; nothing about it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: Option<U64>,
    block_hash: Option<B256>,
    transaction_hash: Option<B256>,
    log_index: Option<U64>,
    #[serde(default)]
    removed: bool,
}

impl RpcLogs {
    /// Over these endpoints; a chain without one is unknown.
    pub fn new(rpcs: impl IntoIterator<Item = Arc<Rpc>>) -> Self {
        Self {
            rpcs: rpcs.into_iter().map(|rpc| (rpc.chain_id(), rpc)).collect(),
        }
    }
}

#[async_trait]
impl EventLogs for RpcLogs {
    async fn logs(
        &self,
        chain_id: u64,
        blocks: RangeInclusive<u64>,
        filters: &[LogFilter],
    ) -> Result<Vec<EventLog>, ChainError> {
        let rpc = self.rpcs.get(&chain_id).ok_or(ChainError::UnknownChain(chain_id))?;
        let failed = |error: RpcError| unavailable(chain_id, error.to_string());
        // A node that lags answers nothing instead of an error: it must have the last block before and after it is asked.
        let last = *blocks.end();
        let before = block(rpc, last).await?;
        let asked = filters.iter().map(|filter| {
            let params = json!([{
                "fromBlock": U64::from(*blocks.start()),
                "toBlock": U64::from(last),
                "address": filter.address,
                "topics": topics(&filter.topics),
            }]);
            rpc.raw::<Vec<Wire>>("eth_getLogs", params)
        });
        let found = try_join_all(asked).await.map_err(failed)?;
        if block(rpc, last).await? != before {
            return Err(unavailable(chain_id, "the chain changed while it was read".to_owned()));
        }
        let mut logs = BTreeMap::new();
        let mut seen: BTreeMap<u64, BlockRef> = BTreeMap::from([(last, before)]);
        for log in found.into_iter().flatten() {
            let place = log
                .block_number
                .zip(log.log_index)
                .map(|(n, i)| (n.to::<u64>(), i.to::<u64>()));
            let place = place.filter(|(number, _)| blocks.contains(number));
            let (number, log_index) = place.ok_or_else(|| malformed(chain_id))?;
            let header = match seen.get(&number) {
                Some(header) => *header,
                None => *seen.entry(number).or_insert(block(rpc, number).await?),
            };
            logs.insert(
                (number, log_index),
                read(log, header, log_index).ok_or_else(|| malformed(chain_id))?,
            );
        }
        Ok(logs.into_values().collect())
    }
}

/// An empty place means any topic.
fn topics(places: &[Vec<B256>]) -> Value {
    let place = |any_of: &Vec<B256>| if any_of.is_empty() { Value::Null } else { json!(any_of) };
    places.iter().map(place).collect()
}

fn read(log: Wire, header: BlockRef, log_index: u64) -> Option<EventLog> {
    if log.removed || log.block_hash != Some(header.hash) {
        return None;
    }
    Some(EventLog {
        address: log.address,
        topics: log.topics,
        data: log.data,
        block: ViewBlock {
            number: header.number,
            timestamp: header.timestamp,
            parent: header.parent,
        },
        tx_hash: log.transaction_hash?,
        log_index,
    })
}

async fn block(rpc: &Rpc, number: u64) -> Result<BlockRef, ChainError> {
    let found = rpc.block(number).await;
    let found = found.map_err(|error| unavailable(rpc.chain_id(), error.to_string()))?;
    found.ok_or_else(|| unavailable(rpc.chain_id(), format!("the node has no block {number} yet")))
}

fn malformed(chain_id: u64) -> ChainError {
    unavailable(chain_id, "a log that is not of the block that it names".to_owned())
}

fn unavailable(chain_id: u64, detail: String) -> ChainError {
    ChainError::Unavailable { chain_id, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> BlockRef {
        BlockRef {
            number: 7,
            hash: B256::repeat_byte(1),
            parent: B256::repeat_byte(2),
            timestamp: 70,
        }
    }

    fn wire() -> Wire {
        Wire {
            address: Address::repeat_byte(3),
            topics: vec![B256::repeat_byte(4)],
            data: Bytes::new(),
            block_number: Some(U64::from(7)),
            block_hash: Some(header().hash),
            transaction_hash: Some(B256::repeat_byte(5)),
            log_index: Some(U64::from(2)),
            removed: false,
        }
    }

    #[test]
    fn a_log_of_another_branch_counts_for_nothing() {
        assert!(read(wire(), header(), 2).is_some_and(|log| log.block.timestamp == 70 && log.log_index == 2));
        let elsewhere = Wire {
            block_hash: Some(B256::repeat_byte(9)),
            ..wire()
        };
        let removed = Wire {
            removed: true,
            ..wire()
        };
        for bad in [elsewhere, removed] {
            assert_eq!(read(bad, header(), 2), None);
        }
    }

    #[test]
    fn a_place_without_topics_is_any() {
        let one = B256::repeat_byte(1);
        assert_eq!(
            topics(&[vec![one], vec![], vec![one, one]]),
            json!([[one], null, [one, one]])
        );
    }
}

//! Several JSON-RPC endpoints of one chain as one.
//!
//! Reads go to the endpoint with the highest head and fall over to the others; broadcasts go to all. Every endpoint proves
//! its chain id before it is used and again from time to time. Answers are read into the few fields that we need: rollups
//! have transaction and receipt types of their own, which strict types would refuse.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U64, U128, U256};
use alloy_transport_http::reqwest;
use domain::ports::{BlockRef, NodeFault};
use futures::future::join_all;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wire::{self, Failure};

/// How patient and how careful we are with endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RpcOptions {
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// An endpoint proves its chain id again after this long, and after every failure.
    pub verify_every: Duration,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            verify_every: Duration::from_secs(30),
        }
    }
}

/// What went wrong, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// No answer: try again. Of a broadcast: outcome unknown.
    #[error("endpoint {endpoint}: {detail}")]
    Unavailable {
        /// Host of the endpoint; never its path, which may be a credential.
        endpoint: String,
        /// How the node failed, when more is known than that it did.
        fault: Option<NodeFault>,
        /// Why.
        detail: String,
    },
    /// The node answered with an error.
    #[error("the node refused: {message} (code {code})")]
    Refused {
        /// JSON-RPC code.
        code: i64,
        /// The node's own words.
        message: String,
        /// Revert data.
        data: Option<Bytes>,
    },
    /// The endpoint serves another chain: an operator must correct the configuration.
    #[error("endpoint {endpoint} serves chain {got}, not {expected}")]
    WrongChain {
        /// Host.
        endpoint: String,
        /// Configured.
        expected: u64,
        /// Served.
        got: u64,
    },
    /// Not a URL, or no endpoint at all.
    #[error("endpoint {0} of the configuration is not an http URL")]
    BadUrl(usize),
}

/// The fields of a block header that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
}

impl Header {
    /// As the core keeps it.
    pub fn block_ref(&self) -> BlockRef {
        BlockRef {
            number: self.number.to(),
            hash: self.hash,
            parent: self.parent_hash,
            timestamp: self.timestamp.to(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireReceipt {
    block_number: Option<U64>,
    block_hash: Option<B256>,
    status: Option<U64>,
    gas_used: U64,
}

/// What became of a mined transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Height.
    pub block_number: u64,
    /// Block.
    pub block_hash: B256,
    /// It did not revert.
    pub succeeded: bool,
    /// Gas used.
    pub gas_used: u64,
}

/// A log as the node gives it; nothing about it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawLog {
    /// Contract.
    pub address: Address,
    /// Topics.
    pub topics: Vec<B256>,
    /// Data.
    pub data: Bytes,
    /// Block.
    pub block_hash: Option<B256>,
    /// Transaction.
    pub transaction_hash: Option<B256>,
    /// Position in the block.
    pub log_index: Option<U64>,
    /// The node says that the log is not canonical.
    #[serde(default)]
    pub removed: bool,
}

/// Recent fees.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeHistory {
    /// Base fee of each block, the next one last.
    #[serde(default)]
    pub base_fee_per_gas: Vec<U128>,
    /// Tips per block and asked percentile.
    #[serde(default)]
    pub reward: Option<Vec<Vec<U128>>>,
}

struct Endpoint {
    label: String,
    http: reqwest::Client,
    url: reqwest::Url,
    verified: Mutex<Option<Instant>>,
}

/// The endpoints of one chain.
pub struct Rpc {
    chain_id: u64,
    endpoints: Vec<Endpoint>,
    preferred: AtomicUsize,
    options: RpcOptions,
}

impl fmt::Debug for Rpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.endpoints.iter().map(|e| e.label.as_str()).collect();
        f.debug_struct("Rpc")
            .field("chain_id", &self.chain_id)
            .field("endpoints", &labels)
            .finish_non_exhaustive()
    }
}

impl Rpc {
    /// Connects and asks every endpoint for its chain id. An endpoint of another chain is refused; one that does not answer
    /// now is asked again before its first use, but one at least must answer.
    pub async fn connect(chain_id: u64, urls: &[String], options: RpcOptions) -> Result<Self, RpcError> {
        let rpc = Self::new(chain_id, urls, options)?;
        let checks = join_all(rpc.endpoints.iter().map(|e| rpc.verify(e))).await;
        if let Some(Err(wrong)) = checks.iter().find(|c| matches!(c, Err(RpcError::WrongChain { .. }))) {
            return Err(wrong.clone());
        }
        match checks.into_iter().reduce(Result::or) {
            Some(Ok(())) => Ok(rpc),
            Some(Err(error)) => Err(error),
            None => Err(RpcError::BadUrl(0)),
        }
    }

    /// The chain that an endpoint serves.
    pub async fn chain_at(url: &str, options: RpcOptions) -> Result<u64, RpcError> {
        let rpc = Self::new(0, &[url.to_owned()], options)?;
        let id: U64 = rpc.request(&rpc.endpoints[0], "eth_chainId", &json!([])).await?;
        Ok(id.to())
    }

    fn new(chain_id: u64, urls: &[String], options: RpcOptions) -> Result<Self, RpcError> {
        let endpoints = urls
            .iter()
            .enumerate()
            .map(|(i, url)| endpoint(url, options).ok_or(RpcError::BadUrl(i)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            chain_id,
            endpoints,
            preferred: AtomicUsize::new(0),
            options,
        })
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Newest block of the endpoint that is furthest ahead, which becomes the preferred one: a lagging endpoint is not asked
    /// while another is better.
    pub async fn head(&self) -> Result<BlockRef, RpcError> {
        let params = json!(["latest", false]);
        let answers = join_all(
            self.endpoints
                .iter()
                .map(|e| self.ask::<Header>(e, "eth_getBlockByNumber", &params)),
        )
        .await;
        let mut best: Option<(usize, BlockRef)> = None;
        let mut failure = RpcError::BadUrl(0);
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(header) => {
                    let block = header.block_ref();
                    if best.is_none_or(|(_, b)| block.number > b.number) {
                        best = Some((index, block));
                    }
                }
                Err(error) => failure = error,
            }
        }
        let (index, block) = best.ok_or(failure)?;
        self.preferred.store(index, Ordering::Relaxed);
        Ok(block)
    }

    /// The canonical block of that height, if the node has one.
    pub async fn block(&self, number: u64) -> Result<Option<BlockRef>, RpcError> {
        self.block_at(json!(U64::from(number))).await
    }

    /// The newest block that the node calls final, if it knows the tag.
    pub async fn finalized(&self) -> Result<Option<BlockRef>, RpcError> {
        self.block_at(json!("finalized")).await
    }

    async fn block_at(&self, at: Value) -> Result<Option<BlockRef>, RpcError> {
        let header: Option<Header> = self.read("eth_getBlockByNumber", json!([at, false])).await?;
        Ok(header.map(|h| h.block_ref()))
    }

    /// Whether no endpoint contradicts that block. An endpoint that lags or is silent does not contradict.
    pub async fn undisputed(&self, number: u64, hash: B256) -> Result<bool, RpcError> {
        let params = json!([U64::from(number), false]);
        let answers = join_all(
            self.endpoints
                .iter()
                .map(|e| self.ask::<Option<Header>>(e, "eth_getBlockByNumber", &params)),
        )
        .await;
        let mut confirmed = false;
        for header in answers.into_iter().flatten().flatten() {
            if header.hash != hash {
                return Ok(false);
            }
            confirmed = true;
        }
        Ok(confirmed)
    }

    /// The receipt, if the transaction is mined.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, RpcError> {
        let found: Option<WireReceipt> = self.read("eth_getTransactionReceipt", json!([hash])).await?;
        Ok(found.and_then(mined))
    }

    /// The receipt from whichever endpoint has one: a receipt index may lag.
    pub async fn receipt_anywhere(&self, hash: B256) -> Result<Option<Receipt>, RpcError> {
        let params = json!([hash]);
        let asked = self
            .endpoints
            .iter()
            .map(|e| self.ask::<Option<WireReceipt>>(e, "eth_getTransactionReceipt", &params));
        let answers = join_all(asked).await;
        let all_failed = answers.iter().all(Result::is_err);
        let mut failure = None;
        for answer in answers {
            match answer {
                Ok(found) => {
                    if let Some(receipt) = found.and_then(mined) {
                        return Ok(Some(receipt));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if all_failed => Err(error),
            _ => Ok(None),
        }
    }

    /// Number of transactions that the account has in blocks.
    pub async fn nonce(&self, account: Address) -> Result<u64, RpcError> {
        self.read::<U64>("eth_getTransactionCount", json!([account, "latest"]))
            .await
            .map(|n| n.to())
    }

    /// Number of transactions that the account had in blocks up to that one.
    pub async fn nonce_at(&self, account: Address, block: u64) -> Result<u64, RpcError> {
        self.read::<U64>("eth_getTransactionCount", json!([account, U64::from(block)]))
            .await
            .map(|n| n.to())
    }

    /// Runs a call against the newest block.
    pub async fn call(&self, from: Option<Address>, to: Address, data: &Bytes, gas: u64) -> Result<Bytes, RpcError> {
        let mut call = json!({ "to": to, "data": data, "gas": U64::from(gas) });
        if let Some(from) = from {
            call["from"] = json!(from);
        }
        self.read("eth_call", json!([call, "latest"])).await
    }

    /// Calls a contract at the block of that hash (EIP-1898); nothing is sent.
    pub async fn call_at(&self, to: Address, data: &Bytes, gas: u64, block: B256) -> Result<Bytes, RpcError> {
        let call = json!({ "to": to, "data": data, "gas": U64::from(gas) });
        self.read("eth_call", json!([call, { "blockHash": block }])).await
    }

    /// Gas that a transaction would take.
    pub async fn estimate_gas(&self, from: Address, to: Address, data: &Bytes) -> Result<u64, RpcError> {
        let call = json!({ "from": from, "to": to, "data": data });
        self.read::<U64>("eth_estimateGas", json!([call])).await.map(|n| n.to())
    }

    /// Code of an account.
    pub async fn code(&self, account: Address) -> Result<Bytes, RpcError> {
        self.read("eth_getCode", json!([account, "latest"])).await
    }

    /// One storage slot.
    pub async fn storage(&self, account: Address, slot: B256) -> Result<B256, RpcError> {
        self.read("eth_getStorageAt", json!([account, slot, "latest"])).await
    }

    /// Balance of the chain's own currency, wei.
    pub async fn native_balance(&self, account: Address) -> Result<U256, RpcError> {
        self.read("eth_getBalance", json!([account, "latest"])).await
    }

    /// Fees of the last `blocks` blocks, with the median tip.
    pub async fn fee_history(&self, blocks: u64) -> Result<FeeHistory, RpcError> {
        self.read("eth_feeHistory", json!([U64::from(blocks), "latest", [50.0]]))
            .await
    }

    /// Logs of exactly that block.
    pub async fn logs(&self, block: B256, address: Address, topics: &[B256]) -> Result<Vec<RawLog>, RpcError> {
        self.read(
            "eth_getLogs",
            json!([{ "blockHash": block, "address": address, "topics": [topics] }]),
        )
        .await
    }

    /// Sends signed bytes to every endpoint; one answer each, in order.
    pub async fn broadcast(&self, raw: &Bytes) -> Vec<Result<B256, RpcError>> {
        let params = json!([raw]);
        join_all(
            self.endpoints
                .iter()
                .map(|e| self.ask::<B256>(e, "eth_sendRawTransaction", &params)),
        )
        .await
    }

    /// Any other method, for development chains.
    pub async fn raw<T: Answer>(&self, method: &'static str, params: Value) -> Result<T, RpcError> {
        self.read(method, params).await
    }

    async fn read<T: Answer>(&self, method: &'static str, params: Value) -> Result<T, RpcError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failure = RpcError::BadUrl(0);
        for step in 0..self.endpoints.len() {
            let endpoint = &self.endpoints[(first + step) % self.endpoints.len()];
            match self.ask(endpoint, method, &params).await {
                Err(error @ (RpcError::Unavailable { .. } | RpcError::WrongChain { .. })) => failure = error,
                answer => return answer,
            }
        }
        Err(failure)
    }

    async fn ask<T: Answer>(&self, endpoint: &Endpoint, method: &'static str, params: &Value) -> Result<T, RpcError> {
        self.verify(endpoint).await?;
        self.request(endpoint, method, params).await
    }

    async fn verify(&self, endpoint: &Endpoint) -> Result<(), RpcError> {
        let last = *endpoint.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|at| at.elapsed() < self.options.verify_every) {
            return Ok(());
        }
        let got: U64 = self.request(endpoint, "eth_chainId", &json!([])).await?;
        if got.to::<u64>() != self.chain_id {
            metrics::counter!("chain_wrong_endpoint_total", "chain" => self.chain_id.to_string()).increment(1);
            let (endpoint, expected, got) = (endpoint.label.clone(), self.chain_id, got.to());
            tracing::error!(%endpoint, expected, got, "the endpoint serves another chain and is not used");
            return Err(RpcError::WrongChain {
                endpoint,
                expected,
                got,
            });
        }
        *endpoint.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }

    async fn request<T: Answer>(
        &self,
        endpoint: &Endpoint,
        method: &'static str,
        params: &Value,
    ) -> Result<T, RpcError> {
        let sent = wire::ask::<T>(&endpoint.http, &endpoint.url, method, params);
        let error = match tokio::time::timeout(self.options.timeout, sent).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failure)) => failed(&endpoint.label, failure),
            Err(_) => unavailable(&endpoint.label, Some(NodeFault::TimedOut), "no answer in time".into()),
        };
        if matches!(error, RpcError::Unavailable { .. }) {
            *endpoint.verified.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Err(error)
    }
}

/// What an answer must be able to do.
pub trait Answer: DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static {}
impl<T: DeserializeOwned + fmt::Debug + Send + Sync + Unpin + 'static> Answer for T {}

fn endpoint(url: &str, options: RpcOptions) -> Option<Endpoint> {
    let url: reqwest::Url = url.parse().ok()?;
    let host = url.host_str()?.to_owned();
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let label = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let http = reqwest::Client::builder()
        .timeout(options.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok()?;
    Some(Endpoint {
        label,
        http,
        url,
        verified: Mutex::new(None),
    })
}

fn mined(receipt: WireReceipt) -> Option<Receipt> {
    Some(Receipt {
        block_number: receipt.block_number?.to(),
        block_hash: receipt.block_hash?,
        // Every chain we settle on has the status field (EIP-658); without it we claim no success.
        succeeded: receipt.status.is_some_and(|s| s == U64::ONE),
        gas_used: receipt.gas_used.to(),
    })
}

fn unavailable(endpoint: &str, fault: Option<NodeFault>, detail: String) -> RpcError {
    RpcError::Unavailable {
        endpoint: endpoint.to_owned(),
        fault,
        detail,
    }
}

fn failed(label: &str, failure: Failure) -> RpcError {
    match failure {
        Failure::Lost(fault, detail) => unavailable(label, fault, detail),
        Failure::Refused { code, message, data } => RpcError::Refused { code, message, data },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_never_shown() {
        let urls = ["https://user:hunter2@node.example/v3/secret-key".to_owned()];
        let rpc = Rpc::new(1, &urls, RpcOptions::default()).unwrap();
        let text = format!("{rpc:?}");
        assert!(
            text.contains("node.example") && !text.contains("secret-key") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_error_of_an_endpoint_does_not_show_its_path() {
        let urls = ["http://127.0.0.1:1/secret-key".to_owned()];
        let error = Rpc::connect(1, &urls, RpcOptions::default()).await.unwrap_err();
        assert!(matches!(error, RpcError::Unavailable { .. }));
        assert!(!error.to_string().contains("secret-key"), "{error}");
    }

    #[test]
    fn only_http_endpoints_are_taken() {
        for bad in ["ws://node.example", "not a url", "file:///etc/passwd"] {
            let refused = Rpc::new(1, &[bad.to_owned()], RpcOptions::default()).map(|_| ());
            assert_eq!(refused, Err(RpcError::BadUrl(0)));
        }
    }
}

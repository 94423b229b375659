//! The list of ten quotes over GraphQL, through the router of the interface.

use std::sync::Arc;
use std::time::Duration;

use aggregator::World;
use anyhow::Context as _;
use async_trait::async_trait;
use futures::StreamExt;
use graphql::auth::Tokens;
use graphql::{Api, Callback, CallbackRefusal, DevClock, Parts, Process, ProviderCallbacks};
use http::{Request, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::figure::{Figure, Metric, Samples, each};
use crate::machine::cpu_nanos;
use crate::sample;
use crate::stage::{self, Manner};

/// Six fields of every quote.
const DOCUMENT: &str = "query List($id: ID!) { quoteRequest(id: $id) { quotes(first: 10) { nodes { \
    id provider verifiedApr { percent } totalOfPayments { amount } largestPayment { amount } binding } } } }";
/// Requests of a round.
const REQUESTS: usize = 10_000;
const UNCACHED_REQUESTS: usize = 2_000;

/// Processor time of one list of a closed book.
pub struct QuoteList {
    name: &'static str,
    cached: bool,
    api: Api,
    request: String,
    /// Makes every uncached document a new one.
    serial: usize,
}

impl QuoteList {
    /// With or without the cache of parsed documents.
    pub async fn new(name: &'static str, cached: bool, world: &World) -> anyhow::Result<Self> {
        let lenders = stage::lenders(&Manner::Instant, &Manner::Instant)?;
        let aggregator = stage::aggregator(world, lenders, Duration::from_millis(2_500));
        let (caller, key) = (sample::borrower(), stage::fresh_key(&aggregator)?);
        let view = aggregator.request_quotes(&caller, &key, sample::ask(24)).await?;
        aggregator.closed(&caller, view.id).await?;
        let parts = Parts {
            aggregator,
            // A development key: these tokens are checked in this process alone.
            tokens: Tokens::new("https://bench.invalid", &[7; 32], stage::clock())?,
            assets: Vec::new(),
            callbacks: Arc::new(Nobody),
            process: Arc::new(Nobody),
            proxies: Vec::new(),
            explorer: false,
            dev_clock: None::<Arc<dyn DevClock>>,
            site: graphql::web::Site::default(),
        };
        Ok(Self {
            name,
            cached,
            api: Api::new(parts),
            request: graphql::public_id::encode(graphql::public_id::Kind::Request, view.id.0),
            serial: 0,
        })
    }

    fn body(&mut self) -> String {
        let variables = json!({ "id": self.request });
        if self.cached {
            return json!({ "query": DOCUMENT, "variables": variables }).to_string();
        }
        self.serial += 1;
        json!({ "query": format!("{DOCUMENT} # {}", self.serial), "variables": variables }).to_string()
    }
}

#[async_trait]
impl Figure for QuoteList {
    fn name(&self) -> &'static str {
        self.name
    }

    fn metrics(&self) -> &'static [Metric] {
        const CACHED: &[Metric] = &[Metric::target("processor time of a list, document cached", "µs", 45)];
        const NEW: &[Metric] = &[Metric::report("processor time of a list, document never seen", "µs")];
        if self.cached { CACHED } else { NEW }
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let authorization = format!("Bearer {}", self.api.tokens.issue(&sample::borrower())?);
        let router = graphql::router(self.api.clone());
        let count = if self.cached { REQUESTS } else { UNCACHED_REQUESTS };
        let bodies: Vec<String> = (0..count).map(|_| self.body()).collect();
        // One task makes all requests, one after the other: no thread waits for a lock or steals work.
        let calls = tokio::spawn(async move {
            let mut expected = None;
            let before = cpu_nanos();
            for body in bodies {
                let request = Request::post("/graphql")
                    .header(header::CONTENT_TYPE, "application/json")
                    .header(header::AUTHORIZATION, &authorization)
                    .body(body)?;
                let mut chunks = router.clone().oneshot(request).await?.into_body().into_data_stream();
                let mut answer = Vec::new();
                while let Some(chunk) = chunks.next().await {
                    answer.extend_from_slice(&chunk.context("the answer ended early")?);
                }
                if let Some(length) = expected {
                    anyhow::ensure!(length == answer.len(), "an answer that differs from the first");
                } else {
                    check(&answer)?;
                    expected = Some(answer.len());
                }
            }
            anyhow::Ok((before, cpu_nanos()))
        });
        let (before, after) = calls.await??;
        let spent = before
            .zip(after)
            .map(|(before, after)| each(after.saturating_sub(before), count));
        Ok(vec![spent])
    }
}

/// Ten quotes and no error.
fn check(answer: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(answer)?;
    let nodes = answer
        .pointer("/data/quoteRequest/quotes/nodes")
        .and_then(Value::as_array);
    anyhow::ensure!(nodes.is_some_and(|nodes| nodes.len() == 10), "not ten quotes: {answer}");
    Ok(())
}

/// Takes no callbacks, and is always ready.
struct Nobody;

#[async_trait]
impl ProviderCallbacks for Nobody {
    async fn deliver(&self, _: Callback<'_>) -> Result<(), CallbackRefusal> {
        Err(CallbackRefusal::Unknown)
    }

    async fn network(&self, _: graphql::Network, _: &str, _: Callback<'_>) -> Option<graphql::NetworkReply> {
        None
    }
}

#[async_trait]
impl Process for Nobody {
    async fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }

    fn metrics(&self) -> String {
        String::new()
    }
}

//! What a fan-out to a hundred lenders adds to the slowest of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aggregator::api::QuoteUpdate;
use aggregator::{Aggregator, World};
use anyhow::Context as _;
use async_trait::async_trait;
use domain::eligibility::{AmountRange, Capabilities};
use domain::ids::{RequestId, SettlementId};
use domain::offer::Inquiry;
use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, Lender, LenderError, LenderStatus};
use domain::request::{Jurisdiction, Product};
use domain::{Currency, ProviderId};
use futures::StreamExt as _;

use crate::figure::{Figure, Metric, Samples, latencies, micros};
use crate::sample;
use crate::stage;

/// Lenders that are asked.
const LENDERS: u32 = 100;
/// The slowest answers after this; the others before it, evenly spread.
const SLOWEST: Duration = Duration::from_millis(100);
/// Books of a round, one after the other.
const BOOKS: usize = 100;
/// The subscriber waits no longer for a book.
const END: Duration = Duration::from_secs(20);

/// When the first lender of a request was called.
#[derive(Debug, Default)]
struct Called(Mutex<HashMap<RequestId, Instant>>);

impl Called {
    fn note(&self, request: RequestId) {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(request).or_insert(now);
    }

    fn take(&self, request: RequestId) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&request)
    }
}

struct Timed {
    id: ProviderId,
    capabilities: Capabilities,
    pause: Duration,
    percent: i64,
    called: Arc<Called>,
}

#[async_trait]
impl Lender for Timed {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        self.called.note(ask.request.id);
        tokio::time::sleep(self.pause).await;
        let offer = sample::offer(&ask.request, self.percent).map_err(|e| LenderError::Unavailable(e.to_string()))?;
        Ok(Answer::Offers(vec![offer]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }
}

fn lender(number: u32, called: &Arc<Called>) -> anyhow::Result<Arc<dyn Lender>> {
    let capabilities = Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![Jurisdiction {
            country: "US".to_owned(),
            region: None,
        }],
        amounts: vec![AmountRange {
            currency: Currency::usd(),
            min: 1,
            max: 10_000_000,
        }],
        min_term_days: 1,
        max_term_days: 4_000,
        collateral: Vec::new(),
        inquiry: Inquiry::None,
    };
    Ok(Arc::new(Timed {
        id: format!("fan-{number}").parse()?,
        capabilities,
        pause: SLOWEST * (number + 1) / LENDERS,
        percent: i64::from(8 + number % 20),
        called: Arc::clone(called),
    }))
}

/// From the call of the first lender to the quote of the last one at a subscriber, less the time of the slowest lender.
#[derive(Debug)]
pub struct FanOut {
    aggregator: Arc<Aggregator>,
    called: Arc<Called>,
}

impl FanOut {
    /// A hundred lenders of this process.
    pub fn new(world: &World) -> anyhow::Result<Self> {
        let called = Arc::new(Called::default());
        let lenders = (0..LENDERS).map(|number| lender(number, &called));
        let lenders = lenders.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self {
            aggregator: stage::aggregator(world, lenders, Duration::from_secs(5)),
            called,
        })
    }

    async fn book(&self) -> anyhow::Result<u64> {
        let aggregator = &self.aggregator;
        let (caller, key) = (sample::borrower(), stage::fresh_key(aggregator)?);
        let view = aggregator.request_quotes(&caller, &key, sample::ask(24)).await?;
        let mut updates = aggregator.updates(&caller, view.id).await?;
        let (mut quotes, mut last) = (0, None);
        while let Some(update) = updates.next().await {
            match update {
                QuoteUpdate::Quote(_) => {
                    quotes += 1;
                    last = Some(Instant::now());
                }
                QuoteUpdate::Loser(loser) => anyhow::bail!("a lender without a quote: {loser:?}"),
                QuoteUpdate::Closed(_) => break,
            }
        }
        anyhow::ensure!(quotes == LENDERS, "{quotes} quotes");
        let began = self.called.take(view.id).context("nobody was asked")?;
        let took = last.context("no quote")?.saturating_duration_since(began);
        Ok(micros(took.saturating_sub(SLOWEST)))
    }
}

#[async_trait]
impl Figure for FanOut {
    fn name(&self) -> &'static str {
        "fan_out_100"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::report("beyond the slowest of 100 lenders, p50", "ms"),
            Metric::target("beyond the slowest of 100 lenders, p99", "ms", 5),
            Metric::report("beyond the slowest of 100 lenders, largest", "ms"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let mut beyond = Vec::with_capacity(BOOKS);
        for _ in 0..BOOKS {
            beyond.push(tokio::time::timeout(END, self.book()).await??);
        }
        Ok(latencies(beyond))
    }
}

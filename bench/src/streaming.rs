//! How soon a subscriber sees the first quote.

use std::sync::Arc;
use std::time::Duration;

use aggregator::api::QuoteUpdate;
use aggregator::{Aggregator, World};
use anyhow::Context as _;
use async_trait::async_trait;
use futures::StreamExt;
use std::time::Instant;

use crate::figure::{Figure, Metric, Samples, latencies, micros};
use crate::load::run;
use crate::sample;
use crate::stage::{self, Answered, Manner};

/// Pause of the fastest lender: the subscriber is there before it answers.
const FASTEST: Duration = Duration::from_millis(5);
/// Pause of the others.
const OTHERS: Duration = Duration::from_millis(40);
/// Books at once, and of a round.
const BOOKS: (usize, usize) = (4, 200);

/// From the fastest lender's answer to the first quote at a subscriber.
#[derive(Debug)]
pub struct FirstQuote {
    aggregator: Arc<Aggregator>,
    answered: Answered,
}

impl FirstQuote {
    /// One lender that is faster than nine others.
    pub fn new(world: &World) -> anyhow::Result<Self> {
        let answered = Answered::default();
        let lenders = stage::lenders(&Manner::Noted(FASTEST, answered.clone()), &Manner::After(OTHERS))?;
        Ok(Self {
            aggregator: stage::aggregator(world, lenders, Duration::from_millis(2_500)),
            answered,
        })
    }
}

async fn first(aggregator: Arc<Aggregator>, answered: Answered) -> anyhow::Result<u64> {
    let (caller, key) = (sample::borrower(), stage::fresh_key(&aggregator)?);
    let view = aggregator.request_quotes(&caller, &key, sample::ask(24)).await?;
    let mut updates = aggregator.updates(&caller, view.id).await?;
    while let Some(update) = updates.next().await {
        if matches!(update, QuoteUpdate::Quote(_)) {
            let seen = Instant::now();
            let answered = answered.take(view.id).context("another lender was faster")?;
            aggregator.closed(&caller, view.id).await?;
            return Ok(micros(seen.saturating_duration_since(answered)));
        }
    }
    anyhow::bail!("a book without quotes")
}

#[async_trait]
impl Figure for FirstQuote {
    fn name(&self) -> &'static str {
        "first_streamed"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::report("fastest answer to first quote, p50", "ms"),
            Metric::target("fastest answer to first quote, p99", "ms", 5),
            Metric::report("fastest answer to first quote, largest", "ms"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let took = run(BOOKS, || first(Arc::clone(&self.aggregator), self.answered.clone())).await?;
        Ok(latencies(took))
    }
}

//! Requests for quotes through the whole path, persistence included.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aggregator::{Aggregator, World};
use async_trait::async_trait;
use domain::loan::RequestState;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::figure::{Figure, Metric, Samples, each, latencies, micros, nanos};
use crate::machine::{Postgres, cpu_nanos};
use crate::sample;
use crate::stage::{self, Manner};

/// Name, requests at once, and requests of a round.
pub const SIZES: [(&str, usize, usize); 3] = [
    ("quote_request_c1", 1, 200),
    ("quote_request_c8", 8, 400),
    ("quote_request_c32", 32, 400),
];

/// Term of the loans, months.
const MONTHS: u32 = 24;
/// Longer than any book of instant lenders.
const DEADLINE: Duration = Duration::from_millis(2_500);

/// Calls `one` that often, `concurrency` at a time, each in a task of its own.
pub async fn run<F, T>((concurrency, requests): (usize, usize), one: impl Fn() -> F) -> anyhow::Result<Vec<T>>
where
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    stream::iter(0..requests)
        .map(|_| tokio::spawn(one()))
        .buffer_unordered(concurrency)
        .map(|done| done?)
        .try_collect()
        .await
}

/// Asks, and waits until the book is closed and stored; answers how long that took.
async fn book(aggregator: Arc<Aggregator>) -> anyhow::Result<Duration> {
    let (caller, key) = (sample::borrower(), stage::fresh_key(&aggregator)?);
    let started = Instant::now();
    let view = aggregator.request_quotes(&caller, &key, sample::ask(MONTHS)).await?;
    let closed = aggregator.closed(&caller, view.id).await?;
    let took = started.elapsed();
    anyhow::ensure!(
        closed.state == RequestState::Quoted,
        "a book without quotes: {:?}",
        closed.losers
    );
    Ok(took)
}

/// Whole quote requests with instant lenders.
#[derive(Debug)]
pub struct Requests {
    name: &'static str,
    size: (usize, usize),
    aggregator: Arc<Aggregator>,
    server: Postgres,
}

impl Requests {
    /// That many at a time.
    pub fn new(
        name: &'static str,
        concurrency: usize,
        requests: usize,
        (world, server): (&World, Postgres),
    ) -> anyhow::Result<Self> {
        let lenders = stage::lenders(&Manner::Instant, &Manner::Instant)?;
        Ok(Self {
            name,
            size: (concurrency, requests),
            aggregator: stage::aggregator(world, lenders, DEADLINE),
            server,
        })
    }
}

#[async_trait]
impl Figure for Requests {
    fn name(&self) -> &'static str {
        self.name
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::report("requests a second, 10 lenders each", "1/s"),
            Metric::report("processor time of a request, this process", "µs"),
            Metric::report("processor time of a request, PostgreSQL", "µs"),
            Metric::report("latency p50", "ms"),
            Metric::report("latency p99", "ms"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let requests = self.size.1;
        let (own, theirs) = (cpu_nanos(), self.server.cpu_nanos());
        let started = Instant::now();
        let took = run(self.size, || book(Arc::clone(&self.aggregator))).await?;
        let elapsed = nanos(started.elapsed());
        let spent = |before: Option<u64>, after: Option<u64>| Some(each(after?.checked_sub(before?)?, requests));
        let own = spent(own, cpu_nanos());
        let theirs = spent(theirs, self.server.cpu_nanos());
        // Thousandths of a request a second.
        let rate = 1_000_000_000_000_u64.checked_div(each(elapsed, requests));
        let late = latencies(took.into_iter().map(micros).collect());
        Ok(vec![rate, own, theirs, late[0], late[1]])
    }
}

/// One of the lenders never answers: how long after the deadline the closed book is there.
#[derive(Debug)]
pub struct HungLender {
    aggregator: Arc<Aggregator>,
}

/// Deadline of the books with a hung lender.
const SHORT_DEADLINE: Duration = Duration::from_millis(100);
/// Books at once, and of a round.
const HUNG: (usize, usize) = (4, 200);

impl HungLender {
    /// Nine instant lenders and one that hangs.
    pub fn new(world: &World) -> anyhow::Result<Self> {
        let lenders = stage::lenders(&Manner::Hangs, &Manner::Instant)?;
        Ok(Self {
            aggregator: stage::aggregator(world, lenders, SHORT_DEADLINE),
        })
    }
}

#[async_trait]
impl Figure for HungLender {
    fn name(&self) -> &'static str {
        "hung_lender"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::report("answer beyond the deadline, p50", "ms"),
            Metric::target("answer beyond the deadline, p99", "ms", 10),
            Metric::report("answer beyond the deadline, largest", "ms"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let took = run(HUNG, || book(Arc::clone(&self.aggregator))).await?;
        let beyond = took.into_iter().map(|took| micros(took.saturating_sub(SHORT_DEADLINE)));
        Ok(latencies(beyond.collect()))
    }
}

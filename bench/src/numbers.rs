//! The pure figures: one rate, and one whole quote.

use std::hint::black_box;
use std::time::Instant;

use async_trait::async_trait;
use domain::appraisal::appraise;
use domain::cashflow::{DatedFlows, us};
use domain::digest::Arrival;
use domain::ids::QuoteId;
use domain::offer::Offer;
use domain::quote::Quote;
use domain::ranking::{Candidate, RankBy, rank};
use domain::request::CreditRequest;
use uuid::Uuid;

use crate::figure::{Figure, Metric, Samples, each, median, nanos};
use crate::sample;

/// Batches of a round; the round's figure is the middle one, so that a batch that lost the processor does not count.
const BATCHES: usize = 25;
/// Calls of a batch.
const CALLS: usize = 200;

/// Nanoseconds of one call.
pub fn time<T>(mut call: impl FnMut() -> T) -> u64 {
    let batch = |_| {
        let started = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        each(nanos(started.elapsed()), CALLS)
    };
    median((0..BATCHES).map(batch).collect())
}

/// US APR of a loan with 360 monthly payments, from dates and amounts to the rate.
#[derive(Debug)]
pub struct Apr {
    flows: DatedFlows,
}

impl Apr {
    /// 300,000 USD at 6 % a year for 30 years.
    pub fn new() -> anyhow::Result<Self> {
        let mut request = sample::request(360)?;
        request.amount = sample::usd(30_000_000);
        let offer = sample::offer(&request, 6)?;
        let rows = offer.repayment.schedule.iter();
        let flows = DatedFlows {
            advances: vec![(request.at.date_naive(), i128::from(offer.amounts.net_disbursed.minor))],
            payments: rows.map(|row| (row.due, i128::from(row.total.minor))).collect(),
        };
        anyhow::ensure!(us::apr(&flows).is_ok(), "the sample loan has no APR");
        Ok(Self { flows })
    }
}

#[async_trait]
impl Figure for Apr {
    fn name(&self) -> &'static str {
        "apr_us_360"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[Metric::target("one APR", "µs", 20)];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        Ok(vec![Some(time(|| us::apr(black_box(&self.flows))))])
    }
}

/// A whole quote: APR in three conventions, scenarios and rank. Its digest is timed apart.
#[derive(Debug)]
pub struct WholeQuote {
    name: &'static str,
    request: CreditRequest,
    offer: Offer,
    /// Nine quotes that it is ranked among.
    others: Vec<Candidate>,
}

impl WholeQuote {
    /// Of that many monthly payments.
    pub fn new(name: &'static str, payments: u32) -> anyhow::Result<Self> {
        let request = sample::request(payments)?;
        let offer = sample::offer(&request, 12)?;
        let mut others = Vec::new();
        for percent in 8..17 {
            let quote = seal(&request, sample::offer(&request, percent)?)?;
            others.push(Candidate::of(&quote));
        }
        Ok(Self {
            name,
            request,
            offer,
            others,
        })
    }
}

fn arrival(request: &CreditRequest) -> anyhow::Result<Arrival> {
    Ok(Arrival {
        id: QuoteId(Uuid::from_u128(10)),
        provider: "harbor-bank".parse()?,
        at: request.at,
    })
}

fn seal(request: &CreditRequest, offer: Offer) -> anyhow::Result<Quote> {
    let appraisal = appraise(request, &offer)?;
    Ok(Quote::seal(arrival(request)?, request, offer, appraisal, Vec::new()))
}

#[async_trait]
impl Figure for WholeQuote {
    fn name(&self) -> &'static str {
        self.name
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::target("APR in 3 conventions, scenarios and rank", "µs", 150),
            Metric::report("of it: appraisal", "µs"),
            Metric::report("of it: rank among 10", "µs"),
            Metric::report("beyond it: seal (JSON and digest)", "µs"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let (request, offer) = (&self.request, &self.offer);
        let quote = seal(request, offer.clone())?;
        let appraisal = appraise(request, offer)?;
        let arrival = arrival(request)?;
        let appraised = time(|| appraise(black_box(request), black_box(offer)));
        let ranked = time(|| {
            let own = std::iter::once(Candidate::of(black_box(&quote)));
            rank(self.others.iter().cloned().chain(own).collect(), RankBy::Apr)
        });
        let sealed = time(|| {
            Quote::seal(
                arrival.clone(),
                request,
                black_box(offer).clone(),
                appraisal.clone(),
                Vec::new(),
            )
        });
        Ok([appraised + ranked, appraised, ranked, sealed].map(Some).to_vec())
    }
}

//! Every eligible lender at once, under one absolute deadline; each answer is shown as it arrives.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::ProviderId;
use domain::ports::{Ask, Lender};
use domain::request::CreditRequest;
use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::weigh::{Weighed, weigh};
use crate::Aggregator;
use crate::bus::LiveBook;

/// One request's fan-out.
pub(super) struct FanOut {
    pub request: Arc<CreditRequest>,
    pub lenders: Vec<Arc<dyn Lender>>,
    pub started: Instant,
    pub deadline: Instant,
}

impl FanOut {
    /// Asks, shows every answer, and returns at the last answer or at the deadline, whichever is first.
    pub(super) async fn run(self, aggregator: &Arc<Aggregator>, book: &LiveBook) -> Weighed {
        let mut waiting: Vec<ProviderId> = self.lenders.iter().map(|lender| lender.id().clone()).collect();
        let mut calls = self.spawn(aggregator);
        let mut all = Weighed::default();
        let end = tokio::time::sleep_until(self.deadline.into());
        tokio::pin!(end);
        loop {
            let answer = tokio::select! {
                answer = calls.join_next() => answer,
                () = &mut end => None,
            };
            let Some(answer) = answer else { break };
            // A cancelled call cannot be here, and a panic of the lender was caught inside: what is left is late.
            let Ok((provider, weighed, after)) = answer else {
                continue;
            };
            waiting.retain(|other| *other != provider);
            show(book, &provider, weighed, Some(after), &mut all);
        }
        calls.abort_all();
        for provider in waiting {
            show(book, &provider, Weighed::late(&provider), None, &mut all);
        }
        all
    }

    fn spawn(&self, aggregator: &Arc<Aggregator>) -> JoinSet<(ProviderId, Weighed, Duration)> {
        let slots = Arc::new(Semaphore::new(aggregator.world.settings.fan_out.max(1)));
        let mut calls = JoinSet::new();
        for lender in &self.lenders {
            let (lender, slots, aggregator) = (Arc::clone(lender), Arc::clone(&slots), Arc::clone(aggregator));
            let (request, deadline, started) = (Arc::clone(&self.request), self.deadline, self.started);
            calls.spawn(async move {
                let provider = lender.id().clone();
                let ask = Ask {
                    request: CreditRequest::clone(&request),
                    deadline,
                };
                let asked = async {
                    let _slot = slots.acquire().await;
                    let answer = lender.quote(&ask).await;
                    let after = started.elapsed();
                    (weigh(&aggregator.world, &request, &provider, answer).await, after)
                };
                let (weighed, after) = AssertUnwindSafe(asked).catch_unwind().await.unwrap_or_else(|_| {
                    tracing::error!(%provider, request = %request.id, "panic while asking the lender");
                    (Weighed::unavailable(&provider), started.elapsed())
                });
                (provider, weighed, after)
            });
        }
        calls
    }
}

/// Shows one lender's answer and adds it to the rest.
fn show(book: &LiveBook, provider: &ProviderId, mut weighed: Weighed, after: Option<Duration>, all: &mut Weighed) {
    let millis = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
    book.answered(provider, millis, &weighed.quotes, &weighed.losers);
    for loser in &weighed.losers {
        let kind = format!("{:?}", loser.kind);
        metrics::counter!("usance_quote_losers_total", "provider" => provider.to_string(), "kind" => kind).increment(1);
    }
    if let Some(after) = after {
        metrics::histogram!("usance_lender_answer_seconds", "provider" => provider.to_string()).record(after);
    }
    all.quotes.append(&mut weighed.quotes);
    all.bodies.append(&mut weighed.bodies);
    all.losers.append(&mut weighed.losers);
    all.decisions.append(&mut weighed.decisions);
}

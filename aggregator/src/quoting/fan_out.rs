//! Every eligible lender at once, under one absolute deadline; each answer is shown as it arrives.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ids::ProviderId;
use domain::ports::{Ask, Lender};
use domain::provider::CallResult;
use domain::request::CreditRequest;
use futures::FutureExt;
use risk::RiskDecision;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::weigh::{Weighed, weigh};
use crate::Aggregator;
use crate::bus::LiveBook;
use crate::providers::Asked;

/// One lender's answer.
struct Answered {
    provider: ProviderId,
    weighed: Weighed,
    /// Since the fan-out began.
    after: Duration,
    result: CallResult,
    /// Since the lender was asked.
    took: Duration,
}

/// One request's fan-out.
pub(super) struct FanOut {
    pub request: Arc<CreditRequest>,
    /// Made when the request was.
    pub risk: Arc<RiskDecision>,
    pub lenders: Vec<Arc<dyn Lender>>,
    pub started: Instant,
    pub deadline: Instant,
}

impl FanOut {
    /// Asks, shows every answer, and returns at the last answer or at the deadline, whichever is first.
    pub(super) async fn run(self, aggregator: &Arc<Aggregator>, book: &LiveBook) -> Weighed {
        let revision = |lender: &Arc<dyn Lender>| (lender.id().clone(), aggregator.providers.revision(lender.id()));
        let mut waiting: Vec<(ProviderId, Option<i32>)> = self.lenders.iter().map(revision).collect();
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
            let Ok(Answered {
                provider,
                weighed,
                after,
                result,
                took,
            }) = answer
            else {
                continue;
            };
            let at = waiting.iter().position(|(other, _)| *other == provider);
            aggregator.note_call(Asked {
                provider: &provider,
                revision: at.and_then(|at| waiting.remove(at).1),
                result: weighed.fault.unwrap_or(result),
                after: took,
                quotes: &weighed.quotes,
            });
            show(book, &provider, weighed, Some(after), &mut all);
        }
        calls.abort_all();
        for (provider, revision) in waiting {
            aggregator.note_call(Asked {
                provider: &provider,
                revision,
                result: CallResult::Late,
                after: self.started.elapsed(),
                quotes: &[],
            });
            show(book, &provider, Weighed::late(&provider), None, &mut all);
        }
        all
    }

    fn spawn(&self, aggregator: &Arc<Aggregator>) -> JoinSet<Answered> {
        let slots = Arc::new(Semaphore::new(aggregator.world.settings.fan_out.max(1)));
        let mut calls = JoinSet::new();
        for lender in &self.lenders {
            let (lender, slots, aggregator) = (Arc::clone(lender), Arc::clone(&slots), Arc::clone(aggregator));
            let (request, deadline, started) = (Arc::clone(&self.request), self.deadline, self.started);
            let risk = Arc::clone(&self.risk);
            calls.spawn(async move {
                let provider = lender.id().clone();
                let ask = Ask {
                    request: CreditRequest::clone(&request),
                    deadline,
                };
                let asked = async {
                    let _slot = slots.acquire().await;
                    let asked_at = Instant::now();
                    let answer = lender.quote(&ask).await;
                    let (after, took) = (started.elapsed(), asked_at.elapsed());
                    let result = CallResult::of(&answer);
                    let weighed = weigh(&aggregator.world, (&request, &risk), &provider, answer).await;
                    (weighed, after, result, took)
                };
                let asked = AssertUnwindSafe(asked).catch_unwind().await;
                let (weighed, after, result, took) = asked.unwrap_or_else(|_| {
                    tracing::error!(%provider, request = %request.id, "panic while asking the lender");
                    let after = started.elapsed();
                    (Weighed::unavailable(&provider), after, CallResult::Unavailable, after)
                });
                Answered {
                    provider,
                    weighed,
                    after,
                    result,
                    took,
                }
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

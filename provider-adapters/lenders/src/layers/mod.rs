//! The layers around every lender, put on once, in one order:
//!
//! quotes: observe → cache (for some) → single flight → rate limit → breaker → deadline → hedge → bulkhead → check → adapter;
//! accept, status, cancel: observe → deadline → bulkhead of their own → adapter.
//!
//! Money calls are never hedged, never shed by our own rate limit, and never stopped by a breaker that quotes opened: a
//! settlement must be able to learn what became of it.

mod adjustable;
mod breaker;
mod bulkhead;
mod cache;
mod flight;
mod hedge;
mod observe;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::provider::Limits;
use domain::{ProviderId, SettlementId};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Lender, LenderError, LenderStatus, validate_answer,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout, timeout_at};

use adjustable::Adjustable;
use breaker::Breaker;
use cache::{QuoteCache, facts, shareable};
use flight::{Key, SingleFlight};
use hedge::Hedge;

/// How a lender is treated, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Quote calls at the same time.
    pub max_concurrent: u32,
    /// Quote calls that may wait for a place; more are refused.
    pub max_waiting: u32,
    /// Accept, status and cancel calls at the same time.
    pub max_concurrent_money: u32,
    /// Quote calls a second.
    pub quotes_per_second: u32,
    /// Quote calls at once after a pause.
    pub burst: u32,
    /// The breaker looks at no fewer calls than this.
    pub breaker_min_calls: u32,
    /// It opens when this share of the last 32 calls failed, per cent.
    pub breaker_failure_percent: u32,
    /// It stays open this long, then lets one call through.
    pub breaker_open_ms: u64,
    /// Share of quote calls that may be asked a second time, per cent; 0 never hedges.
    pub hedge_budget_percent: u32,
    /// A second question is not sent earlier than this after the first.
    pub hedge_min_ms: u64,
    /// Longest wait for accept, status and cancel.
    pub money_timeout_ms: u64,
    /// An answer is given again to the same question, of whoever asks it, for so long and never past its validity; 0 never.
    /// Only for lenders whose quotes depend on the loan and not on the person: what is binding, needs an inquiry, or is a
    /// decline is never given again.
    pub cache_seconds: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_concurrent: 64,
            max_waiting: 256,
            max_concurrent_money: 16,
            quotes_per_second: 1_000,
            burst: 1_000,
            breaker_min_calls: 10,
            breaker_failure_percent: 50,
            breaker_open_ms: 5_000,
            hedge_budget_percent: 5,
            hedge_min_ms: 20,
            money_timeout_ms: 15_000,
            cache_seconds: 0,
        }
    }
}

impl Policy {
    /// What of it an operator may change while the lender runs.
    pub fn limits(&self) -> Limits {
        Limits {
            max_concurrent: self.max_concurrent,
            max_waiting: self.max_waiting,
            max_concurrent_money: self.max_concurrent_money,
            quotes_per_second: self.quotes_per_second,
            burst: self.burst,
        }
    }
}

/// Puts every layer around a lender. `clock` is the time by which offers are judged.
pub fn decorate(lender: Arc<dyn Lender>, policy: &Policy, clock: Arc<dyn Clock>) -> Arc<dyn Lender> {
    decorate_with_handle(lender, policy, clock).0
}

/// The same, and what an operator moves of it.
pub(crate) fn decorate_with_handle(
    lender: Arc<dyn Lender>,
    policy: &Policy,
    clock: Arc<dyn Clock>,
) -> (Arc<dyn Lender>, Handle) {
    observe::announce(lender.id());
    let handle = Handle {
        limited: Arc::new(Adjustable::new(policy.limits())),
        cache: QuoteCache::of(policy.cache_seconds).map(Arc::new),
    };
    let asking = Asking {
        limited: Arc::clone(&handle.limited),
        breaker: Breaker::new(policy),
        hedge: Hedge::new(policy),
        lender: Arc::clone(&lender),
        clock: Arc::clone(&clock),
    };
    let decorated = Decorated {
        lender,
        asking: Arc::new(asking),
        flight: SingleFlight::default(),
        limited: Arc::clone(&handle.limited),
        cache: handle.cache.clone(),
        clock,
        money_timeout: Duration::from_millis(policy.money_timeout_ms),
    };
    (Arc::new(decorated), handle)
}

/// What an operator moves of the layers around one lender.
#[derive(Clone)]
pub(crate) struct Handle {
    limited: Arc<Adjustable>,
    cache: Option<Arc<QuoteCache>>,
}

impl Handle {
    /// From the next call on.
    pub(crate) fn limit(&self, limits: Limits) {
        self.limited.set(limits);
    }

    /// Forgets every quote.
    pub(crate) fn forget_quotes(&self) {
        if let Some(cache) = &self.cache {
            cache.forget();
        }
    }
}

struct Decorated {
    lender: Arc<dyn Lender>,
    asking: Arc<Asking>,
    flight: SingleFlight,
    limited: Arc<Adjustable>,
    cache: Option<Arc<QuoteCache>>,
    clock: Arc<dyn Clock>,
    money_timeout: Duration,
}

/// The layers of a quote below the single flight.
struct Asking {
    limited: Arc<Adjustable>,
    breaker: Breaker,
    hedge: Hedge,
    lender: Arc<dyn Lender>,
    clock: Arc<dyn Clock>,
}

impl Asking {
    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        self.limited.now().rate.check().map_err(|_| LenderError::RateLimited)?;
        let deadline = Instant::from_std(ask.deadline);
        let permit = self.breaker.enter(deadline)?;
        let hedged = self.hedge.run(|| self.once(ask));
        let result = timeout_at(deadline, hedged).await.unwrap_or(Err(LenderError::TimedOut));
        permit.settle(&result);
        result
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let limited = self.limited.now();
        let _place = limited.quotes.enter().await?;
        let answer = self.lender.quote(ask).await?;
        validate_answer(&answer, &ask.request, self.clock.now())?;
        Ok(answer)
    }
}

impl Decorated {
    async fn money<T: Send>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, LenderError>> + Send,
    ) -> Result<T, LenderError> {
        let started = Instant::now();
        let limited = self.limited.now();
        let in_bulkhead = async {
            let _place = limited.money.enter().await?;
            call.await
        };
        let result = timeout(self.money_timeout, in_bulkhead)
            .await
            .unwrap_or(Err(LenderError::TimedOut));
        observe::report(self.lender.id(), operation, started, result.as_ref().map(|_| "ok"));
        result
    }

    /// The answer to that question and whether another's call gave it. Of equal questions the first one's deadline drives the
    /// call; each keeps its own as well.
    async fn join(&self, key: Key, ask: &Ask) -> (Result<Answer, LenderError>, bool) {
        let asking = Arc::clone(&self.asking);
        let (call, joined) = self
            .flight
            .join(key, ask, |ask| async move { asking.quote(&ask).await });
        let deadline = Instant::from_std(ask.deadline);
        let result = timeout_at(deadline, call).await.unwrap_or(Err(LenderError::TimedOut));
        (result, joined)
    }

    /// A question to a lender whose quotes depend on the loan only: remembered, or shared with whoever asks the same. Answers
    /// also whether it was remembered.
    async fn impersonal(&self, cache: &QuoteCache, facts: &str, ask: &Ask) -> (Result<Answer, LenderError>, bool) {
        if let Some(answer) = cache.get(facts, &ask.request, self.clock.now()) {
            return (Ok(answer), true);
        }
        // A call that began before the cache was emptied is not joined: it may say what was true before.
        let generation = cache.generation();
        let (result, joined) = self.join(Key::Facts(format!("{generation} {facts}")), ask).await;
        match &result {
            Ok(answer) if shareable(answer) => {
                cache.put(generation, facts, answer, self.clock.now());
                let fresh = validate_answer(answer, &ask.request, self.clock.now());
                (fresh.and(result), false)
            }
            // Said to another person, or cut off at the other's deadline.
            Ok(_) | Err(LenderError::TimedOut) if joined => {
                (self.join(Key::Request(ask.request.id), ask).await.0, false)
            }
            Ok(_) | Err(_) => (result, false),
        }
    }
}

#[async_trait]
impl Lender for Decorated {
    fn id(&self) -> &ProviderId {
        self.lender.id()
    }

    fn capabilities(&self) -> &Capabilities {
        self.lender.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let started = Instant::now();
        let cache = self.cache.as_ref();
        let (result, remembered) = match cache.and_then(|cache| Some((cache, facts(&ask.request)?))) {
            Some((cache, facts)) => self.impersonal(cache, &facts, ask).await,
            None => (self.join(Key::Request(ask.request.id), ask).await.0, false),
        };
        let outcome = result.as_ref().map(|answer| match answer {
            Answer::Offers(_) if remembered => "cached",
            Answer::Offers(_) => "ok",
            Answer::Declined(_) => "declined",
        });
        observe::report(self.lender.id(), "quote", started, outcome);
        result
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.money("accept", self.lender.accept(order)).await
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.money("status", self.lender.status(settlement)).await
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.money("cancel", self.lender.cancel(settlement)).await
    }
}

#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod tests;

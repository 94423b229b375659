//! The layers around every lender, put on once, in one order:
//!
//! quotes: observe → single flight → rate limit → breaker → deadline → hedge → bulkhead → check → adapter;
//! accept, status, cancel: observe → deadline → bulkhead of their own → adapter.
//!
//! Money calls are never hedged, never shed by our own rate limit, and never stopped by a breaker that quotes opened: a
//! settlement must be able to learn what became of it.

mod breaker;
mod bulkhead;
mod flight;
mod hedge;
mod observe;

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{ProviderId, SettlementId};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Lender, LenderError, LenderStatus, validate_answer,
};
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use breaker::Breaker;
use bulkhead::Bulkhead;
use flight::SingleFlight;
use hedge::Hedge;

/// How a lender is treated, as data.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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
        }
    }
}

/// Puts every layer around a lender. `clock` is the time by which offers are judged.
pub fn decorate(lender: Arc<dyn Lender>, policy: &Policy, clock: Arc<dyn Clock>) -> Arc<dyn Lender> {
    let per_second = NonZeroU32::new(policy.quotes_per_second).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(policy.burst).unwrap_or(NonZeroU32::MIN);
    observe::announce(lender.id());
    let asking = Asking {
        limit: RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst)),
        breaker: Breaker::new(policy),
        hedge: Hedge::new(policy),
        bulkhead: Bulkhead::new(policy.max_concurrent, policy.max_waiting),
        lender: Arc::clone(&lender),
        clock,
    };
    Arc::new(Decorated {
        lender,
        asking: Arc::new(asking),
        flight: SingleFlight::default(),
        money: Bulkhead::new(policy.max_concurrent_money, policy.max_waiting),
        money_timeout: Duration::from_millis(policy.money_timeout_ms),
    })
}

struct Decorated {
    lender: Arc<dyn Lender>,
    asking: Arc<Asking>,
    flight: SingleFlight,
    money: Bulkhead,
    money_timeout: Duration,
}

/// The layers of a quote below the single flight.
struct Asking {
    limit: DefaultDirectRateLimiter,
    breaker: Breaker,
    hedge: Hedge,
    bulkhead: Bulkhead,
    lender: Arc<dyn Lender>,
    clock: Arc<dyn Clock>,
}

impl Asking {
    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        self.limit.check().map_err(|_| LenderError::RateLimited)?;
        let deadline = Instant::from_std(ask.deadline);
        let permit = self.breaker.enter(deadline)?;
        let hedged = self.hedge.run(|| self.once(ask));
        let result = timeout_at(deadline, hedged).await.unwrap_or(Err(LenderError::TimedOut));
        permit.settle(&result);
        result
    }

    async fn once(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let _place = self.bulkhead.enter().await?;
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
        let in_bulkhead = async {
            let _place = self.money.enter().await?;
            call.await
        };
        let result = timeout(self.money_timeout, in_bulkhead)
            .await
            .unwrap_or(Err(LenderError::TimedOut));
        observe::report(self.lender.id(), operation, started, result.as_ref().map(|_| "ok"));
        result
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
        let asking = Arc::clone(&self.asking);
        let shared = self.flight.join(ask, |ask| async move { asking.quote(&ask).await });
        // Of identical quotes the first one's deadline drives the call; each keeps its own as well.
        let deadline = Instant::from_std(ask.deadline);
        let result = timeout_at(deadline, shared).await.unwrap_or(Err(LenderError::TimedOut));
        let outcome = result.as_ref().map(|answer| match answer {
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
mod tests;

//! The layers, on paused time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Reason;
use domain::ports::{AcceptReceipt, LenderStatus};
use uuid::Uuid;

use super::*;
use crate::desk::tests::request;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

/// What one call does.
#[derive(Clone)]
enum Step {
    After(Duration),
    Fail(LenderError),
    Hang,
}

/// Answers the n-th call after the n-th delay, or never; the last plan repeats.
struct Scripted {
    id: ProviderId,
    capabilities: Capabilities,
    quotes: AtomicU32,
    accepts: AtomicU32,
    plan: Vec<Step>,
}

impl Scripted {
    fn decorated(plan: Vec<Step>, policy: &Policy) -> (Arc<Self>, Arc<dyn Lender>) {
        let lender = Arc::new(Self {
            id: "scripted".parse().unwrap(),
            capabilities: crate::desk::tests::desk().capabilities().clone(),
            quotes: AtomicU32::new(0),
            accepts: AtomicU32::new(0),
            plan,
        });
        let decorated = decorate(Arc::clone(&lender) as Arc<dyn Lender>, policy, Arc::new(Noon));
        (lender, decorated)
    }

    fn calls(&self) -> u32 {
        self.quotes.load(Ordering::SeqCst)
    }

    async fn play(&self, call: usize) -> Result<(), LenderError> {
        match self.plan.get(call).or(self.plan.last()) {
            Some(Step::After(delay)) => {
                tokio::time::sleep(*delay).await;
                Ok(())
            }
            Some(Step::Fail(error)) => Err(error.clone()),
            Some(Step::Hang) | None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Lender for Scripted {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, _: &Ask) -> Result<Answer, LenderError> {
        let call = self.quotes.fetch_add(1, Ordering::SeqCst);
        self.play(call as usize).await?;
        Ok(Answer::Declined(vec![Reason::new("CALL", call.to_string())]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let call = self.accepts.fetch_add(1, Ordering::SeqCst);
        self.play(call as usize).await?;
        Ok(AcceptReceipt {
            loan_ref: "l".into(),
            status: LenderStatus::Accepted,
        })
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Accepted)
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Cancelled)
    }
}

/// A question that no other one joins.
fn ask(milliseconds: u64) -> Ask {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut request = request();
    request.id = Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::SeqCst))).into();
    Ask {
        request,
        deadline: Instant::now().into_std() + Duration::from_millis(milliseconds),
    }
}

fn after(milliseconds: u64) -> Step {
    Step::After(Duration::from_millis(milliseconds))
}

fn down() -> Step {
    Step::Fail(LenderError::Unavailable("down".into()))
}

fn order() -> AcceptOrder {
    let money = request().amount;
    AcceptOrder {
        settlement: Uuid::nil().into(),
        request: Uuid::nil().into(),
        quote: Uuid::nil().into(),
        provider_ref: "r".into(),
        principal: money,
        net_disbursed: money,
    }
}

fn open() -> LenderError {
    LenderError::Unavailable("circuit open".into())
}

#[tokio::test(start_paused = true)]
async fn a_hung_lender_ends_at_the_absolute_deadline() {
    let (_, lender) = Scripted::decorated(vec![Step::Hang], &Policy::default());
    let started = Instant::now();
    assert_eq!(lender.quote(&ask(250)).await, Err(LenderError::TimedOut));
    assert!((Duration::from_millis(249)..=Duration::from_millis(251)).contains(&started.elapsed()));
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_on_outages_probes_once_and_closes_again() {
    let policy = Policy {
        breaker_min_calls: 4,
        breaker_open_ms: 1_000,
        ..Policy::default()
    };
    let (inner, lender) = Scripted::decorated(vec![after(1), down(), down(), down(), down(), after(5)], &policy);
    for _ in 0..4 {
        let _ = lender.quote(&ask(100)).await;
    }
    assert_eq!(lender.quote(&ask(100)).await, Err(open()));
    assert_eq!(inner.calls(), 4);
    // One probe after the pause; it fails, so the breaker stays open.
    tokio::time::advance(Duration::from_millis(1_001)).await;
    assert_eq!(
        lender.quote(&ask(100)).await,
        Err(LenderError::Unavailable("down".into()))
    );
    assert_eq!(lender.quote(&ask(100)).await, Err(open()));
    // The next probe succeeds; while it runs nobody else is let through.
    tokio::time::advance(Duration::from_millis(1_001)).await;
    let (one, two) = (ask(100), ask(100));
    let (probe, other) = tokio::join!(lender.quote(&one), lender.quote(&two));
    assert!(probe.is_ok());
    assert_eq!(other, Err(open()));
    assert!(lender.quote(&ask(100)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn time_outs_open_the_breaker_but_refusals_and_bad_answers_do_not() {
    let policy = Policy {
        breaker_min_calls: 3,
        ..Policy::default()
    };
    let (_, silent) = Scripted::decorated(vec![Step::Hang], &policy);
    for _ in 0..3 {
        assert_eq!(silent.quote(&ask(50)).await, Err(LenderError::TimedOut));
    }
    assert_eq!(silent.quote(&ask(50)).await, Err(open()));
    let (inner, refusing) = Scripted::decorated(vec![Step::Fail(LenderError::Refused("401".into()))], &policy);
    for _ in 0..10 {
        assert!(matches!(refusing.quote(&ask(50)).await, Err(LenderError::Refused(_))));
    }
    assert_eq!(inner.calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_probe_lets_the_next_one_try() {
    let policy = Policy {
        breaker_min_calls: 1,
        breaker_open_ms: 100,
        ..Policy::default()
    };
    let (_, lender) = Scripted::decorated(vec![down(), Step::Hang, after(1)], &policy);
    let _ = lender.quote(&ask(50)).await;
    tokio::time::advance(Duration::from_millis(101)).await;
    let abandoned = ask(10_000);
    assert!(
        tokio::time::timeout(Duration::from_millis(5), lender.quote(&abandoned))
            .await
            .is_err()
    );
    assert!(lender.quote(&ask(50)).await.is_ok());
}

/// After 20 usual answers a late one is asked again, the second answer is taken, and the budget holds.
#[tokio::test(start_paused = true)]
async fn a_late_quote_is_hedged_within_the_budget() {
    let policy = Policy {
        hedge_min_ms: 10,
        breaker_min_calls: 32,
        ..Policy::default()
    };
    let mut plan = vec![after(10); 40];
    // Call 40 hangs, its hedge (41) answers; call 42 hangs too, but the budget is spent.
    plan.extend([Step::Hang, after(1), Step::Hang]);
    let (inner, lender) = Scripted::decorated(plan, &policy);
    for _ in 0..40 {
        assert!(lender.quote(&ask(1_000)).await.is_ok());
    }
    let started = Instant::now();
    let Ok(Answer::Declined(reasons)) = lender.quote(&ask(1_000)).await else {
        panic!()
    };
    assert_eq!(reasons[0].text, "41");
    assert!(started.elapsed() < Duration::from_millis(20), "{:?}", started.elapsed());
    for _ in 0..2 {
        // Credit for two was saved up in the calm before.
        let _ = lender.quote(&ask(1_000)).await;
    }
    let before = inner.calls();
    assert_eq!(lender.quote(&ask(1_000)).await, Err(LenderError::TimedOut));
    assert_eq!(inner.calls(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn acceptances_are_never_hedged_nor_stopped_by_the_breaker() {
    let policy = Policy {
        breaker_min_calls: 1,
        money_timeout_ms: 500,
        ..Policy::default()
    };
    let (inner, lender) = Scripted::decorated(vec![Step::Hang], &policy);
    assert_eq!(lender.quote(&ask(10)).await, Err(LenderError::TimedOut));
    assert_eq!(lender.quote(&ask(10)).await, Err(open()));
    assert_eq!(lender.accept(&order()).await, Err(LenderError::TimedOut));
    assert_eq!(inner.accepts.load(Ordering::SeqCst), 1);
    assert_eq!(lender.status(Uuid::nil().into()).await, Ok(LenderStatus::Accepted));
    assert_eq!(lender.cancel(Uuid::nil().into()).await, Ok(LenderStatus::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn identical_quotes_are_one_call_and_different_ones_are_not() {
    let (inner, lender) = Scripted::decorated(vec![after(10)], &Policy::default());
    let (one, other) = (ask(100), ask(100));
    let (a, b, c) = tokio::join!(lender.quote(&one), lender.quote(&one), lender.quote(&other));
    assert_eq!(a, b);
    assert!(a.is_ok() && c.is_ok());
    assert_eq!(inner.calls(), 2);
    // Not a cache: a later question is asked.
    let _ = lender.quote(&one).await;
    assert_eq!(inner.calls(), 3);
    let mut changed = one.clone();
    changed.request.amount.minor += 1;
    let _ = tokio::join!(lender.quote(&one), lender.quote(&changed));
    assert_eq!(inner.calls(), 5);
}

/// A caller that goes away does not take the answer from those that share its call.
#[tokio::test(start_paused = true)]
async fn the_first_caller_may_leave() {
    let (inner, lender) = Scripted::decorated(vec![after(50)], &Policy::default());
    let question = ask(1_000);
    let leaving = tokio::time::timeout(Duration::from_millis(5), lender.quote(&question));
    let (left, stayed) = tokio::join!(leaving, lender.quote(&question));
    assert!(left.is_err() && stayed.is_ok());
    assert_eq!(inner.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_bulkhead_queues_a_few_and_refuses_more() {
    let policy = Policy {
        max_concurrent: 1,
        max_waiting: 1,
        ..Policy::default()
    };
    let (_, lender) = Scripted::decorated(vec![after(10)], &policy);
    let asks = [ask(1_000), ask(1_000), ask(1_000)];
    let (a, b, c) = tokio::join!(lender.quote(&asks[0]), lender.quote(&asks[1]), lender.quote(&asks[2]));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(c, Err(LenderError::RateLimited));
}

#[tokio::test(start_paused = true)]
async fn quotes_beyond_the_rate_are_refused_before_the_lender_is_asked() {
    let policy = Policy {
        quotes_per_second: 1,
        burst: 2,
        ..Policy::default()
    };
    let (inner, lender) = Scripted::decorated(vec![after(0)], &policy);
    assert!(lender.quote(&ask(100)).await.is_ok());
    assert!(lender.quote(&ask(100)).await.is_ok());
    assert_eq!(lender.quote(&ask(100)).await, Err(LenderError::RateLimited));
    assert_eq!(inner.calls(), 2);
}

#[test]
fn a_policy_refuses_unknown_keys() {
    assert!(serde_json::from_str::<Policy>(r#"{"burst": 3}"#).is_ok_and(|policy| policy.burst == 3));
    assert!(serde_json::from_str::<Policy>(r#"{"bust": 3}"#).is_err());
}

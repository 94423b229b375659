//! Remembered quotes, and limits that move, on a clock that a test sets.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alloy_primitives::Address;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Period, Unit};
use domain::ports::{AcceptReceipt, LenderStatus};
use domain::{Rate, Reason};
use sdk::{OfferBuilder, Plan};
use uuid::Uuid;

use super::*;
use crate::desk::tests::request;
use domain::request::CreditRequest;

struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// How a market answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Indicative,
    Firm,
    /// Indicative, after an inquiry.
    Inquired,
    Declined,
}

/// Its reference counts the calls; each takes 10 ms.
struct Market {
    id: ProviderId,
    capabilities: Capabilities,
    clock: Arc<Hand>,
    says: Says,
    calls: AtomicU32,
}

#[async_trait]
impl Lender for Market {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let now = self.clock.now();
        tokio::time::sleep(Duration::from_millis(10)).await;
        if self.says == Says::Declined {
            return Ok(Answer::Declined(vec![Reason::new("CALL", call.to_string())]));
        }
        let reference = format!("call-{call}");
        let builder = OfferBuilder::new(&ask.request, &reference, now);
        let valid = TimeDelta::seconds(60);
        let builder = match self.says {
            Says::Firm => builder.firm_for(valid),
            _ => builder.binding(domain::offer::Binding::Indicative, valid),
        };
        let builder = match self.says {
            Says::Inquired => builder.inquiry(domain::offer::Inquiry::Soft),
            _ => builder,
        };
        let month = Period::new(1, Unit::Month);
        let priced = builder.fixed_rate(Rate::from_percent(12));
        let offer = priced.plan(Plan::equal_installments(24, month)).build().unwrap();
        Ok(Answer::Offers(vec![offer]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(LenderError::Unsupported("accept".into()))
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Unknown)
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Unknown)
    }
}

struct Stall {
    market: Arc<Market>,
    lender: Arc<dyn Lender>,
    handle: Handle,
    clock: Arc<Hand>,
}

fn stall(says: Says, policy: &Policy) -> Stall {
    let clock = Arc::new(Hand(Mutex::new(request().at)));
    let market = Arc::new(Market {
        id: "market".parse().unwrap(),
        capabilities: crate::desk::tests::desk().capabilities().clone(),
        clock: Arc::clone(&clock),
        says,
        calls: AtomicU32::new(0),
    });
    let inner = Arc::clone(&market) as Arc<dyn Lender>;
    let (lender, handle) = decorate_with_handle(inner, policy, Arc::clone(&clock) as Arc<dyn Clock>);
    Stall {
        market,
        lender,
        handle,
        clock,
    }
}

fn remembering() -> Policy {
    Policy {
        cache_seconds: 30,
        hedge_budget_percent: 0,
        ..Policy::default()
    }
}

/// The question of the n-th person: another id, name and income.
fn person(number: u128) -> Ask {
    let mut request = request();
    request.id = Uuid::from_u128(1_000 + number).into();
    request.borrower = Uuid::from_u128(2_000 + number).into();
    request.applicant.full_name = format!("Person {number}");
    request.applicant.monthly_income.minor += i64::try_from(number).unwrap();
    (request.wallet, request.collateral) = (None, None);
    Ask {
        request,
        deadline: Instant::now().into_std() + Duration::from_mins(1),
    }
}

/// Which call the answer came of.
async fn reference(lender: &Arc<dyn Lender>, ask: &Ask) -> String {
    match lender.quote(ask).await.unwrap() {
        Answer::Offers(offers) => offers[0].provider_ref.clone(),
        Answer::Declined(reasons) => reasons[0].text.clone(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_impersonal_quote_is_given_again_and_issued_anew_until_its_time_is_over() {
    let stall = stall(Says::Indicative, &remembering());
    assert_eq!(reference(&stall.lender, &person(1)).await, "call-0");
    stall.clock.advance(29);
    let Answer::Offers(offers) = stall.lender.quote(&person(2)).await.unwrap() else {
        panic!()
    };
    assert_eq!(offers[0].provider_ref, "call-0");
    assert_eq!(offers[0].issued_at, stall.clock.now(), "it is stamped anew");
    let first = request().at + TimeDelta::seconds(60);
    assert_eq!(offers[0].valid_until, first, "its validity is not made longer");
    stall.clock.advance(1);
    assert_eq!(reference(&stall.lender, &person(3)).await, "call-1");
}

#[tokio::test(start_paused = true)]
async fn a_quote_is_never_given_again_past_its_validity() {
    let policy = Policy {
        cache_seconds: 3_600,
        ..remembering()
    };
    let stall = stall(Says::Indicative, &policy);
    assert_eq!(reference(&stall.lender, &person(1)).await, "call-0");
    stall.clock.advance(59);
    assert_eq!(reference(&stall.lender, &person(2)).await, "call-0");
    stall.clock.advance(1);
    assert_eq!(reference(&stall.lender, &person(3)).await, "call-1");
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_what_was_quoted_for_another_person() {
    for says in [Says::Firm, Says::Inquired, Says::Declined] {
        let stall = stall(says, &remembering());
        let references = [
            reference(&stall.lender, &person(1)).await,
            reference(&stall.lender, &person(2)).await,
        ];
        assert_ne!(references[0], references[1]);
        // Also not when both ask at the same time.
        let (three, four) = (person(3), person(4));
        let (a, b) = tokio::join!(reference(&stall.lender, &three), reference(&stall.lender, &four));
        assert_ne!(a, b);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lender_that_did_not_opt_in_is_asked_every_time() {
    let stall = stall(Says::Indicative, &Policy::default());
    assert_eq!(reference(&stall.lender, &person(1)).await, "call-0");
    assert_eq!(reference(&stall.lender, &person(2)).await, "call-1");
}

#[tokio::test(start_paused = true)]
async fn another_question_has_another_answer() {
    let stall = stall(Says::Indicative, &remembering());
    let mut asked = vec![person(1)];
    let mut change = |change: fn(&mut CreditRequest)| {
        let mut ask = person(1);
        change(&mut ask.request);
        asked.push(ask);
    };
    change(|r| r.amount.minor += 1);
    change(|r| r.term = Period::new(36, Unit::Month));
    change(|r| r.purpose = domain::request::Purpose::Other);
    change(|r| r.jurisdiction.region = Some("NY".into()));
    change(|r| r.wallet = Some(Address::repeat_byte(1)));
    change(|r| r.wallet = Some(Address::repeat_byte(2)));
    change(|r| r.products = vec![domain::request::Product::Installment]);
    for (number, ask) in asked.iter().enumerate() {
        assert_eq!(reference(&stall.lender, ask).await, format!("call-{number}"));
    }
    assert_eq!(stall.market.calls.load(Ordering::SeqCst), 8);
    assert_eq!(reference(&stall.lender, &asked[0]).await, "call-0");
}

#[tokio::test(start_paused = true)]
async fn equal_questions_at_the_same_time_are_one_call() {
    let stall = stall(Says::Indicative, &remembering());
    let (one, two) = (person(1), person(2));
    let (a, b) = tokio::join!(reference(&stall.lender, &one), reference(&stall.lender, &two));
    assert_eq!((a.as_str(), b.as_str()), ("call-0", "call-0"));
    assert_eq!(stall.market.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_anothers_call_keeps_his_own_deadline() {
    let stall = stall(Says::Indicative, &remembering());
    let (mut hasty, patient) = (person(1), person(2));
    hasty.deadline = Instant::now().into_std() + Duration::from_millis(5);
    let (hasty, patient) = tokio::join!(stall.lender.quote(&hasty), reference(&stall.lender, &patient));
    assert_eq!(hasty, Err(LenderError::TimedOut));
    assert_eq!(patient, "call-1");
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_not_given_again_nor_what_was_being_said() {
    let stall = stall(Says::Indicative, &remembering());
    assert_eq!(reference(&stall.lender, &person(1)).await, "call-0");
    stall.handle.forget_quotes();
    assert_eq!(reference(&stall.lender, &person(2)).await, "call-1");
    stall.handle.forget_quotes();
    let asked = person(3);
    let forget = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        stall.handle.forget_quotes();
        reference(&stall.lender, &person(4)).await
    };
    let (said, after) = tokio::join!(reference(&stall.lender, &asked), forget);
    assert_eq!((said.as_str(), after.as_str()), ("call-2", "call-3"));
    assert_eq!(reference(&stall.lender, &person(5)).await, "call-3");
}

#[tokio::test(start_paused = true)]
async fn limits_move_while_the_lender_runs() {
    let policy = Policy {
        quotes_per_second: 1,
        burst: 1,
        ..Policy::default()
    };
    let stall = stall(Says::Indicative, &policy);
    assert_eq!(reference(&stall.lender, &person(1)).await, "call-0");
    assert_eq!(stall.lender.quote(&person(2)).await, Err(LenderError::RateLimited));
    let wider = Limits {
        quotes_per_second: 1_000,
        burst: 1_000,
        max_concurrent: 1,
        max_waiting: 0,
        ..policy.limits()
    };
    stall.handle.limit(wider);
    let (three, four) = (person(3), person(4));
    let (a, b) = tokio::join!(stall.lender.quote(&three), stall.lender.quote(&four));
    assert!(a.is_ok());
    assert_eq!(b, Err(LenderError::RateLimited), "one place, nobody waits");
    stall.handle.limit(Limits {
        max_waiting: 1,
        ..wider
    });
    let (five, six) = (person(5), person(6));
    let (a, b) = tokio::join!(stall.lender.quote(&five), stall.lender.quote(&six));
    assert!(a.is_ok() && b.is_ok());
}

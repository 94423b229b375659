//! Time, ids and a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Period, Unit};
use domain::offer::Offer;
use domain::ports::{AcceptOrder, Answer, Ask, Clock, Ids, LenderError};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, SettlementId};
use uuid::Uuid;

#[derive(Default)]
pub struct Still(AtomicI64);

impl Still {
    pub fn pass(&self, days: i64) {
        self.0.fetch_add(days, Ordering::Relaxed);
    }
}

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        noon + TimeDelta::days(self.0.load(Ordering::Relaxed))
    }
}

/// Counts from one, the same in every world.
#[derive(Default)]
pub struct Counting(AtomicU64);

impl Ids for Counting {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(
            0x0190_0000_0000_7000,
            self.0.fetch_add(1, Ordering::Relaxed) | (1 << 63),
        )
    }
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

pub fn request(number: u128, months: u32) -> CreditRequest {
    CreditRequest {
        id: id(number).into(),
        tenant: id(1_001).into(),
        borrower: id(1_002).into(),
        at: Still::default().now(),
        amount: usd(500_000),
        term: Period::new(months, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Market Canary".into(),
            date_of_birth: None,
            monthly_income: usd(723_941),
            monthly_housing_cost: usd(148_373),
            monthly_debt_payments: usd(31_719),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(90),
            revolving_utilization_percent: Some(25),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

/// The machine is busy: nobody is late within a minute.
pub fn ask(request: &CreditRequest) -> Ask {
    ask_within(request, Duration::from_mins(1))
}

pub fn ask_within(request: &CreditRequest, time: Duration) -> Ask {
    Ask {
        request: request.clone(),
        deadline: Instant::now() + time,
    }
}

pub fn order(number: u128, request: &CreditRequest, offer: &Offer) -> AcceptOrder {
    AcceptOrder {
        settlement: SettlementId(id(2_000 + number)),
        request: request.id,
        quote: id(3_000 + number).into(),
        provider_ref: offer.provider_ref.clone(),
        principal: offer.amounts.offered,
        net_disbursed: offer.amounts.net_disbursed,
    }
}

pub fn offers(answer: Result<Answer, LenderError>) -> Vec<Offer> {
    match answer {
        Ok(Answer::Offers(offers)) => offers,
        other => panic!("expected offers, got {other:?}"),
    }
}

pub fn field(answer: Result<Answer, LenderError>) -> String {
    match answer {
        Err(LenderError::Malformed { field, .. }) => field,
        other => panic!("expected a malformed answer, got {other:?}"),
    }
}

pub fn clock() -> Arc<Still> {
    Arc::new(Still::default())
}

//! Offers for tests.

use domain::calendar::{DayCount, Period, Unit};
use domain::money::{Currency, Money, Rate};
use domain::offer::{
    Amounts, AprConvention, Binding, Declared, Inquiry, LateTerms, Offer, RateKind, RateTerms, Repayment,
    RepaymentMethod, ScheduledPayment,
};
use domain::request::Product;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

/// One payment of a schedule, minor units.
pub(crate) fn payment(due: &str, principal: i64, interest: i64) -> ScheduledPayment {
    ScheduledPayment {
        due: due.parse().unwrap(),
        principal: usd(principal),
        interest: usd(interest),
        fees: usd(0),
        total: usd(principal + interest),
    }
}

/// An offer of 2026-01-10 without fees, minor units of dollars.
pub(crate) fn offer(principal: i64, schedule: Vec<ScheduledPayment>) -> Offer {
    Offer {
        provider_ref: "r-1".into(),
        product: Product::Installment,
        issued_at: "2026-01-10T12:00:00Z".parse().unwrap(),
        valid_until: "2026-01-11T12:00:00Z".parse().unwrap(),
        binding: Binding::Firm,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: usd(principal),
            offered: usd(principal),
            net_disbursed: usd(principal),
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(10),
            day_count: DayCount::Act365,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![],
        repayment: Repayment {
            schedule,
            method: RepaymentMethod::Bullet,
            every: Period::new(1, Unit::Year),
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 0,
                fee: usd(0),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(10),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: None,
        },
    }
}

//! Sample loans, requests and offers.

use std::time::Duration;

use aggregator::api::NewRequest;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::calendar::{DayCount, Period, Unit};
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::offer::{
    Amounts, AprConvention, Binding, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer, Payee, RateKind, RateTerms,
    Repayment, RepaymentMethod, ScheduledPayment,
};
use domain::ranking::RankBy;
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, Principal, Rate, Role};
use uuid::Uuid;

const MONTH: Period = Period::new(1, Unit::Month);

/// US dollars in cents.
pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

/// When sample requests are made, where no clock says.
pub fn start() -> anyhow::Result<DateTime<Utc>> {
    Ok("2026-01-10T12:00:00Z".parse()?)
}

/// The borrower who asks.
pub fn borrower() -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(3)),
        tenant: TenantId(Uuid::from_u128(2)),
        role: Role::Borrower,
        provider: None,
        standing: domain::principal::Standing::default(),
    }
}

/// 5,000.00 USD in California.
pub fn ask(months: u32) -> NewRequest {
    NewRequest {
        id: None,
        borrower: None,
        amount: usd(500_000),
        term: Period::new(months, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".to_owned(),
            region: Some("CA".to_owned()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".to_owned(),
            date_of_birth: None,
            monthly_income: usd(700_000),
            monthly_housing_cost: usd(150_000),
            monthly_debt_payments: usd(20_000),
            employment: Employment::Employed,
            employment_months: 60,
            residence_months: 48,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: Some(120),
            revolving_utilization_percent: Some(15),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
        rank_by: RankBy::Apr,
        signals: aggregator::fraud::Signals::default(),
    }
}

/// The same as lenders see it.
pub fn request(months: u32) -> anyhow::Result<CreditRequest> {
    let (ask, borrower) = (ask(months), borrower());
    Ok(CreditRequest {
        id: RequestId(Uuid::from_u128(1)),
        tenant: borrower.tenant,
        borrower: borrower.id,
        at: start()?,
        amount: ask.amount,
        term: ask.term,
        purpose: ask.purpose,
        products: ask.products,
        jurisdiction: ask.jurisdiction,
        applicant: ask.applicant,
        wallet: ask.wallet,
        collateral: ask.collateral,
        refinances: None,
        data_consents: Vec::new(),
    })
}

/// All that is asked for as a loan of equal installments at `percent` a year, 1 % of it withheld as a fee. The last
/// installment takes what rounding left, as real calendars do.
pub fn offer(request: &CreditRequest, percent: i64) -> anyhow::Result<Offer> {
    let months = request.term.count;
    let schedule = calendar(request, percent, months)?;
    let fee = request.amount.minor / 100;
    let payment = schedule.first().map(|row| row.total);
    Ok(Offer {
        provider_ref: "ref-1".to_owned(),
        product: domain::request::Product::Installment,
        issued_at: request.at,
        valid_until: request.at + Duration::from_mins(30),
        binding: Binding::Firm,
        inquiry: Inquiry::Soft,
        amounts: Amounts {
            requested: request.amount,
            offered: request.amount,
            net_disbursed: usd(request.amount.minor - fee),
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(percent),
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![Fee {
            code: "origination".to_owned(),
            payee: Payee::Provider,
            amount: usd(fee),
            timing: FeeTiming::UpfrontDeducted,
            mandatory: true,
            in_finance_charge: true,
        }],
        repayment: Repayment {
            schedule,
            method: RepaymentMethod::EqualInstallment,
            every: MONTH,
            prepayment_charge: Rate::from_percent(1),
            late: LateTerms {
                grace_days: 10,
                fee: usd(1_500),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 3,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(percent),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment,
        },
    })
}

/// Level payments found by halving, in whole cents.
fn calendar(request: &CreditRequest, percent: i64, months: u32) -> anyhow::Result<Vec<ScheduledPayment>> {
    let principal = request.amount.minor;
    let interest = |open: i64| open * percent / 1_200;
    let left = |payment: i64| (0..months).fold(principal, |open, _| open + interest(open) - payment);
    let (mut low, mut high) = (0, principal * 2);
    while high - low > 1 {
        let middle = i64::midpoint(low, high);
        if left(middle) > 0 { low = middle } else { high = middle }
    }
    let mut open = principal;
    let mut rows = Vec::new();
    for number in 1..=months {
        let due = MONTH
            .after(request.at.date_naive(), number)
            .context("date out of range")?;
        let interest = interest(open);
        let part = if number == months { open } else { high - interest };
        open -= part;
        rows.push(ScheduledPayment {
            due,
            principal: usd(part),
            interest: usd(interest),
            fees: usd(0),
            total: usd(part + interest),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_calendar_repays_what_is_offered() {
        let request = request(60).unwrap();
        let offer = offer(&request, 12).unwrap();
        let schedule = &offer.repayment.schedule;
        assert_eq!(schedule.iter().map(|row| row.principal.minor).sum::<i64>(), 500_000);
        let (first, last) = (schedule[0].total.minor, schedule[59].total.minor);
        assert!((first - last).abs() < 60, "{first} {last}");
    }
}

//! An honest offer of a sandbox lender.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::appraisal::home_convention;
use domain::calendar::{DayCount, Period, Unit};
use domain::cashflow::{DatedFlows, verified};
use domain::offer::{
    Amounts, Binding, Declared, Fee, FeeTiming, LateTerms, Offer, Payee, RateKind, RateTerms, Repayment,
    RepaymentMethod, ScheduledPayment,
};
use domain::schedule::rate::Basis;
use domain::schedule::{Accrual, Grace, InstallmentRule, LoanTerms, Method, generate};
use domain::{Money, Rate, Reason, RequestId};

use crate::config::{Declares, LenderSpec, Plan};

/// Offers are good for this long.
pub(crate) const VALID: TimeDelta = TimeDelta::minutes(30);

/// What a lender needs to know to make an offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub request: RequestId,
    pub amount: Money,
    pub term: Period,
    pub now: DateTime<Utc>,
}

/// The lender's reference of an offer. It says everything that an acceptance is checked against, so that the lender needs no
/// memory of its offers and a restart forgets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OfferRef {
    pub request: RequestId,
    pub principal: i64,
    pub net: i64,
    /// Unix second.
    pub until: i64,
}

impl OfferRef {
    pub(crate) fn write(&self, lender: &LenderSpec) -> String {
        format!(
            "{}.{}.{}.{}.{}",
            lender.name, self.request, self.principal, self.net, self.until
        )
    }

    pub(crate) fn read(text: &str, lender: &LenderSpec) -> Option<Self> {
        let mut parts = text.split('.');
        let name = parts.next()?;
        let request = parts.next()?.parse().ok()?;
        let mut number = || parts.next()?.parse::<i64>().ok();
        let read = Self {
            request,
            principal: number()?,
            net: number()?,
            until: number()?,
        };
        (name == lender.name.as_str() && read.write(lender) == text).then_some(read)
    }
}

/// Makes the offer, or says why there is none.
pub(crate) fn offer(lender: &LenderSpec, question: Question) -> Result<Offer, Vec<Reason>> {
    let none = |code: &str, text: &str| vec![Reason::new(code, text)];
    let currency = question.amount.currency;
    if currency != lender.currency {
        return Err(none("CURRENCY_NOT_OFFERED", "This lender lends another currency."));
    }
    if question.amount.minor < lender.min_amount {
        return Err(none("AMOUNT_TOO_SMALL", "The amount is below what this lender lends."));
    }
    let principal = question.amount.minor.min(lender.max_amount);
    let Some((every, schedule)) = schedule(lender, question, principal) else {
        return Err(none("TERM_NOT_OFFERED", "This lender does not lend for this term."));
    };
    let money = |minor| Money::new(minor, currency);
    let fee = principal * i64::from(lender.origination_fee_bps) / 10_000;
    let net = principal - fee;
    let until = question.now + VALID;
    let reference = OfferRef {
        request: question.request,
        principal,
        net,
        until: until.timestamp(),
    };
    let paid: i64 = schedule.iter().map(|p| p.total.minor).sum();
    Ok(Offer {
        provider_ref: reference.write(lender),
        product: lender.product(),
        issued_at: question.now,
        valid_until: until,
        binding: Binding::Firm,
        inquiry: lender.inquiry(),
        amounts: Amounts {
            requested: question.amount,
            offered: money(principal),
            net_disbursed: money(net),
            limit: (lender.plan == Plan::Line).then(|| money(principal)),
        },
        rate: rate(lender),
        fees: Some(fee)
            .filter(|fee| *fee > 0)
            .map(|fee| origination(money(fee)))
            .into_iter()
            .collect(),
        declared: Declared {
            apr: declared_apr(lender, question.now.date_naive(), net, &schedule),
            convention: home_convention(&lender.place()),
            total_cost: Some(money(paid - net)),
            payment: schedule.first().map(|p| p.total),
        },
        repayment: Repayment {
            schedule,
            method: if lender.plan == Plan::Line {
                RepaymentMethod::EqualPrincipal
            } else {
                RepaymentMethod::EqualInstallment
            },
            every,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 10,
                fee: money(700),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 3,
        },
        collateral: None,
        onchain: None,
    })
}

fn origination(amount: Money) -> Fee {
    Fee {
        code: "origination".into(),
        payee: Payee::Provider,
        amount,
        timing: FeeTiming::UpfrontDeducted,
        mandatory: true,
        in_finance_charge: true,
    }
}

fn rate(lender: &LenderSpec) -> RateTerms {
    let variable = lender.plan == Plan::Line;
    let kind = match (lender.rate_ppm, variable) {
        (0, _) => RateKind::Zero,
        (_, true) => RateKind::Variable,
        _ => RateKind::Fixed,
    };
    RateTerms {
        kind,
        nominal: Rate::from_ppm(i64::from(lender.rate_ppm)),
        day_count: DayCount::Thirty360,
        compounding: None,
        index: variable.then(|| "sandbox-prime".to_owned()),
        spread: variable.then(|| Rate::from_percent(6)),
        cap: variable.then(|| Rate::from_percent(24)),
        floor: None,
        curve: None,
    }
}

/// Interval and payments: months as months, years as twelve months, weeks as weeks, days as months of 30 days.
fn schedule(lender: &LenderSpec, question: Question, principal: i64) -> Option<(Period, Vec<ScheduledPayment>)> {
    let start = question.now.date_naive();
    if lender.plan == Plan::PayInFour {
        let every = Period::new(2, Unit::Week);
        return Some((
            every,
            pay_in_four(start, every, Money::new(principal, question.amount.currency))?,
        ));
    }
    let (unit, count) = match question.term.unit {
        Unit::Month => (Unit::Month, question.term.count),
        Unit::Year => (Unit::Month, question.term.count.checked_mul(12)?),
        Unit::Week => (Unit::Week, question.term.count),
        Unit::Day => (Unit::Month, question.term.count.div_ceil(30)),
    };
    let every = Period::new(1, unit);
    let terms = LoanTerms {
        principal: i128::from(principal),
        annual_rate: Rate::from_ppm(i64::from(lender.rate_ppm)).to_decimal(),
        start,
        first_due: None,
        first_years: None,
        count: Some(count).filter(|count| *count <= 600)?,
        every,
        method: if lender.plan == Plan::Line {
            Method::EqualPrincipal
        } else {
            Method::EqualInstallments
        },
        basis: Basis::THIRTY_360,
        accrual: Accrual::Basis,
        rule: InstallmentRule::RoundedUp,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    };
    let rows = generate(&terms).ok()?.installments;
    let money = |minor: i128| {
        i64::try_from(minor)
            .ok()
            .map(|minor| Money::new(minor, question.amount.currency))
    };
    let payment = |row: &domain::schedule::Installment| {
        let (principal, interest, fees) = (money(row.principal)?, money(row.interest)?, money(row.fees)?);
        Some(ScheduledPayment {
            due: row.due,
            principal,
            interest,
            fees,
            total: money(row.total)?,
        })
    };
    Some((every, rows.iter().map(payment).collect::<Option<_>>()?))
}

fn pay_in_four(start: NaiveDate, every: Period, principal: Money) -> Option<Vec<ScheduledPayment>> {
    let money = |minor| Money::new(minor, principal.currency);
    let part = principal.minor / 4;
    let payment = |k: u32| {
        let amount = money(if k == 3 { principal.minor - 3 * part } else { part });
        let due = every.after(start, k).ok()?;
        Some(ScheduledPayment {
            due,
            principal: amount,
            interest: money(0),
            fees: money(0),
            total: amount,
        })
    };
    (0..4).map(payment).collect()
}

fn declared_apr(lender: &LenderSpec, start: NaiveDate, net: i64, schedule: &[ScheduledPayment]) -> Rate {
    let nominal = Rate::from_ppm(i64::from(lender.rate_ppm));
    match lender.declares {
        Declares::NominalRate => nominal,
        Declares::Apr => {
            let payments = schedule.iter().map(|p| (p.due, i128::from(p.total.minor))).collect();
            let flows = DatedFlows {
                advances: vec![(start, i128::from(net))],
                payments,
            };
            verified(&flows, home_convention(&lender.place()).into()).map_or(nominal, |apr| apr.rate)
        }
    }
}

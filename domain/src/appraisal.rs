//! From a lender's offer to a quote: every number is recomputed from the offer's own cash flows.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::calendar::days_between;
use crate::cashflow::{CashFlowError, Convention, DatedFlows, verified};
use crate::money::{Currency, Money, MoneyError, Rate, div_half_even};
use crate::offer::{AprConvention, Binding, Collateral, FeeTiming, Inquiry, Offer, RateKind, ScheduledPayment};
use crate::quote::{ENGINE_VERSION, Flag, Scenario, ScenarioKind, Verified};
use crate::request::{CreditRequest, Jurisdiction};

/// Declared and verified APR may differ by this much: 1/8 of a percentage point (12 CFR 1026.22(a)(2)).
pub const APR_TOLERANCE: Rate = Rate::from_ppm(1_250);
/// How late the late installment of [`ScenarioKind::LateOnce`] is.
const LATE_DAYS: u32 = 30;
/// Rise of [`ScenarioKind::RatePlus200bp`].
const RATE_RISE: Rate = Rate::from_bps(200);
/// Scenarios count interest over 365 days.
const DAYS_IN_YEAR: i128 = 365;

/// What we computed of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appraisal {
    /// Recomputed figures.
    pub verified: Verified,
    /// What could happen.
    pub scenarios: Vec<Scenario>,
    /// What to know.
    pub flags: Vec<Flag>,
}

/// The offer's numbers do not make a quote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct AppraisalError {
    /// Field of the offer.
    pub field: &'static str,
    /// What is wrong with it.
    pub detail: String,
}

impl AppraisalError {
    fn new(field: &'static str, detail: impl std::fmt::Display) -> Self {
        Self {
            field,
            detail: detail.to_string(),
        }
    }
}

impl From<MoneyError> for AppraisalError {
    fn from(error: MoneyError) -> Self {
        Self::new("amounts", error)
    }
}

/// The convention in which the law of that place states an APR.
pub fn home_convention(place: &Jurisdiction) -> AprConvention {
    match place.country.as_str() {
        "US" => AprConvention::UsNominal,
        "IN" => AprConvention::IndiaNominal,
        _ => AprConvention::EuEffective,
    }
}

impl From<AprConvention> for Convention {
    fn from(convention: AprConvention) -> Self {
        match convention {
            AprConvention::UsNominal => Self::UsNominal,
            AprConvention::EuEffective => Self::EuEffective,
            AprConvention::IndiaNominal => Self::IndiaNominal,
        }
    }
}

/// Recomputes an offer. Errors name the field whose numbers have no APR.
pub fn appraise(request: &CreditRequest, offer: &Offer) -> Result<Appraisal, AppraisalError> {
    let plan = Plan::of(offer)?;
    let home = home_convention(&request.jurisdiction);
    let rate = |convention: AprConvention| verified(&plan.flows(), convention.into()).map(|apr| apr.rate);
    let in_home = rate(home).map_err(|error| AppraisalError::new("repayment.schedule", error))?;
    let verified = Verified {
        apr: in_home,
        convention: home,
        us_apr: rate(AprConvention::UsNominal).ok(),
        eu_aprc: rate(AprConvention::EuEffective).ok(),
        in_apr: rate(AprConvention::IndiaNominal).ok(),
        total_of_payments: plan.money(plan.total()?)?,
        finance_charge: plan.money(plan.cost()?)?,
        largest_payment: plan.money(plan.payments.iter().map(|(_, amount)| *amount).max().unwrap_or(0))?,
        engine_version: ENGINE_VERSION,
    };
    let flags = flags(request, offer, &rate);
    Ok(Appraisal {
        scenarios: plan.scenarios(offer, home, in_home)?,
        verified,
        flags,
    })
}

fn flags(
    request: &CreditRequest,
    offer: &Offer,
    rate: &dyn Fn(AprConvention) -> Result<Rate, CashFlowError>,
) -> Vec<Flag> {
    let mut flags = Vec::new();
    let declared = offer.declared.apr;
    if let Ok(verified) = rate(offer.declared.convention)
        && declared.ppm().abs_diff(verified.ppm()) > APR_TOLERANCE.ppm().unsigned_abs()
    {
        flags.push(Flag::AprMisdeclared { declared, verified });
    }
    if matches!(offer.binding, Binding::Indicative | Binding::Prequalified) {
        flags.push(Flag::NotBinding);
    }
    if offer.amounts.offered.minor < request.amount.minor {
        flags.push(Flag::PartialAmount);
    }
    if is_shorter(request, offer) {
        flags.push(Flag::ShorterTerm);
    }
    if offer.inquiry == Inquiry::Hard {
        flags.push(Flag::HardInquiry);
    }
    flags
}

/// Whether the last payment falls before four fifths of the asked term.
fn is_shorter(request: &CreditRequest, offer: &Offer) -> bool {
    let start = offer.issued_at.date_naive();
    let last = offer.repayment.schedule.iter().map(|row| row.due).max();
    let (Some(last), Ok(asked)) = (last, request.term.after(start, 1)) else {
        return false;
    };
    days_between(start, last) * 5 < days_between(start, asked) * 4
}

/// The flows of one course of events, in minor units.
#[derive(Clone)]
struct Plan {
    currency: Currency,
    start: NaiveDate,
    /// What the borrower has, after every fee that counts is withheld.
    net: i128,
    /// What the borrower pays, with fees paid apart.
    payments: Vec<(NaiveDate, i128)>,
}

impl Plan {
    fn of(offer: &Offer) -> Result<Self, AppraisalError> {
        let currency = offer.amounts.offered.currency;
        let start = offer.issued_at.date_naive();
        let schedule = &offer.repayment.schedule;
        if schedule.is_empty() {
            return Err(AppraisalError::new("repayment.schedule", "no payments"));
        }
        let mut net = i128::from(offer.amounts.offered.minor);
        let mut payments = Vec::with_capacity(schedule.len() + 1);
        for fee in offer.fees.iter().filter(|fee| fee.mandatory || fee.in_finance_charge) {
            match fee.timing {
                FeeTiming::UpfrontDeducted => net -= i128::from(fee.amount.minor),
                FeeTiming::UpfrontPaid => payments.push((start, i128::from(fee.amount.minor))),
                FeeTiming::Financed | FeeTiming::PerPeriod | FeeTiming::OnPrepay | FeeTiming::OnLate => {}
            }
        }
        payments.extend(schedule.iter().map(|row| (row.due, i128::from(row.total.minor))));
        let foreign = schedule.iter().any(|row| row.total.currency != currency);
        if foreign || offer.fees.iter().any(|fee| fee.amount.currency != currency) {
            return Err(AppraisalError::new("currency", "the offer mixes currencies"));
        }
        Ok(Self {
            currency,
            start,
            net,
            payments,
        })
    }

    fn flows(&self) -> DatedFlows {
        DatedFlows {
            advances: vec![(self.start, self.net)],
            payments: self.payments.clone(),
        }
    }

    fn total(&self) -> Result<i128, AppraisalError> {
        self.payments
            .iter()
            .try_fold(0i128, |sum, (_, amount)| sum.checked_add(*amount))
            .ok_or_else(|| AppraisalError::new("repayment.schedule", MoneyError::Overflow))
    }

    fn cost(&self) -> Result<i128, AppraisalError> {
        Ok(self.total()? - self.net)
    }

    fn money(&self, minor: i128) -> Result<Money, AppraisalError> {
        i64::try_from(minor)
            .map(|minor| Money::new(minor, self.currency))
            .map_err(|_| AppraisalError::new("amounts", MoneyError::Overflow))
    }

    fn scenario(&self, kind: ScenarioKind, home: AprConvention) -> Result<Scenario, AppraisalError> {
        let apr = verified(&self.flows(), home.into()).ok().map(|apr| apr.rate);
        Ok(Scenario {
            kind,
            total_cost: self.money(self.cost()?)?,
            apr,
            liquidated: false,
        })
    }

    fn scenarios(&self, offer: &Offer, home: AprConvention, base: Rate) -> Result<Vec<Scenario>, AppraisalError> {
        let base_cost = self.money(self.cost()?)?;
        let same = |kind| Scenario {
            kind,
            total_cost: base_cost,
            apr: Some(base),
            liquidated: false,
        };
        let mut scenarios = vec![same(ScenarioKind::Base)];
        if offer.rate.kind == RateKind::Variable {
            scenarios.push(self.dearer(offer)?.scenario(ScenarioKind::RatePlus200bp, home)?);
        }
        scenarios.push(self.late_once(offer)?.scenario(ScenarioKind::LateOnce, home)?);
        scenarios.push(self.exit_at_third(offer)?.scenario(ScenarioKind::ExitAtThird, home)?);
        if let Some(collateral) = &offer.collateral {
            for (kind, left) in [(ScenarioKind::PriceMinus20, 80), (ScenarioKind::PriceMinus40, 60)] {
                scenarios.push(if sold_at(offer, collateral, Decimal::new(left, 2))? {
                    let loss = offer.amounts.offered.share_half_even(collateral.liquidation_penalty)?;
                    let total_cost = base_cost.plus(loss)?;
                    Scenario {
                        kind,
                        total_cost,
                        apr: None,
                        liquidated: true,
                    }
                } else {
                    same(kind)
                });
            }
        }
        Ok(scenarios)
    }

    /// Interest of every period after the first rises by [`RATE_RISE`].
    fn dearer(&self, offer: &Offer) -> Result<Self, AppraisalError> {
        let mut plan = self.clone();
        let apart = plan.payments.len() - offer.repayment.schedule.len();
        let mut open = i128::from(offer.amounts.offered.minor);
        let mut from = self.start;
        for (index, row) in offer.repayment.schedule.iter().enumerate() {
            if index > 0 {
                plan.payments[apart + index].1 += interest_half_even(open, RATE_RISE, days_between(from, row.due))?;
            }
            open -= i128::from(row.principal.minor);
            from = row.due;
        }
        Ok(plan)
    }

    /// The middle installment arrives [`LATE_DAYS`] late.
    fn late_once(&self, offer: &Offer) -> Result<Self, AppraisalError> {
        let mut plan = self.clone();
        let late = &offer.repayment.late;
        let middle = plan.payments.len() - offer.repayment.schedule.len() + offer.repayment.schedule.len() / 2;
        let (due, amount) = &mut plan.payments[middle];
        let overdue = LATE_DAYS.saturating_sub(late.grace_days);
        if overdue > 0 {
            *amount += i128::from(late.fee.minor) + interest_half_even(*amount, late.penal_rate, i64::from(overdue))?;
        }
        *due = due
            .checked_add_days(Days::new(u64::from(LATE_DAYS)))
            .ok_or_else(|| AppraisalError::new("repayment.schedule", "date out of range"))?;
        Ok(plan)
    }

    /// Everything is paid back after a third of the term: what is due by then, the principal left, the interest run up
    /// in the broken period, and the lender's charge.
    fn exit_at_third(&self, offer: &Offer) -> Result<Self, AppraisalError> {
        let schedule = &offer.repayment.schedule;
        let end = schedule.iter().map(|row| row.due).max().unwrap_or(self.start);
        let third = u64::try_from(days_between(self.start, end) / 3).unwrap_or(0);
        let exit = self
            .start
            .checked_add_days(Days::new(third))
            .ok_or_else(|| AppraisalError::new("repayment.schedule", "date out of range"))?;
        let apart = self.payments.len() - schedule.len();
        let kept = schedule.iter().filter(|row| row.due <= exit).count();
        let mut payments: Vec<_> = self.payments[..apart + kept].to_vec();
        let repaid: i128 = schedule[..kept].iter().map(|row| i128::from(row.principal.minor)).sum();
        let left = i128::from(offer.amounts.offered.minor) - repaid;
        if left > 0 {
            let from = if kept == 0 { self.start } else { schedule[kept - 1].due };
            let charge = div_half_even(
                left * i128::from(offer.repayment.prepayment_charge.ppm()),
                i128::from(Rate::ONE.ppm()),
            )?;
            let interest = schedule.get(kept).map_or(Ok(0), |row| broken_period(row, from, exit))?;
            payments.push((exit, left + interest + charge));
        }
        Ok(Self {
            payments,
            ..self.clone()
        })
    }
}

fn interest_half_even(amount: i128, rate: Rate, days: i64) -> Result<i128, AppraisalError> {
    let numerator = amount * i128::from(rate.ppm()) * i128::from(days);
    Ok(div_half_even(numerator, i128::from(Rate::ONE.ppm()) * DAYS_IN_YEAR)?)
}

/// The part of a row's interest that has run up by `exit`.
fn broken_period(row: &ScheduledPayment, from: NaiveDate, exit: NaiveDate) -> Result<i128, AppraisalError> {
    let whole = days_between(from, row.due).max(1);
    let elapsed = days_between(from, exit).clamp(0, whole);
    Ok(div_half_even(
        i128::from(row.interest.minor) * i128::from(elapsed),
        i128::from(whole),
    )?)
}

/// Worth of the collateral at its stated prices, major units of the quote's currency.
fn value(collateral: &Collateral) -> Result<Decimal, AppraisalError> {
    let too_large = || AppraisalError::new("collateral", MoneyError::Overflow);
    let mut sum = Decimal::ZERO;
    for asset in &collateral.assets {
        let units = asset
            .amount
            .units
            .to_string()
            .parse::<Decimal>()
            .map_err(|_| too_large())?;
        let unit = Decimal::new(1, u32::from(asset.amount.asset.decimals).min(28));
        let whole = units.checked_mul(unit).ok_or_else(too_large)?;
        sum = whole
            .checked_mul(asset.price)
            .and_then(|worth| sum.checked_add(worth))
            .ok_or_else(too_large)?;
    }
    Ok(sum)
}

/// Whether the collateral would be sold when its price is multiplied by `left`.
fn sold_at(offer: &Offer, collateral: &Collateral, left: Decimal) -> Result<bool, AppraisalError> {
    let Some(threshold) = collateral.liquidation_threshold else {
        return Ok(false);
    };
    let limit = value(collateral)?
        .checked_mul(left)
        .and_then(|worth| worth.checked_mul(threshold.to_decimal()))
        .ok_or_else(|| AppraisalError::new("collateral", MoneyError::Overflow))?;
    Ok(offer.amounts.offered.to_major() > limit)
}

/// Loan-to-value of an offer at its stated prices; none without collateral or when that is worth nothing.
pub fn loan_to_value(offer: &Offer) -> Option<Rate> {
    let worth = value(offer.collateral.as_ref()?).ok()?;
    let ratio = offer.amounts.offered.to_major().checked_div(worth)?;
    ratio
        .checked_mul(Decimal::from(1_000_000))?
        .round()
        .to_i64()
        .map(Rate::from_ppm)
}

#[cfg(test)]
mod tests;

//! From terms to a schedule.

use rust_decimal::{Decimal, RoundingStrategy};

use super::rate::{self, Span, decimal, div, mul, round_half_even, share_half_even};
use super::{Accrual, Installment, InstallmentRule, LoanTerms, Method, Schedule, ScheduleError, due_dates};
use crate::calendar::{Date, Period, Unit};

/// What an installment is planned to pay before its interest is known.
#[derive(Clone, Copy)]
enum Plan {
    /// This total.
    Total(i128),
    /// This much principal.
    Principal(i128),
    /// This much interest and principal (flat interest).
    Fixed { interest: i128, principal: i128 },
}

/// The schedule of a loan disbursed in one amount and paid on time.
pub fn generate(terms: &LoanTerms) -> Result<Schedule, ScheduleError> {
    terms.check()?;
    let periods = terms.periods()?;
    let factors = terms.factors(&periods)?;
    let plan = match terms.method {
        Method::EqualInstallments => Plan::Total(level_installment(terms)?),
        Method::FixedPayment(amount) => Plan::Total(amount),
        Method::EqualPrincipal => {
            let count = i128::from(terms.count - terms.grace.principal);
            Plan::Principal(round_half_even(div_exact(terms.principal, count)?, terms.rounding)?)
        }
        Method::InterestOnly | Method::Bullet => Plan::Principal(0),
        Method::Flat => flat_plan(terms, &factors)?,
    };
    let rows = walk(terms, &periods, &factors, plan)?;
    if terms.method == Method::EqualInstallments && terms.rule == InstallmentRule::Smoothed {
        return smooth(terms, &periods, &factors, rows);
    }
    Ok(Schedule { installments: rows })
}

/// The equal installment of `terms` before smoothing.
pub fn level_installment(terms: &LoanTerms) -> Result<i128, ScheduleError> {
    level_for(terms, terms.principal, 0)
}

/// The equal installment that repays `balance` over the installments after the first `elapsed`.
pub(super) fn level_for(terms: &LoanTerms, balance: i128, elapsed: u32) -> Result<i128, ScheduleError> {
    let skipped = terms.grace.principal.max(elapsed);
    let count = terms
        .count
        .checked_sub(skipped)
        .filter(|count| *count > 0)
        .ok_or(ScheduleError::Terms("no installments"))?;
    let amount = if terms.rule == InstallmentRule::Nominal {
        nominal_installment(terms, balance, count)?
    } else {
        let periods = terms.periods()?;
        let factors = terms.factors(&periods)?;
        rate::annuity(decimal(balance)?, factors.get(skipped as usize..).unwrap_or_default())?
    };
    let unit = terms.installment_multiple.unwrap_or(terms.rounding);
    if terms.rule == InstallmentRule::RoundedUp {
        let units = amount.checked_div(decimal(unit)?).ok_or(ScheduleError::Overflow)?;
        let up = units.round_dp_with_strategy(0, RoundingStrategy::ToPositiveInfinity);
        return round_half_even(mul(up, decimal(unit)?)?, unit);
    }
    round_half_even(amount, unit)
}

/// `balance * r / (1 - (1 + r)^-count)` with the rate `r` of one nominal period.
fn nominal_installment(terms: &LoanTerms, balance: i128, count: u32) -> Result<Decimal, ScheduleError> {
    let every = terms.every;
    let year = Decimal::from(rate::year_days(terms.basis.year, terms.start));
    let days = match every.unit {
        Unit::Day => every.count,
        Unit::Week => every.count * 7,
        Unit::Month => every.count * 30,
        Unit::Year => every.count * 365,
    };
    let part = match terms.accrual {
        Accrual::WholePeriods => mul(Decimal::from(every.count), per_year(every, year)?)?,
        Accrual::Basis | Accrual::ExactDays => Decimal::from(days).checked_div(year).ok_or(ScheduleError::Overflow)?,
    };
    let nominal = mul(terms.annual_rate, part)?;
    if nominal.is_zero() {
        return div_exact(balance, i128::from(count));
    }
    let growth = rate::power(Decimal::ONE + nominal, count)?;
    let weight = mul(nominal, growth)?
        .checked_div(growth - Decimal::ONE)
        .ok_or(ScheduleError::Overflow)?;
    mul(decimal(balance)?, weight)
}

/// One period of `every.unit` as a part of a year.
fn per_year(every: Period, year: Decimal) -> Result<Decimal, ScheduleError> {
    let periods = match every.unit {
        Unit::Day => year,
        Unit::Week => Decimal::from(52),
        Unit::Month => Decimal::from(12),
        Unit::Year => Decimal::ONE,
    };
    Decimal::ONE.checked_div(periods).ok_or(ScheduleError::Overflow)
}

impl LoanTerms {
    /// The installment periods as (from, due).
    pub(super) fn periods(&self) -> Result<Vec<(Date, Date)>, ScheduleError> {
        let mut from = self.start;
        let dates = due_dates(self.start, self.first_due, self.every, self.count)?;
        Ok(dates
            .into_iter()
            .map(|due| (std::mem::replace(&mut from, due), due))
            .collect())
    }

    /// The rate factor of each period.
    pub(super) fn factors(&self, periods: &[(Date, Date)]) -> Result<Vec<Decimal>, ScheduleError> {
        let factor = |(from, due): &(Date, Date)| match self.first_years {
            Some(years) if *from == self.start => mul(self.annual_rate, years),
            _ => self.factor(self.annual_rate, Span::whole(*from, *due)),
        };
        periods.iter().map(factor).collect()
    }

    /// The rate factor of a part of a period at `rate`.
    pub(super) fn factor(&self, rate: Decimal, span: Span) -> Result<Decimal, ScheduleError> {
        let days = Decimal::from(crate::calendar::days_between(span.from, span.to));
        let year = Decimal::from(rate::year_days(self.basis.year, span.from));
        match self.accrual {
            Accrual::Basis => rate::factor(rate, self.every, self.basis, span),
            Accrual::ExactDays => mul(rate, days)?.checked_div(year).ok_or(ScheduleError::Overflow),
            Accrual::WholePeriods => {
                let whole = Decimal::from(crate::calendar::days_between(span.start, span.end));
                let part = days.checked_div(whole).ok_or(ScheduleError::Overflow)?;
                mul(
                    mul(rate, Decimal::from(self.every.count))?,
                    mul(part, per_year(self.every, year)?)?,
                )
            }
        }
    }
}

/// Flat interest: the whole term's interest on the original principal, evenly over the installments that pay interest.
fn flat_plan(terms: &LoanTerms, factors: &[Decimal]) -> Result<Plan, ScheduleError> {
    let charged = factors.iter().skip(terms.grace.interest_free as usize).sum();
    let interest = share_half_even(terms.principal, charged, terms.rounding)?;
    let silent = terms.grace.interest.max(terms.grace.interest_free);
    let paying = i128::from(terms.count.saturating_sub(silent).max(1));
    let interest = round_half_even(div_exact(interest, paying)?, terms.rounding)?;
    let paying = i128::from(terms.count - terms.grace.principal);
    let mut principal = round_half_even(div_exact(terms.principal, paying)?, terms.rounding)?;
    if let Some(unit) = terms.installment_multiple {
        // The total is the multiple: both parts are rounded to it and the interest keeps its cents.
        principal = round_half_even(decimal(principal)?, unit)? + round_half_even(decimal(interest)?, unit)? - interest;
    }
    Ok(Plan::Fixed { interest, principal })
}

/// Pays the plan down, installment by installment; the last one takes what is left.
fn walk(
    terms: &LoanTerms,
    periods: &[(Date, Date)],
    factors: &[Decimal],
    plan: Plan,
) -> Result<Vec<Installment>, ScheduleError> {
    let mut rows = Vec::with_capacity(periods.len());
    let mut balance = terms.principal;
    let (mut carried, mut charged) = (0, 0);
    let flat_total = match terms.method {
        Method::Flat => share_half_even(
            terms.principal,
            factors.iter().skip(terms.grace.interest_free as usize).sum(),
            terms.rounding,
        )?,
        _ => 0,
    };
    for (number, ((from, due), factor)) in (1..).zip(periods.iter().zip(factors)) {
        let last = number == terms.count;
        let deferred = number <= terms.grace.interest || (terms.method == Method::Bullet && !last);
        let interest = match plan {
            Plan::Fixed { .. } if last => flat_total - charged,
            Plan::Fixed { .. } if deferred || number <= terms.grace.interest_free => 0,
            Plan::Fixed { interest, .. } => interest.min(flat_total - charged),
            _ if number <= terms.grace.interest_free => 0,
            _ => {
                carried += share_half_even(balance, *factor, terms.rounding)?;
                if deferred { 0 } else { std::mem::take(&mut carried) }
            }
        };
        charged += interest;
        let planned = match plan {
            _ if number <= terms.grace.principal => 0,
            Plan::Total(total) => (total - interest).max(0),
            Plan::Principal(principal) | Plan::Fixed { principal, .. } => principal,
        };
        let fixed = matches!(terms.method, Method::FixedPayment(_));
        let principal = if last && !fixed { balance } else { planned.min(balance) };
        let opening = balance;
        balance -= principal;
        let total = principal.checked_add(interest).ok_or(ScheduleError::Overflow)?;
        rows.push(Installment {
            number,
            from: *from,
            due: *due,
            opening,
            principal,
            interest,
            fees: 0,
            total,
            closing: balance,
        });
        if fixed && balance == 0 {
            return Ok(rows);
        }
    }
    if balance == 0 {
        Ok(rows)
    } else {
        Err(ScheduleError::NeverRepaid)
    }
}

/// Moves the installment by a share of the gap between the last two installments and keeps the move when the gap shrinks.
fn smooth(
    terms: &LoanTerms,
    periods: &[(Date, Date)],
    factors: &[Decimal],
    rows: Vec<Installment>,
) -> Result<Schedule, ScheduleError> {
    let count = terms.count - terms.grace.principal;
    let installment = level_installment(terms)?;
    let first = gap(&rows);
    let keep = Schedule { installments: rows };
    if first.abs() <= i128::from(count / 2) * terms.rounding || count < 2 {
        return Ok(keep);
    }
    let unit = terms.installment_multiple.unwrap_or(terms.rounding);
    let share = round_half_even(div_exact(first, i128::from(count))?, terms.rounding)?;
    let moved = round_half_even(decimal(installment + share)?, unit)?;
    if moved == installment || moved <= 0 {
        return Ok(keep);
    }
    let retried = walk(terms, periods, factors, Plan::Total(moved))?;
    Ok(if gap(&retried).abs() < first.abs() {
        Schedule { installments: retried }
    } else {
        keep
    })
}

/// By how much the last installment is larger than the one before.
fn gap(rows: &[Installment]) -> i128 {
    match rows {
        [.., before, last] => last.total - before.total,
        _ => 0,
    }
}

/// An amount over a count, not rounded.
pub(super) fn div_exact(amount: i128, count: i128) -> Result<Decimal, ScheduleError> {
    decimal(amount)?
        .checked_div(decimal(count)?)
        .ok_or(ScheduleError::Overflow)
}

/// Interest on an overdue amount: `overdue * rate / 365 * (days - grace)`, rounded half to even.
pub fn late_interest(overdue: i128, annual_rate: Decimal, days: u32, grace: u32) -> Result<i128, ScheduleError> {
    let days = Decimal::from(days.saturating_sub(grace));
    let factor = mul(annual_rate, days)?
        .checked_div(Decimal::from(365))
        .ok_or(ScheduleError::Overflow)?;
    share_half_even(overdue, factor, 1)
}

/// The part of a disbursement paid back at once: `percent` of it, rounded half to even to a multiple of `unit`.
pub fn down_payment(amount: i128, percent: Decimal, unit: i128) -> Result<i128, ScheduleError> {
    Ok(round_half_even(mul(decimal(amount)?, div(percent, Decimal::ONE_HUNDRED)?)?, unit)?.min(amount))
}

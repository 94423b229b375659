//! Rate factors: the interest on one unit of principal over one period, to 12 significant digits, half to even.
//!
//! The rules are those of Apache Fineract's progressive EMI calculator: a year of 360, 364, 365 or the actual number of
//! days, a month of 30 or the actual number of days; for an actual year the days of each calendar year are divided by
//! that year's length.

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::ScheduleError;
use crate::calendar::{Date, Period, Unit, days_between, days_in_month};

/// Significant digits of a rate factor.
pub const DIGITS: u32 = 12;

/// Days in a year for interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaysInYear {
    /// 365 or 366, by calendar year.
    Actual,
    /// 360.
    Days360,
    /// 364: 52 whole weeks.
    Days364,
    /// 365.
    Days365,
}

/// Days in a month for interest; it matters for monthly periods only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DaysInMonth {
    /// The length of the calendar month in which the period starts.
    Actual,
    /// 30.
    Days30,
}

/// Day-count basis: how a year and a month are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Days in a year.
    pub year: DaysInYear,
    /// Days in a month.
    pub month: DaysInMonth,
}

impl Basis {
    /// 30/360.
    pub const THIRTY_360: Self = Self {
        year: DaysInYear::Days360,
        month: DaysInMonth::Days30,
    };
    /// Actual/360.
    pub const ACT_360: Self = Self {
        year: DaysInYear::Days360,
        month: DaysInMonth::Actual,
    };
    /// Actual/364.
    pub const ACT_364: Self = Self {
        year: DaysInYear::Days364,
        month: DaysInMonth::Actual,
    };
    /// Actual/365.
    pub const ACT_365: Self = Self {
        year: DaysInYear::Days365,
        month: DaysInMonth::Actual,
    };
    /// Actual/actual.
    pub const ACT_ACT: Self = Self {
        year: DaysInYear::Actual,
        month: DaysInMonth::Actual,
    };
}

/// Part of an installment period: interest runs from `from` to `to` inside the period from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First day of the installment period.
    pub start: Date,
    /// Due date of the installment period.
    pub end: Date,
    /// Interest runs from this day.
    pub from: Date,
    /// Interest runs up to this day.
    pub to: Date,
}

impl Span {
    /// The whole period from `start` to `end`.
    pub fn whole(start: Date, end: Date) -> Self {
        Self {
            start,
            end,
            from: start,
            to: end,
        }
    }
}

/// Rate factor of `span` at the yearly rate `rate` (0.07 is 7%), for installments every `every`.
pub fn factor(rate: Decimal, every: Period, basis: Basis, span: Span) -> Result<Decimal, ScheduleError> {
    let days = Decimal::from(days_between(span.from, span.to));
    if days.is_zero() {
        return Ok(Decimal::ZERO);
    }
    if basis.year == DaysInYear::Actual && span.from.year() != span.to.year() {
        return significant(mul(rate, year_fraction(span.from, span.to)?)?);
    }
    let year = Decimal::from(year_days(basis.year, span.from));
    let nominal = match (every.unit, basis.month) {
        (Unit::Month, DaysInMonth::Days30) => 30 * i64::from(every.count),
        (Unit::Month, DaysInMonth::Actual) => {
            i64::from(days_in_month(span.from.year(), span.from.month())) * i64::from(every.count)
        }
        (Unit::Day, _) => i64::from(every.count),
        (Unit::Week, _) => 7 * i64::from(every.count),
        (Unit::Year, _) => year_days(basis.year, span.from) * i64::from(every.count),
    };
    let whole = Decimal::from(days_between(span.start, span.end));
    let period = div(Decimal::from(nominal), year)?;
    div(significant(mul(significant(mul(rate, period)?)?, days)?)?, whole)
}

/// Years between two dates, each calendar year's days over that year's length (actual/actual).
fn year_fraction(from: Date, to: Date) -> Result<Decimal, ScheduleError> {
    let mut sum = Decimal::ZERO;
    let mut at = from;
    for year in from.year()..=to.year() {
        let end = if year == to.year() {
            to
        } else {
            NaiveDate::from_ymd_opt(year, 12, 31).ok_or(ScheduleError::Overflow)?
        };
        let days = Decimal::from(days_between(at, end));
        sum = significant(sum + div(days, Decimal::from(year_days(DaysInYear::Actual, end)))?)?;
        at = end;
    }
    Ok(sum)
}

/// Days of the year under `year`, for the calendar year of `at`.
pub(super) fn year_days(year: DaysInYear, at: Date) -> i64 {
    match year {
        DaysInYear::Actual if at.leap_year() => 366,
        DaysInYear::Actual | DaysInYear::Days365 => 365,
        DaysInYear::Days360 => 360,
        DaysInYear::Days364 => 364,
    }
}

/// The values `fn_1 = 1`, `fn_k = 1 + fn_(k-1) * (1 + rf_k)`: the sum of the growth factors from each payment to the end.
pub fn growth_sums(factors: &[Decimal]) -> Result<Vec<Decimal>, ScheduleError> {
    let mut sums: Vec<Decimal> = Vec::with_capacity(factors.len());
    for factor in factors {
        let next = match sums.last() {
            None => Decimal::ONE,
            Some(last) => significant(Decimal::ONE + significant(mul(*last, growth(*factor)?)?)?)?,
        };
        sums.push(next);
    }
    Ok(sums)
}

/// What one unit grows to over a period.
fn growth(factor: Decimal) -> Result<Decimal, ScheduleError> {
    significant(Decimal::ONE + factor)
}

/// The equal amount that repays `balance` over periods with these `factors`: `balance * prod(1 + rf_k) / fn_n`, in the unit
/// of `balance`, not yet rounded to it.
pub fn annuity(balance: Decimal, factors: &[Decimal]) -> Result<Decimal, ScheduleError> {
    let sums = growth_sums(factors)?;
    let last = sums.last().ok_or(ScheduleError::Terms("no installments"))?;
    let product = factors.iter().try_fold(Decimal::ONE, |product, factor| {
        significant(mul(product, growth(*factor)?)?)
    })?;
    mul(balance, div(product, *last)?)
}

/// The rate per period that compounds to `yearly` over `periods` periods: `(1 + yearly)^(1/periods) - 1` (Newton).
pub fn effective_per_period(yearly: Decimal, periods: u32) -> Result<Decimal, ScheduleError> {
    if periods == 0 {
        return Err(ScheduleError::Terms("no periods in a year"));
    }
    let target = Decimal::ONE + yearly;
    let n = Decimal::from(periods);
    let mut root = Decimal::ONE + div(yearly, n)?;
    for _ in 0..40 {
        let lower = power(root, periods - 1)?;
        let next = root - mul(root, lower)?.checked_sub(target).ok_or(ScheduleError::Overflow)? / mul(n, lower)?;
        if (next - root).abs() < Decimal::new(1, 20) {
            return Ok(next - Decimal::ONE);
        }
        root = next;
    }
    Ok(root - Decimal::ONE)
}

/// `base` to the whole power `exponent`.
pub(super) fn power(base: Decimal, exponent: u32) -> Result<Decimal, ScheduleError> {
    (0..exponent).try_fold(Decimal::ONE, |product, _| mul(product, base))
}

/// Product; overflow is an error.
pub(super) fn mul(a: Decimal, b: Decimal) -> Result<Decimal, ScheduleError> {
    a.checked_mul(b).ok_or(ScheduleError::Overflow)
}

/// Quotient to [`DIGITS`] significant digits; division by zero is an error.
pub(super) fn div(a: Decimal, b: Decimal) -> Result<Decimal, ScheduleError> {
    significant(a.checked_div(b).ok_or(ScheduleError::Overflow)?)
}

/// To [`DIGITS`] significant digits, half to even.
pub(super) fn significant(value: Decimal) -> Result<Decimal, ScheduleError> {
    value
        .round_sf_with_strategy(DIGITS, RoundingStrategy::MidpointNearestEven)
        .ok_or(ScheduleError::Overflow)
}

/// An amount as a decimal.
pub(super) fn decimal(amount: i128) -> Result<Decimal, ScheduleError> {
    Decimal::try_from_i128_with_scale(amount, 0).map_err(|_| ScheduleError::Overflow)
}

/// Rounds to a multiple of `unit`, half to even.
pub(super) fn round_half_even(value: Decimal, unit: i128) -> Result<i128, ScheduleError> {
    let unit_decimal = decimal(unit)?;
    let units = if unit == 1 {
        value
    } else {
        value.checked_div(unit_decimal).ok_or(ScheduleError::Overflow)?
    };
    units
        .round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven)
        .mantissa()
        .checked_mul(unit)
        .ok_or(ScheduleError::Overflow)
}

/// `amount * factor`, rounded half to even to a multiple of `unit`.
pub(super) fn share_half_even(amount: i128, factor: Decimal, unit: i128) -> Result<i128, ScheduleError> {
    round_half_even(mul(decimal(amount)?, factor)?, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelfth_root_of_seven_percent() {
        let monthly = effective_per_period(Decimal::new(7, 2), 12).unwrap();
        assert_eq!(monthly.round_dp(12).to_string(), "0.005654145387");
    }

    #[test]
    fn year_of_364_days_gives_whole_weeks() {
        let (from, to) = (
            NaiveDate::from_ymd_opt(2024, 1, 1).unwrap(),
            NaiveDate::from_ymd_opt(2024, 1, 15).unwrap(),
        );
        let every = Period::new(2, Unit::Week);
        let value = factor(Decimal::new(94_822, 6), every, Basis::ACT_364, Span::whole(from, to)).unwrap();
        assert_eq!(value.normalize().to_string(), "0.003647");
    }
}

//! European Union: the annual percentage rate of charge (Directives 2008/48/EC and 2014/17/EU, Annex I).
//!
//! Effective annual. Time runs from the first drawdown; an interval is counted back from its end in whole regular periods,
//! and the days that remain go over 365, or over 366 when the year that ends where they end holds a February 29
//! (remark (c); guidelines SWD(2012) 128, section 4.1.1).

use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarError, Date, Fraction, Period, Unit, days_between, days_in_month};

use super::solve::{self, Annual, Basis, Flow, OddDays};
use super::{Apr, CashFlowError, Convention, DatedFlows};

use chrono::Datelike;

/// The period that the intervals of an agreement are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regular {
    /// 52 to a year.
    Week,
    /// 12 to a year, all equal.
    Month,
    /// Whole years, then days.
    Year,
}

impl Regular {
    /// Periods in a year.
    pub const fn per_year(self) -> i64 {
        match self {
            Self::Week => 52,
            Self::Month => 12,
            Self::Year => 1,
        }
    }

    const fn period(self) -> Period {
        match self {
            Self::Week => Period::new(1, Unit::Week),
            Self::Month => Period::new(1, Unit::Month),
            Self::Year => Period::new(1, Unit::Year),
        }
    }
}

/// An interval as whole regular periods and a fraction of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Whole regular periods, counted back from the end.
    pub periods: i64,
    /// The remaining days over 365 or 366.
    pub odd: Fraction,
}

impl Interval {
    /// The whole interval in years, exact.
    pub fn years(self, regular: Regular) -> Result<Fraction, CalendarError> {
        Fraction::new(self.periods, regular.per_year())?.plus(self.odd)
    }
}

/// The interval from `from` to `to`, which is not earlier.
pub fn interval(from: Date, to: Date, regular: Regular) -> Result<Interval, CashFlowError> {
    anchored_interval(from, to, to.day(), regular)
}

/// The same when `to` belongs to a series due on day `anchor` of each month, or on the last day where there is none.
fn anchored_interval(from: Date, to: Date, anchor: u32, regular: Regular) -> Result<Interval, CashFlowError> {
    if to < from {
        return Err(CalendarError::Backwards { from, to }.into());
    }
    let guess = match regular {
        Regular::Week => days_between(from, to) / 7,
        Regular::Month => months_apart(from, to),
        Regular::Year => i64::from(to.year()) - i64::from(from.year()),
    };
    let back = |periods: i64| -> Result<Date, CashFlowError> {
        let periods = u32::try_from(periods).map_err(|_| CashFlowError::BadTime)?;
        let date = regular.period().before(to, periods)?;
        Ok(if regular == Regular::Week {
            date
        } else {
            on_day(date, anchor)
        })
    };
    let mut periods = guess;
    let mut end = back(periods)?;
    if end < from {
        periods -= 1;
        end = back(periods)?;
    }
    let days = days_between(from, end);
    if days == 0 {
        return Ok(Interval {
            periods,
            odd: Fraction::ZERO,
        });
    }
    let year = days_between(Period::new(1, Unit::Year).before(end, 1)?, end);
    Ok(Interval {
        periods,
        odd: Fraction::new(days, year)?,
    })
}

fn months_apart(from: Date, to: Date) -> i64 {
    (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month()) - i64::from(from.month())
}

fn on_day(date: Date, anchor: u32) -> Date {
    date.with_day(anchor.min(days_in_month(date.year(), date.month())))
        .unwrap_or(date)
}

fn is_on(date: Date, anchor: u32) -> bool {
    date.day() == anchor.min(days_in_month(date.year(), date.month()))
}

/// The effective annual percentage rate of charge of dated flows.
pub fn apr(flows: &DatedFlows) -> Result<Apr, CashFlowError> {
    flows.check()?;
    let start = flows.first_advance()?;
    let (regular, anchor) = regular_period(flows);
    let timed: Result<Vec<Flow>, CashFlowError> = flows
        .signed()
        .map(|(date, amount)| timed(start, date, anchor, regular, amount))
        .collect();
    solve::rate(timed?, &basis(Fraction::whole(regular.per_year())))
}

/// The effective annual rate of flows whose times are known, counted in periods of which `per_year` make a year.
pub fn rate(flows: Vec<Flow>, per_year: Fraction) -> Result<Apr, CashFlowError> {
    solve::rate(flows, &basis(per_year))
}

const fn basis(per_year: Fraction) -> Basis {
    Basis {
        odd_days: OddDays::Power,
        per_year,
        annual: Annual::Effective,
        convention: Convention::EuEffective,
    }
}

/// Time in regular periods; a flow before the first drawdown has a negative one.
fn timed(start: Date, date: Date, anchor: u32, regular: Regular, amount: i128) -> Result<Flow, CashFlowError> {
    let (from, to) = if date < start { (date, start) } else { (start, date) };
    let anchor = if is_on(to, anchor) { anchor } else { to.day() };
    let Interval { periods, odd } = anchored_interval(from, to, anchor, regular)?;
    let sign = if date < start { -1 } else { 1 };
    let odd = Fraction::new(sign * odd.numerator * regular.per_year(), odd.denominator)?;
    let mut flow = Flow::at(odd, amount);
    flow.periods += sign * periods;
    Ok(flow)
}

/// The period that intervals between dates most often are whole multiples of, and the day of the month of the payments.
fn regular_period(flows: &DatedFlows) -> (Regular, u32) {
    let mut dates: Vec<Date> = flows
        .advances
        .iter()
        .chain(&flows.payments)
        .map(|&(date, _)| date)
        .collect();
    dates.sort_unstable();
    dates.dedup();
    let anchor = dates.iter().skip(1).map(Datelike::day).max().unwrap_or(1);
    let (mut weeks, mut months, mut years) = (0_u32, 0_u32, 0_u32);
    for pair in dates.windows(2) {
        let same_day = pair[0].day() == pair[1].day() || (is_on(pair[0], anchor) && is_on(pair[1], anchor));
        match months_apart(pair[0], pair[1]) {
            apart if same_day && apart > 0 && apart % 12 == 0 => years += 1,
            apart if same_day && apart > 0 => months += 1,
            _ if days_between(pair[0], pair[1]) % 7 == 0 => weeks += 1,
            _ => {}
        }
    }
    let regular = if months > 0 && months + years >= weeks {
        Regular::Month
    } else if weeks > years {
        Regular::Week
    } else {
        Regular::Year
    };
    (regular, anchor)
}

#[cfg(test)]
#[path = "eu_tests.rs"]
mod tests;

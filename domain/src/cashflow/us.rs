//! United States: the actuarial method of Regulation Z (12 CFR part 1026, Appendix J).
//!
//! Dates become full unit-periods and a fraction (paragraph (b)(5)); the general equation (b)(8) is solved for the
//! unit-period rate, and the annual rate is that rate times the unit-periods of a year (b)(1).

use chrono::Datelike;

use crate::calendar::{CalendarError, Date, Fraction, days_in_month};

use super::solve::{self, Annual, Basis, Flow, OddDays};
use super::{Apr, CashFlowError, Convention, DatedFlows};

/// The interval that Appendix J compounds over, at most one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitPeriod {
    /// A number of days that is not whole weeks.
    Days(u32),
    /// A number of weeks, 1 to 52.
    Weeks(u32),
    /// Half a month.
    Semimonth,
    /// A number of months, 1 to 11.
    Months(u32),
    /// Twelve months.
    Year,
    /// The term of a loan with one advance and one payment, in days (paragraph (b)(5)(vii)).
    TermDays(u32),
    /// The same when the term is a whole number of months (paragraph (b)(5)(vi)).
    TermMonths(u32),
}

impl UnitPeriod {
    /// Unit-periods in a year: paragraph (b)(5)(ii) to (vii).
    pub fn per_year(self) -> Result<Fraction, CashFlowError> {
        let (numerator, denominator) = match self {
            Self::Days(days) | Self::TermDays(days) => (365, days),
            Self::Weeks(weeks) => (52, weeks),
            Self::Semimonth => (24, 1),
            Self::Months(months) | Self::TermMonths(months) => (12, months),
            Self::Year => (1, 1),
        };
        Ok(Fraction::new(numerator, i64::from(denominator))?)
    }
}

/// The nominal annual percentage rate of dated flows.
pub fn apr(flows: &DatedFlows) -> Result<Apr, CashFlowError> {
    let (unit, timed) = timed_flows(flows)?;
    rate(timed, unit.per_year()?)
}

/// The nominal annual percentage rate of flows whose full unit-periods and odd-day fractions are known: the general
/// equation (b)(8), with any number of advances.
pub fn rate(flows: Vec<Flow>, unit_periods_per_year: Fraction) -> Result<Apr, CashFlowError> {
    let basis = Basis {
        odd_days: OddDays::Linear,
        per_year: unit_periods_per_year,
        annual: Annual::Nominal,
        convention: Convention::UsNominal,
    };
    solve::rate(flows, &basis)
}

/// The unit-period of dated flows and each flow in full unit-periods and odd days from the start of the term, which is
/// the first flow.
pub fn timed_flows(flows: &DatedFlows) -> Result<(UnitPeriod, Vec<Flow>), CashFlowError> {
    flows.check()?;
    let mut advances: Vec<(Civil, i128)> = flows.advances.iter().map(|&(d, a)| (Civil::of(d), a)).collect();
    let mut payments: Vec<(Civil, i128)> = flows.payments.iter().map(|&(d, a)| (Civil::of(d), a)).collect();
    advances.sort_by_key(|(date, _)| date.number);
    payments.sort_by_key(|(date, _)| date.number);
    let (Some(&(first_advance, _)), Some(&(first_payment, _))) = (advances.first(), payments.first()) else {
        return Err(CashFlowError::OneSided);
    };
    let start = if first_payment.number < first_advance.number {
        first_payment
    } else {
        first_advance
    };
    // A charge withheld on the first day is not a payment that sets a period.
    let later = payments.partition_point(|(date, _)| date.number <= start.number);
    let scheduled = distinct_dates(&payments[later..]);
    let unit = unit_period(start, &distinct_dates(&advances), &scheduled)?;
    let clock = Clock::new(start, anchor_of(&scheduled), unit);
    let mut result = Vec::with_capacity(advances.len() + payments.len());
    for (date, amount) in &advances {
        result.push(clock.flow(*date, -amount)?);
    }
    for (date, amount) in &payments[..later] {
        result.push(clock.flow(*date, *amount)?);
    }
    if unit == UnitPeriod::Semimonth && is_semimonthly(&scheduled) {
        clock.grid(&payments[later..], &mut result)?;
    } else if unit == UnitPeriod::Months(1) {
        result.extend(
            payments[later..]
                .iter()
                .map(|(date, amount)| clock.monthly(*date, *amount)),
        );
    } else {
        for (date, amount) in &payments[later..] {
            result.push(clock.flow(*date, *amount)?);
        }
    }
    Ok((unit, result))
}

/// Flows in months from the first advance, with odd days over 30; a flow before it has a negative time.
pub(super) fn monthly_flows(flows: &DatedFlows) -> Result<Vec<Flow>, CashFlowError> {
    flows.check()?;
    let start = Civil::of(flows.first_advance()?);
    let anchor = flows.payments.iter().map(|(date, _)| date.day()).max().unwrap_or(31);
    let clock = Clock::new(start, anchor, UnitPeriod::Months(1));
    flows
        .signed()
        .map(|(date, amount)| clock.flow(Civil::of(date), amount))
        .collect()
}

fn distinct_dates(timed: &[(Civil, i128)]) -> Vec<Civil> {
    let mut dates: Vec<Civil> = timed.iter().map(|(date, _)| *date).collect();
    dates.dedup_by_key(|date| date.number);
    dates
}

/// A date as the arithmetic of months needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Civil {
    /// Months since year 0.
    months: i32,
    day: u32,
    /// Days since the year 1.
    number: i32,
}

impl Civil {
    fn of(date: Date) -> Self {
        let month = i32::try_from(date.month0()).unwrap_or(0);
        Self {
            months: date.year() * 12 + month,
            day: date.day(),
            number: date.num_days_from_ce(),
        }
    }

    /// Days of the month.
    fn length(self) -> u32 {
        month_length(self.months)
    }

    /// True when the day is that of a series whose longest month shows `anchor` (paragraph (b)(3): last days of months).
    fn on(self, anchor: u32) -> bool {
        self.day == anchor || (self.day < anchor && self.day == self.length())
    }
}

fn month_length(months: i32) -> u32 {
    days_in_month(months.div_euclid(12), months.rem_euclid(12).unsigned_abs() + 1)
}

fn anchor_of(dates: &[Civil]) -> u32 {
    dates.iter().map(|date| date.day).max().unwrap_or(31)
}

/// An interval between two dates, months where the days of the month agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interval {
    Months(u32),
    Days(u32),
}

impl Interval {
    fn between(from: Civil, to: Civil, anchor: u32) -> Self {
        let months = (to.months - from.months).unsigned_abs();
        if months > 0 && (from.day == to.day || (from.on(anchor) && to.on(anchor))) {
            Self::Months(months)
        } else {
            Self::Days((to.number - from.number).unsigned_abs())
        }
    }

    /// Approximate length, to order intervals by and to keep those up to one year.
    fn thirtieths(self) -> u32 {
        match self {
            Self::Months(months) => months * 30 + months * 5 / 12,
            Self::Days(days) => days,
        }
    }

    fn unit(self) -> UnitPeriod {
        match self {
            Self::Months(12) => UnitPeriod::Year,
            Self::Months(months) => UnitPeriod::Months(months),
            Self::Days(days) if days % 7 == 0 => UnitPeriod::Weeks(days / 7),
            Self::Days(days) => UnitPeriod::Days(days),
        }
    }
}

/// Paragraph (b)(4): the common period that occurs most often, the smaller one on a tie; else the average period.
fn unit_period(start: Civil, advances: &[Civil], payments: &[Civil]) -> Result<UnitPeriod, CashFlowError> {
    let Some(&first_payment) = payments.first() else {
        return Err(CashFlowError::NoRoot);
    };
    if advances.len() == 1 && payments.len() == 1 {
        return Ok(single_payment_unit(start, first_payment));
    }
    if is_semimonthly(payments) {
        return Ok(UnitPeriod::Semimonth);
    }
    let anchor = anchor_of(payments);
    let mut tally: Vec<(Interval, u32)> = Vec::with_capacity(4);
    let mut count = 0_u32;
    for dates in [&[start, first_payment], payments, advances] {
        for pair in dates.windows(2) {
            count += 1;
            let interval = Interval::between(pair[0], pair[1], anchor);
            match tally.iter_mut().find(|(known, _)| *known == interval) {
                Some((_, times)) => *times += 1,
                None => tally.push((interval, 1)),
            }
        }
    }
    let common = tally
        .iter()
        .filter(|(interval, times)| *times > 1 && interval.thirtieths() <= 365);
    let most = common.max_by_key(|(interval, times)| (*times, std::cmp::Reverse(interval.thirtieths())));
    if let Some((interval, _)) = most {
        return Ok(interval.unit());
    }
    let last = payments
        .iter()
        .chain(advances)
        .map(|date| date.number)
        .max()
        .unwrap_or(start.number);
    Ok(average_unit((last - start.number).unsigned_abs(), count.max(1)))
}

/// Paragraph (b)(4)(ii) with (b)(5)(vi) and (vii): the term, at most a year.
fn single_payment_unit(start: Civil, end: Civil) -> UnitPeriod {
    match Interval::between(start, end, start.day.max(end.day)) {
        Interval::Months(months) if months < 12 => UnitPeriod::TermMonths(months),
        Interval::Days(days) if end.months - start.months < 12 || days < 365 => UnitPeriod::TermDays(days),
        _ => UnitPeriod::Year,
    }
}

/// Every second payment a month apart and the one between about half way: the 1st and 15th, the 15th and the last.
fn is_semimonthly(payments: &[Civil]) -> bool {
    let half = |pair: &[Civil]| (13..=18).contains(&(pair[1].number - pair[0].number));
    let month_apart = |triple: &[Civil]| {
        let (from, to) = (triple[0], triple[2]);
        let ends = from.day >= 28 && to.day >= 28 && from.on(31) && to.on(31);
        let short = to.on(from.day.max(to.day)) && from.on(from.day.max(to.day));
        to.months - from.months == 1 && (from.day == to.day || ends || short)
    };
    payments.len() >= 3 && payments.windows(2).all(half) && payments.windows(3).all(month_apart)
}

/// Paragraph (b)(4)(i)(B): the average period rounded to the nearest standard interval, the lower one on a tie.
fn average_unit(days: u32, periods: u32) -> UnitPeriod {
    let weeks = (1..=52).map(|weeks| (weeks * 7, UnitPeriod::Weeks(weeks)));
    let months = (1..=11).map(|months| (Interval::Months(months).thirtieths(), UnitPeriod::Months(months)));
    let others = [
        (1, UnitPeriod::Days(1)),
        (15, UnitPeriod::Semimonth),
        (365, UnitPeriod::Year),
    ];
    let distance = |length: u32| (u64::from(length) * u64::from(periods)).abs_diff(u64::from(days));
    let nearest = weeks
        .chain(months)
        .chain(others)
        .min_by_key(|(length, _)| (distance(*length), *length));
    nearest.map_or(UnitPeriod::Year, |(_, unit)| unit)
}

/// Measures time from the start of the term in unit-periods.
struct Clock {
    start: Civil,
    anchor: u32,
    unit: UnitPeriod,
    /// Days of the month of the start.
    length: u32,
    /// Days of the month after it.
    next_length: u32,
}

impl Clock {
    fn new(start: Civil, anchor: u32, unit: UnitPeriod) -> Self {
        Self {
            start,
            anchor,
            unit,
            length: start.length(),
            next_length: month_length(start.months + 1),
        }
    }

    fn flow(&self, date: Civil, amount: i128) -> Result<Flow, CashFlowError> {
        let days = i64::from(date.number) - i64::from(self.start.number);
        let split = |days: i64, length: u32| {
            let length = i64::from(length);
            Flow {
                periods: days / length,
                odd: Fraction {
                    numerator: days % length,
                    denominator: length,
                },
                amount,
            }
        };
        if days == 0 {
            return Ok(Flow::whole(0, amount));
        }
        Ok(match self.unit {
            UnitPeriod::Days(length) => split(days, length),
            UnitPeriod::Weeks(weeks) => split(days, weeks * 7),
            UnitPeriod::TermDays(_) | UnitPeriod::TermMonths(_) => Flow::whole(1, amount),
            UnitPeriod::Semimonth => split(self.thirty_day_months(date), 15),
            UnitPeriod::Months(1) => self.monthly(date, amount),
            UnitPeriod::Months(months) => split(self.thirty_day_months(date), months * 30),
            UnitPeriod::Year => self.years_back(date, amount)?,
        })
    }

    /// Whole months and days over 30.
    fn monthly(&self, date: Civil, amount: i128) -> Flow {
        let (months, odd) = self.months_back(date);
        Flow {
            periods: months,
            odd: Fraction {
                numerator: odd,
                denominator: 30,
            },
            amount,
        }
    }

    /// Semimonthly payments are one unit-period apart whatever their days: example (c)(1)(iii) of the appendix.
    fn grid(&self, payments: &[(Civil, i128)], timed: &mut Vec<Flow>) -> Result<(), CashFlowError> {
        let Some((mut date, _)) = payments.first().copied() else {
            return Ok(());
        };
        let first = self.flow(date, 0)?;
        let mut unit_periods = first.periods;
        for (due, amount) in payments {
            unit_periods += i64::from(*due != date);
            date = *due;
            timed.push(Flow {
                periods: unit_periods,
                odd: first.odd,
                amount: *amount,
            });
        }
        Ok(())
    }

    fn thirty_day_months(&self, date: Civil) -> i64 {
        let (months, odd) = self.months_back(date);
        months * 30 + odd
    }

    fn anchored(&self, date: Civil) -> u32 {
        if date.on(self.anchor) { self.anchor } else { date.day }
    }

    /// Paragraph (b)(5)(ii): full months measured back from the later date, then days forward from the start.
    fn months_back(&self, date: Civil) -> (i64, i64) {
        let anchor = self.anchored(date);
        let months = i64::from(date.months) - i64::from(self.start.months);
        let length = self.length;
        let day = anchor.min(length);
        if day >= self.start.day {
            (months, i64::from(day - self.start.day))
        } else {
            let next = anchor.min(self.next_length);
            (months - 1, i64::from(length - self.start.day + next))
        }
    }

    /// Paragraph (b)(5)(v): full years measured back, then months over 12 when whole, else days over 365.
    fn years_back(&self, date: Civil, amount: i128) -> Result<Flow, CashFlowError> {
        let (months, odd_days) = self.months_back(date);
        let (years, rest) = (months.div_euclid(12), months.rem_euclid(12));
        let odd = if odd_days == 0 {
            Fraction {
                numerator: rest,
                denominator: 12,
            }
        } else {
            let months = i64::from(date.months) - years * 12;
            let months = i32::try_from(months).map_err(|_| CashFlowError::BadTime)?;
            let day = self.anchored(date).min(month_length(months));
            let month = months.rem_euclid(12).unsigned_abs() + 1;
            let back = Date::from_ymd_opt(months.div_euclid(12), month, day).ok_or(CalendarError::OutOfRange)?;
            let days = i64::from(back.num_days_from_ce()) - i64::from(self.start.number);
            Fraction {
                numerator: days,
                denominator: 365,
            }
        };
        Ok(Flow {
            periods: years,
            odd,
            amount,
        })
    }
}

#[cfg(test)]
#[path = "us_tests.rs"]
mod tests;

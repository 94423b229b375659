//! Civil dates: periods, day counts and business-day rolls. Pure arithmetic; nothing here reads a clock.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// A civil date of the proleptic Gregorian calendar.
pub type Date = NaiveDate;

/// What a [`Period`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
    /// A calendar month; see [`Period::after`] for month ends.
    Month,
    /// Twelve months.
    Year,
}

/// A length of civil time such as "2 weeks".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// How many units.
    pub count: u32,
    /// The unit.
    pub unit: Unit,
}

impl Period {
    /// `count` times `unit`.
    pub const fn new(count: u32, unit: Unit) -> Self {
        Self { count, unit }
    }

    /// The date `times` periods after `anchor`. Months are always counted from the anchor, so that a schedule anchored on
    /// January 31 falls on February 28 or 29 and then on March 31 again.
    pub fn after(self, anchor: Date, times: u32) -> Result<Date, CalendarError> {
        let count = self.count.checked_mul(times).ok_or(CalendarError::OutOfRange)?;
        match self.unit {
            Unit::Day => anchor.checked_add_days(Days::new(u64::from(count))),
            Unit::Week => anchor.checked_add_days(Days::new(u64::from(count) * 7)),
            Unit::Month => anchor.checked_add_months(Months::new(count)),
            Unit::Year => count
                .checked_mul(12)
                .and_then(|months| anchor.checked_add_months(Months::new(months))),
        }
        .ok_or(CalendarError::OutOfRange)
    }

    /// The date `times` periods before `anchor`; the month-end rule is that of [`Self::after`].
    pub fn before(self, anchor: Date, times: u32) -> Result<Date, CalendarError> {
        let count = self.count.checked_mul(times).ok_or(CalendarError::OutOfRange)?;
        match self.unit {
            Unit::Day => anchor.checked_sub_days(Days::new(u64::from(count))),
            Unit::Week => anchor.checked_sub_days(Days::new(u64::from(count) * 7)),
            Unit::Month => anchor.checked_sub_months(Months::new(count)),
            Unit::Year => count
                .checked_mul(12)
                .and_then(|months| anchor.checked_sub_months(Months::new(months))),
        }
        .ok_or(CalendarError::OutOfRange)
    }
}

/// Days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    i64::from(to.num_days_from_ce()) - i64::from(from.num_days_from_ce())
}

/// Days of the month that `year` and `month` name; `month` counts from 1.
pub const fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// True for a leap year.
pub const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// True on the last day of a month.
pub fn is_month_end(date: Date) -> bool {
    date.day() == days_in_month(date.year(), date.month())
}

/// An exact fraction, not reduced; the denominator is positive.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fraction {
    /// Above the line.
    pub numerator: i64,
    /// Below the line, positive.
    pub denominator: i64,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };

    /// `numerator / denominator`; a denominator that is not positive is refused.
    pub const fn new(numerator: i64, denominator: i64) -> Result<Self, CalendarError> {
        if denominator > 0 {
            Ok(Self { numerator, denominator })
        } else {
            Err(CalendarError::BadFraction)
        }
    }

    /// A whole number.
    pub const fn whole(numerator: i64) -> Self {
        Self {
            numerator,
            denominator: 1,
        }
    }

    /// Exact sum.
    pub fn plus(self, other: Self) -> Result<Self, CalendarError> {
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        let right = i128::from(other.numerator) * i128::from(self.denominator);
        let denominator = i128::from(self.denominator) * i128::from(other.denominator);
        let numerator = left.checked_add(right).ok_or(CalendarError::OutOfRange)?;
        let common = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).max(1);
        let common = i128::try_from(common).map_err(|_| CalendarError::OutOfRange)?;
        let narrow = |value: i128| i64::try_from(value / common).map_err(|_| CalendarError::OutOfRange);
        Self::new(narrow(numerator)?, narrow(denominator)?)
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        i128::from(self.numerator) * i128::from(other.denominator)
            == i128::from(other.numerator) * i128::from(self.denominator)
    }
}

impl Eq for Fraction {}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How days become a fraction of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// 30/360 bond basis (ISDA 2006, section 4.16(f)).
    Thirty360,
    /// Actual days over 360.
    Act360,
    /// Actual days over 364.
    Act364,
    /// Actual days over 365, fixed.
    Act365,
    /// Actual days in leap years over 366 plus the others over 365 (ISDA 2006, section 4.16(b)).
    ActActIsda,
}

impl DayCount {
    /// The exact fraction of a year from `from` to `to`; the first day counts, the last does not.
    pub fn year_fraction(self, from: Date, to: Date) -> Result<Fraction, CalendarError> {
        if to < from {
            return Err(CalendarError::Backwards { from, to });
        }
        let days = days_between(from, to);
        match self {
            Self::Thirty360 => Fraction::new(thirty_360_days(from, to), 360),
            Self::Act360 => Fraction::new(days, 360),
            Self::Act364 => Fraction::new(days, 364),
            Self::Act365 => Fraction::new(days, 365),
            Self::ActActIsda => act_act_isda(from, to),
        }
    }
}

fn thirty_360_days(from: Date, to: Date) -> i64 {
    let first = from.day().min(30);
    let last = if first == 30 { to.day().min(30) } else { to.day() };
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    months * 30 + i64::from(last) - i64::from(first)
}

fn act_act_isda(from: Date, to: Date) -> Result<Fraction, CalendarError> {
    let (mut leap, mut common) = (0, 0);
    for year in from.year()..=to.year() {
        let start = Date::from_ymd_opt(year, 1, 1)
            .ok_or(CalendarError::OutOfRange)?
            .max(from);
        let end = Date::from_ymd_opt(year + 1, 1, 1)
            .ok_or(CalendarError::OutOfRange)?
            .min(to);
        let days = if is_leap(year) { &mut leap } else { &mut common };
        *days += days_between(start, end);
    }
    Fraction::new(leap * 365 + common * 366, 365 * 366)
}

/// Where a due date goes that is not a business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// It stays.
    None,
    /// To the next business day.
    Following,
    /// To the next business day, unless that is in another month: then to the previous one.
    ModifiedFollowing,
    /// To the previous business day.
    Preceding,
}

/// The non-business days of a place, as data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessDays {
    /// Days of the week without business, usually Saturday and Sunday.
    pub weekend: Vec<Weekday>,
    /// Dates without business.
    pub holidays: BTreeSet<Date>,
}

/// The longest run of non-business days that a roll walks over.
const MAX_ROLL_DAYS: u32 = 60;

impl BusinessDays {
    /// Saturday and Sunday, and `holidays`.
    pub fn with_holidays(holidays: impl IntoIterator<Item = Date>) -> Self {
        Self {
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: holidays.into_iter().collect(),
        }
    }

    /// True when business is done on `date`.
    pub fn is_open(&self, date: Date) -> bool {
        !self.weekend.contains(&date.weekday()) && !self.holidays.contains(&date)
    }

    /// Moves `date` to a business day as `roll` says.
    pub fn roll(&self, date: Date, roll: Roll) -> Result<Date, CalendarError> {
        match roll {
            Roll::None => Ok(date),
            Roll::Following => self.walk(date, Date::succ_opt),
            Roll::Preceding => self.walk(date, Date::pred_opt),
            Roll::ModifiedFollowing => {
                let next = self.walk(date, Date::succ_opt)?;
                if next.month() == date.month() {
                    Ok(next)
                } else {
                    self.walk(date, Date::pred_opt)
                }
            }
        }
    }

    fn walk(&self, mut date: Date, step: fn(&Date) -> Option<Date>) -> Result<Date, CalendarError> {
        for _ in 0..MAX_ROLL_DAYS {
            if self.is_open(date) {
                return Ok(date);
            }
            date = step(&date).ok_or(CalendarError::OutOfRange)?;
        }
        Err(CalendarError::NoBusinessDay { date })
    }
}

/// Why a date could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Outside the years that the calendar covers, or too large a number.
    #[error("date out of range")]
    OutOfRange,
    /// An interval that ends before it starts.
    #[error("{to} is before {from}")]
    Backwards {
        /// Start.
        from: Date,
        /// End.
        to: Date,
    },
    /// Too many non-business days in a row.
    #[error("no business day near {date}")]
    NoBusinessDay {
        /// Where the search ended.
        date: Date,
    },
    /// A denominator that is not positive.
    #[error("denominator must be positive")]
    BadFraction,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn months_count_from_the_anchor() {
        let month = Period::new(1, Unit::Month);
        assert_eq!(month.after(day("2023-01-31"), 1), Ok(day("2023-02-28")));
        assert_eq!(month.after(day("2024-01-31"), 1), Ok(day("2024-02-29")));
        assert_eq!(month.after(day("2023-01-31"), 2), Ok(day("2023-03-31")));
        assert_eq!(month.before(day("2023-03-31"), 1), Ok(day("2023-02-28")));
        assert_eq!(
            Period::new(2, Unit::Week).after(day("2023-12-25"), 1),
            Ok(day("2024-01-08"))
        );
        assert_eq!(
            Period::new(1, Unit::Year).after(day("2024-02-29"), 1),
            Ok(day("2025-02-28"))
        );
        assert_eq!(
            Period::new(u32::MAX, Unit::Year).after(day("2024-02-29"), 2),
            Err(CalendarError::OutOfRange)
        );
    }

    #[test]
    fn day_counts_are_exact() {
        let (from, to) = (day("2003-11-01"), day("2004-05-01"));
        let fraction = |count: DayCount| count.year_fraction(from, to).unwrap();
        assert_eq!(fraction(DayCount::Thirty360), Fraction::new(1, 2).unwrap());
        assert_eq!(fraction(DayCount::Act360), Fraction::new(182, 360).unwrap());
        assert_eq!(fraction(DayCount::Act364), Fraction::new(1, 2).unwrap());
        assert_eq!(fraction(DayCount::Act365), Fraction::new(182, 365).unwrap());
        // The ISDA memorandum of 1999 works this one: 61/365 + 121/366.
        let isda = Fraction::new(61, 365)
            .unwrap()
            .plus(Fraction::new(121, 366).unwrap())
            .unwrap();
        assert_eq!(fraction(DayCount::ActActIsda), isda);
        assert!(DayCount::Act365.year_fraction(to, from).is_err());
    }

    #[test]
    fn thirty_360_treats_the_31st_as_the_30th() {
        let days = |from, to| thirty_360_days(day(from), day(to));
        assert_eq!(days("2024-01-31", "2024-03-31"), 60);
        assert_eq!(days("2024-01-30", "2024-03-31"), 60);
        assert_eq!(days("2024-01-15", "2024-03-31"), 76);
    }

    #[test]
    fn rolls_reach_a_business_day() {
        let open = BusinessDays::with_holidays([day("2024-04-01")]);
        let sunday = day("2024-03-31");
        assert_eq!(open.roll(sunday, Roll::None), Ok(sunday));
        assert_eq!(open.roll(sunday, Roll::Following), Ok(day("2024-04-02")));
        assert_eq!(open.roll(sunday, Roll::ModifiedFollowing), Ok(day("2024-03-29")));
        assert_eq!(open.roll(sunday, Roll::Preceding), Ok(day("2024-03-29")));
        let all = [
            Weekday::Mon,
            Weekday::Tue,
            Weekday::Wed,
            Weekday::Thu,
            Weekday::Fri,
            Weekday::Sat,
            Weekday::Sun,
        ];
        let never = BusinessDays {
            weekend: all.to_vec(),
            holidays: BTreeSet::new(),
        };
        assert!(matches!(
            never.roll(sunday, Roll::Following),
            Err(CalendarError::NoBusinessDay { .. })
        ));
    }
}

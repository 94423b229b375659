//! Lengths of time: terms, intervals, cooling-off periods and validity, each read for what it is used for.
//!
//! Lenders write ISO 8601 durations by ear: `PT5M` is five minutes to the standard and five months to the lender of a loan. The
//! method says which is meant: [`Field::term`] reads it as months, [`Field::span`] as minutes.

use chrono::TimeDelta;
use domain::calendar::{Period, Unit};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::scan::Scan;
use super::{Field, Problem, Refusal};

const MONTHS_IN_YEAR: u32 = 12;
const DAYS_IN_WEEK: u32 = 7;

/// A duration as written, not yet understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    /// Years.
    years: u32,
    /// Months.
    months: u32,
    /// Weeks.
    weeks: u32,
    /// Days, on either side of the `T`.
    days: u32,
    /// Hours.
    hours: u32,
    /// `M` after the `T`, or the word.
    minutes: u32,
    /// Seconds.
    seconds: u32,
    /// True when `minutes` is the `M` of an ISO duration, which may have been meant as months.
    iso_minutes: bool,
}

impl Field<'_> {
    /// The term of a loan: `5 months`, `24 Months`, `P24M`, `PT5M` (five months), `45 days`, `P1Y6M`. A term that is no whole
    /// number of one unit, is zero, or has no unit is refused.
    pub fn term(&self) -> Result<Period, Refusal> {
        self.parse(|text| parse(text)?.as_period())
    }

    /// How often something is paid: `MONTHLY`, `fortnightly`, `P1M`, `PT1M` (a month), `every 2 weeks`.
    pub fn interval(&self) -> Result<Period, Refusal> {
        self.parse(|text| {
            if let Some(period) = named_interval(text) {
                return Ok(period);
            }
            let mut scan = Scan::new(text);
            scan.eat_any(&["once every", "every", "each"]);
            parse(scan.rest())?.as_period()
        })
    }

    /// A term whose unit stands in a field of its own: `12` and `MONTH`.
    pub fn count_of(&self, unit: &Field<'_>) -> Result<Period, Refusal> {
        let count = self.count()?;
        if count == 0 {
            return Err(self.refuse(Problem::Zero));
        }
        let unit = unit.parse(|text| match unit_of(&text.to_ascii_lowercase()) {
            Some(Word::Day) => Ok(Unit::Day),
            Some(Word::Week) => Ok(Unit::Week),
            Some(Word::Month) => Ok(Unit::Month),
            Some(Word::Year) => Ok(Unit::Year),
            _ => Err(Problem::UnknownWord),
        })?;
        Ok(Period::new(count, unit))
    }

    /// An exact length of time, read to the letter: `PT20M` is twenty minutes, `PT15D` fifteen days. Months and years have no
    /// exact length and are refused.
    pub fn span(&self) -> Result<TimeDelta, Refusal> {
        self.parse(|text| parse(text)?.exact())
    }

    /// A cooling-off period in whole days, rounded down, so that a borrower is never promised more than was written: `P3D Days`
    /// is 3, `PT5D0H0M` is 5, and `PT5M`, which says five minutes, is 0.
    pub fn whole_days_down(&self) -> Result<u32, Refusal> {
        self.parse(|text| u32::try_from(parse(text)?.exact()?.num_days()).map_err(|_| Problem::TooLarge))
    }
}

fn named_interval(text: &str) -> Option<Period> {
    let name: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    let all = text
        .chars()
        .all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' '));
    let (count, unit) = match name.to_ascii_lowercase().as_str() {
        _ if !all => return None,
        "daily" => (1, Unit::Day),
        "weekly" => (1, Unit::Week),
        "biweekly" | "fortnightly" => (2, Unit::Week),
        "monthly" => (1, Unit::Month),
        "quarterly" => (3, Unit::Month),
        // `bimonthly` is twice a month to some and every two months to others.
        "halfyearly" | "semiannually" | "semiannual" => (6, Unit::Month),
        "yearly" | "annually" | "annual" => (1, Unit::Year),
        _ => return None,
    };
    Some(Period::new(count, unit))
}

impl Span {
    fn as_period(mut self) -> Result<Period, Problem> {
        let others = [self.years, self.months, self.weeks, self.days, self.hours, self.seconds];
        if self.iso_minutes && self.minutes > 0 && others.iter().all(|part| *part == 0) {
            (self.months, self.minutes) = (self.minutes, 0);
        }
        if self.hours + self.minutes + self.seconds > 0 {
            return Err(Problem::TooShort);
        }
        let total = |large: u32, times: u32, small: u32| {
            large
                .checked_mul(times)
                .and_then(|sum| sum.checked_add(small))
                .ok_or(Problem::TooLarge)
        };
        let calendar = self.years > 0 || self.months > 0;
        let exact = self.weeks > 0 || self.days > 0;
        match (calendar, exact) {
            (true, true) => Err(Problem::Mixed),
            (true, false) if self.months == 0 => Ok(Period::new(self.years, Unit::Year)),
            (true, false) => total(self.years, MONTHS_IN_YEAR, self.months).map(|n| Period::new(n, Unit::Month)),
            (false, true) if self.days == 0 => Ok(Period::new(self.weeks, Unit::Week)),
            (false, true) => total(self.weeks, DAYS_IN_WEEK, self.days).map(|n| Period::new(n, Unit::Day)),
            (false, false) => Err(Problem::Zero),
        }
    }

    fn exact(self) -> Result<TimeDelta, Problem> {
        if self.years > 0 || self.months > 0 {
            return Err(Problem::Mixed);
        }
        let days = u64::from(self.weeks) * u64::from(DAYS_IN_WEEK) + u64::from(self.days);
        let seconds =
            ((days * 24 + u64::from(self.hours)) * 60 + u64::from(self.minutes)) * 60 + u64::from(self.seconds);
        let seconds = i64::try_from(seconds).map_err(|_| Problem::TooLarge)?;
        TimeDelta::try_seconds(seconds).ok_or(Problem::TooLarge)
    }

    fn slot(&mut self, word: Word) -> &mut u32 {
        match word {
            Word::Year => &mut self.years,
            Word::Month => &mut self.months,
            Word::Week => &mut self.weeks,
            Word::Day => &mut self.days,
            Word::Hour => &mut self.hours,
            Word::Minute => &mut self.minutes,
            Word::Second => &mut self.seconds,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

fn unit_of(lower: &str) -> Option<Word> {
    Some(match lower {
        "year" | "years" | "yr" | "yrs" | "y" => Word::Year,
        "month" | "months" | "mth" | "mths" | "mo" | "mos" => Word::Month,
        "week" | "weeks" | "wk" | "wks" | "w" => Word::Week,
        "day" | "days" | "d" => Word::Day,
        "hour" | "hours" | "hr" | "hrs" | "h" => Word::Hour,
        "minute" | "minutes" | "min" | "mins" => Word::Minute,
        "second" | "seconds" | "sec" | "secs" | "s" => Word::Second,
        _ => return None,
    })
}

fn parse(text: &str) -> Result<Span, Problem> {
    let mut scan = Scan::new(text);
    if text.starts_with(['P', 'p']) {
        return iso(&text[1..]);
    }
    let mut length = Span::default();
    let mut seen = 0;
    while !scan.is_done() {
        if seen > 0 {
            scan.eat_any(&["and", ","]);
            if scan.range_mark() {
                return Err(Problem::Range);
            }
        }
        super::percent::lead(&mut scan)?;
        let count = whole(scan.number()?)?;
        if scan.range_mark() {
            return Err(Problem::Range);
        }
        let written = scan.word().to_ascii_lowercase();
        if written.is_empty() {
            return Err(if scan.is_done() {
                Problem::NoUnit
            } else {
                Problem::Unread
            });
        }
        // Months or minutes.
        if written == "m" {
            return Err(Problem::Ambiguous);
        }
        let word = unit_of(&written).ok_or(Problem::Unread)?;
        let slot = length.slot(word);
        if *slot != 0 {
            return Err(Problem::Ambiguous);
        }
        *slot = count;
        seen += 1;
    }
    if seen == 0 {
        Err(Problem::NotANumber)
    } else {
        Ok(length)
    }
}

/// `nYnMnWnD` and behind a `T` `nDnHnMnS`, in any order, each at most once; then perhaps the last unit as a word.
fn iso(text: &str) -> Result<Span, Problem> {
    let mut span = Span::default();
    let (mut timed, mut last, mut parts) = (false, None, 0);
    let mut given = [false; 7];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if matches!(first, 'T' | 't') && !timed {
            timed = true;
            rest = &rest[1..];
            continue;
        }
        if !first.is_ascii_digit() {
            break;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(Problem::NoUnit)?;
        let count: u32 = rest[..end].parse().map_err(|_| Problem::TooLarge)?;
        let letter = rest[end..].chars().next().map(|c| c.to_ascii_uppercase());
        let word = match letter {
            Some('Y') => Word::Year,
            Some('M') if timed => Word::Minute,
            Some('M') => Word::Month,
            Some('W') => Word::Week,
            Some('D') => Word::Day,
            Some('H') if timed => Word::Hour,
            Some('S') if timed => Word::Second,
            Some('.' | ',') => return Err(Problem::TooFine),
            _ => return Err(Problem::Unread),
        };
        if std::mem::replace(&mut given[word as usize], true) {
            return Err(Problem::Ambiguous);
        }
        *span.slot(word) = count;
        (last, parts) = (Some(word), parts + 1);
        rest = &rest[end + 1..];
    }
    if parts == 0 {
        return Err(Problem::NotANumber);
    }
    span.iso_minutes = true;
    let named = rest.trim();
    // `P30D Days`: the unit once more, as a word. Another word would be another meaning.
    if !named.is_empty() && unit_of(&named.to_ascii_lowercase()) != last {
        return Err(Problem::Unread);
    }
    Ok(span)
}

fn whole(value: Decimal) -> Result<u32, Problem> {
    let value = value.normalize();
    if value.scale() != 0 {
        return Err(Problem::TooFine);
    }
    value.to_u32().ok_or(Problem::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str) -> Result<(u32, Unit), Problem> {
        Field::new("f", text)
            .term()
            .map(|period| (period.count, period.unit))
            .map_err(|refusal| refusal.problem().clone())
    }

    #[test]
    fn a_term_of_minutes_means_months() {
        use Unit::{Day, Month, Week, Year};
        for (text, count, unit) in [
            ("PT5M", 5, Month),
            ("P5M", 5, Month),
            ("5 months", 5, Month),
            ("24 Months", 24, Month),
            ("1 months", 1, Month),
            ("12mo", 12, Month),
            ("180 days", 180, Day),
            ("PT45D", 45, Day),
            ("P5DT0H0M", 5, Day),
            ("P2W", 2, Week),
            ("P1W3D", 10, Day),
            ("5 years", 5, Year),
            ("P1Y6M", 18, Month),
            ("1 year 6 months", 18, Month),
            ("1 year and 6 months", 18, Month),
        ] {
            assert_eq!(term(text), Ok((count, unit)), "{text}");
        }
    }

    #[test]
    fn a_term_without_one_meaning_is_refused() {
        for (text, problem) in [
            ("24", Problem::NoUnit),
            ("5m", Problem::Ambiguous),
            ("PT12H", Problem::TooShort),
            ("5 minutes", Problem::TooShort),
            ("PT1D5M", Problem::TooShort),
            ("P1M15D", Problem::Mixed),
            ("P0M", Problem::Zero),
            ("P", Problem::NotANumber),
            ("PT", Problem::NotANumber),
            ("P5", Problem::NoUnit),
            ("P5M Days", Problem::Unread),
            ("P1.5Y", Problem::TooFine),
            ("1.5 years", Problem::TooFine),
            ("6 - 12 months", Problem::Range),
            ("6 months to 5 years", Problem::Range),
            ("up to 5 years", Problem::Bound),
            ("five months", Problem::NotANumber),
            ("NA", Problem::Missing),
            ("P5M5M", Problem::Ambiguous),
            ("P99999999999M", Problem::TooLarge),
            ("P4294967295Y1M", Problem::TooLarge),
        ] {
            assert_eq!(term(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn an_exact_span_takes_minutes_as_minutes_and_no_months() {
        let span = |text: &'static str| Field::new("f", text).span().map_err(|r| r.problem().clone());
        assert_eq!(span("PT20M"), Ok(TimeDelta::minutes(20)));
        assert_eq!(span("PT15D"), Ok(TimeDelta::days(15)));
        assert_eq!(span("PT29D23H55M"), Ok(TimeDelta::days(30) - TimeDelta::minutes(5)));
        assert_eq!(span("30 mins"), Ok(TimeDelta::minutes(30)));
        assert_eq!(span("P1M"), Err(Problem::Mixed));
        let days = |text: &'static str| Field::new("f", text).whole_days_down().map_err(|r| r.problem().clone());
        assert_eq!(days("PT5D0H0M"), Ok(5));
        assert_eq!(days("P3D Days"), Ok(3));
        assert_eq!(days("PT5M"), Ok(0));
        assert_eq!(days("24"), Err(Problem::NoUnit));
        assert_eq!(days("36 hours"), Ok(1));
    }

    #[test]
    fn intervals_have_names_and_units_may_stand_apart() {
        let every = |text: &'static str| Field::new("f", text).interval().map_err(|r| r.problem().clone());
        let month = Ok(Period::new(1, Unit::Month));
        for text in ["MONTHLY", "Monthly", "P1M", "PT1M", "every 1 month"] {
            assert_eq!(every(text), month, "{text}");
        }
        assert_eq!(every("Half-Yearly"), Ok(Period::new(6, Unit::Month)));
        assert_eq!(every("every 2 weeks"), Ok(Period::new(2, Unit::Week)));
        assert_eq!(
            every("bimonthly"),
            Err(Problem::NotANumber),
            "twice a month or every two months"
        );
        let (count, unit) = (Field::new("duration", "12"), Field::new("unit", "MONTH"));
        assert_eq!(count.count_of(&unit), Ok(Period::new(12, Unit::Month)));
        let refusal = count.count_of(&Field::new("unit", "MOON")).unwrap_err();
        assert_eq!((refusal.field(), refusal.problem()), ("unit", &Problem::UnknownWord));
    }
}

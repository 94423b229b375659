//! Days that count: calendar days, and business days by a calendar that comes with the rules.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::model::DayKind;

/// Weekends and holidays of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Days of the week that are no business days.
    pub weekend: Vec<Weekday>,
    /// Other days that are none.
    pub holidays: BTreeSet<NaiveDate>,
    /// First day for which the holidays are known.
    pub from: NaiveDate,
    /// Last day for which they are.
    pub to: NaiveDate,
}

impl Calendar {
    /// Whether business is done that day; none outside the known days.
    pub fn is_open(&self, day: NaiveDate) -> Option<bool> {
        let known = (self.from..=self.to).contains(&day);
        known.then(|| !self.weekend.contains(&day.weekday()) && !self.holidays.contains(&day))
    }
}

/// The last day of a period that begins on the day after `start`. None beyond the calendar: nobody may guess holidays.
pub fn last_day(start: NaiveDate, days: u16, of: DayKind, calendar: Option<&Calendar>) -> Option<NaiveDate> {
    if of == DayKind::Calendar {
        return start.checked_add_days(Days::new(u64::from(days)));
    }
    let calendar = calendar?;
    let mut day = start;
    let mut left = days;
    while left > 0 {
        day = day.succ_opt()?;
        left -= u16::from(calendar.is_open(day)?);
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn business_days_step_over_weekends_and_holidays() {
        let calendar = Calendar {
            weekend: vec![Weekday::Sat, Weekday::Sun],
            holidays: [day("2026-12-25")].into(),
            from: day("2026-01-01"),
            to: day("2026-12-31"),
        };
        let last = |from: &str, days| last_day(day(from), days, DayKind::Business, Some(&calendar));
        assert_eq!(last("2026-11-20", 1), Some(day("2026-11-23")), "Friday to Monday");
        assert_eq!(last("2026-11-21", 3), Some(day("2026-11-25")), "from a Saturday");
        assert_eq!(
            last("2026-12-24", 1),
            Some(day("2026-12-28")),
            "over Christmas and a weekend"
        );
        assert_eq!(last("2026-12-31", 1), None, "beyond the calendar");
        assert_eq!(last("2026-12-31", 0), Some(day("2026-12-31")));
        assert_eq!(
            last_day(day("2026-11-21"), 30, DayKind::Calendar, None),
            Some(day("2026-12-21"))
        );
        assert_eq!(last_day(day("2026-11-21"), 3, DayKind::Business, None), None);
    }
}

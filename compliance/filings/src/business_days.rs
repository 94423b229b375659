//! Business days of the United States: Monday to Friday less the federal holidays of 5 USC 6103, on the days on which they are
//! observed.

use chrono::{Datelike, Days, NaiveDate, Weekday};

fn date(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

/// The holiday of a fixed date, observed on Friday when it is a Saturday and on Monday when it is a Sunday.
fn observed(day: NaiveDate) -> Option<NaiveDate> {
    match day.weekday() {
        Weekday::Sat => day.pred_opt(),
        Weekday::Sun => day.succ_opt(),
        _ => Some(day),
    }
}

/// True on a federal holiday, as observed.
pub fn is_holiday(day: NaiveDate) -> bool {
    // January 1 of the next year may be observed on December 31 of this one.
    let years = [day.year(), day.year() + 1];
    let fixed = years.iter().any(|year| {
        let days = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)];
        days.iter()
            .any(|(month, of)| date(*year, *month, *of).and_then(observed) == Some(day))
    });
    let nth = |month: u32, weekday: Weekday, n: u8| {
        day.month() == month && NaiveDate::from_weekday_of_month_opt(day.year(), month, weekday, n) == Some(day)
    };
    let last_monday_of_may = day.month() == 5 && day.weekday() == Weekday::Mon && day.day() > 24;
    fixed
        || nth(1, Weekday::Mon, 3)
        || nth(2, Weekday::Mon, 3)
        || last_monday_of_may
        || nth(9, Weekday::Mon, 1)
        || nth(10, Weekday::Mon, 2)
        || nth(11, Weekday::Thu, 4)
}

/// True on a day on which an authority works.
pub fn is_business_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_holiday(day)
}

/// The day `count` business days after `from`; none beyond the calendar.
pub fn after(from: NaiveDate, count: u32) -> Option<NaiveDate> {
    let mut day = from;
    let mut left = count;
    while left > 0 {
        day = day.checked_add_days(Days::new(1))?;
        if is_business_day(day) {
            left -= 1;
        }
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The list of the Office of Personnel Management for 2026, and the holidays that move between years.
    #[test]
    fn the_holidays_of_2026_are_those_of_the_statute() {
        let listed = [
            "2026-01-01",
            "2026-01-19",
            "2026-02-16",
            "2026-05-25",
            "2026-06-19",
            "2026-07-03",
            "2026-09-07",
            "2026-10-12",
            "2026-11-11",
            "2026-11-26",
            "2026-12-25",
        ];
        let mut found = Vec::new();
        let mut at = day("2026-01-01");
        while at <= day("2026-12-31") {
            if is_holiday(at) {
                found.push(at.to_string());
            }
            at = at.succ_opt().unwrap();
        }
        assert_eq!(found, listed);
        assert!(is_holiday(day("2021-12-31")), "January 1, 2022 was a Saturday");
        assert!(!is_holiday(day("2022-01-03")));
        assert!(is_holiday(day("2023-01-02")), "January 1, 2023 was a Sunday");
    }

    #[test]
    fn ten_business_days_pass_over_weekends_and_holidays() {
        assert_eq!(
            after(day("2026-11-20"), 10),
            Some(day("2026-12-07")),
            "over Thanksgiving"
        );
        assert_eq!(
            after(day("2026-12-18"), 10),
            Some(day("2027-01-05")),
            "over two holidays"
        );
        assert_eq!(after(day("2026-03-02"), 10), Some(day("2026-03-16")));
        assert_eq!(after(day("2026-03-02"), 0), Some(day("2026-03-02")));
    }
}

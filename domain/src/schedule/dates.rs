//! Installment dates.

use chrono::{Datelike, NaiveDate};

use super::ScheduleError;
use crate::calendar::{Date, Period, Unit, days_in_month};

/// Where the first installment falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallmentDates {
    /// On the day asked for, then every period.
    OnRequestedDay,
    /// On the first day of the month after the day asked for.
    StartOfNextMonth,
    /// On the last day of the month of the day asked for, then on every month's last day.
    EndOfMonth,
}

/// Due dates of `count` installments, one every `every` after `start`. Months are counted from the anchor, so January 31
/// gives February 29 and then March 31. With `first` the first is due there and the others follow it.
pub fn due_dates(start: Date, first: Option<Date>, every: Period, count: u32) -> Result<Vec<Date>, ScheduleError> {
    (1..=count)
        .map(|k| match first {
            None => every.after(start, k).map_err(ScheduleError::from),
            Some(first) => every.after(first, k - 1).map_err(ScheduleError::from),
        })
        .collect()
}

/// Due dates of `count` installments whose first was asked for on `requested`.
pub fn installment_dates(
    requested: Date,
    rule: InstallmentDates,
    every: Period,
    count: u32,
) -> Result<Vec<Date>, ScheduleError> {
    let on_day =
        |date: Date, day: u32| NaiveDate::from_ymd_opt(date.year(), date.month(), day).ok_or(ScheduleError::Overflow);
    match rule {
        InstallmentDates::OnRequestedDay => due_dates(requested, Some(requested), every, count),
        InstallmentDates::StartOfNextMonth => {
            let first = Period::new(1, Unit::Month).after(on_day(requested, 1)?, 1)?;
            due_dates(first, Some(first), every, count)
        }
        InstallmentDates::EndOfMonth => due_dates(requested, Some(on_day(requested, 1)?), every, count)?
            .into_iter()
            .map(|date| on_day(date, days_in_month(date.year(), date.month())))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_end_anchor_comes_back_to_the_month_end() {
        let start = NaiveDate::from_ymd_opt(2024, 1, 31).unwrap();
        let dates = due_dates(start, None, Period::new(1, Unit::Month), 3).unwrap();
        let days: Vec<u32> = dates.iter().map(Datelike::day).collect();
        assert_eq!(days, [29, 31, 30]);
    }
}

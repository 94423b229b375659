//! From what a source reports to facts: pure, in whole numbers, rounded against the applicant.
//!
//! A fact that a report does not carry is left out, never guessed. What is meant by each fact stands at [`crate::Fact`]; how it is made
//! stands here and in `docs/risk/facts.md`.

pub mod bank;
pub mod bureau;
pub mod own;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

use crate::{Fact, Known, Source};

/// Some amounts of a report are in another currency than the request; facts about them are left out.
pub const OTHER_CURRENCY: &str = "CURRENCY";

/// What a report gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Facts, each at most once.
    pub facts: Vec<(Fact, Known)>,
    /// Why some are missing that a better report would have.
    pub lacks: Option<&'static str>,
}

impl Found {
    fn put(&mut self, fact: Fact, value: Option<i64>, (source, as_of): (Source, DateTime<Utc>)) {
        self.facts
            .extend(value.map(|value| (fact, Known { value, source, as_of })));
    }

    /// The value of a fact.
    pub fn value(&self, fact: Fact) -> Option<i64> {
        self.facts
            .iter()
            .find(|(known, _)| *known == fact)
            .map(|(_, known)| known.value)
    }
}

/// `numerator / denominator` in parts per million, up.
fn share_up(numerator: i128, denominator: i128) -> Option<i64> {
    let parts = numerator.checked_mul(1_000_000)?.checked_add(denominator - 1)?;
    i64::try_from(parts.div_euclid(denominator)).ok()
}

/// A number of things.
fn count(things: usize) -> Option<i64> {
    i64::try_from(things).ok()
}

/// Months since year 0.
fn month_of(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// Whole months from one day to another, down.
fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    let whole = month_of(to) - month_of(from);
    (whole - i64::from(to.day() < from.day())).max(0)
}

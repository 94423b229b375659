//! Keys of a mapping, and their values as types of ours.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::Period;
use domain::{Money, Rate, Reason};
use rust_decimal::prelude::ToPrimitive as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as WordError;

use super::eval::{Evaluator, Result};
use super::parse::Names;
use super::source::{Bound, Loaded, Table};
use super::template::written;
use super::value::{Located, Value};

/// The keys of one table of a mapping.
#[derive(Debug)]
pub(super) struct Keys(BTreeMap<&'static str, Bound>);

impl Keys {
    /// Reads the keys that there are; `true` for those that must be there.
    pub(super) fn load(table: &Table<'_>, names: Names, keys: &[(&'static str, bool)]) -> Loaded<Self> {
        let mut found = BTreeMap::new();
        for (key, needed) in keys {
            match table.optional_expr(key, names)? {
                Some(bound) => {
                    found.insert(*key, bound);
                }
                None if *needed => return Err(table.missing(key)),
                None => {}
            }
        }
        Ok(Self(found))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

/// Keys being evaluated.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub keys: &'a Keys,
    pub evaluator: &'a Evaluator,
    pub scope: &'a [Located],
}

impl<'a> Values<'a> {
    pub(super) fn of(self, keys: &'a Keys) -> Self {
        Self { keys, ..self }
    }

    /// What a key comes to; nothing when it is not there.
    fn with<T>(&self, key: &str, how: impl FnOnce(&Located) -> Result<T>) -> Result<Option<T>> {
        let Some(bound) = self.keys.0.get(key) else {
            return Ok(None);
        };
        let value = self.evaluator.bound(bound, self.scope)?;
        if value.says_nothing() {
            return Ok(None);
        }
        how(&value).map(Some).map_err(|fault| fault.or_key(&bound.key))
    }

    fn need<T>(&self, key: &str, how: impl FnOnce(&Located) -> Result<T>) -> Result<T> {
        if let Some(found) = self.with(key, how)? {
            return Ok(found);
        }
        // The lender's field is to blame when there is one.
        let Some(bound) = self.keys.0.get(key) else {
            return Err(super::eval::plain("is missing").or_key(key));
        };
        let value = self.evaluator.bound(bound, self.scope)?;
        Err(value.fault("is missing").or_key(&bound.key))
    }

    pub(super) fn optional_money(&self, key: &str) -> Result<Option<Money>> {
        self.with(key, money)
    }

    pub(super) fn money(&self, key: &str) -> Result<Money> {
        self.need(key, money)
    }

    pub(super) fn optional_rate(&self, key: &str) -> Result<Option<Rate>> {
        self.with(key, rate)
    }

    pub(super) fn rate(&self, key: &str) -> Result<Rate> {
        self.need(key, rate)
    }

    pub(super) fn optional_period(&self, key: &str) -> Result<Option<Period>> {
        self.with(key, period)
    }

    pub(super) fn period(&self, key: &str) -> Result<Period> {
        self.need(key, period)
    }

    pub(super) fn optional_date(&self, key: &str) -> Result<Option<NaiveDate>> {
        self.with(key, date)
    }

    pub(super) fn date(&self, key: &str) -> Result<NaiveDate> {
        self.need(key, date)
    }

    pub(super) fn instant(&self, key: &str) -> Result<DateTime<Utc>> {
        self.need(key, |value| match value.value {
            Value::Instant(at) => Ok(at),
            _ => Err(value.expected("an instant: instant() reads one")),
        })
    }

    pub(super) fn count(&self, key: &str) -> Result<u32> {
        self.need(key, |value| {
            let count = value.number()?.normalize();
            let count = (count.scale() == 0).then(|| count.to_u32()).flatten();
            count.ok_or_else(|| value.fault("must be a whole number that is not negative"))
        })
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<String>> {
        self.with(key, written)
    }

    pub(super) fn text(&self, key: &str) -> Result<String> {
        self.need(key, written)
    }

    pub(super) fn truth(&self, key: &str) -> Result<bool> {
        self.need(key, Located::truth)
    }

    /// A word of an enumeration of ours, as it is written in the protocol.
    pub(super) fn word<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T> {
        self.need(key, |value| {
            let text = value.text()?;
            let read = T::deserialize((&*text).into_deserializer());
            read.map_err(|_: WordError| value.fault("is not one of the words that this key takes: word() translates"))
        })
    }

    /// The items of a list that a key gives; a key that is not there gives none.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Located>> {
        let items = self.with(key, Located::items)?;
        Ok(items.map(|items| items.to_vec()).unwrap_or_default())
    }
}

/// Reasons of a decline: rows of a list, each with a code and a sentence.
pub(super) fn reasons(values: Values<'_>, rows: &[Located]) -> Result<Vec<Reason>> {
    let mut reasons = Vec::new();
    for row in rows.iter().take(16) {
        let mut scope = values.scope.to_vec();
        scope.push(row.clone());
        let values = Values {
            scope: &scope,
            ..values
        };
        reasons.push(Reason::new(code(&values.text("code")?), shown(&values.text("text")?)));
    }
    Ok(reasons)
}

/// Upper snake case, as codes of reasons are.
fn code(text: &str) -> String {
    let upper = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    text.chars().take(64).map(upper).collect()
}

/// One line of at most 200 characters.
fn shown(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn money(value: &Located) -> Result<Money> {
    match value.value {
        Value::Money(money) => Ok(money),
        _ => Err(value.expected("an amount: money() or minor() reads one")),
    }
}

fn rate(value: &Located) -> Result<Rate> {
    match value.value {
        Value::Rate(rate) => Ok(rate),
        _ => Err(value.expected("a rate: percent() and others read one")),
    }
}

fn period(value: &Located) -> Result<Period> {
    match value.value {
        Value::Period(period) => Ok(period),
        _ => Err(value.expected("a period: term(), months() or interval() reads one")),
    }
}

fn date(value: &Located) -> Result<NaiveDate> {
    match value.value {
        Value::Date(date) => Ok(date),
        _ => Err(value.expected("a date: date() reads one")),
    }
}

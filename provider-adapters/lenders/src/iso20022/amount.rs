//! Amounts and dates of ISO 20022.

use chrono::{DateTime, NaiveDate};
use domain::{Currency, Money};

use super::xml::{Element, Read};

/// An amount with its currency: at most 18 digits, never a sign, no finer than the currency's minor unit.
pub(super) fn money(element: &Element) -> Read<Money> {
    let code = element.currency().ok_or_else(|| element.refuse("has no currency"))?;
    let currency = Currency::parse(code).map_err(|_| element.refuse("has an unknown currency"))?;
    let text = element.text();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() + part.len() > 19 {
        return Err(element.refuse("is not an amount"));
    }
    Money::parse_major(text, currency).map_err(|error| element.refuse(error.to_string()))
}

/// An amount as it is written.
pub(super) fn text(money: Money) -> String {
    money.to_major().to_string()
}

/// The day of `Dt` or `DtTm`, as it is written there.
pub(super) fn day(element: &Element) -> Read<NaiveDate> {
    if let Some(text) = element.text_at("Dt")? {
        return text.parse().map_err(|_| element.refuse("has a date that is none"));
    }
    let text = element.text_at("DtTm")?.ok_or_else(|| element.refuse("has no date"))?;
    let instant = DateTime::parse_from_rfc3339(text).map(|instant| instant.date_naive());
    instant
        .or_else(|_| text.parse::<chrono::NaiveDateTime>().map(|instant| instant.date()))
        .map_err(|_| element.refuse("has a date that is none"))
}

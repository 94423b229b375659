//! Each field of each struct is flipped in turn; every flip must change the digest.

use serde_json::Value;

use super::*;
use crate::sample::{full_offer, quote_of};

/// Other values that a leaf could hold; at least one of them must deserialize.
fn alternatives(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(flag) => vec![Value::Bool(!flag)],
        Value::Number(number) => {
            vec![number.as_i64().map_or_else(
                || number.as_u64().unwrap_or(0).wrapping_sub(1).into(),
                |n| (n + 1).into(),
            )]
        }
        Value::String(text) => strings(text),
        Value::Null | Value::Array(_) | Value::Object(_) => vec![Value::String("x".into()), Value::from(1)],
    }
}

fn strings(text: &str) -> Vec<Value> {
    let mut all: Vec<String> = [
        "FIRM",
        "HARD",
        "LINE",
        "VARIABLE",
        "BULLET",
        "PLATFORM",
        "FINANCED",
        "EU_EFFECTIVE",
        "EUR",
    ]
    .iter()
    .chain(&[
        "act365",
        "day",
        "LATE_ONCE",
        "BASE",
        "NOT_BINDING",
        "INDIA_NOMINAL",
        "INDICATIVE",
        "SOFT",
        "NONE",
    ])
    .map(|s| (*s).to_owned())
    .collect();
    // Another hex digit, another decimal digit, another second, another day; else simply longer.
    if let Some(last) = text.chars().last() {
        let other = if last == '1' { '2' } else { '1' };
        all.push(format!("{}{other}", &text[..text.len() - last.len_utf8()]));
    }
    all.push(
        text.replace(":00:00Z", ":00:09Z")
            .replace(":30:00Z", ":30:09Z")
            .replace(":00:01Z", ":00:09Z"),
    );
    all.push(format!("{text}x"));
    all.retain(|other| other != text);
    all.into_iter().map(Value::String).collect()
}

fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, inner)| leaves(inner, &format!("{path}/{key}"), found)),
        Value::Array(items) => {
            // One element stands for all: the digest covers them alike.
            if let Some(first) = items.first() {
                leaves(first, &format!("{path}/0"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

fn every_flip_changes_the_digest(subtree: &str) {
    let quote = quote_of(full_offer());
    let json = serde_json::to_value(&quote).unwrap();
    let mut paths = Vec::new();
    leaves(json.pointer(subtree).unwrap(), subtree, &mut paths);
    assert!(!paths.is_empty());
    for path in paths.iter().filter(|path| *path != "/digest") {
        let flipped = alternatives(json.pointer(path).unwrap()).into_iter().any(|other| {
            let mut changed = json.clone();
            *changed.pointer_mut(path).unwrap() = other;
            serde_json::from_value::<Quote>(changed).is_ok_and(|q| q != quote && q.compute_digest() != quote.digest)
        });
        assert!(flipped, "{path} does not change the digest");
    }
}

macro_rules! flips {
    ($($name:ident: $path:literal),+ $(,)?) => {$(
        #[test]
        fn $name() {
            every_flip_changes_the_digest($path);
        }
    )+};
}

flips! {
    quote: "",
    jurisdiction: "/jurisdiction",
    amounts: "/offer/amounts",
    rate_terms: "/offer/rate",
    rate_curve: "/offer/rate/curve",
    fee: "/offer/fees",
    repayment: "/offer/repayment",
    scheduled_payment: "/offer/repayment/schedule",
    late_terms: "/offer/repayment/late",
    collateral: "/offer/collateral",
    collateral_asset: "/offer/collateral/assets",
    onchain: "/offer/onchain",
    onchain_order: "/offer/onchain/order",
    venue: "/offer/venue",
    declared: "/offer/declared",
    verified: "/verified",
    scenario: "/scenarios",
    flag: "/flags",
    rule_version: "/rule_versions",
}

#[test]
fn the_order_and_the_number_of_elements_count() {
    let quote = quote_of(full_offer());
    let mut fewer = quote.clone();
    fewer.offer.repayment.schedule.pop();
    assert_ne!(fewer.compute_digest(), quote.digest);
    let mut swapped = quote.clone();
    swapped.scenarios.swap(0, 1);
    assert_ne!(swapped.compute_digest(), quote.digest);
    assert_eq!(quote.compute_digest(), quote.digest);
}

#[test]
fn a_stored_quote_reads_back_to_the_same_digest() {
    let quote = quote_of(full_offer());
    let read: Quote = serde_json::from_slice(&canonical_json(&quote)).unwrap();
    assert_eq!(read.compute_digest(), quote.digest);
}

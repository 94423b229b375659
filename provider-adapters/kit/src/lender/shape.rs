//! The shape of an answer: one rule is broken, the most telling one.

use domain::RequestId;
use domain::ports::Answer;
use sdk::client::{MAX_OFFERS, read_answer};
use sdk::wire::{self, OffersAnswer};
use serde_json::Value;

use crate::check::Verdicts;

/// In the order in which they are tried: a broken one hides those after it.
const RULES: [&str; 14] = [
    "schema.depth",
    "schema.json",
    "schema.error-object",
    "schema.null",
    "schema.money",
    "schema.enum-case",
    "schema.unknown-field",
    "schema.missing-field",
    "schema.types",
    "schema.request-id",
    "schema.complete",
    "schema.offers-or-decline",
    "schema.count",
    "schema.reasons",
];

/// Words of the protocol's closed lists.
const WORDS: [&str; 44] = [
    "INSTALLMENT",
    "LINE",
    "BNPL",
    "COLLATERALIZED",
    "ONCHAIN_EXECUTABLE",
    "FIRM",
    "PREQUALIFIED",
    "INDICATIVE",
    "NONE",
    "SOFT",
    "HARD",
    "FIXED",
    "VARIABLE",
    "PROMO_THEN",
    "ZERO",
    "PROVIDER",
    "PLATFORM",
    "THIRD_PARTY",
    "NETWORK",
    "UPFRONT_DEDUCTED",
    "UPFRONT_PAID",
    "FINANCED",
    "PER_PERIOD",
    "ON_PREPAY",
    "ON_LATE",
    "EQUAL_INSTALLMENT",
    "EQUAL_PRINCIPAL",
    "INTEREST_ONLY",
    "BULLET",
    "US_NOMINAL",
    "EU_EFFECTIVE",
    "INDIA_NOMINAL",
    "day",
    "week",
    "month",
    "year",
    "UNKNOWN",
    "ACCEPTED",
    "DISBURSED",
    "REJECTED",
    "CANCELLED",
    "act365",
    "act360",
    "thirty360",
];

/// The rule that is broken, and what was seen.
pub(crate) type Broken = (&'static str, String);

/// Reads an answer; on a broken rule says which. Every rule before it, and on success every rule, holds.
pub(crate) fn read(body: &[u8], asked: RequestId, verdicts: &mut Verdicts) -> Result<(Answer, Value), &'static str> {
    let result = parse(body, asked);
    let broken = result.as_ref().err().map(|(rule, _)| *rule);
    // A decline says nothing about offers, and offers nothing about reasons.
    let declined = matches!(&result, Ok((Answer::Declined(_), _)));
    for rule in RULES {
        if Some(rule) == broken {
            break;
        }
        if declined || rule != "schema.reasons" {
            verdicts.pass(rule);
        }
    }
    result.map_err(|(rule, seen)| {
        verdicts.fail(rule, seen);
        rule
    })
}

fn parse(body: &[u8], asked: RequestId) -> Result<(Answer, Value), Broken> {
    let json = json(body)?;
    let message: OffersAnswer = typed(&json)?;
    if message.request_id != asked {
        return Err(("schema.request-id", "request_id is not the question's".into()));
    }
    if !message.complete {
        return Err(("schema.complete", "complete is false in a direct answer".into()));
    }
    if message.offers.is_empty() == message.declined.is_empty() {
        let seen = format!("{} offers and {} reasons", message.offers.len(), message.declined.len());
        return Err(("schema.offers-or-decline", seen));
    }
    if message.offers.len() > MAX_OFFERS {
        return Err(("schema.count", format!("{} offers", message.offers.len())));
    }
    let rule = if message.offers.is_empty() {
        "schema.reasons"
    } else {
        "schema.types"
    };
    let answer = read_answer(&message.offers, &message.declined).map_err(|error| (rule, error.to_string()))?;
    Ok((answer, json))
}

/// Reads JSON as the protocol allows it: depth, no error object, no null, money as it must be written.
pub(crate) fn json(body: &[u8]) -> Result<Value, Broken> {
    let json: Value = wire::parse(body).map_err(|error| {
        let deep = error.detail.starts_with("nested");
        (if deep { "schema.depth" } else { "schema.json" }, error.detail)
    })?;
    if json
        .get("error")
        .or_else(|| json.get("errors"))
        .is_some_and(|e| !e.is_null())
    {
        return Err(("schema.error-object", "the answer has an error object".into()));
    }
    walk(&json, "")?;
    Ok(json)
}

/// Reads a message of known shape.
pub(crate) fn typed<T: serde::de::DeserializeOwned>(json: &Value) -> Result<T, Broken> {
    // From text, so that the error knows the place; only its kind and the field's name are repeated.
    let text = json.to_string();
    wire::parse(text.as_bytes()).map_err(|error| {
        let plain = serde_json::from_value::<T>(json.clone())
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        let rule = if plain.starts_with("unknown field") {
            "schema.unknown-field"
        } else if plain.starts_with("missing field") {
            "schema.missing-field"
        } else if plain.starts_with("unknown variant") && is_word_in_other_case(&plain) {
            "schema.enum-case"
        } else {
            "schema.types"
        };
        let named = plain
            .split('`')
            .nth(1)
            .filter(|_| rule != "schema.types" && rule != "schema.enum-case");
        let seen = named.map_or_else(|| error.field.clone(), |name| format!("{}: {name}", error.field));
        (rule, seen)
    })
}

fn is_word_in_other_case(error: &str) -> bool {
    let word = error.split('`').nth(1).unwrap_or_default();
    WORDS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word) && *known != word)
}

fn walk(json: &Value, at: &str) -> Result<(), Broken> {
    match json {
        Value::Null => Err(("schema.null", format!("{} is null", at.trim_start_matches('.')))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| walk(item, &format!("{at}[{i}]"))),
        Value::Object(fields) => {
            fields
                .iter()
                .try_for_each(|(name, value)| walk(value, &format!("{at}.{name}")))?;
            let at = at.trim_start_matches('.');
            let is_money = fields.contains_key("minor") || MONEY.iter().any(|name| at.ends_with(name));
            if is_money { money(fields, at) } else { Ok(()) }
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) => {
            let at = at.trim_start_matches('.');
            let is_money = at.ends_with(".amount") || MONEY.iter().any(|name| at.ends_with(name));
            if is_money && !at.contains("onchain") {
                return Err(("schema.money", format!("{at} is no object of minor and currency")));
            }
            Ok(())
        }
    }
}

/// Fields that are money wherever they stand in an answer.
const MONEY: [&str; 12] = [
    ".fees",
    ".requested",
    ".offered",
    ".net_disbursed",
    ".limit",
    ".principal",
    ".interest",
    ".total",
    ".total_cost",
    ".payment",
    "late.fee",
    "status.amount",
];

fn money(fields: &serde_json::Map<String, Value>, at: &str) -> Result<(), Broken> {
    // The token lent on chain is no money of a currency.
    if at.contains("onchain") {
        return Ok(());
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let minor = text("minor").and_then(|text| text.parse::<i64>().ok().filter(|value| value.to_string() == text));
    let currency = text("currency").is_some_and(|code| domain::Currency::parse(code).is_ok());
    if minor.is_some() && currency {
        Ok(())
    } else {
        Err(("schema.money", format!("{at} is no whole minor units with a currency")))
    }
}

//! Wire types of provider protocol v1. JSON; unknown fields are refused in both directions, so that a misspelt optional field is
//! an error and not a silent default. New fields come with a new version of the protocol.
//!
//! Money is `{"minor": "500000", "currency": "USD"}`: whole minor units as text. Rates are whole parts per million a year.
//! Token amounts are base units as text. Instants are RFC 3339 UTC, due dates are dates.

mod ask;
mod loan;
mod offer;

pub(crate) use ask::check_reasons;
pub use ask::{Acknowledgement, Applicant, Callback, OffersAnswer, OffersRequest, Refinances};
pub(crate) use loan::check_text;
pub use loan::{AcceptRequest, Loan, LoanState, Problem, ProblemField};
pub use offer::{Amounts, Declared, Fee, Late, Offer, Onchain, Order, Payment, Repayment};

use domain::ports::LenderError;
use domain::{Currency, Money};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Brackets that a message may nest. The deepest valid one has 6.
pub const MAX_DEPTH: usize = 12;
/// Bytes that a message may have.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A field that cannot be read. It never quotes the value, which may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct WireError {
    /// Path such as `offers[0].amounts.offered`.
    pub field: String,
    /// What is wrong.
    pub detail: String,
}

impl WireError {
    pub(crate) fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

impl From<WireError> for LenderError {
    fn from(error: WireError) -> Self {
        Self::Malformed {
            field: error.field,
            detail: error.detail,
        }
    }
}

/// Money on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "Money", deny_unknown_fields)]
pub struct WireMoney {
    /// Whole minor units, decimal text, perhaps negative.
    pub minor: String,
    /// ISO 4217.
    pub currency: String,
}

impl From<Money> for WireMoney {
    fn from(money: Money) -> Self {
        Self {
            minor: money.minor.to_string(),
            currency: money.currency.code().to_owned(),
        }
    }
}

impl WireMoney {
    /// As domain money; `field` names it in the error.
    pub fn read(&self, field: &str) -> Result<Money, WireError> {
        let currency = Currency::parse(&self.currency)
            .map_err(|_| WireError::new(format!("{field}.currency"), "unknown currency"))?;
        let minor = whole(&self.minor)
            .ok_or_else(|| WireError::new(format!("{field}.minor"), "expected whole minor units as decimal text"))?;
        Ok(Money::new(minor, currency))
    }
}

/// A decimal integer in its one canonical spelling: no plus sign, no leading zeros, no spaces.
fn whole<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    text.parse::<T>().ok().filter(|value| value.to_string() == text)
}

fn whole_or<T: std::str::FromStr + ToString>(text: &str, field: &str) -> Result<T, WireError> {
    whole(text).ok_or_else(|| WireError::new(field, "expected a whole number as decimal text"))
}

/// Reads a message: size, depth, then shape. The error names the field and the place, never the value.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    if body.len() > MAX_BYTES {
        return Err(WireError::new("body", format!("larger than {MAX_BYTES} bytes")));
    }
    if depth(body) > MAX_DEPTH {
        return Err(WireError::new("body", format!("nested deeper than {MAX_DEPTH}")));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let what = match inner.classify() {
            serde_json::error::Category::Data => "does not match protocol v1",
            _ => "is not JSON",
        };
        let field = if path == "." { "body".to_owned() } else { path };
        WireError::new(
            field,
            format!("{what}, line {} column {}", inner.line(), inner.column()),
        )
    })?;
    json.end()
        .map_err(|_| WireError::new("body", "something follows the message"))?;
    Ok(value)
}

/// Writes a message.
pub fn write<T: Serialize>(message: &T) -> Vec<u8> {
    // Only maps with keys that are no strings can fail, and no message has a map.
    serde_json::to_vec(message).unwrap_or_default()
}

/// The deepest nesting of brackets outside strings.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !in_text => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_one_spelling() {
        let read = |minor: &str, currency: &str| {
            WireMoney {
                minor: minor.into(),
                currency: currency.into(),
            }
            .read("a")
            .map_err(|e| e.field)
        };
        assert_eq!(read("-5", "USD"), Ok(Money::new(-5, Currency::usd())));
        for minor in ["", "+5", "05", " 5", "5.0", "5e2", "99999999999999999999", "-0"] {
            assert_eq!(read(minor, "USD"), Err("a.minor".into()), "{minor:?}");
        }
        assert_eq!(read("5", "usd"), Err("a.currency".into()));
    }

    #[test]
    fn too_deep_too_large_and_trailing_messages_are_refused_before_they_are_read() {
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1));
        let detail = |body: &[u8]| parse::<serde_json::Value>(body).unwrap_err().detail;
        assert_eq!(detail(deep.as_bytes()), "nested deeper than 12");
        assert_eq!(detail(&vec![b' '; MAX_BYTES + 1]), "larger than 1048576 bytes");
        assert_eq!(detail(b"{} {}"), "something follows the message");
        assert!(parse::<serde_json::Value>(br#"{"a":"[[[[[[[[[[[[[[[[\"[["}"#).is_ok());
    }

    #[test]
    fn an_unreadable_field_is_named_and_its_value_is_not() {
        let error = parse::<WireMoney>(br#"{"minor": 12345, "currency": "USD"}"#).unwrap_err();
        assert_eq!(error.field, "minor");
        assert!(!error.to_string().contains("12345"));
        let error = parse::<WireMoney>(br#"{"minor": "1", "currency": "USD", "hidden": "Jane"}"#).unwrap_err();
        assert!(!error.to_string().contains("Jane"), "{error}");
    }
}

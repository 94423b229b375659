//! Lenders that break one rule each, by the check that has to see it.

use serde_json::{Value, json};
use usance_kit::counterparty::Manner;
use usance_kit::door::Heard;

use crate::world::{Flaw, headers};

pub const DIRECT: Manner = Manner {
    pays_later: false,
    calls_back: false,
};
pub const LATER: Manner = Manner {
    pays_later: true,
    calls_back: true,
};

pub fn on(heard: &Heard, method: &str, path: &str) -> bool {
    heard.method == method && heard.path == path
}

pub fn question(heard: &Heard) -> bool {
    on(heard, "POST", "/v1/offers")
}

pub fn accept(heard: &Heard) -> bool {
    on(heard, "POST", "/v1/loans")
}

pub fn status(heard: &Heard) -> bool {
    heard.method == "GET"
}

pub fn cancel(heard: &Heard) -> bool {
    heard.path.ends_with("/cancel")
}

pub fn asked(heard: &Heard) -> Value {
    serde_json::from_slice(&heard.body).unwrap_or_default()
}

pub fn minor(heard: &Heard) -> i64 {
    asked(heard)["amount"]["minor"]
        .as_str()
        .and_then(|m| m.parse().ok())
        .unwrap_or_default()
}

/// The first offer of an answer, when there is one.
pub fn offer(answer: &mut Value) -> Option<&mut Value> {
    answer.get_mut("offers").and_then(|offers| offers.get_mut(0))
}

pub fn usd(minor: i64) -> Value {
    json!({ "minor": minor.to_string(), "currency": "USD" })
}

/// Parameters of the signature, loosely.
pub fn parameter(heard: &Heard, name: &str) -> i64 {
    let input = headers(heard).unwrap().signature_input;
    let value = input.split(&format!(";{name}=")).nth(1).unwrap_or_default();
    value.split(';').next().unwrap_or_default().parse().unwrap_or_default()
}

pub fn now() -> i64 {
    "2026-03-01T12:00:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .unwrap()
        .timestamp()
}

/// Bends the first offer of each answer to a question.
macro_rules! offers {
    ($offer:ident => $bend:expr) => {
        Flaw::Says(|heard, _, _, answer| {
            if question(heard)
                && let Some($offer) = offer(answer)
            {
                $bend;
            }
        })
    };
}

/// Bends each answer under a condition.
macro_rules! says {
    ($when:expr, |$answer:ident| $bend:expr) => {
        Flaw::Says(|heard, _, status, $answer| {
            let when: fn(&Heard) -> bool = $when;
            if when(heard) && *status == 200 {
                $bend;
            }
        })
    };
}

/// The lender works all the same when the question is bent into another one.
macro_rules! misreads {
    ($body:ident => $bend:expr) => {
        Flaw::Misreads(|heard, $body| {
            if question(heard) {
                $bend;
            }
        })
    };
}

pub type Row = (&'static str, Flaw);

pub fn problem(status: u16) -> Vec<u8> {
    sdk::wire::write(&sdk::wire::Problem::new(status, "test", "Test"))
}

pub mod messages;
pub mod money;

//! Outcomes and reasons, shared by risk, compliance and lenders.

use serde::{Deserialize, Serialize};

/// What was decided about a request or a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Credit may be offered as asked.
    Offer,
    /// Credit may be offered on other terms.
    Counter,
    /// Refused.
    Decline,
    /// More facts are needed.
    MoreInfo,
}

/// One reason, fit to show: a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Stable, upper snake case, for example `INCOME_INSUFFICIENT`.
    pub code: String,
    /// One sentence for the person concerned.
    pub text: String,
}

impl Reason {
    /// A reason from its code and sentence.
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
        }
    }
}

/// The version of a rule or model that took part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleVersion {
    /// Rule or model id, for example `us-ca-cap`.
    pub id: String,
    /// Its version.
    pub version: u32,
}

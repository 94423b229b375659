//! A decision as it is stored: integers, names and hashes, enough to make it again.

use alloy_primitives::B256;
use domain::money::Money;
use domain::{Outcome, Reason, RuleVersion};
use serde::{Deserialize, Serialize};

use crate::fraud::FraudResult;
use crate::limits::LimitDerivation;
use crate::policy::RulesRef;
use crate::seat::{Explained, ModelRef};
use crate::wallet::WalletResult;

/// Version of the shape of [`RiskDecision`]. Decisions without it are of format 1.
pub const DECISION_FORMAT: u32 = 2;

/// What the score's band would call usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AprBand {
    /// Parts per million a year.
    pub low_ppm: u32,
    /// Parts per million a year.
    pub high_ppm: u32,
}

/// What a model said that did not decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shadow {
    /// Which model.
    pub model: ModelRef,
    /// Its score, absent when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
    /// Its probability of default, parts per million.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pd_ppm: Option<u32>,
    /// Why it was not asked: `MISSING` and the fact, or `EXPIRED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// A challenger and the share of borrowers that it decides about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routed {
    /// Which model.
    pub model: ModelRef,
    /// Parts per million of borrowers.
    pub share_ppm: u32,
}

/// Everything that decided: with the features it gives the same bytes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetRef {
    /// Decides unless a challenger has the borrower.
    pub champion: ModelRef,
    /// At most four.
    pub challengers: Vec<Routed>,
    /// The policy.
    pub policy: RulesRef,
    /// The wallet table.
    pub wallet: RulesRef,
    /// The fraud rules, with the hash of their file.
    pub fraud: String,
}

/// What risk says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskDecision {
    /// [`DECISION_FORMAT`].
    pub format: u32,
    /// `OFFER` as asked for, `COUNTER` when less is available, `MORE_INFO` when facts or a look by a person are needed.
    pub outcome: Outcome,
    /// Higher is better. A needed fact that is missing counts as the worst.
    pub score: i32,
    /// Probability of default, parts per million.
    pub pd_ppm: u32,
    /// Highest exposure with us, whole major units; zero unless the outcome is `OFFER` or `COUNTER`.
    pub limit: Money,
    /// What of it is free now, whole major units: the limit less what is owed or promised.
    pub available: Money,
    /// Usual prices of the band; None unless the outcome is `OFFER` or `COUNTER`.
    pub apr_band: Option<AprBand>,
    /// At most four, the weightiest first, in the words of Regulation B form C-1 where it has them; empty for an `OFFER`.
    pub reasons: Vec<Reason>,
    /// Fraud checks. Internal: no applicant sees them.
    pub fraud: FraudResult,
    /// The wallet's record; None without a wallet.
    pub wallet: Option<WalletResult>,
    /// The model that decided.
    pub model: ModelRef,
    /// All that decided.
    pub set: SetRef,
    /// BLAKE2b-256 of the canonical bytes of the feature set.
    pub features_hash: B256,
    /// What the other models said.
    pub shadow: Vec<Shadow>,
    /// How the limit came about; None when none was made.
    pub derivation: Option<LimitDerivation>,
    /// Values of the reason groups, for the audit; empty unless reasons of a model were due.
    pub explanation: Vec<Explained>,
    /// The model by its major version, this code, the policy and the wallet table.
    pub rule_versions: Vec<RuleVersion>,
}

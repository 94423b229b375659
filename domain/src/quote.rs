//! The canonical quote: an offer whose numbers we recomputed, with scenarios, flags and a digest.

use alloy_primitives::B256;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::decision::{Reason, RuleVersion};
use crate::ids::{ProviderId, QuoteId, RequestId};
use crate::money::{Money, Rate};
use crate::offer::{AprConvention, Offer};
use crate::request::Jurisdiction;

/// Version of the engine that computed the numbers of a quote. Raise it when any number could change.
pub const ENGINE_VERSION: u32 = 1;

/// What we computed from the offer's own cash flows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// APR in the borrower's home convention.
    pub apr: Rate,
    /// The home convention.
    pub convention: AprConvention,
    /// US Appendix J.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub us_apr: Option<Rate>,
    /// EU Annex I.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eu_aprc: Option<Rate>,
    /// India.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_apr: Option<Rate>,
    /// All payments of the calendar and all fees paid apart.
    pub total_of_payments: Money,
    /// Total of payments less what arrives.
    pub finance_charge: Money,
    /// Largest single payment.
    pub largest_payment: Money,
    /// See [`ENGINE_VERSION`].
    pub engine_version: u32,
}

/// What could happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScenarioKind {
    /// As agreed.
    Base,
    /// The rate rises by 2 percentage points after the first period (variable rates only).
    RatePlus200bp,
    /// One installment is paid 30 days late.
    LateOnce,
    /// Everything is paid back after a third of the term.
    ExitAtThird,
    /// The collateral loses a fifth of its price.
    PriceMinus20,
    /// The collateral loses two fifths of its price.
    PriceMinus40,
}

/// What one scenario costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Which.
    pub kind: ScenarioKind,
    /// All payments and losses less what arrives.
    pub total_cost: Money,
    /// APR in the home convention; none where the flows of the scenario have no single APR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apr: Option<Rate>,
    /// The collateral would be sold.
    pub liquidated: bool,
}

/// Something a borrower should know about a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "code")]
pub enum Flag {
    /// Declared and verified APR differ by more than the tolerance (1/8 of a percentage point).
    AprMisdeclared {
        /// What the lender said.
        declared: Rate,
        /// What the cash flows say, in the lender's convention.
        verified: Rate,
    },
    /// Not binding.
    NotBinding,
    /// Only part of what was asked.
    PartialAmount,
    /// Paid back well before the asked term ends: the payments are larger for it.
    ShorterTerm,
    /// A hard inquiry was or will be made.
    HardInquiry,
}

/// A quote as shown, stored, ranked and accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// Id.
    pub id: QuoteId,
    /// The request it answers.
    pub request_id: RequestId,
    /// The lender.
    pub provider: ProviderId,
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// What the lender said.
    pub offer: Offer,
    /// What we computed.
    pub verified: Verified,
    /// What could happen.
    pub scenarios: Vec<Scenario>,
    /// What to know.
    pub flags: Vec<Flag>,
    /// Rules that let it pass.
    pub rule_versions: Vec<RuleVersion>,
    /// Commitment to every field above.
    pub digest: B256,
}

/// A lender's answer that is not shown as a quote, with the reason why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loser {
    /// The lender.
    pub provider: ProviderId,
    /// What became of it.
    pub kind: LoserKind,
    /// Fit to show to the borrower.
    pub reasons: Vec<Reason>,
}

/// Why an answer is not a quote, the most useful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LoserKind {
    /// The lender declined.
    Declined,
    /// A rule of ours refused the offer.
    Refused,
    /// Not asked: the request is outside what the lender does.
    Ineligible,
    /// The answer broke the protocol or did not add up.
    Malformed,
    /// No answer in time.
    Late,
    /// Not reachable.
    Unavailable,
}

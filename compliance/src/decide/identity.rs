//! What is known of who the borrower is, and how much of it a rule asks for.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How thoroughly somebody was verified. Each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IdentityLevel {
    /// A document was read and its data agree with the applicant.
    Basic,
    /// Also: the holder of the document was seen to be present and to be its owner.
    Standard,
    /// Also: address and source of funds were evidenced, or a person looked at the case.
    Enhanced,
}

impl IdentityLevel {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Standard, Self::Enhanced];

    /// The name as written in rules, configuration and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "BASIC",
            Self::Standard => "STANDARD",
            Self::Enhanced => "ENHANCED",
        }
    }

    /// The level of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// Where the verification of a borrower's identity stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "state", deny_unknown_fields)]
pub enum IdentityFact {
    /// Nobody asked, or the borrower did not begin.
    #[default]
    NotAsked,
    /// Begun, not decided.
    Pending,
    /// Verified.
    Verified {
        /// How thoroughly.
        level: IdentityLevel,
        /// Last day on which it counts.
        until: NaiveDate,
    },
    /// Refused for good.
    Rejected,
    /// Was verified; that has ended.
    Expired,
}

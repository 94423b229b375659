//! A lender as an operator sees it: its life in the registry, its limits, its health, and when it is suspended.

mod health;
mod histogram;
mod rules;

use serde::{Deserialize, Serialize};

use crate::ids::ProviderId;
use crate::loan::states;

pub use health::{CallResult, HealthWindow};
pub use histogram::Histogram;
pub use rules::{Cause, Probation, SuspensionRules};

states! {
    /// Life of a lender in the registry. Only a live one is asked for quotes.
    ProviderState {
        /// Known, nothing checked.
        Draft = "DRAFT",
        /// Being checked by the conformance kit; not asked.
        Testing = "TESTING",
        /// Passed; not asked until an officer lets it go live.
        Certified = "CERTIFIED",
        /// Asked.
        Live = "LIVE",
        /// Not asked for now. What it granted goes on.
        Suspended = "SUSPENDED",
    }
}

impl ProviderState {
    /// The transition table.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Testing, Self::Draft | Self::Certified)
                | (Self::Draft | Self::Certified | Self::Suspended, Self::Testing)
                | (Self::Certified | Self::Suspended, Self::Live)
                | (Self::Live, Self::Suspended)
        )
    }
}

/// How much a lender is asked at once. Changed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Quote calls at the same time, 1 to 10,000.
    pub max_concurrent: u32,
    /// Quote calls that may wait for a place, 0 to 10,000; more are refused.
    pub max_waiting: u32,
    /// Accept, status and cancel calls at the same time, 1 to 10,000.
    pub max_concurrent_money: u32,
    /// Quote calls a second, 1 to 1,000,000.
    pub quotes_per_second: u32,
    /// Quote calls at once after a pause, 1 to 1,000,000.
    pub burst: u32,
}

impl Limits {
    /// The first field out of range, with its range.
    pub fn flaw(&self) -> Option<(&'static str, &'static str)> {
        const PLACES: &str = "1 to 10000";
        const RATE: &str = "1 to 1000000";
        let fields = [
            ("maxConcurrent", (1..=10_000).contains(&self.max_concurrent), PLACES),
            ("maxWaiting", self.max_waiting <= 10_000, "0 to 10000"),
            (
                "maxConcurrentMoney",
                (1..=10_000).contains(&self.max_concurrent_money),
                PLACES,
            ),
            (
                "quotesPerSecond",
                (1..=1_000_000).contains(&self.quotes_per_second),
                RATE,
            ),
            ("burst", (1..=1_000_000).contains(&self.burst), RATE),
        ];
        let wrong = fields.into_iter().find(|(_, fits, _)| !fits);
        wrong.map(|(field, _, range)| (field, range))
    }
}

/// A lender as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Operator-given name.
    pub id: ProviderId,
    /// Name for people.
    pub name: String,
    /// Level or kind: `protocol`, `manifest`, `desk`, …
    pub kind: String,
    /// The configuration as JSON, secrets only by reference. The same configuration is the same text.
    pub config: String,
    /// Limits of the configuration.
    pub limits: Limits,
}

#[cfg(test)]
mod tests;

//! Facts for the fraud checks: counters, links, and what the request itself shows.

mod bounded;
mod checks;
mod counters;
mod gather;
mod keys;
mod signals;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use risk::fraud::{FraudRules, FraudRulesError};

pub use checks::FraudCheckView;
pub use counters::InProcessVelocity;
pub use gather::{flag_declined, gather};
pub use keys::{DEVELOPMENT_SECRET, FraudKeys};
pub use risk::fraud::{FraudOutcome, IpClass};
pub use signals::{Origin, Signals, sighting_id};

/// Rules and secret of the fraud checks.
#[derive(Clone, Debug)]
pub struct FraudSetup {
    /// Rules and typologies.
    pub rules: Arc<FraudRules>,
    /// Keyed hashes.
    pub keys: FraudKeys,
}

impl FraudSetup {
    /// The built-in rules and hashes under that secret.
    pub fn new(secret: &[u8]) -> Result<Self, FraudRulesError> {
        Ok(Self {
            rules: FraudRules::built_in()?,
            keys: FraudKeys::new(secret),
        })
    }
}

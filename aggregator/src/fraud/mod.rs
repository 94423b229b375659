//! Facts for the fraud checks: counters, links, and what the request itself shows.

mod alert;
mod bounded;
mod checks;
mod counters;
mod gather;
mod keys;
mod signals;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use risk::fraud::{AnomalyModel, AnomalyModelError, FraudRules, FraudRulesError};

pub(crate) use alert::open_case;
pub use checks::FraudCheckView;
pub use counters::InProcessVelocity;
pub use gather::{flag_declined, gather};
pub use keys::{DEVELOPMENT_SECRET, FraudKeys};
pub use risk::fraud::{FraudOutcome, IpClass};
pub use signals::{Origin, Signals, sighting_id};

/// Why fraud checks cannot be set up. Either means the same for the caller: do not start.
#[derive(Debug, thiserror::Error)]
pub enum FraudSetupError {
    /// The rules.
    #[error(transparent)]
    Rules(#[from] FraudRulesError),
    /// The anomaly model.
    #[error(transparent)]
    Anomaly(#[from] AnomalyModelError),
}

/// Rules, secret and anomaly model of the fraud checks.
#[derive(Clone, Debug)]
pub struct FraudSetup {
    /// Rules and typologies.
    pub rules: Arc<FraudRules>,
    /// Keyed hashes.
    pub keys: FraudKeys,
    /// Tells how strange a request is; none leaves that fact out.
    pub anomaly: Option<Arc<AnomalyModel>>,
}

impl FraudSetup {
    /// The built-in rules and anomaly model, and hashes under that secret.
    pub fn new(secret: &[u8]) -> Result<Self, FraudSetupError> {
        Ok(Self {
            rules: FraudRules::built_in()?,
            keys: FraudKeys::new(secret),
            anomaly: Some(AnomalyModel::built_in()?),
        })
    }
}

//! Configuration of risk models and of what officers decide.

use std::collections::BTreeSet;

use aggregator::risk::sets::RiskSettings;
use anyhow::{Context, Result, bail};
use chain::registry::Profile;
use domain::Money;
use risk::model::TrustedKeys;
use serde::Deserialize;

/// Who may sign models of risk, and how long an officer's clearance lasts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskConfig {
    /// Public Ed25519 keys whose signature makes a model usable, 64 hex digits each. In development the public development key is
    /// trusted as well.
    #[serde(default)]
    pub trusted_keys: Vec<String>,
    /// Days that a cleared borrower needs no other review, 1 to 365.
    #[serde(default = "default_clearance_days")]
    pub clearance_days: u32,
    /// Amounts, one a currency at most, above which an officer does not decide a review alone:
    /// `[{ minor = 2500000, currency = "USD" }]`. None: any amount.
    #[serde(default)]
    pub large_amounts: Vec<Money>,
}

impl Default for RiskConfig {
    fn default() -> Self {
        Self {
            trusted_keys: Vec::new(),
            clearance_days: default_clearance_days(),
            large_amounts: Vec::new(),
        }
    }
}

impl RiskConfig {
    /// Amounts that an officer does not decide alone.
    pub fn large_amounts(&self) -> Result<Vec<Money>> {
        let mut seen = BTreeSet::new();
        for amount in &self.large_amounts {
            if amount.minor < 0 || !seen.insert(amount.currency.code().to_owned()) {
                bail!("risk.large_amounts: one amount of zero or more for a currency");
            }
        }
        Ok(self.large_amounts.clone())
    }

    /// The same for the use cases.
    pub fn settings(&self, profile: Profile) -> Result<RiskSettings> {
        let mut keys = match profile {
            Profile::Development => TrustedKeys::development(),
            Profile::Production => TrustedKeys::production(),
        };
        for key in &self.trusted_keys {
            let bytes = hex::decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            keys = keys.with(bytes.context("risk.trusted_keys: 64 hex digits each")?)?;
        }
        if !(1..=365).contains(&self.clearance_days) {
            bail!("risk.clearance_days must be 1 to 365");
        }
        Ok(RiskSettings {
            keys,
            clearance_days: self.clearance_days,
        })
    }
}

fn default_clearance_days() -> u32 {
    30
}

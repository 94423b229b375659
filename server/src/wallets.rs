//! Who is asked about wallets beside the lists: services by configuration, and the limits of services and oracles.

use std::sync::Arc;
use std::time::Duration;

use aggregator::screening::WalletSettings;
use anyhow::{Context, Result, bail};
use chain::registry::Profile;
use domain::ports::{Clock, WalletScreener};
use serde::Deserialize;

use crate::config::Config;

/// How long services and oracles that know wallets have, and how fresh their answers have to be. Who they are: `[wallet_screening]`,
/// and `sanctions_oracle` of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalletLimits {
    /// Longest wait for all of them together, milliseconds, 100 to 4500.
    pub deadline_ms: u64,
    /// Oldest answer that lets money go, seconds, 5 to 600.
    pub fresh_seconds: u64,
    /// Oldest block at which an oracle is believed, seconds, at least 60. Left out: 600 in production, any in development, where chains
    /// make no blocks while nothing happens.
    pub block_age_seconds: Option<u64>,
}

impl Default for WalletLimits {
    fn default() -> Self {
        Self {
            deadline_ms: 3_000,
            fresh_seconds: 60,
            block_age_seconds: None,
        }
    }
}

impl WalletLimits {
    fn settings(&self, screeners: Vec<Arc<dyn WalletScreener>>, profile: Profile) -> Result<WalletSettings> {
        if !(100..=4_500).contains(&self.deadline_ms) {
            bail!("screening.wallets.deadline_ms must be 100 to 4500");
        }
        if !(5..=600).contains(&self.fresh_seconds) {
            bail!("screening.wallets.fresh_seconds must be 5 to 600");
        }
        if self.block_age_seconds.is_some_and(|age| age < 60) {
            bail!("screening.wallets.block_age_seconds must be at least 60");
        }
        let usual = (profile == Profile::Production).then_some(600);
        Ok(WalletSettings {
            screeners,
            deadline: Duration::from_millis(self.deadline_ms),
            fresh: Duration::from_secs(self.fresh_seconds),
            block_age: self.block_age_seconds.or(usual).map(Duration::from_secs),
            ..WalletSettings::default()
        })
    }
}

/// The settings of the use cases.
pub(crate) fn settings(config: &Config, clock: &Arc<dyn Clock>, own_url: &str) -> Result<WalletSettings> {
    let parts = crate::runtime::verifier_parts(config, clock, own_url);
    let screeners = config.wallet_screening.build(&parts).context("wallet_screening")?;
    config.screening.wallets.settings(screeners, config.profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_would_let_an_old_answer_release_money_are_refused() {
        let limits = |text: &str| {
            toml::from_str::<WalletLimits>(text)
                .unwrap()
                .settings(Vec::new(), Profile::Production)
        };
        let usual = limits("").unwrap();
        assert_eq!(
            (usual.fresh, usual.block_age),
            (Duration::from_mins(1), Some(Duration::from_mins(10)))
        );
        for refused in [
            "deadline_ms = 5000",
            "deadline_ms = 0",
            "fresh_seconds = 601",
            "fresh_seconds = 0",
            "block_age_seconds = 1",
        ] {
            assert!(limits(refused).is_err(), "{refused}");
        }
        let development = WalletLimits::default()
            .settings(Vec::new(), Profile::Development)
            .unwrap();
        assert_eq!(development.block_age, None);
    }
}

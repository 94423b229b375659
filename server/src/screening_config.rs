//! Configuration of sanctions screening.

use std::path::PathBuf;

use aggregator::screening::ScreeningSettings;
use anyhow::{Result, bail};
use chain::registry::Profile;
use compliance::screening::Thresholds;
use serde::Deserialize;

use crate::wallets::WalletLimits;

/// Where sanctions lists come from, and from which scores on something is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningConfig {
    /// Folder with list files, looked at every 30 seconds. The old lists of this build when left out: not for production.
    #[serde(default)]
    pub lists: Option<PathBuf>,
    /// Takes lists that lack a part, such as the alternate names.
    #[serde(default)]
    pub allow_partial: bool,
    /// Millionths from which a name asks for a look and blocks; 820,000 and 995,000 when left out.
    #[serde(default)]
    pub thresholds: Option<Thresholds>,
    /// Wallets: how long services and oracles have, and how fresh their answers are.
    #[serde(default)]
    pub wallets: WalletLimits,
}

impl ScreeningConfig {
    /// The same for the use cases.
    pub fn settings(&self, profile: Profile) -> Result<ScreeningSettings> {
        if profile == Profile::Production && self.lists.is_none() {
            bail!("screening.lists: production names a folder with lists of the day; those of this build are old");
        }
        if profile == Profile::Production && self.allow_partial {
            bail!("screening.allow_partial is for the development profile");
        }
        let thresholds = self.thresholds.unwrap_or_default();
        if thresholds.review_ppm > thresholds.block_ppm || thresholds.block_ppm > 1_000_000 {
            bail!("screening.thresholds: review_ppm is at most block_ppm, and that at most 1000000");
        }
        Ok(ScreeningSettings {
            folder: self.lists.clone(),
            allow_partial: self.allow_partial,
        })
    }
}

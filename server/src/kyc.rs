//! Identity verification of a process: its section of the configuration, and the vendors made of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aggregator::kyc::{IdentityLevel, KycSettings, Required};
use anyhow::{Context, Result, bail};
use domain::ports::{Clock, Vendor};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use verifiers::{JumioConfig, KycVendorConfig, SumsubConfig};

use crate::config::Config;

/// The section `[kyc]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KycConfig {
    /// Where a verified identity is needed. Production needs it.
    pub required: RequiredAt,
    /// How thoroughly.
    pub level: IdentityLevel,
    /// To whom new verifications go; needed when there are two vendors.
    pub vendor: Option<Vendor>,
    /// What a vendor calls our levels: `[kyc.levels.sumsub]` with `STANDARD = "id-and-liveness"`.
    pub levels: BTreeMap<Vendor, BTreeMap<IdentityLevel, String>>,
    /// Days that a verification lasts, 1 to 3650.
    pub valid_days: u32,
    /// Tries before our officers look, 1 to 20.
    pub max_attempts: u32,
    /// Life of a page for the borrower, minutes, 5 to 1440.
    pub link_minutes: u64,
    /// Seconds between two looks at the vendor when no webhook comes, 1 to 86400.
    pub look_seconds: u64,
    /// Secret of the digests of names: 64 hex digits. None derives it from `token_key`.
    pub name_key: Option<SecretString>,
    /// Sumsub.
    pub sumsub: Option<SumsubConfig>,
    /// Jumio.
    pub jumio: Option<JumioConfig>,
}

/// Where a verified identity is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequiredAt {
    /// Nowhere.
    #[default]
    Off,
    /// To accept a quote.
    Acceptance,
}

impl Default for KycConfig {
    fn default() -> Self {
        Self {
            required: RequiredAt::Off,
            level: IdentityLevel::Standard,
            vendor: None,
            levels: BTreeMap::new(),
            valid_days: 365,
            max_attempts: 3,
            link_minutes: 30,
            look_seconds: 900,
            name_key: None,
            sumsub: None,
            jumio: None,
        }
    }
}

impl KycConfig {
    /// Whether a verified identity is needed to accept: the one switch, for the rules of law and for our own check.
    pub fn is_required(&self) -> bool {
        self.required == RequiredAt::Acceptance
    }

    /// The same for the use cases. `own_url` is our interface as vendors reach it.
    pub fn settings(&self, config: &Config, clock: &Arc<dyn Clock>, own_url: &str) -> Result<KycSettings> {
        self.check()?;
        let parts = crate::runtime::verifier_parts(config, clock, own_url);
        let vendors = KycVendorConfig {
            sumsub: self.sumsub.clone(),
            jumio: self.jumio.clone(),
        };
        let mut verifiers = vendors.build(&parts).context("kyc")?;
        if let Some(first) = self.vendor {
            verifiers.sort_by_key(|verifier| verifier.vendor() != first);
        }
        let levels = self.levels.iter();
        let levels = levels.flat_map(|(vendor, of)| of.iter().map(|(level, name)| ((*vendor, *level), name.clone())));
        Ok(KycSettings {
            required: match self.required {
                RequiredAt::Off => Required::Off,
                RequiredAt::Acceptance => Required::Acceptance,
            },
            level: self.level,
            verifiers,
            levels: levels.collect(),
            valid_days: self.valid_days,
            max_attempts: self.max_attempts,
            link: Duration::from_secs(self.link_minutes * 60),
            look: Duration::from_secs(self.look_seconds),
            name_key: self.secret(config)?,
            ..KycSettings::default()
        })
    }

    /// Whether it can be used, secrets aside.
    pub(crate) fn check(&self) -> Result<()> {
        let known = |vendor: Vendor| match vendor {
            Vendor::Sumsub => self.sumsub.is_some(),
            Vendor::Jumio => self.jumio.is_some(),
        };
        if self.vendor.is_some_and(|vendor| !known(vendor)) {
            bail!("kyc.vendor has no section of its own");
        }
        if self.vendor.is_none() && self.sumsub.is_some() && self.jumio.is_some() {
            bail!("kyc.vendor says to which of the two new verifications go");
        }
        let first = Vendor::ALL
            .into_iter()
            .find(|vendor| self.vendor.map_or(known(*vendor), |v| v == *vendor));
        let named = first
            .and_then(|vendor| self.levels.get(&vendor))
            .is_some_and(|of| of.contains_key(&self.level));
        if (self.required == RequiredAt::Acceptance || first.is_some()) && !named {
            bail!("kyc.levels names kyc.level at no vendor that is configured");
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let level = |name: &String| (1..=64).contains(&name.len()) && name.bytes().all(plain);
        if !self.levels.values().flat_map(BTreeMap::values).all(level) {
            bail!("kyc.levels: 1 to 64 letters, digits, - and _");
        }
        let ranges = [
            ("valid_days", u64::from(self.valid_days), 1..=3_650),
            ("max_attempts", u64::from(self.max_attempts), 1..=20),
            ("link_minutes", self.link_minutes, 5..=1_440),
            ("look_seconds", self.look_seconds, 1..=86_400),
        ];
        for (name, value, range) in ranges {
            if !range.contains(&value) {
                bail!("kyc.{name} must be {} to {}", range.start(), range.end());
            }
        }
        Ok(())
    }

    fn secret(&self, config: &Config) -> Result<Vec<u8>> {
        let Some(key) = &self.name_key else {
            let label = b"usance secret of the digests of names";
            return Ok([label.as_slice(), &config.token_seed()?].concat());
        };
        let bytes = hex::decode(key.expose_secret()).ok().filter(|bytes| bytes.len() == 32);
        bytes.context("kyc.name_key must be 64 hex digits; make one with `openssl rand -hex 32`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<()> {
        let config: KycConfig = toml::from_str(text)?;
        config.check()
    }

    const SUMSUB: &str = "[sumsub]\napp_token = 'sbx:x'\nsecret = 'x'\n[levels.sumsub]\nSTANDARD = 'id-and-liveness'\n";

    #[test]
    fn a_verification_that_is_needed_has_a_vendor_and_a_level() {
        assert!(checked("").is_ok(), "nothing is needed");
        assert!(checked("required = 'acceptance'").is_err(), "no vendor");
        assert!(checked(&format!("required = 'acceptance'\n{SUMSUB}")).is_ok());
        assert!(
            checked(&format!("level = 'ENHANCED'\n{SUMSUB}")).is_err(),
            "a level that the vendor has not"
        );
        assert!(checked(&format!("vendor = 'jumio'\n{SUMSUB}")).is_err());
        assert!(checked(&SUMSUB.replace("id-and-liveness", "id and/liveness")).is_err());
        assert!(checked(&format!("valid_days = 0\n{SUMSUB}")).is_err());
        assert!(checked(&format!("valid = 1\n{SUMSUB}")).is_err(), "an unknown key");
    }
}

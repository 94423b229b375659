//! Configuration of the rules of law and of notices.

use aggregator::rules::RuleSettings;
use anyhow::{Result, bail};
use chain::registry::Profile;
use serde::Deserialize;

use crate::kyc::KycConfig;

/// What development may switch off of the rules, and who sends notices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesConfig {
    /// Rules that nobody verified count as if somebody had. Refused in production.
    #[serde(default)]
    pub allow_unverified: bool,
    /// Name that stands on notices; `Usance` when it is left out.
    #[serde(default)]
    pub sender: Option<String>,
    /// Lines of its address. Needed in production.
    #[serde(default)]
    pub sender_address: Vec<String>,
}

impl RulesConfig {
    /// For development: rules that nobody verified count.
    pub fn lenient() -> Self {
        Self {
            allow_unverified: true,
            ..Self::default()
        }
    }

    /// The same for the use cases. Whether identities count is said by `kyc.required` alone.
    pub fn settings(&self, profile: Profile, kyc: &KycConfig) -> Result<RuleSettings> {
        if profile == Profile::Production {
            if self.allow_unverified {
                bail!("rules.allow_unverified is for development only: what nobody verified is no law");
            }
            if !kyc.is_required() {
                bail!("kyc.required must be \"acceptance\": who accepts credit has shown who they are");
            }
            if self.sender_address.iter().all(|line| line.trim().is_empty()) {
                bail!("rules.sender_address is missing: notices carry the address of who sends them");
            }
        }
        let mut settings = RuleSettings {
            allow_unverified: self.allow_unverified,
            identity_required: kyc.is_required(),
            ..RuleSettings::default()
        };
        if let Some(sender) = &self.sender {
            settings.sender.name.clone_from(sender);
        }
        if !self.sender_address.is_empty() {
            settings.sender.address.clone_from(&self.sender_address);
        }
        Ok(settings)
    }
}

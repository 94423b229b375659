//! One lender of the configuration, by its kind.

use std::path::Path;

use domain::ProviderId;
use serde::{Deserialize, Serialize};

use crate::desk::DeskConfig;
use crate::iso20022::BankFilesConfig;
use crate::layers::Policy;
use crate::manifest::ManifestConfig;
use crate::networks::{Fis12Config, OcenConfig};
use crate::protocol::ProtocolConfig;
use crate::ratetable::RateTableConfig;
use crate::secret;
use crate::venues::VenueConfig;

/// One lender, by its kind. The large ones are in boxes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LenderConfig {
    /// Speaks provider protocol v1.
    Protocol(ProtocolConfig),
    /// Lends on chain.
    Desk(DeskConfig),
    /// A plain REST interface that a file describes.
    Manifest(ManifestConfig),
    /// A market of a lending pool on a chain.
    Venue(VenueConfig),
    /// A marketplace of rate tables.
    RateTable(Box<RateTableConfig>),
    /// A bank by files of ISO 20022.
    BankFiles(Box<BankFilesConfig>),
    /// On ONDC's network of credit.
    Fis12(Box<Fis12Config>),
    /// On India's open credit network.
    Ocen(Box<OcenConfig>),
}

impl LenderConfig {
    /// The operator-given name.
    pub fn id(&self) -> &ProviderId {
        match self {
            Self::Protocol(config) => &config.id,
            Self::Desk(config) => &config.id,
            Self::Manifest(config) => &config.id,
            Self::Venue(config) => &config.id,
            Self::RateTable(config) => &config.id,
            Self::BankFiles(config) => &config.id,
            Self::Fis12(config) => &config.id,
            Self::Ocen(config) => &config.id,
        }
    }

    /// The same, with what it names relatively taken from that folder.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Manifest(config) => Self::Manifest(config.within(folder)),
            other => other,
        }
    }

    /// The field with a secret that stands in the configuration itself; for development only.
    pub fn inline_secret(&self) -> Option<&'static str> {
        match self {
            Self::Desk(config) => secret::is_inline(&config.signing_key).then_some("signing_key"),
            // Their secrets are references by their type, or they have none.
            _ => None,
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        // Each question of a network is a journey of its own.
        let unhedged = |policy: &Policy| Policy {
            hedge_budget_percent: 0,
            ..policy.clone()
        };
        match self {
            Self::Protocol(config) => config.policy.clone(),
            Self::Desk(config) => config.policy.clone(),
            Self::Manifest(config) => config.policy.clone(),
            Self::Venue(config) => config.policy.clone(),
            Self::RateTable(config) => config.policy.clone(),
            Self::BankFiles(config) => config.policy.clone(),
            Self::Fis12(config) => unhedged(&config.policy),
            Self::Ocen(config) => unhedged(&config.policy),
        }
    }
}

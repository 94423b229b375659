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
use crate::registry::Entry;
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
    /// The one place that knows every kind.
    pub(crate) fn entry(&self) -> &dyn Entry {
        match self {
            Self::Protocol(config) => config,
            Self::Desk(config) => config,
            Self::Manifest(config) => config,
            Self::Venue(config) => config,
            Self::RateTable(config) => &**config,
            Self::BankFiles(config) => &**config,
            Self::Fis12(config) => &**config,
            Self::Ocen(config) => &**config,
        }
    }

    /// The operator-given name.
    pub fn id(&self) -> &ProviderId {
        self.entry().id()
    }

    /// The field with a secret that stands in the configuration itself; for development only.
    pub fn inline_secret(&self) -> Option<&'static str> {
        self.entry().inline_secret()
    }

    pub(crate) fn policy(&self) -> Policy {
        let mut policy = self.entry().policy().clone();
        if !self.entry().is_hedged() {
            policy.hedge_budget_percent = 0;
        }
        policy
    }

    /// The same, with what it names relatively taken from that folder.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Manifest(config) => Self::Manifest(config.within(folder)),
            other => other,
        }
    }
}

//! How an entry of the configuration becomes a lender.

use std::sync::Arc;

use domain::ProviderId;
use domain::ports::Lender;
use sdk::{Endpoint, ProtocolClient, PublicKey};

use super::{Building, RegistryError};
use crate::desk::{Desk, DeskConfig, LocalSigner};
use crate::iso20022::{BankFiles, BankFilesConfig};
use crate::layers::Policy;
use crate::manifest::{ManifestConfig, ManifestLender};
use crate::networks::{Fis12Config, Making, OcenConfig};
use crate::protocol::{KeyConfig, ProtocolConfig, ProtocolLender};
use crate::ratetable::{RateTableConfig, RateTableLender};
use crate::secret;
use crate::venues::{VenueConfig, VenueLender};

/// The configuration of one kind of lender.
pub(crate) trait Entry {
    /// The operator-given name.
    fn id(&self) -> &ProviderId;

    /// Layers around it.
    fn policy(&self) -> &Policy;

    /// Whether a slow question may be asked a second time at once.
    fn is_hedged(&self) -> bool {
        true
    }

    /// The field with a secret that stands in the configuration itself; for development only.
    fn inline_secret(&self) -> Option<&'static str> {
        None
    }

    /// Makes the lender. What is wrong with an entry of a new kind is a [`RegistryError::Lender`].
    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError>;
}

/// Name and policy stand in fields of every configuration.
macro_rules! named {
    () => {
        fn id(&self) -> &ProviderId {
            &self.id
        }

        fn policy(&self) -> &Policy {
            &self.policy
        }
    };
}

/// The public keys of a lender that signs.
pub(super) fn keys(config: &ProtocolConfig) -> Result<Vec<PublicKey>, RegistryError> {
    if config.keys.is_empty() {
        return Err(RegistryError::NoKey(config.id.clone()));
    }
    let read = |key: &KeyConfig| PublicKey::from_base64(&key.id, &key.public);
    let keys = config.keys.iter().map(read).collect::<Result<_, _>>();
    keys.map_err(|error| RegistryError::Key(config.id.clone(), error))
}

impl Entry for ProtocolConfig {
    named!();

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let endpoint = Endpoint::parse(&self.url, building.parts.network)
            .map_err(|error| RegistryError::Address(format!("lender {}", self.id), error))?;
        let client = ProtocolClient {
            http: building.http.clone(),
            endpoint,
            signer: Arc::clone(&building.parts.signer),
            lender_keys: keys(self)?,
            timeout: self.timeout(),
        };
        let (id, capabilities) = (self.id.clone(), self.capabilities.clone());
        Ok(Arc::new(ProtocolLender::new(
            id,
            capabilities,
            client,
            building.inbox.clone(),
        )))
    }
}

impl Entry for DeskConfig {
    named!();

    fn inline_secret(&self) -> Option<&'static str> {
        secret::is_inline(&self.signing_key).then_some("signing_key")
    }

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let id = || self.id.clone();
        let key = secret::resolve(&self.signing_key).map_err(|error| RegistryError::Secret(id(), error))?;
        let signer = LocalSigner::from_hex(&key).map_err(|error| RegistryError::Signer(id(), error))?;
        let desk = Desk::new(self.clone(), Arc::clone(&building.parts.contracts), Arc::new(signer));
        let desk = desk.map_err(|error| RegistryError::Desk(id(), error))?;
        building.desks.push(self.clone());
        Ok(Arc::new(desk))
    }
}

impl Entry for ManifestConfig {
    named!();

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let lender = ManifestLender::load(self, building.http.clone(), building.parts.network, building.clock());
        Ok(Arc::new(
            lender.map_err(|error| RegistryError::Manifest(self.id.clone(), error))?,
        ))
    }
}

impl Entry for VenueConfig {
    named!();

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let (views, logs) = (Arc::clone(&building.parts.views), Arc::clone(&building.parts.logs));
        let venue = VenueLender::new(self.clone(), views, logs);
        let venue = Arc::new(venue.map_err(|error| RegistryError::Venue(self.id.clone(), error))?);
        building.venues.push(venue.clone());
        building.pools.push(venue.clone());
        Ok(venue)
    }
}

impl Entry for RateTableConfig {
    named!();

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let (http, clock) = (building.http.clone(), building.clock());
        let lender = RateTableLender::new(self.clone(), http, building.parts.network, clock);
        Ok(Arc::new(
            lender.map_err(|error| RegistryError::RateTable(self.id.clone(), error))?,
        ))
    }
}

impl Entry for BankFilesConfig {
    named!();

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let bank = BankFiles::open(self.clone(), building.clock());
        let bank = bank.map_err(|error| RegistryError::BankFiles(self.id.clone(), error))?;
        building.banks.push(bank.clone());
        Ok(Arc::new(bank))
    }
}

impl Entry for Fis12Config {
    named!();

    /// Each question is a journey of its own.
    fn is_hedged(&self) -> bool {
        false
    }

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let making = Making::of(building.parts, &building.http);
        let lender = self.clone().build(&making, &mut building.networks);
        Ok(Arc::new(
            lender.map_err(|error| RegistryError::Network(self.id.clone(), error))?,
        ))
    }
}

impl Entry for OcenConfig {
    named!();

    /// Each question is an application of its own.
    fn is_hedged(&self) -> bool {
        false
    }

    fn build(&self, building: &mut Building<'_>) -> Result<Arc<dyn Lender>, RegistryError> {
        let making = Making::of(building.parts, &building.http);
        let lender = self.clone().build(&making, &mut building.networks);
        Ok(Arc::new(
            lender.map_err(|error| RegistryError::Network(self.id.clone(), error))?,
        ))
    }
}

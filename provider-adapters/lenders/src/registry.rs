//! From configuration to lenders. A new kind is a variant of [`LenderConfig`], an arm in [`Building::lender`], and, where its address,
//! keys or numbers can be wrong, a variant of [`RegistryError`].

mod config;
mod error;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use domain::ProviderId;
use domain::offer::Inquiry;
use domain::ports::{Contracts, EventLogs, JourneyStore, Lender, Venue, ViewCalls};
use domain::provider::Listed;
use sdk::{Clock, Endpoint, HttpClient, NetworkPolicy, ProtocolClient, PublicKey, Signer, check_capabilities};

pub use config::LenderConfig;
pub use error::RegistryError;

use crate::controls::Controls;
use crate::desk::{Desk, DeskConfig, LocalSigner};
use crate::inbox::CallbackInbox;
use crate::iso20022::BankFiles;
use crate::layers::{Policy, decorate_with_handle};
use crate::manifest::ManifestLender;
use crate::networks::{Making, NetworkInboxes};
use crate::protocol::{KeyConfig, ProtocolConfig, ProtocolLender};
use crate::ratetable::RateTableLender;
use crate::secret;
use crate::venues::VenueLender;

/// What lenders are made with.
pub struct Parts {
    /// Our key and clock.
    pub signer: Arc<Signer>,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
    /// Our own base address for callbacks; without it lenders must answer directly.
    pub callback_url: Option<String>,
    /// The settlement contracts.
    pub contracts: Arc<dyn Contracts>,
    /// Reads of other people's contracts.
    pub views: Arc<dyn ViewCalls>,
    /// What those contracts said.
    pub logs: Arc<dyn EventLogs>,
    /// Journeys at lenders that call back.
    pub journeys: Arc<dyn JourneyStore>,
}

/// The lenders, each with its layers, and what belongs to some of them.
#[derive(Clone)]
pub struct Registry {
    /// In the order of the configuration.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// How they are configured, in the same order.
    pub listed: Vec<Listed>,
    /// What is moved of their layers while they run.
    pub controls: Arc<Controls>,
    /// Those of them that are markets of lending pools, by the same names.
    pub venues: Vec<Arc<dyn Venue>>,
    /// Banks by files: what they send must be taken in, and their repayments counted.
    pub banks: Vec<BankFiles>,
    /// Mount it at [`crate::CALLBACK_PATH`].
    pub inbox: Option<Arc<CallbackInbox>>,
    /// Mount it at [`crate::networks::FIS12_PATH`] and [`crate::networks::OCEN_PATH`].
    pub networks: Arc<NetworkInboxes>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?})", self.signer)
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.lenders.iter().map(|lender| lender.id()))
            .finish()
    }
}

/// Makes every lender of the configuration and puts the layers around it.
pub fn build(configs: Vec<LenderConfig>, parts: &Parts) -> Result<Registry, RegistryError> {
    let mut ids = HashSet::new();
    for config in &configs {
        if !ids.insert(config.id().clone()) {
            return Err(RegistryError::DuplicateId(config.id().clone()));
        }
    }
    let listed = configs
        .iter()
        .map(crate::record::listed)
        .collect::<Result<Vec<_>, _>>()?;
    let clock: Arc<dyn Clock> = Arc::clone(&parts.signer.clock);
    let mut building = Building {
        parts,
        http: HttpClient::new(parts.network).map_err(RegistryError::Http)?,
        inbox: inbox(&configs, parts)?,
        venues: Vec::new(),
        banks: Vec::new(),
        networks: NetworkInboxes::new(Arc::clone(&clock)),
    };
    let (mut lenders, mut controls) = (Vec::with_capacity(configs.len()), Controls::default());
    for config in configs {
        let policy = config.policy();
        let lender = building.lender(config)?;
        check(lender.as_ref(), &policy)?;
        let (lender, handle) = decorate_with_handle(lender, &policy, Arc::clone(&clock));
        controls.add(lender.as_ref(), handle);
        lenders.push(lender);
    }
    Ok(Registry {
        lenders,
        listed,
        controls: Arc::new(controls),
        venues: building.venues,
        banks: building.banks,
        inbox: building.inbox,
        networks: Arc::new(building.networks),
    })
}

/// A lender that nothing fits would never be asked, and nobody would know why.
fn check(lender: &dyn Lender, policy: &Policy) -> Result<(), RegistryError> {
    let (id, capabilities) = (lender.id(), lender.capabilities());
    if let Some((field, range)) = policy.limits().flaw() {
        return Err(RegistryError::Limits(id.clone(), field, range));
    }
    if policy.cache_seconds > 0 && capabilities.inquiry != Inquiry::None {
        return Err(RegistryError::PersonalCache(id.clone()));
    }
    match check_capabilities(capabilities).into_iter().next() {
        Some(error) => Err(RegistryError::Capabilities(id.clone(), error)),
        None => Ok(()),
    }
}

/// What is collected while lenders are made.
struct Building<'a> {
    parts: &'a Parts,
    http: HttpClient,
    inbox: Option<Arc<CallbackInbox>>,
    venues: Vec<Arc<dyn Venue>>,
    banks: Vec<BankFiles>,
    networks: NetworkInboxes,
}

impl Building<'_> {
    fn lender(&mut self, config: LenderConfig) -> Result<Arc<dyn Lender>, RegistryError> {
        let (parts, id) = (self.parts, config.id().clone());
        let (http, clock) = (self.http.clone(), Arc::clone(&parts.signer.clock));
        Ok(match config {
            LenderConfig::Protocol(config) => Arc::new(self.protocol(config)?),
            LenderConfig::Desk(config) => Arc::new(desk(config, parts)?),
            LenderConfig::Manifest(config) => {
                let lender = ManifestLender::load(&config, http, parts.network, clock);
                Arc::new(lender.map_err(|error| RegistryError::Manifest(id, error))?)
            }
            LenderConfig::Venue(config) => {
                let venue = VenueLender::new(config, Arc::clone(&parts.views), Arc::clone(&parts.logs));
                let venue = Arc::new(venue.map_err(|error| RegistryError::Venue(id, error))?);
                self.venues.push(venue.clone());
                venue
            }
            LenderConfig::RateTable(config) => {
                let lender = RateTableLender::new(*config, http, parts.network, clock);
                Arc::new(lender.map_err(|error| RegistryError::RateTable(id, error))?)
            }
            LenderConfig::BankFiles(config) => {
                let bank = BankFiles::open(*config, clock).map_err(|error| RegistryError::BankFiles(id, error))?;
                self.banks.push(bank.clone());
                Arc::new(bank)
            }
            LenderConfig::Fis12(config) => {
                let made = config.build(&making(parts, &http), &mut self.networks);
                Arc::new(made.map_err(|error| RegistryError::Network(id, error))?)
            }
            LenderConfig::Ocen(config) => {
                let made = config.build(&making(parts, &http), &mut self.networks);
                Arc::new(made.map_err(|error| RegistryError::Network(id, error))?)
            }
        })
    }

    fn protocol(&self, config: ProtocolConfig) -> Result<ProtocolLender, RegistryError> {
        let endpoint = Endpoint::parse(&config.url, self.parts.network)
            .map_err(|error| RegistryError::Address(format!("lender {}", config.id), error))?;
        let client = ProtocolClient {
            http: self.http.clone(),
            endpoint,
            signer: Arc::clone(&self.parts.signer),
            lender_keys: keys(&config)?,
            timeout: config.timeout(),
        };
        let inbox = self.inbox.clone();
        Ok(ProtocolLender::new(config.id, config.capabilities, client, inbox))
    }
}

fn making<'a>(parts: &'a Parts, http: &'a HttpClient) -> Making<'a> {
    Making {
        network: parts.network,
        callback_url: parts.callback_url.as_deref(),
        signer: &parts.signer,
        http,
        journeys: &parts.journeys,
    }
}

fn inbox(configs: &[LenderConfig], parts: &Parts) -> Result<Option<Arc<CallbackInbox>>, RegistryError> {
    let Some(url) = &parts.callback_url else {
        return Ok(None);
    };
    let base = Endpoint::parse(url, parts.network).map_err(|e| RegistryError::Address("callbacks".into(), e))?;
    let (mut senders, mut key_ids) = (Vec::new(), HashSet::new());
    for config in configs {
        if let LenderConfig::Protocol(config) = config {
            let keys = keys(config)?;
            if !keys.iter().all(|key| key_ids.insert(key.id().to_owned())) {
                return Err(RegistryError::DuplicateKey(config.id.clone()));
            }
            senders.push((config.id.clone(), keys));
        }
    }
    let clock = Arc::clone(&parts.signer.clock);
    Ok(Some(Arc::new(CallbackInbox::new(base, senders, clock))))
}

fn keys(config: &ProtocolConfig) -> Result<Vec<PublicKey>, RegistryError> {
    if config.keys.is_empty() {
        return Err(RegistryError::NoKey(config.id.clone()));
    }
    let read = |key: &KeyConfig| PublicKey::from_base64(&key.id, &key.public);
    let keys = config.keys.iter().map(read).collect::<Result<_, _>>();
    keys.map_err(|error| RegistryError::Key(config.id.clone(), error))
}

fn desk(config: DeskConfig, parts: &Parts) -> Result<Desk, RegistryError> {
    let id: ProviderId = config.id.clone();
    let key = secret::resolve(&config.signing_key).map_err(|e| RegistryError::Secret(id.clone(), e))?;
    let signer = LocalSigner::from_hex(&key).map_err(|e| RegistryError::Signer(id.clone(), e))?;
    let desk = Desk::new(config, Arc::clone(&parts.contracts), Arc::new(signer));
    desk.map_err(|error| RegistryError::Desk(id, error))
}

#[cfg(test)]
mod check_tests;

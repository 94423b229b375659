//! From configuration to lenders.

use std::collections::HashSet;
use std::sync::Arc;

use domain::ProviderId;
use domain::offer::Inquiry;
use domain::ports::{Contracts, EventLogs, Lender, Venue, ViewCalls};
use domain::provider::Listed;
use sdk::{Clock, Endpoint, EndpointError, HttpClient, KeyError, NetworkPolicy, ProtocolClient, PublicKey, Signer};
use serde::{Deserialize, Serialize};

use crate::controls::Controls;
use crate::desk::{Desk, DeskConfig, DeskError, LocalSigner, SignerError};
use crate::inbox::CallbackInbox;
use crate::layers::{Policy, decorate_with_handle};
use crate::manifest::{ManifestConfig, ManifestLender, ManifestLenderError, SecretError};
use crate::protocol::{ProtocolConfig, ProtocolLender};
use crate::secret;
use crate::venues::{VenueConfig, VenueError, VenueLender};
use crate::iso20022::{BankFiles, BankFilesConfig, BankFilesError};
use crate::ratetable::{RateTableConfig, RateTableError, RateTableLender};

/// One lender, by its kind.
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
    /// A marketplace of rate tables. In a box, as it is large.
    RateTable(Box<RateTableConfig>),
    /// A bank by files of ISO 20022.
    BankFiles(Box<BankFilesConfig>),
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
        }
    }

    /// The field with a secret that stands in the configuration itself; for development only.
    pub fn inline_secret(&self) -> Option<&'static str> {
        match self {
            Self::Desk(config) => secret::is_inline(&config.signing_key).then_some("signing_key"),
            // Their secrets are references by their type, or they have none.
            Self::Protocol(_) | Self::Manifest(_) | Self::Venue(_) | Self::RateTable(_) | Self::BankFiles(_) => None,
        }
    }

    pub(crate) fn policy(&self) -> &Policy {
        match self {
            Self::Protocol(config) => &config.policy,
            Self::Desk(config) => &config.policy,
            Self::Manifest(config) => &config.policy,
            Self::Venue(config) => &config.policy,
            Self::RateTable(config) => &config.policy,
            Self::BankFiles(config) => &config.policy,
        }
    }
}

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
}

/// The lenders, each with its layers, and the inbox of their callbacks.
#[derive(Clone)]
pub struct Registry {
    /// In the order of the configuration.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// Those of them that are markets of lending pools, by the same names.
    pub venues: Vec<Arc<dyn Venue>>,
    /// Mount it at [`crate::CALLBACK_PATH`].
    pub inbox: Option<Arc<CallbackInbox>>,
    /// How they are configured, in the same order.
    pub listed: Vec<Listed>,
    /// What is moved of their layers while they run.
    pub controls: Arc<Controls>,
    /// Banks by files: what they send must be taken in, and their repayments counted.
    pub banks: Vec<BankFiles>,
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

/// A configuration that cannot be used, with the lender at fault.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Two lenders of one name.
    #[error("two lenders are called {0}")]
    DuplicateId(ProviderId),
    /// A key id that two lenders use: a callback could not be told apart.
    #[error("lender {0}: its key id is used by another lender")]
    DuplicateKey(ProviderId),
    /// A protocol lender without a key: its answers could not be checked.
    #[error("lender {0} has no public key")]
    NoKey(ProviderId),
    /// A bad address.
    #[error("address of {0}")]
    Address(String, #[source] EndpointError),
    /// A bad key.
    #[error("key of lender {0}")]
    Key(ProviderId, #[source] KeyError),
    /// A bad desk.
    #[error("desk {0}")]
    Desk(ProviderId, #[source] DeskError),
    /// A bad signing key.
    #[error("signing key of desk {0}")]
    Signer(ProviderId, #[source] SignerError),
    /// A bad manifest, or a secret of it that is not there.
    #[error("lender {0}")]
    Manifest(ProviderId, #[source] ManifestLenderError),
    /// A limit out of range.
    #[error("policy of lender {0}: {1} must be {2}")]
    Limits(ProviderId, &'static str, &'static str),
    /// Quotes that come of an inquiry are about the person: they are never remembered.
    #[error("policy of lender {0}: cache_seconds is for lenders without an inquiry")]
    PersonalCache(ProviderId),
    /// A secret that is referred to and not there.
    #[error("lender {0}")]
    Secret(ProviderId, #[source] SecretError),
    /// A configuration that cannot be written down for the registry.
    #[error("lender {0}: its configuration cannot be recorded")]
    Record(ProviderId, #[source] serde_json::Error),
    /// A bad market.
    #[error("venue {0}")]
    Venue(ProviderId, #[source] VenueError),
    /// A bad marketplace.
    #[error("marketplace {0}")]
    RateTable(ProviderId, #[source] RateTableError),
    /// A bad bank by files.
    #[error("bank {0}")]
    BankFiles(ProviderId, #[source] BankFilesError),
    /// The HTTP client could not be built.
    #[error("HTTP client")]
    Http(#[source] domain::ports::LenderError),
}

/// Makes every lender of the configuration and puts the layers around it.
pub fn build(configs: Vec<LenderConfig>, parts: &Parts) -> Result<Registry, RegistryError> {
    let mut ids = HashSet::new();
    for config in &configs {
        if !ids.insert(config.id().clone()) {
            return Err(RegistryError::DuplicateId(config.id().clone()));
        }
    }
    let http = HttpClient::new(parts.network).map_err(RegistryError::Http)?;
    let inbox = inbox(&configs, parts)?;
    let clock: Arc<dyn Clock> = Arc::clone(&parts.signer.clock);
    let mut controls = Controls::default();
    let listed = configs
        .iter()
        .map(crate::record::listed)
        .collect::<Result<Vec<_>, _>>()?;
    let (mut lenders, mut venues) = (Vec::with_capacity(configs.len()), Vec::<Arc<dyn Venue>>::new());
    let mut banks = Vec::new();
    for config in configs {
        let policy = config.policy().clone();
        check_policy(config.id(), &policy)?;
        let lender: Arc<dyn Lender> = match config {
            LenderConfig::Protocol(config) => Arc::new(protocol(config, parts, &http, inbox.clone())?),
            LenderConfig::Desk(config) => Arc::new(desk(config, parts)?),
            LenderConfig::Manifest(config) => Arc::new(manifest(&config, parts, &http)?),
            LenderConfig::Venue(config) => {
                let venue = Arc::new(venue(config, parts)?);
                venues.push(venue.clone());
                venue
            }
            LenderConfig::RateTable(config) => Arc::new(rate_table(*config, parts, &http)?),
            LenderConfig::BankFiles(config) => {
                let bank = bank_files(*config, parts)?;
                banks.push(bank.clone());
                Arc::new(bank)
            }
        };
        if policy.cache_seconds > 0 && lender.capabilities().inquiry != Inquiry::None {
            return Err(RegistryError::PersonalCache(lender.id().clone()));
        }
        let (lender, handle) = decorate_with_handle(lender, &policy, Arc::clone(&clock));
        controls.add(lender.as_ref(), handle);
        lenders.push(lender);
    }
    let controls = Arc::new(controls);
    Ok(Registry {
        lenders,
        venues,
        inbox,
        banks,
        listed,
        controls,
    })
}

fn check_policy(id: &ProviderId, policy: &Policy) -> Result<(), RegistryError> {
    match policy.limits().flaw() {
        Some((field, range)) => Err(RegistryError::Limits(id.clone(), field, range)),
        None => Ok(()),
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
    Ok(Some(Arc::new(CallbackInbox::new(
        base,
        senders,
        Arc::clone(&parts.signer.clock),
    ))))
}

fn keys(config: &ProtocolConfig) -> Result<Vec<PublicKey>, RegistryError> {
    if config.keys.is_empty() {
        return Err(RegistryError::NoKey(config.id.clone()));
    }
    let read = |key: &crate::protocol::KeyConfig| PublicKey::from_base64(&key.id, &key.public);
    let keys = config.keys.iter().map(read).collect::<Result<_, _>>();
    keys.map_err(|error| RegistryError::Key(config.id.clone(), error))
}

fn protocol(
    config: ProtocolConfig,
    parts: &Parts,
    http: &HttpClient,
    inbox: Option<Arc<CallbackInbox>>,
) -> Result<ProtocolLender, RegistryError> {
    let endpoint = Endpoint::parse(&config.url, parts.network)
        .map_err(|error| RegistryError::Address(format!("lender {}", config.id), error))?;
    let client = ProtocolClient {
        http: http.clone(),
        endpoint,
        signer: Arc::clone(&parts.signer),
        lender_keys: keys(&config)?,
        timeout: config.timeout(),
    };
    Ok(ProtocolLender::new(config.id, config.capabilities, client, inbox))
}

fn manifest(config: &ManifestConfig, parts: &Parts, http: &HttpClient) -> Result<ManifestLender, RegistryError> {
    let clock = Arc::clone(&parts.signer.clock);
    let lender = ManifestLender::load(config, http.clone(), parts.network, clock);
    lender.map_err(|error| RegistryError::Manifest(config.id.clone(), error))
}

fn venue(config: VenueConfig, parts: &Parts) -> Result<VenueLender, RegistryError> {
    let id = config.id.clone();
    let venue = VenueLender::new(config, Arc::clone(&parts.views), Arc::clone(&parts.logs));
    venue.map_err(|error| RegistryError::Venue(id, error))
}

fn rate_table(config: RateTableConfig, parts: &Parts, http: &HttpClient) -> Result<RateTableLender, RegistryError> {
    let id = config.id.clone();
    let lender = RateTableLender::new(config, http.clone(), parts.network, Arc::clone(&parts.signer.clock));
    lender.map_err(|error| RegistryError::RateTable(id, error))
}

fn bank_files(config: BankFilesConfig, parts: &Parts) -> Result<BankFiles, RegistryError> {
    let id = config.id.clone();
    let bank = BankFiles::open(config, Arc::clone(&parts.signer.clock));
    bank.map_err(|error| RegistryError::BankFiles(id, error))
}

fn desk(config: DeskConfig, parts: &Parts) -> Result<Desk, RegistryError> {
    let id = config.id.clone();
    let key = secret::resolve(&config.signing_key).map_err(|e| RegistryError::Secret(id.clone(), e))?;
    let signer = LocalSigner::from_hex(&key).map_err(|e| RegistryError::Signer(id.clone(), e))?;
    let desk = Desk::new(config, Arc::clone(&parts.contracts), Arc::new(signer));
    desk.map_err(|error| RegistryError::Desk(id, error))
}

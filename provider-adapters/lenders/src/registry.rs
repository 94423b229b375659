//! From configuration to lenders.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use domain::ProviderId;
use domain::ports::{Contracts, Lender};
use sdk::{
    CapabilityError, Clock, Endpoint, EndpointError, HttpClient, KeyError, NetworkPolicy, ProtocolClient, PublicKey,
    Signer, check_capabilities,
};
use serde::Deserialize;

use crate::desk::{Desk, DeskConfig, DeskError, LocalSigner, SignerError};
use crate::inbox::CallbackInbox;
use crate::layers::{Policy, decorate};
use crate::manifest::{ManifestConfig, ManifestLender, ManifestLenderError};
use crate::protocol::{ProtocolConfig, ProtocolLender};

/// One lender, by its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LenderConfig {
    /// Speaks provider protocol v1.
    Protocol(ProtocolConfig),
    /// Lends on chain.
    Desk(DeskConfig),
    /// A plain REST interface that a file describes.
    Manifest(ManifestConfig),
}

impl LenderConfig {
    /// The operator-given name.
    pub fn id(&self) -> &ProviderId {
        match self {
            Self::Protocol(config) => &config.id,
            Self::Desk(config) => &config.id,
            Self::Manifest(config) => &config.id,
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

    fn policy(&self) -> &Policy {
        match self {
            Self::Protocol(config) => &config.policy,
            Self::Desk(config) => &config.policy,
            Self::Manifest(config) => &config.policy,
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
}

/// The lenders, each with its layers, and the inbox of their callbacks.
#[derive(Clone)]
pub struct Registry {
    /// In the order of the configuration.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// Mount it at [`crate::CALLBACK_PATH`].
    pub inbox: Option<Arc<CallbackInbox>>,
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
    /// What the lender says it does is incomplete or contradicts itself; the field is named.
    #[error("lender {0}")]
    Capabilities(ProviderId, #[source] CapabilityError),
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
    let mut lenders = Vec::with_capacity(configs.len());
    for config in configs {
        let policy = config.policy().clone();
        let lender: Arc<dyn Lender> = match config {
            LenderConfig::Protocol(config) => Arc::new(protocol(config, parts, &http, inbox.clone())?),
            LenderConfig::Desk(config) => Arc::new(desk(config, parts)?),
            LenderConfig::Manifest(config) => Arc::new(manifest(&config, parts, &http)?),
        };
        complete(lender.as_ref())?;
        lenders.push(decorate(lender, &policy, Arc::clone(&clock)));
    }
    Ok(Registry { lenders, inbox })
}

/// A lender that nothing fits would never be asked, and nobody would know why.
fn complete(lender: &dyn Lender) -> Result<(), RegistryError> {
    match check_capabilities(lender.capabilities()).into_iter().next() {
        None => Ok(()),
        Some(error) => Err(RegistryError::Capabilities(lender.id().clone(), error)),
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

fn desk(config: DeskConfig, parts: &Parts) -> Result<Desk, RegistryError> {
    let id = config.id.clone();
    let signer = LocalSigner::from_hex(&config.signing_key).map_err(|e| RegistryError::Signer(id.clone(), e))?;
    let desk = Desk::new(config, Arc::clone(&parts.contracts), Arc::new(signer));
    desk.map_err(|error| RegistryError::Desk(id, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sdk::{Capabilities, Ids, PrivateKey};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }
    }

    impl Ids for Still {
        fn next(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
    }

    fn lender(change: fn(&mut Capabilities)) -> ProtocolLender {
        let mut capabilities: Capabilities = toml::from_str(
            "products = [\"INSTALLMENT\"]\njurisdictions = [{ country = \"US\" }]\n\
             amounts = [{ currency = \"USD\", min = 1, max = 2 }]\n\
             min_term_days = 1\nmax_term_days = 2\ninquiry = \"NONE\"\n",
        )
        .unwrap();
        change(&mut capabilities);
        let key = PrivateKey::development("registry").unwrap();
        let client = ProtocolClient {
            http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
            endpoint: Endpoint::parse("http://127.0.0.1:1", NetworkPolicy::AllowLoopback).unwrap(),
            signer: Arc::new(Signer {
                key,
                clock: Arc::new(Still),
                ids: Arc::new(Still),
            }),
            lender_keys: Vec::new(),
            timeout: std::time::Duration::from_secs(1),
        };
        ProtocolLender::new("harbor".parse().unwrap(), capabilities, client, None)
    }

    #[test]
    fn a_lender_that_says_nothing_of_what_it_does_is_refused_by_the_field() {
        assert!(complete(&lender(|_| {})).is_ok());
        let field = |change| match complete(&lender(change)) {
            Err(RegistryError::Capabilities(id, error)) => format!("{id} {}", error.field),
            other => format!("{other:?}"),
        };
        assert_eq!(field(|c| c.amounts[0].max = 0), "harbor amounts");
        assert_eq!(field(|c| c.jurisdictions.clear()), "harbor jurisdictions");
    }
}

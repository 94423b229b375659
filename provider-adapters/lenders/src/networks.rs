//! Lenders on networks: their entries in the configuration, and the one address of ours at which all lenders of a network call.

mod secret;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::JourneyStore;
use domain::{ProviderId, Rate};
use sdk::jws::{RsaPrivateKey, RsaPublicKey, SigningKey, VerifyingKey};
use sdk::normalise::{Document, Reader};
use sdk::{
    Capabilities, Clock, Endpoint, EndpointError, HttpClient, KeyError, LenderError, NetworkPolicy, PrivateKey,
    PublicKey, Signer,
};
use serde::{Deserialize, Serialize};

use crate::fis12::{self, Fis12Lender, Parties, Party};
use crate::layers::Policy;
use crate::ocen::{self, OcenLender};
use crate::protocol::KeyConfig;
use crate::registry::Parts;

pub use secret::{SecretProblem, SecretSource};

/// Where lenders on FIS12 call, after the base address: `{this}/on_search` and so on.
pub const FIS12_PATH: &str = "/v1/networks/fis12";
/// Where lenders on OCEN call, after the base address: `{this}/v4.0.0alpha/offers/generateOffersResponse` and so on.
pub const OCEN_PATH: &str = "/v1/networks/ocen";
/// Bytes of a link.
const MAX_LINK: usize = 1_000;

/// One entry of the configuration: `kind = "fis12"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fis12Config {
    /// Operator-given name.
    pub id: ProviderId,
    /// The lender's `subscriber_id` in the network's registry.
    pub subscriber: String,
    /// Its `subscriber_url`.
    pub url: String,
    /// Its public keys in the registry; several during a rotation.
    pub keys: Vec<KeyConfig>,
    /// We in the registry.
    pub ours: Fis12Ours,
    /// Version of the domain that both speak.
    #[serde(default = "fis12_version")]
    pub version: String,
    /// Rate of the tax behind `+ GST`; without it such a charge is refused.
    #[serde(default)]
    pub tax_ppm: Option<Rate>,
    /// What the lender does.
    pub capabilities: Capabilities,
    /// Longest wait of accept, status and cancel in all.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Layers around it. It is never hedged: each question is a journey of its own.
    #[serde(default)]
    pub policy: Policy,
}

/// A buyer application in the registry of the network. Its `subscriber_url` is our public address and [`FIS12_PATH`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fis12Ours {
    /// `subscriber_id`.
    pub subscriber: String,
    /// `unique_key_id` of the key.
    pub key_id: String,
    /// Base64 of the 32 secret bytes of the Ed25519 key.
    pub key: SecretSource,
}

/// One entry of the configuration: `kind = "ocen"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcenConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// The lender's `participantId` in the registry.
    pub participant: String,
    /// Its base address.
    pub url: String,
    /// Its public keys.
    pub keys: Vec<OcenKey>,
    /// We in the registry.
    pub ours: OcenOurs,
    /// The network's access token. A file is read at every call, so whatever renews the token may write it there.
    pub token: SecretSource,
    /// The product in the registry.
    pub product: String,
    /// The product's network.
    pub product_network: String,
    /// What the lender does.
    pub capabilities: Capabilities,
    /// Longest wait of accept and status in all.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// Layers around it. It is never hedged: each question is an application of its own.
    #[serde(default)]
    pub policy: Policy,
}

/// A loan agent in the registry of the network. Its address there is our public one and [`OCEN_PATH`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcenOurs {
    /// `orgId`.
    pub organization: String,
    /// `participantId`.
    pub participant: String,
    /// `kid` of the key.
    pub key_id: String,
    /// The key: PKCS #8 in PEM for RS256, base64 of the 32 secret bytes for `EdDSA`.
    pub key: SecretSource,
    /// What it signs with.
    #[serde(default)]
    pub algorithm: Algorithm,
}

/// A public key of a lender.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OcenKey {
    /// `kid`.
    pub id: String,
    /// PEM for RS256, base64 of the 32 bytes for `EdDSA`.
    pub public: String,
    /// What it verifies.
    #[serde(default)]
    pub algorithm: Algorithm,
}

/// A signature algorithm of detached JSON web signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSA with SHA-256, as the network asks.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

fn fis12_version() -> String {
    "2.3.0".to_owned()
}

/// Below the time for which a worker keeps a settlement.
const fn timeout_ms() -> u64 {
    4_000
}

/// An entry that cannot be used. The field is named.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Nobody could call back.
    #[error("this kind of lender needs public_url")]
    NoCallbackUrl,
    /// Its answers could not be checked.
    #[error("keys: there is none")]
    NoKey,
    /// A secret that is not there or not for production.
    #[error("{0}")]
    Secret(&'static str, #[source] SecretProblem),
    /// Not a key.
    #[error("{0} is not a key of that kind")]
    Key(&'static str),
    /// A public development key, in production.
    #[error("{0} is a public development key")]
    DevelopmentKey(&'static str),
    /// Not an address.
    #[error("url")]
    Url(#[source] EndpointError),
    /// Its calls could not be told apart from another lender's.
    #[error("another lender has that id in the registry")]
    Twice,
}

/// What lenders on networks are made with.
pub(crate) struct Making<'a> {
    pub(crate) network: NetworkPolicy,
    pub(crate) callback_url: Option<&'a str>,
    pub(crate) signer: &'a Signer,
    pub(crate) http: &'a HttpClient,
    pub(crate) journeys: &'a Arc<dyn JourneyStore>,
}

impl<'a> Making<'a> {
    pub(crate) fn of(parts: &'a Parts, http: &'a HttpClient) -> Self {
        Self {
            network: parts.network,
            callback_url: parts.callback_url.as_deref(),
            signer: &parts.signer,
            http,
            journeys: &parts.journeys,
        }
    }
}

/// All lenders on networks, as their calls find them.
#[derive(Clone, Default)]
pub struct NetworkInboxes {
    /// By `subscriber_id`.
    fis12: HashMap<String, Arc<fis12::Inbox>>,
    /// By `participantId`.
    ocen: HashMap<String, Arc<ocen::Inbox>>,
    clock: Option<Arc<dyn Clock>>,
}

impl std::fmt::Debug for NetworkInboxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "NetworkInboxes({} fis12, {} ocen)",
            self.fis12.len(),
            self.ocen.len()
        )
    }
}

impl NetworkInboxes {
    /// Nobody, at that time.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..Self::default()
        }
    }

    /// Takes a callback of FIS12: `name` is the last part of the path, such as `on_select`; `authorization` the header of that name. The
    /// answer is a status and a JSON body; none when there is no lender on the network.
    pub async fn fis12(&self, name: &str, authorization: Option<&str>, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        if self.fis12.is_empty() {
            return None;
        }
        // Whose key it says it is; the inbox checks that it is.
        let whose = authorization.and_then(|header| header.split_once("keyId=\"")?.1.split_once('|'));
        let reply = match whose.and_then(|(subscriber, _)| self.fis12.get(subscriber)) {
            Some(inbox) => inbox.deliver(name, authorization, body).await,
            None => fis12::Reply::foreign(),
        };
        Some((reply.status, reply.body))
    }

    /// Takes a response of OCEN: `path` is what follows [`OCEN_PATH`], such as `v4.0.0alpha/offers/setOffersResponse`; `signature` the
    /// header of that name. The answer is a status and an `Ack`; none when there is no lender on the network.
    pub async fn ocen(&self, path: &str, signature: Option<&str>, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let clock = self.clock.as_ref().filter(|_| !self.ocen.is_empty())?;
        let operation = path.strip_prefix('v').and_then(|path| path.strip_prefix(ocen::VERSION));
        let inbox = originator(body).and_then(|participant| self.ocen.get(&participant));
        let reply = match (operation, inbox) {
            (Some(operation), Some(inbox)) => inbox.deliver(operation.trim_start_matches('/'), signature, body).await,
            _ => ocen::Reply::foreign(clock.as_ref()),
        };
        Some((reply.status, reply.body))
    }
}

/// Who a response says it is of; the inbox checks that it is.
fn originator(body: &[u8]) -> Option<String> {
    let document = Document::parse(body).ok()?;
    let id = Reader::new(&document).at("metadata.originatorParticipantId");
    id.field().ok()?.text().ok().map(str::to_owned)
}

impl Fis12Config {
    pub(crate) fn build(self, making: &Making<'_>, inboxes: &mut NetworkInboxes) -> Result<Fis12Lender, NetworkError> {
        let base = making.callback_url.ok_or(NetworkError::NoCallbackUrl)?;
        let key = self.ours.key.resolve(making.network);
        let key = key.map_err(|problem| NetworkError::Secret("ours.key", problem))?;
        let key = PrivateKey::from_base64(&self.ours.key_id, key.expose());
        let key = key.map_err(|_| NetworkError::Key("ours.key"))?;
        let keys = public_keys(&self.keys)?;
        if making.network == NetworkPolicy::Public {
            secret::not_development("ours.key", &key.public())?;
            keys.iter().try_for_each(|key| secret::not_development("keys", key))?;
        }
        let parties = Parties {
            bap: Party {
                id: self.ours.subscriber,
                uri: format!("{}{FIS12_PATH}", base.trim_end_matches('/')),
            },
            bpp: Party {
                id: self.subscriber.clone(),
                uri: self.url,
            },
            version: self.version,
        };
        let clock = Arc::clone(&making.signer.clock);
        let inbox = fis12::Inbox::new(self.id.clone(), parties, keys, Arc::clone(making.journeys), clock);
        let inbox = Arc::new(inbox);
        if inboxes.fis12.insert(self.subscriber, Arc::clone(&inbox)).is_some() {
            return Err(NetworkError::Twice);
        }
        let signer = Signer {
            key,
            ..making.signer.clone()
        };
        let parts = fis12::Parts {
            signer: Arc::new(signer),
            http: making.http.clone(),
            network: making.network,
            inbox,
            store: Arc::clone(making.journeys),
        };
        let options = fis12::Options {
            id: self.id,
            capabilities: self.capabilities,
            timeout: Duration::from_millis(self.timeout_ms),
            tax: self.tax_ppm,
        };
        Fis12Lender::new(options, parts).map_err(NetworkError::Url)
    }
}

impl OcenConfig {
    pub(crate) fn build(self, making: &Making<'_>, inboxes: &mut NetworkInboxes) -> Result<OcenLender, NetworkError> {
        making.callback_url.ok_or(NetworkError::NoCallbackUrl)?;
        let strict = making.network == NetworkPolicy::Public;
        let key = self.ours.key.resolve(making.network);
        let key = key.map_err(|problem| NetworkError::Secret("ours.key", problem))?;
        let key = match self.ours.algorithm {
            Algorithm::Rs256 => RsaPrivateKey::from_pem(&self.ours.key_id, &key)
                .ok()
                .map(SigningKey::Rsa),
            Algorithm::EdDsa => {
                let key = PrivateKey::from_base64(&self.ours.key_id, key.expose()).ok();
                if let Some(key) = key.as_ref().filter(|_| strict) {
                    secret::not_development("ours.key", &key.public())?;
                }
                key.map(SigningKey::Ed25519)
            }
        };
        let key = key.ok_or(NetworkError::Key("ours.key"))?;
        let token = self.token.resolve(making.network);
        token.map_err(|problem| NetworkError::Secret("token", problem))?;
        let keys = ocen_keys(&self.keys, strict)?;
        let clock = Arc::clone(&making.signer.clock);
        let (participant, store) = (&self.participant, Arc::clone(making.journeys));
        let inbox = ocen::Inbox::new(self.id.clone(), participant, keys, store, Arc::clone(&clock));
        let inbox = Arc::new(inbox);
        if inboxes.ocen.insert(self.participant, Arc::clone(&inbox)).is_some() {
            return Err(NetworkError::Twice);
        }
        let parts = ocen::Parts {
            key,
            clock,
            ids: Arc::clone(&making.signer.ids),
            http: making.http.clone(),
            network: making.network,
            endpoint: Endpoint::parse(&self.url, making.network).map_err(NetworkError::Url)?,
            token: self.token,
            inbox,
            store: Arc::clone(making.journeys),
        };
        let options = ocen::Options {
            id: self.id,
            capabilities: self.capabilities,
            timeout: Duration::from_millis(self.timeout_ms),
            organization: self.ours.organization,
            participant: self.ours.participant,
            product: self.product,
            product_network: self.product_network,
        };
        Ok(OcenLender::new(options, parts))
    }
}

fn public_keys(keys: &[KeyConfig]) -> Result<Vec<PublicKey>, NetworkError> {
    if keys.is_empty() {
        return Err(NetworkError::NoKey);
    }
    let read = |key: &KeyConfig| PublicKey::from_base64(&key.id, &key.public);
    let keys: Result<_, KeyError> = keys.iter().map(read).collect();
    keys.map_err(|_| NetworkError::Key("keys"))
}

fn ocen_keys(keys: &[OcenKey], strict: bool) -> Result<Vec<VerifyingKey>, NetworkError> {
    if keys.is_empty() {
        return Err(NetworkError::NoKey);
    }
    let read = |key: &OcenKey| match key.algorithm {
        Algorithm::Rs256 => {
            let key = RsaPublicKey::from_pem(&key.id, &key.public).map_err(|_| NetworkError::Key("keys"))?;
            Ok(VerifyingKey::Rsa(key))
        }
        Algorithm::EdDsa => {
            let key = PublicKey::from_base64(&key.id, &key.public).map_err(|_| NetworkError::Key("keys"))?;
            if strict {
                secret::not_development("keys", &key)?;
            }
            Ok(VerifyingKey::Ed25519(key))
        }
    };
    keys.iter().map(read).collect()
}

/// A link of the lender's that a borrower may follow. It may have a query; everything else of it is held to what an address of ours may be.
pub(crate) fn link(field: &Reader<'_>, url: &str, network: NetworkPolicy) -> Result<String, LenderError> {
    if url.len() > MAX_LINK {
        return Err(field.malformed("is too long for a link"));
    }
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    Endpoint::parse(bare, network).map_err(|error| field.malformed(&error.to_string()))?;
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests;

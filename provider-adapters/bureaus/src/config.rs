//! Which sources there are, and how they are reached.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{BankData, Bureau};
use sdk::{Clock, Ids, Signer};
use sdk::{Endpoint, EndpointError, HttpClient, KeyError, LenderError, NetworkPolicy, PrivateKey, PublicKey, Secret};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::psd2::Psd2;
use crate::report::SignedBureau;

/// The section `[credit_data]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditDataConfig {
    /// Milliseconds that all sources of facts have together, before the request is decided about.
    #[serde(default = "default_facts_deadline_ms")]
    pub facts_deadline_ms: u64,
    /// Milliseconds between the same question and the next call: before, the report that we have is used.
    #[serde(default = "default_keep_ms")]
    pub keep_ms: u64,
    /// A credit bureau.
    #[serde(default)]
    pub bureau: Option<BureauConfig>,
    /// Bank accounts.
    #[serde(default)]
    pub bank: Option<BankDataConfig>,
}

impl Default for CreditDataConfig {
    fn default() -> Self {
        Self {
            facts_deadline_ms: default_facts_deadline_ms(),
            keep_ms: default_keep_ms(),
            bureau: None,
            bank: None,
        }
    }
}

/// A bureau that speaks `usance-bureau/1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BureauConfig {
    /// Its name in metrics and records.
    pub id: String,
    /// Its base address.
    pub url: String,
    /// The keys that sign its answers.
    pub keys: Vec<KeyConfig>,
    /// Longest wait for an answer.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

/// A public key of a source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Its name in signatures.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public: String,
}

/// A bank, or an aggregator of banks, that speaks NextGenPSD2.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankDataConfig {
    /// Its name in metrics and records.
    pub id: String,
    /// Its base address.
    pub url: String,
    /// Our access token there: `env:NAME` or `file:PATH`; the token itself in development only.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// Longest wait for one call.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

fn default_facts_deadline_ms() -> u64 {
    400
}

fn default_keep_ms() -> u64 {
    600_000
}

fn default_timeout_ms() -> u64 {
    5_000
}

/// What adapters are made of.
#[derive(Clone)]
pub struct Parts {
    /// Our key.
    pub signer: Arc<Signer>,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// The sources of a process.
#[derive(Clone, Default)]
pub struct Sources {
    /// Bureau.
    pub bureau: Option<Arc<dyn Bureau>>,
    /// Bank accounts.
    pub bank: Option<Arc<dyn BankData>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("bureau", &self.bureau.as_ref().map(|bureau| bureau.name().to_owned()))
            .field("bank", &self.bank.as_ref().map(|bank| bank.name().to_owned()))
            .finish()
    }
}

/// A configuration that cannot be used. No secret is in a message.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A figure is out of range.
    #[error("credit_data.{0} is out of range")]
    Range(&'static str),
    /// The address cannot be called.
    #[error("credit_data.{0}.url: {1}")]
    Url(&'static str, #[source] EndpointError),
    /// A key of the bureau.
    #[error("credit_data.bureau.keys: {0}")]
    Key(#[from] KeyError),
    /// No key, so no answer could be believed.
    #[error("credit_data.bureau.keys is empty")]
    NoKey,
    /// The key is computed from its name: for development only.
    #[error("credit_data.bureau.keys: a development key is not for production")]
    DevelopmentKey,
    /// The token is not where it should be, or stands in the configuration of a production.
    #[error("credit_data.bank.token must be env:NAME or file:PATH of a token")]
    Token,
    /// The client.
    #[error("HTTP client")]
    Http(#[source] LenderError),
}

impl CreditDataConfig {
    /// The adapters of the configured sources.
    pub fn build(&self, parts: &Parts) -> Result<Sources, ConfigError> {
        let range = |fits: bool, field| if fits { Ok(()) } else { Err(ConfigError::Range(field)) };
        range((1..=60_000).contains(&self.facts_deadline_ms), "facts_deadline_ms")?;
        range(self.keep_ms <= 86_400_000, "keep_ms")?;
        Ok(Sources {
            bureau: self.bureau.as_ref().map(|bureau| bureau.build(parts)).transpose()?,
            bank: self.bank.as_ref().map(|bank| bank.build(parts)).transpose()?,
        })
    }
}

fn client(parts: &Parts) -> Result<HttpClient, ConfigError> {
    HttpClient::new(parts.network).map_err(ConfigError::Http)
}

impl BureauConfig {
    fn build(&self, parts: &Parts) -> Result<Arc<dyn Bureau>, ConfigError> {
        let keys = self.keys.iter().map(|key| PublicKey::from_base64(&key.id, &key.public));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(ConfigError::NoKey);
        }
        let development = |key: &PublicKey| PrivateKey::development(key.id()).is_ok_and(|known| known.public() == *key);
        if parts.network == NetworkPolicy::Public && keys.iter().any(development) {
            return Err(ConfigError::DevelopmentKey);
        }
        Ok(Arc::new(SignedBureau {
            name: self.id.clone(),
            http: client(parts)?,
            endpoint: Endpoint::parse(&self.url, parts.network).map_err(|error| ConfigError::Url("bureau", error))?,
            signer: Arc::clone(&parts.signer),
            keys,
            timeout: Duration::from_millis(self.timeout_ms),
        }))
    }
}

impl BankDataConfig {
    fn build(&self, parts: &Parts) -> Result<Arc<dyn BankData>, ConfigError> {
        let token = self
            .token
            .as_ref()
            .map(|token| resolve(token, parts.network))
            .transpose()?;
        Ok(Arc::new(Psd2 {
            name: self.id.clone(),
            http: client(parts)?,
            endpoint: Endpoint::parse(&self.url, parts.network).map_err(|error| ConfigError::Url("bank", error))?,
            authorization: token.map(|token| Secret::new(format!("Bearer {}", token.expose()))),
            clock: Arc::clone(&parts.clock),
            ids: Arc::clone(&parts.ids),
            timeout: Duration::from_millis(self.timeout_ms),
        }))
    }
}

fn resolve(token: &SecretString, network: NetworkPolicy) -> Result<Secret<String>, ConfigError> {
    let text = token.expose_secret();
    let found = if let Some(name) = text.strip_prefix("env:") {
        std::env::var(name).ok()
    } else if let Some(path) = text.strip_prefix("file:") {
        std::fs::read_to_string(path).ok()
    } else {
        (network == NetworkPolicy::AllowLoopback).then(|| text.to_owned())
    };
    let found = found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    found.map(Secret::new).ok_or(ConfigError::Token)
}

//! Which services there are, and how they are reached.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Verifier, WalletScreener};
use rust_decimal::Decimal;
use sdk::{Clock, Endpoint, EndpointError, HttpClient, LenderError, NetworkPolicy, Secret};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::chainalysis::Chainalysis;
use crate::elliptic::{CALLS_A_MINUTE, Elliptic};
use crate::jumio::{Hosts, Jumio, Region, Tokens};
use crate::limit::Limit;
use crate::sumsub::{DigestAlgorithm, Sumsub};

/// Services that verify identities: the sections `[kyc.sumsub]` and `[kyc.jumio]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KycVendorConfig {
    /// Sumsub.
    #[serde(default)]
    pub sumsub: Option<SumsubConfig>,
    /// Jumio.
    #[serde(default)]
    pub jumio: Option<JumioConfig>,
}

/// Sumsub. Secrets are `env:NAME` or `file:PATH`; the secret itself in development only.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumsubConfig {
    /// Base address.
    #[serde(default = "sumsub_url")]
    pub url: String,
    /// App token. One of a sandbox (`sbx:`) is refused in production.
    pub app_token: SecretString,
    /// Its secret key.
    pub secret: SecretString,
    /// Secret of webhooks; without one none is taken.
    #[serde(default)]
    pub webhook_secret: Option<SecretString>,
    /// The one digest algorithm of webhooks that is taken.
    #[serde(default)]
    pub webhook_digest: DigestAlgorithm,
    /// Longest wait for one call, milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Calls a second.
    #[serde(default = "default_rate")]
    pub calls_per_second: NonZeroU32,
}

/// Jumio. Secrets as at Sumsub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumioConfig {
    /// Where data stays.
    pub region: Region,
    /// One server that plays every host; in development only.
    #[serde(default)]
    pub url: Option<String>,
    /// OAuth client.
    pub client_id: SecretString,
    /// Its secret.
    pub client_secret: SecretString,
    /// Makes the secret part of callback addresses; without one no callback is taken.
    #[serde(default)]
    pub callback_key: Option<SecretString>,
    /// Names our company in every call.
    #[serde(default = "user_agent")]
    pub user_agent: String,
    /// Longest wait for one call, milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Calls a second.
    #[serde(default = "default_rate")]
    pub calls_per_second: NonZeroU32,
}

/// Services that know wallets: the section `[wallet_screening]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletConfig {
    /// Elliptic.
    #[serde(default)]
    pub elliptic: Option<EllipticConfig>,
    /// Chainalysis' free interface.
    #[serde(default)]
    pub chainalysis: Option<ChainalysisConfig>,
}

/// Elliptic. Secrets as at Sumsub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EllipticConfig {
    /// Base address.
    #[serde(default = "elliptic_url")]
    pub url: String,
    /// Name of our key.
    pub key: SecretString,
    /// Base64 of its secret.
    pub secret: SecretString,
    /// Risk score, 0 to 10, from which on a person looks.
    #[serde(default = "review_at")]
    pub review_at: Decimal,
    /// Risk score from which on nothing is paid.
    #[serde(default = "block_at")]
    pub block_at: Decimal,
    /// Longest wait for one call, milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
}

/// Chainalysis. Secrets as at Sumsub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainalysisConfig {
    /// Base address.
    #[serde(default = "chainalysis_url")]
    pub url: String,
    /// Our key.
    pub key: SecretString,
    /// Longest wait for one call, milliseconds.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Calls a second.
    #[serde(default = "default_rate")]
    pub calls_per_second: NonZeroU32,
}

fn sumsub_url() -> String {
    "https://api.sumsub.com".into()
}

fn elliptic_url() -> String {
    "https://aml-api.elliptic.co".into()
}

fn chainalysis_url() -> String {
    "https://public.chainalysis.com".into()
}

fn user_agent() -> String {
    concat!("Usance/", env!("CARGO_PKG_VERSION")).into()
}

fn default_timeout_ms() -> u64 {
    10_000
}

fn default_rate() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(19)
}

fn review_at() -> Decimal {
    Decimal::from(5)
}

fn block_at() -> Decimal {
    Decimal::from(10)
}

/// What adapters are made of.
#[derive(Clone)]
pub struct Parts {
    /// Which addresses may be dialled; [`NetworkPolicy::Public`] is production.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Our interface as vendors reach it, without a slash at the end; webhooks come to `/hooks/kyc/…` under it.
    pub public_url: String,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// A configuration that cannot be used. No secret is in a message.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A figure is out of range.
    #[error("{0} is out of range")]
    Range(&'static str),
    /// The address cannot be called.
    #[error("address of {0}")]
    Url(&'static str, #[source] EndpointError),
    /// A secret that is not there, or stands in the file in production.
    #[error("{0} must be env:NAME or file:PATH, and there")]
    Secret(&'static str),
    /// A token of a sandbox in production.
    #[error("kyc.sumsub.app_token is of a sandbox")]
    Sandbox,
    /// A setting that is for development only.
    #[error("{0} is for development only")]
    Development(&'static str),
    /// The client could not be made.
    #[error("HTTP client")]
    Http(#[source] LenderError),
}

impl Parts {
    fn secret(&self, given: &SecretString, field: &'static str) -> Result<Secret<String>, ConfigError> {
        let text = given.expose_secret();
        let found = if let Some(name) = text.strip_prefix("env:") {
            std::env::var(name).ok()
        } else if let Some(path) = text.strip_prefix("file:") {
            std::fs::read_to_string(path).ok()
        } else {
            (self.network == NetworkPolicy::AllowLoopback).then(|| text.to_owned())
        };
        let found = found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        found.map(Secret::new).ok_or(ConfigError::Secret(field))
    }

    fn http(&self) -> Result<HttpClient, ConfigError> {
        HttpClient::new(self.network).map_err(ConfigError::Http)
    }

    fn endpoint(&self, url: &str, of: &'static str) -> Result<Endpoint, ConfigError> {
        Endpoint::parse(url, self.network).map_err(|error| ConfigError::Url(of, error))
    }

    fn production(&self) -> bool {
        self.network == NetworkPolicy::Public
    }
}

fn timeout(milliseconds: u64, field: &'static str) -> Result<Duration, ConfigError> {
    if !(1..=60_000).contains(&milliseconds) {
        return Err(ConfigError::Range(field));
    }
    Ok(Duration::from_millis(milliseconds))
}

impl SumsubConfig {
    /// The adapter.
    pub fn build(&self, parts: &Parts) -> Result<Sumsub, ConfigError> {
        let app_token = parts.secret(&self.app_token, "kyc.sumsub.app_token")?;
        if parts.production() && app_token.expose().starts_with("sbx:") {
            return Err(ConfigError::Sandbox);
        }
        let webhook = self.webhook_secret.as_ref();
        let webhook = webhook.map(|secret| parts.secret(secret, "kyc.sumsub.webhook_secret"));
        Ok(Sumsub {
            http: parts.http()?,
            endpoint: parts.endpoint(&self.url, "kyc.sumsub")?,
            app_token,
            secret: parts.secret(&self.secret, "kyc.sumsub.secret")?,
            webhook_secret: webhook.transpose()?,
            digest: self.webhook_digest,
            production: parts.production(),
            network: parts.network,
            clock: Arc::clone(&parts.clock),
            timeout: timeout(self.timeout_ms, "kyc.sumsub.timeout_ms")?,
            limit: Limit::per_second(self.calls_per_second),
        })
    }
}

impl JumioConfig {
    /// The adapter.
    pub fn build(&self, parts: &Parts) -> Result<Jumio, ConfigError> {
        let hosts = match &self.url {
            Some(_) if parts.production() => return Err(ConfigError::Development("kyc.jumio.url")),
            Some(url) => Hosts::one(&parts.endpoint(url, "kyc.jumio")?),
            None => Hosts::of(self.region, parts.network).map_err(|error| ConfigError::Url("kyc.jumio", error))?,
        };
        let plain = |b: u8| b == b' ' || b.is_ascii_graphic();
        if !(1..=128).contains(&self.user_agent.len()) || !self.user_agent.bytes().all(plain) {
            return Err(ConfigError::Range("kyc.jumio.user_agent"));
        }
        let key = self.callback_key.as_ref();
        let key = key.map(|key| parts.secret(key, "kyc.jumio.callback_key"));
        Ok(Jumio {
            http: parts.http()?,
            hosts,
            tokens: Arc::new(Tokens::new(
                parts.secret(&self.client_id, "kyc.jumio.client_id")?,
                parts.secret(&self.client_secret, "kyc.jumio.client_secret")?,
            )),
            user_agent: self.user_agent.clone(),
            callback_base: Some(format!("{}/hooks/kyc/jumio", parts.public_url)),
            callback_key: key.transpose()?,
            network: parts.network,
            clock: Arc::clone(&parts.clock),
            timeout: timeout(self.timeout_ms, "kyc.jumio.timeout_ms")?,
            limit: Limit::per_second(self.calls_per_second),
        })
    }
}

impl KycVendorConfig {
    /// Every configured service.
    pub fn build(&self, parts: &Parts) -> Result<Vec<Arc<dyn Verifier>>, ConfigError> {
        let mut built: Vec<Arc<dyn Verifier>> = Vec::new();
        if let Some(sumsub) = &self.sumsub {
            built.push(Arc::new(sumsub.build(parts)?));
        }
        if let Some(jumio) = &self.jumio {
            built.push(Arc::new(jumio.build(parts)?));
        }
        Ok(built)
    }
}

impl WalletConfig {
    /// Every configured service.
    pub fn build(&self, parts: &Parts) -> Result<Vec<Arc<dyn WalletScreener>>, ConfigError> {
        let mut built: Vec<Arc<dyn WalletScreener>> = Vec::new();
        if let Some(of) = &self.elliptic {
            let ten = Decimal::from(10);
            let ordered = of.review_at > Decimal::ZERO && of.review_at <= of.block_at && of.block_at <= ten;
            if !ordered {
                return Err(ConfigError::Range("wallet_screening.elliptic.review_at"));
            }
            built.push(Arc::new(Elliptic {
                http: parts.http()?,
                endpoint: parts.endpoint(&of.url, "wallet_screening.elliptic")?,
                key: parts.secret(&of.key, "wallet_screening.elliptic.key")?,
                secret: parts.secret(&of.secret, "wallet_screening.elliptic.secret")?,
                review_at: of.review_at,
                block_at: of.block_at,
                clock: Arc::clone(&parts.clock),
                timeout: timeout(of.timeout_ms, "wallet_screening.elliptic.timeout_ms")?,
                limit: Limit::per_minute(NonZeroU32::new(CALLS_A_MINUTE).unwrap_or(NonZeroU32::MIN)),
            }));
        }
        if let Some(of) = &self.chainalysis {
            built.push(Arc::new(Chainalysis {
                http: parts.http()?,
                endpoint: parts.endpoint(&of.url, "wallet_screening.chainalysis")?,
                key: parts.secret(&of.key, "wallet_screening.chainalysis.key")?,
                clock: Arc::clone(&parts.clock),
                timeout: timeout(of.timeout_ms, "wallet_screening.chainalysis.timeout_ms")?,
                limit: Limit::per_second(of.calls_per_second),
            }));
        }
        Ok(built)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }
    }

    fn parts(network: NetworkPolicy) -> Parts {
        Parts {
            network,
            clock: Arc::new(Fixed),
            public_url: "https://usance.example".into(),
        }
    }

    fn sumsub(app_token: &str) -> SumsubConfig {
        let text = serde_json::json!({ "app_token": app_token, "secret": "file:Cargo.toml" });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn production_takes_no_secret_of_the_file_and_no_sandbox() {
        let production = parts(NetworkPolicy::Public);
        let refusal = sumsub("prd:x").build(&production).unwrap_err();
        assert!(
            matches!(refusal, ConfigError::Secret("kyc.sumsub.app_token")),
            "{refusal}"
        );
        assert!(sumsub("sbx:x").build(&parts(NetworkPolicy::AllowLoopback)).is_ok());
        let folder = std::env::temp_dir().join(format!("usance-sumsub-{}", std::process::id()));
        std::fs::write(&folder, "sbx:secret\n").unwrap();
        let refusal = sumsub(&format!("file:{}", folder.display()))
            .build(&production)
            .unwrap_err();
        std::fs::remove_file(&folder).unwrap();
        assert!(matches!(refusal, ConfigError::Sandbox), "{refusal}");
    }

    #[test]
    fn one_server_for_every_host_of_jumio_is_for_development() {
        let text = serde_json::json!({
            "region": "emea-1", "url": "http://127.0.0.1:1", "client_id": "file:Cargo.toml", "client_secret": "file:Cargo.toml",
        });
        let config: JumioConfig = serde_json::from_value(text).unwrap();
        let refusal = config.build(&parts(NetworkPolicy::Public)).unwrap_err();
        assert!(matches!(refusal, ConfigError::Development(_)), "{refusal}");
        let built = JumioConfig { url: None, ..config }
            .build(&parts(NetworkPolicy::Public))
            .unwrap();
        assert_eq!(built.hosts.retrieval.as_str(), "https://retrieval.emea-1.jumio.ai");
    }

    #[test]
    fn thresholds_of_a_risk_score_are_ordered() {
        let text = |review: &str, block: &str| serde_json::json!({ "elliptic": { "key": "k", "secret": "c2VjcmV0", "review_at": review, "block_at": block } });
        let build = |review, block| {
            let config: WalletConfig = serde_json::from_value(text(review, block)).unwrap();
            config.build(&parts(NetworkPolicy::AllowLoopback)).is_ok()
        };
        assert!(build("5", "10") && !build("10", "5") && !build("0", "5") && !build("5", "11"));
    }
}

//! Which key service there is, and how it is reached.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use privacy::{Kms, LocalKms};
use sdk::{Clock, Endpoint, EndpointError, HttpClient, LenderError, NetworkPolicy, Secret};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::aws::AwsKms;
use crate::file::{FileError, read_keys};
use crate::vault::VaultTransit;

/// The section `[kms]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum KmsConfig {
    /// The public development key. Refused in production.
    #[default]
    Development,
    /// A key file of this machine.
    Local {
        /// Path of the file: one `version hex` a line.
        file: PathBuf,
    },
    /// HashiCorp Vault's transit engine.
    Vault {
        /// Base address.
        url: String,
        /// Where the engine is mounted.
        #[serde(default = "default_mount")]
        mount: String,
        /// Name of the key.
        key: String,
        /// Our token: `env:NAME` or `file:PATH`; the token itself in development only.
        token: SecretString,
        /// Namespace.
        #[serde(default)]
        namespace: Option<String>,
        /// Longest wait for an answer.
        #[serde(default = "default_timeout_ms")]
        timeout_ms: u64,
    },
    /// AWS KMS.
    Aws {
        /// Region.
        region: String,
        /// ARN or id of the key.
        key: String,
        /// Id of our access key.
        access_key_id: String,
        /// Our access key: `env:NAME` or `file:PATH`.
        secret_access_key: SecretString,
        /// Of temporary credentials.
        #[serde(default)]
        session_token: Option<SecretString>,
        /// Another address than the region's.
        #[serde(default)]
        url: Option<String>,
        /// Longest wait for an answer.
        #[serde(default = "default_timeout_ms")]
        timeout_ms: u64,
    },
}

fn default_mount() -> String {
    "transit".to_owned()
}

fn default_timeout_ms() -> u64 {
    5_000
}

/// What adapters are made of.
#[derive(Clone)]
pub struct Parts {
    /// Which addresses may be dialled; `Public` is production.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parts")
    }
}

/// A configuration that cannot be used. No secret is in a message.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// For development only.
    #[error("kms: the public development key is not for production; name a key file, Vault or AWS KMS")]
    Development,
    /// The key file.
    #[error("kms.file: {0}")]
    File(#[from] FileError),
    /// A name that would change the path of a call.
    #[error("kms.{0} must be letters, digits, `-`, `_`, `.` and, in a mount, `/`")]
    Name(&'static str),
    /// The address cannot be called.
    #[error("kms.url: {0}")]
    Url(#[from] EndpointError),
    /// A secret is not where it should be.
    #[error("kms.{0} must be env:NAME or file:PATH of a secret")]
    Secret(&'static str),
    /// A figure is out of range.
    #[error("kms.timeout_ms must be 1 to 60000")]
    Timeout,
    /// The client.
    #[error("HTTP client")]
    Http(#[source] LenderError),
}

impl KmsConfig {
    /// The adapter.
    pub fn build(&self, parts: &Parts) -> Result<Arc<dyn Kms>, ConfigError> {
        let production = parts.network == NetworkPolicy::Public;
        match self {
            Self::Development if production => Err(ConfigError::Development),
            Self::Development => Ok(Arc::new(LocalKms::development())),
            Self::Local { file } => {
                let local = LocalKms::new(read_keys(file, production)?).ok_or(FileError::Empty)?;
                if production && local.is_development() {
                    return Err(ConfigError::Development);
                }
                Ok(Arc::new(local))
            }
            Self::Vault { .. } => self.vault(parts),
            Self::Aws { .. } => self.aws(parts),
        }
    }

    fn vault(&self, parts: &Parts) -> Result<Arc<dyn Kms>, ConfigError> {
        let Self::Vault {
            url,
            mount,
            key,
            token,
            namespace,
            timeout_ms,
        } = self
        else {
            return Err(ConfigError::Name("kind"));
        };
        name(mount, "mount", true)?;
        name(key, "key", false)?;
        Ok(Arc::new(VaultTransit {
            http: HttpClient::new(parts.network).map_err(ConfigError::Http)?,
            endpoint: Endpoint::parse(url, parts.network)?,
            mount: mount.clone(),
            key: key.clone(),
            token: resolve(token, "token", parts.network)?,
            namespace: namespace.clone(),
            timeout: timeout(*timeout_ms)?,
        }))
    }

    fn aws(&self, parts: &Parts) -> Result<Arc<dyn Kms>, ConfigError> {
        let Self::Aws {
            region,
            key,
            access_key_id,
            secret_access_key,
            session_token,
            url,
            timeout_ms,
        } = self
        else {
            return Err(ConfigError::Name("kind"));
        };
        name(region, "region", false)?;
        let url = url
            .clone()
            .unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com"));
        let session = session_token.as_ref();
        Ok(Arc::new(AwsKms {
            http: HttpClient::new(parts.network).map_err(ConfigError::Http)?,
            endpoint: Endpoint::parse(&url, parts.network)?,
            region: region.clone(),
            key: key.clone(),
            access_key_id: access_key_id.clone(),
            secret_access_key: resolve(secret_access_key, "secret_access_key", parts.network)?,
            session_token: session
                .map(|token| resolve(token, "session_token", parts.network))
                .transpose()?,
            clock: Arc::clone(&parts.clock),
            timeout: timeout(*timeout_ms)?,
        }))
    }
}

fn name(text: &str, field: &'static str, slashes: bool) -> Result<(), ConfigError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || (slashes && c == '/');
    let plain =
        !text.is_empty() && text.chars().all(fits) && !text.split('/').any(|part| part.is_empty() || part == "..");
    if plain { Ok(()) } else { Err(ConfigError::Name(field)) }
}

fn timeout(ms: u64) -> Result<Duration, ConfigError> {
    let fits = (1..=60_000).contains(&ms);
    if fits {
        Ok(Duration::from_millis(ms))
    } else {
        Err(ConfigError::Timeout)
    }
}

fn resolve(secret: &SecretString, field: &'static str, network: NetworkPolicy) -> Result<Secret<String>, ConfigError> {
    let text = secret.expose_secret();
    let found = if let Some(name) = text.strip_prefix("env:") {
        std::env::var(name).ok()
    } else if let Some(path) = text.strip_prefix("file:") {
        std::fs::read_to_string(path).ok()
    } else {
        (network == NetworkPolicy::AllowLoopback).then(|| text.to_owned())
    };
    let found = found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    found.map(Secret::new).ok_or(ConfigError::Secret(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;

    impl Clock for Never {
        fn now(&self) -> chrono::DateTime<chrono::Utc> {
            chrono::DateTime::UNIX_EPOCH
        }
    }

    fn build(config: &KmsConfig, network: NetworkPolicy) -> Result<Arc<dyn Kms>, ConfigError> {
        let clock = Arc::new(Never);
        config.build(&Parts { network, clock })
    }

    fn refusal(config: &KmsConfig) -> String {
        build(config, NetworkPolicy::Public)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_production_refuses_the_development_key_wherever_it_stands() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("7 {}", hex::encode(privacy::DEVELOPMENT_KEY))).unwrap();
        let local = KmsConfig::Local {
            file: file.path().to_owned(),
        };
        for config in [KmsConfig::Development, local] {
            assert!(build(&config, NetworkPolicy::AllowLoopback).is_ok());
            assert!(refusal(&config).contains("development key"));
        }
    }

    #[test]
    fn a_production_takes_secrets_from_elsewhere_and_names_that_are_names() {
        let vault = |url: &str, mount: &str, token: &str| KmsConfig::Vault {
            url: url.into(),
            mount: mount.into(),
            key: "usance".into(),
            token: token.into(),
            namespace: None,
            timeout_ms: 1_000,
        };
        assert!(refusal(&vault("https://vault.example.org", "transit", "hvs.inline")).contains("kms.token"));
        assert!(refusal(&vault("https://vault.example.org", "transit/../sys", "env:X")).contains("kms.mount"));
        assert!(refusal(&vault("http://vault.example.org", "transit", "env:PATH")).contains("https"));
        assert!(
            build(
                &vault("https://vault.example.org", "eu/transit", "env:PATH"),
                NetworkPolicy::Public
            )
            .is_ok()
        );
    }
}

//! Secrets by reference: the configuration says where one is, never what it is.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk::{NetworkPolicy, PrivateKey, PublicKey, Secret};
use serde::{Deserialize, Serialize};

use super::NetworkError;
use crate::manifest::{SecretError, SecretRef};

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// `{ env = "NAME" }`: an environment variable of this process.
    Env(String),
    /// `{ file = "/path" }`: a file, as a secret store mounts it; white space around it does not count.
    File(PathBuf),
    /// `{ development = "name" }`: the public development key of that name, in base64. Refused in production.
    Development(String),
}

/// A secret that cannot be had. Its value is in no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// It is not where it should be.
    #[error("{0}")]
    Missing(#[from] SecretError),
    /// Everybody knows it.
    #[error("a development secret is not for production")]
    Development,
}

impl SecretSource {
    /// Reads it. A network that only dials public addresses is one in production.
    pub(crate) fn resolve(&self, network: NetworkPolicy) -> Result<Secret<String>, SecretProblem> {
        match self {
            Self::Env(name) => Ok(SecretRef::Env(name.clone()).resolve()?),
            Self::File(path) => Ok(SecretRef::File(path.clone()).resolve()?),
            Self::Development(_) if network == NetworkPolicy::Public => Err(SecretProblem::Development),
            Self::Development(name) => Ok(Secret::new(STANDARD.encode(PrivateKey::development_seed(name)))),
        }
    }
}

/// Refuses a key that everybody can compute from its name.
pub(super) fn not_development(field: &'static str, key: &PublicKey) -> Result<(), NetworkError> {
    match PrivateKey::development(key.id()) {
        Ok(development) if development.public() == *key => Err(NetworkError::DevelopmentKey(field)),
        _ => Ok(()),
    }
}

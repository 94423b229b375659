//! Secrets by reference: a manifest says where one is, never what it is.

use std::path::PathBuf;

use sdk::Secret;
use serde::{Deserialize, Deserializer, Serialize};

use super::source::{Loaded, Table};

/// Bytes of a secret's file that are read.
const MAX_BYTES: u64 = 16_384;

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In an environment variable of this process.
    Env(String),
    /// In a file, as a secret store mounts it; white space around it does not count.
    File(PathBuf),
}

/// In a configuration: `{ env = "NAME" }` or `{ file = "/path" }`. A secret that stands there itself is refused, and not repeated.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Written {
            Env(String),
            File(PathBuf),
        }
        let what = "a secret never stands here: write { env = \"NAME\" } or { file = \"/path\" }";
        match Written::deserialize(deserializer) {
            Ok(Written::Env(name)) => Ok(Self::Env(name)),
            Ok(Written::File(path)) => Ok(Self::File(path)),
            Err(_) => Err(serde::de::Error::custom(what)),
        }
    }
}

/// A secret that is not there. Its value is in no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No such variable, or an empty one.
    #[error("the environment variable {0} is not set")]
    Env(String),
    /// No such file, an empty or a large one, or one that is not text.
    #[error("the secret file {0} cannot be read")]
    File(String),
}

impl SecretRef {
    pub(super) fn load(table: &Table<'_>, key: &str) -> Loaded<Self> {
        let value = table.need(key)?;
        if value.get_ref().is_str() {
            let what = "a secret never stands in a manifest: write { env = \"NAME\" } or { file = \"/path\" }";
            return Err(table.wrong(key, value, what));
        }
        let inner = table.need_table(key)?;
        let found = match (inner.optional_text("env")?, inner.optional_text("file")?) {
            (Some(name), None) if !name.is_empty() => Self::Env(name.to_owned()),
            (None, Some(path)) if !path.is_empty() => Self::File(path.into()),
            _ => return Err(table.wrong(key, value, "expected either `env` or `file`")),
        };
        inner.finish()?;
        Ok(found)
    }

    /// Reads it.
    pub(crate) fn resolve(&self) -> Result<Secret<String>, SecretError> {
        let text = match self {
            Self::Env(name) => std::env::var(name).ok(),
            Self::File(path) => {
                let small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
                small.then(|| std::fs::read_to_string(path).ok()).flatten()
            }
        };
        let text = text.map(Secret::new);
        let found = text.map(|text| Secret::new(text.expose().trim().to_owned()));
        found
            .filter(|text| !text.expose().is_empty())
            .ok_or_else(|| match self {
                Self::Env(name) => SecretError::Env(name.clone()),
                Self::File(path) => SecretError::File(path.display().to_string()),
            })
    }
}

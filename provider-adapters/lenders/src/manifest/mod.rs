//! A lender described by a file: its plain REST interface as TOML, without code. The format is in `docs/providers/manifest.md`.
//!
//! A manifest names the endpoints, where the secrets are, and how our question becomes their JSON and their JSON our offer, by small
//! expressions that always come to a value or to a refusal naming the field. Numbers are exact decimals throughout.

mod ask;
mod auth;
mod call;
mod eval;
mod functions;
mod keys;
mod lender;
mod lex;
mod load;
mod loan;
mod offer;
mod parse;
mod routes;
mod secrets;
mod source;
mod template;
mod value;

use std::path::PathBuf;

use domain::ProviderId;
use sdk::EndpointError;
use serde::{Deserialize, Serialize};

pub use lender::{ManifestLender, STAND_IN};
pub use load::Manifest;
pub use routes::{Paged, Route, Routes};
pub use secrets::{SecretError, SecretRef};
pub use source::{ManifestError, Place};

/// Items that a list may have.
const MAX_ITEMS: usize = 1_000;

/// One entry of the configuration: `kind = "manifest"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// The manifest; relative to the file of this entry.
    pub file: PathBuf,
    /// Takes the place of the manifest's `base_url`: the lender's sandbox, for example.
    #[serde(default)]
    pub url: Option<String>,
    /// Takes the place of the manifest's `auth.token_url`.
    #[serde(default)]
    pub token_url: Option<String>,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

impl ManifestConfig {
    /// The same, with a relative `file` taken from that folder.
    #[must_use]
    pub fn within(mut self, folder: &std::path::Path) -> Self {
        self.file = folder.join(self.file);
        self
    }
}

/// A manifest that does not become a lender.
#[derive(Debug, thiserror::Error)]
pub enum ManifestLenderError {
    /// The file is not there or not text.
    #[error("the manifest {0} cannot be read")]
    File(PathBuf, #[source] std::io::Error),
    /// Its author must change it.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// An operator must provide it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// An address that may not be dialled.
    #[error("an address of the manifest")]
    Address(#[from] EndpointError),
}

/// The functions of expressions as a table for the documentation.
pub fn functions_markdown() -> String {
    functions::table()
}

#[cfg(test)]
mod tests;

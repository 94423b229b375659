//! Why a configuration cannot be used.

use domain::ProviderId;
use domain::ports::LenderError;
use sdk::{CapabilityError, EndpointError, KeyError};

use crate::desk::{DeskError, SignerError};
use crate::iso20022::BankFilesError;
use crate::manifest::{ManifestLenderError, SecretError};
use crate::networks::NetworkError;
use crate::ratetable::RateTableError;
use crate::venues::VenueError;

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
    /// A bad market.
    #[error("venue {0}")]
    Venue(ProviderId, #[source] VenueError),
    /// A bad marketplace.
    #[error("marketplace {0}")]
    RateTable(ProviderId, #[source] RateTableError),
    /// A bad bank by files.
    #[error("bank {0}")]
    BankFiles(ProviderId, #[source] BankFilesError),
    /// A bad entry of a lender on a network.
    #[error("lender {0}")]
    Network(ProviderId, #[source] NetworkError),
    /// A bad entry of a lender in Rust that has no variant of its own here.
    #[error("lender {0}")]
    Lender(ProviderId, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the lender says it does is incomplete or contradicts itself; the field is named.
    #[error("lender {0}")]
    Capabilities(ProviderId, #[source] CapabilityError),
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
    /// The HTTP client could not be built.
    #[error("HTTP client")]
    Http(#[source] LenderError),
}

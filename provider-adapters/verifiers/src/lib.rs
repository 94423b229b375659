//! Adapters of services that verify identities ([`sumsub`], [`jumio`]) and screen wallets ([`elliptic`], [`chainalysis`]).
//!
//! They stay naive: queues, retries and people are around them. All talk through the SDK's HTTP client, so addresses, sizes and time are
//! bounded there; a gate of calls a second stands before each. What a service wrote of a person is in no error and no log.

pub mod chainalysis;
mod config;
mod countries;
pub mod elliptic;
mod failure;
pub mod jumio;
mod limit;
mod mac;
mod multipart;
#[cfg(test)]
mod stage;
pub mod sumsub;
#[cfg(test)]
mod wallet_tests;

pub use chainalysis::Chainalysis;
pub use config::{
    ChainalysisConfig, ConfigError, EllipticConfig, JumioConfig, KycVendorConfig, Parts, SumsubConfig, WalletConfig,
};
pub use countries::{alpha2, alpha3};
pub use elliptic::Elliptic;
pub use jumio::Jumio;
pub use limit::Limit;
pub use multipart::{Multipart, Part};
pub use sumsub::Sumsub;

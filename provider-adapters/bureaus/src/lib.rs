//! Adapters of sources that know borrowers: a credit bureau ([`report`]) and bank accounts by PSD2 ([`psd2`]).
//!
//! They stay naive: breaker, single flight, memory and metrics are around them. Both talk through the SDK's HTTP client, so addresses,
//! sizes and time are bounded there. What a source wrote is in no error.

pub mod codes;
mod config;
mod failure;
pub mod psd2;
pub mod report;

pub use config::{BankDataConfig, BureauConfig, ConfigError, CreditDataConfig, KeyConfig, Parts, Sources};
pub use psd2::Psd2;
pub use report::SignedBureau;

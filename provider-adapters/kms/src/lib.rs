//! Adapters of key management services: a key file of this machine, HashiCorp Vault's transit engine, AWS KMS.
//!
//! They wrap and unwrap the keys of tenants. The keys of keys never leave the service, except with the key file.

pub mod aws;
mod config;
mod failure;
mod file;
mod sigv4;
pub mod vault;

pub use config::{ConfigError, KmsConfig, Parts};
pub use file::{FileError, read_keys};

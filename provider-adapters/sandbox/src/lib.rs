//! Sandbox lenders: they speak provider protocol v1 on this machine and behave as they are configured to, or as the cents of
//! the amount tell them (see [`behavior::TABLE`]). Deterministic but for time and nonces, which are injected.
//!
//! What they paid out stands in a book, a file that survives `kill -9`: `GET /sandbox/book`.

pub mod bank_data;
pub mod bankfiles;
pub mod behavior;
mod book;
pub mod bureau;
mod callbacks;
pub mod config;
pub mod fis12;
pub mod identity;
pub mod jumio;
pub mod kms;
mod lender;
mod lies;
pub mod network;
pub mod ocen;
mod offers;
pub mod ratetable;
mod serve;
pub mod sumsub;
pub mod wallets;

pub use behavior::Behavior;
pub use book::BookError;
pub use config::{LenderSpec, PlatformKey, SandboxConfig, standard_lenders};
pub use serve::{SandboxError, SandboxHandle, SandboxLender, World, spawn};

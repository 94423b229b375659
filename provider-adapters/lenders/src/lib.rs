//! Built-in lenders and the layers around the [`Lender`](sdk::Lender) port.
//!
//! [`registry::build`] makes lenders of configuration. Each is wrapped once, by [`layers::decorate`]; an adapter itself knows
//! nothing of time-outs, limits, breakers, hedging or metrics. Adding a lender in Rust takes its module, one variant of
//! [`registry::LenderConfig`], and one arm of the `match` in `registry/config.rs`.

pub mod controls;
pub mod desk;
pub mod fis12;
pub mod inbox;
pub mod iso20022;
pub mod layers;
mod lockable;
pub mod manifest;
pub mod matrix;
pub mod networks;
pub mod ocen;
pub mod protocol;
mod questions;
pub mod ratetable;
mod record;
pub mod registry;
pub mod secret;
pub mod venues;

pub use controls::Controls;
pub use desk::{DeskConfig, OrderSigner};
pub use inbox::{CALLBACK_PATH, CallbackError, CallbackInbox};
pub use iso20022::{BankFiles, BankFilesConfig, BankFilesError};
pub use layers::{Policy, decorate};
pub use manifest::{Manifest, ManifestConfig, ManifestError, ManifestLender, ManifestLenderError};
pub use networks::{Fis12Config, NetworkInboxes, OcenConfig};
pub use ratetable::{RateTableConfig, RateTableError, RateTableLender};
pub use registry::{LenderConfig, Parts, Registry, RegistryError, build};

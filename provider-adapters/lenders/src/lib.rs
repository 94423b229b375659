//! Built-in lenders and the layers around the [`Lender`](sdk::Lender) port.
//!
//! [`registry::build`] makes lenders of configuration. Each is wrapped once, by [`layers::decorate`]; an adapter itself knows
//! nothing of time-outs, limits, breakers, hedging or metrics. Adding a lender in Rust takes its module, one variant of
//! [`registry::LenderConfig`], and one arm of the `match` there.

pub mod desk;
pub mod inbox;
pub mod layers;
pub mod manifest;
pub mod matrix;
pub mod protocol;
pub mod registry;
pub mod venues;

pub use desk::{DeskConfig, OrderSigner};
pub use inbox::{CALLBACK_PATH, CallbackError, CallbackInbox};
pub use layers::{Policy, decorate};
pub use manifest::{Manifest, ManifestConfig, ManifestError, ManifestLender, ManifestLenderError};
pub use registry::{LenderConfig, Parts, Registry, RegistryError, build};

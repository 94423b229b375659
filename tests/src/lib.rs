//! End-to-end scenarios, faults and the architecture test. The scenarios speak to a real process through its public API.

pub mod books;
pub mod environment;
pub mod http;
pub mod journey;
pub mod onchain;
mod options;
pub mod redis_dump;
pub mod redis_server;
pub mod scenarios;
mod settings;

pub use environment::Environment;
pub use options::{Client, Options, Pools};
pub use settings::Desk;

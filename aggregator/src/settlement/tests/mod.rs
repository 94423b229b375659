//! The lending side against a real PostgreSQL.

mod database;
mod journal;
mod offchain;
mod onchain;
pub(crate) mod support;

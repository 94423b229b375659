//! The lending side against a real PostgreSQL.

mod answers;
mod database;
mod endings;
mod facts;
mod instructions;
mod journal;
mod keeper;
mod offchain;
mod onchain;
mod screening;
mod shown;
pub(crate) mod support;
mod told;
mod venues;
mod wallets;

//! Quoting, acceptance and events against a real PostgreSQL.

mod accepting;
mod asking;
mod delivering;
mod desks;
mod lists;
mod onchain;
mod refinancing;
mod risk;
pub(crate) mod support;

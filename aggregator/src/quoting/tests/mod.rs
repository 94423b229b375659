//! Quoting, acceptance and events against a real PostgreSQL.

mod accepting;
mod asking;
mod delivering;
pub(crate) mod support;

//! SQL of the schema `chain`.

pub(crate) mod kinds;
mod log;
mod txs;

pub(crate) use log::*;
pub(crate) use txs::*;

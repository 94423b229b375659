//! SQL of the schema `chain`.

mod log;
mod txs;

pub(crate) use log::*;
pub(crate) use txs::*;

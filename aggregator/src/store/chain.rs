//! SQL of the schema `chain`.

pub(crate) mod kinds;
mod log;
mod pauses;
mod txs;

pub(crate) use log::*;
pub(crate) use pauses::*;
pub(crate) use txs::*;

//! SQL of the schema `audit`.

mod anchors;
mod entries;
mod log;
mod search;

pub(crate) use anchors::*;
pub(crate) use entries::*;
pub(crate) use log::*;
pub(crate) use search::*;

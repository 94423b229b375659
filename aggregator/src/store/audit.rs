//! SQL of the schema `audit`.

mod entries;

pub(crate) use entries::*;

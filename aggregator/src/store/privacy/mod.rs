//! Schemas `privacy` and `privacy_keys`: sealed values, their keys, holds, erasure, retention.

mod export;
mod fields;
mod keys;
mod rights;

pub(crate) use export::*;
pub(crate) use fields::*;
pub(crate) use keys::*;
pub(crate) use rights::*;

//! SQL of the schema `lending`: settlements, loans, installments, repayments.

mod ended;
mod history;
mod loans;
mod payments;
mod settlements;
mod venues;
mod watch;

pub(crate) use ended::*;
pub(crate) use history::*;
pub(crate) use loans::*;
pub(crate) use payments::*;
pub(crate) use settlements::*;
pub(crate) use venues::*;
pub(crate) use watch::*;

use crate::api::Error;
use crate::store::{Unreadable, corrupt};

/// Whole units from the decimal text in which NUMERIC(38,0) travels: 128 bits do not fit the driver's decimal.
pub(crate) fn units(text: &str) -> Result<u128, Error> {
    text.parse().map_err(|_| corrupt(Unreadable("amount")))
}

/// A chain id or height from the signed column that holds it.
pub(crate) fn natural(value: i64) -> Result<u64, Error> {
    u64::try_from(value).map_err(corrupt)
}

/// A chain id or height for its signed column.
pub(crate) fn signed(value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(corrupt)
}

/// A 32-byte hash from its column.
pub(crate) fn hash(bytes: &[u8]) -> Result<alloy_primitives::B256, Error> {
    alloy_primitives::B256::try_from(bytes).map_err(corrupt)
}

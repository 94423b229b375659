//! SQL, one module per PostgreSQL schema. Plain functions named after what they do; the caller owns the transaction;
//! missing is `Ok(None)`; no statement crosses a schema.

pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod chain;
pub(crate) mod decisions;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod identity;
pub(crate) mod kyc;
pub(crate) mod ledger;
pub(crate) mod lending;
pub(crate) mod networks;
pub(crate) mod privacy;
pub(crate) mod providers;
pub(crate) mod quoting;
pub(crate) mod reconciled;
pub(crate) mod risk;
pub(crate) mod rules;
pub(crate) mod screening;
pub(crate) mod sessions;
pub(crate) mod webhooks;

use crate::api::Error;

/// The constraint that a database error names.
pub(crate) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
}

/// A stored text that the code cannot read any more is a defect of ours.
pub(crate) fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(Box::new(error))
}

/// A stored value outside its type.
#[derive(Debug, thiserror::Error)]
#[error("stored {0} is not readable")]
pub(crate) struct Unreadable(pub &'static str);

/// JSON of our own types: the exact bytes that are stored.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(corrupt)
}

/// Our own types from stored JSON.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(corrupt)
}

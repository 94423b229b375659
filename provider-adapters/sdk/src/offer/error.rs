//! Why an offer cannot be built.

use domain::ports::LenderError;
use domain::{Money, Rate};

/// Why an offer cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct OfferError {
    /// Path of the field in the canonical offer, such as `fees[0].amount`.
    pub field: String,
    /// What it breaks.
    pub rule: Rule,
}

/// A rule that an offer breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Another currency than the request's.
    #[error("must be in the currency of the request")]
    Currency,
    /// Zero or less.
    #[error("must be positive")]
    NotPositive,
    /// More than was asked for.
    #[error("is more than was asked for")]
    AboveRequest,
    /// The terms have no calendar.
    #[error("no calendar can be made: {0}")]
    NoCalendar(String),
    /// The payments do not even pay back the principal and the fees.
    #[error("the payments sum to {paid}, which does not cover {owed} of principal and fees")]
    NotRepaid {
        /// Sum of the payments.
        paid: Money,
        /// Principal and fees in them.
        owed: Money,
    },
    /// The offer's own cash flows have no single APR.
    #[error("the cash flows have no single annual rate")]
    NoApr,
    /// The APR that the lender declares is not the one of the offer's own cash flows.
    #[error("declared {declared}, but the cash flows say {verified}")]
    AprMisdeclared {
        /// What the lender said.
        declared: Rate,
        /// What the cash flows say.
        verified: Rate,
    },
    /// A sum left the range of money.
    #[error("is too large")]
    TooLarge,
    /// Any other rule of [`validate_offer`](crate::validate_offer).
    #[error("{0}")]
    Invalid(String),
}

impl OfferError {
    pub(super) fn new(field: impl Into<String>, rule: Rule) -> Self {
        Self {
            field: field.into(),
            rule,
        }
    }
}

impl From<OfferError> for LenderError {
    fn from(error: OfferError) -> Self {
        Self::Malformed {
            detail: error.rule.to_string(),
            field: error.field,
        }
    }
}

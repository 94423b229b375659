//! Acceptance, status, and problems.

use chrono::{DateTime, Utc};
use domain::ports::{AcceptOrder, LenderStatus};
use domain::{QuoteId, Reason, RequestId, SettlementId};
use serde::{Deserialize, Serialize};

use super::ask::check_reasons;
use super::{WireError, WireMoney};

/// `POST /v1/loans`: accepts an offer. `settlement_id` is the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptRequest {
    /// Idempotency key.
    pub settlement_id: SettlementId,
    /// The question that was answered.
    pub request_id: RequestId,
    /// Our quote of the offer.
    pub quote_id: QuoteId,
    /// The lender's reference of the offer.
    pub provider_ref: String,
    /// Principal accepted.
    pub principal: WireMoney,
    /// What must arrive.
    pub net_disbursed: WireMoney,
}

impl From<&AcceptOrder> for AcceptRequest {
    fn from(order: &AcceptOrder) -> Self {
        Self {
            settlement_id: order.settlement,
            request_id: order.request,
            quote_id: order.quote,
            provider_ref: order.provider_ref.clone(),
            principal: order.principal.into(),
            net_disbursed: order.net_disbursed.into(),
        }
    }
}

/// Where an accepted offer stands: the answer of every call under `/v1/loans`. A settlement that the lender never heard of is
/// answered 200 with `UNKNOWN`, signed, because it is evidence; a 404 is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loan {
    /// Of the acceptance.
    pub settlement_id: SettlementId,
    /// The lender's reference of the loan; absent only when it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loan_ref: Option<String>,
    /// State.
    pub status: LoanState,
}

/// State of an accepted offer at the lender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum LoanState {
    /// Never heard of it.
    Unknown {},
    /// Taken, not paid out.
    Accepted {},
    /// Paid out.
    Disbursed {
        /// How much arrived.
        amount: WireMoney,
        /// When.
        at: DateTime<Utc>,
        /// The payment reference.
        evidence: String,
    },
    /// Will never be paid out.
    Rejected {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// Withdrawn.
    Cancelled {},
}

impl From<&LenderStatus> for LoanState {
    fn from(status: &LenderStatus) -> Self {
        match status {
            LenderStatus::Unknown => Self::Unknown {},
            LenderStatus::Accepted => Self::Accepted {},
            LenderStatus::Disbursed { amount, at, evidence } => Self::Disbursed {
                amount: (*amount).into(),
                at: *at,
                evidence: evidence.clone(),
            },
            LenderStatus::Rejected { reasons } => Self::Rejected {
                reasons: reasons.clone(),
            },
            LenderStatus::Cancelled => Self::Cancelled {},
        }
    }
}

impl LoanState {
    /// As the domain says it.
    pub fn read(&self) -> Result<LenderStatus, WireError> {
        Ok(match self {
            Self::Unknown {} => LenderStatus::Unknown,
            Self::Accepted {} => LenderStatus::Accepted,
            Self::Cancelled {} => LenderStatus::Cancelled,
            Self::Rejected { reasons } => {
                check_reasons(reasons, "status.reasons")?;
                LenderStatus::Rejected {
                    reasons: reasons.clone(),
                }
            }
            Self::Disbursed { amount, at, evidence } => {
                let amount = amount.read("status.amount")?;
                if amount.minor <= 0 {
                    return Err(WireError::new("status.amount", "must be positive"));
                }
                check_text(evidence, "status.evidence", 200)?;
                LenderStatus::Disbursed {
                    amount,
                    at: *at,
                    evidence: evidence.clone(),
                }
            }
        })
    }
}

/// A reference for people and machines: 1 to `most` bytes without control characters.
pub(crate) fn check_text(text: &str, field: &str, most: usize) -> Result<(), WireError> {
    let fits = !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    if fits {
        Ok(())
    } else {
        Err(WireError::new(field, format!("expected 1 to {most} bytes on one line")))
    }
}

/// RFC 9457 problem, `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable name, `urn:usance:provider:…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// One field at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemField {
    /// What is wrong.
    pub detail: String,
    /// Path of the field.
    pub pointer: String,
}

impl Problem {
    /// A problem without fields; `code` is upper snake or kebab case.
    pub fn new(status: u16, code: &str, title: &str) -> Self {
        let kind = format!("urn:usance:provider:{code}");
        Self {
            kind,
            title: title.to_owned(),
            status,
            detail: None,
            errors: Vec::new(),
        }
    }

    /// A body that cannot be read.
    pub fn malformed(error: &WireError) -> Self {
        let field = ProblemField {
            detail: error.detail.clone(),
            pointer: error.field.clone(),
        };
        Self {
            errors: vec![field],
            ..Self::new(400, "malformed", "The message does not match protocol v1")
        }
    }

    /// The same id came with another body.
    pub fn id_reused() -> Self {
        Self::new(409, "id-reused", "This id was used with another body")
    }
}

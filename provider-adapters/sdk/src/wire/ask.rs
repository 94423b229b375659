//! The question, the answer, the acknowledgement and the callback.

use alloy_primitives::{Address, B256};
use chrono::{DateTime, Utc};
use domain::calendar::Period;
use domain::request::{CreditRequest, Employment, Jurisdiction, Product, Purpose};
use domain::{Reason, RequestId, TokenAmount};
use serde::{Deserialize, Serialize};

use super::{Offer, WireError, WireMoney};

/// Facts about the applicant. The name is not among them: it is not needed for an offer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// Gross, a month.
    pub monthly_income: WireMoney,
    /// Rent or mortgage, a month.
    pub monthly_housing_cost: WireMoney,
    /// Payments on other debts, a month.
    pub monthly_debt_payments: WireMoney,
    /// How they earn.
    pub employment: Employment,
    /// Months in the present work.
    pub employment_months: u32,
    /// Months at the present address.
    pub residence_months: u32,
    /// Payments missed in 24 months.
    pub delinquencies_24m: u32,
    /// Credit inquiries in 6 months.
    pub inquiries_6m: u32,
    /// Months since the oldest credit account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_history_months: Option<u32>,
    /// Share of revolving limits in use, per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revolving_utilization_percent: Option<u32>,
    /// Covered by the Military Lending Act.
    pub military_covered: bool,
}

impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Applicant(personal data)")
    }
}

/// A live on-chain loan that the new one is to repay in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refinances {
    /// Its chain, EIP-155: the new order must be on it.
    pub chain_id: u64,
    /// The contract's id of it.
    pub loan: B256,
    /// Token owed: the new order must lend the same.
    pub asset: Address,
}

/// `POST /v1/offers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffersRequest {
    /// Idempotency key of the question.
    pub request_id: RequestId,
    /// Kinds of credit wanted; empty means all.
    pub products: Vec<Product>,
    /// Amount wanted.
    pub amount: WireMoney,
    /// For how long.
    pub term: Period,
    /// What for.
    pub purpose: Purpose,
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// Facts.
    pub applicant: Applicant,
    /// The borrower's wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<Address>,
    /// What the borrower can lock; of a refinancing, what the old loan holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<TokenAmount>,
    /// The loan that the new one is to repay; an offer that cannot is a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinances: Option<Refinances>,
    /// An answer after this is not read.
    pub reply_by: DateTime<Utc>,
    /// Base address for callbacks; without it only a direct answer is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
}

impl OffersRequest {
    /// The question for a request.
    pub fn new(request: &CreditRequest, reply_by: DateTime<Utc>, callback_url: Option<String>) -> Self {
        let a = &request.applicant;
        Self {
            request_id: request.id,
            products: request.products.clone(),
            amount: request.amount.into(),
            term: request.term,
            purpose: request.purpose,
            jurisdiction: request.jurisdiction.clone(),
            applicant: Applicant {
                monthly_income: a.monthly_income.into(),
                monthly_housing_cost: a.monthly_housing_cost.into(),
                monthly_debt_payments: a.monthly_debt_payments.into(),
                employment: a.employment,
                employment_months: a.employment_months,
                residence_months: a.residence_months,
                delinquencies_24m: a.delinquencies_24m,
                inquiries_6m: a.inquiries_6m,
                credit_history_months: a.credit_history_months,
                revolving_utilization_percent: a.revolving_utilization_percent,
                military_covered: a.military_covered,
            },
            wallet: request.wallet,
            collateral: request.collateral.clone(),
            refinances: request.refinances.as_ref().map(|old| Refinances {
                chain_id: old.chain_id,
                loan: old.onchain,
                asset: old.asset,
            }),
            reply_by,
            callback_url,
        }
    }

    /// What must be equal in two questions of one `request_id`: everything but how to deliver the answer.
    pub fn same_question(&self, other: &Self) -> bool {
        let same = Self {
            reply_by: other.reply_by,
            callback_url: other.callback_url.clone(),
            ..self.clone()
        };
        same == *other
    }
}

/// A direct answer (200). Either offers or a decline, and nothing follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffersAnswer {
    /// Of the question.
    pub request_id: RequestId,
    /// Always true: more offers are announced by an acknowledgement instead.
    pub complete: bool,
    /// Offers; empty in a decline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Reasons of a decline; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<Reason>,
}

/// An acknowledgement (202): callbacks follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Of the question.
    pub request_id: RequestId,
}

/// `POST {callback_url}/v1/callbacks/offers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// Of the question.
    pub request_id: RequestId,
    /// 0, 1, 2 …; a repeated number is a repeated delivery and changes nothing.
    pub sequence: u32,
    /// No callback with a higher number follows.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// Offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Offer>,
    /// Reasons of a decline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<Reason>,
}

/// Reads the reasons of a decline: 1 to 16, each with a code in upper snake case and a short sentence.
pub(crate) fn check_reasons(reasons: &[Reason], field: &str) -> Result<(), WireError> {
    if reasons.is_empty() || reasons.len() > 16 {
        return Err(WireError::new(field, "expected 1 to 16 reasons"));
    }
    for (i, reason) in reasons.iter().enumerate() {
        let code = &reason.code;
        let is_code = (1..=64).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !is_code {
            return Err(WireError::new(
                format!("{field}[{i}].code"),
                "expected 1 to 64 of A-Z, 0-9 and _",
            ));
        }
        let text = &reason.text;
        if text.is_empty() || text.len() > 500 || text.chars().any(char::is_control) {
            return Err(WireError::new(
                format!("{field}[{i}].text"),
                "expected 1 to 500 bytes on one line",
            ));
        }
    }
    Ok(())
}

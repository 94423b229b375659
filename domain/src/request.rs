//! What a borrower asks for, once, for every lender.

use alloy_primitives::{Address, B256};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::Period;
use crate::ids::{LoanId, PrincipalId, RequestId, TenantId};
use crate::money::{Money, TokenAmount};
use crate::ports::DataConsent;

/// Kinds of credit that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Product {
    /// A loan repaid in installments.
    Installment,
    /// A credit line that is drawn and repaid.
    Line,
    /// Buy now, pay later.
    Bnpl,
    /// A loan against locked collateral.
    Collateralized,
}

/// Where the borrower lives: it decides the law and the APR convention.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jurisdiction {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// ISO 3166-2 subdivision without the country, for example `CA`; needed for the US.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// What the money is for. A few lenders decide by it; the law of some states does too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Consolidation of other debts.
    DebtConsolidation,
    /// Home improvement.
    HomeImprovement,
    /// A purchase at a merchant.
    Purchase,
    /// Education.
    Education,
    /// Medical costs.
    Medical,
    /// Working capital of a small business.
    Business,
    /// Anything else.
    Other,
}

/// How a person earns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Employment {
    /// Employed.
    Employed,
    /// Self-employed.
    SelfEmployed,
    /// Student.
    Student,
    /// Retired.
    Retired,
    /// Without work.
    Unemployed,
}

/// What the borrower says of themselves. Personal data: never logged, `Debug` prints nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applicant {
    /// Full name, as on the identity document. Screened against sanctions lists.
    pub full_name: String,
    /// Date of birth, for screening and the verification of identity; lenders are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<NaiveDate>,
    /// Gross income of a month.
    pub monthly_income: Money,
    /// Rent or mortgage of a month.
    pub monthly_housing_cost: Money,
    /// Payments of a month on other debts.
    pub monthly_debt_payments: Money,
    /// How they earn.
    pub employment: Employment,
    /// Whole months in the present work.
    pub employment_months: u32,
    /// Whole months at the present address.
    pub residence_months: u32,
    /// Payments missed in the last 24 months.
    pub delinquencies_24m: u32,
    /// Credit inquiries in the last 6 months.
    pub inquiries_6m: u32,
    /// Whole months since the oldest credit account was opened; none when there is no history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_history_months: Option<u32>,
    /// Share of revolving limits in use, per cent, 0 to 1000.
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

/// A borrower's request as stored: the same for every lender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditRequest {
    /// Made by the client where it can be.
    pub id: RequestId,
    /// Owner of the request.
    pub tenant: TenantId,
    /// The borrower.
    pub borrower: PrincipalId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Amount wanted.
    pub amount: Money,
    /// How long it is wanted for.
    pub term: Period,
    /// What it is for.
    pub purpose: Purpose,
    /// Products wanted; empty means all.
    pub products: Vec<Product>,
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// Facts about the borrower.
    pub applicant: Applicant,
    /// The wallet that signs and receives, for on-chain lenders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<Address>,
    /// Collateral that the borrower can lock; of a refinancing, what the old loan holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<TokenAmount>,
    /// The on-chain loan of the borrower that the new one is to repay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinances: Option<Refinances>,
    /// Sources that the borrower lets us ask; lenders are not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_consents: Vec<DataConsent>,
}

/// A live on-chain loan that a new one is to repay in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refinances {
    /// Our loan.
    pub loan: LoanId,
    /// Its chain.
    pub chain_id: u64,
    /// The contract's id of it.
    pub onchain: B256,
    /// Token owed: the new loan must lend the same.
    pub asset: Address,
}

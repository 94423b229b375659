//! Inputs of the schema, and their conversion to inputs of the use cases. Each refusal names its field.

use std::str::FromStr;

use aggregator::Error;
use aggregator::api::{AcceptQuote, NewRepayment, NewRequest};
use alloy_primitives::{Address, B256, Bytes, U256};
use async_graphql::{ID, InputObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::Period;
use domain::money::{Asset, Currency, Money, TokenAmount};
use domain::ports::{ConsentReference, DataConsent, DataPurpose};
use domain::request::{Applicant, Jurisdiction};
use serde::Deserialize;

use super::fraud::SignalsInput;
use super::quote::ProductKind;
use super::request::RankChoice;
use super::value::{TermUnit, mirror};
use crate::public_id::{Kind, decode};

mirror! {
    /// What the money is for.
    LoanPurpose = "domain::request::Purpose" {
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
        /// Working capital.
        Business,
        /// Anything else.
        Other,
    }
}
mirror! {
    /// How a person earns.
    EmploymentKind = "domain::request::Employment" {
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
}

/// An amount of money in major units.
#[derive(InputObject, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoneyInput {
    /// Exact major units: `"5000.00"`.
    pub amount: String,
    /// ISO 4217 code.
    pub currency: String,
}

impl MoneyInput {
    fn read(&self, field: &str) -> Result<Money, Error> {
        let currency = Currency::parse(&self.currency)
            .map_err(|_| Error::invalid(&format!("{field}.currency"), "no currency by ISO 4217 that we know"))?;
        Money::parse_major(&self.amount, currency)
            .map_err(|error| Error::invalid(&format!("{field}.amount"), error.to_string()))
    }
}

/// A length of time.
#[derive(InputObject, Deserialize, Clone, Copy, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TermInput {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: TermUnit,
}

/// Collateral that the borrower can lock.
#[derive(InputObject, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CollateralInput {
    /// EIP-155 chain id.
    pub chain_id: String,
    /// Token contract.
    pub token: String,
    /// Base units.
    pub units: String,
}

impl CollateralInput {
    fn read(&self, assets: &[Asset]) -> Result<TokenAmount, Error> {
        let chain: u64 = self
            .chain_id
            .parse()
            .map_err(|_| Error::invalid("collateral.chainId", "expected a whole number"))?;
        let token = address("collateral.token", &self.token)?;
        let asset = assets.iter().find(|a| a.chain_id == chain && a.token == token).cloned();
        let asset =
            asset.ok_or_else(|| Error::invalid("collateral.token", "not a token that is taken on this chain"))?;
        let digits = !self.units.is_empty() && self.units.bytes().all(|b| b.is_ascii_digit());
        let units = digits.then(|| U256::from_str_radix(&self.units, 10).ok()).flatten();
        let units = units.filter(|units| !units.is_zero());
        let units = units.ok_or_else(|| Error::invalid("collateral.units", "expected whole base units above zero"))?;
        Ok(TokenAmount { units, asset })
    }
}

/// What the borrower says of themselves.
#[derive(InputObject, Deserialize, Clone)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApplicantInput {
    /// Full name, as on the identity document.
    pub full_name: String,
    /// Date of birth, for screening and the verification of identity; lenders are not told.
    pub date_of_birth: Option<NaiveDate>,
    /// Gross income of a month.
    pub monthly_income: MoneyInput,
    /// Rent or mortgage of a month.
    pub monthly_housing_cost: MoneyInput,
    /// Payments of a month on other debts.
    pub monthly_debt_payments: MoneyInput,
    /// How they earn.
    pub employment: EmploymentKind,
    /// Whole months in the present work.
    pub employment_months: u32,
    /// Whole months at the present address.
    pub residence_months: u32,
    /// Payments missed in the last 24 months.
    #[graphql(name = "delinquencies24m", default)]
    #[serde(default)]
    pub delinquencies24m: u32,
    /// Credit inquiries in the last 6 months.
    #[graphql(name = "inquiries6m", default)]
    #[serde(default)]
    pub inquiries6m: u32,
    /// Whole months since the oldest credit account was opened.
    pub credit_history_months: Option<u32>,
    /// Share of revolving limits in use, per cent.
    pub revolving_utilization_percent: Option<u32>,
    /// Covered by the Military Lending Act.
    #[graphql(default)]
    #[serde(default)]
    pub military_covered: bool,
}

impl std::fmt::Debug for ApplicantInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApplicantInput(personal data)")
    }
}

impl ApplicantInput {
    fn read(self) -> Result<Applicant, Error> {
        Ok(Applicant {
            monthly_income: self.monthly_income.read("applicant.monthlyIncome")?,
            monthly_housing_cost: self.monthly_housing_cost.read("applicant.monthlyHousingCost")?,
            monthly_debt_payments: self.monthly_debt_payments.read("applicant.monthlyDebtPayments")?,
            full_name: self.full_name,
            date_of_birth: self.date_of_birth,
            employment: self.employment.into(),
            employment_months: self.employment_months,
            residence_months: self.residence_months,
            delinquencies_24m: self.delinquencies24m,
            inquiries_6m: self.inquiries6m,
            credit_history_months: self.credit_history_months,
            revolving_utilization_percent: self.revolving_utilization_percent,
            military_covered: self.military_covered,
        })
    }
}

mirror! {
    /// A source of facts about the borrower.
    DataSourceKind = "domain::ports::DataSource" {
        /// A credit bureau.
        Bureau,
        /// The borrower's bank.
        Bank,
    }
}

/// The borrower lets the service ask a source, to decide about this credit. Without one, a source is not asked.
#[derive(InputObject, Deserialize, Clone)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataConsentInput {
    /// Which source.
    pub source: DataSourceKind,
    /// The source's name of the consent.
    pub reference: String,
}

impl std::fmt::Debug for DataConsentInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataConsentInput(personal data)")
    }
}

impl DataConsentInput {
    fn read((place, given): (usize, Self)) -> Result<DataConsent, Error> {
        let field = format!("dataConsents.{place}.reference");
        Ok(DataConsent {
            source: given.source.into(),
            reference: ConsentReference::parse(&given.reference)
                .map_err(|error| Error::invalid(&field, error.to_string()))?,
            purpose: DataPurpose::CreditAssessment,
        })
    }
}

/// A request for quotes.
#[derive(InputObject, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestQuotesInput {
    /// Made by the client, starts with `req_`; none lets the service make one.
    pub id: Option<ID>,
    /// The borrower, when an integrator asks; starts with `prn_`.
    pub borrower_id: Option<ID>,
    /// Amount wanted.
    pub amount: MoneyInput,
    /// For how long.
    pub term: TermInput,
    /// What for.
    pub purpose: LoanPurpose,
    /// Kinds wanted; empty means all.
    #[graphql(default)]
    #[serde(default)]
    pub products: Vec<ProductKind>,
    /// ISO 3166-1 alpha-2 country of residence.
    pub country: String,
    /// Subdivision without the country, for example `CA`; needed in the US.
    pub region: Option<String>,
    /// Facts about the borrower.
    pub applicant: ApplicantInput,
    /// The borrower's wallet.
    pub wallet: Option<String>,
    /// Collateral that can be locked.
    pub collateral: Option<CollateralInput>,
    /// A live on-chain loan of the borrower that the new one is to repay in the same transaction, starts with `loan_`. It
    /// brings wallet and collateral.
    pub refinances: Option<ID>,
    /// Sources that the borrower lets the service ask, each at most once.
    #[graphql(default)]
    #[serde(default)]
    pub data_consents: Vec<DataConsentInput>,
    /// How to rank.
    pub rank_by: Option<RankChoice>,
    /// What the client tells beside the request, for the fraud checks.
    pub signals: Option<SignalsInput>,
}

impl RequestQuotesInput {
    /// As input of the use case; `assets` are the tokens that are taken.
    pub fn read(self, assets: &[Asset]) -> Result<NewRequest, Error> {
        Ok(NewRequest {
            id: self.id.map(|id| decode(Kind::Request, "id", &id)).transpose()?,
            borrower: self
                .borrower_id
                .map(|id| decode(Kind::Principal, "borrowerId", &id))
                .transpose()?,
            amount: self.amount.read("amount")?,
            term: Period::new(self.term.count, self.term.unit.into()),
            purpose: self.purpose.into(),
            products: self.products.into_iter().map(Into::into).collect(),
            jurisdiction: Jurisdiction {
                country: self.country,
                region: self.region,
            },
            applicant: self.applicant.read()?,
            wallet: self.wallet.map(|text| address("wallet", &text)).transpose()?,
            collateral: self.collateral.map(|c| c.read(assets)).transpose()?,
            refinances: self
                .refinances
                .map(|id| decode(Kind::Loan, "refinances", &id))
                .transpose()?,
            data_consents: self
                .data_consents
                .into_iter()
                .enumerate()
                .map(DataConsentInput::read)
                .collect::<Result<_, _>>()?,
            rank_by: self.rank_by.map(Into::into).unwrap_or_default(),
            signals: self.signals.map(Into::into).unwrap_or_default(),
        })
    }
}

/// Acceptance of a quote.
#[derive(InputObject, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptQuoteInput {
    /// The quote.
    pub quote_id: ID,
    /// Its digest, as it was shown: any change since is refused.
    pub digest: String,
    /// Made by the client, starts with `set_`; none lets the service make one.
    pub settlement_id: Option<ID>,
    /// Who receives the money on chain; none means the borrower's wallet.
    pub recipient: Option<String>,
}

impl AcceptQuoteInput {
    /// As input of the use case.
    pub fn read(self) -> Result<AcceptQuote, Error> {
        Ok(AcceptQuote {
            quote_id: decode(Kind::Quote, "quoteId", &self.quote_id)?,
            digest: B256::from_str(&self.digest).map_err(|_| Error::invalid("digest", "expected 32 bytes as hex"))?,
            settlement_id: self
                .settlement_id
                .map(|id| decode(Kind::Settlement, "settlementId", &id))
                .transpose()?,
            recipient: self.recipient.map(|text| address("recipient", &text)).transpose()?,
        })
    }
}

/// An off-chain repayment.
#[derive(InputObject, Deserialize, Clone, Debug)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordRepaymentInput {
    /// The loan.
    pub loan_id: ID,
    /// Amount received.
    pub amount: MoneyInput,
    /// When it was received.
    pub paid_at: DateTime<Utc>,
    /// Bank reference; one reference counts once a loan.
    pub evidence: String,
}

impl RecordRepaymentInput {
    /// As input of the use case.
    pub fn read(self) -> Result<NewRepayment, Error> {
        Ok(NewRepayment {
            loan_id: decode(Kind::Loan, "loanId", &self.loan_id)?,
            amount: self.amount.read("amount")?,
            paid_at: self.paid_at,
            evidence: self.evidence,
        })
    }
}

/// Longest signature of a wallet that is a contract, bytes: a Safe with dozens of owners.
const LONGEST_SIGNATURE: usize = 4_096;

/// A signature of a wallet as hex: 65 bytes of an account, whatever a contract accepts otherwise.
pub fn signature(text: &str) -> Result<Bytes, Error> {
    let bytes = Bytes::from_str(text).map_err(|_| Error::invalid("signature", "expected hex"))?;
    if (1..=LONGEST_SIGNATURE).contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(Error::invalid("signature", "expected 1 to 4096 bytes"))
    }
}

/// Base units of a token in an argument.
pub fn base_units(field: &str, text: &str) -> Result<u128, Error> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let units = digits.then(|| text.parse().ok()).flatten();
    units.ok_or_else(|| Error::invalid(field, "expected whole base units below 2^128"))
}

/// An address in an input field.
pub fn address(field: &str, text: &str) -> Result<Address, Error> {
    Address::from_str(text).map_err(|_| Error::invalid(field, "expected an address of 20 bytes as hex"))
}

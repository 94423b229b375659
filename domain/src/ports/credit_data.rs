//! What credit bureaus and banks know of a borrower: asked only with consent, for one purpose.
//!
//! Everything here is personal data: `Debug` prints none of it.

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::PrincipalId;
use crate::money::Currency;

/// Longest reference of a consent, bytes.
const MAX_REFERENCE: usize = 128;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataSource {
    /// A credit bureau.
    Bureau,
    /// The borrower's bank.
    Bank,
}

/// What the data is used for. There is one purpose; another one would need another consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataPurpose {
    /// Deciding about the credit that the borrower asks for.
    #[default]
    CreditAssessment,
}

impl DataPurpose {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreditAssessment => "CREDIT_ASSESSMENT",
        }
    }
}

/// The name under which the source knows the borrower's consent: 1 to 128 visible ASCII characters. Who has it can read the data, so it
/// does not print.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ConsentReference(String);

/// Not the reference of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to 128 visible ASCII characters")]
pub struct BadReference;

impl ConsentReference {
    /// Checks length and characters.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let fits = (1..=MAX_REFERENCE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(BadReference)
    }

    /// The text, for the call to the source.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ConsentReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsentReference")
    }
}

impl<'de> Deserialize<'de> for ConsentReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The borrower lets us ask a source, for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConsent {
    /// Which source.
    pub source: DataSource,
    /// Its name there.
    pub reference: ConsentReference,
    /// What for.
    #[serde(default)]
    pub purpose: DataPurpose,
}

/// Whom a bureau is asked about. The consent says the rest.
#[derive(Clone, PartialEq, Eq)]
pub struct BureauSubject {
    /// Full name, as on the identity document.
    pub full_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Subdivision without the country.
    pub region: Option<String>,
    /// Our id of the borrower; it stays here and tells two people of one name apart.
    pub borrower: PrincipalId,
}

impl fmt::Debug for BureauSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BureauSubject(personal data)")
    }
}

/// A credit bureau. Adapters stay naive: breaker, single flight, memory and metrics are around them.
#[async_trait]
pub trait Bureau: Send + Sync {
    /// The operator-given name.
    fn name(&self) -> &str;

    /// The report about a person. A soft inquiry: other lenders do not see it. Safe to repeat.
    async fn report(
        &self,
        subject: &BureauSubject,
        consent: &DataConsent,
        deadline: Instant,
    ) -> Result<BureauReport, CreditDataError>;
}

/// Reads bank accounts for a borrower.
#[async_trait]
pub trait BankData: Send + Sync {
    /// The operator-given name.
    fn name(&self) -> &str;

    /// Accounts and transactions that the consent covers, since `from` or for as long as the bank shows them. Safe to repeat.
    async fn accounts(
        &self,
        consent: &DataConsent,
        from: NaiveDate,
        deadline: Instant,
    ) -> Result<BankReport, CreditDataError>;
}

/// Why there is no report, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreditDataError {
    /// Expired, withdrawn or unknown: ask the borrower for a new consent.
    #[error("the consent is not valid any more")]
    Consent,
    /// The source knows nobody like that: decide without it.
    #[error("the source has no file")]
    NoFile,
    /// Too many calls: ask again after that time, where it is known.
    #[error("rate limited")]
    RateLimited {
        /// What the source asks for.
        retry_after: Option<Duration>,
    },
    /// No answer before the deadline: decide without it.
    #[error("no answer in time")]
    TimedOut,
    /// Not reachable or broken on their side: decide without it.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The source refuses us (credentials, signature): tell an operator.
    #[error("the source refused our request: {0}")]
    Refused(String),
    /// The answer does not make sense: drop it, tell an operator.
    #[error("malformed answer in {field}: {detail}")]
    Malformed {
        /// The field.
        field: String,
        /// What is wrong with it; nothing that the source wrote.
        detail: String,
    },
}

impl CreditDataError {
    /// The code that stands in a decision's record and in metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Consent => "CONSENT_INVALID",
            Self::NoFile => "NO_FILE",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::TimedOut => "TIMED_OUT",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Refused(_) => "REFUSED",
            Self::Malformed { .. } => "MALFORMED",
        }
    }

    /// Whether the source itself is in trouble, so that it is better left alone for a while.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Unavailable(_) | Self::RateLimited { .. })
    }

    /// The answer makes no sense in that field.
    pub fn malformed(field: &str, detail: &str) -> Self {
        Self::Malformed {
            field: field.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// What a bureau reports. Amounts are minor units of `currency`.
#[derive(Clone, PartialEq, Eq)]
pub struct BureauReport {
    /// The bureau's name of this report.
    pub report_id: String,
    /// The state of the file that it shows.
    pub as_of: DateTime<Utc>,
    /// Currency of every amount.
    pub currency: Currency,
    /// Accounts of the person; those of others that the person may only use are not among them.
    pub tradelines: Vec<Tradeline>,
    /// Who asked for the person's file because of an application.
    pub inquiries: Vec<NaiveDate>,
    /// Judgements, insolvencies and liens.
    pub public_records: Vec<PublicRecord>,
}

impl fmt::Debug for BureauReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BureauReport({} tradelines, personal data)", self.tradelines.len())
    }
}

/// Kinds of accounts at a bureau.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TradelineKind {
    /// A limit that is used and paid back, such as a credit card.
    Revolving,
    /// A line of credit that is drawn and paid back.
    Line,
    /// A loan repaid in installments.
    Installment,
    /// A loan on land or a house.
    Mortgage,
    /// Paid in full every month.
    Open,
    /// One whose code we do not know: it may be any of these.
    Unknown,
}

/// How an account was paid in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MonthState {
    /// Nothing 30 days or more past due.
    Current,
    /// Past due by 30 days times this number, and less than 30 more; 6 is 180 days and more.
    Late(u8),
    /// In collection, charged off, foreclosed or repossessed.
    Lost,
    /// The bureau has nothing for that month.
    NotReported,
    /// A code that we do not know: it may be good or bad.
    Unknown,
}

/// An account at a bureau. Amounts are minor units.
#[derive(Clone, PartialEq, Eq)]
pub struct Tradeline {
    /// Kind.
    pub kind: TradelineKind,
    /// When it was opened.
    pub opened: Option<NaiveDate>,
    /// When it was closed; none while it is open.
    pub closed: Option<NaiveDate>,
    /// Limit of a revolving account or line.
    pub limit: Option<i64>,
    /// What is owed.
    pub balance: Option<i64>,
    /// What is to be paid in a month.
    pub monthly_payment: Option<i64>,
    /// How it stands now.
    pub status: MonthState,
    /// The months before, the newest first, at most 24.
    pub history: Vec<MonthState>,
    /// Statements, the newest month first, at most 6.
    pub months: Vec<StatementMonth>,
}

impl fmt::Debug for Tradeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tradeline(personal data)")
    }
}

/// One month of an account. Amounts are minor units; none where the account was not reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StatementMonth {
    /// Balance of the statement.
    pub statement: Option<i64>,
    /// Paid in that month.
    pub payment: Option<i64>,
}

impl fmt::Debug for StatementMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatementMonth(personal data)")
    }
}

/// Kinds of public records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicRecordKind {
    /// Bankruptcy or another insolvency.
    Insolvency,
    /// A court's judgement about a debt.
    Judgement,
    /// A lien for taxes or another debt.
    Lien,
    /// One whose code we do not know.
    Unknown,
}

/// A public record.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicRecord {
    /// Kind.
    pub kind: PublicRecordKind,
    /// When it was filed.
    pub filed: NaiveDate,
    /// When it was discharged, satisfied or released.
    pub released: Option<NaiveDate>,
}

impl fmt::Debug for PublicRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicRecord(personal data)")
    }
}

/// What a bank shows.
#[derive(Clone, PartialEq, Eq)]
pub struct BankReport {
    /// The name of this reading.
    pub report_id: String,
    /// When it was read.
    pub as_of: DateTime<Utc>,
    /// Accounts that the consent covers.
    pub accounts: Vec<BankAccount>,
}

impl fmt::Debug for BankReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankReport({} accounts, personal data)", self.accounts.len())
    }
}

/// Kinds of bank accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BankAccountKind {
    /// For everyday payments.
    Current,
    /// Savings.
    Savings,
    /// Anything else, such as cards and loans.
    Other,
}

/// A bank account. Amounts are minor units of `currency`.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// Kind.
    pub kind: BankAccountKind,
    /// Its currency.
    pub currency: Currency,
    /// Whose it is, as the bank writes the name.
    pub holder: Option<String>,
    /// Booked balance, without a credit limit.
    pub balance: Option<i64>,
    /// The bank showed everything booked since this day.
    pub from: NaiveDate,
    /// Each transaction once.
    pub transactions: Vec<BankTransaction>,
}

impl fmt::Debug for BankAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BankAccount({} transactions, personal data)",
            self.transactions.len()
        )
    }
}

/// What a transaction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransactionClass {
    /// Wages and salaries.
    Salary,
    /// Pensions and benefits.
    Benefit,
    /// A loan paid out to the holder.
    LoanReceived,
    /// An installment of a loan.
    LoanRepayment,
    /// A payment on a credit card.
    CardRepayment,
    /// Rent.
    Rent,
    /// A debit that came back because it could not be paid.
    Returned,
    /// Between the holder's own accounts.
    OwnTransfer,
    /// Interest and fees of the bank.
    Bank,
    /// Anything else.
    Other,
}

/// A transaction of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct BankTransaction {
    /// Day of the booking; of a pending one the day that it is expected.
    pub date: NaiveDate,
    /// Minor units, negative for money that leaves.
    pub amount: i64,
    /// About what.
    pub class: TransactionClass,
    /// The same number for the same counterparty within a report; none when there is none. Names do not come this far.
    pub counterparty: Option<u64>,
    /// Booked; a pending one may still vanish.
    pub booked: bool,
}

impl fmt::Debug for BankTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankTransaction(personal data)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_does_not_print_and_is_checked_when_it_is_read() {
        let text = r#"{"source":"BUREAU","reference":"c-123"}"#;
        let consent: DataConsent = serde_json::from_str(text).unwrap();
        assert!(!format!("{consent:?}").contains("c-123"));
        assert_eq!(
            (consent.reference.expose(), consent.purpose.as_str()),
            ("c-123", "CREDIT_ASSESSMENT")
        );
        for bad in [String::new(), "a b".into(), "x".repeat(129), "é".into()] {
            assert_eq!(ConsentReference::parse(&bad), Err(BadReference));
        }
        assert!(serde_json::from_str::<DataConsent>(r#"{"source":"BANK","reference":""}"#).is_err());
    }

    #[test]
    fn only_trouble_of_the_source_counts_as_an_outage() {
        assert!(
            CreditDataError::TimedOut.is_outage() && CreditDataError::RateLimited { retry_after: None }.is_outage()
        );
        assert!(!CreditDataError::Consent.is_outage() && !CreditDataError::NoFile.is_outage());
    }
}

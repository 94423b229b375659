//! The messages of `usance-bureau/1`. Unknown fields are refused: they could change what the others mean.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The only version.
pub const VERSION: &str = "usance-bureau/1";
/// The only kind of inquiry that we make.
pub const INQUIRY: &str = "SOFT";

macro_rules! hidden {
    ($($name:ident)*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(personal data)"))
            }
        })*
    };
}
hidden! { ReportRequest SubjectLine ReportAnswer TradelineLine StatementLine InquiryLine RecordLine }

/// The question.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// [`VERSION`].
    pub version: String,
    /// Comes back in the answer.
    pub request_id: Uuid,
    /// `CREDIT_ASSESSMENT`.
    pub purpose: String,
    /// [`INQUIRY`].
    pub inquiry: String,
    /// The bureau's name of the person's consent.
    pub consent: String,
    /// Whom it is about.
    pub subject: SubjectLine,
}

/// Whom it is about.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectLine {
    /// Full name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 3166-2 subdivision without the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// The answer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportAnswer {
    /// [`VERSION`].
    pub version: String,
    /// Of the question.
    pub request_id: Uuid,
    /// The bureau's name of the report.
    pub report_id: String,
    /// State of the file.
    pub as_of: DateTime<Utc>,
    /// [`INQUIRY`].
    pub inquiry: String,
    /// ISO 4217; of every amount.
    pub currency: String,
    /// Accounts.
    pub tradelines: Vec<TradelineLine>,
    /// Inquiries of others.
    pub inquiries: Vec<InquiryLine>,
    /// Public records.
    pub public_records: Vec<RecordLine>,
}

/// An account; codes as in Metro 2, amounts in minor units as decimal text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradelineLine {
    /// `C`, `I`, `M`, `O`, `R`.
    pub portfolio_type: String,
    /// For people; nothing is decided by it.
    pub account_type: String,
    /// Whose account it is.
    pub ecoa: String,
    /// Opening date.
    pub opened: Option<NaiveDate>,
    /// Closing date.
    pub closed: Option<NaiveDate>,
    /// Limit.
    pub credit_limit: Option<String>,
    /// Owed; below zero when more was paid.
    pub balance: Option<String>,
    /// To be paid in a month.
    pub scheduled_payment: Option<String>,
    /// Account status.
    pub status: String,
    /// How a closed account stood.
    pub payment_rating: Option<String>,
    /// At most 24 characters, the month before the report first.
    pub payment_history: String,
    /// At most 6 months, the newest first.
    pub statements: Vec<StatementLine>,
}

/// One month.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementLine {
    /// `2026-10`.
    pub month: String,
    /// Balance of the statement.
    pub balance: Option<String>,
    /// Paid in the month.
    pub payment: Option<String>,
}

/// An inquiry of somebody else.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InquiryLine {
    /// Day.
    pub date: NaiveDate,
    /// `HARD` or `SOFT`.
    pub kind: String,
}

/// A public record.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordLine {
    /// `INSOLVENCY`, `JUDGEMENT`, `LIEN`.
    pub kind: String,
    /// Filed.
    pub filed: NaiveDate,
    /// Discharged, satisfied or released.
    pub released: Option<NaiveDate>,
}

/// Months since year 0 of a text such as `2026-10`.
pub(super) fn month(text: &str) -> Option<i32> {
    let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
    (text.len() == 7).then(|| month_of(first))
}

pub(super) fn month_of(date: NaiveDate) -> i32 {
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0)
}

//! Suspicious activity report: FinCEN Report 111 as a batch of the XML schema 2.0.
//!
//! One report is one batch. Elements stand in the order of the schema, sequence numbers are unique in the file. Amounts are whole
//! dollars. A narrative has at most five parts of 4,000 characters.

mod check;
mod write;

use chrono::{Days, NaiveDate};
use domain::Money;
use serde::{Deserialize, Serialize};

use crate::{File, Problem, unless};

/// Characters of a part of the narrative.
const NARRATIVE_PART: usize = 4_000;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Address {
    /// Street; none when unknown.
    pub street: Option<String>,
    /// City; none when unknown.
    pub city: Option<String>,
    /// State of two letters; for US, Canada, Mexico.
    pub state: Option<String>,
    /// ZIP or postal code without hyphen.
    pub zip: Option<String>,
    /// Country; none when unknown.
    pub country: Option<String>,
}

/// An institution: the one that files, or one where the activity occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Institution {
    /// Legal name.
    pub legal_name: String,
    /// Alternate name.
    pub trade_name: Option<String>,
    /// Address.
    pub address: Address,
    /// Taxpayer number, nine digits.
    pub tin: String,
    /// Type of the taxpayer number as FinCEN codes it.
    pub tin_type: String,
    /// Primary federal regulator as FinCEN codes it.
    pub regulator: String,
    /// Types of the institution as FinCEN codes them.
    pub organization_types: Vec<String>,
}

/// Who transmits the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Transmitter {
    /// Name.
    pub name: String,
    /// Address.
    pub address: Address,
    /// Telephone, digits.
    pub phone: String,
    /// Taxpayer number, nine digits.
    pub tin: String,
    /// Transmitter control code of FinCEN.
    pub control_code: String,
    /// Person to ask about the file.
    pub contact: String,
}

/// A name of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Name {
    /// Last name of a person, or name of an entity; none when unknown.
    pub last: Option<String>,
    /// First name.
    pub first: Option<String>,
    /// Middle name.
    pub middle: Option<String>,
}

/// An identification of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Identification {
    /// Kind as FinCEN codes it.
    pub kind: String,
    /// Number.
    pub number: String,
    /// Country that issued it.
    pub country: Option<String>,
}

/// A subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Subject {
    /// A company or another entity.
    pub entity: bool,
    /// Legal name first, then alternate names.
    pub names: Vec<Name>,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Day of birth; none when unknown.
    pub born_on: Option<NaiveDate>,
    /// Identifications.
    pub identifications: Vec<Identification>,
    /// Borrower of the institution with this taxpayer number.
    pub borrower_of: Option<String>,
}

/// Kind of suspicious activity as FinCEN codes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Classification {
    /// Type.
    pub type_id: u32,
    /// Subtype.
    pub subtype_id: u32,
    /// Description, for a subtype "other".
    pub other: Option<String>,
}

/// Amount involved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Amount {
    /// This many US dollars, rounded up to whole ones in the file.
    Known(Money),
    /// Not known.
    Unknown,
    /// None was involved.
    None,
}

/// Kind of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Filing {
    /// First report.
    Initial,
    /// Corrects the report of this BSA identifier (14 digits).
    Correction(String),
    /// Continues the report of this BSA identifier (14 digits).
    Continuing(String),
}

/// The facts of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sar {
    /// Day of filing.
    pub filed_on: NaiveDate,
    /// Day on which the facts that give reason to file were first detected.
    pub detected_on: NaiveDate,
    /// Kind.
    pub filing: Filing,
    /// Filed together with others.
    pub joint: bool,
    /// Who transmits it.
    pub transmitter: Transmitter,
    /// Who files it.
    pub filer: Institution,
    /// Office to ask.
    pub contact_office: String,
    /// Its telephone, digits.
    pub contact_phone: String,
    /// Where it occurred.
    pub institutions: Vec<Institution>,
    /// Subjects; none when no suspect is known.
    pub subjects: Vec<Subject>,
    /// Amount.
    pub amount: Amount,
    /// First day of the activity.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Kinds of activity.
    pub classifications: Vec<Classification>,
    /// What happened, in plain words.
    pub narrative: String,
}

/// Last day to file: 30 days after detection, 60 where no suspect is known (12 CFR 21.11(d), 31 CFR 1020.320(b)(3)).
pub fn due_on(sar: &Sar) -> Option<NaiveDate> {
    let days = if sar.subjects.is_empty() { 60 } else { 30 };
    sar.detected_on.checked_add_days(Days::new(days))
}

/// The batch file.
pub fn file(sar: &Sar) -> Result<File, Vec<Problem>> {
    unless(check::problems(sar), || {
        File::new(
            format!("SARX.{}.xml", sar.filed_on.format("%Y%m%d")),
            "application/xml",
            write::batch(sar),
        )
    })
}

//! Suspicious activity report: FinCEN Report 111 as a batch of the XML schema 2.0.
//!
//! One report is one batch. Elements stand in the order of the schema, sequence numbers are unique in the file. Amounts are whole
//! dollars. A narrative has at most five parts of 4,000 characters.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{Days, NaiveDate};
use domain::Money;
use serde::{Deserialize, Serialize};

use crate::text::{check, country, digits, is_state, xml};
use crate::{File, Problem, unless};

/// Most alternate names of a party beside its legal one.
const MOST_OTHER_NAMES: usize = 99;
/// Characters of a part of the narrative, and parts.
const NARRATIVE_PART: usize = 4_000;
const NARRATIVE_PARTS: usize = 5;

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
    let problems = problems(sar);
    unless(problems, || {
        File::new(
            format!("SARX.{}.xml", sar.filed_on.format("%Y%m%d")),
            "application/xml",
            Writer::default().batch(sar),
        )
    })
}

fn problems(sar: &Sar) -> Vec<Problem> {
    let mut problems = Vec::new();
    let p = &mut problems;
    dates(p, sar);
    check(p, "transmitter.name", &sar.transmitter.name, 150);
    address(p, "transmitter.address", &sar.transmitter.address, true);
    digits(p, "transmitter.phone", &sar.transmitter.phone, 7..=16);
    digits(p, "transmitter.tin", &sar.transmitter.tin, 9..=9);
    if !sar.transmitter.control_code.is_ascii() || sar.transmitter.control_code.len() != 8 {
        p.push(Problem::new(
            "transmitter.controlCode",
            "TCC",
            "must be eight characters",
        ));
    }
    check(p, "transmitter.controlCode", &sar.transmitter.control_code, 8);
    check(p, "transmitter.contact", &sar.transmitter.contact, 150);
    institution(p, "filer", &sar.filer);
    check(p, "contactOffice", &sar.contact_office, 150);
    digits(p, "contactPhone", &sar.contact_phone, 7..=16);
    count(p, "institutions", sar.institutions.len(), 1..=99);
    for (at, one) in sar.institutions.iter().enumerate() {
        institution(p, &format!("institutions[{at}]"), one);
    }
    if sar.subjects.len() > 999 {
        p.push(Problem::new("subjects", "COUNT", "at most 999"));
    }
    for (at, one) in sar.subjects.iter().enumerate() {
        subject(p, &format!("subjects[{at}]"), one, sar.filed_on);
    }
    classifications(p, sar);
    narrative(p, &sar.narrative);
    problems
}

fn count(p: &mut Vec<Problem>, field: &str, count: usize, allowed: std::ops::RangeInclusive<usize>) {
    if !allowed.contains(&count) {
        let text = format!("must be {} to {}", allowed.start(), allowed.end());
        p.push(Problem::new(field, "COUNT", text));
    }
}

fn dates(p: &mut Vec<Problem>, sar: &Sar) {
    if sar.from > sar.to {
        p.push(Problem::new("from", "ORDER", "lies after the last day"));
    }
    if sar.to > sar.filed_on {
        p.push(Problem::new("to", "FUTURE", "lies after the day of filing"));
    }
    if sar.detected_on > sar.filed_on {
        p.push(Problem::new("detectedOn", "FUTURE", "lies after the day of filing"));
    }
    if let Filing::Correction(prior) | Filing::Continuing(prior) = &sar.filing {
        digits(p, "filing", prior, 14..=14);
    }
    match &sar.amount {
        Amount::Known(amount) if amount.currency.code() != "USD" => {
            p.push(Problem::new("amount", "CURRENCY", "must be in US dollars"));
        }
        Amount::Known(amount) if amount.minor <= 0 => {
            p.push(Problem::new("amount", "POSITIVE", "must be above zero"));
        }
        _ => {}
    }
}

fn classifications(p: &mut Vec<Problem>, sar: &Sar) {
    count(p, "classifications", sar.classifications.len(), 1..=99);
    let mut seen = BTreeSet::new();
    for (at, one) in sar.classifications.iter().enumerate() {
        let field = format!("classifications[{at}]");
        if !seen.insert((one.type_id, one.subtype_id)) {
            p.push(Problem::new(&field, "DUPLICATE", "was recorded already"));
        }
        // Subtypes "other" end in 999: 1999, 3999, 9999.
        match (&one.other, one.subtype_id % 1_000 == 999) {
            (Some(text), true) => check(p, &format!("{field}.other"), text, 50),
            (None, true) => p.push(Problem::new(field, "OTHER", "a subtype \"other\" needs a description")),
            (Some(_), false) => p.push(Problem::new(
                field,
                "OTHER",
                "only a subtype \"other\" has a description",
            )),
            (None, false) => {}
        }
    }
}

fn narrative(p: &mut Vec<Problem>, text: &str) {
    check(p, "narrative", text, NARRATIVE_PART * NARRATIVE_PARTS);
}

fn institution(p: &mut Vec<Problem>, field: &str, of: &Institution) {
    check(p, &format!("{field}.legalName"), &of.legal_name, 150);
    if let Some(name) = &of.trade_name {
        check(p, &format!("{field}.tradeName"), name, 150);
    }
    address(p, &format!("{field}.address"), &of.address, true);
    digits(p, &format!("{field}.tin"), &of.tin, 9..=9);
    digits(p, &format!("{field}.tinType"), &of.tin_type, 1..=2);
    digits(p, &format!("{field}.regulator"), &of.regulator, 1..=2);
    count(
        p,
        &format!("{field}.organizationTypes"),
        of.organization_types.len(),
        1..=12,
    );
    for (at, one) in of.organization_types.iter().enumerate() {
        digits(p, &format!("{field}.organizationTypes[{at}]"), one, 1..=4);
    }
    let unique: BTreeSet<&String> = of.organization_types.iter().collect();
    if unique.len() != of.organization_types.len() {
        p.push(Problem::new(field, "DUPLICATE", "a type was recorded already"));
    }
}

fn address(p: &mut Vec<Problem>, field: &str, of: &Address, whole: bool) {
    let parts = [
        ("street", &of.street, 100),
        ("city", &of.city, 50),
        ("state", &of.state, 3),
        ("zip", &of.zip, 9),
        ("country", &of.country, 2),
    ];
    for (name, value, longest) in parts {
        let path = format!("{field}.{name}");
        match value {
            Some(value) => check(p, &path, value, longest),
            None if whole => p.push(Problem::new(path, "EMPTY", "must not be empty")),
            None => {}
        }
    }
    if let Some(code) = &of.country {
        country(p, &format!("{field}.country"), code);
    }
    if let (Some("US"), Some(state)) = (of.country.as_deref(), &of.state) {
        if !is_state(state) {
            p.push(Problem::new(format!("{field}.state"), "STATE", "is no state of the US"));
        }
        if let Some(zip) = &of.zip
            && (!zip.bytes().all(|b| b.is_ascii_digit()) || ![5, 9].contains(&zip.len()))
        {
            p.push(Problem::new(format!("{field}.zip"), "ZIP", "must be 5 or 9 digits"));
        }
    }
}

fn subject(p: &mut Vec<Problem>, field: &str, of: &Subject, filed_on: NaiveDate) {
    // One legal name and up to 99 others.
    count(p, &format!("{field}.names"), of.names.len(), 1..=MOST_OTHER_NAMES + 1);
    count(p, &format!("{field}.addresses"), of.addresses.len(), 1..=99);
    let mut seen = Vec::new();
    for (at, name) in of.names.iter().enumerate() {
        let path = format!("{field}.names[{at}]");
        if seen.contains(&name) {
            p.push(Problem::new(&path, "DUPLICATE", "was recorded already"));
        }
        seen.push(name);
        for (part, value, longest) in [
            ("last", &name.last, 150),
            ("first", &name.first, 35),
            ("middle", &name.middle, 35),
        ] {
            if let Some(value) = value {
                check(p, &format!("{path}.{part}"), value, longest);
            }
        }
        if of.entity && (name.first.is_some() || name.middle.is_some()) {
            p.push(Problem::new(&path, "ENTITY", "an entity has one name"));
        }
        if at > 0 && name.last.is_none() {
            p.push(Problem::new(&path, "EMPTY", "an alternate name must not be empty"));
        }
    }
    for (at, one) in of.addresses.iter().enumerate() {
        address(p, &format!("{field}.addresses[{at}]"), one, false);
    }
    if of.born_on.is_some_and(|day| day > filed_on) {
        p.push(Problem::new(
            format!("{field}.bornOn"),
            "FUTURE",
            "lies after the day of filing",
        ));
    }
    if of.entity && of.born_on.is_some() {
        p.push(Problem::new(
            format!("{field}.bornOn"),
            "ENTITY",
            "an entity is not born",
        ));
    }
    count(p, &format!("{field}.identifications"), of.identifications.len(), 0..=99);
    for (at, one) in of.identifications.iter().enumerate() {
        let path = format!("{field}.identifications[{at}]");
        digits(p, &format!("{path}.kind"), &one.kind, 1..=3);
        check(p, &format!("{path}.number"), &one.number, 25);
        if let Some(code) = &one.country {
            country(p, &format!("{path}.country"), code);
        }
    }
    if let Some(tin) = &of.borrower_of {
        digits(p, &format!("{field}.borrowerOf"), tin, 9..=9);
    }
}

/// Writes elements with sequence numbers that are unique in the file.
#[derive(Default)]
struct Writer {
    out: String,
    numbers: u32,
    depth: usize,
}

impl Writer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(self.depth));
    }

    fn element(&mut self, name: &str, value: &str) {
        self.line(&format!("<fc2:{name}>{}</fc2:{name}>", xml(value)));
    }

    fn optional(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.element(name, value);
        }
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.element(name, "Y");
        }
    }

    fn group(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.numbers += 1;
        let number = self.numbers;
        self.line(&format!("<fc2:{name} SeqNum=\"{number}\">"));
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.line(&format!("</fc2:{name}>"));
    }

    fn batch(mut self, sar: &Sar) -> String {
        let amount = whole_dollars_up(&sar.amount);
        let subjects = sar.subjects.len().max(1);
        self.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        self.line(&format!(
            "<fc2:EFilingBatchXML TotalAmount=\"{}\" PartyCount=\"{subjects}\" ActivityCount=\"1\" \
             ActivityAttachmentCount=\"0\" AttachmentCount=\"0\" xmlns:fc2=\"www.fincen.gov/base\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"www.fincen.gov/base https://www.fincen.gov/base/EFL_SARXBatchSchema.xsd\">",
            amount.unwrap_or(0)
        ));
        self.depth = 1;
        self.element("FormTypeCode", "SARX");
        self.group("Activity", |w| w.activity(sar));
        self.depth = 0;
        self.line("</fc2:EFilingBatchXML>");
        self.out
    }

    fn activity(&mut self, sar: &Sar) {
        if let Filing::Correction(prior) | Filing::Continuing(prior) = &sar.filing {
            self.element("EFilingPriorDocumentNumber", prior);
        }
        self.element("FilingDateText", &day(sar.filed_on));
        self.group("ActivityAssociation", |w| {
            w.flag(
                "ContinuingActivityReportIndicator",
                matches!(sar.filing, Filing::Continuing(_)),
            );
            w.flag(
                "CorrectsAmendsPriorReportIndicator",
                matches!(sar.filing, Filing::Correction(_)),
            );
            w.flag("InitialReportIndicator", sar.filing == Filing::Initial);
            w.flag("JointReportIndicator", sar.joint);
        });
        self.transmitter(&sar.transmitter);
        self.institution("30", &sar.filer);
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "8");
            w.full_name("L", &sar.contact_office);
            w.phone(&sar.contact_phone);
        });
        for one in &sar.institutions {
            self.institution("34", one);
        }
        for one in &sar.subjects {
            self.subject(one);
        }
        if sar.subjects.is_empty() {
            self.group("Party", |w| {
                w.element("ActivityPartyTypeCode", "33");
                w.flag("AllCriticalSubjectInformationUnavailableIndicator", true);
            });
        }
        self.suspicious(sar);
        let letters: Vec<char> = sar.narrative.chars().collect();
        for (number, part) in (1..).zip(letters.chunks(NARRATIVE_PART)) {
            // A part must not begin or end with a blank either; the blank between two parts is left out.
            let part: String = part.iter().collect();
            self.group("ActivityNarrativeInformation", |w| {
                w.element("ActivityNarrativeSequenceNumber", &format!("{number}"));
                w.element("ActivityNarrativeText", part.trim());
            });
        }
    }

    fn transmitter(&mut self, of: &Transmitter) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "35");
            w.full_name("L", &of.name);
            w.address(&of.address);
            w.phone(&of.phone);
            w.identification("28", &of.control_code, None);
            w.identification("4", &of.tin, None);
        });
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "37");
            w.full_name("L", &of.contact);
        });
    }

    fn institution(&mut self, code: &str, of: &Institution) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", code);
            w.element("PrimaryRegulatorTypeCode", &of.regulator);
            w.full_name("L", &of.legal_name);
            if let Some(name) = &of.trade_name {
                w.full_name("DBA", name);
            }
            w.address(&of.address);
            w.identification(&of.tin_type, &of.tin, None);
            for kind in &of.organization_types {
                w.group("OrganizationClassificationTypeSubtype", |w| {
                    w.element("OrganizationTypeID", kind);
                });
            }
        });
    }

    fn subject(&mut self, of: &Subject) {
        self.group("Party", |w| {
            w.element("ActivityPartyTypeCode", "33");
            w.flag("BirthDateUnknownIndicator", !of.entity && of.born_on.is_none());
            if let Some(born) = of.born_on {
                w.element("IndividualBirthDateText", &day(born));
            }
            w.flag("PartyAsEntityOrganizationIndicator", of.entity);
            w.flag("UnknownGenderIndicator", !of.entity);
            for (at, name) in of.names.iter().enumerate() {
                w.group("PartyName", |w| w.name(of.entity, at == 0, name));
            }
            for one in &of.addresses {
                w.address(one);
            }
            for one in &of.identifications {
                w.identification(&one.kind, &one.number, one.country.as_ref());
            }
            if of.identifications.is_empty() {
                w.group("PartyIdentification", |w| w.flag("TINUnknownIndicator", true));
            }
            if let Some(tin) = &of.borrower_of {
                w.group("PartyAssociation", |w| {
                    w.flag("BorrowerIndicator", true);
                    w.element("SubjectRelationshipFinancialInstitutionTINText", tin);
                });
            }
        });
    }

    fn name(&mut self, entity: bool, legal: bool, name: &Name) {
        self.flag("EntityLastNameUnknownIndicator", legal && name.last.is_none());
        self.flag("FirstNameUnknownIndicator", legal && !entity && name.first.is_none());
        self.element("PartyNameTypeCode", if legal { "L" } else { "AKA" });
        self.optional("RawEntityIndividualLastName", name.last.as_ref());
        self.optional("RawIndividualFirstName", name.first.as_ref());
        self.optional("RawIndividualMiddleName", name.middle.as_ref());
    }

    fn full_name(&mut self, code: &str, name: &str) {
        self.group("PartyName", |w| {
            w.element("PartyNameTypeCode", code);
            w.element("RawPartyFullName", name);
        });
    }

    fn address(&mut self, of: &Address) {
        self.group("Address", |w| {
            w.flag("CityUnknownIndicator", of.city.is_none());
            w.flag("CountryCodeUnknownIndicator", of.country.is_none());
            w.optional("RawCityText", of.city.as_ref());
            w.optional("RawCountryCodeText", of.country.as_ref());
            w.optional("RawStateCodeText", of.state.as_ref());
            w.optional("RawStreetAddress1Text", of.street.as_ref());
            w.optional("RawZIPCode", of.zip.as_ref());
            w.flag("StateCodeUnknownIndicator", of.state.is_none());
            w.flag("StreetAddressUnknownIndicator", of.street.is_none());
            w.flag("ZIPCodeUnknownIndicator", of.zip.is_none());
        });
    }

    fn phone(&mut self, number: &str) {
        self.group("PhoneNumber", |w| w.element("PhoneNumberText", number));
    }

    fn identification(&mut self, kind: &str, number: &str, country: Option<&String>) {
        self.group("PartyIdentification", |w| {
            w.optional("OtherIssuerCountryText", country);
            w.element("PartyIdentificationNumberText", number);
            w.element("PartyIdentificationTypeCode", kind);
        });
    }

    fn suspicious(&mut self, sar: &Sar) {
        self.group("SuspiciousActivity", |w| {
            w.flag("AmountUnknownIndicator", sar.amount == Amount::Unknown);
            w.flag("NoAmountInvolvedIndicator", sar.amount == Amount::None);
            w.element("SuspiciousActivityFromDateText", &day(sar.from));
            w.element("SuspiciousActivityToDateText", &day(sar.to));
            if let Some(amount) = whole_dollars_up(&sar.amount) {
                w.element("TotalSuspiciousAmountText", &amount.to_string());
            }
            for one in &sar.classifications {
                w.group("SuspiciousActivityClassification", |w| {
                    w.optional("OtherSuspiciousActivityTypeText", one.other.as_ref());
                    w.element("SuspiciousActivitySubtypeID", &one.subtype_id.to_string());
                    w.element("SuspiciousActivityTypeID", &one.type_id.to_string());
                });
            }
        });
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}

/// Whole dollars; cents are rounded up.
fn whole_dollars_up(amount: &Amount) -> Option<i64> {
    match amount {
        Amount::Known(amount) => Some(amount.minor.div_euclid(100) + i64::from(amount.minor.rem_euclid(100) > 0)),
        Amount::Unknown | Amount::None => None,
    }
}

//! Loan application register under the Home Mortgage Disclosure Act: a transmittal sheet and one line of 110 fields for each loan or
//! application, divided by `|` (12 CFR 1003; filing instructions guide of 2024).
//!
//! The file is written only when it passes the edits of [`edits::SHEET`], [`edits::GROUPS`] and the file edits S300 to S306.

pub mod edits;
mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{File, Problem, unless};

pub use fields::Field;

/// Fields of a line.
pub const FIELDS: usize = 110;

/// First line of the file: who files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sheet {
    /// Name of the institution.
    pub institution: String,
    /// Calendar year.
    pub year: String,
    /// Quarter: 4 for a year.
    pub quarter: String,
    /// Person to ask.
    pub contact: String,
    /// Telephone, `999-999-9999`.
    pub phone: String,
    /// E-mail.
    pub email: String,
    /// Street.
    pub street: String,
    /// City.
    pub city: String,
    /// State of two letters.
    pub state: String,
    /// ZIP, `12345` or `12345-1010`.
    pub zip: String,
    /// Federal agency as the guide codes it.
    pub agency: String,
    /// Lines that follow.
    pub entries: String,
    /// Federal taxpayer number, `99-9999999`.
    pub tax_id: String,
    /// Legal entity identifier.
    pub lei: String,
}

impl Sheet {
    fn line(&self) -> String {
        let fields = [
            "1",
            &self.institution,
            &self.year,
            &self.quarter,
            &self.contact,
            &self.phone,
            &self.email,
            &self.street,
            &self.city,
            &self.state,
            &self.zip,
            &self.agency,
            &self.entries,
            &self.tax_id,
            &self.lei,
        ];
        fields.join("|")
    }

    /// Reads a line.
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('|').collect();
        let [
            id,
            institution,
            year,
            quarter,
            contact,
            phone,
            email,
            street,
            city,
            state,
            zip,
            agency,
            entries,
            tax_id,
            lei,
        ] = fields.as_slice()
        else {
            return None;
        };
        (*id == "1").then(|| Self {
            institution: (*institution).to_owned(),
            year: (*year).to_owned(),
            quarter: (*quarter).to_owned(),
            contact: (*contact).to_owned(),
            phone: (*phone).to_owned(),
            email: (*email).to_owned(),
            street: (*street).to_owned(),
            city: (*city).to_owned(),
            state: (*state).to_owned(),
            zip: (*zip).to_owned(),
            agency: (*agency).to_owned(),
            entries: (*entries).to_owned(),
            tax_id: (*tax_id).to_owned(),
            lei: (*lei).to_owned(),
        })
    }
}

/// One loan or application, as the texts of its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loan(Vec<String>);

impl Loan {
    /// A line with every field blank but the record identifier.
    pub fn blank() -> Self {
        let mut fields = vec![String::new(); FIELDS];
        "2".clone_into(&mut fields[0]);
        Self(fields)
    }

    /// Reads a line of 110 fields.
    pub fn parse(line: &str) -> Option<Self> {
        let fields: Vec<String> = line.split('|').map(str::to_owned).collect();
        (fields.len() == FIELDS).then_some(Self(fields))
    }

    /// The text of a field.
    pub fn get(&self, field: Field) -> &str {
        &self.0[field as usize]
    }

    /// The same with that text.
    #[must_use]
    pub fn with(mut self, field: Field, text: &str) -> Self {
        text.clone_into(&mut self.0[field as usize]);
        self
    }

    fn line(&self) -> String {
        self.0.join("|")
    }
}

/// Fields of a loan are personal data.
impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loan(..)")
    }
}

impl Serialize for Loan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let filled = Field::ALL.iter().filter(|field| !self.get(**field).is_empty());
        let map: BTreeMap<&str, &str> = filled.map(|field| (field.name(), self.get(*field))).collect();
        map.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Loan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
        let mut loan = Self::blank();
        for (name, text) in &map {
            let field = Field::ALL.iter().find(|field| field.name() == name);
            let field = field.ok_or_else(|| D::Error::custom("no such field"))?;
            loan = loan.with(*field, text);
        }
        Ok(loan)
    }
}

/// The facts of a register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Register {
    /// Who files.
    pub sheet: Sheet,
    /// Loans and applications.
    pub loans: Vec<Loan>,
}

impl Register {
    /// Reads a whole file, to check one that another system wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let sheet = Sheet::parse(lines.next()?)?;
        let loans: Option<Vec<Loan>> = lines.map(Loan::parse).collect();
        Some(Self { sheet, loans: loans? })
    }
}

/// The file.
pub fn file(register: &Register) -> Result<File, Vec<Problem>> {
    unless(problems(register), || {
        let lines = std::iter::once(register.sheet.line()).chain(register.loans.iter().map(Loan::line));
        let mut text: String = lines.collect::<Vec<_>>().join("\n");
        text.push('\n');
        File::new(format!("hmda-{}.txt", register.sheet.year), "text/plain", text)
    })
}

/// Every edit that fails, by line.
pub fn problems(register: &Register) -> Vec<Problem> {
    let sheet = &register.sheet;
    let mut problems = Vec::new();
    for edit in edits::SHEET {
        if !(edit.holds)(sheet) {
            problems.push(Problem::new(format!("sheet.{}", edit.field), edit.id, edit.text));
        }
    }
    if sheet.line().matches('|').count() != 14 || sheet.line().chars().any(char::is_control) {
        problems.push(Problem::new(
            "sheet",
            "DIVIDER",
            "a field holds a divider or a line end",
        ));
    }
    if sheet.entries != register.loans.len().to_string() {
        let text = "must be the number of lines that follow";
        problems.push(Problem::new("sheet.entries", "S304", text));
    }
    let mut lines = BTreeSet::new();
    let mut originated = BTreeSet::new();
    for (at, loan) in register.loans.iter().enumerate() {
        let path = |field: Field| format!("loans[{at}].{}", field.name());
        if loan
            .0
            .iter()
            .any(|text| text.contains('|') || text.chars().any(char::is_control))
        {
            let text = "a field holds a divider or a line end";
            problems.push(Problem::new(format!("loans[{at}]"), "DIVIDER", text));
        }
        if loan.get(Field::Record) != "2" {
            problems.push(Problem::new(path(Field::Record), "S300", "must be 2"));
        }
        if loan.get(Field::Lei) != sheet.lei {
            problems.push(Problem::new(path(Field::Lei), "S301", "must be the LEI of the sheet"));
        }
        if !lines.insert(loan) {
            problems.push(Problem::new(
                format!("loans[{at}]"),
                "S305",
                "the same line stands above",
            ));
        }
        let exempt = ["Exempt", "NA", ""].contains(&loan.get(Field::Uli));
        if loan.get(Field::ActionTaken) == "1" && !exempt && !originated.insert(loan.get(Field::Uli)) {
            let text = "an originated loan has a ULI of its own";
            problems.push(Problem::new(path(Field::Uli), "S306", text));
        }
        for edit in edits::GROUPS.into_iter().flatten() {
            if !(edit.holds)(loan, &sheet.year) {
                problems.push(Problem::new(path(edit.field), edit.id, edit.text));
            }
        }
    }
    problems
}

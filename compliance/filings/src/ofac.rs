//! Reports of blocked property (31 CFR 501.603) and of rejected transactions (31 CFR 501.604): the fields of OFAC's reporting system,
//! as JSON for the person who enters or uploads them.

use chrono::NaiveDate;
use domain::Money;
use serde::{Deserialize, Serialize};

use crate::business_days;
use crate::text::{check, country};
use crate::{File, Problem, unless};

/// Business days to report, from the day of the blocking or rejection.
const WITHIN: u32 = 10;

/// A party with an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Party {
    /// Name.
    pub name: String,
    /// Address on one line.
    pub address: String,
    /// Country.
    pub country: String,
}

/// Who reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Reporter {
    /// The institution.
    pub institution: Party,
    /// Person to ask.
    pub contact: String,
    /// Telephone.
    pub phone: String,
    /// E-mail.
    pub email: String,
}

/// What was blocked or rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Property {
    /// Description, for example `Loan disbursement in USDC to a listed wallet`.
    pub description: String,
    /// Where it is held: account, or chain and address. For blocked property.
    pub location: Option<String>,
    /// Actual value, or an estimate in US dollars.
    pub value: Money,
    /// The value is an estimate.
    pub estimated: bool,
    /// Wallets concerned, with their chain.
    pub wallets: Vec<String>,
}

/// Why: the target and the law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Authority {
    /// Sanctions program as OFAC tags it, for example `SDGT`.
    pub program: String,
    /// Legal authority, for example `31 CFR part 594`.
    pub authority: String,
    /// Number of the list entry; none where a country program applies.
    pub entry: Option<String>,
    /// Name of the target on the list.
    pub target: String,
}

/// The facts of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum Report {
    /// Property that is held and may not move.
    Blocked(Facts),
    /// A transaction that was not made and whose funds were not held.
    Rejected(Facts),
}

/// What both reports say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Our reference.
    pub reference: String,
    /// Who reports.
    pub reporter: Reporter,
    /// Day of the blocking or rejection.
    pub date: NaiveDate,
    /// The property or transaction.
    pub property: Property,
    /// Owner of the property, or originator.
    pub owner: Party,
    /// Beneficiary.
    pub beneficiary: Option<Party>,
    /// Other institutions of the transfer.
    pub intermediaries: Vec<Party>,
    /// Why.
    pub authority: Authority,
    /// How it came to it.
    pub circumstances: String,
}

impl Report {
    /// A report of blocked property.
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }

    fn facts(&self) -> &Facts {
        let (Self::Blocked(facts) | Self::Rejected(facts)) = self;
        facts
    }

    /// Day of the blocking or rejection.
    pub fn date(&self) -> NaiveDate {
        self.facts().date
    }
}

/// Last day to report: ten business days after the blocking or rejection.
pub fn due_on(date: NaiveDate) -> Option<NaiveDate> {
    business_days::after(date, WITHIN)
}

/// Last day of the annual report of property that was held on June 30 of that year (31 CFR 501.603(b)(2)).
pub fn annual_due_on(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 9, 30)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Form<'a> {
    report_type: &'static str,
    regulation: &'static str,
    due_on: Option<NaiveDate>,
    #[serde(flatten)]
    facts: &'a Facts,
    value_in_major_units: String,
    currency: &'static str,
}

/// The report.
pub fn file(report: &Report) -> Result<File, Vec<Problem>> {
    let facts = report.facts();
    let mut problems = problems(facts);
    if report.is_blocked() && facts.property.location.is_none() {
        problems.push(Problem::new(
            "property.location",
            "501.603",
            "a report of blocked property says where it is held",
        ));
    }
    let (kind, regulation) = if report.is_blocked() {
        ("BLOCKED PROPERTY", "31 CFR 501.603")
    } else {
        ("REJECTED TRANSACTION", "31 CFR 501.604")
    };
    let form = Form {
        report_type: kind,
        regulation,
        due_on: due_on(facts.date),
        facts,
        value_in_major_units: facts.property.value.to_major().to_string(),
        currency: facts.property.value.currency.code(),
    };
    let text = serde_json::to_string_pretty(&form).unwrap_or_default();
    if text.is_empty() {
        problems.push(Problem::new("report", "JSON", "cannot be written"));
    }
    let name = if report.is_blocked() {
        "ofac-blocked"
    } else {
        "ofac-rejected"
    };
    unless(problems, || {
        File::new(
            format!("{name}.{}.json", facts.date.format("%Y%m%d")),
            "application/json",
            text + "\n",
        )
    })
}

fn party(p: &mut Vec<Problem>, field: &str, of: &Party) {
    check(p, &format!("{field}.name"), &of.name, 200);
    check(p, &format!("{field}.address"), &of.address, 300);
    country(p, &format!("{field}.country"), &of.country);
}

fn problems(facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let p = &mut problems;
    check(p, "reference", &facts.reference, 100);
    party(p, "reporter.institution", &facts.reporter.institution);
    check(p, "reporter.contact", &facts.reporter.contact, 150);
    check(p, "reporter.phone", &facts.reporter.phone, 30);
    check(p, "reporter.email", &facts.reporter.email, 254);
    check(p, "property.description", &facts.property.description, 1_000);
    if let Some(location) = &facts.property.location {
        check(p, "property.location", location, 300);
    }
    if facts.property.value.minor < 0 {
        p.push(Problem::new("property.value", "NEGATIVE", "must not be negative"));
    }
    if facts.property.estimated && facts.property.value.currency.code() != "USD" {
        p.push(Problem::new(
            "property.value",
            "501.603",
            "an estimate is in US dollars",
        ));
    }
    for (at, wallet) in facts.property.wallets.iter().enumerate() {
        check(p, &format!("property.wallets[{at}]"), wallet, 200);
    }
    party(p, "owner", &facts.owner);
    if let Some(of) = &facts.beneficiary {
        party(p, "beneficiary", of);
    }
    for (at, of) in facts.intermediaries.iter().enumerate() {
        party(p, &format!("intermediaries[{at}]"), of);
    }
    check(p, "authority.program", &facts.authority.program, 100);
    check(p, "authority.authority", &facts.authority.authority, 200);
    check(p, "authority.target", &facts.authority.target, 200);
    check(p, "circumstances", &facts.circumstances, 4_000);
    problems
}

//! Rule files: TOML to typed rules. Unknown keys, kinds and products are refused.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::{Currency, Rate};
use domain::request::Product;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{AmountBand, Kind, Rule, RuleSet, Status, TermBand};

/// The version of the file format that this build reads.
const SCHEMA: u32 = 1;

/// Why rules were refused. Every kind means the same for the caller: do not start with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, a key missing or unknown, or a value of the wrong type.
    #[error("rule file cannot be read: {0}")]
    Syntax(String),
    /// A file format that this build does not know.
    #[error("rule file has schema {0}, this build reads {SCHEMA}")]
    Schema(u32),
    /// A rule that says nothing this build can follow.
    #[error("rule {id}: {problem}")]
    Rule {
        /// The rule.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// Two versions of one rule are in force on the same day.
    #[error("rule {id}: versions {first} and {second} overlap")]
    Overlap {
        /// The rule.
        id: String,
        /// Earlier version.
        first: u32,
        /// Later version.
        second: u32,
    },
    /// A day between two versions of one rule belongs to none.
    #[error("rule {id}: no version is in force on {day}")]
    Gap {
        /// The rule.
        id: String,
        /// First day without a rule.
        day: NaiveDate,
    },
    /// Two rules of the same key speak at once, so nobody can say which one holds.
    #[error("rules {first} and {second} speak to the same case on the same day")]
    Ambiguous {
        /// One rule.
        first: String,
        /// The other.
        second: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: u32,
    #[serde(default)]
    group: Vec<Group>,
    #[serde(default)]
    rule: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    members: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    version: u32,
    country: String,
    region: Option<String>,
    #[serde(default)]
    products: Vec<Product>,
    amount: Option<AmountRow>,
    term: Option<TermRow>,
    effective_from: NaiveDate,
    effective_to: Option<NaiveDate>,
    known_from: NaiveDate,
    supersedes: Option<u32>,
    status: StatusRow,
    source: String,
    kind: KindRow,
    value: Option<String>,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmountRow {
    currency: Currency,
    min_minor: Option<i64>,
    max_minor: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermRow {
    min_days: Option<u32>,
    max_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusRow {
    Seed,
    Verified,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum KindRow {
    AprCap,
    MilitaryAprCap,
    CapUnknown,
    NoCapKnown,
    Obligation,
}

/// Reads the files without comparing rules with each other.
pub(super) fn parse(files: &[&str]) -> Result<RuleSet, RulesError> {
    let mut hash = Sha256::new();
    let mut chains: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for text in files {
        hash.update(Sha256::digest(text.as_bytes()));
        let file: File = toml::from_str(text).map_err(|e| RulesError::Syntax(e.to_string()))?;
        if file.schema != SCHEMA {
            return Err(RulesError::Schema(file.schema));
        }
        for group in file.group {
            if groups.insert(group.id.clone(), group.members).is_some() {
                return Err(refuse(&group.id, "the group is named twice"));
            }
        }
        for row in file.rule {
            let rule = rule(row)?;
            chains.entry(rule.id.clone()).or_default().push(rule);
        }
    }
    for chain in chains.values_mut() {
        chain.sort_by_key(|rule| rule.version);
    }
    Ok(RuleSet {
        chains,
        groups,
        sha256: hex::encode(hash.finalize()),
    })
}

fn rule(row: Row) -> Result<Rule, RulesError> {
    let kind = kind(&row)?;
    let amount = row.amount.map(|band| AmountBand {
        currency: band.currency,
        min_minor: band.min_minor.unwrap_or(0),
        max_minor: band.max_minor.unwrap_or(i64::MAX),
    });
    let term = TermBand {
        min_days: row.term.as_ref().and_then(|term| term.min_days).unwrap_or(0),
        max_days: row.term.as_ref().and_then(|term| term.max_days).unwrap_or(u32::MAX),
    };
    let code = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    let problem = if row.source.trim().is_empty() || row.message.trim().is_empty() {
        Some("source and message are needed")
    } else if !code(&row.country) || row.region.as_deref().is_some_and(|region| !code(region)) {
        Some("country and region are two upper-case letters")
    } else if row.effective_to.is_some_and(|last| last < row.effective_from) {
        Some("it ends before it starts")
    } else if amount.is_some_and(|band| band.min_minor < 0 || band.min_minor > band.max_minor) {
        Some("the amount band is empty")
    } else if term.min_days > term.max_days {
        Some("the term band is empty")
    } else {
        None
    };
    if let Some(problem) = problem {
        return Err(refuse(&row.id, problem));
    }
    Ok(Rule {
        id: row.id,
        version: row.version,
        country: row.country,
        region: row.region,
        products: row.products,
        amount,
        term,
        effective_from: row.effective_from,
        effective_to: row.effective_to,
        known_from: row.known_from,
        supersedes: row.supersedes,
        status: match row.status {
            StatusRow::Seed => Status::Seed,
            StatusRow::Verified => Status::Verified,
        },
        source: row.source,
        kind,
        message: row.message,
    })
}

fn kind(row: &Row) -> Result<Kind, RulesError> {
    let rate = |text: &str| {
        Rate::parse_percent(text)
            .ok()
            .filter(|rate| *rate > Rate::ZERO)
            .ok_or_else(|| refuse(&row.id, "value is not a positive per cent"))
    };
    match (row.kind, row.value.as_deref()) {
        (KindRow::AprCap, Some(value)) => Ok(Kind::AprCap(rate(value)?)),
        (KindRow::MilitaryAprCap, Some(value)) => Ok(Kind::MilitaryAprCap(rate(value)?)),
        (KindRow::Obligation, Some(value)) if !value.is_empty() => Ok(Kind::Obligation(value.to_owned())),
        (KindRow::CapUnknown, None) => Ok(Kind::CapUnknown),
        (KindRow::NoCapKnown, None) => Ok(Kind::NoCapKnown),
        _ => Err(refuse(&row.id, "kind and value do not go together")),
    }
}

pub(super) fn refuse(id: &str, problem: &str) -> RulesError {
    RulesError::Rule {
        id: id.to_owned(),
        problem: problem.to_owned(),
    }
}

//! Dated, versioned rules as data.
//!
//! A rule is a chain of versions under one id. Two times decide which version speaks: the *law date* (is it in force that
//! day?) and the *known-on date* (did we know of it that day?), so that a decision of last year replays as it was made.

mod check;
mod load;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use domain::RuleVersion;
use domain::money::{Currency, Money, Rate};
use domain::request::{Jurisdiction, Product};

pub use load::RulesError;

/// How far a rule has been checked against the law itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Taken from a secondary source; a placeholder until somebody reads the statute.
    Seed,
    /// The cited text was read.
    Verified,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The verified APR may not be above this rate.
    AprCap(Rate),
    /// The verified APR for a borrower under the Military Lending Act may not be above this rate.
    MilitaryAprCap(Rate),
    /// There may be a cap that we do not know: refuse.
    CapUnknown,
    /// Looked up, and no cap is applied.
    NoCapKnown,
    /// Something that has to be done when the credit is offered, by its code.
    Obligation(String),
}

impl Kind {
    /// Rules that decide whether a rate may be shown at all; one of them has to speak, or the offer is refused.
    pub(crate) fn is_cap(&self) -> bool {
        matches!(self, Self::AprCap(_) | Self::CapUnknown | Self::NoCapKnown)
    }
}

/// Amounts that a rule is for; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountBand {
    /// Currency of the ends. An amount in another currency cannot be placed, so the rule refuses it.
    pub currency: Currency,
    /// Lowest, minor units.
    pub min_minor: i64,
    /// Highest, minor units.
    pub max_minor: i64,
}

/// Terms that a rule is for, in days; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermBand {
    /// Shortest.
    pub min_days: u32,
    /// Longest.
    pub max_days: u32,
}

/// One version of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable id of the chain, for example `us-ca-cap`.
    pub id: String,
    /// From 1, without holes.
    pub version: u32,
    /// ISO 3166-1 alpha-2, or the id of a group of countries such as `EU`.
    pub country: String,
    /// ISO 3166-2 subdivision; none for the whole country.
    pub region: Option<String>,
    /// Products; empty means every product.
    pub products: Vec<Product>,
    /// Amounts; none means every amount.
    pub amount: Option<AmountBand>,
    /// Terms.
    pub term: TermBand,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force; none while it is open.
    pub effective_to: Option<NaiveDate>,
    /// First day on which we could know of it: the publication of its source, or of our correction.
    pub known_from: NaiveDate,
    /// The earlier version that this one corrects; that version is unknown from `known_from` on.
    pub supersedes: Option<u32>,
    /// How far it was checked.
    pub status: Status,
    /// Where it stands.
    pub source: String,
    /// What it says.
    pub kind: Kind,
    /// One sentence for the borrower.
    pub message: String,
}

impl Rule {
    /// Its id and version, as a decision stores them.
    pub fn version_ref(&self) -> RuleVersion {
        RuleVersion {
            id: self.id.clone(),
            version: self.version,
        }
    }

    fn in_force(&self, day: NaiveDate) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }
}

/// What a rule is asked about.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Where the borrower lives.
    pub jurisdiction: &'a Jurisdiction,
    /// Kind of credit.
    pub product: Product,
    /// Amount of credit.
    pub amount: Money,
    /// Length in days.
    pub term_days: u32,
    /// The day whose law counts.
    pub law_date: NaiveDate,
    /// The day whose knowledge counts.
    pub known_on: NaiveDate,
}

/// A rule that speaks to a question.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// False when the amount is in a currency that the rule's band does not have: then nobody knows whether it applies.
    pub placed: bool,
}

/// Every rule, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    chains: BTreeMap<String, Vec<Rule>>,
    groups: BTreeMap<String, Vec<String>>,
    sha256: String,
}

impl RuleSet {
    /// Reads and checks rule files. Refuses what it does not understand.
    pub fn load(files: &[&str]) -> Result<Self, RulesError> {
        let set = load::parse(files)?;
        check::check(&set)?;
        Ok(set)
    }

    /// The rules that ship with this build, read once and shared.
    pub fn built_in() -> Result<Arc<Self>, RulesError> {
        static SET: OnceLock<Result<Arc<RuleSet>, RulesError>> = OnceLock::new();
        SET.get_or_init(|| {
            Self::load(&[
                include_str!("../../rules/us-federal.toml"),
                include_str!("../../rules/us-states.toml"),
                include_str!("../../rules/eu.toml"),
                include_str!("../../rules/gb.toml"),
                include_str!("../../rules/in.toml"),
            ])
            .map(Arc::new)
        })
        .clone()
    }

    /// Hash of the texts that it was read from.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Every version of every rule, by id and version.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        self.chains.values().flatten()
    }

    /// One version of one rule.
    pub fn find(&self, version: &RuleVersion) -> Option<&Rule> {
        self.chains
            .get(&version.id)?
            .iter()
            .find(|rule| rule.version == version.version)
    }

    /// The rules that speak to the question, by id: at most one version of each.
    pub fn matching(&self, question: &Question<'_>) -> Vec<Match<'_>> {
        self.chains
            .values()
            .filter_map(|chain| self.speaking(chain, question))
            .collect()
    }

    fn speaking<'a>(&self, chain: &'a [Rule], question: &Question<'_>) -> Option<Match<'a>> {
        let rule = known(chain, question.known_on)
            .into_iter()
            .find(|rule| rule.in_force(question.law_date))?;
        let there = self.covers(&rule.country, &question.jurisdiction.country)
            && rule
                .region
                .as_ref()
                .is_none_or(|region| question.jurisdiction.region.as_ref() == Some(region));
        let product = rule.products.is_empty() || rule.products.contains(&question.product);
        let term = (rule.term.min_days..=rule.term.max_days).contains(&question.term_days);
        if !(there && product && term) {
            return None;
        }
        match &rule.amount {
            None => Some(Match { rule, placed: true }),
            Some(band) if band.currency != question.amount.currency => Some(Match { rule, placed: false }),
            Some(band) => (band.min_minor..=band.max_minor)
                .contains(&question.amount.minor)
                .then_some(Match { rule, placed: true }),
        }
    }

    fn covers(&self, rule_country: &str, country: &str) -> bool {
        match self.groups.get(rule_country) {
            Some(members) => members.iter().any(|member| member == country),
            None => rule_country == country,
        }
    }
}

/// The versions that were known and not yet superseded on that day.
fn known(chain: &[Rule], on: NaiveDate) -> Vec<&Rule> {
    let seen = |rule: &&Rule| rule.known_from <= on;
    chain
        .iter()
        .filter(seen)
        .filter(|rule| {
            !chain
                .iter()
                .filter(seen)
                .any(|later| later.supersedes == Some(rule.version))
        })
        .collect()
}

#[cfg(test)]
mod tests;

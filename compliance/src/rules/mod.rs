//! Dated, versioned rules as data.
//!
//! A rule is a chain of versions under one id. Two times decide which version speaks: the *law date* (is it in force that
//! day?) and the *known-on date* (did we know of it that day?), so that a decision of last year replays as it was made. Of the
//! rules of one topic that fit a case, the most specific jurisdiction speaks, then the newest; a tie is refused when the files
//! are read.

pub(crate) mod calendar;
mod check;
pub mod condition;
mod diff;
mod load;
pub(crate) mod model;
mod places;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use domain::RuleVersion;
use domain::money::Money;
use domain::request::{Jurisdiction, Product};
use serde::{Deserialize, Serialize};

pub use calendar::{Calendar, last_day};
pub use diff::{Change, Changed};
pub use load::RulesError;
pub use model::{
    AmountBand, BorrowerKind, DayKind, Deadline, Duty, DutyKind, Effect, Event, Licence, Place, Retention, Rule, Scope,
    Status, TermBand, Topic,
};

/// A rule file: its name and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Name, for messages and for the hash.
    pub name: String,
    /// TOML.
    pub text: String,
}

/// What a rule is asked about.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Where the borrower lives.
    pub jurisdiction: &'a Jurisdiction,
    /// Kind of credit.
    pub product: Product,
    /// Who borrows.
    pub borrower: BorrowerKind,
    /// By what right the lender lends; none when nobody said.
    pub licence: Option<Licence>,
    /// Amount of credit.
    pub amount: Money,
    /// Length in days.
    pub term_days: u32,
    /// The day whose law counts.
    pub law_date: NaiveDate,
    /// The day whose knowledge counts.
    pub known_on: NaiveDate,
}

/// Whether a case lies in the scope of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It does.
    Inside,
    /// The amount is in another currency than the rule's band, so nobody knows.
    Foreign,
    /// The rule is for some licences, and the lender's is not known.
    NoLicence,
}

/// A rule that speaks to a question.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Whether it is known to apply.
    pub placed: Placed,
}

/// Every rule, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    chains: BTreeMap<String, Vec<Rule>>,
    groups: BTreeMap<String, Vec<String>>,
    calendars: BTreeMap<String, Calendar>,
    sha256: String,
}

/// The files that ship with this build.
const BUILT_IN: [(&str, &str); 6] = [
    ("house.toml", include_str!("../../rules/house.toml")),
    ("us-federal.toml", include_str!("../../rules/us-federal.toml")),
    ("us-states.toml", include_str!("../../rules/us-states.toml")),
    ("eu.toml", include_str!("../../rules/eu.toml")),
    ("gb.toml", include_str!("../../rules/gb.toml")),
    ("in.toml", include_str!("../../rules/in.toml")),
];

impl RuleSet {
    /// Reads and checks rule files. Refuses what it does not understand.
    pub fn load(files: &[Document]) -> Result<Self, RulesError> {
        let set = load::parse(files)?;
        check::check(&set)?;
        Ok(set)
    }

    /// The texts of the rules that ship with this build.
    pub fn built_in_documents() -> Vec<Document> {
        let document = |(name, text): &(&str, &str)| Document {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        };
        BUILT_IN.iter().map(document).collect()
    }

    /// The rules that ship with this build, read once and shared.
    pub fn built_in() -> Result<Arc<Self>, RulesError> {
        static SET: OnceLock<Result<Arc<RuleSet>, RulesError>> = OnceLock::new();
        SET.get_or_init(|| Self::load(&Self::built_in_documents()).map(Arc::new))
            .clone()
    }

    /// Hash of the names and texts that it was read from, hexadecimal.
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

    /// The version of a rule in force on `law_date` as known on `known_on`.
    pub fn in_force(&self, id: &str, law_date: NaiveDate, known_on: NaiveDate) -> Option<&Rule> {
        let chain = self.chains.get(id)?;
        known(chain, known_on).into_iter().find(|rule| rule.in_force(law_date))
    }

    /// The rules that speak to the question, by topic: one of each at most.
    pub fn matching(&self, question: &Question<'_>) -> Vec<Match<'_>> {
        let mut winners: BTreeMap<Topic, Match<'_>> = BTreeMap::new();
        for found in self.chains.values().filter_map(|chain| self.speaking(chain, question)) {
            let rank = |m: &Match<'_>| (m.rule.scope.place.specificity(), m.rule.effective_from);
            match winners.get(&found.rule.topic) {
                Some(before) if rank(before) >= rank(&found) => {}
                _ => {
                    winners.insert(found.rule.topic, found);
                }
            }
        }
        winners.into_values().collect()
    }

    fn speaking<'a>(&self, chain: &'a [Rule], question: &Question<'_>) -> Option<Match<'a>> {
        let rule = known(chain, question.known_on)
            .into_iter()
            .find(|rule| rule.in_force(question.law_date))?;
        let scope = &rule.scope;
        let inside = scope.place.covers(question.jurisdiction, self.members(&scope.place))
            && (scope.products.is_empty() || scope.products.contains(&question.product))
            && (scope.borrowers.is_empty() || scope.borrowers.contains(&question.borrower))
            && (scope.term.min_days..=scope.term.max_days).contains(&question.term_days);
        if !inside {
            return None;
        }
        let licensed = match question.licence {
            _ if scope.licences.is_empty() => Placed::Inside,
            None => Placed::NoLicence,
            Some(licence) => scope.licences.contains(&licence).then_some(Placed::Inside)?,
        };
        let placed = match &scope.amount {
            Some(band) if band.currency != question.amount.currency => Placed::Foreign,
            Some(band) if !(band.min_minor..=band.max_minor).contains(&question.amount.minor) => return None,
            Some(_) | None => licensed,
        };
        Some(Match { rule, placed })
    }

    fn members(&self, place: &Place) -> Option<&[String]> {
        match place {
            Place::Group(id) => self.groups.get(id).map(Vec::as_slice),
            Place::Everywhere | Place::Country(_) | Place::Region(..) => None,
        }
    }

    /// The calendar of business days of a place: its own, or that of its country.
    pub(crate) fn calendar_of(&self, place: &str) -> Option<&Calendar> {
        let country = place.split('-').next().unwrap_or(place);
        self.calendars.get(place).or_else(|| self.calendars.get(country))
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
#[cfg(test)]
mod vectors;

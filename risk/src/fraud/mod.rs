//! Fraud checks: facts to an outcome, by rules and typologies that are data.
//!
//! Hard lists first, then rules (a fact falls into a band or a case, which has a weight), then typologies (sums of weights
//! against two thresholds). The strongest outcome wins, and everything that counted is kept. Reasons are for officers: an
//! applicant is told [`FraudRules::notice`] alone.

pub mod anomaly;
mod check;
pub mod facts;
pub mod rules;
pub mod signals;

use domain::money::Money;
use serde::{Deserialize, Serialize};

pub use anomaly::{AnomalyModel, AnomalyModelError};
pub use facts::{EmailDomain, FraudFacts, IpClass, NameMatch};
pub use rules::{FraudRules, FraudRulesError};

/// What fraud checks say, weakest first: the strongest of several wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FraudOutcome {
    /// Nothing stands against it.
    #[default]
    Approve,
    /// A person has to look first.
    Review,
    /// Refused.
    Decline,
}

/// Something that counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubRule {
    /// The rule, hard list or override; `STORE_UNAVAILABLE` when the counters could not be asked.
    pub rule: String,
    /// Which of its bands or cases.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What it adds to the typologies of its rule.
    pub weight: u32,
    /// Why, for officers.
    pub reason: String,
}

/// A typology that is above zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypologyScore {
    /// Which.
    pub id: String,
    /// Sum of the weights of its rules.
    pub score: u32,
    /// What it says alone. Of a typology that an override takes out: approve.
    pub outcome: FraudOutcome,
}

/// The answer of the fraud checks. Internal: no applicant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FraudResult {
    /// The strongest outcome.
    pub outcome: FraudOutcome,
    /// Everything that counted, in the order of the rules file.
    pub fired: Vec<SubRule>,
    /// Typologies above zero, in the order of the rules file.
    pub typologies: Vec<TypologyScore>,
    /// Rules that decided, with the SHA-256 of their file: `fraud-v1@…`.
    pub version: String,
}

/// Decides about facts. Pure: the same rules, facts and amount give the same bytes.
pub fn assess(rules: &FraudRules, facts: &FraudFacts, amount: Money) -> FraudResult {
    let mut outcome = FraudOutcome::Approve;
    let mut fired = Vec::new();
    if facts.unavailable {
        outcome = rules.when_unavailable(amount);
        fired.push(rules.unavailable_rule(outcome));
    }
    for list in &rules.parts().hard_lists {
        if facts.entities.iter().any(|entity| list.entities.contains(entity)) {
            outcome = outcome.max(list.outcome);
            fired.push(sub_rule(&list.id, "LISTED", 0, &list.reason));
        }
    }
    let overrides = &rules.parts().overrides;
    let lifted = |over: &&rules::Override| facts.entities.iter().any(|entity| over.entities.contains(entity));
    for over in overrides.iter().filter(lifted) {
        fired.push(sub_rule(&over.id, "OVERRIDE", 0, &over.reason));
    }
    let mut weights = [0_u32; rules::RULES_AT_MOST];
    for (rule, weight) in rules.parts().rules.iter().zip(&mut weights) {
        if let Some(band) = rule.band(rule.fact.of(facts))
            && band.weight > 0
        {
            *weight = band.weight;
            fired.push(sub_rule(&rule.id, band.reference, band.weight, band.reason));
        }
    }
    let mut typologies = Vec::new();
    for (typology, members) in rules.typologies() {
        let score: u32 = members.iter().map(|&place| weights[place]).sum();
        if score == 0 {
            continue;
        }
        let takes_out = |over: &rules::Override| over.typologies.contains(&typology.id);
        let says = if overrides.iter().filter(lifted).any(takes_out) {
            FraudOutcome::Approve
        } else {
            typology.says(score)
        };
        outcome = outcome.max(says);
        typologies.push(TypologyScore {
            id: typology.id.clone(),
            score,
            outcome: says,
        });
    }
    FraudResult {
        outcome,
        fired,
        typologies,
        version: rules.version().to_owned(),
    }
}

fn sub_rule(rule: &str, reference: &str, weight: u32, reason: &str) -> SubRule {
    SubRule {
        rule: rule.to_owned(),
        reference: reference.to_owned(),
        weight,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;

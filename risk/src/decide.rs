//! The decision: knock-outs, then needed facts, then score band, then limit.

use domain::money::Money;
use domain::{Outcome, Reason, RuleVersion};
use serde::{Deserialize, Serialize};

use crate::artefact::{Band, INCOME, INCOMPLETE, Model, OBLIGATIONS, Parts};
use crate::facts::{RiskFacts, payable_down, share_down};

/// Version of this code. Raise it when any decision could change with the same model and facts.
pub const ENGINE_VERSION: u32 = 1;

/// More than four reasons are not helpful (12 CFR 1002.9(b)(2), official comment 1).
const MOST_REASONS: usize = 4;

/// What risk says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskDecision {
    /// `OFFER` up to the limit, `COUNTER` when the limit is below the amount asked for.
    pub outcome: Outcome,
    /// Higher is better. A needed fact that is missing counts as the worst.
    pub score: i32,
    /// Probability of default, parts per million.
    pub pd_ppm: u32,
    /// Highest exposure, whole major units; zero unless the outcome is `OFFER` or `COUNTER`.
    pub limit: Money,
    /// At most four, the weightiest first, in the words of Regulation B form C-1; empty for an `OFFER`.
    pub reasons: Vec<Reason>,
    /// The model, then this code.
    pub rule_versions: Vec<RuleVersion>,
}

/// Decides. Deterministic: equal model and facts give an equal decision.
pub fn decide(model: &Model, facts: &RiskFacts) -> RiskDecision {
    decide_by(model.parts(), facts)
}

/// Decides by parts that may still be under test.
pub(crate) fn decide_by(model: &Parts, facts: &RiskFacts) -> RiskDecision {
    let (score, adverse) = score(model, facts);
    let knocked_out: Vec<&str> = model
        .policy
        .knock_outs
        .iter()
        .filter(|rule| rule.hits(facts))
        .map(|rule| rule.reason.as_str())
        .collect();
    let band = model.policy.bands.iter().find(|band| score >= band.min_score);
    let (outcome, limit, first) = if !knocked_out.is_empty() {
        (Outcome::Decline, 0, knocked_out)
    } else if needs_more(model, facts) {
        (Outcome::MoreInfo, 0, vec![INCOMPLETE])
    } else if let Some(band) = band {
        by_limit(model, facts, band)
    } else {
        (Outcome::Decline, 0, vec![])
    };
    let codes: Vec<&str> = match outcome {
        Outcome::Offer => vec![],
        Outcome::MoreInfo => first,
        Outcome::Decline | Outcome::Counter => first.into_iter().chain(adverse).collect(),
    };
    RiskDecision {
        outcome,
        score,
        pd_ppm: model.pd(score),
        limit: Money::new(limit, facts.currency),
        reasons: principal_reasons(model, &codes),
        rule_versions: vec![
            model.rule_version(),
            RuleVersion {
                id: "risk-engine".into(),
                version: ENGINE_VERSION,
            },
        ],
    }
}

/// The score, and the reasons against the applicant: where points are below those of the marginal approval, the largest
/// loss first; equal losses in the order of the model.
fn score<'a>(model: &'a Parts, facts: &RiskFacts) -> (i32, Vec<&'a str>) {
    let mut points = model.base_points;
    let mut losses: Vec<(&str, i32)> = Vec::new();
    for feature in &model.features {
        let (got, reason) = match (feature.fact.of(facts), &feature.missing) {
            (Some(value), _) => (feature.points(value), feature.reason.as_str()),
            (None, Some(missing)) => (missing.points, missing.reason.as_str()),
            (None, None) => (feature.lowest(), feature.reason.as_str()),
        };
        points += got;
        let loss = feature.neutral - got;
        if loss > 0 {
            match losses.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, sum)) => *sum += loss,
                None => losses.push((reason, loss)),
            }
        }
    }
    losses.sort_by_key(|(_, loss)| std::cmp::Reverse(*loss));
    (
        model.clamp(points),
        losses.into_iter().map(|(reason, _)| reason).collect(),
    )
}

fn needs_more(model: &Parts, facts: &RiskFacts) -> bool {
    let lacking = model
        .features
        .iter()
        .any(|feature| feature.missing.is_none() && feature.fact.of(facts).is_none());
    let amounts = [
        facts.monthly_income_minor,
        facts.monthly_housing_minor,
        facts.monthly_debt_minor,
    ];
    lacking || !facts.is_asking() || amounts.contains(&None)
}

/// Outcome and limit of an applicant in a band: what income carries, and what is left of it each month.
fn by_limit(model: &Parts, facts: &RiskFacts, band: &Band) -> (Outcome, i64, Vec<&'static str>) {
    let income = facts.monthly_income_minor.unwrap_or(0);
    let spent =
        i128::from(facts.monthly_housing_minor.unwrap_or(0)) + i128::from(facts.monthly_debt_minor.unwrap_or(0));
    let policy = &model.policy.capacity;
    let by_income = share_down(income, band.income_multiple_ppm);
    let free = share_down(income, policy.debt_to_income_ppm) - spent;
    // Out of the range of the arithmetic is nobody's real income: no limit rather than a wrong one.
    let by_capacity = payable_down(free, facts.spread_days(), policy.principal_share_ppm).unwrap_or(0);
    let limit = whole_major_down(facts, by_income.min(by_capacity));
    let why = if by_capacity < by_income { OBLIGATIONS } else { INCOME };
    if limit >= facts.amount_minor {
        (Outcome::Offer, limit, vec![])
    } else if limit > 0 {
        (Outcome::Counter, limit, vec![why])
    } else {
        (Outcome::Decline, 0, vec![why])
    }
}

fn whole_major_down(facts: &RiskFacts, minor: i128) -> i64 {
    let unit = 10_i128.pow(facts.currency.decimals());
    i64::try_from(minor / unit * unit).unwrap_or(0)
}

fn principal_reasons(model: &Parts, codes: &[&str]) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for code in codes {
        if reasons.len() < MOST_REASONS && !reasons.iter().any(|reason| reason.code == *code) {
            reasons.push(model.reason(code));
        }
    }
    reasons
}

/// The bytes that are stored: fields in the order of the type, no whitespace. Equal values give equal bytes.
pub fn to_canonical_json(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(value)
}

/// Decides again from stored facts; the bytes are those of the stored decision.
pub fn replay(model: &Model, facts: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let facts: RiskFacts = serde_json::from_slice(facts)?;
    to_canonical_json(&decide(model, &facts))
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

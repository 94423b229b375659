//! How a decision would have come out under other rules.

use domain::Outcome;
use serde::{Deserialize, Serialize};

use super::ComplianceDecision;

/// What another set of rules changes of one decision. What the rules are called does not count, what they say does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Outcome by the rules that decided.
    pub was: Outcome,
    /// Outcome by the others.
    pub would_be: Outcome,
    /// Codes of reasons that go.
    pub reasons_gone: Vec<String>,
    /// Codes of reasons that come.
    pub reasons_new: Vec<String>,
    /// Codes of obligations that go.
    pub obligations_gone: Vec<String>,
    /// Codes of obligations that come.
    pub obligations_new: Vec<String>,
    /// The level of identity that is asked for changes.
    pub identity_changes: bool,
}

/// The difference; none when the borrower and we would not notice.
pub fn difference(was: &ComplianceDecision, other: &ComplianceDecision) -> Option<Difference> {
    let reasons = |decision: &ComplianceDecision| decision.reasons.iter().map(|r| r.code.clone()).collect();
    let duties = |decision: &ComplianceDecision| {
        let due = |day: chrono::NaiveDate| format!(" by {day}");
        let name = |o: &super::Obligation| format!("{}{}", o.code, o.due_on.map(due).unwrap_or_default());
        decision.obligations.iter().map(name).collect()
    };
    let without = |a: &Vec<String>, b: &Vec<String>| -> Vec<String> {
        a.iter().filter(|code| !b.contains(code)).cloned().collect()
    };
    let (old_reasons, new_reasons): (Vec<String>, Vec<String>) = (reasons(was), reasons(other));
    let (old_duties, new_duties): (Vec<String>, Vec<String>) = (duties(was), duties(other));
    let found = Difference {
        was: was.outcome,
        would_be: other.outcome,
        reasons_gone: without(&old_reasons, &new_reasons),
        reasons_new: without(&new_reasons, &old_reasons),
        obligations_gone: without(&old_duties, &new_duties),
        obligations_new: without(&new_duties, &old_duties),
        identity_changes: was.identity != other.identity,
    };
    let same = found.was == found.would_be
        && found.reasons_gone.is_empty()
        && found.reasons_new.is_empty()
        && found.obligations_gone.is_empty()
        && found.obligations_new.is_empty()
        && !found.identity_changes;
    (!same).then_some(found)
}

//! Checks over the whole set: each chain is gapless and unambiguous as it was known on every day, and of two rules of one topic
//! that speak to the same case one goes before the other.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::load::RulesError;
use super::model::{Place, Rule};
use super::{RuleSet, known};

pub(super) fn check(set: &RuleSet) -> Result<(), RulesError> {
    for chain in set.chains.values() {
        numbering(chain)?;
        // What is known changes only on these days.
        for day in chain.iter().map(|rule| rule.known_from).collect::<BTreeSet<_>>() {
            timeline(known(chain, day))?;
        }
    }
    ambiguity(set)
}

fn refuse(rule: &Rule, field: &str, problem: &str) -> RulesError {
    RulesError::Rule {
        file: rule.file.clone(),
        id: rule.id.clone(),
        field: field.to_owned(),
        problem: problem.to_owned(),
    }
}

fn numbering(chain: &[Rule]) -> Result<(), RulesError> {
    for (expected, rule) in (1..).zip(chain) {
        if rule.version != expected {
            return Err(refuse(
                rule,
                "version",
                "versions count from 1 without holes or doubles",
            ));
        }
        if rule
            .supersedes
            .is_some_and(|earlier| earlier == 0 || earlier >= rule.version)
        {
            return Err(refuse(rule, "supersedes", "a version supersedes an earlier one"));
        }
    }
    for pair in chain.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if after.known_from < before.known_from {
            return Err(refuse(
                after,
                "known_from",
                "a later version cannot have been known earlier",
            ));
        }
        if before.scope.place != after.scope.place {
            return Err(refuse(after, "jurisdiction", "a rule keeps its jurisdiction"));
        }
        if before.topic != after.topic {
            return Err(refuse(after, "topic", "a rule keeps its topic"));
        }
    }
    Ok(())
}

fn timeline(mut versions: Vec<&Rule>) -> Result<(), RulesError> {
    versions.sort_by_key(|rule| (rule.effective_from, rule.version));
    for pair in versions.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        let (file, id) = (second.file.clone(), second.id.clone());
        let next = first.effective_to.and_then(|last| last.succ_opt());
        match next {
            Some(next) if next == second.effective_from => {}
            Some(day) if day < second.effective_from => return Err(RulesError::Gap { file, id, day }),
            _ => {
                let (first, second) = (first.version, second.version);
                return Err(RulesError::Overlap {
                    file,
                    id,
                    first,
                    second,
                });
            }
        }
    }
    Ok(())
}

fn ambiguity(set: &RuleSet) -> Result<(), RulesError> {
    let rules: Vec<&Rule> = set.all().collect();
    for (index, first) in rules.iter().enumerate() {
        for second in &rules[index + 1..] {
            if first.id != second.id && first.topic == second.topic && tied(set, first, second) && meet(first, second) {
                return Err(RulesError::Ambiguous {
                    file: first.file.clone(),
                    first: name(first),
                    second: name(second),
                });
            }
        }
    }
    Ok(())
}

fn name(rule: &Rule) -> String {
    format!("{} version {}", rule.id, rule.version)
}

/// Whether nothing says which of the two goes before the other. In one place two rules never compete, whatever their age: that is a
/// mistake of who wrote them. Two groups may share a country; then the newer rule speaks.
fn tied(set: &RuleSet, first: &Rule, second: &Rule) -> bool {
    let (here, there) = (&first.scope.place, &second.scope.place);
    if here == there {
        return true;
    }
    let (Place::Group(a), Place::Group(b)) = (here, there) else {
        return false;
    };
    let shared = set.groups[a].iter().any(|country| set.groups[b].contains(country));
    shared && first.effective_from == second.effective_from
}

/// Whether a case lies in the scope of both.
fn meet(first: &Rule, second: &Rule) -> bool {
    let end = |rule: &Rule| rule.effective_to.unwrap_or(NaiveDate::MAX);
    let days = first.effective_from <= end(second) && second.effective_from <= end(first);
    let (a, b) = (&first.scope, &second.scope);
    let terms = a.term.min_days <= b.term.max_days && b.term.min_days <= a.term.max_days;
    let amounts = match (&a.amount, &b.amount) {
        (Some(a), Some(b)) => a.currency == b.currency && a.min_minor <= b.max_minor && b.min_minor <= a.max_minor,
        _ => true,
    };
    days && terms
        && amounts
        && share(&a.products, &b.products)
        && share(&a.borrowers, &b.borrowers)
        && share(&a.licences, &b.licences)
}

/// An empty list means all.
fn share<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|one| b.contains(one))
}

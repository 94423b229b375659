//! Checks over the whole set: each chain is gapless and unambiguous as it was known on every day, and no two rules of one
//! key speak to the same case.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::request::Product;

use super::load::{RulesError, refuse};
use super::{Kind, Rule, RuleSet, known};

pub(super) fn check(set: &RuleSet) -> Result<(), RulesError> {
    for (id, chain) in &set.chains {
        numbering(id, chain)?;
        // What is known changes only on these days.
        for day in chain.iter().map(|rule| rule.known_from).collect::<BTreeSet<_>>() {
            timeline(id, known(chain, day))?;
        }
    }
    ambiguity(set)
}

fn numbering(id: &str, chain: &[Rule]) -> Result<(), RulesError> {
    for (expected, rule) in (1..).zip(chain) {
        if rule.version != expected {
            return Err(refuse(id, "versions count from 1 without holes or doubles"));
        }
        if rule
            .supersedes
            .is_some_and(|earlier| earlier == 0 || earlier >= rule.version)
        {
            return Err(refuse(id, "a version supersedes an earlier one"));
        }
    }
    let in_order = chain.windows(2).all(|pair| pair[0].known_from <= pair[1].known_from);
    let same_key = chain
        .windows(2)
        .all(|pair| pair[0].country == pair[1].country && pair[0].region == pair[1].region);
    if !in_order {
        return Err(refuse(id, "a later version cannot have been known earlier"));
    }
    if !same_key {
        return Err(refuse(id, "a rule keeps its jurisdiction"));
    }
    Ok(())
}

fn timeline(id: &str, mut versions: Vec<&Rule>) -> Result<(), RulesError> {
    versions.sort_by_key(|rule| (rule.effective_from, rule.version));
    for pair in versions.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        let next = first.effective_to.and_then(|last| last.succ_opt());
        match next {
            Some(next) if next == second.effective_from => {}
            Some(day) if day < second.effective_from => return Err(RulesError::Gap { id: id.to_owned(), day }),
            _ => {
                let (first, second) = (first.version, second.version);
                return Err(RulesError::Overlap {
                    id: id.to_owned(),
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
            if first.id != second.id && same_key(first, second) && meet(first, second) {
                let (first, second) = (name(first), name(second));
                return Err(RulesError::Ambiguous { first, second });
            }
        }
    }
    Ok(())
}

fn name(rule: &Rule) -> String {
    format!("{} version {}", rule.id, rule.version)
}

fn same_key(first: &Rule, second: &Rule) -> bool {
    let family = match (&first.kind, &second.kind) {
        (a, b) if a.is_cap() && b.is_cap() => true,
        (Kind::MilitaryAprCap(_), Kind::MilitaryAprCap(_)) => true,
        (Kind::Obligation(a), Kind::Obligation(b)) => a == b,
        _ => false,
    };
    family && first.country == second.country && first.region == second.region
}

fn meet(first: &Rule, second: &Rule) -> bool {
    let end = |rule: &Rule| rule.effective_to.unwrap_or(NaiveDate::MAX);
    let days = first.effective_from <= end(second) && second.effective_from <= end(first);
    let has = |rule: &Rule, product: &Product| rule.products.is_empty() || rule.products.contains(product);
    let products = first.products.is_empty()
        || second.products.is_empty()
        || first.products.iter().any(|product| has(second, product));
    let terms = first.term.min_days <= second.term.max_days && second.term.min_days <= first.term.max_days;
    let amounts = match (&first.amount, &second.amount) {
        (Some(a), Some(b)) => a.currency == b.currency && a.min_minor <= b.max_minor && b.min_minor <= a.max_minor,
        _ => true,
    };
    days && products && terms && amounts
}

//! What a rules file must keep: no gap, no overlap, nothing twice, nothing that can never be reached.

use std::collections::BTreeSet;

use super::FraudOutcome;
use super::rules::{Band, Case, FraudRulesError, Parts, RULES_AT_MOST, Rule, Typology};

/// The largest weight and threshold.
const HEAVIEST: u32 = 1_000;

type Checked = Result<(), FraudRulesError>;

fn ensure(holds: bool, at: &str, problem: &'static str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(FraudRulesError::Inconsistent {
            at: at.to_owned(),
            problem,
        })
    }
}

pub(super) fn check(parts: &Parts) -> Checked {
    let notice = &parts.notice;
    ensure(
        named(&notice.code) && !notice.text.trim().is_empty(),
        "notice",
        "needs a code and a text",
    )?;
    ensure(!parts.id.is_empty() && !parts.id.contains('@'), "id", "needs a name")?;
    ensure(
        !parts.unavailable.reason.trim().is_empty(),
        "unavailable",
        "needs a reason",
    )?;
    let figures = parts.unavailable.review_above.values();
    ensure(
        figures.into_iter().all(|figure| *figure >= 0),
        "unavailable",
        "a figure below zero",
    )?;
    let mut domains = parts.lists.free_email.iter().chain(&parts.lists.disposable_email);
    ensure(
        domains.all(|d| is_domain(d)),
        "lists",
        "a domain is lower case with a dot",
    )?;
    let both = parts.lists.free_email.intersection(&parts.lists.disposable_email);
    ensure(both.count() == 0, "lists", "a domain in both lists")?;
    ensure(
        (1..=RULES_AT_MOST).contains(&parts.rules.len()),
        "rule",
        "1 to 64 rules",
    )?;
    ids(parts)?;
    parts.rules.iter().try_for_each(rule)?;
    parts.typologies.iter().try_for_each(|t| typology(t, &parts.rules))?;
    for rule in &parts.rules {
        let used = parts.typologies.iter().any(|t| t.rules.contains(&rule.id));
        ensure(used, &rule.id, "in no typology")?;
    }
    for list in &parts.hard_lists {
        ensure(!list.reason.trim().is_empty(), &list.id, "needs a reason")?;
        ensure(
            list.outcome != FraudOutcome::Approve,
            &list.id,
            "a hard list does not approve",
        )?;
    }
    for over in &parts.overrides {
        ensure(!over.reason.trim().is_empty(), &over.id, "needs a reason")?;
        let known = |id: &String| parts.typologies.iter().any(|t| t.id == *id);
        let names = !over.typologies.is_empty() && over.typologies.iter().all(known);
        ensure(names, &over.id, "takes out typologies that there are")?;
    }
    Ok(())
}

/// One name is one thing, because results speak of them by name.
fn ids(parts: &Parts) -> Checked {
    let lists = parts
        .hard_lists
        .iter()
        .map(|l| &l.id)
        .chain(parts.overrides.iter().map(|o| &o.id));
    let mut seen = BTreeSet::from(["STORE_UNAVAILABLE"]);
    for id in parts.rules.iter().map(|r| &r.id).chain(lists) {
        ensure(named(id), id, "a name is upper case, digits and underscores")?;
        ensure(seen.insert(id), id, "twice")?;
    }
    let mut seen = BTreeSet::new();
    for typology in &parts.typologies {
        ensure(
            named(&typology.id),
            &typology.id,
            "a name is upper case, digits and underscores",
        )?;
        ensure(seen.insert(&typology.id), &typology.id, "twice")?;
    }
    Ok(())
}

fn named(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    (1..=64).contains(&id.len()) && id.bytes().all(fits)
}

fn is_domain(domain: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    domain.contains('.') && domain.bytes().all(fits)
}

fn rule(rule: &Rule) -> Checked {
    match rule.fact.cases() {
        None => {
            ensure(rule.cases.is_empty(), &rule.id, "its fact is a number and has bands")?;
            bands(&rule.id, &rule.bands)?;
        }
        Some(names) => {
            ensure(rule.bands.is_empty(), &rule.id, "its fact has cases and no bands")?;
            cases(&rule.id, &rule.cases, names)?;
        }
    }
    let mut references = BTreeSet::new();
    for hit in rule.hits() {
        ensure(
            named(hit.reference),
            &rule.id,
            "a ref is upper case, digits and underscores",
        )?;
        ensure(references.insert(hit.reference), &rule.id, "a ref twice")?;
        ensure(hit.weight <= HEAVIEST, &rule.id, "a weight above 1000")?;
        ensure(
            hit.weight == 0 || !hit.reason.trim().is_empty(),
            &rule.id,
            "what weighs needs a reason",
        )?;
    }
    ensure(rule.hits().any(|hit| hit.weight > 0), &rule.id, "weighs nothing")
}

/// The first begins nowhere, each begins where the one before ends, the last ends nowhere.
fn bands(at: &str, bands: &[Band]) -> Checked {
    ensure(!bands.is_empty(), at, "no bands")?;
    let mut end = None;
    for (number, band) in bands.iter().enumerate() {
        ensure(band.from == end, at, "a gap or an overlap between bands")?;
        let last = number + 1 == bands.len();
        ensure(band.below.is_none() == last, at, "the last band alone is open above")?;
        let rising = band.from.is_none_or(|from| band.below.is_none_or(|below| from < below));
        ensure(rising, at, "a band holds nothing")?;
        end = band.below;
    }
    Ok(())
}

fn cases(at: &str, cases: &[Case], names: &[&str]) -> Checked {
    let mut seen = BTreeSet::new();
    for value in cases.iter().flat_map(|case| &case.values) {
        ensure(
            names.contains(&value.as_str()),
            at,
            "a case that its fact does not have",
        )?;
        ensure(seen.insert(value), at, "a case twice")?;
    }
    ensure(
        cases.iter().all(|case| !case.values.is_empty()),
        at,
        "a case holds nothing",
    )?;
    ensure(seen.len() == names.len(), at, "a case of its fact is left out")
}

fn typology(typology: &Typology, rules: &[Rule]) -> Checked {
    let at = &typology.id;
    ensure(!typology.title.trim().is_empty(), at, "needs a title")?;
    ensure(!typology.rules.is_empty(), at, "no rules")?;
    let distinct: BTreeSet<_> = typology.rules.iter().collect();
    ensure(distinct.len() == typology.rules.len(), at, "a rule twice")?;
    let mut most = 0;
    for id in &typology.rules {
        let rule = rules.iter().find(|rule| rule.id == *id);
        ensure(rule.is_some(), at, "a rule that there is not")?;
        most += rule
            .iter()
            .flat_map(|r| r.hits())
            .map(|hit| hit.weight)
            .max()
            .unwrap_or(0);
    }
    let ordered = 0 < typology.review && typology.review < typology.decline;
    ensure(ordered, at, "review is above zero and below decline")?;
    ensure(typology.decline <= most, at, "no request could reach decline")
}

//! Every check of a lender fails when its rule is broken, and nothing else of its area does.

use std::collections::BTreeSet;
use std::time::Duration;

use usance_kit::check::Outcome;
use usance_kit::counterparty::Manner;
use usance_kit::{Area, lender_checks};

use crate::bent::{DIRECT, LATER, Row, messages::*, money::*};
use crate::world::{Flaw, World};

/// A lender that does what it should is green, and nothing is left out but what cannot be tried in its manner.
#[tokio::test]
async fn an_honest_lender_is_green_in_either_manner() {
    let mut tried = BTreeSet::new();
    for manner in [DIRECT, LATER] {
        let mut world = World::start(Flaw::Honest, manner).await;
        world.options.large_body = 10 << 20;
        let report = world.check(None).await;
        assert!(report.is_green(), "{}", report.to_human());
        let passed = report.findings.iter().filter(|f| f.outcome == Outcome::Passed);
        tried.extend(passed.map(|f| f.check.id.to_string()));
    }
    let all: BTreeSet<_> = lender_checks().into_iter().map(|c| c.id.to_string()).collect();
    let left: Vec<_> = all.difference(&tried).collect();
    // No honest lender is slow enough for a 429.
    assert_eq!(left, ["reach.retry-after"]);
}
async fn breaks(id: &str, flaw: Flaw, manner: Manner) {
    let area: Area = id.split('.').next().unwrap().parse().unwrap();
    let mut world = World::start(flaw, manner).await;
    if flaw.keeps_waiting() {
        world.options.patience = Duration::from_secs(3);
    }
    let report = world.check(Some(area)).await;
    let implied = IMPLIED.iter().filter(|(of, _)| *of == id).map(|(_, other)| *other);
    let expected: Vec<_> = std::iter::once(id).chain(implied).collect();
    assert_eq!(report.failed(), expected, "{}", report.to_human());
}

/// Who breaks the first breaks the second too: eight at once are also a repetition.
const IMPLIED: [(&str, &str); 2] = [
    ("repeat.same-answer", "repeat.at-once"),
    ("accept.repeat", "accept.at-once"),
];

async fn all_break(rows: Vec<Row>) {
    for (id, flaw) in rows {
        breaks(id, flaw, DIRECT).await;
    }
}

#[tokio::test]
async fn each_rule_of_reach_is_seen_broken() {
    all_break(reach()).await;
}

#[tokio::test]
async fn each_rule_of_signatures_is_seen_broken() {
    all_break(signatures()).await;
}

#[tokio::test]
async fn each_rule_of_shape_is_seen_broken() {
    all_break(schema()).await;
}

#[tokio::test]
async fn each_rule_of_bad_input_is_seen_broken() {
    all_break(robust()).await;
}

#[tokio::test]
async fn each_rule_of_limits_is_seen_broken() {
    all_break(limits()).await;
}

#[tokio::test]
async fn each_rule_of_offers_is_seen_broken() {
    all_break(offer_rows()).await;
}

#[tokio::test]
async fn each_rule_of_repeated_questions_is_seen_broken() {
    all_break(repeat()).await;
}

#[tokio::test]
async fn each_rule_of_acceptances_is_seen_broken() {
    all_break(accepts()).await;
}

#[tokio::test]
async fn each_rule_of_loans_is_seen_broken() {
    for (id, flaw, manner) in loans() {
        breaks(id, flaw, manner).await;
    }
}

#[tokio::test]
async fn each_rule_of_callbacks_is_seen_broken() {
    all_break(callbacks()).await;
}

#[tokio::test]
async fn each_rule_of_privacy_is_seen_broken() {
    all_break(privacy()).await;
}

/// A check that cannot fail is a defect.
#[test]
fn every_check_of_a_lender_has_a_lender_that_fails_it() {
    let rows = [
        reach(),
        signatures(),
        schema(),
        robust(),
        limits(),
        offer_rows(),
        repeat(),
        accepts(),
        callbacks(),
        privacy(),
    ];
    let mut broken: BTreeSet<&str> = rows.iter().flatten().map(|(id, _)| *id).collect();
    broken.extend(loans().iter().map(|(id, _, _)| *id));
    let all = lender_checks();
    let missing: Vec<_> = all
        .iter()
        .map(|c| c.id.as_ref())
        .filter(|id| !broken.contains(id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(broken.len(), all.len());
}

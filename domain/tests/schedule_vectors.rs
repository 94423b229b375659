//! The published schedules are reproduced: no miss, no error, and only the refusals that the documentation names.

use usance_domain::backtest::schedule::{Verdict, check};

const VECTORS: &str = include_str!("vectors/schedules.json");

#[test]
fn every_vector_in_scope_is_reproduced() {
    let report = check(VECTORS).unwrap();
    let bad: Vec<String> = report
        .vectors
        .iter()
        .filter(|row| matches!(row.verdict, Verdict::Miss | Verdict::Error))
        .map(|row| format!("{}: {:?} {:?} {:?}", row.id, row.reason, row.expected, row.computed))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    let refused: Vec<&str> = report
        .vectors
        .iter()
        .filter(|row| row.verdict == Verdict::Refused)
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(refused, ["fineract-e2e-11", "fineract-e2e-35"], "both are charge-offs");
}

//! Gas of the contracts: read from the committed report, whose growth `scripts/contracts-gas.sh` checks.

use std::path::Path;

use anyhow::Context as _;

use crate::report::Line;

/// Name in the report, what it is, and the most it may be.
const FIGURES: [(&str, &str, u64); 4] = [
    ("originateFirst", "origination, first of a lender", 155_000),
    ("originateSteady", "origination, steady", 120_000),
    ("installment", "installment", 62_000),
    ("repayFullWithRelease", "full repayment with release", 78_000),
];

/// The rows of the report.
pub fn lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let report: serde_json::Value = serde_json::from_str(&text)?;
    let line = |(name, what, most): &(&str, &str, u64)| Line {
        figure: "gas".to_owned(),
        what: (*what).to_owned(),
        unit: "gas".to_owned(),
        measured: report["gas"][*name].as_u64().map(|gas| [gas * 1_000; 3]),
        target: Some(most * 1_000),
    };
    Ok(FIGURES.iter().map(line).collect())
}

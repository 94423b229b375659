//! The report for people.

use std::fmt::Write as _;

use super::Report;
use crate::check::{Area, Outcome};

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", plain(&report.target));
    failures(report, &mut text);
    skipped(report, &mut text);
    table(report, &mut text);
    let counts = report.counts();
    let word = if report.is_green() { "GREEN" } else { "RED" };
    let _ = writeln!(
        text,
        "\n{word}: {} passed, {} failed, {} skipped, in {} ms",
        counts.passed, counts.failed, counts.skipped, report.took_ms
    );
    text
}

fn failures(report: &Report, text: &mut String) {
    for finding in &report.findings {
        let Outcome::Failed { seen } = &finding.outcome else {
            continue;
        };
        let check = &finding.check;
        let _ = writeln!(text, "\nFAILED  {}", check.id);
        for (name, what) in [
            ("rule", check.says.as_ref()),
            ("seen", seen),
            ("why", check.why.as_ref()),
            ("fix", check.fix.as_ref()),
        ] {
            let _ = writeln!(text, "  {name:<5} {}", plain(what));
        }
    }
}

fn skipped(report: &Report, text: &mut String) {
    let skipped: Vec<_> = report
        .findings
        .iter()
        .filter_map(|finding| match &finding.outcome {
            Outcome::Skipped { reason } => Some((finding.check.id.as_ref(), reason)),
            _ => None,
        })
        .collect();
    let width = skipped.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
    if !skipped.is_empty() {
        let _ = writeln!(text, "\nNot tried:");
    }
    for (id, reason) in skipped {
        let _ = writeln!(text, "  {id:<width$}  {}", plain(reason));
    }
}

fn table(report: &Report, text: &mut String) {
    let _ = writeln!(text, "\narea        passed  failed  skipped");
    for area in Area::ALL {
        let mut row = [0_usize; 3];
        for finding in report.findings.iter().filter(|f| f.check.area == area) {
            match finding.outcome {
                Outcome::Passed => row[0] += 1,
                Outcome::Failed { .. } => row[1] += 1,
                Outcome::Skipped { .. } => row[2] += 1,
            }
        }
        let [passed, failed, skipped] = row;
        if passed + failed + skipped > 0 {
            let _ = writeln!(text, "{:<10}  {passed:>6}  {failed:>6}  {skipped:>7}", area.as_str());
        }
    }
}

/// One line without control characters: what a lender says must not steer a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

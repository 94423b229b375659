//! The report as JUnit XML.

use std::fmt::Write as _;

use super::Report;
use super::human::plain;
use crate::check::{Area, Finding, Outcome};

pub(super) fn write(report: &Report) -> String {
    let counts = report.counts();
    let all = counts.passed + counts.failed + counts.skipped;
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\" tests=\"{all}\" failures=\"{}\" skipped=\"{}\">",
        escaped(&report.target),
        counts.failed,
        counts.skipped
    );
    for area in Area::ALL {
        let of_area: Vec<_> = report.findings.iter().filter(|f| f.check.area == area).collect();
        if !of_area.is_empty() {
            suite(area, &of_area, &mut text);
        }
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(area: Area, findings: &[&Finding], text: &mut String) {
    let count = |wanted: fn(&Outcome) -> bool| findings.iter().filter(|f| wanted(&f.outcome)).count();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped { .. }));
    let _ = writeln!(
        text,
        "  <testsuite name=\"{area}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        findings.len()
    );
    for finding in findings {
        let check = &finding.check;
        let name = escaped(&check.id);
        let _ = write!(text, "    <testcase classname=\"{area}\" name=\"{name}\"");
        match &finding.outcome {
            Outcome::Passed => text.push_str("/>\n"),
            Outcome::Skipped { reason } => {
                let _ = writeln!(text, "><skipped message=\"{}\"/></testcase>", escaped(reason));
            }
            Outcome::Failed { seen } => {
                let (says, why, fix) = (escaped(&check.says), escaped(&check.why), escaped(&check.fix));
                let _ = writeln!(
                    text,
                    "><failure message=\"{}\">rule: {says}\nwhy: {why}\nfix: {fix}</failure></testcase>",
                    escaped(seen)
                );
            }
        }
    }
    text.push_str("  </testsuite>\n");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

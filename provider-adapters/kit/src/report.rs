//! What a run found, for people and for machines.

mod human;
mod junit;
mod markdown;

use serde::{Deserialize, Serialize};

use crate::check::{Finding, Outcome};

pub use markdown::markdown;

/// The environment variable that names the file for [`Report::leave`].
pub const FILE_VARIABLE: &str = "USANCE_KIT_REPORT";

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was checked, for people.
    pub target: String,
    /// Milliseconds from the first call to the last answer.
    pub took_ms: u64,
    /// One for each check, in the order of the catalogue.
    pub findings: Vec<Finding>,
}

/// How many of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rules that hold.
    pub passed: usize,
    /// Rules seen broken.
    pub failed: usize,
    /// Rules that could not be tried.
    pub skipped: usize,
}

impl Report {
    /// How many of each outcome.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for finding in &self.findings {
            match finding.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed { .. } => counts.failed += 1,
                Outcome::Skipped { .. } => counts.skipped += 1,
            }
        }
        counts
    }

    /// No rule was seen broken, and at least one holds.
    pub fn is_green(&self) -> bool {
        let counts = self.counts();
        counts.failed == 0 && counts.passed > 0
    }

    /// Ids of the checks that failed.
    pub fn failed(&self) -> Vec<&str> {
        let failed = |f: &&Finding| matches!(f.outcome, Outcome::Failed { .. });
        self.findings
            .iter()
            .filter(failed)
            .map(|f| f.check.id.as_ref())
            .collect()
    }

    /// A table for people: what failed first, with reason and hint.
    pub fn to_human(&self) -> String {
        human::write(self)
    }

    /// JSON.
    pub fn to_json(&self) -> String {
        let all = serde_json::json!({ "target": self.target, "took_ms": self.took_ms, "green": self.is_green(),
            "counts": self.counts(), "findings": self.findings });
        format!("{all:#}\n")
    }

    /// Writes the JSON to the file that [`FILE_VARIABLE`] names, when it names one: `usance provider check` reads it there.
    pub fn leave(&self) -> std::io::Result<()> {
        match std::env::var_os(FILE_VARIABLE) {
            Some(file) => std::fs::write(file, self.to_json()),
            None => Ok(()),
        }
    }

    /// JUnit XML: an area is a suite.
    pub fn to_junit(&self) -> String {
        junit::write(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Area, Check};

    fn report() -> Report {
        let finding = |id: &'static str, outcome| Finding {
            check: Check::new(
                Area::Offer,
                [id, "Sums agree & hold.", "Money <is> lost.", "Add \"them\" up."],
            ),
            outcome,
        };
        Report {
            target: "http://lender".into(),
            took_ms: 12,
            findings: vec![
                finding("offer.a", Outcome::Passed),
                finding(
                    "offer.b",
                    Outcome::Failed {
                        seen: "3 is not 2\u{1b}[31m".into(),
                    },
                ),
                finding(
                    "offer.c",
                    Outcome::Skipped {
                        reason: "no offer".into(),
                    },
                ),
            ],
        }
    }

    #[test]
    fn what_failed_stands_first_with_reason_and_hint_and_no_escapes_of_a_lender() {
        let text = report().to_human();
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in\n{text}"));
        assert!(at("offer.b") < at("offer.c"));
        for part in ["3 is not 2", "Money <is> lost.", "Add \"them\" up.", "no offer"] {
            at(part);
        }
        assert!(text.contains("1 passed, 1 failed, 1 skipped"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn junit_escapes_what_it_repeats() {
        let text = report().to_junit();
        assert!(
            text.contains("<testsuite name=\"offer\" tests=\"3\" failures=\"1\" skipped=\"1\">"),
            "{text}"
        );
        assert!(text.contains("Money &lt;is&gt; lost.") && text.contains("Sums agree &amp; hold."));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn json_says_green_only_when_nothing_failed_and_something_passed() {
        let mut report = report();
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(
            (json["green"].as_bool(), json["counts"]["failed"].as_u64()),
            (Some(false), Some(1))
        );
        assert_eq!(json["findings"][1]["outcome"], "failed");
        let read: Report = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(read, report);
        report.findings.remove(1);
        assert!(report.is_green());
        report.findings.remove(0);
        assert!(!report.is_green(), "nothing was tried");
    }
}

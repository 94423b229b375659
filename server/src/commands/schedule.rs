//! `usance schedule check`: published repayment schedules, recomputed.

use std::fmt::Write;
use std::process::ExitCode;

use domain::backtest::BacktestError;
use domain::backtest::schedule::{self, ScheduleReport, Verdict};

use super::table::{Align, Cell, Table, Tone, colour_wanted, paint};
pub use super::vectors::Options;
use super::vectors::{self, Checked, or_dash};

/// Runs it: 1 on a miss or an error, else 0 (a vector outside the engine's scope is listed), an error when the file cannot
/// be used.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    Ok(vectors::run(options, |text| check(text, colour_wanted()))?.into())
}

fn check(text: &str, colour: bool) -> Result<Checked<ScheduleReport>, BacktestError> {
    let report = schedule::check(text)?;
    if report.vectors.is_empty() {
        return Err(BacktestError::Format("no vectors".to_owned()));
    }
    let mut text = vectors_table(&report).render(colour);
    text.push('\n');
    text.push_str(&sections_table(&report).render(colour));
    let sum = |of: fn(&schedule::SectionCount) -> usize| report.sections.iter().map(of).sum::<usize>();
    let (passed, missed, refused, errors) = (
        sum(|s| s.passed),
        sum(|s| s.missed),
        sum(|s| s.refused),
        sum(|s| s.errors),
    );
    let failed = missed + errors > 0;
    let summary = format!(
        "{passed} of {} schedules reproduced, {missed} missed, {errors} not computed, {refused} outside the scope",
        report.vectors.len()
    );
    let tone = if failed { Tone::Bad } else { Tone::Good };
    let _infallible = writeln!(text, "\n{}", paint(&summary, tone, colour));
    Ok(Checked { report, text, failed })
}

/// Every vector. The first cell that differs stands under expected and computed; on a pass there is none.
fn vectors_table(report: &ScheduleReport) -> Table {
    let (name, value) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("id", name),
        ("section", name),
        ("expected", value),
        ("computed", value),
        ("verdict", name),
        ("reason", name),
    ]);
    for vector in &report.vectors {
        let same = (vector.verdict == Verdict::Pass).then(|| Cell::new("every cell", Tone::Dim));
        table.row(vec![
            (&vector.id).into(),
            (&vector.section).into(),
            same.clone().unwrap_or_else(|| or_dash(vector.expected.clone())),
            same.unwrap_or_else(|| or_dash(vector.computed.clone())),
            verdict(vector.verdict),
            vector.reason.as_deref().unwrap_or_default().into(),
        ]);
    }
    table
}

fn sections_table(report: &ScheduleReport) -> Table {
    let (name, value) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("section", name),
        ("pass", value),
        ("miss", value),
        ("error", value),
        ("refused", value),
    ]);
    for section in report
        .sections
        .iter()
        .filter(|s| s.passed + s.missed + s.refused + s.errors > 0)
    {
        let counts = [section.passed, section.missed, section.errors, section.refused];
        let cells = counts.iter().map(|count| Cell::from(count.to_string()));
        table.row(std::iter::once(Cell::from(&section.section)).chain(cells).collect());
    }
    table
}

fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Pass => Cell::new("pass", Tone::Good),
        Verdict::Miss => Cell::new("MISS", Tone::Bad),
        Verdict::Refused => Cell::new("refused", Tone::Warn),
        Verdict::Error => Cell::new("ERROR", Tone::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_that_cannot_be_read_fails_and_is_listed() {
        let checked = check(r#"{"fineract_emi_calculator": [{"id": "odd"}]}"#, false).unwrap();
        assert!(checked.failed);
        assert!(
            checked.text.contains("odd") && checked.text.contains("ERROR"),
            "{}",
            checked.text
        );
        assert!(
            checked
                .text
                .ends_with("0 of 1 schedules reproduced, 0 missed, 1 not computed, 0 outside the scope\n")
        );
    }

    #[test]
    fn refused_vectors_are_listed_with_their_reason_and_do_not_fail() {
        let row = schedule::ScheduleVector {
            id: "variable".to_owned(),
            section: "frappe".to_owned(),
            expected: None,
            computed: None,
            verdict: Verdict::Refused,
            reason: Some("holiday calendars".to_owned()),
        };
        let report = ScheduleReport {
            sections: vec![],
            vectors: vec![row],
        };
        let text = vectors_table(&report).render(false);
        assert!(text.contains("refused  holiday calendars"), "{text}");
    }

    #[test]
    fn a_file_without_vectors_is_refused() {
        assert!(check("{}", false).is_err());
        assert!(check("[", false).is_err());
    }
}

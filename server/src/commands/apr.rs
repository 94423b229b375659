//! `usance apr check`: published annual percentage rates, recomputed.

use std::fmt::Write;
use std::process::ExitCode;

use domain::backtest::BacktestError;
use domain::backtest::apr::{self, AprReport, Verdict};

use super::table::{Align, Cell, Table, Tone, colour_wanted, paint};
pub use super::vectors::Options;
use super::vectors::{self, Checked, or_dash};

/// Runs it: 0 when every value is reproduced, 1 on a miss or an error, an error when the file cannot be used.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    Ok(vectors::run(options, |text| check(text, colour_wanted()))?.into())
}

fn check(text: &str, colour: bool) -> Result<Checked<AprReport>, BacktestError> {
    let report = apr::check(text)?;
    let mut text = String::new();
    let (name, value) = (Align::Left, Align::Right);
    let mut rates = Table::new(&[
        ("id", name),
        ("method", name),
        ("expected %", value),
        ("computed %", value),
        ("verdict", name),
        ("note", name),
    ]);
    for vector in &report.vectors {
        rates.row(vec![
            (&vector.id).into(),
            (&vector.method).into(),
            or_dash(vector.expected.map(|rate| rate.to_string())),
            or_dash(vector.computed.map(|rate| rate.normalize().to_string())),
            verdict(vector.verdict),
            (&vector.note).into(),
        ]);
    }
    let mut intervals = Table::new(&[
        ("interval", name),
        ("expected years", name),
        ("computed years", name),
        ("verdict", name),
        ("note", name),
    ]);
    for interval in &report.intervals {
        intervals.row(vec![
            (&interval.id).into(),
            (&interval.expected).into(),
            or_dash(interval.computed.clone()),
            verdict(interval.verdict),
            (&interval.note).into(),
        ]);
    }
    for table in [rates, intervals].iter().filter(|table| !table.is_empty()) {
        text.push_str(&table.render(colour));
        text.push('\n');
    }
    let failed = report.missed + report.errors > 0;
    let summary = summary(&report);
    let tone = if failed { Tone::Bad } else { Tone::Good };
    let _infallible = writeln!(text, "{}", paint(&summary, tone, colour));
    Ok(Checked { report, text, failed })
}

fn summary(report: &AprReport) -> String {
    let passed = |verdicts: &mut dyn Iterator<Item = Verdict>| verdicts.filter(|v| *v == Verdict::Pass).count();
    let rates = passed(&mut report.vectors.iter().map(|v| v.verdict));
    let intervals = passed(&mut report.intervals.iter().map(|i| i.verdict));
    format!(
        "{rates} of {} rates and {intervals} of {} time intervals reproduced, {} missed, {} not computed",
        report.vectors.len(),
        report.intervals.len(),
        report.missed,
        report.errors
    )
}

fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Pass => Cell::new("pass", Tone::Good),
        Verdict::Miss => Cell::new("MISS", Tone::Bad),
        Verdict::Error => Cell::new("ERROR", Tone::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regulation Z, Appendix J (c)(1)(i): 5,000 against 24 of 230 is 9.69 %.
    fn file(published: &str) -> String {
        format!(
            r#"{{"vectors": [{{"id": "J-c1i", "method": "us-appendix-j-actuarial", "unit_period": "month",
            "advances": [{{"t": 0, "amount": 5000}}],
            "payments": [{{"t_first": 1, "t_step": 1, "count": 24, "amount": 230}}],
            "published_apr_percent": {published}, "published_decimals": 2}}]}}"#
        )
    }

    #[test]
    fn a_reproduced_rate_is_shown_and_succeeds() {
        let checked = check(&file("9.69"), false).unwrap();
        assert!(!checked.failed);
        let expected = "\
id     method                   expected %  computed %  verdict  note
-----  -----------------------  ----------  ----------  -------  ----
J-c1i  us-appendix-j-actuarial        9.69    9.685708  pass

1 of 1 rates and 0 of 0 time intervals reproduced, 0 missed, 0 not computed
";
        assert_eq!(checked.text, expected);
    }

    #[test]
    fn a_miss_and_a_vector_that_cannot_be_computed_fail() {
        let missed = check(&file("9.70"), false).unwrap();
        assert!(missed.failed && missed.text.contains("MISS"), "{}", missed.text);
        let unknown = check(&file("9.69").replace("us-appendix-j-actuarial", "astrology"), false).unwrap();
        assert!(unknown.failed && unknown.text.contains("ERROR"), "{}", unknown.text);
    }

    #[test]
    fn a_file_without_vectors_is_refused() {
        assert!(check("{}", false).is_err());
    }
}

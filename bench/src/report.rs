//! The table, and the same as JSON.

use std::fmt::Write as _;

use serde_json::json;

use crate::figure::{Figure, Samples, median};
use crate::machine::Machine;

/// One printed row; values are thousandths of the unit.
#[derive(Debug)]
pub struct Line {
    /// Name of the figure.
    pub figure: String,
    /// What of it.
    pub what: String,
    /// Unit.
    pub unit: String,
    /// Middle, least and most of the rounds; none when it cannot be measured here.
    pub measured: Option<[u64; 3]>,
    /// The most it may be.
    pub target: Option<u64>,
}

impl Line {
    fn verdict(&self) -> &'static str {
        match (self.measured, self.target) {
            (Some([middle, ..]), Some(most)) if middle <= most => "met",
            (Some(_), Some(_)) => "missed",
            _ => "",
        }
    }
}

/// The rows of measured figures.
pub fn lines(results: &[(Box<dyn Figure>, Vec<Samples>)]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (figure, rounds) in results {
        for (at, metric) in figure.metrics().iter().enumerate() {
            let values: Option<Vec<u64>> = rounds.iter().map(|round| round.get(at).copied().flatten()).collect();
            let measured = values.and_then(|values| {
                let (least, most) = (*values.iter().min()?, *values.iter().max()?);
                Some([median(values), least, most])
            });
            lines.push(Line {
                figure: figure.name().to_owned(),
                what: metric.what.to_owned(),
                unit: metric.unit.to_owned(),
                measured,
                target: metric.target,
            });
        }
    }
    lines
}

/// The table as text; it is a table in Markdown too.
pub fn text(machine: &Machine, rounds: u32, lines: &[Line]) -> String {
    let mut text = format!(
        "{}, {} cores, load {} at the start, {}, {rounds} interleaved rounds\n\n",
        machine.cpu, machine.cores, machine.load, machine.rustc
    );
    let head = ["figure", "what", "median", "min", "max", "unit", "target", "verdict"].map(str::to_owned);
    let mut rows = vec![head];
    for line in lines {
        let cell = |at: usize| {
            line.measured
                .map_or_else(|| "not measured".to_owned(), |values| decimal(values[at]))
        };
        let target = line
            .target
            .map_or_else(String::new, |most| format!("≤ {}", decimal(most)));
        rows.push([
            line.figure.clone(),
            line.what.clone(),
            cell(0),
            cell(1),
            cell(2),
            line.unit.clone(),
            target,
            line.verdict().to_owned(),
        ]);
    }
    let widths: Vec<usize> = (0..8)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}

/// The same for programs; values are thousandths of the unit.
pub fn json(machine: &Machine, rounds: u32, lines: &[Line]) -> serde_json::Result<String> {
    let figures: Vec<_> = lines
        .iter()
        .map(|line| {
            let value = |at: usize| line.measured.map(|values| values[at]);
            json!({
                "figure": line.figure, "what": line.what, "unit": line.unit,
                "medianThousandths": value(0), "minThousandths": value(1), "maxThousandths": value(2),
                "targetThousandths": line.target, "verdict": line.verdict(),
            })
        })
        .collect();
    serde_json::to_string_pretty(&json!({
        "machine": { "cpu": machine.cpu, "cores": machine.cores, "load": machine.load, "rustc": machine.rustc },
        "rounds": rounds, "figures": figures,
    }))
}

/// Thousandths as a number that people read: two decimals below 100, none above.
fn decimal(thousandths: u64) -> String {
    if thousandths >= 100_000 || thousandths.is_multiple_of(1_000) {
        return ((thousandths + 500) / 1_000).to_string();
    }
    let hundredths = (thousandths + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_up_to_and_with_its_value() {
        let line = |middle: u64| Line {
            figure: "f".into(),
            what: "w".into(),
            unit: "µs".into(),
            measured: Some([middle, 0, 0]),
            target: Some(20_000),
        };
        assert_eq!((line(20_000).verdict(), line(20_001).verdict()), ("met", "missed"));
    }

    #[test]
    fn thousandths_are_rounded_to_what_people_read() {
        let shown = [18_234, 18_235, 154_144_000, 99_999, 20_000].map(decimal);
        assert_eq!(shown, ["18.23", "18.24", "154144", "100.00", "20"]);
    }
}

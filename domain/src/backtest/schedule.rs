//! Runs published schedule vectors through [`crate::schedule`].
//!
//! A vector passes when every cell of it is reproduced. It is refused only when its inputs ask for something outside the
//! stated scope (`docs/schedule-vectors.md`); a refusal is decided before anything is computed.

mod emi;
mod steps;
mod story;
mod tables;

use std::fmt::Display;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::BacktestError;
use crate::calendar::{Date, Period, Unit};

/// How a vector ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every cell is reproduced.
    Pass,
    /// A cell differs.
    Miss,
    /// The inputs ask for a feature outside the scope.
    Refused,
    /// The vector could not be read or the engine failed.
    Error,
}

/// One vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScheduleVector {
    /// Id in the file.
    pub id: String,
    /// Section of the file.
    pub section: String,
    /// The first cell that differs, as published.
    pub expected: Option<String>,
    /// The same cell as computed.
    pub computed: Option<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Which cell, or why it was refused or failed.
    pub reason: Option<String>,
}

/// Counts of one section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SectionCount {
    /// Section of the file.
    pub section: String,
    /// Reproduced.
    pub passed: usize,
    /// Different.
    pub missed: usize,
    /// Out of scope.
    pub refused: usize,
    /// Not read or failed.
    pub errors: usize,
}

/// All vectors of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScheduleReport {
    /// Counts by section, in the order of the file format.
    pub sections: Vec<SectionCount>,
    /// Every vector.
    pub vectors: Vec<ScheduleVector>,
}

/// What checking one vector found.
enum Outcome {
    Pass,
    Miss {
        cell: String,
        expected: String,
        computed: String,
    },
    Refused(String),
}

type Check = fn(&Value) -> Result<Outcome, String>;

/// Sections of the file and how a vector of each is checked.
const SECTIONS: [(&str, Check); 6] = [
    ("fineract_emi_calculator", emi::check),
    ("fineract_generator", emi::check_generator),
    ("fineract_rate_factors", emi::check_factors),
    ("eu_commission_tables", tables::check_eu),
    ("frappe", tables::check_frappe),
    ("fineract_e2e_first_schedules", story::check),
];

/// Checks every vector of a file in the format of `schedules.json`. A section that is not there is empty.
pub fn check(json: &str) -> Result<ScheduleReport, BacktestError> {
    let file: Value = serde_json::from_str(json).map_err(|error| BacktestError::Format(error.to_string()))?;
    if !file.is_object() {
        return Err(BacktestError::Format("not an object".to_owned()));
    }
    let mut report = ScheduleReport::default();
    for (section, check) in SECTIONS {
        let mut count = SectionCount {
            section: section.to_owned(),
            ..SectionCount::default()
        };
        for (index, vector) in list(&file, section).iter().enumerate() {
            let row = judge(section, index, vector, check);
            match row.verdict {
                Verdict::Pass => count.passed += 1,
                Verdict::Miss => count.missed += 1,
                Verdict::Refused => count.refused += 1,
                Verdict::Error => count.errors += 1,
            }
            report.vectors.push(row);
        }
        report.sections.push(count);
    }
    Ok(report)
}

fn judge(section: &str, index: usize, vector: &Value, check: Check) -> ScheduleVector {
    let id = text(vector, "id").map_or_else(|_| format!("{section}-{index}"), str::to_owned);
    let mut row = ScheduleVector {
        id,
        section: section.to_owned(),
        expected: None,
        computed: None,
        verdict: Verdict::Pass,
        reason: None,
    };
    match check(vector) {
        Ok(Outcome::Pass) => {}
        Ok(Outcome::Miss {
            cell,
            expected,
            computed,
        }) => {
            row.verdict = Verdict::Miss;
            (row.expected, row.computed, row.reason) = (Some(expected), Some(computed), Some(cell));
        }
        Ok(Outcome::Refused(reason)) => (row.verdict, row.reason) = (Verdict::Refused, Some(reason)),
        Err(reason) => (row.verdict, row.reason) = (Verdict::Error, Some(reason)),
    }
    row
}

/// Collects the first cell that differs.
#[derive(Default)]
struct Cells(Option<(String, String, String)>);

impl Cells {
    fn compare(&mut self, cell: impl FnOnce() -> String, expected: &impl Display, computed: &impl Display) {
        let (expected, computed) = (expected.to_string(), computed.to_string());
        if self.0.is_none() && expected != computed {
            self.0 = Some((cell(), expected, computed));
        }
    }

    fn outcome(self) -> Outcome {
        match self.0 {
            None => Outcome::Pass,
            Some((cell, expected, computed)) => Outcome::Miss {
                cell,
                expected,
                computed,
            },
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no text {key}"))
}

fn date(value: &Value, key: &str) -> Result<Date, String> {
    text(value, key)?.parse().map_err(|_| format!("{key} is no date"))
}

/// A number of the file as it is written, never through a float.
fn number(value: &Value, key: &str) -> Result<Decimal, String> {
    match value.get(key) {
        Some(Value::Number(number)) => parse(&number.to_string()),
        Some(Value::String(text)) => parse(text),
        _ => Err(format!("no number {key}")),
    }
}

fn count(value: &Value, key: &str) -> Result<u32, String> {
    let count = value
        .get(key)
        .and_then(Value::as_u64)
        .and_then(|count| u32::try_from(count).ok());
    count.ok_or_else(|| format!("no count {key}"))
}

fn parse(text: &str) -> Result<Decimal, String> {
    let parsed = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    parsed.map_err(|_| format!("{text} is no number"))
}

/// An amount in units of ten to the minus `decimals`.
fn minor(amount: Decimal, decimals: u32) -> Result<i128, String> {
    let scaled = amount
        .checked_mul(Decimal::from(10_u64.pow(decimals)))
        .ok_or("amount out of range")?
        .normalize();
    if scaled.scale() == 0 {
        Ok(scaled.mantissa())
    } else {
        Err(format!("{amount} has too many decimals"))
    }
}

/// Minor units as a decimal.
fn major(amount: i128, decimals: u32) -> Result<Decimal, String> {
    Decimal::try_from_i128_with_scale(amount, decimals).map_err(|error| error.to_string())
}

fn unit(name: &str) -> Option<Unit> {
    match name.to_ascii_uppercase().trim_end_matches('S') {
        "DAY" => Some(Unit::Day),
        "WEEK" => Some(Unit::Week),
        "MONTH" => Some(Unit::Month),
        "YEAR" => Some(Unit::Year),
        _ => None,
    }
}

fn period(every: u32, unit_name: &str) -> Result<Period, String> {
    unit(unit_name)
        .map(|unit| Period::new(every, unit))
        .ok_or_else(|| format!("unknown frequency {unit_name}"))
}

fn shown(error: impl Display) -> String {
    error.to_string()
}

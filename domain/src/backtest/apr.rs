//! Published annual percentage rates, recomputed: every vector of a file is solved and compared, none is skipped.
//!
//! The method of a vector is chosen by its `method` field alone; published values are read only to compare.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::BacktestError;
use crate::calendar::{Date, Fraction};
use crate::cashflow::solve::Flow;
use crate::cashflow::{Apr, CashFlowError, DatedFlows, eu, india, us, xirr};

/// The outcome of one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Within the tolerance of every value that the file gives.
    Pass,
    /// Computed, but outside.
    Miss,
    /// Not computed.
    Error,
}

/// One vector, recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AprResult {
    /// As in the file, or its position when it has none.
    pub id: String,
    /// As in the file.
    pub method: String,
    /// The published rate, per cent.
    pub expected: Option<Decimal>,
    /// Our rate, per cent with six decimals.
    pub computed: Option<Decimal>,
    /// The outcome.
    pub verdict: Verdict,
    /// What differs, or why nothing was computed; empty on a pass.
    pub note: String,
}

/// One time interval of the European rules, recomputed and compared as exact fractions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IntervalResult {
    /// The interval, as `from..to period`.
    pub id: String,
    /// As in the file.
    pub expected: String,
    /// Whole periods and days, such as `1/12 + 3/365`.
    pub computed: Option<String>,
    /// The outcome.
    pub verdict: Verdict,
    /// Why nothing was computed.
    pub note: String,
}

/// A file of vectors, recomputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AprReport {
    /// In the order of the file.
    pub vectors: Vec<AprResult>,
    /// In the order of the file.
    pub intervals: Vec<IntervalResult>,
    /// Vectors and intervals that pass.
    pub passed: usize,
    /// Those that miss.
    pub missed: usize,
    /// Those that could not be computed.
    pub errors: usize,
}

/// Recomputes every vector and every interval of a file.
pub fn check(json: &str) -> Result<AprReport, BacktestError> {
    let file: File = serde_json::from_str(json).map_err(|error| BacktestError::Format(error.to_string()))?;
    if file.vectors.is_empty() && file.eu_time_intervals.is_empty() {
        return Err(BacktestError::Format("no vectors".to_owned()));
    }
    let vectors: Vec<AprResult> = file
        .vectors
        .iter()
        .enumerate()
        .map(|(index, raw)| vector(index, raw))
        .collect();
    let intervals: Vec<IntervalResult> = file.eu_time_intervals.iter().map(interval).collect();
    let verdicts = || {
        vectors
            .iter()
            .map(|v| v.verdict)
            .chain(intervals.iter().map(|i| i.verdict))
    };
    let count = |wanted: Verdict| verdicts().filter(|verdict| *verdict == wanted).count();
    let (passed, missed, errors) = (count(Verdict::Pass), count(Verdict::Miss), count(Verdict::Error));
    Ok(AprReport {
        vectors,
        intervals,
        passed,
        missed,
        errors,
    })
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    vectors: Vec<Value>,
    #[serde(default)]
    eu_time_intervals: Vec<Value>,
}

/// A number, written as JSON number or text, taken by its digits.
#[derive(Clone, Copy, Debug)]
struct Number(Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            other => return Err(serde::de::Error::custom(format!("expected a number, found {other}"))),
        };
        let parsed = Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text));
        parsed
            .map(Self)
            .map_err(|_| serde::de::Error::custom(format!("not a decimal number: {text}")))
    }
}

#[derive(Deserialize)]
struct Vector {
    method: String,
    unit_period: Option<String>,
    unit_periods_per_year: Option<Number>,
    time_unit: Option<String>,
    #[serde(default)]
    advances: Vec<Row>,
    #[serde(default)]
    payments: Vec<Row>,
    #[serde(default)]
    cash_flows: Vec<Row>,
    #[serde(flatten)]
    values: Values,
}

/// What a vector is compared with; never read before the rate is computed.
#[derive(Deserialize)]
struct Values {
    published_apr_percent: Option<Number>,
    published_decimals: Option<u32>,
    published_apr_percent_1dp: Option<Number>,
    published_x_percent: Option<Number>,
    published_rate: Option<Number>,
    recomputed_apr_percent: Option<Number>,
    recomputed_x_percent: Option<Number>,
    recomputed_rate: Option<Number>,
}

/// One flow, or a run of equal ones.
#[derive(Deserialize)]
struct Row {
    amount: Number,
    t: Option<Number>,
    f: Option<Number>,
    date: Option<Date>,
    count: Option<u32>,
    t_first: Option<Number>,
    t_step: Option<Number>,
}

/// The longest run of payments that is believed.
const MAX_RUN: u32 = 100_000;

fn vector(index: usize, raw: &Value) -> AprResult {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut result = AprResult {
        id: text("id").unwrap_or_else(|| format!("#{index}")),
        method: text("method").unwrap_or_default(),
        expected: None,
        computed: None,
        verdict: Verdict::Error,
        note: String::new(),
    };
    let vector = match Vector::deserialize(raw) {
        Ok(vector) => vector,
        Err(error) => {
            result.note = error.to_string();
            return result;
        }
    };
    match vector.solve() {
        Ok(apr) => {
            result.computed = Some(apr.percent());
            result.expected = vector.values.headline();
            let misses = vector.values.misses(&apr);
            if result.expected.is_none() {
                "no published value".clone_into(&mut result.note);
            } else if misses.is_empty() {
                result.verdict = Verdict::Pass;
            } else {
                result.verdict = Verdict::Miss;
                result.note = misses.join("; ");
            }
        }
        Err(error) => {
            result.expected = vector.values.headline();
            result.note = error.to_string();
        }
    }
    result
}

#[derive(Debug, thiserror::Error)]
enum VectorError {
    #[error("unknown method {0:?}")]
    Method(String),
    #[error("unknown unit of time {0:?}")]
    Unit(String),
    #[error("a flow has neither time nor date")]
    NoTime,
    #[error("number out of range")]
    Range,
    #[error(transparent)]
    Solve(#[from] CashFlowError),
}

impl Vector {
    fn solve(&self) -> Result<Apr, VectorError> {
        let method = self.method.as_str();
        if ![
            "us-appendix-j-actuarial",
            "eu-annex-i",
            "in-rbi-kfs",
            "xirr-act365",
            "effective-annual-365.25",
        ]
        .contains(&method)
        {
            return Err(VectorError::Method(self.method.clone()));
        }
        let rows = self.signed_rows();
        let timed = rows.iter().all(|(row, _)| row.t.is_some() || row.t_first.is_some());
        if !timed {
            let dated = dated_flows(&rows)?;
            return Ok(match method {
                "us-appendix-j-actuarial" => us::apr(&dated)?,
                "eu-annex-i" => eu::apr(&dated)?,
                "in-rbi-kfs" => india::apr(&dated)?,
                "xirr-act365" => xirr::apr(&dated, xirr::Year::Days365)?,
                _ => xirr::apr(&dated, xirr::Year::Days365AndQuarter)?,
            });
        }
        let flows = timed_flows(&rows)?;
        let unit = self.time_unit.as_deref();
        Ok(match method {
            "us-appendix-j-actuarial" => us::rate(flows, self.unit_periods_per_year()?)?,
            "eu-annex-i" => eu::rate(flows, per_year(unit.unwrap_or("years"), Fraction::whole(365))?)?,
            "in-rbi-kfs" => {
                let unit = unit.or(self.unit_period.as_deref()).unwrap_or("month");
                if !unit.starts_with("month") {
                    return Err(VectorError::Unit(unit.to_owned()));
                }
                india::rate(flows)?
            }
            "xirr-act365" => in_days(flows, unit, xirr::Year::Days365)?,
            _ => in_days(flows, unit, xirr::Year::Days365AndQuarter)?,
        })
    }

    /// Every row with the factor that turns its amount into one paid by the borrower.
    fn signed_rows(&self) -> Vec<(&Row, i128)> {
        let advances = self.advances.iter().map(|row| (row, -1));
        advances
            .chain(self.payments.iter().chain(&self.cash_flows).map(|row| (row, 1)))
            .collect()
    }

    fn unit_periods_per_year(&self) -> Result<Fraction, VectorError> {
        if let Some(Number(number)) = self.unit_periods_per_year {
            return fraction(number);
        }
        let unit = self.unit_period.as_deref().unwrap_or_default();
        let unknown = || VectorError::Unit(unit.to_owned());
        let mut words = unit.split_whitespace().filter(|word| !matches!(*word, "term" | "of"));
        let first = words.next().ok_or_else(unknown)?;
        let (count, name) = match first.parse::<u32>() {
            Ok(count) => (count, words.next().ok_or_else(unknown)?),
            Err(_) => (1, first),
        };
        let period = match name.trim_end_matches('s') {
            "day" => us::UnitPeriod::Days(count),
            "week" => us::UnitPeriod::Weeks(count),
            "semimonth" => us::UnitPeriod::Semimonth,
            "month" => us::UnitPeriod::Months(count),
            "quarter" => us::UnitPeriod::Months(3 * count),
            "year" => us::UnitPeriod::Year,
            _ => return Err(unknown()),
        };
        Ok(period.per_year()?)
    }
}

fn in_days(flows: Vec<Flow>, unit: Option<&str>, year: xirr::Year) -> Result<Apr, VectorError> {
    match unit.unwrap_or("days") {
        "day" | "days" => Ok(xirr::rate(flows, year)?),
        other => Err(VectorError::Unit(other.to_owned())),
    }
}

fn per_year(unit: &str, days: Fraction) -> Result<Fraction, VectorError> {
    match unit.trim_end_matches('s') {
        "year" => Ok(Fraction::whole(1)),
        "month" => Ok(Fraction::whole(12)),
        "week" => Ok(Fraction::whole(52)),
        "day" => Ok(days),
        other => Err(VectorError::Unit(other.to_owned())),
    }
}

/// The number of decimals that makes every amount whole.
fn scale_of(rows: &[(&Row, i128)]) -> u32 {
    rows.iter()
        .map(|(row, _)| row.amount.0.normalize().scale())
        .max()
        .unwrap_or(0)
}

fn whole_units(amount: Decimal, scale: u32) -> Result<i128, VectorError> {
    let amount = amount.normalize();
    let factor = 10_i128.checked_pow(scale - amount.scale()).ok_or(VectorError::Range)?;
    amount.mantissa().checked_mul(factor).ok_or(VectorError::Range)
}

fn dated_flows(rows: &[(&Row, i128)]) -> Result<DatedFlows, VectorError> {
    let scale = scale_of(rows);
    let mut flows = DatedFlows::default();
    for (row, sign) in rows {
        let date = row.date.ok_or(VectorError::NoTime)?;
        let amount = whole_units(row.amount.0, scale)? * sign;
        if amount < 0 {
            flows.advances.push((date, -amount));
        } else {
            flows.payments.push((date, amount));
        }
    }
    Ok(flows)
}

fn timed_flows(rows: &[(&Row, i128)]) -> Result<Vec<Flow>, VectorError> {
    let scale = scale_of(rows);
    let mut flows = Vec::new();
    for (row, sign) in rows {
        let amount = whole_units(row.amount.0, scale)? * sign;
        let first = row.t_first.or(row.t).ok_or(VectorError::NoTime)?.0;
        let step = row.t_step.map_or(Decimal::ONE, |step| step.0);
        let odd = row.f.map_or(Decimal::ZERO, |odd| odd.0);
        let count = row.count.unwrap_or(1);
        if count > MAX_RUN {
            return Err(VectorError::Range);
        }
        for index in 0..count {
            let offset = step.checked_mul(Decimal::from(index)).ok_or(VectorError::Range)?;
            let time = first
                .checked_add(offset)
                .and_then(|time| time.checked_add(odd))
                .ok_or(VectorError::Range)?;
            flows.push(Flow::at(fraction(time)?, amount));
        }
    }
    Ok(flows)
}

fn fraction(number: Decimal) -> Result<Fraction, VectorError> {
    let number = number.normalize();
    let denominator = 10_i64.checked_pow(number.scale()).ok_or(VectorError::Range)?;
    let numerator = i64::try_from(number.mantissa()).map_err(|_| VectorError::Range)?;
    Ok(Fraction { numerator, denominator })
}

impl Values {
    /// The published rate to show, per cent.
    fn headline(&self) -> Option<Decimal> {
        let percent = self
            .published_x_percent
            .or(self.published_apr_percent)
            .or(self.published_apr_percent_1dp);
        percent
            .map(|number| number.0)
            .or(self.published_rate.map(|rate| rate.0 * Decimal::ONE_HUNDRED))
    }

    fn misses(&self, apr: &Apr) -> Vec<String> {
        let percent = apr.percent();
        let mut misses = Vec::new();
        let mut note = |name: &str, holds: bool, wanted: Decimal, got: Decimal| {
            if !holds {
                misses.push(format!("{name}: expected {wanted}, computed {got}"));
            }
        };
        if let Some(Number(wanted)) = self.published_apr_percent {
            let decimals = self.published_decimals.unwrap_or_else(|| wanted.scale());
            note(
                "published_apr_percent",
                matches_published(percent, wanted, decimals),
                wanted,
                percent,
            );
        }
        if let Some(Number(wanted)) = self.published_apr_percent_1dp {
            note(
                "published_apr_percent_1dp",
                half_up(percent, 1) == wanted,
                wanted,
                percent,
            );
        }
        let near = |got: Decimal, wanted: Decimal, tolerance: Decimal| (got - wanted).abs() <= tolerance;
        if let Some(Number(wanted)) = self.published_x_percent {
            note(
                "published_x_percent",
                near(percent, wanted, Decimal::new(5, 4)),
                wanted,
                percent,
            );
        }
        for (name, value, got, most) in [
            ("published_rate", self.published_rate, apr.fraction, 8),
            ("recomputed_rate", self.recomputed_rate, apr.fraction, 8),
            ("recomputed_apr_percent", self.recomputed_apr_percent, percent, 6),
            ("recomputed_x_percent", self.recomputed_x_percent, percent, 6),
        ] {
            // One unit of the last decimal given, at least four: a trailing zero is not written.
            if let Some(Number(wanted)) = value {
                let tolerance = Decimal::new(1, wanted.scale().clamp(4, most));
                note(name, near(got, wanted, tolerance), wanted, got);
            }
        }
        misses
    }
}

/// Equal when rounded half up. Figures with four decimals or more come from calculators, which may cut where the
/// regulation's examples round: one unit of the last decimal is allowed.
fn matches_published(percent: Decimal, wanted: Decimal, decimals: u32) -> bool {
    half_up(percent, decimals) == wanted
        || (decimals >= 4 && (percent - wanted).abs() <= Decimal::new(1, decimals.min(6)))
}

fn half_up(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

#[derive(Deserialize)]
struct RawInterval {
    from: Date,
    to: Date,
    regular_period: eu::Regular,
    years: String,
}

fn interval(raw: &Value) -> IntervalResult {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).unwrap_or("?").to_owned();
    let mut result = IntervalResult {
        id: format!("{}..{} {}", text("from"), text("to"), text("regular_period")),
        expected: text("years"),
        computed: None,
        verdict: Verdict::Error,
        note: String::new(),
    };
    let computed = RawInterval::deserialize(raw)
        .map_err(|error| error.to_string())
        .and_then(|raw| {
            let found = eu::interval(raw.from, raw.to, raw.regular_period).map_err(|error| error.to_string())?;
            let years = found.years(raw.regular_period).map_err(|error| error.to_string())?;
            let wanted =
                sum_of_fractions(&raw.years).ok_or_else(|| format!("not a sum of fractions: {}", raw.years))?;
            let odd = format!("{}/{}", found.odd.numerator, found.odd.denominator);
            Ok((
                format!("{}/{} + {odd}", found.periods, raw.regular_period.per_year()),
                years == wanted,
            ))
        });
    match computed {
        Ok((text, equal)) => {
            result.computed = Some(text);
            result.verdict = if equal { Verdict::Pass } else { Verdict::Miss };
        }
        Err(error) => result.note = error,
    }
    result
}

/// Reads `1/12 + 3/365`.
fn sum_of_fractions(text: &str) -> Option<Fraction> {
    text.split('+').try_fold(Fraction::ZERO, |sum, part| {
        let (above, below) = part.split_once('/').unwrap_or((part, "1"));
        let part = Fraction::new(above.trim().parse().ok()?, below.trim().parse().ok()?).ok()?;
        sum.plus(part).ok()
    })
}

#[cfg(test)]
#[path = "apr_tests.rs"]
mod tests;

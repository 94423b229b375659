//! Fineract's EMI calculator: event lists, rate factors, and its schedule generator.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Cells, Outcome, count, date, list, major, minor, number, parse, period, shown, text};
use crate::calendar::{Date, Period, Unit, days_between};
use crate::schedule::rate::{self, Basis, DaysInMonth, DaysInYear, Span};
use crate::schedule::{
    Accrual, Grace, InstallmentRule, LoanTerms, Method, Model, PeriodView, Schedule, ScheduleError, generate,
};

const OPERATIONS: [&str; 6] = [
    "disburse",
    "expect_schedule",
    "expect_payable",
    "pay_principal",
    "pay_interest",
    "balance_correction",
];
const RATE_OPERATIONS: [&str; 5] = [
    "rate_change",
    "change_rate",
    "interest_rate",
    "change_interest_rate",
    "add_interest_rate",
];

fn basis(vector: &Value) -> Result<Basis, String> {
    let year = match text(vector, "days_in_year")?.trim_start_matches("DAYS_") {
        "ACTUAL" => DaysInYear::Actual,
        "360" => DaysInYear::Days360,
        "364" => DaysInYear::Days364,
        "365" => DaysInYear::Days365,
        other => return Err(format!("unknown days in year {other}")),
    };
    let month = match text(vector, "days_in_month")?.trim_start_matches("DAYS_") {
        "30" => DaysInMonth::Days30,
        // Fineract's INVALID stands where the month does not matter.
        "ACTUAL" | "INVALID" => DaysInMonth::Actual,
        other => return Err(format!("unknown days in month {other}")),
    };
    Ok(Basis { year, month })
}

/// Terms of a progressive loan in cents.
pub(super) fn progressive(
    principal: i128,
    rate: Decimal,
    start: Date,
    count: u32,
    every: Period,
    basis: Basis,
) -> LoanTerms {
    LoanTerms {
        principal,
        annual_rate: rate,
        start,
        first_due: None,
        first_years: None,
        count,
        every,
        method: Method::EqualInstallments,
        basis,
        accrual: Accrual::Basis,
        rule: InstallmentRule::Smoothed,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    }
}

/// An event list: what the model shows after each step.
pub(super) fn check(vector: &Value) -> Result<Outcome, String> {
    let events = list(vector, "events");
    for event in events {
        let operation = text(event, "op")?;
        if !OPERATIONS.contains(&operation) && !RATE_OPERATIONS.contains(&operation) {
            return Ok(Outcome::Refused(format!("operation {operation}")));
        }
    }
    let periods: Vec<(Date, Date)> = list(vector, "periods")
        .iter()
        .map(|row| Ok((date(row, "from")?, date(row, "due")?)))
        .collect::<Result<_, String>>()?;
    let frequency = vector.get("frequency").ok_or("no frequency")?;
    let every = period(count(frequency, "every")?, text(frequency, "unit")?)?;
    let rate = number(vector, "annual_nominal_rate_percent")? / Decimal::ONE_HUNDRED;
    let start = periods.first().ok_or("no periods")?.0;
    let installments = u32::try_from(periods.len()).map_err(shown)?;
    let terms = progressive(1, rate, start, installments, every, basis(vector)?);
    let mut model = Model::with_periods(terms, &periods).map_err(shown)?;
    let mut cells = Cells::default();
    for (step, event) in events.iter().enumerate() {
        apply(&mut model, &mut cells, step, event)?;
    }
    Ok(cells.outcome())
}

fn apply(model: &mut Model, cells: &mut Cells, step: usize, event: &Value) -> Result<(), String> {
    let amount = || minor(number(event, "amount")?, 2);
    let done = match text(event, "op")? {
        "disburse" => model.disburse(date(event, "date")?, amount()?),
        "pay_principal" => model.pay_principal(date(event, "period_due")?, date(event, "date")?, amount()?),
        "pay_interest" => model.pay_interest(date(event, "period_due")?, amount()?),
        "balance_correction" => model.correct(date(event, "date")?, amount()?),
        "expect_schedule" => return compare_rows(model, cells, step, event),
        "expect_payable" => return compare_payable(model, cells, step, event),
        _ => {
            let key = [
                "rate_percent",
                "annual_rate_percent",
                "annual_nominal_rate_percent",
                "rate",
            ];
            let rate = key.iter().find_map(|key| number(event, key).ok()).ok_or("no rate")?;
            let at = ["date", "from", "effective_from"]
                .iter()
                .find_map(|key| date(event, key).ok())
                .ok_or("no date")?;
            model.change_rate(at, rate / Decimal::ONE_HUNDRED)
        }
    };
    match done {
        // A change outside the loan has no effect on it.
        Ok(()) | Err(ScheduleError::OutsideSchedule(_)) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn compare_rows(model: &Model, cells: &mut Cells, step: usize, event: &Value) -> Result<(), String> {
    let periods = model.periods().map_err(shown)?;
    for row in list(event, "rows") {
        let number_of = |key| count(row, key).map(|at| at as usize);
        let (at, part) = (number_of("period")?, number_of("interest_period")?);
        let period = at
            .checked_sub(1)
            .and_then(|at| periods.get(at))
            .ok_or(format!("no period {at}"))?;
        for key in row.as_object().into_iter().flat_map(|row| row.keys()) {
            if let Some(computed) = cell(period, part, key)? {
                let expected = number(row, key)?.normalize();
                cells.compare(
                    || format!("step {step} period {at}.{part} {key}"),
                    &expected,
                    &computed.normalize(),
                );
            }
        }
    }
    Ok(())
}

fn cell(period: &PeriodView, part: usize, key: &str) -> Result<Option<Decimal>, String> {
    let slice = period.parts.get(part).ok_or(format!("no interest period {part}"))?;
    let amount = match key {
        "period" | "interest_period" => return Ok(None),
        "rate_factor" => return Ok(Some(slice.factor.round_dp(12))),
        "emi" => period.installment,
        "interest" => slice.interest,
        "interest_cumulated" => period.interest,
        "principal" => period.principal,
        "balance" => period.balance,
        other => return Err(format!("unknown cell {other}")),
    };
    major(amount, 2).map(Some)
}

fn compare_payable(model: &Model, cells: &mut Cells, step: usize, event: &Value) -> Result<(), String> {
    let payable = model
        .payable(date(event, "period_due")?, date(event, "date")?)
        .map_err(shown)?;
    let parts = [
        ("outstanding", payable.outstanding),
        ("principal", payable.principal),
        ("interest", payable.interest),
    ];
    for (key, computed) in parts {
        if event.get(key).is_some() {
            let expected = number(event, key)?.normalize();
            cells.compare(
                || format!("step {step} payable {key}"),
                &expected,
                &major(computed, 2)?.normalize(),
            );
        }
    }
    Ok(())
}

/// Rate factors and their running sums for monthly periods.
pub(super) fn check_factors(vector: &Value) -> Result<Outcome, String> {
    let words = text(vector, "periods")?;
    let dates: Vec<Date> = words.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [start, end] = dates[..] else {
        return Ok(Outcome::Refused(format!("periods {words}")));
    };
    if !words.starts_with("monthly") {
        return Ok(Outcome::Refused(format!("periods {words}")));
    }
    let every = Period::new(1, Unit::Month);
    let rate = number(vector, "annual_rate")?;
    let mut cells = Cells::default();
    for (index, case) in list(vector, "cases").iter().enumerate() {
        let basis = basis(case)?;
        let mut factors = Vec::new();
        for k in 0.. {
            let (from, due) = (
                every.after(start, k).map_err(shown)?,
                every.after(start, k + 1).map_err(shown)?,
            );
            if days_between(due, end) < 0 {
                break;
            }
            factors.push(rate::factor(rate, every, basis, Span::whole(from, due)).map_err(shown)?);
        }
        let sums = rate::growth_sums(&factors).map_err(shown)?;
        for (key, computed) in [("rate_factor", &factors), ("fn_value", &sums)] {
            for (at, expected) in list(case, key).iter().enumerate() {
                let expected = parse(expected.as_str().ok_or("a factor is text")?)?;
                let computed = computed
                    .get(at)
                    .ok_or("more factors than periods")?
                    .round_dp(expected.scale());
                cells.compare(
                    || format!("case {index} {key} {at}"),
                    &expected.normalize(),
                    &computed.normalize(),
                );
            }
        }
    }
    Ok(cells.outcome())
}

/// A whole schedule of the progressive generator.
pub(super) fn check_generator(vector: &Value) -> Result<Outcome, String> {
    let first = |keys: &[&str]| keys.iter().find_map(|key| number(vector, key).ok());
    let principal = first(&["principal", "disbursement_amount", "disbursed_amount", "amount"]);
    let rate = first(&["annual_nominal_rate_percent", "annual_rate_percent", "rate_percent"]);
    let start = ["start", "start_date", "disbursement_date", "disbursed_on", "from"]
        .iter()
        .find_map(|key| date(vector, key).ok());
    let rows = ["rows", "schedule", "expected", "periods"]
        .iter()
        .map(|key| list(vector, key))
        .find(|rows| !rows.is_empty());
    let (Some(principal), Some(rate), Some(rows)) = (principal, rate, rows) else {
        return Ok(Outcome::Refused(
            "generator case without principal, rate or rows".to_owned(),
        ));
    };
    let rows: Vec<&Value> = rows
        .iter()
        .filter(|row| number(row, "principal").is_ok() && number(row, "interest").is_ok())
        .collect();
    let start = start.or_else(|| rows.first().and_then(|row| date(row, "from").ok()));
    let (Some(start), false) = (start, rows.is_empty()) else {
        return Ok(Outcome::Refused("generator case without dates".to_owned()));
    };
    let every = match vector.get("frequency") {
        Some(frequency) => period(count(frequency, "every")?, text(frequency, "unit")?)?,
        None => Period::new(1, Unit::Month),
    };
    let installments = u32::try_from(rows.len()).map_err(shown)?;
    let terms = progressive(
        minor(principal, 2)?,
        rate / Decimal::ONE_HUNDRED,
        start,
        installments,
        every,
        basis(vector)?,
    );
    compare_generated(&generate(&terms).map_err(shown)?, &rows)
}

fn compare_generated(schedule: &Schedule, rows: &[&Value]) -> Result<Outcome, String> {
    let mut cells = Cells::default();
    for (computed, row) in schedule.installments.iter().zip(rows) {
        let parts = [
            ("principal", computed.principal),
            ("interest", computed.interest),
            ("total", computed.total),
            ("balance", computed.closing),
        ];
        for (key, amount) in parts {
            if let Ok(expected) = number(row, key) {
                let computed_cell = major(amount, 2)?.normalize();
                cells.compare(
                    || format!("installment {} {key}", computed.number),
                    &expected.normalize(),
                    &computed_cell,
                );
            }
        }
    }
    Ok(cells.outcome())
}

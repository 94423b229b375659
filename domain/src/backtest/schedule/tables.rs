//! The European Commission's amortization tables and the Frappe cases.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::{Cells, Outcome, count, date, list, major, minor, number, shown, text};
use crate::calendar::{Date, Period, Unit};
use crate::schedule::rate::{self, Basis};
use crate::schedule::{
    Accrual, Grace, Installment, InstallmentDates, InstallmentRule, LoanTerms, Method, generate, installment_dates,
};

/// The tables carry unrounded balances and show cents, so the engine runs in units of ten to the minus eight.
const SCALE: u32 = 8;

fn monthly(principal: i128, rate: Decimal, installments: u32, method: Method) -> LoanTerms {
    LoanTerms {
        principal,
        annual_rate: rate,
        start: Date::default(),
        first_due: None,
        first_years: None,
        count: installments,
        every: Period::new(1, Unit::Month),
        method,
        basis: Basis::ACT_365,
        accrual: Accrual::WholePeriods,
        rule: InstallmentRule::Smoothed,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    }
}

/// Cents, half up, as the tables show them.
fn cents(value: Decimal) -> Decimal {
    value
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
        .normalize()
}

/// The method and the leading installments without principal, seen from the shape of the principal column.
fn shape(rows: &[Value], total: u32) -> Result<(Method, u32), String> {
    let last = |row: &Value| count(row, "n").is_ok_and(|n| n == total);
    let column = rows.iter().filter(|row| !last(row)).map(|row| number(row, "principal"));
    let column: Vec<Decimal> = column.collect::<Result<_, _>>()?;
    let grace = column.iter().take_while(|principal| principal.is_zero()).count();
    let rest = column.get(grace..).unwrap_or_default();
    if rest.is_empty() && grace > 0 {
        let silent = rows
            .iter()
            .filter(|row| !last(row))
            .all(|row| number(row, "interest").is_ok_and(|i| i.is_zero()));
        return Ok((if silent { Method::Bullet } else { Method::InterestOnly }, 0));
    }
    let level = rest
        .windows(2)
        .all(|pair| (pair[0] - pair[1]).abs() <= Decimal::new(1, 2));
    let method = if rest.len() > 1 && level {
        Method::EqualPrincipal
    } else {
        Method::EqualInstallments
    };
    Ok((method, u32::try_from(grace).map_err(shown)?))
}

/// Length of the first period in years, when the first row's interest is not that of a month: whole months and odd days
/// over 365 or 366.
fn first_years(principal: Decimal, rate: Decimal, interest: Decimal) -> Result<Option<Decimal>, String> {
    let yearly = principal.checked_mul(rate).ok_or("amount out of range")?;
    if yearly.is_zero() || cents(yearly / Decimal::from(12)) == interest {
        return Ok(None);
    }
    for months in 0..3_u32 {
        for days in 0..=31_u32 {
            for year in [365_u32, 366] {
                let years = Decimal::from(months) / Decimal::from(12) + Decimal::from(days) / Decimal::from(year);
                if cents(yearly * years) == interest {
                    return Ok(Some(years));
                }
            }
        }
    }
    Ok(Some(interest / yearly))
}

/// A table of the Commission: openings, interest, principal, payment and closing of every row shown. A new rate or a balance
/// that jumps starts a new plan for the periods that are left.
pub(super) fn check_eu(vector: &Value) -> Result<Outcome, String> {
    let convention = text(vector, "rate_convention")?;
    let effective = convention.starts_with("effective");
    if !effective && !convention.starts_with("nominal") {
        return Ok(Outcome::Refused(format!("rate convention {convention}")));
    }
    let total = count(vector, "total_periods")?;
    let rows = list(vector, "rows");
    let (method, grace) = shape(rows, total)?;
    let mut balance = minor(number(vector, "principal")?, SCALE)?;
    let (mut plan, mut plan_rate, mut begun): (Vec<Installment>, Option<Decimal>, u32) = (Vec::new(), None, 0);
    let (mut cells, mut interest) = (Cells::default(), 0);
    for row in rows {
        let (n, rate) = (count(row, "n")?, number(row, "rate_percent")?);
        let opening = number(row, "opening")?;
        let jumped = (major(balance, SCALE)? - opening).abs() > Decimal::new(2, 2);
        if plan_rate != Some(rate) || jumped {
            if jumped {
                balance = minor(opening, SCALE)?;
            }
            begun = n.checked_sub(1).ok_or("rows count from 1")?;
            let left = total.checked_sub(begun).ok_or("more rows than periods")?;
            let mut terms = monthly(balance, rate / Decimal::ONE_HUNDRED, left, method);
            terms.grace.principal = grace.saturating_sub(begun);
            if effective {
                terms.annual_rate =
                    rate::effective_per_period(terms.annual_rate, 12).map_err(shown)? * Decimal::from(12);
            } else if n == 1 {
                terms.first_years = first_years(major(balance, SCALE)?, terms.annual_rate, number(row, "interest")?)?;
            }
            plan = generate(&terms).map_err(shown)?.installments;
            plan_rate = Some(rate);
        }
        let computed = plan.get((n - begun - 1) as usize).ok_or("more rows than periods")?;
        compare_row(&mut cells, row, computed)?;
        (balance, interest) = (computed.closing, interest + computed.interest);
    }
    let complete = rows.last().is_some_and(|row| count(row, "n").is_ok_and(|n| n == total));
    if let (true, Some(line)) = (complete, vector.get("totals_line")) {
        let expected = number(line, "total_interest")?.normalize();
        cells.compare(
            || "total interest".to_owned(),
            &expected,
            &cents(major(interest, SCALE)?),
        );
    }
    Ok(cells.outcome())
}

fn compare_row(cells: &mut Cells, row: &Value, computed: &Installment) -> Result<(), String> {
    let parts = [
        ("opening", computed.opening),
        ("interest", computed.interest),
        ("principal", computed.principal),
        ("payment", computed.total),
        ("closing", computed.closing),
    ];
    for (key, amount) in parts {
        let expected = number(row, key)?.normalize();
        cells.compare(
            || format!("row {} {key}", row["n"]),
            &expected,
            &cents(major(amount, SCALE)?),
        );
    }
    Ok(())
}

/// A Frappe case: a fixed payment or a fixed number of payments in whole units, or installment dates.
pub(super) fn check_frappe(vector: &Value) -> Result<Outcome, String> {
    if vector.get("cases").is_some() {
        return check_dates(vector);
    }
    if vector.get("formula").is_some() {
        return Ok(Outcome::Refused("a formula without numbers".to_owned()));
    }
    let (Ok(method), Ok(principal), Ok(rate)) = (
        text(vector, "method"),
        number(vector, "principal"),
        number(vector, "annual_rate_percent"),
    ) else {
        return Ok(Outcome::Refused("neither a schedule nor installment dates".to_owned()));
    };
    let (principal, rate) = (minor(principal, 0)?, rate / Decimal::ONE_HUNDRED);
    let terms = match method {
        "Repay Fixed Amount per Period" => {
            let payment = minor(number(vector, "monthly_payment")?, 0)?;
            monthly(principal, rate, 1_200, Method::FixedPayment(payment))
        }
        "Repay Over Number of Periods" => {
            let mut terms = monthly(principal, rate, count(vector, "periods")?, Method::EqualInstallments);
            terms.rule = InstallmentRule::RoundedUp;
            terms
        }
        other => return Ok(Outcome::Refused(format!("method {other}"))),
    };
    let schedule = generate(&terms).map_err(shown)?;
    let first = schedule.installments.first().map_or(0, |row| row.total);
    let parts = [
        ("monthly_payment", first),
        ("periods", i128::try_from(schedule.installments.len()).map_err(shown)?),
        ("total_interest", schedule.total_interest()),
        ("total_payment", schedule.total()),
    ];
    let mut cells = Cells::default();
    for (key, computed) in parts {
        if vector.get(key).is_some() {
            cells.compare(|| key.to_owned(), &number(vector, key)?.normalize(), &computed);
        }
    }
    Ok(cells.outcome())
}

fn check_dates(vector: &Value) -> Result<Outcome, String> {
    let (requested, installments) = (date(vector, "first_requested")?, count(vector, "periods")?);
    let mut cells = Cells::default();
    for case in list(vector, "cases") {
        let name = text(case, "type")?;
        let rule = match name {
            "Monthly as per repayment start date" => InstallmentDates::OnRequestedDay,
            "Pro-rated calendar months, start of the next month" => InstallmentDates::StartOfNextMonth,
            "Pro-rated calendar months, end of the current month" => InstallmentDates::EndOfMonth,
            other => return Ok(Outcome::Refused(format!("dates {other}"))),
        };
        let dates = installment_dates(requested, rule, Period::new(1, Unit::Month), installments).map_err(shown)?;
        for (key, computed) in [
            ("first", dates.first()),
            ("second", dates.get(1)),
            ("last", dates.last()),
        ] {
            let computed = computed.ok_or("no dates")?;
            cells.compare(|| format!("{name} {key}"), &date(case, key)?, computed);
        }
    }
    Ok(cells.outcome())
}

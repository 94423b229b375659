//! Facts to models, one module for each document, and what they share.

pub(crate) mod adverse_action;
pub(crate) mod agreement;
pub(crate) mod kfs;
pub(crate) mod reg_z;
pub(crate) mod secci;

use chrono::{Datelike, NaiveDate};
use domain::calendar::is_month_end;
use domain::{Currency, Money, Rate};

use crate::facts::{LateTerms, Locale, Party, Period, ScheduledPayment, SecurityInterest, Unit, VariableRate};
use crate::format::{every, percent, period};
use crate::model::{Block, Column, Table};
use crate::render::Problem;

/// The problem with a field.
pub(crate) const fn problem(field: &'static str, text: &'static str) -> Problem {
    Problem { field, text }
}

/// A text that has to be there.
pub(crate) fn required(field: &'static str, text: &str) -> Result<(), Problem> {
    if crate::model::clean(text).trim().is_empty() {
        return Err(problem(field, "is empty"));
    }
    Ok(())
}

/// A name that has to be there, and an address where a rule asks for one.
pub(crate) fn party(field: &'static str, party: &Party, address: bool) -> Result<(), Problem> {
    required(field, &party.name)?;
    if address && party.address.iter().all(|line| line.trim().is_empty()) {
        return Err(problem(field, "needs an address"));
    }
    Ok(())
}

/// Sum of amounts in one currency.
pub(crate) fn sum(
    field: &'static str,
    currency: Currency,
    amounts: impl IntoIterator<Item = Money>,
) -> Result<Money, Problem> {
    let mut total = Money::zero(currency);
    for amount in amounts {
        total = total
            .plus(amount)
            .map_err(|_| problem(field, "amounts are in two currencies or too large"))?;
    }
    Ok(total)
}

/// The sum of a calendar whose rows add up and whose dates rise.
pub(crate) fn schedule_sum(schedule: &[ScheduledPayment], currency: Currency) -> Result<Money, Problem> {
    if schedule.is_empty() {
        return Err(problem("schedule", "is empty"));
    }
    for row in schedule {
        if sum("schedule", currency, [row.principal, row.interest, row.fees])? != row.total {
            return Err(problem("schedule", "a row does not add up"));
        }
        if row.total.minor < 0 {
            return Err(problem("schedule", "a payment is negative"));
        }
    }
    if schedule.windows(2).any(|pair| pair[0].due > pair[1].due) {
        return Err(problem("schedule", "dates are not in order"));
    }
    sum("schedule", currency, schedule.iter().map(|row| row.total))
}

/// Equal payments that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub count: usize,
    pub amount: Money,
    pub first: NaiveDate,
    /// None for a single payment, or where the dates follow no rule.
    pub interval: Option<Period>,
    pub dates: Vec<NaiveDate>,
}

/// Groups a calendar into stretches of equal payments.
pub(crate) fn stretches(schedule: &[ScheduledPayment]) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    for row in schedule {
        match out.last_mut() {
            Some(last) if last.amount == row.total => last.dates.push(row.due),
            _ => out.push(Stretch {
                count: 0,
                amount: row.total,
                first: row.due,
                interval: None,
                dates: vec![row.due],
            }),
        }
    }
    for stretch in &mut out {
        stretch.count = stretch.dates.len();
        stretch.interval = interval(&stretch.dates);
    }
    out
}

/// The period between all of these dates, when there is one. Month ends count as the same day.
fn interval(dates: &[NaiveDate]) -> Option<Period> {
    let (first, second) = (*dates.first()?, *dates.get(1)?);
    let days = u32::try_from((second - first).num_days())
        .ok()
        .filter(|days| *days > 0)?;
    let months = |a: NaiveDate, b: NaiveDate| {
        let same = a.day() == b.day() || is_month_end(a) || is_month_end(b);
        let count = (b.year() - a.year()) * 12 + i32::try_from(b.month()).ok()? - i32::try_from(a.month()).ok()?;
        u32::try_from(count).ok().filter(|count| same && *count > 0)
    };
    let count = months(first, second);
    let monthly = count.filter(|_| dates.windows(2).all(|pair| months(pair[0], pair[1]) == count));
    if let Some(count) = monthly {
        return Some(if count % 12 == 0 {
            Period::new(count / 12, Unit::Year)
        } else {
            Period::new(count, Unit::Month)
        });
    }
    let even = dates
        .windows(2)
        .all(|pair| (pair[1] - pair[0]).num_days() == i64::from(days));
    even.then(|| {
        if days % 7 == 0 {
            Period::new(days / 7, Unit::Week)
        } else {
            Period::new(days, Unit::Day)
        }
    })
}

impl Stretch {
    /// `monthly, beginning February 10, 2026`, the date of a single payment, or all dates.
    pub(crate) fn when(&self, locale: Locale) -> String {
        if let Some(interval) = self.interval {
            return capital(&format!("{}, beginning {}", every(interval), locale.date(self.first)));
        }
        let dates: Vec<String> = self.dates.iter().map(|date| locale.date(*date)).collect();
        dates.join("; ")
    }
}

/// First letter upper case.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Number, amount and dates of the payments.
pub(crate) fn payments_table(schedule: &[ScheduledPayment], locale: Locale) -> Block {
    let rows = stretches(schedule).into_iter().map(|stretch| {
        vec![
            stretch.count.to_string(),
            locale.money(stretch.amount),
            stretch.when(locale),
        ]
    });
    Block::Table(Table {
        columns: vec![
            Column::right("Number of payments", 18),
            Column::right("Amount of payments", 24),
            Column::left("When payments are due", 58),
        ],
        rows: rows.collect(),
        total: false,
    })
}

/// Every payment, with the principal that is left after it.
pub(crate) fn amortization(
    schedule: &[ScheduledPayment],
    currency: Currency,
    locale: Locale,
) -> Result<Block, Problem> {
    let principal = sum("schedule", currency, schedule.iter().map(|row| row.principal))?;
    let fees = sum("schedule", currency, schedule.iter().map(|row| row.fees))?;
    let interest = sum("schedule", currency, schedule.iter().map(|row| row.interest))?;
    let total = sum("schedule", currency, schedule.iter().map(|row| row.total))?;
    let mut left = principal;
    let mut rows = Vec::with_capacity(schedule.len() + 1);
    for (number, row) in (1..).zip(schedule) {
        let before = left;
        left = left
            .minus(row.principal)
            .map_err(|_| problem("schedule", "amounts are in two currencies or too large"))?;
        let mut cells = vec![format!("{number}"), locale.date(row.due), locale.money(before)];
        cells.extend([row.principal, row.interest].map(|amount| locale.money(amount)));
        if !fees.is_zero() {
            cells.push(locale.money(row.fees));
        }
        cells.push(locale.money(row.total));
        rows.push(cells);
    }
    let mut last = vec![String::new(), "Total".to_owned(), String::new()];
    last.extend([principal, interest].map(|amount| locale.money(amount)));
    let mut columns = vec![
        Column::right("No.", 6),
        Column::left("Due", 20),
        Column::right("Outstanding principal", 20),
        Column::right("Principal", 18),
        Column::right("Interest", 16),
    ];
    if !fees.is_zero() {
        columns.push(Column::right("Fees", 14));
        last.push(locale.money(fees));
    }
    columns.push(Column::right("Installment", 18));
    last.push(locale.money(total));
    rows.push(last);
    Ok(Block::Table(Table {
        columns,
        rows,
        total: true,
    }))
}

/// What a late payment costs, in sentences.
pub(crate) fn late(terms: &LateTerms, locale: Locale) -> String {
    let after = if terms.grace_days == 0 {
        "If a payment is late,".to_owned()
    } else {
        let days = period(Period::new(terms.grace_days, Unit::Day));
        format!("If a payment is more than {days} late,")
    };
    let fee = (!terms.fee.is_zero()).then(|| format!("a fee of {}", locale.money(terms.fee)));
    let rate =
        (terms.penal_rate != Rate::ZERO).then(|| format!("{} a year on the overdue amount", percent(terms.penal_rate)));
    match (fee, rate) {
        (None, None) => "There is no charge for a late payment.".to_owned(),
        (Some(one), None) | (None, Some(one)) => format!("{after} you will be charged {one}."),
        (Some(fee), Some(rate)) => format!("{after} you will be charged {fee} and {rate}."),
    }
}

/// The security, in sentences.
pub(crate) fn security(security: &SecurityInterest, locale: Locale) -> String {
    let mut text = vec![format!("You are giving a security interest in: {}.", security.property)];
    if let Some(threshold) = security.liquidation_threshold {
        text.push(format!(
            "The collateral may be sold when the debt rises above {} of its value.",
            percent(threshold)
        ));
    }
    if let Some(penalty) = security.liquidation_penalty {
        text.push(format!("A sale costs you {} of what is sold.", percent(penalty)));
    }
    if let Some(fees) = security.filing_fees {
        text.push(format!("Filing fees: {}.", locale.money(fees)));
    }
    text.join(" ")
}

/// How a rate can change, in sentences.
pub(crate) fn variable(rate: &VariableRate, locale: Locale) -> String {
    let mut text = vec![format!(
        "The rate follows {} (now {}) plus {} and is set anew {}.",
        rate.index,
        percent(rate.index_rate),
        percent(rate.spread),
        every(rate.reset_every)
    )];
    match (rate.floor, rate.cap) {
        (Some(floor), Some(cap)) => {
            text.push(format!(
                "It will not go below {} or above {}.",
                percent(floor),
                percent(cap)
            ));
        }
        (None, Some(cap)) => text.push(format!("It will not go above {}.", percent(cap))),
        (Some(floor), None) => text.push(format!(
            "It will not go below {}. There is no upper limit.",
            percent(floor)
        )),
        (None, None) => text.push("There is no upper limit.".to_owned()),
    }
    if let Some(effect) = &rate.plus_25bp {
        text.push(format!(
            "An increase of the index by 0.25 percentage points would raise the installment to {}, or the number of \
             installments to {} at the same installment.",
            locale.money(effect.installment),
            effect.installments
        ));
    }
    text.join(" ")
}

/// The installments in one sentence each: `24 payments of $230.00: monthly, beginning February 10, 2026`.
pub(crate) fn installments(schedule: &[ScheduledPayment], locale: Locale) -> Vec<String> {
    let lines = stretches(schedule).into_iter().map(|stretch| {
        let payments = if stretch.count == 1 { "payment" } else { "payments" };
        format!(
            "{} {payments} of {}: {}",
            stretch.count,
            locale.money(stretch.amount),
            stretch.when(locale)
        )
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(texts: &[&str]) -> Vec<NaiveDate> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_interval_is_that_of_every_pair() {
        let monthly = dates(&["2026-01-31", "2026-02-28", "2026-03-31"]);
        assert_eq!(interval(&monthly), Some(Period::new(1, Unit::Month)));
        let weeks = dates(&["2026-01-01", "2026-01-15", "2026-01-29"]);
        assert_eq!(interval(&weeks), Some(Period::new(2, Unit::Week)));
        assert_eq!(interval(&dates(&["2026-01-01", "2026-01-02", "2026-01-09"])), None);
        assert_eq!(interval(&dates(&["2026-01-01"])), None);
        let years = dates(&["2026-05-01", "2027-05-01"]);
        assert_eq!(interval(&years), Some(Period::new(1, Unit::Year)));
    }
}

//! The older schedule with interest recalculation (Fineract's cumulative loan): a payment rewrites the schedule from the
//! installment in which it falls; what was due before stays as it was.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::generate::{div_exact, level_for};
use super::rate::{Span, round_half_even, share_half_even};
use super::{Installment, LoanTerms, Method, Schedule, ScheduleError};
use crate::calendar::Date;

/// What a payment before its time changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyPayment {
    /// The installments to come are smaller.
    ReduceInstallment,
    /// There are fewer installments.
    ReduceCount,
    /// The next installments ask for less principal until the excess is used up.
    RescheduleNext,
}

/// When a payment starts to count for interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// On its day.
    Daily,
    /// On the due date that follows.
    Period,
}

/// How a loan is recalculated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recalculation {
    /// What an early payment changes.
    pub early: EarlyPayment,
    /// When a payment counts.
    pub rest: Rest,
    /// Whether unpaid interest carries interest from its due date.
    pub compounding: bool,
}

/// Money in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Movement {
    /// Lent after the first disbursement.
    Disbursed {
        /// Day.
        at: Date,
        /// Amount.
        amount: i128,
    },
    /// Paid by the borrower.
    Paid {
        /// Day.
        at: Date,
        /// Amount.
        amount: i128,
    },
}

impl Movement {
    fn at(self) -> Date {
        match self {
            Self::Disbursed { at, .. } | Self::Paid { at, .. } => at,
        }
    }
}

/// A row with what the next one starts from.
#[derive(Clone, Copy)]
struct Row {
    installment: Installment,
    level: i128,
    reduce: i128,
}

struct Engine<'a> {
    terms: &'a LoanTerms,
    rule: Recalculation,
    periods: Vec<(Date, Date)>,
    first: i128,
    disbursements: Vec<(Date, i128)>,
}

/// The schedule after `movements`. `first` was lent on the first day; the level installment is that of `terms.principal`,
/// which may be more than was lent yet.
pub fn recalculate(
    terms: &LoanTerms,
    rule: Recalculation,
    first: i128,
    movements: &[Movement],
) -> Result<Schedule, ScheduleError> {
    terms.check()?;
    if !matches!(terms.method, Method::EqualInstallments | Method::EqualPrincipal) {
        return Err(ScheduleError::Terms("only a declining balance is recalculated"));
    }
    if let Some(pair) = movements.windows(2).find(|pair| pair[0].at() > pair[1].at()) {
        return Err(ScheduleError::OutOfOrder(pair[1].at()));
    }
    let mut engine = Engine {
        terms,
        rule,
        periods: terms.periods()?,
        first,
        disbursements: Vec::new(),
    };
    let mut paid: Vec<(Date, i128)> = Vec::new();
    let mut rows = engine.build(Vec::new(), &paid, terms.start)?;
    for movement in movements {
        match *movement {
            Movement::Disbursed { at, amount } => engine.disbursements.push((at, amount)),
            Movement::Paid { at, amount } => paid.push((at, amount)),
        }
        rows.retain(|row| row.installment.due < movement.at());
        rows = engine.build(rows, &paid, movement.at())?;
    }
    Ok(Schedule {
        installments: rows.into_iter().map(|row| row.installment).collect(),
    })
}

/// Fills rows in order with payments; answers what each row got up to `until` (inclusive) and what was left of each payment.
fn fill(rows: &[Row], paid: &[(Date, i128)], until: Date) -> (Vec<i128>, Vec<i128>) {
    let mut got = vec![0; rows.len()];
    let mut rest = Vec::with_capacity(paid.len());
    for (at, amount) in paid {
        let mut left = if *at <= until { *amount } else { 0 };
        for (row, got) in rows.iter().zip(&mut got) {
            let part = left.min(row.installment.total - *got);
            *got += part;
            left -= part;
        }
        rest.push(left);
    }
    (got, rest)
}

impl Engine<'_> {
    fn lent_until(&self, at: Date) -> i128 {
        self.first
            + self
                .disbursements
                .iter()
                .filter(|lent| lent.0 <= at)
                .map(|lent| lent.1)
                .sum::<i128>()
    }

    /// Builds the rows after `rows`, knowing the payments up to `today`.
    fn build(&self, mut rows: Vec<Row>, paid: &[(Date, i128)], today: Date) -> Result<Vec<Row>, ScheduleError> {
        for index in rows.len()..self.periods.len() {
            let due = self.periods[index].1;
            let before: i128 = rows.iter().map(|row| row.installment.principal).sum();
            if self.lent_until(due) == before {
                break;
            }
            let row = self.row(&rows, paid, today)?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// The next row.
    fn row(&self, rows: &[Row], paid: &[(Date, i128)], today: Date) -> Result<Row, ScheduleError> {
        let number = u32::try_from(rows.len() + 1).map_err(|_| ScheduleError::Overflow)?;
        let (from, due) = self.periods[rows.len()];
        let repaid: i128 = rows.iter().map(|row| row.installment.principal).sum();
        let opening = self.lent_until(due) - repaid;
        let (level, carried) = match rows.last() {
            Some(last) => (last.level, last.reduce),
            None => (self.level(self.terms.principal, 0)?, 0),
        };
        let early = self.early(rows, paid, (from, due));
        let interest = self.interest(rows, paid, &early, today)?;
        let scheduled = self.scheduled(level, interest, number).min(opening);
        let used = scheduled.min(carried);
        let mut principal = scheduled - used;
        let mut reduce = carried - used;
        let prepaid: i128 = early.iter().map(|payment| payment.1).sum();
        let mut excess = (prepaid - principal).max(0);
        principal = if number == self.terms.count {
            opening
        } else {
            (principal + excess).min(opening)
        };
        // What is paid on the due date beyond this row is principal too.
        let (_, left) = fill(rows, paid, due);
        let on_time: i128 = paid
            .iter()
            .zip(&left)
            .filter(|(p, _)| p.0 > from || number == 1)
            .map(|(_, left)| left)
            .sum();
        let beyond = (on_time - prepaid.max(principal + interest)).clamp(0, opening - principal);
        let on_time_beyond = if prepaid > 0 && on_time <= prepaid { 0 } else { beyond };
        principal += on_time_beyond;
        excess += on_time_beyond;
        let mut next = level;
        if excess > 0 {
            reduce += excess;
            if self.rule.early != EarlyPayment::RescheduleNext {
                reduce = 0;
            }
            let remaining = self.terms.principal.max(self.lent_until(due)) - repaid - principal;
            if self.rule.early == EarlyPayment::ReduceInstallment && remaining > 0 && number < self.terms.count {
                next = self.level(remaining, number)?;
            }
        }
        let installment = Installment {
            number,
            from,
            due,
            opening,
            principal,
            interest,
            fees: 0,
            total: principal + interest,
            closing: opening - principal,
        };
        Ok(Row {
            installment,
            level: next,
            reduce,
        })
    }

    /// The equal installment, or the equal principal, for `balance` after `elapsed` installments.
    fn level(&self, balance: i128, elapsed: u32) -> Result<i128, ScheduleError> {
        if self.terms.method == Method::EqualInstallments {
            return level_for(self.terms, balance, elapsed);
        }
        let count = self.terms.count - elapsed.max(self.terms.grace.principal);
        round_half_even(div_exact(balance, i128::from(count))?, self.terms.rounding)
    }

    fn scheduled(&self, level: i128, interest: i128, number: u32) -> i128 {
        match self.terms.method {
            _ if number <= self.terms.grace.principal => 0,
            Method::EqualInstallments => (level - interest).max(0),
            _ => level,
        }
    }

    /// Payments inside the period beyond what was overdue, by the day from which they count.
    fn early(&self, rows: &[Row], paid: &[(Date, i128)], (from, due): (Date, Date)) -> Vec<(Date, i128)> {
        if self.rule.rest == Rest::Period {
            return Vec::new();
        }
        let (_, left) = fill(rows, paid, due);
        let inside = |at: Date| (at > from || rows.is_empty()) && at < due;
        let parts = paid
            .iter()
            .zip(left)
            .filter(|(payment, left)| inside(payment.0) && *left > 0);
        parts.map(|(payment, left)| (payment.0, left)).collect()
    }

    /// Interest of the next row: every stretch of days with one balance is rounded on its own. What is overdue carries
    /// interest up to `today`, or to the due date when payments count from there.
    fn interest(
        &self,
        rows: &[Row],
        paid: &[(Date, i128)],
        early: &[(Date, i128)],
        today: Date,
    ) -> Result<i128, ScheduleError> {
        let (from, due) = self.periods[rows.len()];
        let until = match self.rule.rest {
            Rest::Daily => today,
            Rest::Period if today > from => due,
            Rest::Period => from,
        };
        let mut days: BTreeSet<Date> = BTreeSet::from([from, due]);
        if !rows.is_empty() {
            days.insert(until);
        }
        days.extend(
            paid.iter()
                .map(|payment| payment.0)
                .filter(|_| self.rule.rest == Rest::Daily),
        );
        days.extend(self.disbursements.iter().map(|lent| lent.0));
        let days: Vec<Date> = days.into_iter().filter(|day| (from..=due).contains(day)).collect();
        let repaid: i128 = rows.iter().map(|row| row.installment.principal).sum();
        let mut interest = 0;
        let mut stretch: Option<(Date, i128)> = None;
        for day in days.iter().copied() {
            let prepaid: i128 = early
                .iter()
                .filter(|payment| payment.0 <= day)
                .map(|payment| payment.1)
                .sum();
            let overdue = if day < until { self.overdue(rows, paid, day) } else { 0 };
            let balance = (self.lent_until(day) - repaid - prepaid).max(0) + overdue;
            match stretch {
                Some((_, running)) if running == balance && day < due => continue,
                Some((start, running)) => {
                    let span = Span {
                        start: from,
                        end: due,
                        from: start,
                        to: day,
                    };
                    let factor = self.terms.factor(self.terms.annual_rate, span)?;
                    interest += share_half_even(running, factor, self.terms.rounding)?;
                }
                None => {}
            }
            stretch = Some((day, balance));
        }
        Ok(interest)
    }

    /// What of the rows before is overdue on `day`: principal, and interest when it compounds.
    fn overdue(&self, rows: &[Row], paid: &[(Date, i128)], day: Date) -> i128 {
        let known = if self.rule.rest == Rest::Daily {
            day
        } else {
            self.periods[rows.len()].0
        };
        let (got, _) = fill(rows, paid, known);
        let each = rows.iter().zip(got).map(|(row, got)| {
            let owed = row.installment.total - got;
            if self.rule.compounding {
                owed
            } else {
                owed.min(row.installment.principal)
            }
        });
        each.sum()
    }
}

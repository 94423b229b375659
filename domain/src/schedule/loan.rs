//! A loan as a fold over what happened to it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    AllocationOrder, Component, Installment, LoanTerms, Model, Obligation, PeriodView, Processing, Schedule,
    ScheduleError, allocate,
};
use crate::calendar::Date;

/// Up to which day a payoff asks for interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoffInterest {
    /// Up to the day of the payoff.
    TillPayoff,
    /// Up to the due date of the running installment.
    TillDueDate,
}

/// Rules of the loan that do not shape the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoanSettings {
    /// In which order a payment covers what is owed.
    pub order: AllocationOrder,
    /// Installment by installment or slot by slot.
    pub processing: Processing,
    /// Whether overdue principal carries interest until it is paid.
    pub overdue_interest: bool,
    /// Interest in a payoff.
    pub payoff: PayoffInterest,
}

/// Kind of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// Any charge but a penalty.
    Fee,
    /// For being late.
    Penalty,
}

/// What happened to a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LoanEvent {
    /// Money was lent; `down_payment` of it is due back the same day and carries no interest.
    Disbursed {
        /// Day.
        at: Date,
        /// Amount lent.
        amount: i128,
        /// Part due back at once.
        down_payment: i128,
    },
    /// The yearly rate is another from this day on.
    RateChanged {
        /// Day.
        at: Date,
        /// New yearly rate.
        rate: Decimal,
    },
    /// A charge was added.
    Charged {
        /// Day.
        at: Date,
        /// When it is due; it joins the installment that this day falls in.
        due: Date,
        /// Fee or penalty.
        charge: Charge,
        /// Amount.
        amount: i128,
    },
    /// The borrower paid.
    Paid {
        /// Day.
        at: Date,
        /// Amount.
        amount: i128,
    },
}

impl LoanEvent {
    /// The day of the event.
    pub fn at(&self) -> Date {
        match self {
            Self::Disbursed { at, .. }
            | Self::RateChanged { at, .. }
            | Self::Charged { at, .. }
            | Self::Paid { at, .. } => *at,
        }
    }
}

/// What repays a loan in full on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payoff {
    /// Principal not yet repaid.
    pub principal: i128,
    /// Interest.
    pub interest: i128,
    /// Fees and penalties.
    pub fees: i128,
}

impl Payoff {
    /// All of it.
    pub fn total(&self) -> i128 {
        self.principal + self.interest + self.fees
    }
}

/// Something owed beside the installments: a charge, or a down payment as principal.
#[derive(Clone, Copy, Debug)]
struct Extra {
    due: Date,
    component: Component,
    amount: i128,
    paid: i128,
}

/// The state of a loan.
#[derive(Clone, Debug)]
pub struct Loan {
    settings: LoanSettings,
    model: Model,
    extras: Vec<Extra>,
    last: Date,
}

impl Loan {
    /// Folds `events`, oldest first, over a loan of these terms.
    pub fn fold(terms: &LoanTerms, settings: &LoanSettings, events: &[LoanEvent]) -> Result<Self, ScheduleError> {
        let mut loan = Self {
            settings: settings.clone(),
            model: Model::new(terms.clone())?,
            extras: Vec::new(),
            last: terms.start,
        };
        events.iter().try_for_each(|event| loan.apply(*event))?;
        Ok(loan)
    }

    /// Applies one event.
    pub fn apply(&mut self, event: LoanEvent) -> Result<(), ScheduleError> {
        self.advance(event.at())?;
        match event {
            LoanEvent::Disbursed {
                at,
                amount,
                down_payment,
            } => {
                if amount <= 0 || !(0..=amount).contains(&down_payment) {
                    return Err(ScheduleError::Terms("disbursed amount"));
                }
                if down_payment > 0 {
                    self.extras.push(Extra {
                        due: at,
                        component: Component::Principal,
                        amount: down_payment,
                        paid: 0,
                    });
                }
                self.model.disburse(at, amount - down_payment)
            }
            LoanEvent::RateChanged { at, rate } => self.model.change_rate(at, rate),
            LoanEvent::Charged {
                due, charge, amount, ..
            } => {
                let component = match charge {
                    Charge::Fee => Component::Fee,
                    Charge::Penalty => Component::Penalty,
                };
                self.extras.push(Extra {
                    due,
                    component,
                    amount,
                    paid: 0,
                });
                Ok(())
            }
            LoanEvent::Paid { at, amount } => self.pay(at, amount),
        }
    }

    /// Moves the loan to a later day: overdue principal carries interest up to it.
    pub fn advance(&mut self, to: Date) -> Result<(), ScheduleError> {
        if to < self.last {
            return Err(ScheduleError::OutOfOrder(to));
        }
        let since = std::mem::replace(&mut self.last, to);
        if !self.settings.overdue_interest {
            return Ok(());
        }
        for index in 0..self.model.periods()?.len() {
            let row = &self.model.periods()?[index];
            let overdue = row.principal - row.paid_principal;
            let from = row.due.max(since);
            if row.due < to && from < to && overdue > 0 && self.model.index_of(to).is_ok() {
                self.model.correct(from, overdue)?;
                self.model.correct(to, -overdue)?;
            }
        }
        Ok(())
    }

    /// The installments as they stand now.
    pub fn schedule(&self) -> Result<Schedule, ScheduleError> {
        let rows = self.model.periods()?;
        let mut opening: i128 = rows.iter().map(|row| row.principal).sum();
        let mut installments = Vec::with_capacity(rows.len());
        for (number, row) in (1..).zip(&rows) {
            let fees = self.charges_in(&rows, row).map(|extra| extra.amount).sum();
            let closing = opening - row.principal;
            installments.push(Installment {
                number,
                from: row.from,
                due: row.due,
                opening,
                principal: row.principal,
                interest: row.interest,
                fees,
                total: row.principal + row.interest + fees,
                closing,
            });
            opening = closing;
        }
        Ok(Schedule { installments })
    }

    /// What is owed on installments due on or before `at`.
    pub fn due(&self, at: Date) -> Result<Vec<Obligation>, ScheduleError> {
        let mut loan = self.clone();
        loan.advance(at)?;
        let mut owed = loan.owed(at)?;
        owed.retain(|row| row.due <= at && row.total() > 0);
        Ok(owed)
    }

    /// What repays the loan in full on `at`.
    pub fn payoff(&self, at: Date) -> Result<Payoff, ScheduleError> {
        let mut loan = self.clone();
        loan.advance(at)?;
        let mut payoff = Payoff::default();
        for row in loan.model.periods()? {
            payoff.principal += row.principal - row.paid_principal;
            let until = match loan.settings.payoff {
                PayoffInterest::TillDueDate if row.from < at => at.max(row.due),
                _ => at,
            };
            payoff.interest += (loan.model.payable(row.due, until)?.interest - row.paid_interest).max(0);
        }
        for extra in &loan.extras {
            let owed = extra.amount - extra.paid;
            match extra.component {
                Component::Principal => payoff.principal += owed,
                _ => payoff.fees += owed,
            }
        }
        Ok(payoff)
    }

    /// The obligations of all installments on `at`; the running one asks for interest up to `at`, later ones for none.
    fn owed(&self, at: Date) -> Result<Vec<Obligation>, ScheduleError> {
        let rows = self.model.periods()?;
        let mut owed = Vec::with_capacity(rows.len() + 1);
        for extra in self
            .extras
            .iter()
            .filter(|extra| extra.component == Component::Principal)
        {
            let principal = extra.amount - extra.paid;
            owed.push(Obligation {
                number: 0,
                due: extra.due,
                penalty: 0,
                fee: 0,
                interest: 0,
                principal,
            });
        }
        for (number, row) in (1..).zip(&rows) {
            let asked = self.model.payable(row.due, at)?;
            let charged = |component| {
                let mine = self
                    .charges_in(&rows, row)
                    .filter(move |extra| extra.component == component);
                mine.map(|extra| extra.amount - extra.paid).sum()
            };
            owed.push(Obligation {
                number,
                due: row.due,
                penalty: charged(Component::Penalty),
                fee: charged(Component::Fee),
                interest: (asked.interest - row.paid_interest).max(0),
                principal: (asked.principal - row.paid_principal).max(0),
            });
        }
        Ok(owed)
    }

    /// The charges that fall in an installment.
    fn charges_in<'a>(&'a self, rows: &'a [PeriodView], row: &'a PeriodView) -> impl Iterator<Item = &'a Extra> {
        let first = rows.first().is_some_and(|first| first.due == row.due);
        let last = rows.last().is_some_and(|last| last.due == row.due);
        self.extras.iter().filter(move |extra| {
            let inside = (first || extra.due > row.from) && (last || extra.due <= row.due);
            extra.component != Component::Principal && inside
        })
    }

    /// Spreads a payment: first over what is due, then over the installments to come, one after the other.
    fn pay(&mut self, at: Date, amount: i128) -> Result<(), ScheduleError> {
        if amount <= 0 {
            return Err(ScheduleError::Terms("payment must be positive"));
        }
        let mut owed = self.owed(at)?;
        owed.retain(|row| row.due <= at);
        let mut left = self.cover(at, &owed, amount)?;
        let count = self.model.periods()?.len();
        for number in 1..=count {
            let owed: Vec<Obligation> = self
                .owed(at)?
                .into_iter()
                .filter(|row| row.number as usize == number && row.due > at)
                .collect();
            left = self.cover(at, &owed, left)?;
        }
        if left > 0 { Err(ScheduleError::Overpaid) } else { Ok(()) }
    }

    /// Books a payment on `owed` and answers what is left of it.
    fn cover(&mut self, at: Date, owed: &[Obligation], amount: i128) -> Result<i128, ScheduleError> {
        let allocation = allocate(&self.settings.order, self.settings.processing, owed, at, amount);
        for part in &allocation.parts {
            let due = owed
                .iter()
                .find(|row| row.number == part.number)
                .map_or(at, |row| row.due);
            match part.component {
                Component::Interest => self.model.pay_interest(due, part.amount)?,
                Component::Principal if part.number > 0 => self.model.pay_principal(due, at, part.amount)?,
                component => self.pay_extras(component, part.number, part.amount)?,
            }
        }
        Ok(allocation.left)
    }

    /// Books a payment on charges of one installment, oldest first, or on down payments.
    fn pay_extras(&mut self, component: Component, number: u32, amount: i128) -> Result<(), ScheduleError> {
        let rows = self.model.periods()?;
        let row = (number as usize).checked_sub(1).and_then(|index| rows.get(index));
        let last = number as usize == rows.len();
        let mut left = amount;
        for extra in self.extras.iter_mut().filter(|extra| extra.component == component) {
            let inside = row.is_none_or(|row| (number == 1 || extra.due > row.from) && (last || extra.due <= row.due));
            if inside {
                let part = left.min(extra.amount - extra.paid);
                extra.paid += part;
                left -= part;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "loan_tests.rs"]
mod tests;

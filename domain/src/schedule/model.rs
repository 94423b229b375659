//! The progressive model: installment periods cut into interest periods wherever the balance changes.
//!
//! It follows Apache Fineract's progressive loan: a balance change recomputes the equal installment of the periods that
//! follow, the last unpaid period takes the difference, and interest not asked for in a period that was prepaid is asked
//! for in the next unpaid one.

use rust_decimal::Decimal;

use super::generate::div_exact;
use super::rate::{self, Span, decimal, round_half_even, share_half_even};
use super::{LoanTerms, Method, ScheduleError};
use crate::calendar::Date;

/// Part of an installment period with one balance.
#[derive(Clone, Debug)]
struct Slice {
    from: Date,
    due: Date,
    factor: Decimal,
    disbursed: i128,
    correction: i128,
    balance: i128,
}

/// What a period pays by plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// This total.
    Total(i128),
    /// This much principal and the period's interest.
    Principal(i128),
}

#[derive(Clone, Debug)]
struct Period {
    from: Date,
    due: Date,
    slices: Vec<Slice>,
    planned: Planned,
    paid_principal: i128,
    paid_interest: i128,
    // derived by `Model::settle`
    calculated: i128,
    due_interest: i128,
    due_principal: i128,
    balance: i128,
    /// Principal lent and not asked for yet after this period.
    unasked: i128,
}

/// A part of a period with its interest, to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestPeriodView {
    /// Rate factor.
    pub factor: Decimal,
    /// Interest.
    pub interest: i128,
}

/// A period, to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodView {
    /// First day.
    pub from: Date,
    /// Due date.
    pub due: Date,
    /// The installment: principal and interest.
    pub installment: i128,
    /// Principal due.
    pub principal: i128,
    /// Interest due.
    pub interest: i128,
    /// Principal paid.
    pub paid_principal: i128,
    /// Interest paid.
    pub paid_interest: i128,
    /// Balance after the installment.
    pub balance: i128,
    /// The parts with one balance each.
    pub parts: Vec<InterestPeriodView>,
}

/// What a period asks for on a given day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payable {
    /// Balance that carries interest on that day.
    pub outstanding: i128,
    /// Principal.
    pub principal: i128,
    /// Interest up to that day.
    pub interest: i128,
}

/// The periods of a loan and what was done to them.
#[derive(Clone, Debug)]
pub struct Model {
    terms: LoanTerms,
    rates: Vec<(Date, Decimal)>,
    periods: Vec<Period>,
}

impl Period {
    fn new(from: Date, due: Date) -> Self {
        let slice = Slice {
            from,
            due,
            factor: Decimal::ZERO,
            disbursed: 0,
            correction: 0,
            balance: 0,
        };
        let planned = Planned::Total(0);
        Self {
            from,
            due,
            slices: vec![slice],
            planned,
            paid_principal: 0,
            paid_interest: 0,
            calculated: 0,
            due_interest: 0,
            due_principal: 0,
            balance: 0,
            unasked: 0,
        }
    }

    /// The installment; a plan of principal adds the interest.
    fn installment(&self) -> i128 {
        match self.planned {
            Planned::Total(total) => total,
            Planned::Principal(principal) => principal + self.calculated,
        }
    }

    fn is_paid(&self) -> bool {
        self.installment() == self.paid_principal + self.paid_interest
    }

    /// The slice that ends on `at`, cut out of the one that contains it when there is none.
    fn slice_ending(&mut self, at: Date) -> &mut Slice {
        let found = self.slices.iter().position(|slice| slice.due == at);
        let index = found.unwrap_or_else(|| {
            let inside = self
                .slices
                .iter()
                .position(|slice| at < slice.due)
                .unwrap_or(self.slices.len() - 1);
            let rest = Slice {
                from: at,
                disbursed: 0,
                correction: 0,
                ..self.slices[inside].clone()
            };
            let (disbursed, correction) = (self.slices[inside].disbursed, self.slices[inside].correction);
            self.slices[inside].due = at;
            // What happened at the end of the old slice stays at its end.
            self.slices[inside].disbursed = 0;
            self.slices[inside].correction = 0;
            self.slices.insert(
                inside + 1,
                Slice {
                    disbursed,
                    correction,
                    ..rest
                },
            );
            inside
        });
        &mut self.slices[index]
    }
}

impl Model {
    /// A loan of these terms before anything was disbursed.
    pub fn new(terms: LoanTerms) -> Result<Self, ScheduleError> {
        terms.check()?;
        let periods = terms.periods()?;
        Self::with_periods(terms, &periods)
    }

    /// The same with given periods (from, due) that follow each other.
    pub fn with_periods(terms: LoanTerms, periods: &[(Date, Date)]) -> Result<Self, ScheduleError> {
        if periods.is_empty() || periods.windows(2).any(|pair| pair[0].1 != pair[1].0) {
            return Err(ScheduleError::Terms("periods must follow each other"));
        }
        if !matches!(
            terms.method,
            Method::EqualInstallments | Method::EqualPrincipal | Method::InterestOnly
        ) {
            return Err(ScheduleError::Terms(
                "the model knows equal installments, equal principal and interest only",
            ));
        }
        let periods = periods.iter().map(|(from, due)| Period::new(*from, *due)).collect();
        Ok(Self {
            terms,
            rates: Vec::new(),
            periods,
        })
    }

    /// The periods as they stand.
    pub fn periods(&self) -> Result<Vec<PeriodView>, ScheduleError> {
        self.periods.iter().map(|period| self.view(period)).collect()
    }

    fn view(&self, period: &Period) -> Result<PeriodView, ScheduleError> {
        let parts = period.slices.iter().map(|slice| {
            let interest = share_half_even(slice.balance, slice.factor, self.terms.rounding)?;
            Ok(InterestPeriodView {
                factor: slice.factor,
                interest,
            })
        });
        Ok(PeriodView {
            from: period.from,
            due: period.due,
            installment: period.installment(),
            principal: period.due_principal,
            interest: period.due_interest,
            paid_principal: period.paid_principal,
            paid_interest: period.paid_interest,
            balance: period.balance.max(0),
            parts: parts.collect::<Result<_, ScheduleError>>()?,
        })
    }

    /// Adds a disbursement and recomputes the installments from the period it falls in; on a due date from the next one.
    pub fn disburse(&mut self, at: Date, amount: i128) -> Result<(), ScheduleError> {
        let index = self.index_of(at)?;
        self.periods[index].slice_ending(at).disbursed += amount;
        let on_due = self.periods[index].due == at && index + 1 < self.periods.len();
        self.refactor(index)?;
        self.replan(index + usize::from(on_due))
    }

    /// The yearly rate is `rate` from `at` on; installments are recomputed from the first period that starts then or later.
    pub fn change_rate(&mut self, at: Date, rate: Decimal) -> Result<(), ScheduleError> {
        self.rates.push((at, rate));
        self.rates.sort_by_key(|change| change.0);
        if self.disbursed() == 0 {
            return Ok(());
        }
        match self.periods.iter().position(|period| period.from >= at) {
            Some(index) => self.replan(index),
            None => Ok(()),
        }
    }

    /// Adds `amount` to the balance that carries interest from `at` on; the principal owed stays.
    pub fn correct(&mut self, at: Date, amount: i128) -> Result<(), ScheduleError> {
        let index = self.index_of(at)?;
        self.periods[index].slice_ending(at).correction += amount;
        self.refactor(index)?;
        self.settle()?;
        self.settle_last();
        self.settle()
    }

    /// Interest of the period due on `due` was paid.
    pub fn pay_interest(&mut self, due: Date, amount: i128) -> Result<(), ScheduleError> {
        let index = self.find(due)?;
        self.periods[index].paid_interest += amount;
        self.settle()?;
        self.settle_last();
        self.settle()
    }

    /// Principal of the period due on `due` was paid on `at`; paid late, it counts from the due date.
    pub fn pay_principal(&mut self, due: Date, at: Date, amount: i128) -> Result<(), ScheduleError> {
        let index = self.find(due)?;
        self.periods[index].paid_principal += amount;
        self.correct(at.min(due), -amount)
    }

    /// What the period due on `due` asks for when it is paid on `at`.
    pub fn payable(&self, due: Date, at: Date) -> Result<Payable, ScheduleError> {
        let mut copy = self.clone();
        let index = copy.find(due)?;
        let period = &mut copy.periods[index];
        let end = at.clamp(period.from, period.due);
        let cut = if at <= period.from {
            0
        } else {
            period
                .slices
                .iter()
                .position(|slice| end > slice.from && end <= slice.due)
                .unwrap_or(period.slices.len() - 1)
        };
        period.slices[cut].due = end;
        period.slices.truncate(cut + 1);
        copy.refactor(index)?;
        copy.settle_period(index)?;
        let period = &copy.periods[index];
        let interest = if at < period.from { 0 } else { period.due_interest };
        let slice = &period.slices[cut];
        let outstanding = slice.balance + slice.disbursed;
        let installment = if outstanding + interest < period.installment() {
            outstanding + interest + period.paid_interest + period.paid_principal
        } else {
            period.installment()
        };
        Ok(Payable {
            outstanding,
            principal: installment - interest,
            interest,
        })
    }

    fn disbursed(&self) -> i128 {
        self.periods
            .iter()
            .flat_map(|period| &period.slices)
            .map(|slice| slice.disbursed)
            .sum()
    }

    fn find(&self, due: Date) -> Result<usize, ScheduleError> {
        self.periods
            .iter()
            .position(|period| period.due == due)
            .ok_or(ScheduleError::OutsideSchedule(due))
    }

    /// The period of a balance change: due dates belong to the period they end.
    pub(super) fn index_of(&self, at: Date) -> Result<usize, ScheduleError> {
        if at < self.periods[0].from {
            return Err(ScheduleError::OutsideSchedule(at));
        }
        self.periods
            .iter()
            .position(|period| at <= period.due)
            .ok_or(ScheduleError::OutsideSchedule(at))
    }

    fn rate_on(&self, at: Date) -> Decimal {
        let change = self.rates.iter().rev().find(|change| change.0 <= at);
        change.map_or(self.terms.annual_rate, |change| change.1)
    }

    fn refactor(&mut self, index: usize) -> Result<(), ScheduleError> {
        let (start, end) = (self.periods[index].from, self.periods[index].due);
        for at in 0..self.periods[index].slices.len() {
            let (from, to) = (self.periods[index].slices[at].from, self.periods[index].slices[at].due);
            let factor = self.terms.factor(self.rate_on(from), Span { start, end, from, to })?;
            self.periods[index].slices[at].factor = factor;
        }
        Ok(())
    }

    /// Carries balances and interest forward through all periods.
    fn settle(&mut self) -> Result<(), ScheduleError> {
        (0..self.periods.len()).try_for_each(|index| self.settle_period(index))
    }

    fn settle_period(&mut self, index: usize) -> Result<(), ScheduleError> {
        let before = index.checked_sub(1).map(|before| &self.periods[before]);
        let mut balance = before.map_or(0, |period| period.balance);
        let unrecognized = before.map_or(0, |period| period.calculated - period.due_interest);
        let mut unasked = before.map_or(0, |period| period.unasked);
        let unit = self.terms.rounding;
        let period = &mut self.periods[index];
        let mut calculated = unrecognized;
        for slice in &mut period.slices {
            slice.balance = balance;
            calculated += share_half_even(balance, slice.factor, unit)?;
            let moved = slice
                .disbursed
                .checked_add(slice.correction)
                .ok_or(ScheduleError::Overflow)?;
            balance = balance.checked_add(moved).ok_or(ScheduleError::Overflow)?;
            unasked += slice.disbursed;
        }
        period.calculated = calculated;
        let installment = period.installment();
        // A period prepaid in principal asks for no more interest than was paid.
        let prepaid = period.paid_principal > installment - calculated;
        let asked = if prepaid { period.paid_interest } else { calculated };
        period.due_interest = asked.max(period.paid_interest);
        // Never more than is left, never less than was paid.
        period.due_principal = (installment - period.due_interest)
            .min(unasked)
            .max(period.paid_principal);
        period.unasked = unasked - period.due_principal;
        period.balance = balance - period.due_principal + period.paid_principal;
        Ok(())
    }

    /// The last unpaid period takes the difference between what was lent and what the plan pays.
    fn settle_last(&mut self) {
        let planned: i128 = self
            .periods
            .iter()
            .map(|period| period.installment() - period.due_interest)
            .sum();
        let gap = self.disbursed() - planned;
        if let Some(period) = self.periods.iter_mut().rev().find(|period| !period.is_paid()) {
            match &mut period.planned {
                Planned::Total(amount) | Planned::Principal(amount) => *amount += gap,
            }
        }
    }

    /// Recomputes the plan of the periods from `first` on.
    fn replan(&mut self, first: usize) -> Result<(), ScheduleError> {
        (first..self.periods.len()).try_for_each(|index| self.refactor(index))?;
        self.settle()?;
        let opening = first
            .checked_sub(1)
            .map_or(0, |before| self.periods[before].balance.max(0));
        let lent: i128 = self.periods[first].slices.iter().map(|slice| slice.disbursed).sum();
        let (balance, count) = (opening + lent, self.periods.len() - first);
        let planned = match self.terms.method {
            Method::EqualPrincipal => {
                let count = i128::try_from(count).map_err(|_| ScheduleError::Overflow)?;
                Planned::Principal(round_half_even(div_exact(balance, count)?, self.terms.rounding)?)
            }
            Method::EqualInstallments => {
                let factors: Vec<Decimal> = self.periods[first..].iter().map(Period::factor).collect();
                Planned::Total(self.to_multiple(rate::annuity(decimal(balance)?, &factors)?)?)
            }
            _ => Planned::Principal(0),
        };
        self.plan_from(first, planned)?;
        if self.terms.method == Method::EqualInstallments {
            self.smooth(first)
        } else {
            Ok(())
        }
    }

    fn to_multiple(&self, amount: Decimal) -> Result<i128, ScheduleError> {
        let rounded = round_half_even(amount, self.terms.rounding)?;
        self.terms
            .installment_multiple
            .map_or(Ok(rounded), |unit| round_half_even(decimal(rounded)?, unit))
    }

    fn plan_from(&mut self, first: usize, planned: Planned) -> Result<(), ScheduleError> {
        self.periods[first..]
            .iter_mut()
            .for_each(|period| period.planned = planned);
        self.settle()?;
        self.settle_last();
        self.settle()
    }

    /// Moves the installment by a share of the last gap and keeps the move when the gap shrinks.
    fn smooth(&mut self, first: usize) -> Result<(), ScheduleError> {
        let count = self.periods.len() - first;
        let gap = self.gap();
        let half = i128::try_from(count / 2).map_err(|_| ScheduleError::Overflow)? * self.terms.rounding;
        if half == 0 || gap.abs() <= half {
            return Ok(());
        }
        let installment = self.periods[self.periods.len() - 2].installment();
        let count = i128::try_from(count).map_err(|_| ScheduleError::Overflow)?;
        let share = round_half_even(div_exact(gap, count)?, self.terms.rounding)?;
        let moved = self.to_multiple(decimal(installment + share)?)?;
        if moved == installment {
            return Ok(());
        }
        let mut retried = self.clone();
        retried.plan_from(first, Planned::Total(moved))?;
        if retried.gap().abs() < gap.abs() {
            *self = retried;
        }
        Ok(())
    }

    fn gap(&self) -> i128 {
        match self.periods.as_slice() {
            [.., before, last] => last.installment() - before.installment(),
            _ => 0,
        }
    }
}

impl Period {
    fn factor(&self) -> Decimal {
        self.slices.iter().map(|slice| slice.factor).sum()
    }
}

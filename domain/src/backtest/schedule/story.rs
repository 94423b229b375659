//! The first schedule that a Fineract end-to-end scenario shows.

use rust_decimal::Decimal;
use serde_json::Value;

use super::emi::progressive;
use super::steps::{LateFee, Product, Step, day, product, read};
use super::{Cells, Outcome, list, minor, parse, period, shown, text};
use crate::calendar::{Date, days_between};
use crate::schedule::rate::Basis;
use crate::schedule::{
    Accrual, AllocationOrder, Charge, Component, EarlyPayment, Installment, InstallmentRule, Loan, LoanEvent,
    LoanSettings, LoanTerms, Method, Movement, PayoffInterest, Processing, Recalculation, Rest, Schedule, generate,
    recalculate,
};

/// Everything that the schedule is drawn from.
struct Story {
    product: Product,
    name: String,
    terms: LoanTerms,
    steps: Vec<Step>,
    lent: Vec<(Date, i128)>,
    paid: Vec<(Date, i128)>,
    today: Date,
}

/// Draws the schedule and compares it with the one shown, cell by cell.
pub(super) fn check(vector: &Value) -> Result<Outcome, String> {
    let loan = vector.get("loan").ok_or("no loan")?;
    let name = text(loan, "LoanProduct")?;
    let mut steps = Vec::new();
    for step in list(vector, "steps_before") {
        match read(step.as_str().ok_or("a step is text")?) {
            Ok(step) => steps.push(step),
            Err(reason) => return Ok(Outcome::Refused(reason)),
        }
    }
    let product = match product(name) {
        Ok(product) => product,
        Err(reason) => return Ok(Outcome::Refused(reason)),
    };
    let story = Story::new(loan, name, product, steps)?;
    if story.product.recalculated && story.terms.method == Method::Flat {
        return Ok(Outcome::Refused("flat interest with recalculation".to_owned()));
    }
    let drawn = story.draw()?;
    let mut cells = Cells::default();
    let expected = list(vector, "schedule_rows");
    cells.compare(|| "rows".to_owned(), &expected.len(), &drawn.len());
    for (at, (row, computed)) in expected.iter().zip(&drawn).enumerate() {
        for (column, (cell, computed)) in row.as_array().into_iter().flatten().zip(computed).enumerate() {
            let expected = cell.as_str().ok_or("a cell is text")?;
            cells.compare(|| format!("row {at} column {column}"), &expected, computed);
        }
    }
    Ok(cells.outcome())
}

impl Story {
    fn new(loan: &Value, name: &str, product: Product, steps: Vec<Step>) -> Result<Self, String> {
        let number = |key| parse(text(loan, key)?);
        let small = |key| text(loan, key)?.parse::<u32>().map_err(shown);
        let cents = |amount: Decimal| minor(amount, 2);
        let submitted = day(text(loan, "submitted on date")?)?;
        let (mut lent, mut paid, mut today) = (Vec::new(), Vec::new(), submitted);
        for step in &steps {
            match step {
                Step::Today(at) => today = *at,
                Step::Disbursed(at, amount) => lent.push((*at, cents(*amount)?)),
                Step::Paid(at, amount) => paid.push((*at, cents(*amount)?)),
                _ => {}
            }
        }
        let approved = cents(number("with Principal")?)?;
        let principal = lent
            .first()
            .filter(|_| !product.many_disbursements)
            .map_or(approved, |first| first.1);
        let start = lent.first().map_or(submitted, |first| first.0);
        let every = period(small("repaymentEvery")?, text(loan, "repaymentFrequencyType")?)?;
        let rate = number("ANNUAL interest rate %")? / Decimal::ONE_HUNDRED;
        let installments = small("numberOfRepayments")?;
        let mut terms = progressive(principal, rate, start, installments, every, Basis::THIRTY_360);
        if !product.progressive {
            terms.basis = Basis::ACT_365;
            terms.rule = InstallmentRule::Nominal;
            terms.installment_multiple = Some(100);
            terms.accrual = match text(loan, "interest calculation period")? {
                "DAILY" => Accrual::ExactDays,
                _ => Accrual::WholePeriods,
            };
            terms.method = match (text(loan, "interest type")?, text(loan, "amortization type")?) {
                ("FLAT", _) => Method::Flat,
                (_, "EQUAL_PRINCIPAL") => Method::EqualPrincipal,
                _ => Method::EqualInstallments,
            };
            terms.grace.principal = small("graceOnPrincipalPayment")?;
            // The scenario runner sends the column "interest free period" as the interest payment grace, over the other one.
            terms.grace.interest = small("interest free period")?;
        }
        Ok(Self {
            product,
            name: name.to_owned(),
            terms,
            steps,
            lent,
            paid,
            today,
        })
    }

    fn schedule(&self) -> Result<Schedule, String> {
        if self.product.progressive {
            return self.progressive_schedule();
        }
        let later = self.lent.get(1..).unwrap_or_default();
        if !self.product.recalculated && later.is_empty() {
            return generate(&self.terms).map_err(shown);
        }
        let early = if self.name.contains("REDUCE_NR_INST") {
            EarlyPayment::ReduceCount
        } else if self.name.contains("RESCH_NEXT_REP") {
            EarlyPayment::RescheduleNext
        } else {
            EarlyPayment::ReduceInstallment
        };
        let rest = if self.name.contains("RECALCULATION_SAME_AS_REPAYMENT") {
            Rest::Period
        } else {
            Rest::Daily
        };
        let compounding = self.name.contains("COMPOUNDING") && !self.name.contains("COMPOUNDING_NONE");
        let rule = Recalculation {
            early,
            rest,
            compounding,
        };
        let lent = later.iter().map(|(at, amount)| Movement::Disbursed {
            at: *at,
            amount: *amount,
        });
        let paid = self.paid.iter().map(|(at, amount)| Movement::Paid {
            at: *at,
            amount: *amount,
        });
        let mut movements: Vec<Movement> = lent.chain(paid).collect();
        movements.sort_by_key(|movement| match movement {
            Movement::Disbursed { at, .. } | Movement::Paid { at, .. } => *at,
        });
        let first = self.lent.first().map_or(self.terms.principal, |first| first.1);
        recalculate(&self.terms, rule, first, &movements).map_err(shown)
    }

    fn progressive_schedule(&self) -> Result<Schedule, String> {
        let order = [
            Component::Penalty,
            Component::Fee,
            Component::Principal,
            Component::Interest,
        ];
        let settings = LoanSettings {
            order: AllocationOrder::by_component(order),
            processing: Processing::Horizontal,
            overdue_interest: self.product.recalculated,
            payoff: PayoffInterest::TillPayoff,
        };
        let whole = [(self.terms.start, self.terms.principal)];
        let lent = if self.lent.is_empty() {
            &whole[..]
        } else {
            &self.lent[..]
        };
        let lent = lent.iter().map(|(at, amount)| LoanEvent::Disbursed {
            at: *at,
            amount: *amount,
            down_payment: 0,
        });
        let paid = self.paid.iter().map(|(at, amount)| LoanEvent::Paid {
            at: *at,
            amount: *amount,
        });
        let mut events: Vec<LoanEvent> = lent.chain(paid).collect();
        events.sort_by_key(LoanEvent::at);
        let mut loan = Loan::fold(&self.terms, &settings, &events).map_err(shown)?;
        if self.today > self.terms.start {
            loan.advance(self.today).map_err(shown)?;
        }
        loan.schedule().map_err(shown)
    }

    /// Fees and penalties of one installment.
    fn charges(&self, rows: &[Installment], row: &Installment) -> Result<(i128, i128), String> {
        let due_here = |at: Date| (row.number == 1 || at > row.from) && at <= row.due;
        let percent = |amount: i128, percent: Decimal| round(Decimal::from(amount) * percent / Decimal::ONE_HUNDRED);
        let (mut fee, mut penalty) = (0, 0);
        for step in &self.steps {
            match step {
                Step::InstallmentFee(rate) => fee += percent(row.total, *rate)?,
                Step::ProcessingFee(at, rate) if due_here(*at) => {
                    fee += percent(rows.iter().map(|row| row.total).sum(), *rate)?;
                }
                Step::Charged(at, Charge::Fee, amount) if due_here(*at) => fee += minor(*amount, 2)?,
                Step::Charged(at, Charge::Penalty, amount) if due_here(*at) => penalty += minor(*amount, 2)?,
                _ => {}
            }
        }
        if let Some(base) = self
            .product
            .late_fee
            .filter(|_| row.due < self.today && !self.lent.is_empty())
        {
            let base = if base == LateFee::Principal {
                row.principal
            } else {
                row.total
            };
            penalty += percent(base, Decimal::new(15, 1))?;
        }
        Ok((fee, penalty))
    }

    /// The rows as the scenario shows them.
    fn draw(&self) -> Result<Vec<Vec<String>>, String> {
        let rows = self.schedule()?.installments;
        let mut charges = Vec::with_capacity(rows.len());
        for row in &rows {
            charges.push(self.charges(&rows, row)?);
        }
        let totals: Vec<i128> = rows
            .iter()
            .zip(&charges)
            .map(|(row, (fee, penalty))| row.total + fee + penalty)
            .collect();
        let paid = self.spread(&rows, &totals);
        let waiting = [(self.terms.start, self.terms.principal)];
        let lent = if self.lent.is_empty() {
            &waiting[..]
        } else {
            &self.lent[..]
        };
        let mut drawn = Vec::new();
        let (mut balance, mut shown_lent) = (0, 0);
        for (index, row) in rows.iter().enumerate() {
            while let Some((at, amount)) = lent.get(shown_lent).filter(|lent| lent.0 <= row.due) {
                balance += amount;
                drawn.push(self.disbursement_row(*at, *amount)?);
                shown_lent += 1;
            }
            balance -= row.principal;
            let (fee, penalty) = charges[index];
            let done = &paid[index];
            let finished = if done.sum == totals[index] { done.last } else { None };
            drawn.push(vec![
                row.number.to_string(),
                days_between(row.from, row.due).to_string(),
                long(row.due),
                finished.map_or_else(String::new, long),
                money(balance),
                money(row.principal),
                money(row.interest),
                money(fee),
                money(penalty),
                money(totals[index]),
                money(done.sum),
                money(done.early),
                money(done.late),
                money(totals[index] - done.sum),
            ]);
        }
        Ok(drawn)
    }

    fn disbursement_row(&self, at: Date, amount: i128) -> Result<Vec<String>, String> {
        let mut fee = 0;
        for step in &self.steps {
            if let Step::DisbursementFee(rate) = step {
                fee += round(Decimal::from(amount) * rate / Decimal::ONE_HUNDRED)?;
            }
        }
        let (paid, owed) = if self.lent.is_empty() {
            (String::new(), money(fee))
        } else {
            (money(fee), String::new())
        };
        let blank = String::new;
        Ok(vec![
            blank(),
            blank(),
            long(at),
            blank(),
            money(amount),
            blank(),
            blank(),
            money(fee),
            blank(),
            money(fee),
            paid,
            blank(),
            blank(),
            owed,
        ])
    }

    /// Spreads the payments over the rows, oldest first.
    fn spread(&self, rows: &[Installment], totals: &[i128]) -> Vec<Settled> {
        let mut settled = vec![Settled::default(); rows.len()];
        for (at, amount) in &self.paid {
            let mut left = *amount;
            for ((row, total), got) in rows.iter().zip(totals).zip(&mut settled) {
                let part = left.min(total - got.sum);
                if part > 0 {
                    left -= part;
                    got.sum += part;
                    got.last = Some(*at);
                    got.early += if *at < row.due { part } else { 0 };
                    got.late += if *at > row.due { part } else { 0 };
                }
            }
        }
        settled
    }
}

/// What a row got.
#[derive(Clone, Copy, Default)]
struct Settled {
    sum: i128,
    early: i128,
    late: i128,
    last: Option<Date>,
}

/// Whole cents, half to even.
fn round(value: Decimal) -> Result<i128, String> {
    minor(value.round_dp(0), 0)
}

/// Cents as the scenarios write them: `83.57`, `100.0`.
fn money(cents: i128) -> String {
    let text = Decimal::from(cents) / Decimal::ONE_HUNDRED;
    let text = text.normalize().to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn long(date: Date) -> String {
    date.format("%d %B %Y").to_string()
}

//! Repayment schedules. Amounts are whole minor units in `i128` (token base units fit too), rates are exact decimals.
//!
//! - [`generate()`] turns [`LoanTerms`] into a [`Schedule`]: what the loan looks like when every payment is on time.
//! - [`Loan`] folds what happened (disbursed, rate changed, fee charged, paid) and answers what is due and what pays it off.
//! - [`recalculate()`] is the older way: the schedule is rewritten from the installment in which a payment falls.
//! - [`onchain`] is the schedule of a token loan: periods of seconds, interest rounded up.
//!
//! Interest of a period is the balance times the period's rate factor ([`rate`]), rounded half to even. The last
//! installment takes what is left, so principal always sums to what was disbursed.

mod allocation;
mod dates;
mod generate;
mod loan;
mod model;
pub mod onchain;
pub mod rate;
mod recalculate;
mod terms;

pub use allocation::{Allocation, AllocationOrder, Component, Obligation, Part, Processing, Slot, When, allocate};
pub use dates::{InstallmentDates, due_dates, installment_dates};
pub use generate::{down_payment, generate, late_interest, level_installment};
pub use loan::{Charge, Loan, LoanEvent, LoanSettings, Payoff, PayoffInterest};
pub use model::{InterestPeriodView, Model, PeriodView, Planned};
pub use recalculate::{EarlyPayment, Movement, Recalculation, Rest, recalculate};
pub use terms::{Accrual, Grace, Installment, InstallmentRule, LoanTerms, Method, Schedule};

use crate::calendar::{CalendarError, Date};

/// Why a schedule cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A number left the range of the engine.
    #[error("amount or rate out of range")]
    Overflow,
    /// Terms that describe no loan.
    #[error("invalid terms: {0}")]
    Terms(&'static str),
    /// The fixed payment does not pay the loan within the number of installments allowed.
    #[error("the payment does not repay the loan")]
    NeverRepaid,
    /// A date that lies in no installment.
    #[error("{0} lies outside the schedule")]
    OutsideSchedule(Date),
    /// An event older than the one before it.
    #[error("event on {0} is older than the event before it")]
    OutOfOrder(Date),
    /// A payment larger than what is owed.
    #[error("the payment is larger than what is owed")]
    Overpaid,
    /// Date arithmetic failed.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

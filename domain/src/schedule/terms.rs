//! The data that a schedule is made from and the schedule itself.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ScheduleError;
use super::rate::Basis;
use crate::calendar::{Date, Period};

/// How the principal comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every installment has the same total; the last takes the remainder.
    EqualInstallments,
    /// Every installment has the same principal; interest is on the balance.
    EqualPrincipal,
    /// Interest every period, the principal with the last.
    InterestOnly,
    /// One payment of principal and simple interest at the end.
    Bullet,
    /// This amount every period until the loan is repaid, in at most `count` installments.
    FixedPayment(i128),
    /// Interest on the original principal, spread evenly over the installments.
    Flat,
}

/// How long interest runs in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accrual {
    /// By [`super::rate::factor`] on the basis.
    Basis,
    /// By exact days over the days of the year.
    ExactDays,
    /// The yearly rate over the number of periods in a year; a part of a period counts by its days.
    WholePeriods,
}

/// How the equal installment is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallmentRule {
    /// From the factors of all periods, then moved by a share of the last installment's gap when that makes it smaller.
    Smoothed,
    /// From one nominal period (a month is 30 days), as it is.
    Nominal,
    /// From the factors of all periods, rounded up.
    RoundedUp,
}

/// Periods at the start in which less is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grace {
    /// Installments without principal.
    pub principal: u32,
    /// Installments whose interest is paid later, with the first installment after them.
    pub interest: u32,
    /// Installments in which no interest is charged at all.
    pub interest_free: u32,
}

/// What was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoanTerms {
    /// Principal in minor units.
    pub principal: i128,
    /// Yearly rate: 0.07 is 7%.
    pub annual_rate: Decimal,
    /// Day of disbursement.
    pub start: Date,
    /// First due date, when it is not one period after `start`.
    pub first_due: Option<Date>,
    /// Length of an odd first period in years, for rules that count its days on their own.
    pub first_years: Option<Decimal>,
    /// Number of installments.
    pub count: u32,
    /// Time between installments.
    pub every: Period,
    /// How the principal comes back.
    pub method: Method,
    /// Day-count basis.
    pub basis: Basis,
    /// How long interest runs.
    pub accrual: Accrual,
    /// How the equal installment is found.
    pub rule: InstallmentRule,
    /// Grace periods.
    pub grace: Grace,
    /// Amounts are multiples of this many minor units.
    pub rounding: i128,
    /// The installment is a multiple of this many minor units.
    pub installment_multiple: Option<i128>,
}

impl LoanTerms {
    /// Refuses terms that describe no loan.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let rules = [
            (self.principal > 0, "principal must be positive"),
            (!self.annual_rate.is_sign_negative(), "rate must not be negative"),
            (self.count > 0 && self.count <= 4_800, "between 1 and 4800 installments"),
            (self.every.count > 0, "installments must be apart"),
            (self.rounding > 0, "rounding unit must be positive"),
            (
                self.installment_multiple.is_none_or(|unit| unit > 0),
                "installment multiple must be positive",
            ),
            (
                self.first_due.is_none_or(|first| first > self.start),
                "first due date must follow the start",
            ),
            (
                self.grace.principal < self.count && self.grace.interest < self.count,
                "grace must end before the loan",
            ),
        ];
        rules
            .iter()
            .find(|rule| !rule.0)
            .map_or(Ok(()), |rule| Err(ScheduleError::Terms(rule.1)))
    }
}

/// One installment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Installment {
    /// From 1; a down payment has its own number.
    pub number: u32,
    /// Interest runs from this day.
    pub from: Date,
    /// Due date.
    pub due: Date,
    /// Balance before.
    pub opening: i128,
    /// Principal due.
    pub principal: i128,
    /// Interest due.
    pub interest: i128,
    /// Fees and penalties due.
    pub fees: i128,
    /// Principal, interest and fees.
    pub total: i128,
    /// Balance after.
    pub closing: i128,
}

/// The installments of a loan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// By due date.
    pub installments: Vec<Installment>,
}

impl Schedule {
    /// Sum of interest.
    pub fn total_interest(&self) -> i128 {
        self.installments.iter().map(|row| row.interest).sum()
    }

    /// Sum of all payments.
    pub fn total(&self) -> i128 {
        self.installments.iter().map(|row| row.total).sum()
    }
}

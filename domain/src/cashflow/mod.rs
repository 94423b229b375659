//! Cash flows and the annual percentage rate, in every convention that a quote may be stated in.
//!
//! One cash flow has one rate per convention, and the numbers differ: a loan that is 23.78 % in India is 26.56 % in the
//! European Union. Compare rates of one [`Convention`] only. [`verified`] is the entry point for quotes.

pub mod assumptions;
pub mod eu;
pub mod india;
pub mod solve;
pub mod us;
pub mod xirr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calendar::{CalendarError, Date};
use crate::money::{Currency, Money, Rate};

/// How a yearly rate is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// United States: nominal, unit-period rate times unit-periods a year (12 CFR part 1026, Appendix J).
    UsNominal,
    /// European Union: effective annual (Directives 2008/48/EC and 2014/17/EU, Annex I).
    EuEffective,
    /// India: monthly internal rate on the net disbursed amount, times 12 (RBI key facts statement).
    IndiaNominal,
    /// Spreadsheet XIRR: effective annual, days over 365.
    XirrAct365,
    /// United Kingdom single-payment practice: effective annual, days over 365.25.
    UkEffective,
}

/// An annual percentage rate. Below zero when less is paid than was advanced; never at or below −100 % when effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apr {
    /// Parts per million per year, ties to even.
    pub rate: Rate,
    /// The same as a fraction with eight decimals, ties to even: 9.685708 % is 0.09685708.
    pub fraction: Decimal,
    /// What the number means.
    pub convention: Convention,
}

impl Apr {
    /// Per cent, six decimals.
    pub fn percent(&self) -> Decimal {
        self.fraction * Decimal::ONE_HUNDRED
    }
}

/// What a dated flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Credit paid out to the borrower.
    Advance,
    /// A scheduled payment by the borrower.
    Installment,
    /// A finance charge that the borrower pays apart from the installments, or that is withheld.
    Charge,
}

/// Money that moves on a date; the amount is positive, the kind gives the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CashFlow {
    /// When.
    pub date: Date,
    /// How much, positive.
    pub amount: Money,
    /// Which way and why.
    pub kind: FlowKind,
}

/// Dated flows in whole units, of any one kind: cents of a currency or base units of a token.
///
/// Amounts are converted to `f64` for the solver, which keeps 53 bits: each carries a relative error of at most 2⁻⁵³,
/// so the rate is right far beyond its eighth decimal for any amount that `i128` holds (1.7e38 base units).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatedFlows {
    /// Paid out to the borrower, positive, in any order.
    pub advances: Vec<(Date, i128)>,
    /// Paid by the borrower, charges included, positive, in any order.
    pub payments: Vec<(Date, i128)>,
}

impl DatedFlows {
    /// From flows of one currency.
    pub fn from_cash_flows(flows: &[CashFlow]) -> Result<Self, CashFlowError> {
        let mut dated = Self::default();
        let mut currency: Option<Currency> = None;
        for flow in flows {
            if *currency.get_or_insert(flow.amount.currency) != flow.amount.currency {
                return Err(CashFlowError::MixedCurrencies);
            }
            let side = if flow.kind == FlowKind::Advance {
                &mut dated.advances
            } else {
                &mut dated.payments
            };
            side.push((flow.date, i128::from(flow.amount.minor)));
        }
        Ok(dated)
    }

    /// Refuses amounts below zero: the side of a flow is its direction.
    fn check(&self) -> Result<(), CashFlowError> {
        if self.advances.is_empty() && self.payments.is_empty() {
            return Err(CashFlowError::Empty);
        }
        let negative = self
            .advances
            .iter()
            .chain(&self.payments)
            .any(|(_, amount)| *amount < 0);
        if negative {
            Err(CashFlowError::NegativeAmount)
        } else {
            Ok(())
        }
    }

    /// Date and signed amount of every flow, payments positive.
    fn signed(&self) -> impl Iterator<Item = (Date, i128)> {
        let advances = self.advances.iter().map(|&(date, amount)| (date, -amount));
        advances.chain(self.payments.iter().copied())
    }

    /// The day of the first advance, from which European and Indian time runs.
    fn first_advance(&self) -> Result<Date, CashFlowError> {
        self.advances
            .iter()
            .map(|&(date, _)| date)
            .min()
            .ok_or(CashFlowError::OneSided)
    }
}

/// The annual percentage rate of `flows`, recomputed from dates and amounts alone.
///
/// Never a wrong number: flows without a rate, or with more than one, are an error.
pub fn verified(flows: &DatedFlows, convention: Convention) -> Result<Apr, CashFlowError> {
    match convention {
        Convention::UsNominal => us::apr(flows),
        Convention::EuEffective => eu::apr(flows),
        Convention::IndiaNominal => india::apr(flows),
        Convention::XirrAct365 => xirr::apr(flows, xirr::Year::Days365),
        Convention::UkEffective => xirr::apr(flows, xirr::Year::Days365AndQuarter),
    }
}

/// Why flows have no annual percentage rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CashFlowError {
    /// There are no flows, or they all net to nothing.
    #[error("no cash flows")]
    Empty,
    /// All flows go one way.
    #[error("all cash flows go the same way")]
    OneSided,
    /// An advance or a payment below zero.
    #[error("an advance or payment is negative")]
    NegativeAmount,
    /// Flows of different currencies.
    #[error("cash flows of different currencies")]
    MixedCurrencies,
    /// An odd-days fraction outside 0 to 1, or a time out of range.
    #[error("time of a cash flow out of range")]
    BadTime,
    /// No rate makes the two sides equal in present value.
    #[error("no rate balances the cash flows")]
    NoRoot,
    /// More than one rate does, or it cannot be proved that only one does.
    #[error("more than one rate balances the cash flows")]
    TwoRoots,
    /// Larger than the result can hold, or not finite.
    #[error("rate or amount too large")]
    Overflow,
    /// A date could not be computed.
    #[error("date arithmetic failed")]
    Calendar(#[from] CalendarError),
}

#[cfg(test)]
mod tests;

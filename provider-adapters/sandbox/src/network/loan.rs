//! A plain loan in rupees: equal monthly installments at one per cent a month.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use domain::cashflow::{Convention, DatedFlows, verified};
use rust_decimal::{Decimal, RoundingStrategy};

/// Amounts in paise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loan {
    pub(crate) principal: i64,
    pub(crate) months: u32,
    pub(crate) installment: i64,
}

impl Loan {
    pub(crate) fn new(principal: i64, months: u32) -> Self {
        let mut growth = Decimal::ONE;
        for _ in 0..months.clamp(1, 600) {
            growth *= Decimal::new(101, 2);
        }
        let exact = Decimal::from(principal) * Decimal::new(1, 2) * growth / (growth - Decimal::ONE);
        let rounded = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
        Self {
            principal,
            months: months.clamp(1, 600),
            installment: rounded.try_into().unwrap_or(i64::MAX),
        }
    }

    /// What the installments come to beyond the principal.
    pub(crate) fn interest(&self) -> i64 {
        self.installment * i64::from(self.months) - self.principal
    }

    /// A share of the principal, basis points, rounded down.
    pub(crate) fn share_down(&self, bps: i64) -> i64 {
        self.principal * bps / 10_000
    }
}

/// The same day of a later month.
pub(crate) fn month_later(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

/// The last day of a later month.
pub(crate) fn end_of_month(day: NaiveDate, months: u32) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(months + 1)).unwrap_or(first);
    next.checked_sub_days(Days::new(1)).unwrap_or(next)
}

/// The APR of a calendar as India states it, per cent with two digits.
pub(crate) fn apr(today: NaiveDate, net: i64, payments: &[(NaiveDate, i64)]) -> Decimal {
    let flows = DatedFlows {
        advances: vec![(today, i128::from(net))],
        payments: payments
            .iter()
            .map(|(due, amount)| (*due, i128::from(*amount)))
            .collect(),
    };
    let apr = verified(&flows, Convention::IndiaNominal);
    apr.map_or(Decimal::ZERO, |apr| apr.rate.to_percent().round_dp(2))
}

/// Rupees, without digits that say nothing.
pub(crate) fn rupees(paise: i64) -> String {
    if paise % 100 == 0 {
        format!("{}", paise / 100)
    } else {
        format!("{}.{:02}", paise / 100, paise % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loan_is_paid_back_in_equal_parts_of_interest_and_principal() {
        let loan = Loan::new(20_000_000, 5);
        assert_eq!((loan.installment, loan.interest()), (4_120_796, 603_980));
        assert_eq!(rupees(4_120_796), "41207.96");
        assert_eq!(rupees(loan.interest()), "6039.80");
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        assert_eq!(end_of_month(day, 1).to_string(), "2026-04-30");
        assert_eq!(month_later(day, 1).to_string(), "2026-04-01");
    }
}

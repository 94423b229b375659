//! The assumptions of Annex I for agreements that leave something open (Directive 2008/48/EC, Annex I, part II;
//! Directive 2014/17/EU, Annex I, part II). Each returns the flows or the term that the rule puts in place.

use rust_decimal::Decimal;

use super::solve::{self, Annual, Flow};
use super::{Apr, CashFlowError, eu};
use crate::calendar::Fraction;
use crate::money::{Currency, Money, Rate};

/// What the credit is for, where the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Consumer credit (2008/48/EC).
    Consumer,
    /// Acquisition of residential property (2014/17/EU).
    Home,
}

/// The borrowing rate and how it becomes a monthly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrowing {
    /// Yearly.
    pub rate: Rate,
    /// Nominal: a twelfth a month. Effective: the twelfth root.
    pub annual: Annual,
}

/// Flows that fall on whole months after the first drawdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthlyFlows {
    /// Month and amount drawn.
    pub advances: Vec<(u32, Money)>,
    /// Month and amount paid.
    pub payments: Vec<(u32, Money)>,
}

impl MonthlyFlows {
    /// Adds a charge that the borrower pays in `month`.
    #[must_use]
    pub fn with_charge(mut self, month: u32, charge: Money) -> Self {
        self.payments.push((month, charge));
        self
    }

    /// The effective annual percentage rate of charge.
    pub fn apr(&self) -> Result<Apr, CashFlowError> {
        let mut currencies = self
            .advances
            .iter()
            .chain(&self.payments)
            .map(|(_, money)| money.currency);
        let first = currencies.next().ok_or(CashFlowError::Empty)?;
        if currencies.any(|currency| currency != first) {
            return Err(CashFlowError::MixedCurrencies);
        }
        let flow = |month: u32, minor: i128| Flow::whole(i64::from(month), minor);
        let drawn = self
            .advances
            .iter()
            .map(|(month, money)| flow(*month, -i128::from(money.minor)));
        let paid = self
            .payments
            .iter()
            .map(|(month, money)| flow(*month, i128::from(money.minor)));
        eu::rate(drawn.chain(paid).collect(), Fraction::whole(12))
    }
}

/// The amount of credit when the ceiling is not yet agreed: 1,500 euro, or 170,000 euro for a home.
pub fn amount(agreed: Option<Money>, purpose: Purpose) -> Result<Money, CashFlowError> {
    if let Some(agreed) = agreed {
        return Ok(agreed);
    }
    let euro = Currency::parse("EUR").map_err(|_| CashFlowError::MixedCurrencies)?;
    let major = if purpose == Purpose::Home { 170_000 } else { 1_500 };
    Ok(Money::new(major * 100, euro))
}

/// An open-ended agreement: drawn in full at once and repaid in equal monthly installments of capital with the interest
/// of the month, over one year, or over twenty for a home.
pub fn open_ended(limit: Money, borrowing: Borrowing, purpose: Purpose) -> Result<MonthlyFlows, CashFlowError> {
    equal_capital(limit, borrowing, if purpose == Purpose::Home { 240 } else { 12 })
}

/// Drawn in full at once, repaid in `months` equal parts of capital and the interest on what is still owed. The last part
/// takes the remainder.
pub fn equal_capital(limit: Money, borrowing: Borrowing, months: u32) -> Result<MonthlyFlows, CashFlowError> {
    let rate = solve::period_rate(borrowing.rate, 12, borrowing.annual)?;
    let part = limit
        .mul_ratio_half_even(1, i64::from(months))
        .map_err(|_| CashFlowError::Overflow)?;
    let mut owed = limit.minor;
    let mut payments = Vec::new();
    for month in 1..=months {
        let capital = if month == months { owed } else { part.minor };
        let interest = interest_half_even(owed, rate)?;
        payments.push((month, Money::new(capital + interest, limit.currency)));
        owed -= capital;
    }
    Ok(MonthlyFlows {
        advances: vec![(0, limit)],
        payments,
    })
}

/// An overdraft: drawn in full at once and repaid with interest at the end, after three months when no term is agreed.
pub fn overdraft(
    limit: Money,
    borrowing: Borrowing,
    agreed_months: Option<u32>,
) -> Result<MonthlyFlows, CashFlowError> {
    bullet(limit, borrowing, agreed_months.unwrap_or(3))
}

/// A bridging loan: drawn in full at once and repaid with interest at the end, after twelve months when no term is agreed.
pub fn bridging(
    amount: Money,
    borrowing: Borrowing,
    agreed_months: Option<u32>,
) -> Result<MonthlyFlows, CashFlowError> {
    bullet(amount, borrowing, agreed_months.unwrap_or(12))
}

fn bullet(amount: Money, borrowing: Borrowing, months: u32) -> Result<MonthlyFlows, CashFlowError> {
    let rate = solve::period_rate(borrowing.rate, 12, borrowing.annual)?;
    let growth = match borrowing.annual {
        Annual::Nominal => Decimal::ONE + rate * Decimal::from(months),
        Annual::Effective => {
            let mut growth = Decimal::ONE;
            for _ in 0..months {
                growth = growth.checked_mul(Decimal::ONE + rate).ok_or(CashFlowError::Overflow)?;
            }
            growth
        }
    };
    let interest = interest_half_even(amount.minor, growth - Decimal::ONE)?;
    let due = Money::new(amount.minor + interest, amount.currency);
    Ok(MonthlyFlows {
        advances: vec![(0, amount)],
        payments: vec![(months, due)],
    })
}

fn interest_half_even(owed: i64, rate: Decimal) -> Result<i64, CashFlowError> {
    let interest = Decimal::from(owed).checked_mul(rate).ok_or(CashFlowError::Overflow)?;
    i64::try_from(interest.round()).map_err(|_| CashFlowError::Overflow)
}

/// The rate to use when different ones apply by time or amount: the highest over the whole agreement.
pub fn highest_rate(offered: &[Rate]) -> Option<Rate> {
    offered.iter().max().copied()
}

/// A borrowing rate of one part of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateStep {
    /// Agreed as a number.
    Fixed(Rate),
    /// An index plus this margin.
    Indexed(Rate),
}

impl RateStep {
    /// The rate with the index as it is today, frozen for the rest of the term; pass the highest index of the last twenty
    /// years for the illustrative rate of Directive 2014/17/EU.
    pub fn at_index(self, index: Rate) -> Result<Rate, CashFlowError> {
        match self {
            Self::Fixed(rate) => Ok(rate),
            Self::Indexed(margin) => margin.plus(index).map_err(|_| CashFlowError::Overflow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn effective(percent: i64) -> Borrowing {
        Borrowing {
            rate: Rate::from_percent(percent),
            annual: Annual::Effective,
        }
    }

    #[test]
    fn commission_example_31_open_ended_line() {
        let flows = open_ended(euro(3_000_000), effective(7), Purpose::Consumer).unwrap();
        assert_eq!(flows.payments[0], (1, euro(266_962)));
        assert_eq!(flows.payments[11], (12, euro(251_414)));
        let apr = flows.with_charge(0, euro(60_000)).apr().unwrap();
        assert_eq!(apr.percent().round_dp(4).to_string(), "11.1648");
    }

    #[test]
    fn commission_example_39_overdraft_of_six_months() {
        let flows = overdraft(euro(300_000), effective(9), Some(6)).unwrap();
        assert_eq!(flows.payments, [(6, euro(313_209))]);
        assert_eq!(
            flows
                .with_charge(0, euro(6_000))
                .apr()
                .unwrap()
                .percent()
                .round_dp(5)
                .to_string(),
            "13.49424"
        );
    }

    #[test]
    fn terms_that_are_left_open() {
        assert_eq!(overdraft(euro(100), effective(0), None).unwrap().payments[0].0, 3);
        assert_eq!(bridging(euro(100), effective(0), None).unwrap().payments[0].0, 12);
        assert_eq!(
            open_ended(euro(24_000), effective(0), Purpose::Home)
                .unwrap()
                .payments
                .len(),
            240
        );
        assert_eq!(amount(None, Purpose::Home), Ok(euro(17_000_000)));
        assert_eq!(amount(None, Purpose::Consumer), Ok(euro(150_000)));
        assert_eq!(amount(Some(euro(7)), Purpose::Home), Ok(euro(7)));
        assert_eq!(
            highest_rate(&[Rate::from_percent(5), Rate::from_percent(8)]),
            Some(Rate::from_percent(8))
        );
        let index = Rate::from_percent(3);
        assert_eq!(
            RateStep::Indexed(Rate::from_percent(2)).at_index(index),
            Ok(Rate::from_percent(5))
        );
        assert_eq!(
            RateStep::Fixed(Rate::from_percent(2)).at_index(index),
            Ok(Rate::from_percent(2))
        );
    }
}

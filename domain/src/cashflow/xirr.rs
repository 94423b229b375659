//! Effective annual rates by days: spreadsheet XIRR over 365, and United Kingdom single-payment practice over 365.25.

use super::solve::{self, Annual, Basis, Flow, OddDays};
use super::{Apr, CashFlowError, Convention, DatedFlows};
use crate::calendar::{Fraction, days_between};

/// Days of the year that a rate compounds over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Year {
    /// 365 days: XIRR.
    Days365,
    /// 365.25 days: United Kingdom.
    Days365AndQuarter,
}

/// The effective annual rate of dated flows.
pub fn apr(flows: &DatedFlows, year: Year) -> Result<Apr, CashFlowError> {
    flows.check()?;
    let start = flows.signed().map(|(date, _)| date).min().ok_or(CashFlowError::Empty)?;
    let timed = flows
        .signed()
        .map(|(date, amount)| Flow::whole(days_between(start, date), amount))
        .collect();
    rate(timed, year)
}

/// The effective annual rate of flows counted in days.
pub fn rate(flows: Vec<Flow>, year: Year) -> Result<Apr, CashFlowError> {
    let (per_year, convention) = match year {
        Year::Days365 => (Fraction::whole(365), Convention::XirrAct365),
        Year::Days365AndQuarter => (
            Fraction {
                numerator: 1461,
                denominator: 4,
            },
            Convention::UkEffective,
        ),
    };
    solve::rate(
        flows,
        &Basis {
            odd_days: OddDays::Power,
            per_year,
            annual: Annual::Effective,
            convention,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nine_day_loan_really_costs_two_million_per_cent() {
        let flows = vec![Flow::whole(0, -15_000), Flow::whole(9, 19_199)];
        let apr = rate(flows, Year::Days365AndQuarter).unwrap();
        assert_eq!(apr.percent().round_dp(1).to_string(), "2238723.9");
    }

    #[test]
    fn the_spreadsheet_documentation_example() {
        let day = |text: &str| text.parse().unwrap();
        let flows = DatedFlows {
            advances: vec![(day("2008-01-01"), 10_000)],
            payments: vec![
                (day("2008-03-01"), 2_750),
                (day("2008-10-30"), 4_250),
                (day("2009-02-15"), 3_250),
                (day("2009-04-01"), 2_750),
            ],
        };
        assert_eq!(apr(&flows, Year::Days365).unwrap().fraction.to_string(), "0.37336253");
    }
}

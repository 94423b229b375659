//! India: the annual percentage rate of the key facts statement (RBI/2024-25/18, annex B): the monthly internal rate of
//! return on the net disbursed amount, times twelve.
//!
//! Nominal. Months are whole between equal days of the month, counted back from the payment; the days that remain in a
//! broken first period go over 30 and compound.

use super::solve::{self, Annual, Basis, Flow, OddDays};
use super::{Apr, CashFlowError, Convention, DatedFlows, us};
use crate::calendar::Fraction;

/// The nominal annual percentage rate of dated flows.
pub fn apr(flows: &DatedFlows) -> Result<Apr, CashFlowError> {
    rate(us::monthly_flows(flows)?)
}

/// The nominal annual percentage rate of flows counted in months.
pub fn rate(flows: Vec<Flow>) -> Result<Apr, CashFlowError> {
    let basis = Basis {
        odd_days: OddDays::Power,
        per_year: Fraction::whole(12),
        annual: Annual::Nominal,
        convention: Convention::IndiaNominal,
    };
    solve::rate(flows, &basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_rate_from_dates() {
        let day = |text: &str| text.parse().unwrap();
        let mut flows = DatedFlows {
            advances: vec![(day("2024-01-31"), 964_600)],
            payments: Vec::new(),
        };
        for month in 1..=24 {
            let due = crate::calendar::Period::new(1, crate::calendar::Unit::Month).after(day("2024-01-31"), month);
            flows.payments.push((due.unwrap(), 50_896));
        }
        let apr = apr(&flows).unwrap();
        assert_eq!(apr.percent().round_dp(5).to_string(), "23.78498");
        assert_eq!(apr.convention, Convention::IndiaNominal);
    }
}

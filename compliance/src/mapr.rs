//! The military annual percentage rate of 32 CFR 232.4(c), computed apart from the APR.
//!
//! Beside the finance charge it counts every fee that comes with the credit: application and participation fees, credit insurance,
//! debt cancellation and ancillary products, also where the APR leaves them out because they are voluntary. Fees that only a late or an
//! early payment brings do not count, in either.

use domain::cashflow::{Convention, DatedFlows, verified};
use domain::money::Rate;
use domain::offer::{Fee, FeeTiming, Offer};

/// The MAPR of an offer whose US APR was computed: the same number where no fee counts in the MAPR alone.
pub(crate) fn beside(offer: &Offer, us_apr: Option<Rate>) -> Option<Rate> {
    let upfront = |fee: &Fee| matches!(fee.timing, FeeTiming::UpfrontDeducted | FeeTiming::UpfrontPaid);
    let alone = |fee: &Fee| upfront(fee) && !fee.mandatory && !fee.in_finance_charge;
    match us_apr {
        Some(apr) if !offer.fees.iter().any(alone) => Some(apr),
        _ => mapr(offer),
    }
}

/// The MAPR of an offer; none when its flows have no single rate or mix currencies. Then nobody may say that it is below the cap.
pub fn mapr(offer: &Offer) -> Option<Rate> {
    let currency = offer.amounts.offered.currency;
    let start = offer.issued_at.date_naive();
    let mut net = i128::from(offer.amounts.offered.minor);
    let mut payments = Vec::with_capacity(offer.repayment.schedule.len() + offer.fees.len());
    for fee in &offer.fees {
        if fee.amount.currency != currency {
            return None;
        }
        match fee.timing {
            FeeTiming::UpfrontDeducted => net -= i128::from(fee.amount.minor),
            FeeTiming::UpfrontPaid => payments.push((start, i128::from(fee.amount.minor))),
            // In the payments of the schedule already, or brought by something that need not happen.
            FeeTiming::Financed | FeeTiming::PerPeriod | FeeTiming::OnPrepay | FeeTiming::OnLate => {}
        }
    }
    for row in &offer.repayment.schedule {
        if row.total.currency != currency {
            return None;
        }
        payments.push((row.due, i128::from(row.total.minor)));
    }
    let flows = DatedFlows {
        advances: vec![(start, net)],
        payments,
    };
    verified(&flows, Convention::UsNominal).ok().map(|apr| apr.rate)
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Money};
    use domain::offer::Payee;

    use super::*;
    use crate::samples::{offer, payment};

    fn fee(minor: i64, timing: FeeTiming, voluntary: bool) -> Fee {
        Fee {
            code: "insurance".into(),
            payee: Payee::ThirdParty,
            amount: Money::new(minor, Currency::usd()),
            timing,
            mandatory: !voluntary,
            in_finance_charge: !voluntary,
        }
    }

    /// 1,000 dollars for a year in one payment: the rate is the cost over what arrives.
    fn one_year(total: i64) -> Offer {
        offer(100_000, vec![payment("2027-01-10", 100_000, total - 100_000)])
    }

    #[test]
    fn voluntary_insurance_counts_in_the_mapr_though_the_apr_leaves_it_out() {
        let mut offer = one_year(136_000);
        assert_eq!(mapr(&offer), Some(Rate::from_percent(36)));
        offer.fees = vec![fee(1_000, FeeTiming::UpfrontDeducted, true)];
        // 370 over 990.
        assert_eq!(mapr(&offer), Some(Rate::from_ppm(373_737)));
        offer.fees = vec![
            fee(1_000, FeeTiming::OnLate, true),
            fee(1_000, FeeTiming::OnPrepay, false),
        ];
        assert_eq!(mapr(&offer), Some(Rate::from_percent(36)));
    }

    #[test]
    fn a_fee_paid_at_the_start_counts_as_if_it_were_withheld() {
        let mut withheld = one_year(110_000);
        withheld.fees = vec![fee(1_000, FeeTiming::UpfrontDeducted, true)];
        let mut paid = one_year(110_000);
        paid.fees = vec![fee(1_000, FeeTiming::UpfrontPaid, true)];
        assert_eq!(mapr(&withheld), mapr(&paid));
        assert_ne!(mapr(&withheld), mapr(&one_year(110_000)));
    }

    #[test]
    fn the_apr_is_taken_only_where_it_is_the_same_number() {
        let apr = Some(Rate::from_percent(10));
        let mut offer = one_year(110_000);
        assert_eq!((beside(&offer, apr), mapr(&offer)), (apr, apr));
        offer.fees = vec![fee(1_000, FeeTiming::UpfrontDeducted, true)];
        assert_eq!(beside(&offer, apr), mapr(&offer));
        assert_ne!(beside(&offer, apr), apr);
        assert_eq!(beside(&one_year(110_000), None), apr);
    }

    #[test]
    fn what_has_no_rate_has_no_mapr() {
        assert_eq!(mapr(&offer(100_000, vec![])), None);
        let mut foreign = one_year(110_000);
        foreign.fees = vec![Fee {
            amount: Money::new(1, Currency::parse("EUR").unwrap()),
            ..fee(1, FeeTiming::UpfrontPaid, true)
        }];
        assert_eq!(mapr(&foreign), None);
    }
}

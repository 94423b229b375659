//! The published examples of Appendix J, paragraph (c), from their dates.

use super::*;
use crate::calendar::{Period, Unit};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn loan(advance: (&str, i128), first: &str, period: Period, amounts: &[(u32, i128)]) -> DatedFlows {
    let mut payments = Vec::new();
    for &(count, amount) in amounts {
        for _ in 0..count {
            let index = u32::try_from(payments.len()).unwrap();
            payments.push((period.after(day(first), index).unwrap(), amount));
        }
    }
    DatedFlows {
        advances: vec![(day(advance.0), advance.1)],
        payments,
    }
}

fn two_decimals(flows: &DatedFlows) -> String {
    apr(flows).unwrap().percent().round_dp(2).to_string()
}

const MONTH: Period = Period::new(1, Unit::Month);

fn assert_published(flows: &DatedFlows, unit: UnitPeriod, published: &str) {
    assert_eq!(timed_flows(flows).unwrap().0, unit);
    assert_eq!(two_decimals(flows), published);
}

#[test]
fn appendix_j_examples_of_regular_payments_from_dates() {
    let quarter = Period::new(3, Unit::Month);
    let regular = loan(("1978-01-10", 500_000), "1978-02-10", MONTH, &[(24, 23_000)]);
    assert_published(&regular, UnitPeriod::Months(1), "9.69");
    let long_first = loan(("1978-02-10", 600_000), "1978-04-01", MONTH, &[(36, 20_000)]);
    assert_published(&long_first, UnitPeriod::Months(1), "11.82");
    let quarterly = loan(("1978-05-23", 1_000_000), "1978-10-01", quarter, &[(40, 38_500)]);
    assert_published(&quarterly, UnitPeriod::Months(3), "8.97");
    let weekly = loan(
        ("1978-03-20", 50_000),
        "1978-04-21",
        Period::new(1, Unit::Week),
        &[(30, 1_760)],
    );
    assert_published(&weekly, UnitPeriod::Weeks(1), "14.96");
    let single = loan(("1978-01-03", 100_000), "1978-09-15", MONTH, &[(1, 108_000)]);
    assert_published(&single, UnitPeriod::TermDays(255), "11.45");
}

#[test]
fn appendix_j_examples_of_odd_payments_from_dates() {
    let weeks = |count| Period::new(count, Unit::Week);
    let monthly = |amounts: &[(u32, i128)]| loan(("1978-01-10", 500_000), "1978-02-10", MONTH, amounts);
    assert_published(&monthly(&[(1, 25_000), (23, 23_000)]), UnitPeriod::Months(1), "10.08");
    assert_published(&monthly(&[(23, 23_000), (1, 28_000)]), UnitPeriod::Months(1), "10.50");
    let both = monthly(&[(1, 25_000), (22, 23_000), (1, 28_000)]);
    assert_published(&both, UnitPeriod::Months(1), "10.90");
    let four_weeks = loan(
        ("1978-03-18", 40_000),
        "1978-04-20",
        weeks(4),
        &[(1, 3_950), (11, 3_831)],
    );
    assert_published(&four_weeks, UnitPeriod::Weeks(4), "28.50");
    let two_weeks = loan(("1978-04-03", 20_000), "1978-04-11", weeks(2), &[(19, 950), (1, 3_000)]);
    assert_published(&two_weeks, UnitPeriod::Weeks(2), "12.22");
    let amounts = [(1, 44_936), (18, 46_500), (1, 20_000)];
    let two_months = loan(
        ("1978-01-10", 800_000),
        "1978-03-01",
        Period::new(2, Unit::Month),
        &amounts,
    );
    assert_published(&two_months, UnitPeriod::Months(2), "7.30");
}

#[test]
fn semimonthly_payments_on_the_first_and_fifteenth() {
    let mut flows = loan(
        ("1978-02-23", 500_000),
        "1978-03-01",
        Period::new(1, Unit::Month),
        &[(12, 21_917)],
    );
    for index in 0..12 {
        flows.payments.push((
            Period::new(1, Unit::Month).after(day("1978-03-15"), index).unwrap(),
            21_917,
        ));
    }
    assert_eq!(timed_flows(&flows).unwrap().0, UnitPeriod::Semimonth);
    assert_eq!(two_decimals(&flows), "10.34");
}

#[test]
fn yearly_odd_days_go_over_365_as_the_regulation_says() {
    let mut flows = loan(
        ("2026-04-27", 10_000_000),
        "2027-04-30",
        Period::new(1, Unit::Year),
        &[(3, 4_021_500)],
    );
    flows.payments.push((day("2026-04-27"), 100_000));
    assert_eq!(timed_flows(&flows).unwrap().0, UnitPeriod::Year);
    assert_eq!(apr(&flows).unwrap().percent().round_dp(4).to_string(), "10.5284");
}

#[test]
fn month_ends_are_whole_months() {
    let flows = loan(
        ("2023-01-31", 100_000),
        "2023-02-28",
        Period::new(1, Unit::Month),
        &[(1, 50_500)],
    );
    let (unit, _) = timed_flows(&flows).unwrap();
    assert_eq!(unit, UnitPeriod::TermMonths(1));
    let due = |index| Period::new(1, Unit::Month).after(day("2023-01-31"), index).unwrap();
    let flows = DatedFlows {
        advances: vec![(day("2023-01-31"), 100_000)],
        payments: (1..=12).map(|index| (due(index), 9_000)).collect(),
    };
    let (unit, timed) = timed_flows(&flows).unwrap();
    assert_eq!(unit, UnitPeriod::Months(1));
    assert!(timed.iter().all(|flow| flow.odd == Fraction::ZERO));
}

#[test]
fn without_a_common_period_the_average_counts() {
    let flows = DatedFlows {
        advances: vec![(day("2023-01-01"), 100_000)],
        payments: vec![(day("2023-02-10"), 50_000), (day("2023-04-22"), 55_000)],
    };
    // 111 days over two periods: 55.5 lies nearest to eight weeks.
    assert_eq!(timed_flows(&flows).unwrap().0, UnitPeriod::Weeks(8));
}

#[test]
fn single_payment_terms() {
    let unit = |from: &str, to: &str| {
        let flows = DatedFlows {
            advances: vec![(day(from), 100)],
            payments: vec![(day(to), 110)],
        };
        timed_flows(&flows).unwrap().0
    };
    assert_eq!(unit("2024-01-15", "2024-07-15"), UnitPeriod::TermMonths(6));
    assert_eq!(unit("2024-01-15", "2024-07-16"), UnitPeriod::TermDays(183));
    assert_eq!(unit("2024-01-15", "2025-01-15"), UnitPeriod::Year);
    assert_eq!(unit("2024-01-15", "2026-03-20"), UnitPeriod::Year);
}

#[test]
fn two_advances_follow_the_general_equation() {
    // Half the credit now and half after six months: at 1 % a month both sides are worth the same by construction.
    let flows = vec![
        Flow::whole(0, -100_000_000),
        Flow::whole(6, -106_152_015),
        Flow {
            periods: 12,
            odd: Fraction {
                numerator: 15,
                denominator: 30,
            },
            amount: 226_491_831,
        },
    ];
    // (100000000 + 100000000) · 1.01^12 · 1.005 = 226,491,831.
    assert_eq!(
        rate(flows, Fraction::whole(12))
            .unwrap()
            .percent()
            .round_dp(4)
            .to_string(),
        "12.0000"
    );
}

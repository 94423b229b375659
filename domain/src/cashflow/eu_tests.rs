//! Intervals of the guidelines, and rates from dates.

use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn intervals_count_back_from_the_end() {
    let parts = |from: &str, to: &str, regular| {
        let Interval { periods, odd } = interval(day(from), day(to), regular).unwrap();
        (periods, odd.numerator, odd.denominator)
    };
    assert_eq!(parts("2012-01-12", "2012-02-15", Regular::Month), (1, 3, 365));
    assert_eq!(parts("2013-01-12", "2013-02-15", Regular::Month), (1, 3, 366));
    assert_eq!(parts("2012-01-12", "2012-02-15", Regular::Year), (0, 34, 365));
    assert_eq!(parts("2012-01-12", "2014-02-15", Regular::Year), (2, 34, 365));
    assert_eq!(parts("2020-12-31", "2021-03-01", Regular::Month), (2, 1, 366));
    assert_eq!(parts("2024-01-01", "2024-01-17", Regular::Week), (2, 2, 365));
    assert_eq!(parts("2024-02-29", "2025-02-28", Regular::Year), (0, 365, 366));
    assert!(interval(day("2024-01-02"), day("2024-01-01"), Regular::Month).is_err());
}

#[test]
fn a_charge_before_the_first_drawdown_has_a_negative_time() {
    let flow = timed(day("2024-03-15"), day("2024-01-10"), 1, Regular::Month, 5).unwrap();
    // Two whole months and five days before.
    assert_eq!(
        (flow.periods, flow.odd),
        (
            -3,
            Fraction {
                numerator: 305,
                denominator: 365
            }
        )
    );
}

#[test]
fn dates_give_the_rate_of_equal_months() {
    let due = |index| Period::new(1, Unit::Month).after(day("2026-01-31"), index).unwrap();
    let mut flows = DatedFlows {
        advances: vec![(day("2026-01-31"), 1_000_000)],
        payments: vec![(due(1), 5_000)],
    };
    flows.payments.extend((1..=6).map(|index| (due(index), 170_700)));
    assert_eq!(apr(&flows).unwrap().percent().round_dp(5).to_string(), "10.44749");
}

#[test]
fn weekly_agreements_count_in_fifty_seconds() {
    let due = |index| Period::new(1, Unit::Week).after(day("2026-01-05"), index).unwrap();
    let payments = (1..=52).map(|index| (due(index), 2_000)).collect();
    let flows = DatedFlows {
        advances: vec![(day("2026-01-05"), 100_000)],
        payments,
    };
    assert_eq!(regular_period(&flows).0, Regular::Week);
    let timed = (1..=52)
        .map(|week| Flow::whole(week, 2_000))
        .chain([Flow::whole(0, -100_000)])
        .collect();
    assert_eq!(apr(&flows).unwrap(), rate(timed, Fraction::whole(52)).unwrap());
}

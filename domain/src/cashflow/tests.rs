//! Rates in every convention from dates and amounts alone.

use super::*;
use crate::calendar::{Period, Unit};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn series(start: &str, period: Period, count: u32, amount: i128) -> Vec<(Date, i128)> {
    (0..count)
        .map(|index| (period.after(day(start), index).unwrap(), amount))
        .collect()
}

fn monthly(count: u32, amount: i128) -> DatedFlows {
    let payments = series("2024-02-15", Period::new(1, Unit::Month), count, amount);
    DatedFlows {
        advances: vec![(day("2024-01-15"), 1_000_000)],
        payments,
    }
}

const ALL: [Convention; 5] = [
    Convention::UsNominal,
    Convention::EuEffective,
    Convention::IndiaNominal,
    Convention::XirrAct365,
    Convention::UkEffective,
];

#[test]
fn one_loan_has_one_rate_per_convention() {
    let flows = monthly(24, 52_766);
    let percent = |convention| verified(&flows, convention).unwrap().percent().round_dp(2).to_string();
    assert_eq!(percent(Convention::UsNominal), percent(Convention::IndiaNominal));
    assert!(
        verified(&flows, Convention::EuEffective).unwrap().rate > verified(&flows, Convention::UsNominal).unwrap().rate
    );
    for convention in ALL {
        assert_eq!(verified(&flows, convention).unwrap().convention, convention);
    }
}

#[test]
fn token_base_units_up_to_the_largest_keep_the_rate() {
    let flows = monthly(24, 52_766);
    let mut large = flows.clone();
    let scale = 10_i128.pow(32);
    for (_, amount) in large.advances.iter_mut().chain(&mut large.payments) {
        *amount *= scale;
    }
    for convention in ALL {
        let (small, large) = (
            verified(&flows, convention).unwrap(),
            verified(&large, convention).unwrap(),
        );
        assert_eq!(small.rate, large.rate, "{convention:?}");
    }
}

#[test]
fn paying_back_less_is_a_negative_rate_and_the_same_is_zero() {
    for convention in ALL {
        assert!(verified(&monthly(10, 90_000), convention).unwrap().rate < Rate::ZERO);
        assert_eq!(verified(&monthly(10, 100_000), convention).unwrap().rate, Rate::ZERO);
    }
}

#[test]
fn flows_without_a_rate_are_typed_errors() {
    for convention in ALL {
        assert_eq!(verified(&DatedFlows::default(), convention), Err(CashFlowError::Empty));
        let only_paid = DatedFlows {
            advances: Vec::new(),
            ..monthly(3, 1)
        };
        assert_eq!(verified(&only_paid, convention), Err(CashFlowError::OneSided));
        let negative = monthly(3, -1);
        assert_eq!(verified(&negative, convention), Err(CashFlowError::NegativeAmount));
        let mut same_day = monthly(0, 0);
        same_day.payments.push((day("2024-01-15"), 2_000_000));
        assert!(verified(&same_day, convention).is_err());
    }
}

#[test]
fn three_drawdowns_and_a_charge_before_the_first_are_one_rate() {
    let flows = DatedFlows {
        advances: series("2024-01-10", Period::new(2, Unit::Month), 3, 1_000_000),
        payments: [
            vec![(day("2023-12-20"), 5_000)],
            series("2024-02-10", Period::new(1, Unit::Month), 36, 95_000),
        ]
        .concat(),
    };
    for convention in ALL {
        let rate = verified(&flows, convention).unwrap().rate;
        assert!(
            rate > Rate::from_percent(8) && rate < Rate::from_percent(20),
            "{convention:?} {rate}"
        );
    }
}

#[test]
fn two_rates_are_refused() {
    let flows = DatedFlows {
        advances: vec![(day("2021-01-01"), 1_600), (day("2023-01-01"), 10_000)],
        payments: vec![(day("2022-01-01"), 10_000)],
    };
    for convention in [
        Convention::EuEffective,
        Convention::XirrAct365,
        Convention::UkEffective,
        Convention::UsNominal,
    ] {
        assert_eq!(
            verified(&flows, convention),
            Err(CashFlowError::TwoRoots),
            "{convention:?}"
        );
    }
}

#[test]
fn kinds_give_the_direction_and_currencies_do_not_mix() {
    let usd = |minor| Money::new(minor, Currency::usd());
    let flow = |date, minor, kind| CashFlow {
        date: day(date),
        amount: usd(minor),
        kind,
    };
    let mut flows = vec![
        flow("2024-01-15", 100_000, FlowKind::Advance),
        flow("2024-01-15", 2_000, FlowKind::Charge),
        flow("2024-02-15", 101_000, FlowKind::Installment),
    ];
    let dated = DatedFlows::from_cash_flows(&flows).unwrap();
    assert_eq!((dated.advances.len(), dated.payments.len()), (1, 2));
    flows[2].amount.currency = Currency::parse("EUR").unwrap();
    assert_eq!(DatedFlows::from_cash_flows(&flows), Err(CashFlowError::MixedCurrencies));
}

//! The solver against loans built at a known rate, against itself, and against flows that have no single rate.

use proptest::prelude::*;

use super::*;

const MONTHLY: Basis = Basis {
    odd_days: OddDays::Linear,
    per_year: Fraction::whole(12),
    annual: Annual::Nominal,
    convention: Convention::UsNominal,
};
const YEARLY: Basis = Basis {
    odd_days: OddDays::Power,
    per_year: Fraction::whole(1),
    annual: Annual::Effective,
    convention: Convention::EuEffective,
};

fn yearly(amounts: &[i128]) -> Result<Apr, CashFlowError> {
    rate(
        amounts
            .iter()
            .zip(0..)
            .map(|(amount, year)| Flow::whole(year, *amount))
            .collect(),
        &YEARLY,
    )
}

fn percent(apr: &Apr) -> String {
    apr.percent().round_dp(4).normalize().to_string()
}

#[test]
fn textbook_rates() {
    assert_eq!(percent(&yearly(&[-100, 110]).unwrap()), "10");
    assert_eq!(percent(&yearly(&[-100, 0, 121]).unwrap()), "10");
    assert_eq!(percent(&yearly(&[-100, 50]).unwrap()), "-50");
    assert_eq!(percent(&yearly(&[-100, 100]).unwrap()), "0");
    assert_eq!(percent(&yearly(&[-10_000, 1]).unwrap()), "-99.99");
    assert_eq!(
        yearly(&[-1, 1_000_000_000])
            .unwrap()
            .percent()
            .round_dp(2)
            .normalize()
            .to_string(),
        "99999999900"
    );
}

#[test]
fn rates_that_do_not_exist_or_are_not_alone() {
    assert_eq!(yearly(&[]), Err(CashFlowError::Empty));
    assert_eq!(yearly(&[0, 0]), Err(CashFlowError::Empty));
    assert_eq!(yearly(&[-1, -1]), Err(CashFlowError::OneSided));
    assert_eq!(yearly(&[5, 3]), Err(CashFlowError::OneSided));
    // 25 % and 400 %.
    assert_eq!(yearly(&[-1_600, 10_000, -10_000]), Err(CashFlowError::TwoRoots));
    // A discriminant below zero.
    assert_eq!(yearly(&[-1_000, 1_500, -1_000]), Err(CashFlowError::NoRoot));
    // 10 %, twice.
    assert_eq!(yearly(&[-10_000, 22_000, -12_100]), Err(CashFlowError::TwoRoots));
    // 0 %, 100 % and 200 %.
    assert_eq!(yearly(&[-1, 6, -11, 6]), Err(CashFlowError::TwoRoots));
    // 0 % and −50 %.
    assert_eq!(yearly(&[-2, 3, -1]), Err(CashFlowError::TwoRoots));
}

#[test]
fn many_sign_changes_with_one_root_are_solved() {
    // A line drawn again after it was repaid: 8 % by construction.
    let again = yearly(&[-10_000, 10_800, -10_000, 10_800]).unwrap();
    assert_eq!(percent(&again), "8");
    // A charge of two per cent a month before the drawdown: the second root lies beyond any rate looked for.
    let early = vec![
        Flow::whole(-1, 2_000),
        Flow::whole(0, -100_000),
        Flow::whole(12, 105_000),
    ];
    let apr = rate(
        early,
        &Basis {
            per_year: Fraction::whole(12),
            ..YEARLY
        },
    )
    .unwrap();
    assert!(apr.rate > Rate::from_percent(7) && apr.rate < Rate::from_percent(8));
}

#[test]
fn results_that_do_not_fit_are_overflow() {
    let day = Basis {
        per_year: Fraction::whole(365),
        ..YEARLY
    };
    assert_eq!(
        rate(vec![Flow::whole(0, -1), Flow::whole(1, 3)], &day),
        Err(CashFlowError::Overflow)
    );
    let sum = vec![Flow::whole(0, -1), Flow::whole(1, i128::MAX), Flow::whole(1, 1)];
    assert_eq!(rate(sum, &YEARLY), Err(CashFlowError::Overflow));
    let odd = Fraction {
        numerator: 3,
        denominator: 2,
    };
    assert_eq!(
        rate(
            vec![Flow {
                periods: 0,
                odd,
                amount: 1
            }],
            &YEARLY
        ),
        Err(CashFlowError::BadTime)
    );
}

#[test]
fn a_payment_within_the_same_period_may_have_no_rate() {
    // Linear odd days alone: one plus half the rate cannot reach a quarter above −100 %.
    let odd = Fraction {
        numerator: 1,
        denominator: 2,
    };
    let flows = vec![
        Flow::whole(0, -4),
        Flow {
            periods: 0,
            odd,
            amount: 1,
        },
    ];
    assert_eq!(rate(flows, &MONTHLY), Err(CashFlowError::NoRoot));
}

#[test]
fn an_exact_time_of_either_sign() {
    let flow = Flow::at(
        Fraction {
            numerator: -1,
            denominator: 4,
        },
        1,
    );
    assert_eq!(
        (flow.periods, flow.odd),
        (
            -1,
            Fraction {
                numerator: 3,
                denominator: 4
            }
        )
    );
}

/// An advance that `payments` repay exactly at `rate` a period, in floating point.
fn advance_at(rate: f64, odd: f64, payments: &[f64]) -> f64 {
    payments
        .iter()
        .zip(1..)
        .map(|(paid, t)| paid / ((1.0 + odd * rate) * (1.0 + rate).powi(t)))
        .sum()
}

fn flows(advance: i128, odd_thirtieths: i64, payments: &[i128]) -> Vec<Flow> {
    let odd = Fraction {
        numerator: odd_thirtieths,
        denominator: 30,
    };
    let paid = payments.iter().zip(1..).map(|(amount, periods)| Flow {
        periods,
        odd,
        amount: *amount,
    });
    std::iter::once(Flow::whole(0, -advance)).chain(paid).collect()
}

proptest! {
    #[test]
    fn a_loan_built_at_a_rate_solves_back(
        ppm in -400_000_i64..3_000_000,
        odd in 0_i64..30,
        count in 1_usize..400,
        last in 1_i128..2_000_000_000,
    ) {
        let nominal = integer(i128::from(ppm)) / 1e6;
        let mut payments = vec![1_000_000_000_i128; count];
        payments[count - 1] = last;
        let in_float: Vec<f64> = payments.iter().map(|amount| integer(*amount)).collect();
        let advance = rounded(advance_at(nominal / 12.0, integer(i128::from(odd)) / 30.0, &in_float)).unwrap();
        prop_assume!(advance > 10_000_000);
        let solved = rate(flows(advance, odd, &payments), &MONTHLY).unwrap();
        let error = (solved.fraction - Decimal::new(ppm, 6)).abs();
        prop_assert!(error <= Decimal::new(1, 5), "{} for {ppm}", solved.fraction);
    }

    #[test]
    fn the_fast_path_equals_the_generic_path(
        head in prop::collection::vec(1_i128..1_000_000, 0..6),
        equal in 1_i128..1_000_000,
        count in 1_usize..360,
        tail in prop::collection::vec(1_i128..1_000_000, 0..6),
        odd in 0_i64..30,
        advance in 1_000_i128..1_000_000_000,
        linear in any::<bool>(),
    ) {
        let payments = [head, vec![equal; count], tail].concat();
        let odd_days = if linear { OddDays::Linear } else { OddDays::Power };
        let points = points(flows(advance, odd, &payments), odd_days).unwrap();
        match (log_rate(&points, 12.0, true), log_rate(&points, 12.0, false)) {
            (Ok(fast), Ok(generic)) => {
                prop_assert!((fast - generic).abs() <= 1e-12 * (1.0 + generic.abs()), "{fast} {generic}");
            }
            (fast, generic) => prop_assert_eq!(fast, generic),
        }
    }

    #[test]
    fn any_flows_give_a_rate_that_balances_or_an_error(
        amounts in prop::collection::vec(-1_000_i128..1_000, 1..24),
        linear in any::<bool>(),
    ) {
        let odd = Fraction { numerator: 7, denominator: 30 };
        let flows: Vec<Flow> = amounts.iter().zip(0..)
            .map(|(amount, periods)| Flow { periods, odd: if periods % 2 == 0 { Fraction::ZERO } else { odd }, amount: *amount })
            .collect();
        let odd_days = if linear { OddDays::Linear } else { OddDays::Power };
        let points = points(flows, odd_days).unwrap();
        if let Ok(root) = log_rate(&points, 12.0, true) {
            // The only rate: a fine scan of the admissible range finds no second change of sign.
            let model = Model::new(&points, false);
            let (low, high) = (1e-6_f64.ln() / 12.0, 1e6_f64.ln_1p() / 12.0);
            let at = |k: i32| low + (high - low) * f64::from(k) / 4_000.0;
            let changes = (0..4_000).filter(|k| {
                let (a, b) = (model.log_ratio(at(*k)), model.log_ratio(at(k + 1)));
                a != 0.0 && b != 0.0 && (a > 0.0) != (b > 0.0)
            }).count();
            prop_assert!(changes <= 1, "{root} {changes}");
        }
    }
}

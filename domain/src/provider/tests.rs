//! Health figures and verdicts against sequences that are known.

use uuid::Uuid;

use super::*;
use crate::ids::RequestId;
use crate::money::Rate;
use crate::quote::Flag;
use crate::sample;

fn noon() -> chrono::DateTime<chrono::Utc> {
    sample::at("2026-01-10T12:00:00Z")
}

fn window(calls: &[(CallResult, u64)]) -> HealthWindow {
    let mut window = HealthWindow::default();
    for (result, count) in calls {
        for _ in 0..*count {
            window.call(*result, 1_000, &[], noon());
        }
    }
    window
}

#[test]
fn quantiles_are_those_of_the_known_sequence() {
    let mut small = Histogram::default();
    (1..=60).rev().for_each(|value| small.record(value));
    // Nearest rank, exact below 64.
    assert_eq!(
        (small.quantile(500), small.quantile(990), small.quantile(0)),
        (Some(30), Some(60), Some(1))
    );
    let mut large = Histogram::default();
    (1..=100_000).for_each(|value| large.record(value));
    for (permille, exact) in [(500, 50_000), (990, 99_000), (1_000, 100_000)] {
        let found: i64 = large.quantile(permille).unwrap();
        assert!(
            found.abs_diff(exact) * 64 <= exact.unsigned_abs(),
            "{permille}: {found} for {exact}"
        );
    }
    assert_eq!(Histogram::default().quantile(500), None);
}

#[test]
fn extreme_and_negative_numbers_are_counted_in_order() {
    let mut all = Histogram::default();
    for value in [i64::MAX, -5, 0, -1_000_000, i64::MIN] {
        all.record(value);
    }
    assert_eq!((all.quantile(800), all.quantile(600)), (Some(0), Some(-5)));
    assert_eq!(
        all.quantile(400).map(|v| (-1_016_000..=-984_000).contains(&v)),
        Some(true)
    );
    assert!(all.quantile(1).is_some_and(|v| v < -9_000_000_000_000_000_000));
    assert!(all.quantile(1_000).is_some_and(|v| v > 9_000_000_000_000_000_000));
}

#[test]
fn histograms_add_up_and_survive_storage() {
    let (mut odd, mut even, mut all) = (Histogram::default(), Histogram::default(), Histogram::default());
    for value in -2_000..2_000 {
        all.record(value);
        if value % 2 == 0 {
            even.record(value);
        } else {
            odd.record(value);
        }
    }
    odd.add(&even);
    let stored = serde_json::to_string(&odd).unwrap();
    assert_eq!(serde_json::from_str::<Histogram>(&stored).unwrap(), all);
}

#[test]
fn the_gap_of_a_quote_is_declared_less_verified_in_the_lenders_convention() {
    let mut quote = sample::quote_of(sample::offer());
    quote.flags.clear();
    quote.offer.declared.convention = crate::offer::AprConvention::UsNominal;
    quote.verified.us_apr = Some(Rate::from_ppm(100_000));
    let mut window = HealthWindow::default();
    for declared in [100_000, 100_020, 99_960] {
        quote.offer.declared.apr = Rate::from_ppm(declared);
        window.call(CallResult::Offered, 10, std::slice::from_ref(&quote), noon());
    }
    assert_eq!((window.quotes, window.misdeclared, window.worst_apr_gap), (3, 0, -40));
    assert_eq!(window.apr_gap.quantile(500), Some(0));
    let verified = Rate::from_ppm(150_000);
    quote.flags.push(Flag::AprMisdeclared {
        declared: quote.offer.declared.apr,
        verified,
    });
    window.call(CallResult::Offered, 10, &[quote], noon());
    assert_eq!((window.misdeclared, window.worst_apr_gap), (1, 99_960 - 150_000));
    assert_eq!(window.last_good, Some(noon()));
}

#[test]
fn windows_add_up() {
    let mut sum = window(&[(CallResult::Offered, 3), (CallResult::Late, 2)]);
    sum.add(&window(&[(CallResult::Late, 1), (CallResult::RateLimited, 9)]));
    assert_eq!((sum.judged(), sum.errors(), sum.of(CallResult::RateLimited)), (6, 3, 9));
    assert_eq!(sum.latency.count(), 3, "what was never answered has no latency");
}

#[test]
fn a_lender_is_suspended_at_the_threshold_and_not_before() {
    use CallResult::{Declined, Late, Malformed, Offered, RateLimited, Signature};
    let rules = SuspensionRules::default();
    let verdict = |calls: &[(CallResult, u64)]| rules.judge(&window(calls));
    assert_eq!(verdict(&[(Late, 19)]), None, "too few to say");
    assert_eq!(verdict(&[(Late, 20)]), Some(Cause::Errors));
    assert_eq!(verdict(&[(Late, 49), (Offered, 51)]), None);
    assert_eq!(
        verdict(&[(Late, 25), (Malformed, 25), (Declined, 50)]),
        Some(Cause::Errors)
    );
    assert_eq!(verdict(&[(Declined, 100)]), None, "a decline is an answer");
    assert_eq!(
        verdict(&[(RateLimited, 100), (Late, 19)]),
        None,
        "a limit says nothing of the lender"
    );
    assert_eq!(verdict(&[(Signature, 2), (Offered, 98)]), None);
    assert_eq!(verdict(&[(Signature, 3), (Offered, 997)]), Some(Cause::Signatures));
    let quotes = |quotes, misdeclared| HealthWindow {
        quotes,
        misdeclared,
        ..HealthWindow::default()
    };
    assert_eq!(rules.judge(&quotes(10, 9)), None);
    assert_eq!(rules.judge(&quotes(21, 10)), None);
    assert_eq!(rules.judge(&quotes(20, 10)), Some(Cause::AprMisdeclared));
    let by_hand = SuspensionRules {
        automatic: false,
        ..rules
    };
    assert_eq!(by_hand.judge(&window(&[(Late, 1_000), (Signature, 9)])), None);
}

#[test]
fn probation_is_lifted_by_good_answers_and_begun_anew_by_a_bad_one() {
    use CallResult::{Declined, Late, Offered};
    let rules = SuspensionRules {
        good_answers: 5,
        ..SuspensionRules::default()
    };
    let verdict = |cause, calls: &[(CallResult, u64)]| rules.probation(cause, &window(calls));
    assert_eq!(verdict(Cause::Errors, &[(Offered, 4)]), Probation::Wait);
    assert_eq!(verdict(Cause::Errors, &[(Offered, 3), (Declined, 2)]), Probation::Lift);
    assert_eq!(
        verdict(Cause::AprMisdeclared, &[(Offered, 3), (Declined, 2)]),
        Probation::Wait
    );
    assert_eq!(verdict(Cause::Errors, &[(Offered, 99), (Late, 1)]), Probation::Restart);
    let lies = HealthWindow {
        misdeclared: 1,
        quotes: 1,
        ..window(&[(Offered, 50)])
    };
    assert_eq!(rules.probation(Cause::AprMisdeclared, &lies), Probation::Restart);
}

#[test]
fn pauses_double_up_to_the_longest() {
    let rules = SuspensionRules::default();
    let seconds: Vec<i64> = [0, 1, 2, 6, 7, 60]
        .map(|failed| rules.pause(failed).num_seconds())
        .into();
    assert_eq!(seconds, [300, 600, 1_200, 19_200, 21_600, 21_600]);
}

#[test]
fn a_share_of_requests_is_let_through_and_always_the_same_ones() {
    let rules = SuspensionRules::default();
    let ids = (0..10_000_u128).map(|n| RequestId(Uuid::from_u128(n)));
    let through = ids.clone().filter(|id| rules.lets_through(*id)).count();
    assert!((850..=1_150).contains(&through), "{through} of 10,000 at 10 %");
    assert!(ids.take(100).all(|id| rules.lets_through(id) == rules.lets_through(id)));
    let all = SuspensionRules {
        probation_percent: 100,
        ..rules
    };
    assert!(all.lets_through(RequestId(Uuid::nil())));
}

#[test]
fn a_lender_goes_live_only_when_certified_or_after_a_suspension() {
    use ProviderState::{Certified, Live, Suspended};
    let before_live: Vec<_> = ProviderState::ALL
        .iter()
        .filter(|state| state.may_become(Live))
        .collect();
    assert_eq!(before_live, [&Certified, &Suspended]);
    assert!(
        ProviderState::ALL
            .iter()
            .all(|state| ProviderState::parse(state.as_str()) == Some(*state))
    );
    assert!(ProviderState::ALL.iter().all(|state| !state.may_become(*state)));
}

#[test]
fn limits_out_of_range_are_named() {
    let good = Limits {
        max_concurrent: 1,
        max_waiting: 0,
        max_concurrent_money: 1,
        quotes_per_second: 1,
        burst: 1,
    };
    assert_eq!(good.flaw(), None);
    assert_eq!(
        Limits {
            max_concurrent: 0,
            ..good
        }
        .flaw()
        .map(|(field, _)| field),
        Some("maxConcurrent")
    );
    assert_eq!(
        Limits {
            burst: 1_000_001,
            ..good
        }
        .flaw()
        .map(|(field, _)| field),
        Some("burst")
    );
    let rules = SuspensionRules::default();
    assert_eq!(rules.flaw(), None);
    assert_eq!(
        SuspensionRules {
            error_percent: 0,
            ..rules
        }
        .flaw(),
        Some("error_percent")
    );
    assert_eq!(
        SuspensionRules {
            max_pause_seconds: 1,
            ..rules
        }
        .flaw(),
        Some("max_pause_seconds")
    );
}

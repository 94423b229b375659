use super::*;
use crate::offer::{Fee, Payee};
use crate::sample::{collateral, offer, request, usd};

fn cost_of(appraisal: &Appraisal, kind: ScenarioKind) -> &Scenario {
    appraisal.scenarios.iter().find(|s| s.kind == kind).unwrap()
}

#[test]
fn the_verified_apr_is_the_regulations_own_example() {
    let appraisal = appraise(&request(), &offer()).unwrap();
    assert_eq!(appraisal.verified.apr, Rate::from_ppm(96_857));
    assert_eq!(appraisal.verified.finance_charge, usd(52_000));
    assert_eq!(appraisal.verified.total_of_payments, usd(552_000));
    assert!(appraisal.flags.is_empty(), "{:?}", appraisal.flags);
}

#[test]
fn a_deducted_fee_raises_the_apr_and_flags_a_lender_who_declares_the_rate() {
    let mut costly = offer();
    costly.fees.push(Fee {
        code: "origination".into(),
        payee: Payee::Provider,
        amount: usd(25_000),
        timing: FeeTiming::UpfrontDeducted,
        mandatory: true,
        in_finance_charge: true,
    });
    let appraisal = appraise(&request(), &costly).unwrap();
    assert_eq!(appraisal.verified.finance_charge, usd(77_000));
    assert!(
        matches!(appraisal.flags[..], [Flag::AprMisdeclared { declared, verified }]
        if declared == Rate::from_ppm(96_900) && verified > Rate::from_percent(14))
    );
}

#[test]
fn a_declared_apr_within_an_eighth_of_a_point_is_not_flagged() {
    let mut close = offer();
    close.declared.apr = Rate::from_ppm(96_857 + 1_250);
    assert!(appraise(&request(), &close).unwrap().flags.is_empty());
    close.declared.apr = Rate::from_ppm(96_857 + 1_251);
    assert_eq!(appraise(&request(), &close).unwrap().flags.len(), 1);
}

#[test]
fn lateness_costs_the_fee_and_the_penal_interest_after_grace() {
    let appraisal = appraise(&request(), &offer()).unwrap();
    // 15.00 fee + 230.00 at 18 % for 20 days = 2.27
    assert_eq!(
        cost_of(&appraisal, ScenarioKind::LateOnce).total_cost,
        usd(52_000 + 1_500 + 227)
    );
}

#[test]
fn early_exit_costs_less_than_the_whole_term_and_more_than_the_interest_so_far() {
    let appraisal = appraise(&request(), &offer()).unwrap();
    let exit = cost_of(&appraisal, ScenarioKind::ExitAtThird).total_cost.minor;
    assert!(exit > 8 * 2_100 && exit < 52_000, "{exit}");
}

#[test]
fn a_price_fall_liquidates_only_beyond_the_threshold() {
    let mut secured = offer();
    // 5,000 against 8,000 of collateral with a threshold of 80 %: sold below 6,250, a fall of 21.9 %.
    secured.collateral = Some(collateral());
    let appraisal = appraise(&request(), &secured).unwrap();
    assert!(!cost_of(&appraisal, ScenarioKind::PriceMinus20).liquidated);
    let fall = cost_of(&appraisal, ScenarioKind::PriceMinus40);
    assert!(fall.liquidated);
    assert_eq!(fall.total_cost, usd(52_000 + 25_000));
    assert_eq!(loan_to_value(&secured), Some(Rate::from_ppm(625_000)));
}

#[test]
fn only_a_variable_rate_has_a_rate_scenario() {
    let kinds = |offer: &Offer| {
        appraise(&request(), offer)
            .unwrap()
            .scenarios
            .iter()
            .any(|s| s.kind == ScenarioKind::RatePlus200bp)
    };
    let mut variable = offer();
    assert!(!kinds(&variable));
    variable.rate.kind = RateKind::Variable;
    assert!(kinds(&variable));
}

#[test]
fn an_offer_without_a_rate_is_refused_with_its_field() {
    let mut empty = offer();
    empty.repayment.schedule.clear();
    assert_eq!(appraise(&request(), &empty).unwrap_err().field, "repayment.schedule");
    let mut foreign = offer();
    foreign.repayment.schedule[3].total.currency = Currency::parse("EUR").unwrap();
    assert_eq!(appraise(&request(), &foreign).unwrap_err().field, "currency");
}

#[test]
fn money_for_a_shorter_time_than_asked_is_flagged() {
    let mut short = offer();
    short.repayment.schedule.truncate(19);
    assert!(appraise(&request(), &short).unwrap().flags.contains(&Flag::ShorterTerm));
    let mut long_enough = offer();
    long_enough.repayment.schedule.truncate(20);
    assert!(
        !appraise(&request(), &long_enough)
            .unwrap()
            .flags
            .contains(&Flag::ShorterTerm)
    );
}

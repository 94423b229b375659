use domain::appraisal::appraise;
use proptest::prelude::*;

use super::*;
use crate::samples::{noon, onchain_offer, request, usd};

fn start(request: &CreditRequest) -> OfferBuilder<'_> {
    OfferBuilder::new(request, "ref-1", noon())
}

fn wrong(result: Result<Offer, OfferError>) -> (String, Rule) {
    let error = result.unwrap_err();
    (error.field, error.rule)
}

fn twelve(builder: OfferBuilder<'_>) -> OfferBuilder<'_, Scheduled> {
    builder
        .fixed_rate(Rate::from_percent(12))
        .plan(Plan::equal_installments(12, MONTH))
}

#[test]
fn calendar_sums_and_apr_follow_from_the_terms() {
    let request = request();
    let offer = twelve(start(&request))
        .firm_for(TimeDelta::minutes(10))
        .withheld_fee("origination", usd(10_000))
        .financed_fee("insurance", usd(5_000))
        .fee_in_payments("service", usd(1_205))
        .upfront_fee("valuation", usd(2_500))
        .build()
        .unwrap();
    assert_eq!(offer.amounts.net_disbursed, usd(490_000));
    let schedule = &offer.repayment.schedule;
    assert_eq!(schedule.len(), 12);
    assert_eq!(schedule[0].fees, usd(100));
    assert_eq!(schedule[11].fees, usd(105));
    assert_eq!(schedule.iter().map(|p| p.principal.minor).sum::<i64>(), 505_000);
    assert_eq!(offer.declared.payment, Some(schedule[0].total));
    let total: i64 = schedule.iter().map(|p| p.total.minor).sum();
    assert_eq!(offer.declared.total_cost, Some(usd(total + 2_500 - 490_000)));
    let appraised = appraise(&request, &offer).unwrap();
    assert_eq!(offer.declared.apr, appraised.verified.apr);
    assert!(appraised.flags.is_empty(), "{:?}", appraised.flags);
}

#[test]
fn every_plan_and_day_count_makes_a_valid_offer() {
    let request = request();
    for day_count in [
        DayCount::Thirty360,
        DayCount::Act360,
        DayCount::Act364,
        DayCount::Act365,
        DayCount::ActActIsda,
    ] {
        for plan in [
            Plan::equal_installments(24, MONTH),
            Plan::equal_principal(24, MONTH),
            Plan::interest_only(6, Period::new(1, Unit::Week)),
            Plan::bullet(Period::new(180, Unit::Day)),
            Plan::equal_installments(3, MONTH).first_due("2026-04-15".parse().unwrap()),
        ] {
            let mut rate = start(&request).fixed_rate(Rate::from_percent(9)).state.0;
            rate.day_count = day_count;
            let built = start(&request).rate(rate).plan(plan).build();
            assert!(built.is_ok(), "{day_count:?} {plan:?} {built:?}");
        }
    }
    let free = start(&request)
        .fixed_rate(Rate::ZERO)
        .plan(Plan::equal_installments(4, MONTH))
        .build()
        .unwrap();
    assert_eq!((free.rate.kind, free.declared.apr), (RateKind::Zero, Rate::ZERO));
}

#[test]
fn a_wrong_term_is_refused_by_its_field() {
    let request = request();
    let rupees = Money::new(1, domain::Currency::parse("INR").unwrap());
    let field = |builder: OfferBuilder<'_>| wrong(twelve(builder).build());
    let at = |field: &str, rule| (field.to_owned(), rule);
    assert_eq!(
        field(start(&request).lend(rupees)),
        at("amounts.offered", Rule::Currency)
    );
    assert_eq!(
        field(start(&request).lend(usd(0))),
        at("amounts.offered", Rule::NotPositive)
    );
    assert_eq!(
        field(start(&request).lend(usd(500_001))),
        at("amounts.offered", Rule::AboveRequest)
    );
    assert_eq!(
        field(start(&request).upfront_fee("a", rupees)),
        at("fees[0].amount", Rule::Currency)
    );
    assert_eq!(
        field(start(&request).upfront_fee("a", usd(-1))),
        at("fees[0].amount", Rule::NotPositive)
    );
    assert_eq!(
        field(start(&request).withheld_fee("a", usd(500_000))),
        at("amounts.net_disbursed", Rule::NotPositive)
    );
    for (builder, name) in [
        (start(&request).withheld_fee("", usd(1)), "fees[0].code"),
        (start(&request).product(Product::Bnpl), "product"),
        (start(&request).firm_for(TimeDelta::zero()), "valid_until"),
        (start(&request).limit(usd(1)), "amounts.limit"),
        (
            start(&request).prepayment_charge(Rate::from_ppm(-1)),
            "repayment.prepayment_charge",
        ),
        (
            start(&request).binding(Binding::OnchainExecutable, TimeDelta::minutes(1)),
            "onchain",
        ),
    ] {
        let (field, rule) = field(builder);
        assert_eq!(field, name);
        assert!(matches!(rule, Rule::Invalid(_)), "{rule:?}");
    }
    for plan in [
        Plan::equal_installments(0, MONTH),
        Plan::equal_installments(601, MONTH),
        Plan::bullet(Period::new(0, Unit::Day)),
    ] {
        let (field, rule) = wrong(start(&request).fixed_rate(Rate::ZERO).plan(plan).build());
        assert_eq!(field, "repayment.schedule");
        assert!(matches!(rule, Rule::NoCalendar(_)), "{rule:?}");
    }
}

#[test]
fn a_declared_apr_must_be_the_one_of_the_cash_flows() {
    let request = request();
    let builder = || twelve(start(&request)).withheld_fee("origination", usd(25_000));
    let verified = builder().build().unwrap().declared.apr;
    let us = AprConvention::UsNominal;
    let near = Rate::from_ppm(verified.ppm() + 1_250);
    assert_eq!(builder().declare_apr(near, us).build().unwrap().declared.apr, near);
    let far = Rate::from_ppm(verified.ppm() + 1_251);
    let refused = wrong(builder().declare_apr(far, us).build());
    let rule = Rule::AprMisdeclared {
        declared: far,
        verified,
    };
    assert_eq!(refused, ("declared.apr".into(), rule));
    let stated = builder()
        .pass_on_apr(Rate::from_percent(5), AprConvention::IndiaNominal)
        .build()
        .unwrap();
    assert_eq!(
        stated.declared.apr,
        Rate::from_percent(5),
        "shown beside the verified one, which flags it"
    );
    // The rate is not the APR when a fee is withheld.
    assert!(builder().declare_apr(Rate::from_percent(12), us).build().is_err());
}

#[test]
fn a_lenders_own_calendar_is_summed_and_must_repay_the_principal() {
    let request = request();
    let row = |k, principal| Row {
        due: MONTH.after(noon().date_naive(), k).unwrap(),
        principal: usd(principal),
        interest: usd(1_000),
        fees: usd(0),
    };
    let build = |rows| {
        let priced = start(&request).fixed_rate(Rate::from_percent(4));
        priced.calendar(RepaymentMethod::EqualPrincipal, MONTH, rows).build()
    };
    let offer = build(vec![row(1, 250_000), row(2, 250_000)]).unwrap();
    assert_eq!(offer.repayment.schedule[1].total, usd(251_000));
    let (field, rule) = wrong(build(vec![row(1, 250_000), row(2, 249_999)]));
    assert_eq!(field, "repayment.schedule");
    assert!(matches!(rule, Rule::Invalid(_)), "{rule}");
    assert_eq!(
        wrong(build(vec![row(2, 250_000), row(1, 250_000)])).0,
        "repayment.schedule[1].due"
    );
    assert_eq!(wrong(build(Vec::new())).0, "repayment.schedule");
}

#[test]
fn totals_that_do_not_cover_the_principal_are_refused_with_both_sums() {
    let request = request();
    let due = MONTH.after(noon().date_naive(), 1).unwrap();
    let priced = start(&request)
        .fixed_rate(Rate::from_percent(4))
        .fee_in_payments("service", usd(10));
    let refused = wrong(
        priced
            .totals(RepaymentMethod::Bullet, MONTH, vec![(due, usd(500_009))])
            .build(),
    );
    let rule = Rule::NotRepaid {
        paid: usd(500_009),
        owed: usd(500_010),
    };
    assert_eq!(refused, ("repayment.schedule".into(), rule));
}

#[test]
fn an_order_on_chain_is_checked_like_any_other() {
    let request = request();
    let sample = onchain_offer();
    let builder = start(&request)
        .product(Product::Collateralized)
        .withheld_fee("origination", usd(10_000))
        .collateral(sample.collateral.unwrap())
        .onchain(sample.onchain.unwrap());
    let (field, _) = wrong(twelve(builder).build());
    assert!(
        field.starts_with("onchain"),
        "{field}: twelve installments, the order says two"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn totals_are_split_without_losing_a_cent(
        totals in prop::collection::vec(1..400_000_i64, 1..40),
        percent in 0..60_i64,
        fees in 0..20_000_i64,
    ) {
        let request = request();
        let sum: i64 = totals.iter().sum();
        let rows: Vec<_> = totals
            .iter()
            .zip(1..)
            .map(|(total, k)| (MONTH.after(noon().date_naive(), k).unwrap(), usd(*total)))
            .collect();
        let built = start(&request)
            .fixed_rate(Rate::from_percent(percent))
            .fee_in_payments("service", usd(fees))
            .pass_on_apr(Rate::ZERO, AprConvention::UsNominal)
            .totals(RepaymentMethod::EqualInstallment, MONTH, rows.clone())
            .build();
        if sum < 500_000 + fees {
            let refused = matches!(built.unwrap_err().rule, Rule::NotRepaid { .. });
            prop_assert!(refused);
        } else {
            // The offer passed every rule: principal, fees and parts add up.
            let offer = built.unwrap();
            let given: Vec<_> = offer.repayment.schedule.iter().map(|p| (p.due, p.total)).collect();
            prop_assert_eq!(given, rows);
        }
    }
}

//! One broken rule at a time; the error names the field.

use super::*;
use crate::samples::{noon, offer, onchain_offer, refinancing, request, unsecured_offer, usd};
use alloy_primitives::Address;
use domain::Currency;
use domain::offer::Onchain;

fn fault(offer: &Offer) -> String {
    match validate_offer(offer, &request(), noon()) {
        Err(LenderError::Malformed { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

fn broken(change: impl FnOnce(&mut Offer)) -> String {
    let mut offer = offer();
    change(&mut offer);
    fault(&offer)
}

fn broken_onchain(change: impl FnOnce(&mut Offer)) -> String {
    let mut offer = onchain_offer();
    change(&mut offer);
    fault(&offer)
}

#[test]
fn sound_offers_pass() {
    assert_eq!(validate_offer(&offer(), &request(), noon()), Ok(()));
    assert_eq!(validate_offer(&onchain_offer(), &request(), noon()), Ok(()));
    let any = domain::request::CreditRequest {
        products: vec![],
        ..request()
    };
    assert_eq!(validate_offer(&unsecured_offer(), &any, noon()), Ok(()));
}

#[test]
fn every_amount_must_be_in_the_currency_of_the_request() {
    let euro = |money: &mut Money| money.currency = Currency::parse("EUR").unwrap();
    assert_eq!(broken(|o| euro(&mut o.amounts.requested)), "amounts.requested");
    assert_eq!(broken(|o| euro(&mut o.amounts.offered)), "amounts.offered");
    assert_eq!(broken(|o| euro(&mut o.amounts.net_disbursed)), "amounts.net_disbursed");
    assert_eq!(broken(|o| euro(o.amounts.limit.as_mut().unwrap())), "amounts.limit");
    assert_eq!(broken(|o| euro(&mut o.fees[1].amount)), "fees[1].amount");
    assert_eq!(
        broken(|o| euro(&mut o.repayment.schedule[1].interest)),
        "repayment.schedule[1].interest"
    );
    assert_eq!(broken(|o| euro(&mut o.repayment.late.fee)), "repayment.late.fee");
    assert_eq!(
        broken(|o| euro(o.declared.total_cost.as_mut().unwrap())),
        "declared.total_cost"
    );
    assert_eq!(
        broken(|o| euro(o.declared.payment.as_mut().unwrap())),
        "declared.payment"
    );
}

#[test]
fn the_breakup_must_sum() {
    assert_eq!(
        broken(|o| o.repayment.schedule[0].total = usd(251_501)),
        "repayment.schedule[0].total"
    );
    let shift = |o: &mut Offer| {
        o.repayment.schedule[0].principal = usd(249_999);
        o.repayment.schedule[0].interest = usd(1_001);
    };
    assert_eq!(broken(shift), "repayment.schedule");
    assert_eq!(
        broken(|o| o.amounts.net_disbursed = usd(490_001)),
        "amounts.net_disbursed"
    );
    assert_eq!(broken(|o| o.fees[1].amount = usd(999)), "fees");
    assert_eq!(broken(|o| o.fees[0].timing = FeeTiming::Financed), "repayment.schedule");
    let overflow = |o: &mut Offer| {
        for payment in &mut o.repayment.schedule {
            (payment.interest, payment.total) = (usd(i64::MAX - 250_500), usd(i64::MAX));
        }
    };
    assert_eq!(broken(overflow), "repayment.schedule");
}

#[test]
fn times_must_be_in_order_and_alive() {
    let (day, year) = (TimeDelta::days(1), TimeDelta::days(365));
    assert_eq!(broken(|o| o.valid_until = noon()), "valid_until");
    assert_eq!(broken(|o| o.valid_until = noon() + year), "valid_until");
    assert_eq!(broken(|o| o.issued_at = noon() + TimeDelta::seconds(31)), "issued_at");
    let due = |o: &mut Offer, by: TimeDelta| o.repayment.schedule[0].due = noon().date_naive() + by;
    assert_eq!(broken(|o| due(o, -day)), "repayment.schedule[0].due");
    assert_eq!(broken(|o| due(o, year)), "repayment.schedule[1].due");
    let far = |o: &mut Offer| o.repayment.schedule[1].due = noon().date_naive() + TimeDelta::days(366 * 52);
    assert_eq!(broken(far), "repayment.schedule[1].due");
}

#[test]
fn amounts_must_be_positive_and_within_what_was_asked() {
    assert_eq!(broken(|o| o.amounts.offered = usd(500_001)), "amounts.offered");
    assert_eq!(broken(|o| o.amounts.offered = usd(0)), "amounts.offered");
    assert_eq!(broken(|o| o.amounts.requested = usd(1)), "amounts.requested");
    assert_eq!(broken(|o| o.amounts.limit = Some(usd(1))), "amounts.limit");
    assert_eq!(broken(|o| o.fees[0].amount = usd(-1)), "fees[0].amount");
    assert_eq!(
        broken(|o| o.repayment.schedule[1].interest = usd(-1)),
        "repayment.schedule[1].interest"
    );
    assert_eq!(broken(|o| o.repayment.late.fee = usd(-1)), "repayment.late.fee");
    assert_eq!(broken(|o| o.declared.total_cost = Some(usd(-1))), "declared.total_cost");
    assert_eq!(broken(|o| o.product = domain::request::Product::Bnpl), "product");
}

#[test]
fn absurd_sizes_are_refused() {
    assert_eq!(broken(|o| o.repayment.schedule.clear()), "repayment.schedule");
    let many = |o: &mut Offer| o.repayment.schedule = vec![o.repayment.schedule[0].clone(); MAX_PAYMENTS + 1];
    assert_eq!(broken(many), "repayment.schedule");
    assert_eq!(broken(|o| o.fees = vec![o.fees[0].clone(); 33]), "fees");
    assert_eq!(broken(|o| o.provider_ref = "x".repeat(129)), "provider_ref");
    assert_eq!(broken(|o| o.provider_ref = "a\nb".into()), "provider_ref");
    assert_eq!(broken(|o| o.rate.nominal = Rate::from_percent(10_001)), "rate.nominal");
    assert_eq!(broken(|o| o.rate.nominal = Rate::from_ppm(-1)), "rate.nominal");
    assert_eq!(broken(|o| o.declared.apr = Rate::from_ppm(i64::MAX)), "declared.apr");
    assert_eq!(broken(|o| o.repayment.every.count = 0), "repayment.every");
}

#[test]
fn an_order_must_be_on_the_borrowers_chain_and_say_what_the_offer_says() {
    let order = |change: fn(&mut domain::offer::OnchainOrder)| {
        broken_onchain(|o| change(&mut o.onchain.as_mut().unwrap().order))
    };
    assert_eq!(broken_onchain(|o| o.onchain = None), "onchain");
    assert_eq!(broken_onchain(|o| o.binding = Binding::Firm), "onchain");
    assert_eq!(broken_onchain(|o| o.collateral = None), "onchain.order.collateral");
    let twice = |o: &mut Offer| {
        let assets = &mut o.collateral.as_mut().unwrap().assets;
        assets.push(assets[0].clone());
    };
    assert_eq!(broken_onchain(twice), "collateral.assets");
    let chain = "onchain.principal.asset.chain_id";
    assert_eq!(broken_onchain(|o| o.onchain.as_mut().unwrap().chain_id = 1), chain);
    let elsewhere = |o: &mut Offer| {
        let onchain = o.onchain.as_mut().unwrap();
        (onchain.chain_id, onchain.principal.asset.chain_id) = (31338, 31338);
        o.collateral.as_mut().unwrap().assets[0].amount.asset.chain_id = 31338;
    };
    assert_eq!(broken_onchain(elsewhere), "collateral.assets[0]");
    assert_eq!(order(|o| o.principal += 1), "onchain.order.principal");
    assert_eq!(order(|o| o.asset = Address::ZERO), "onchain.order.asset");
    assert_eq!(order(|o| o.collateral = Address::ZERO), "onchain.order.collateral");
    assert_eq!(
        order(|o| o.collateral_amount = 4_001),
        "onchain.order.collateral_amount"
    );
    assert_eq!(
        order(|o| o.borrower = Address::repeat_byte(8)),
        "onchain.order.borrower"
    );
    assert_eq!(order(|o| o.installments = 3), "onchain.order.installments");
    assert_eq!(order(|o| o.rate_ppm = 1), "onchain.order.rate_ppm");
    assert_eq!(order(|o| o.expiry -= 1), "onchain.order.expiry");
    assert_eq!(order(|o| o.period = 0), "onchain.order.period");
    assert_eq!(
        broken_onchain(|o| o.onchain.as_mut().unwrap().signature = vec![].into()),
        "onchain.signature"
    );
    let cents = |o: &mut Offer| {
        let onchain = o.onchain.as_mut().unwrap();
        (onchain.order.principal, onchain.principal.units) = (5_000_000_001, U256::from(5_000_000_001_u64));
    };
    assert_eq!(broken_onchain(cents), "onchain.principal");
}

#[test]
fn a_price_rule_is_the_same_in_the_order_and_in_the_offer() {
    let order = |change: fn(&mut domain::offer::OnchainOrder)| {
        broken_onchain(|o| change(&mut o.onchain.as_mut().unwrap().order))
    };
    let (ltv, bonus) = (
        "onchain.order.liquidation_ltv_bps",
        "onchain.order.liquidation_bonus_bps",
    );
    assert_eq!(order(|o| o.oracle = Address::ZERO), ltv);
    assert_eq!(order(|o| o.liquidation_ltv_bps = 0), ltv);
    assert_eq!(
        order(|o| o.liquidation_ltv_bps = 9_524),
        ltv,
        "9,524 x 10,500 > 10,000 x 10,000"
    );
    assert_eq!(order(|o| o.liquidation_bonus_bps = 2_001), bonus);
    let (threshold, penalty) = ("collateral.liquidation_threshold", "collateral.liquidation_penalty");
    assert_eq!(order(|o| o.liquidation_ltv_bps = 7_999), threshold);
    assert_eq!(order(|o| o.liquidation_bonus_bps = 499), penalty);
    let collateral =
        |change: fn(&mut domain::offer::Collateral)| broken_onchain(|o| change(o.collateral.as_mut().unwrap()));
    assert_eq!(collateral(|c| c.liquidation_threshold = None), threshold);
    assert_eq!(collateral(|c| c.liquidation_penalty = Rate::ZERO), penalty);
    let without = |o: &mut Offer| {
        let order = &mut o.onchain.as_mut().unwrap().order;
        (order.oracle, order.liquidation_ltv_bps) = (Address::ZERO, 0);
    };
    assert_eq!(broken_onchain(without), bonus);
}

#[test]
fn an_order_that_locks_nothing_names_a_policy() {
    let order = |change: fn(&mut domain::offer::OnchainOrder)| {
        let mut offer = unsecured_offer();
        change(&mut offer.onchain.as_mut().unwrap().order);
        fault(&offer)
    };
    assert_eq!(order(|o| o.attestation_policy = 0), "onchain.order.attestation_policy");
    assert_eq!(
        order(|o| o.collateral = Address::repeat_byte(7)),
        "onchain.order.collateral"
    );
    assert_eq!(order(|o| o.collateral_amount = 1), "onchain.order.collateral_amount");
    assert_eq!(order(|o| o.oracle = Address::repeat_byte(8)), "onchain.order.oracle");
    // Nothing to lock is needed for it.
    let request = domain::request::CreditRequest {
        collateral: None,
        products: vec![],
        ..request()
    };
    assert_eq!(validate_offer(&unsecured_offer(), &request, noon()), Ok(()));
}

/// What is quoted is what the borrower signs: a reusable order is taken whole too.
#[test]
fn an_order_is_taken_whole() {
    let reusable = |change: fn(&mut Onchain)| broken_onchain(|o| change(o.onchain.as_mut().unwrap()));
    let larger = |o: &mut Onchain| (o.order.min_fill, o.order.principal) = (1, 15_000_000_000);
    assert_eq!(reusable(larger), "onchain.order.principal");
    assert_eq!(reusable(|o| o.order.min_fill = 5_000_000_001), "onchain.order.min_fill");
    let mut offer = onchain_offer();
    offer.onchain.as_mut().unwrap().order.min_fill = 5_000_000_000;
    assert_eq!(validate_offer(&offer, &request(), noon()), Ok(()));
}

#[test]
fn an_order_that_refinances_is_on_the_chain_and_in_the_asset_of_the_old_loan() {
    let check = |change: fn(&mut domain::request::Refinances)| {
        let mut request = refinancing();
        change(request.refinances.as_mut().unwrap());
        validate_offer(&onchain_offer(), &request, noon()).map_err(|error| error.to_string())
    };
    assert_eq!(check(|_| {}), Ok(()));
    assert!(
        check(|old| old.chain_id = 31338)
            .unwrap_err()
            .contains("onchain.chain_id:")
    );
    assert!(
        check(|old| old.asset = Address::ZERO)
            .unwrap_err()
            .contains("onchain.order.asset:")
    );
}

#[test]
fn an_answer_has_offers_with_different_references() {
    let check = |offers| validate_answer(&Answer::Offers(offers), &request(), noon());
    assert_eq!(check(vec![offer()]), Ok(()));
    assert!(check(vec![]).is_err());
    assert!(
        matches!(check(vec![offer(), offer()]), Err(LenderError::Malformed { field, .. }) if field == "provider_ref")
    );
}

//! Quote, open, accrue, repay, close: with the calls that the adapter writes and the money of a wallet.

use alloy_primitives::U256;
use chain::views::Head;
use domain::appraisal::appraise;
use domain::ports::Venue;
use domain::quote::ScenarioKind;
use lenders::venues::VenueScenarioKind;
use sdk::{Answer, Lender, validate_offer};

use crate::protocols::IErc20;
use crate::stage::*;

const CENTS: i64 = 1_000_000;
const DAYS: u32 = 90;

async fn balances(stage: &Stage) -> [U256; 2] {
    let owner = stage.borrower();
    [
        stage.ask(stage.asset().token, &IErc20::balanceOfCall { owner }).await,
        stage
            .ask(stage.collateral().token, &IErc20::balanceOfCall { owner })
            .await,
    ]
}

async fn life(market: Market) {
    let stage = Stage::start().await;
    let (user, views) = (stage.borrower(), stage.views(Head::Latest));
    let lender = stage.lender(market, &views);
    let [money, pledge] = balances(&stage).await;
    let request = stage.request(CENTS, DAYS, eth(10));
    let terms = terms(&lender, &request).await;

    let calls = lender.open(user, terms.collateral, terms.debt);
    let gas = stage.wallet(user, calls).await;
    assert!(
        gas <= lender.gas() && gas * 4 >= lender.gas() * 3,
        "opening takes {gas}, said {}",
        lender.gas()
    );
    assert_eq!(balances(&stage).await, [money + terms.debt, pledge - terms.collateral]);
    assert_eq!(declined(&lender, &request).await, "POSITION_EXISTS");

    let opened = lender.position(user).await.unwrap();
    assert!(
        opened.debt >= terms.debt && opened.debt <= terms.debt + U256::from(1_000),
        "{opened:?}"
    );
    assert!(
        opened.collateral.abs_diff(terms.collateral) <= U256::from(200_000_000),
        "{opened:?}"
    );
    assert!(!opened.liquidatable && opened.ltv.unwrap() < terms.risk.ltv_max);

    stage.jump_to(stage.now().await + 30 * 86_400).await;
    stage.mine(50).await;
    let accrued = lender.position(user).await.unwrap();
    assert!(accrued.debt > opened.debt, "interest accrues");

    let half = terms.debt / U256::from(2);
    stage.wallet(user, lender.repay(user, Some(half)).await.unwrap()).await;
    let left = lender.position(user).await.unwrap();
    assert!(left.debt < accrued.debt - half + half / U256::from(1_000) && left.debt > U256::ZERO);

    let some = terms.collateral / U256::from(10);
    stage
        .wallet(user, lender.withdraw(user, Some(some)).await.unwrap())
        .await;
    stage.wallet(user, lender.repay(user, None).await.unwrap()).await;
    stage.wallet(user, lender.withdraw(user, None).await.unwrap()).await;
    let closed = lender.position(user).await.unwrap();
    assert_eq!((closed.debt, closed.liquidation_price), (U256::ZERO, None));
    assert!(closed.collateral <= U256::from(200_000_000), "{closed:?}");
    let [paid, back] = balances(&stage).await;
    assert!(paid < money, "interest was paid");
    assert!(
        back.abs_diff(pledge) <= U256::from(200_000_000),
        "all collateral is back: {}",
        back.abs_diff(pledge)
    );
}

#[tokio::test]
async fn a_position_in_aave_30_opens_accrues_is_repaid_and_closes() {
    life(Market::Aave30).await;
}

#[tokio::test]
async fn a_position_in_aave_36_opens_accrues_is_repaid_and_closes() {
    life(Market::Aave36).await;
}

#[tokio::test]
async fn a_position_in_morpho_opens_accrues_is_repaid_and_closes() {
    life(Market::Morpho).await;
}

#[tokio::test]
async fn a_position_in_venus_opens_accrues_is_repaid_and_closes() {
    life(Market::Venus).await;
}

#[tokio::test]
async fn an_offer_of_each_market_passes_the_checks_of_every_offer() {
    let stage = Stage::start().await;
    let request = stage.request(CENTS, DAYS, eth(10));
    for market in ALL {
        let lender = stage.lender(market, &stage.views(Head::Latest));
        let terms = terms(&lender, &request).await;
        let answer = lender.quote(&ask(request.clone())).await.unwrap();
        let Answer::Offers(offers) = &answer else {
            panic!("{market:?}: {answer:?}");
        };
        let offer = &offers[0];
        validate_offer(offer, &request, request.at).unwrap();
        let appraisal = appraise(&request, offer).unwrap();
        assert_eq!(appraisal.verified.apr, offer.declared.apr);
        // The verified price scenarios say what the protocol's own arithmetic says.
        let scenarios = terms.scenarios().unwrap();
        for (ours, theirs) in [
            (VenueScenarioKind::PriceMinus20, ScenarioKind::PriceMinus20),
            (VenueScenarioKind::PriceMinus40, ScenarioKind::PriceMinus40),
        ] {
            let ours = scenarios.iter().find(|s| s.kind == ours).unwrap();
            let theirs = appraisal.scenarios.iter().find(|s| s.kind == theirs).unwrap();
            assert_eq!(ours.liquidated, theirs.liquidated, "{market:?}");
        }
        assert!(scenarios[1].cost > scenarios[0].cost && scenarios[0].cost > terms.owed.base - terms.debt);
        assert!(offer.fees[0].amount.minor > 0, "gas costs something");
    }
}

#[tokio::test]
async fn a_quote_takes_at_most_two_round_trips() {
    let stage = Stage::start().await;
    let request = stage.request(CENTS, DAYS, eth(10));
    for (market, first, later) in [
        (Market::Aave30, 2, 1),
        (Market::Aave36, 2, 1),
        (Market::Morpho, 2, 2),
        (Market::Venus, 2, 1),
    ] {
        let views = stage.views(Head::Latest);
        let lender = stage.lender(market, &views);
        for most in [first, later, later] {
            lender.quote(&ask(request.clone())).await.unwrap();
            assert_eq!(views.trips(), most, "{market:?}");
        }
    }
}

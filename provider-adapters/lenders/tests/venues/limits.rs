//! What keeps a loan from being larger, or from being made.

use alloy_primitives::U256;
use chain::views::Head;
use domain::Rate;

use crate::protocols::*;
use crate::stage::*;

const DAYS: u32 = 30;

fn cents(terms: &lenders::venues::VenueTerms) -> U256 {
    terms.debt / U256::from(10_000)
}

#[tokio::test]
async fn the_collateral_limits_the_loan_and_headroom_keeps_it_from_the_threshold() {
    let stage = Stage::start().await;
    // 1 unit at 2,000: Aave and Venus lend 80 %, all liquidate at 82.5 %; 5 % below that is 78.375 %.
    let request = stage.request(10_000_000, DAYS, eth(1));
    for market in ALL {
        let views = stage.views(Head::Latest);
        let careful = terms(&stage.lender(market, &views), &request).await;
        assert!(
            cents(&careful).abs_diff(U256::from(156_750)) <= U256::ONE,
            "{market:?}: {}",
            cents(&careful)
        );
        let bold = stage.lender_with(market, &views, |config| config.headroom = Rate::ZERO);
        let bold = terms(&bold, &request).await;
        let most = if market == Market::Morpho { 165_000 } else { 160_000 };
        assert!(
            cents(&bold).abs_diff(U256::from(most)) <= U256::ONE,
            "{market:?}: {}",
            cents(&bold)
        );
        assert!(careful.risk.liquidation_price < careful.risk.price);
    }
}

/// The limit that is quoted is the protocol's: a cent more is refused by it.
#[tokio::test]
async fn the_largest_loan_is_lent_and_a_cent_more_is_not() {
    let stage = Stage::start().await;
    let request = stage.request(10_000_000, DAYS, eth(1));
    for market in ALL {
        let lender = stage.lender_with(market, &stage.views(Head::Latest), |config| {
            config.headroom = Rate::ZERO;
        });
        let terms = terms(&lender, &request).await;
        let user = stage.borrower();
        let cent = U256::from(10_000);
        let mut calls = lender.open(user, terms.collateral, terms.debt + cent);
        let refused = calls.pop().unwrap();
        stage.wallet(user, calls).await;
        assert!(
            stage.refusal(user, refused.call.to, refused.call.data).await.is_some(),
            "{market:?}"
        );
        let lent = lender.open(user, terms.collateral, terms.debt - cent).pop().unwrap();
        assert_eq!(
            stage.refusal(user, lent.call.to, lent.call.data).await,
            None,
            "{market:?}"
        );
    }
}

#[tokio::test]
async fn no_more_is_offered_than_is_there() {
    let stage = Stage::start().await;
    // A million was supplied, 550,000 borrowed; at Morpho 250,000.
    let request = stage.request(90_000_000, DAYS, eth(900));
    for market in ALL {
        let terms = terms(&stage.lender(market, &stage.views(Head::Latest)), &request).await;
        let most = match market {
            Market::Aave30 | Market::Aave36 => 350_000_u64,
            Market::Morpho => 750_003,
            Market::Venus => 450_003,
        };
        assert!(cents(&terms) <= U256::from(most * 100), "{market:?}: {}", cents(&terms));
        assert!(terms.debt <= terms.liquidity);
        assert!(cents(&terms) >= U256::from(34_000_000), "{market:?}: {}", cents(&terms));
        assert!(terms.rate.utilization <= rust_decimal::Decimal::ONE);
    }
}

#[tokio::test]
async fn too_little_collateral_is_a_decline() {
    let stage = Stage::start().await;
    let request = stage.request(1_000_000, DAYS, U256::from(1_000_000_000_000_000_u64));
    for market in ALL {
        let lender = stage.lender(market, &stage.views(Head::Latest));
        assert_eq!(
            declined(&lender, &request).await,
            "COLLATERAL_INSUFFICIENT",
            "{market:?}"
        );
    }
}

#[tokio::test]
async fn caps_and_pauses_of_aave_are_declines() {
    let stage = Stage::start().await;
    let admin = stage.world.address("/people/admin");
    let request = stage.request(1_000_000, DAYS, eth(10));
    for (market, name) in [(Market::Aave30, "aave1"), (Market::Aave36, "aave36")] {
        let lender = stage.lender(market, &stage.views(Head::Latest));
        let configurator = stage.world.address(&format!("/{name}/configurator"));
        let (asset, collateral) = (stage.asset().token, stage.collateral().token);
        let cap = |cap: u64| IConfigurator::setBorrowCapCall {
            asset,
            cap: U256::from(cap),
        };
        stage.act(admin, configurator, &cap(550_000)).await;
        assert_eq!(declined(&lender, &request).await, "BORROW_CAP_REACHED");
        stage.act(admin, configurator, &cap(900_000)).await;
        let cap = |cap: u64| IConfigurator::setSupplyCapCall {
            asset: collateral,
            cap: U256::from(cap),
        };
        stage.act(admin, configurator, &cap(505)).await;
        assert_eq!(declined(&lender, &request).await, "SUPPLY_CAP_REACHED");
        stage.act(admin, configurator, &cap(510)).await;
        terms(&lender, &request).await;
        for (asset, paused) in [(asset, true), (asset, false), (collateral, true), (collateral, false)] {
            stage
                .act(
                    admin,
                    configurator,
                    &IConfigurator::setReservePauseCall { asset, paused },
                )
                .await;
            let stopped = lender
                .terms(&request)
                .await
                .unwrap()
                .is_err_and(|reason| reason.code == "MARKET_PAUSED");
            assert_eq!(stopped, paused);
        }
        stage
            .act(
                admin,
                configurator,
                &IConfigurator::setReserveFreezeCall { asset, freeze: true },
            )
            .await;
        assert_eq!(declined(&lender, &request).await, "MARKET_PAUSED");
    }
}

#[tokio::test]
async fn a_request_that_does_not_fit_a_market_is_a_decline() {
    let stage = Stage::start().await;
    let lender = stage.lender(Market::Morpho, &stage.views(Head::Latest));
    let good = stage.request(1_000_000, DAYS, eth(10));
    let mut bad = good.clone();
    bad.wallet = None;
    assert_eq!(declined(&lender, &bad).await, "WALLET_NEEDED");
    let mut bad = good.clone();
    bad.collateral.as_mut().unwrap().asset = stage.asset();
    assert_eq!(declined(&lender, &bad).await, "COLLATERAL_NOT_ACCEPTED");
    let mut bad = good;
    bad.collateral.as_mut().unwrap().units = U256::ZERO;
    assert_eq!(declined(&lender, &bad).await, "COLLATERAL_NOT_ACCEPTED");
}

#[tokio::test]
async fn contracts_that_are_not_the_protocol_are_malformed_answers() {
    use lenders::venues::VenueProtocol;
    use sdk::LenderError;
    let stage = Stage::start().await;
    let request = stage.request(1_000_000, DAYS, eth(10));
    for market in ALL {
        let lender = stage.lender_with(market, &stage.views(Head::Latest), |config| {
            match &mut config.protocol {
                VenueProtocol::AaveV3 { pool, .. } => *pool = stage.asset().token,
                VenueProtocol::MorphoBlue { lltv, .. } => *lltv += U256::ONE,
                VenueProtocol::Venus {
                    asset_market,
                    collateral_market,
                    ..
                } => std::mem::swap(asset_market, collateral_market),
                VenueProtocol::CompoundV3 { .. } => unreachable!(),
            }
        });
        let error = lender.terms(&request).await.unwrap_err();
        assert!(matches!(error, LenderError::Malformed { .. }), "{market:?}: {error}");
    }
}

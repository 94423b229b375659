//! What is quoted is what the protocol itself says, to the last digit: rate, limits, liquidation price, debt at the end.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use chain::views::Head;
use domain::ports::{Venue, ViewCall, ViewCalls};
use lenders::venues::{VenueLender, VenueTerms};
use rust_decimal::Decimal;

use crate::protocols::*;
use crate::stage::*;

/// Cents that are odd in every base.
const CENTS: i64 = 1_234_567;
const DAYS: u32 = 30;
const SECONDS: u64 = 30 * 86_400;

/// A quote for the block to come, and then that block with the position in it.
async fn open(stage: &Stage, market: Market, days: u32) -> (VenueLender, VenueTerms) {
    stage.hold_at(stage.now().await + 77).await;
    let quoting = stage.lender(market, &stage.views(Head::Pending));
    let request = stage.request(CENTS, days, eth(10));
    let terms = terms(&quoting, &request).await;
    assert_eq!(terms.debt, U256::from(CENTS) * U256::from(10_000));
    let calls = quoting.open(stage.borrower(), terms.collateral, terms.debt);
    stage.wallet_in_one_block(stage.borrower(), calls).await;
    assert_eq!(stage.now().await, terms.block.timestamp);
    (stage.lender(market, &stage.views(Head::Latest)), terms)
}

fn scaled(fraction: Decimal, decimals: u32) -> U256 {
    let digits = fraction.normalize();
    U256::from(u128::try_from(digits.mantissa()).unwrap()) * U256::from(10).pow(U256::from(decimals - digits.scale()))
}

async fn aave(market: Market, name: &str) {
    let stage = Stage::start().await;
    let (lender, terms) = open(&stage, market, DAYS).await;
    let (pool, user) = (stage.world.address(&format!("/{name}/pool")), stage.borrower());
    let asset = stage.asset().token;
    let reserve = stage.ask(pool, &IPool::getReserveDataCall { asset }).await;
    assert_eq!(terms.rate.raw, U256::from(reserve.currentVariableBorrowRate), "rate");
    assert_eq!(
        scaled(terms.rate.yearly, 27),
        terms.rate.raw,
        "no digit is lost on the way to a decimal"
    );

    let account = stage.ask(pool, &IPool::getUserAccountDataCall { user }).await;
    assert_eq!(scaled(terms.risk.ltv_max, 4), account.ltv);
    assert_eq!(
        scaled(terms.risk.liquidation_threshold, 4),
        account.currentLiquidationThreshold
    );
    let wad = eth(1);
    let ltv = (account.totalDebtBase * wad).div_ceil(account.totalCollateralBase);
    assert_eq!(scaled(terms.risk.ltv, 18), ltv);

    // The health factor crosses one exactly there.
    let feed = stage.world.address(&format!("/{name}/collateralFeed"));
    for (price, liquidated) in [
        (terms.risk.liquidation_price, true),
        (terms.risk.liquidation_price + U256::ONE, false),
    ] {
        stage.set_first_slot(feed, price).await;
        let account = stage.ask(pool, &IPool::getUserAccountDataCall { user }).await;
        assert_eq!(
            account.healthFactor < wad,
            liquidated,
            "at {price}: {}",
            account.healthFactor
        );
        let position = lender.position(user).await.unwrap();
        assert_eq!(position.liquidatable, liquidated);
    }
    stage.set_first_slot(feed, terms.risk.price).await;

    stage.jump_to(terms.block.timestamp + SECONDS).await;
    let token = reserve.variableDebtTokenAddress;
    let owed = stage.ask(token, &IErc20::balanceOfCall { owner: user }).await;
    assert_eq!(terms.owed.base, owed, "debt at the end of the horizon");
    assert_eq!(lender.position(user).await.unwrap().debt, owed);
}

#[tokio::test]
async fn aave_30_is_quoted_to_the_last_digit() {
    aave(Market::Aave30, "aave1").await;
}

#[tokio::test]
async fn aave_36_is_quoted_to_the_last_digit() {
    aave(Market::Aave36, "aave36").await;
}

/// The strategy's own function gives the rates at 90 % and at 100 %.
#[tokio::test]
async fn the_rates_of_scenarios_are_those_of_aaves_strategies() {
    let stage = Stage::start().await;
    let request = stage.request(CENTS, DAYS, eth(10));
    let reserve = stage.asset().token;
    let whole = U256::from(1_000_000_000_000_u64);
    let lent = |percent: u64| whole / U256::from(100) * U256::from(percent);
    for (market, name) in [(Market::Aave30, "aave1"), (Market::Aave36, "aave36")] {
        let terms = terms(&stage.lender(market, &stage.views(Head::Latest)), &request).await;
        let pool = stage.world.address(&format!("/{name}/pool"));
        let data = stage.ask(pool, &IPool::getReserveDataCall { asset: reserve }).await;
        for (percent, quoted) in [(90, terms.rate.at_90), (100, terms.rate.at_100)] {
            let rate = if market == Market::Aave30 {
                // The token's balance of this account is taken away, so that what is there is what is said.
                let held = stage
                    .ask(
                        reserve,
                        &IErc20::balanceOfCall {
                            owner: data.aTokenAddress,
                        },
                    )
                    .await;
                let params = Rates30 {
                    unbacked: U256::ZERO,
                    liquidityAdded: whole - lent(percent),
                    liquidityTaken: held,
                    totalStableDebt: U256::ZERO,
                    totalVariableDebt: lent(percent),
                    averageStableBorrowRate: U256::ZERO,
                    reserveFactor: U256::ZERO,
                    reserve,
                    aToken: data.aTokenAddress,
                };
                let call = IStrategy30::calculateInterestRatesCall { params };
                stage.ask(data.interestRateStrategyAddress, &call).await._2
            } else {
                let params = Rates36 {
                    unbacked: U256::ZERO,
                    liquidityAdded: U256::ZERO,
                    liquidityTaken: U256::ZERO,
                    totalDebt: lent(percent),
                    reserveFactor: U256::ZERO,
                    reserve,
                    usingVirtualBalance: true,
                    virtualUnderlyingBalance: whole - lent(percent),
                };
                let call = IStrategy36::calculateInterestRatesCall { params };
                stage.ask(data.interestRateStrategyAddress, &call).await._1
            };
            assert_eq!(scaled(quoted, 27), rate, "{market:?} at {percent} %");
        }
    }
}

fn params(stage: &Stage) -> Params {
    Params {
        loanToken: stage.asset().token,
        collateralToken: stage.collateral().token,
        oracle: stage.world.address("/morpho/oracle"),
        irm: stage.world.address("/morpho/irm"),
        lltv: stage.world.text("/morpho/lltv").parse().unwrap(),
    }
}

#[tokio::test]
async fn morpho_is_quoted_to_the_last_digit() {
    let stage = Stage::start().await;
    let (lender, terms) = open(&stage, Market::Morpho, DAYS).await;
    let (morpho, user) = (stage.world.address("/morpho/morpho"), stage.borrower());
    let id = stage.world.text("/morpho/id").parse().unwrap();
    let market = stage.ask(morpho, &IMorpho::marketCall { id }).await;
    let call = IIrm::borrowRateViewCall {
        params: params(&stage),
        market,
    };
    assert_eq!(
        terms.rate.raw,
        stage.ask(stage.world.address("/morpho/irm"), &call).await,
        "rate"
    );
    assert_eq!(scaled(terms.risk.ltv_max, 18), params(&stage).lltv);
    assert_eq!(scaled(terms.risk.liquidation_threshold, 18), params(&stage).lltv);

    let oracle = stage.world.address("/morpho/oracle");
    let seize = IMorpho::liquidateCall {
        params: params(&stage),
        borrower: user,
        seized: U256::from(1_000_000),
        shares: U256::ZERO,
        data: vec![].into(),
    };
    let liquidator = stage.world.address("/people/liquidator");
    for (price, liquidated) in [
        (terms.risk.liquidation_price, true),
        (terms.risk.liquidation_price + U256::ONE, false),
    ] {
        stage.set_first_slot(oracle, price).await;
        let refusal = stage.refusal(liquidator, morpho, seize.abi_encode().into()).await;
        assert_eq!(refusal.is_none(), liquidated, "at {price}: {refusal:?}");
        assert!(liquidated || refusal.unwrap().contains("healthy"));
        assert_eq!(lender.position(user).await.unwrap().liquidatable, liquidated);
    }
    stage.set_first_slot(oracle, terms.risk.price).await;

    stage.jump_to(terms.block.timestamp + SECONDS).await;
    assert_eq!(
        lender.position(user).await.unwrap().debt,
        terms.owed.base,
        "debt at the end of the horizon"
    );
}

/// The pool's own sum at another price of the collateral, in one simulated call.
async fn shortfall(stage: &Stage, price: U256, account: Address) -> U256 {
    let oracle = stage.world.address("/venus/oracle");
    let set = IVenusOracle::setPriceCall {
        asset: stage.collateral().token,
        price,
    };
    let sum = IComptroller::getAccountLiquidityCall { account };
    let calls = [
        ViewCall {
            to: oracle,
            data: set.abi_encode().into(),
        },
        ViewCall {
            to: stage.world.address("/venus/comptroller"),
            data: sum.abi_encode().into(),
        },
    ];
    let views = stage.views(Head::Latest).view(CHAIN, None, &calls).await.unwrap();
    assert!(views.answers[0].is_some(), "the price was set");
    IComptroller::getAccountLiquidityCall::abi_decode_returns(views.answers[1].as_ref().unwrap())
        .unwrap()
        .shortfall
}

#[tokio::test]
async fn venus_is_quoted_to_the_last_digit() {
    let stage = Stage::start().await;
    let (lender, terms) = open(&stage, Market::Venus, 1).await;
    let (asset, user) = (stage.world.address("/venus/vAsset"), stage.borrower());
    assert_eq!(
        terms.rate.raw,
        stage.ask(asset, &IVToken::borrowRatePerBlockCall {}).await,
        "rate"
    );
    let v_token = stage.world.address("/venus/vCollateral");
    let comptroller = stage.world.address("/venus/comptroller");
    let market = stage
        .ask(comptroller, &IComptroller::marketsCall { vToken: v_token })
        .await;
    assert_eq!(scaled(terms.risk.ltv_max, 18), market.factor);
    assert_eq!(scaled(terms.risk.liquidation_threshold, 18), market.threshold);
    assert!(!shortfall(&stage, terms.risk.liquidation_price, user).await.is_zero());
    assert!(
        shortfall(&stage, terms.risk.liquidation_price + U256::ONE, user)
            .await
            .is_zero()
    );
    let position = lender.position(user).await.unwrap();
    assert_eq!(position.debt, terms.debt);
    assert_eq!(position.liquidation_price, Some(terms.risk.liquidation_price_in_asset));

    // A day is 115,200 blocks; a hundred of them show that interest is counted as it is quoted.
    let index = stage.ask(asset, &IVToken::borrowIndexCall {}).await;
    let owed_after = |blocks: u64| terms.debt * (index + index * terms.rate.raw * U256::from(blocks) / eth(1)) / index;
    assert_eq!(terms.owed.base, owed_after(86_400 * 42_048_000 / 31_536_000));
    stage.mine(100).await;
    assert_eq!(lender.position(user).await.unwrap().debt, owed_after(100));
}

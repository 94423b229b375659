//! Over answers that are made up here, since no package ships the contract: a market of a million, half of it lent, in which the rate bends
//! at 80 %.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::{SolCall, SolValue};
use domain::Asset;
use domain::ports::{ChainError, ViewCall, ViewCalls, Views};

use super::super::abi::{CometCollateral, CometUser};
use super::*;

const COMET: Address = Address::repeat_byte(0xc0);
const ASSET_FEED: Address = Address::repeat_byte(0xfa);
const COLLATERAL_FEED: Address = Address::repeat_byte(0xfc);
/// 4 % a year at the kink, as the contract has it: a second, in wad.
const LOW: u64 = 1_585_489_599;
const HIGH: u64 = 95_129_375_951;

/// Answers by what is asked: the whole call, or else its selector.
struct Made {
    answers: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    trips: AtomicUsize,
}

#[async_trait]
impl ViewCalls for Made {
    async fn view(&self, _: u64, _: Option<ViewBlock>, calls: &[ViewCall]) -> Result<Views, ChainError> {
        self.trips.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.lock().unwrap();
        let one = |call: &ViewCall| {
            let known = answers.get(&call.data[..]).or_else(|| answers.get(&call.data[..4]));
            known.map(|answer| Bytes::from(answer.clone()))
        };
        let block = ViewBlock {
            number: 9,
            timestamp: 1_900_000_000,
            parent: B256::ZERO,
        };
        Ok(Views {
            block,
            answers: calls.iter().map(one).collect(),
        })
    }

    async fn gas_price(&self, _: u64) -> Result<u128, ChainError> {
        unreachable!("terms ask for no gas price")
    }
}

impl Made {
    fn set<C: SolCall>(&self, answer: &impl SolValue) {
        self.answers
            .lock()
            .unwrap()
            .insert(C::SELECTOR.to_vec(), answer.abi_encode());
    }

    fn set_for<C: SolCall>(&self, call: &C, answer: &impl SolValue) {
        self.answers
            .lock()
            .unwrap()
            .insert(call.abi_encode(), answer.abi_encode());
    }
}

fn units(whole: u64, decimals: u32) -> U256 {
    uint(whole) * ten_to(decimals)
}

fn info() -> CometAsset {
    CometAsset {
        offset: 0,
        asset: Address::repeat_byte(0xe1),
        priceFeed: COLLATERAL_FEED,
        scale: 1_000_000_000_000_000_000,
        borrowCollateralFactor: 825_000_000_000_000_000,
        liquidateCollateralFactor: 895_000_000_000_000_000,
        liquidationFactor: 950_000_000_000_000_000,
        supplyCap: 1_000_000_000_000_000_000_000,
    }
}

fn made() -> Arc<Made> {
    let made = Made {
        answers: Mutex::default(),
        trips: AtomicUsize::new(0),
    };
    made.set::<Calls::baseTokenCall>(&Address::repeat_byte(0xd1));
    made.set::<Calls::baseTokenPriceFeedCall>(&ASSET_FEED);
    made.set::<Calls::getAssetInfoByAddressCall>(&info());
    made.set::<Calls::baseScaleCall>(&units(1, 6));
    made.set::<Calls::baseBorrowMinCall>(&units(100, 6));
    made.set::<Calls::totalSupplyCall>(&units(1_000_000, 6));
    made.set::<Calls::totalBorrowCall>(&units(500_000, 6));
    made.set::<Erc20::balanceOfCall>(&U256::ZERO);
    made.set_for(&Erc20::balanceOfCall { owner: COMET }, &units(500_000, 6));
    made.set::<Calls::borrowKinkCall>(&units(8, 17));
    made.set::<Calls::borrowPerSecondInterestRateBaseCall>(&U256::ZERO);
    made.set::<Calls::borrowPerSecondInterestRateSlopeLowCall>(&uint(LOW));
    made.set::<Calls::borrowPerSecondInterestRateSlopeHighCall>(&uint(HIGH));
    made.set::<Calls::totalsCollateralCall>(&CometCollateral {
        totalSupplyAsset: 900_000_000_000_000_000_000,
        reserved: 0,
    });
    made.set::<Calls::isSupplyPausedCall>(&false);
    made.set::<Calls::isWithdrawPausedCall>(&false);
    made.set::<Calls::borrowBalanceOfCall>(&U256::ZERO);
    made.set::<Calls::userCollateralCall>(&CometUser {
        balance: 0,
        reserved: 0,
    });
    made.set_for(&Calls::getPriceCall { priceFeed: ASSET_FEED }, &units(1, 8));
    made.set_for(
        &Calls::getPriceCall {
            priceFeed: COLLATERAL_FEED,
        },
        &units(2_000, 8),
    );
    Arc::new(made)
}

fn market(views: &Arc<Made>) -> Compound {
    let token = |byte, decimals| Asset {
        chain_id: 1,
        token: Address::repeat_byte(byte),
        symbol: "T".into(),
        decimals,
    };
    let pair = Pair {
        asset: token(0xd1, 6),
        collateral: token(0xe1, 18),
        views: Arc::clone(views) as Arc<dyn ViewCalls>,
    };
    Compound {
        pair,
        comet: COMET,
        feeds: Mutex::default(),
    }
}

fn wanted(dollars: u64) -> Wanted {
    Wanted {
        borrower: Address::repeat_byte(9),
        collateral: units(10, 18),
        debt: units(dollars, 6),
        least: units(1, 6),
        step: uint(10_000),
        seconds: YEAR,
        headroom_ppm: 0,
    }
}

async fn declined_with(views: &Arc<Made>, wanted: Wanted) -> String {
    market(views).terms(&wanted).await.unwrap().unwrap_err().code
}

#[tokio::test]
async fn the_rate_is_that_of_the_curve_after_the_draw() {
    let views = made();
    let market = market(&views);
    let terms = market.terms(&wanted(10_000)).await.unwrap().unwrap();
    assert_eq!(views.trips.load(Ordering::SeqCst), 2, "the feeds were found first");
    assert_eq!(terms.rate.utilization, Decimal::new(51, 2));
    assert_eq!(terms.rate.raw, mul_div_down(uint(LOW), units(51, 16), wad()).unwrap());
    let at_100 = uint(LOW) * uint(8) / uint(10) + uint(HIGH) * uint(2) / uint(10);
    assert!(terms.rate.at_100 - decimal(at_100 * uint(YEAR), 18).unwrap() <= Decimal::new(1, 9));
    assert_eq!(terms.owed.base - terms.debt, div_interest(terms.rate.raw));
    market.terms(&wanted(10_000)).await.unwrap().unwrap();
    assert_eq!(views.trips.load(Ordering::SeqCst), 3, "and are known then");
}

/// Of 10,000 for a year, rounded up.
fn div_interest(rate: U256) -> U256 {
    mul_div_up(units(10_000, 6), rate * uint(YEAR), wad()).unwrap()
}

#[tokio::test]
async fn limits_and_the_liquidation_price_are_those_of_the_factors() {
    let terms = market(&made()).terms(&wanted(100_000)).await.unwrap().unwrap();
    // 10 at 2,000, of which 82.5 %.
    assert_eq!(terms.debt, units(16_500, 6));
    assert_eq!(terms.risk.ltv, Decimal::new(825, 3));
    assert_eq!(terms.risk.liquidation_threshold, Decimal::new(895, 3));
    assert_eq!(terms.risk.liquidation_penalty, Decimal::new(5, 2));
    // 16,500 / 10 / 0.895 = 1,843.5754…
    assert_eq!(terms.risk.liquidation_price, uint(184_357_541_899));
    assert_eq!(terms.risk.liquidation_price_in_asset, Decimal::new(184_357_541_899, 8));
}

#[tokio::test]
async fn what_the_market_does_not_do_is_a_decline() {
    let views = made();
    assert_eq!(declined_with(&views, wanted(99)).await, "AMOUNT_TOO_SMALL");
    let much = Wanted {
        collateral: units(101, 18),
        ..wanted(1_000)
    };
    assert_eq!(declined_with(&views, much).await, "SUPPLY_CAP_REACHED");
    views.set_for(&Erc20::balanceOfCall { owner: COMET }, &units(10, 6));
    assert_eq!(declined_with(&views, wanted(1_000)).await, "LIQUIDITY_INSUFFICIENT");
    views.set::<Calls::borrowBalanceOfCall>(&U256::ONE);
    assert_eq!(declined_with(&views, wanted(1_000)).await, "POSITION_EXISTS");
    views.set::<Calls::isWithdrawPausedCall>(&true);
    assert_eq!(declined_with(&views, wanted(1_000)).await, "MARKET_PAUSED");
}

#[tokio::test]
async fn another_base_token_or_a_missing_answer_is_malformed() {
    let views = made();
    views
        .answers
        .lock()
        .unwrap()
        .remove(&Calls::borrowKinkCall::SELECTOR.to_vec());
    let error = market(&views).terms(&wanted(1_000)).await.unwrap_err();
    assert!(
        matches!(error, LenderError::Malformed { ref field, .. } if field == "borrowKink"),
        "{error}"
    );
    let views = made();
    views.set::<Calls::baseTokenCall>(&Address::repeat_byte(1));
    let error = market(&views).terms(&wanted(1_000)).await.unwrap_err();
    assert!(
        matches!(error, LenderError::Malformed { ref field, .. } if field == "baseToken"),
        "{error}"
    );
}

#[tokio::test]
async fn a_position_says_when_it_may_be_liquidated() {
    let views = made();
    views.set::<Calls::borrowBalanceOfCall>(&units(16_500, 6));
    views.set::<Calls::userCollateralCall>(&CometUser {
        balance: 10_000_000_000_000_000_000,
        reserved: 0,
    });
    let market = market(&views);
    let holder = Address::repeat_byte(9);
    let position = market.position(holder, None).await.unwrap();
    assert!(!position.liquidatable);
    assert_eq!(position.liquidation_price, Some(Decimal::new(184_357_541_899, 8)));
    for (price, liquidatable) in [(184_357_541_899, true), (184_357_541_900, false)] {
        views.set_for(
            &Calls::getPriceCall {
                priceFeed: COLLATERAL_FEED,
            },
            &uint(price),
        );
        assert_eq!(market.position(holder, None).await.unwrap().liquidatable, liquidatable);
    }
}

//! What the protocols say about a position, in their own events on their own bytecode.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::views::Head;
use domain::ports::{Venue, VenueEvent, VenueEventKind};
use lenders::venues::VenueLender;

use crate::protocols::{ILiquidatePool, ILiquidateVToken, IMorpho, IVenusOracle, Params};
use crate::stage::*;

const CENTS: i64 = 1_000_000;
const PART: u64 = 1_000_000_000;

async fn height(lender: &VenueLender, user: Address) -> u64 {
    lender.position(user).await.unwrap().block.number
}

async fn events(lender: &VenueLender, user: Address, from: u64) -> Vec<VenueEvent> {
    let to = height(lender, user).await;
    lender.events(user, from..=to).await.unwrap()
}

/// A position, and the block before it.
async fn opened(stage: &Stage, market: Market) -> (VenueLender, u64, U256) {
    let user = stage.borrower();
    let lender = stage.lender(market, &stage.views(Head::Latest));
    let terms = terms(&lender, &stage.request(CENTS, 30, eth(10))).await;
    let before = height(&lender, user).await;
    stage
        .wallet(user, lender.open(user, terms.collateral, terms.debt))
        .await;
    (lender, before, terms.debt)
}

#[tokio::test]
async fn a_position_is_read_from_the_events_of_the_protocol() {
    for market in ALL {
        let stage = Stage::start().await;
        let user = stage.borrower();
        let (lender, before, debt) = opened(&stage, market).await;
        let part = U256::from(PART);
        stage.jump_to(stage.now().await + 86_400).await;
        stage.wallet(user, lender.repay(user, Some(part)).await.unwrap()).await;
        let taken = lender.withdraw(user, Some(eth(1))).await.unwrap();
        stage.wallet(user, taken).await;

        let seen = events(&lender, user, before + 1).await;
        let kinds: Vec<VenueEventKind> = seen.iter().map(|event| event.kind).collect();
        let by = VenueEventKind::CollateralChanged { by: user };
        let borrowed = VenueEventKind::Borrowed { amount: debt };
        let repaid = VenueEventKind::Repaid {
            payer: user,
            amount: part,
        };
        assert_eq!(kinds, [by, borrowed, repaid, by], "{market:?}");
        let stranger = stage.world.address("/people/second");
        assert_eq!(events(&lender, stranger, before + 1).await, [], "{market:?}");
        let first = lender.position_at(user, seen[1].block).await.unwrap();
        assert!(first.debt.abs_diff(debt) <= U256::ONE, "{market:?}: {first:?}");
        let then = lender.position_at(user, seen[2].block).await.unwrap();
        assert!(then.debt > debt - part && then.debt < debt, "{market:?}: {then:?}");
        // What is not there yet cannot be read as nothing.
        let height = height(&lender, user).await;
        assert!(lender.events(user, height..=height + 1).await.is_err());
    }
}

/// The price falls by 43 %, and half of the debt is paid by a liquidator.
async fn liquidate(stage: &Stage, market: Market, lender: &VenueLender, half: U256) {
    let (at, user) = (|path: &str| stage.world.address(path), stage.borrower());
    let (asset, collateral) = (stage.asset().token, stage.collateral().token);
    let terms = lender.position(user).await.unwrap();
    let fallen = |price: U256| price * U256::from(57) / U256::from(100);
    let (to, data): (Address, Bytes) = match market {
        Market::Aave30 | Market::Aave36 => {
            let name = if market == Market::Aave30 { "aave1" } else { "aave36" };
            // Eight decimals, as its first answer has.
            let price = U256::from(200_000_000_000_u64);
            stage
                .set_first_slot(at(&format!("/{name}/collateralFeed")), fallen(price))
                .await;
            let call = ILiquidatePool::liquidationCallCall {
                collateralAsset: collateral,
                debtAsset: asset,
                user,
                debtToCover: half,
                receiveAToken: false,
            };
            (at(&format!("/{name}/pool")), call.abi_encode().into())
        }
        Market::Morpho => {
            let price = U256::from(2_000) * U256::from(10).pow(U256::from(24));
            stage.set_first_slot(at("/morpho/oracle"), fallen(price)).await;
            let params = Params {
                loanToken: asset,
                collateralToken: collateral,
                oracle: at("/morpho/oracle"),
                irm: at("/morpho/irm"),
                lltv: stage.world.text("/morpho/lltv").parse().unwrap(),
            };
            let call = IMorpho::liquidateCall {
                params,
                borrower: user,
                seized: terms.collateral / U256::from(2),
                shares: U256::ZERO,
                data: Bytes::new(),
            };
            (at("/morpho/morpho"), call.abi_encode().into())
        }
        Market::Venus => {
            let v_token = at("/venus/vCollateral");
            let price = stage
                .ask(
                    at("/venus/oracle"),
                    &IVenusOracle::getUnderlyingPriceCall { vToken: v_token },
                )
                .await;
            let call = IVenusOracle::setPriceCall {
                asset: collateral,
                price: fallen(price),
            };
            stage.act(at("/venus/admin"), at("/venus/oracle"), &call).await;
            let call = ILiquidateVToken::liquidateBorrowCall {
                borrower: user,
                repayAmount: half,
                vTokenCollateral: v_token,
            };
            (at("/venus/vAsset"), call.abi_encode().into())
        }
    };
    let liquidator = at("/people/liquidator");
    assert_eq!(stage.refusal(liquidator, to, data.clone()).await, None, "{market:?}");
    assert!(stage.send(liquidator, to, data).await.succeeded, "{market:?}");
}

#[tokio::test]
async fn a_liquidation_is_read_with_what_was_paid_and_what_was_taken() {
    for market in ALL {
        let stage = Stage::start().await;
        let user = stage.borrower();
        let (lender, _, debt) = opened(&stage, market).await;
        let before = lender.position(user).await.unwrap();
        liquidate(&stage, market, &lender, debt / U256::from(2)).await;
        let seen = events(&lender, user, before.block.number + 1).await;
        let after = lender.position(user).await.unwrap();
        let (mut paid, mut taken) = (U256::ZERO, U256::ZERO);
        for event in &seen {
            match event.kind {
                VenueEventKind::Repaid { amount, .. } => paid += amount,
                VenueEventKind::Liquidated {
                    liquidator,
                    repaid,
                    seized,
                    bad_debt,
                } => {
                    assert_eq!(liquidator, stage.world.address("/people/liquidator"), "{market:?}");
                    assert_eq!(bad_debt, U256::ZERO, "{market:?}");
                    paid += repaid;
                    taken += seized;
                }
                other => panic!("{market:?}: {other:?}"),
            }
        }
        // A few blocks of interest beside.
        let reduced = before.debt - after.debt;
        assert!(
            paid >= reduced && paid - reduced < U256::from(1_000_000),
            "{market:?}: {seen:?}"
        );
        let lost = before.collateral - after.collateral;
        assert!(
            taken.abs_diff(lost) <= U256::from(1_000_000_000_000_u64),
            "{market:?}: {taken} of {lost}"
        );
    }
}

//! Collateral, prices, liquidation, default and the breaker.

use alloy_primitives::Address;
use alloy_primitives::aliases::U104;
use chain::bindings::aggregator::CreditAggregator as sol;
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::offer::OnchainOrder;
use domain::ports::{ChainReader, Contracts, LiveLoan, LoanEventKind};

use crate::lab::{COLLATERAL, Lab, PRINCIPAL};

/// Liquidated above 80 % of the collateral's value, which starts at twice the debt.
async fn priced(lab: &Lab, nonce: u64) -> OnchainOrder {
    let mut order = lab.order(nonce).await;
    order.oracle = lab.at.price_oracle;
    order.liquidation_ltv_bps = 8_000;
    order.liquidation_bonus_bps = 500;
    order
}

async fn kinds(lab: &Lab, loan: &LiveLoan) -> Vec<LoanEventKind> {
    let events = lab.events().await;
    let of_loan = events.into_iter().filter(|e| e.loan == loan.loan);
    of_loan.map(|e| e.kind).collect()
}

#[tokio::test]
async fn collateral_goes_in_and_out_within_the_limit() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let borrower = DevAccount::Borrower.address();
    let order = priced(&lab, 1).await;
    let loan = lab.originate(&lab.signed(order)).await;
    let half = COLLATERAL / 2;
    lab.all_done(borrower, lab.contracts.add_collateral(&loan, half).unwrap())
        .await;
    assert_eq!(lab.reader.health(&loan).await.unwrap().collateral, COLLATERAL + half);
    let to = Address::repeat_byte(7);
    lab.all_done(borrower, lab.contracts.withdraw_collateral(&loan, half, to).unwrap())
        .await;
    assert_eq!(lab.holds(DevAsset::Ether, to).await, half);
    let too_much = lab
        .contracts
        .withdraw_collateral(&loan, half, to)
        .unwrap()
        .remove(0)
        .call;
    let refusal = lab.refusal(borrower, &too_much).await;
    assert!(refusal.contains("CollateralTooLow"), "{refusal}");
    assert!(lab.contracts.withdraw_collateral(&loan, 1, Address::ZERO).is_err());
    let held: Vec<u128> = kinds(&lab, &loan)
        .await
        .into_iter()
        .filter_map(|kind| match kind {
            LoanEventKind::CollateralChanged { held, by } if by == borrower => Some(held),
            _ => None,
        })
        .collect();
    assert_eq!(held, [COLLATERAL + half, COLLATERAL]);
}

#[tokio::test]
async fn a_fallen_price_lets_anyone_liquidate_in_part_and_in_whole() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let (borrower, liquidator) = (DevAccount::Borrower.address(), DevAccount::Submitter.address());
    let order = priced(&lab, 1).await;
    let loan = lab.originate(&lab.signed(order)).await;
    let health = lab.reader.health(&loan).await.unwrap();
    // Interest of the seconds since then, rounded up.
    assert!(
        !health.late && (5_000..=5_001).contains(&health.ltv_bps.unwrap()),
        "{health:?}"
    );
    let simulate = |most| lab.reader.simulate_liquidation(&loan, liquidator, most);
    assert_eq!(simulate(u128::MAX).await.unwrap(), None, "it is healthy");
    let call = lab.contracts.liquidate(&loan, u128::MAX, 0).unwrap();
    assert!(lab.refusal(liquidator, &call).await.contains("LoanHealthy"));

    lab.ether_costs(1_200).await;
    let health = lab.reader.health(&loan).await.unwrap();
    assert!((8_333..=8_340).contains(&health.ltv_bps.unwrap()), "{health:?}");
    let poor = lab
        .reader
        .simulate_liquidation(&loan, Address::repeat_byte(9), u128::MAX);
    assert_eq!(poor.await.unwrap(), None, "who has no money cannot");

    let part = PRINCIPAL / 4;
    let seen = simulate(part).await.unwrap().unwrap();
    assert_eq!(seen.repaid, part);
    // 5 % more than was paid, at 1,200 dollars; rounding loses at most the last unit.
    assert!(
        (part * 105 / 100 - 1..=part * 105 / 100).contains(&seen.seized_value),
        "{seen:?}"
    );
    assert!(seen.gas > 50_000 && seen.gas_price > 0, "{seen:?}");
    let before = lab.holds(DevAsset::Ether, liquidator).await;
    let greedy = lab
        .contracts
        .liquidate(&loan, part, seen.seized + seen.seized / 100)
        .unwrap();
    assert!(lab.refusal(liquidator, &greedy).await.contains("SeizedTooLittle"));
    lab.done(liquidator, &lab.contracts.liquidate(&loan, part, seen.seized).unwrap())
        .await;
    assert_eq!(lab.holds(DevAsset::Ether, liquidator).await, before + seen.seized);

    lab.ether_costs(800).await;
    let collateral = lab.holds(DevAsset::Ether, borrower).await;
    let seen = simulate(u128::MAX).await.unwrap().unwrap();
    lab.done(liquidator, &lab.contracts.liquidate(&loan, u128::MAX, 0).unwrap())
        .await;
    let kinds = kinds(&lab, &loan).await;
    let liquidations: Vec<_> = kinds
        .iter()
        .filter_map(|kind| match kind {
            LoanEventKind::Liquidated {
                late,
                returned,
                shortfall,
                ended,
                ..
            } => Some((*late, *returned, *shortfall > 0, *ended)),
            _ => None,
        })
        .collect();
    assert_eq!(liquidations[0], (false, 0, false, false));
    let (_, returned, lost, ended) = liquidations[1];
    assert!(ended, "{kinds:?}");
    assert_eq!(
        lost,
        seen.repaid < PRINCIPAL - part,
        "what is not paid is the lender's loss"
    );
    assert_eq!(lab.holds(DevAsset::Ether, borrower).await, collateral + returned);
    assert_eq!(
        lab.holds(DevAsset::Ether, lab.at.collateral_manager).await,
        0,
        "nothing stays locked"
    );
}

#[tokio::test]
async fn a_late_loan_can_be_defaulted_and_only_then() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let (anyone, desk) = (DevAccount::Submitter.address(), DevAccount::Desk.address());
    let plain = lab.originate(&lab.onchain(1).await).await;
    let order = priced(&lab, 2).await;
    let priced = lab.originate(&lab.signed(order)).await;
    let order = &plain.terms.order;
    lab.advance(u64::from(order.period + order.grace) - 3_600).await;
    let call = lab.contracts.mark_default(&plain).unwrap();
    assert!(!lab.reader.health(&plain).await.unwrap().late);
    assert!(lab.refusal(anyone, &call).await.contains("NotInDefault"));
    lab.advance(7_200).await;
    assert!(lab.reader.health(&plain).await.unwrap().late);
    assert!(lab.reader.health(&priced).await.unwrap().late);

    lab.done(anyone, &call).await;
    let last = kinds(&lab, &plain).await.pop().unwrap();
    let expected = LoanEventKind::Defaulted {
        outstanding: PRINCIPAL,
        seized: COLLATERAL,
        returned: 0,
    };
    assert_eq!(last, expected, "without a price all of it goes to the lender");
    assert_eq!(lab.holds(DevAsset::Ether, desk).await, COLLATERAL);

    let liquidator = lab.reader.simulate_liquidation(&priced, anyone, u128::MAX);
    assert!(liquidator.await.unwrap().is_some(), "late is reason enough");
    lab.done(anyone, &lab.contracts.mark_default(&priced).unwrap()).await;
    let LoanEventKind::Defaulted { seized, returned, .. } = kinds(&lab, &priced).await.pop().unwrap() else {
        panic!()
    };
    assert!(
        seized < COLLATERAL * 52 / 100 && returned == COLLATERAL - seized,
        "worth the debt, the rest back"
    );
}

#[tokio::test]
async fn a_loan_without_a_price_has_no_ratio_but_still_a_due_date() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let order = priced(&lab, 1).await;
    let loan = lab.originate(&lab.signed(order)).await;
    lab.ether_costs(0).await;
    let health = lab.reader.health(&loan).await.unwrap();
    assert_eq!(
        (health.collateral, health.ltv_bps, health.late),
        (COLLATERAL, None, false)
    );
    let seen = lab
        .reader
        .simulate_liquidation(&loan, DevAccount::Submitter.address(), 1);
    assert_eq!(seen.await.unwrap(), None);
}

#[tokio::test]
async fn a_loan_above_the_hours_cap_trips_the_breaker_and_is_told() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let (submitter, asset) = (DevAccount::Submitter.address(), DevAsset::Dollar.address());
    let cap = PRINCIPAL + PRINCIPAL / 2;
    lab.govern(
        lab.at.aggregator,
        sol::setAssetCapCall {
            asset,
            cap: U104::from(cap),
        },
    )
    .await;
    lab.originate(&lab.onchain(1).await).await;
    let refused = lab.originate(&lab.onchain(2).await).await;
    assert!(
        lab.reader.payoff(&refused, 0).await.is_err(),
        "the transaction succeeded and made no loan"
    );
    let event = lab.events().await.pop().unwrap();
    assert!(event.loan.is_zero());
    let expected = LoanEventKind::BreakerTripped {
        asset,
        used: PRINCIPAL,
        refused: PRINCIPAL,
        cap,
    };
    assert_eq!(event.kind, expected);
    let third = lab.origination(3).await;
    assert!(lab.refusal(submitter, &third).await.contains("OriginationPaused"));
}

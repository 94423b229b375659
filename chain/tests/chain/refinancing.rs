//! A new lender takes an old one's place.

use alloy_primitives::U256;
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::ports::{ChainReader, Contracts, LiveLoan, LoanEventKind};

use crate::lab::{CHAIN, COLLATERAL, Lab, PRINCIPAL};

/// A lender of its own, with money and an allowance.
async fn other_lender(lab: &Lab) -> DevAccount {
    let lender = DevAccount::Guardian;
    let (dollar, aggregator) = (DevAsset::Dollar.address(), lab.at.aggregator);
    lab.mint(DevAsset::Dollar, lender, 10 * PRINCIPAL).await;
    lab.approve(lender, dollar, aggregator).await;
    lender
}

#[tokio::test]
async fn another_lender_repays_the_old_loan_and_the_collateral_stays() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let borrower = DevAccount::Borrower.address();
    let old = lab.originate(&lab.onchain(1).await).await;
    lab.advance(10 * 86_400).await;
    let lender = other_lender(&lab).await;

    let mut order = lab.order(1).await;
    order.lender = lender.address();
    order.rate_ppm = 50_000;
    order.principal = PRINCIPAL / 2;
    order.installment_amount = 170_000_000;
    // Half the principal: the borrower pays in the rest; a little more collateral is needed.
    order.collateral_amount = COLLATERAL + 7;
    let onchain = lab.signed_by(lender, order);
    let payoff = lab.reader.payoff(&old, lab.now().await + 3_600).await.unwrap();
    let disbursed = PRINCIPAL / 2 - PRINCIPAL / 200;
    let mut intent = lab.wish(&onchain).await;
    intent.refinances = old.loan;
    intent.min_received = i128::try_from(disbursed).unwrap() - i128::try_from(payoff).unwrap();
    assert!(intent.min_received < 0);
    let signature = lab.borrower_signs(&intent).await;
    assert!(lab.contracts.intent_signed(CHAIN, &intent, &signature).unwrap());
    assert!(
        lab.contracts.originate(&onchain, &intent, &signature, None).is_err(),
        "a refinancing is no origination"
    );

    let approvals = lab.contracts.approvals(&onchain, 7, intent.min_received.unsigned_abs());
    let approvals = approvals.unwrap();
    assert_eq!(approvals.len(), 2);
    lab.all_done(borrower, approvals).await;
    let other = LiveLoan {
        loan: alloy_primitives::B256::repeat_byte(1),
        ..old.clone()
    };
    assert!(lab.contracts.refinance(&other, &onchain, &intent, &signature).is_err());
    let call = lab.contracts.refinance(&old, &onchain, &intent, &signature).unwrap();
    let before = lab.holds(DevAsset::Ether, lab.at.collateral_manager).await;
    lab.done(DevAccount::Submitter.address(), &call).await;
    assert_eq!(
        lab.holds(DevAsset::Ether, lab.at.collateral_manager).await,
        before + 7,
        "only the difference moved"
    );

    let new = lab.live(&onchain, intent);
    let events = lab.events().await;
    let of = |loan| events.iter().filter(move |e| e.loan == loan).map(|e| e.kind.clone());
    let kinds: Vec<_> = of(old.loan).collect();
    assert!(
        matches!(kinds[1], LoanEventKind::Repaid { outstanding: 0, .. }),
        "{kinds:?}"
    );
    assert_eq!(kinds[2], LoanEventKind::Refinanced { new_loan: new.loan });
    let kinds: Vec<_> = of(new.loan).collect();
    assert!(
        matches!(kinds[0], LoanEventKind::Originated { principal, .. } if principal == PRINCIPAL / 2),
        "{kinds:?}"
    );
    let health = lab.reader.health(&new).await.unwrap();
    assert_eq!(
        (health.collateral, health.ltv_bps, health.late),
        (COLLATERAL + 7, None, false)
    );
    assert!(lab.reader.payoff(&old, 0).await.is_err(), "the old loan has ended");
    lab.all_done(borrower, lab.contracts.repay(&new, u128::MAX).unwrap())
        .await;
    assert_eq!(
        U256::from(lab.holds(DevAsset::Ether, lab.at.collateral_manager).await),
        U256::ZERO
    );
}

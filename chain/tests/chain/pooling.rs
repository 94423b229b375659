//! A pool lends as anyone does: its underwriter signs, its policy decides, its books follow.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::bindings::pool::CreditPool;
use chain::deploy::dev_pool;
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::offer::{Onchain, OnchainOrder};
use domain::ports::{ChainReader, Contracts, LoanEventKind};

use crate::lab::{CHAIN, Lab, PRINCIPAL};

async fn order(lab: &Lab) -> OnchainOrder {
    let mut order = lab.order(1).await;
    order.lender = dev_pool(&lab.at);
    // A pool counts what each borrower owes it, so its orders name one.
    order.borrower = DevAccount::Borrower.address();
    order.oracle = lab.at.price_oracle;
    order.liquidation_ltv_bps = 8_000;
    order.liquidation_bonus_bps = 500;
    order
}

/// As the underwriter signs for the pool.
fn underwritten(lab: &Lab, underwriter: DevAccount, order: OnchainOrder) -> Onchain {
    let mut onchain = lab.signed_by(underwriter, order);
    onchain.signature = lab
        .contracts
        .pool_signature(&onchain.order, &onchain.signature)
        .unwrap();
    onchain
}

async fn accepted(lab: &Lab, onchain: &Onchain) -> bool {
    let signer = onchain.order.lender;
    let asked = lab
        .reader
        .signature_valid(CHAIN, signer, onchain.order_hash, &onchain.signature);
    asked.await.unwrap()
}

/// Cash, unpaid principal and value of the pool.
async fn books(lab: &Lab) -> (u128, u128, u128) {
    let read = async |data: Vec<u8>| -> u128 {
        let answer = lab
            .rpc
            .call(None, dev_pool(&lab.at), &data.into(), 500_000)
            .await
            .unwrap();
        U256::from_be_slice(&answer).to()
    };
    (
        read(CreditPool::cashCall {}.abi_encode()).await,
        read(CreditPool::lentCall {}.abi_encode()).await,
        read(CreditPool::valueCall {}.abi_encode()).await,
    )
}

#[tokio::test]
async fn a_pool_lends_through_the_same_path_and_its_books_follow() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let borrower = DevAccount::Borrower.address();
    let onchain = underwritten(&lab, DevAccount::Desk, order(&lab).await);
    assert!(accepted(&lab, &onchain).await);
    let before = books(&lab).await;
    assert_eq!((before.1, before.2), (0, before.0));
    let loan = lab.originate(&onchain).await;
    assert_eq!(books(&lab).await, (before.0 - PRINCIPAL, PRINCIPAL, before.2));
    lab.advance(30 * 86_400).await;
    lab.all_done(borrower, lab.contracts.repay(&loan, u128::MAX).unwrap())
        .await;
    let after = books(&lab).await;
    assert_eq!((after.0, after.1), (after.2, 0));
    let LoanEventKind::Repaid { interest, .. } = lab.events().await[1].kind else {
        panic!()
    };
    assert_eq!(after.0, before.0 + interest, "interest is what the pool earned");
}

#[tokio::test]
async fn what_the_pool_would_refuse_is_refused_before_anything_is_sent() {
    let lab = Lab::start(Finality::Depth(0)).await;
    let good = order(&lab).await;
    assert!(accepted(&lab, &underwritten(&lab, DevAccount::Desk, good.clone())).await);
    let stranger = underwritten(&lab, DevAccount::Borrower, good.clone());
    assert!(!accepted(&lab, &stranger).await, "not the underwriter");
    let cheap = OnchainOrder {
        rate_ppm: 9_999,
        ..good.clone()
    };
    let large = OnchainOrder {
        principal: 1_000_001_000_000,
        ..good.clone()
    };
    let thin = OnchainOrder {
        collateral_amount: good.collateral_amount / 2,
        ..good.clone()
    };
    for refused in [cheap, large, thin] {
        let onchain = underwritten(&lab, DevAccount::Desk, refused);
        assert!(!accepted(&lab, &onchain).await, "{:?}", onchain.order);
    }
    // Somebody else's signature of the same digest, an account that is no contract, and nothing at all.
    let onchain = lab.signed_by(DevAccount::Desk, good);
    assert!(!accepted(&lab, &onchain).await);
    let reader = &lab.reader;
    let nobody = Address::repeat_byte(3);
    for signature in [Bytes::new(), onchain.signature.clone()] {
        let valid = reader.signature_valid(CHAIN, nobody, onchain.order_hash, &signature);
        assert!(!valid.await.unwrap());
    }
    let desk = DevAccount::Desk.address();
    let own = reader.signature_valid(CHAIN, desk, onchain.order_hash, &onchain.signature);
    assert!(own.await.unwrap(), "an account by its key");
}

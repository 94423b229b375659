//! A loan from the first signature to its end, and hashes equal to the contract's.

use std::sync::Arc;

use alloy_primitives::Bytes;
use chain::bindings::aggregator::CreditAggregator as sol;
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::ports::{ChainReader, Contracts, LoanEventKind, OnchainTerms, TxState};

use crate::journal::MemLog;
use crate::lab::{CHAIN, COLLATERAL, Lab, PRINCIPAL};
use alloy_sol_types::SolCall;

#[tokio::test]
async fn a_loan_is_originated_repaid_and_closed() {
    let lab = Lab::start_manual(Finality::Depth(1)).await;
    let (borrower, desk) = (DevAccount::Borrower.address(), DevAccount::Desk.address());
    let (dollar, ether) = (DevAsset::Dollar.address(), DevAsset::Ether.address());
    let before = lab.reader.balance(CHAIN, ether, borrower).await.unwrap();
    let log = Arc::new(MemLog::default());
    let (indexer, submitter) = (lab.indexer(Arc::clone(&log)), lab.submitter());

    let onchain = lab.onchain(1).await;
    let (intent, signature) = lab.intent(&onchain).await;
    assert!(lab.contracts.intent_signed(CHAIN, &intent, &signature).unwrap());
    let call = lab.contracts.originate(&onchain, &intent, &signature, None).unwrap();
    let id = lab.journal.queue(call);
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Included, "{:?}", submitter.refused());
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Succeeded);
    assert_eq!(
        lab.reader.balance(CHAIN, ether, borrower).await.unwrap(),
        before - COLLATERAL
    );

    indexer.tick().await.unwrap();
    let events = log.final_events();
    let live = lab.live(&onchain, intent);
    let loan = live.loan;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].loan, events[0].tx_hash),
        (loan, lab.journal.get(id).attempts[0].hash)
    );
    let LoanEventKind::Originated {
        order_hash,
        lender,
        principal,
        fee,
        ..
    } = events[0].kind
    else {
        panic!("{events:?}")
    };
    assert_eq!((order_hash, lender), (onchain.order_hash, desk));
    assert_eq!((principal, fee), (PRINCIPAL, PRINCIPAL / 100));

    let block = lab.rpc.receipt(events[0].tx_hash).await.unwrap().unwrap().block_number;
    let start = lab.rpc.block(block).await.unwrap().unwrap().timestamp;
    assert_eq!(lab.reader.payoff(&live, start).await.unwrap(), PRINCIPAL);
    for amount in [340_000_000, u128::MAX] {
        for step in lab.contracts.repay(&live, amount).unwrap() {
            lab.wallet(borrower, step.call.to, &step.call.data, None).await;
            lab.mine(1).await;
        }
    }
    lab.mine(1).await;
    indexer.tick().await.unwrap();
    let kinds: Vec<_> = log.final_events().into_iter().map(|e| e.kind).collect();
    assert!(
        matches!(kinds[1], LoanEventKind::Repaid { outstanding, .. } if outstanding > 0 && outstanding < PRINCIPAL)
    );
    assert!(matches!(kinds[2], LoanEventKind::Repaid { outstanding: 0, .. }));
    assert_eq!(kinds[3], LoanEventKind::Closed);
    assert_eq!(lab.reader.balance(CHAIN, ether, borrower).await.unwrap(), before);
    assert!(lab.reader.balance(CHAIN, dollar, desk).await.unwrap() > 0);
    assert!(
        lab.reader.payoff(&live, start).await.is_err(),
        "a closed loan has no payoff"
    );
}

#[tokio::test]
async fn hashes_and_ids_are_the_contracts_own() {
    let lab = Lab::start_manual(Finality::Depth(1)).await;
    let onchain = lab.onchain(77).await;
    let (intent, signature) = lab.intent(&onchain).await;
    // The calldata of an origination carries both structs, encoded by the code under test.
    let call = lab.contracts.originate(&onchain, &intent, &signature, None).unwrap();
    let decoded = sol::originateCall::abi_decode(&call.data).unwrap();
    let (offer, wish) = (decoded.offer, decoded.intent);
    let hash_offer = sol::hashOfferCall { offer: offer.clone() };
    assert_eq!(lab.ask(hash_offer).await, onchain.order_hash);
    let hash_intent = sol::hashIntentCall { intent: wish.clone() };
    assert_eq!(
        lab.ask(hash_intent).await,
        lab.contracts.intent_hash(CHAIN, &intent).unwrap()
    );
    assert!(lab.contracts.intent_signed(CHAIN, &intent, &signature).unwrap());
    let given = lab.ask(sol::termsOfCall { offer, intent: wish }).await;
    let terms = OnchainTerms {
        order: onchain.order.clone(),
        intent,
    };
    let loan = lab.contracts.onchain_loan_id(CHAIN, &terms).unwrap();
    assert_eq!(given.loanId, loan);
    assert_eq!(lab.ask(sol::loanIdOfCall { terms: given.terms }).await, loan);
}

#[tokio::test]
async fn only_what_the_contract_would_take_counts_as_signed() {
    let lab = Lab::start_manual(Finality::Depth(1)).await;
    let onchain = lab.onchain(5).await;
    let signed = |signature: &Bytes| lab.contracts.order_signed(CHAIN, &onchain.order, signature);
    assert_eq!(signed(&onchain.signature), Ok(true));

    let mut low = onchain.signature.to_vec();
    low[64] -= 27;
    assert_eq!(
        signed(&low.clone().into()),
        Ok(true),
        "a wallet may give the recovery byte as 0 or 1"
    );
    let (intent, borrower_signature) = lab.intent(&onchain).await;
    let mut other_form = onchain.clone();
    other_form.signature = low.into();
    let calls =
        [&onchain, &other_form].map(|o| lab.contracts.originate(o, &intent, &borrower_signature, None).unwrap());
    assert_eq!(calls[0], calls[1], "and the contract gets the form it takes");

    let stranger: Bytes = DevAccount::Borrower
        .signer()
        .sign(onchain.order_hash)
        .unwrap()
        .as_bytes()
        .to_vec()
        .into();
    assert_eq!(signed(&stranger), Ok(false));
    let mut odd = onchain.signature.to_vec();
    odd[64] = 29;
    for bad in [Bytes::new(), onchain.signature[..64].to_vec().into(), odd.into()] {
        assert!(signed(&bad).is_err());
    }
    let mut altered = onchain.order.clone();
    altered.principal += 1;
    assert_eq!(
        lab.contracts.order_signed(CHAIN, &altered, &onchain.signature),
        Ok(false)
    );
    assert!(
        lab.contracts
            .order_signed(1, &onchain.order, &onchain.signature)
            .is_err(),
        "a chain without contracts"
    );
    altered.expiry = 1 << 40;
    assert!(
        lab.contracts.order_hash(CHAIN, &altered).is_err(),
        "a time that the contract cannot hold"
    );
}

//! Blocks that vanish, seen by the submitter.

use alloy_primitives::Bytes;
use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use chain::bindings::aggregator::CreditAggregator as sol;
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::ids::ChainTxId;
use domain::ports::TxState;

use crate::lab::Lab;

/// Follows a transaction to finality after the chain lost it, and checks that nothing was spent twice.
async fn comes_back(lab: &Lab, id: ChainTxId) {
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Broadcast);
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Included);
    lab.mine(5).await;
    submitter.tick().await.unwrap();
    let tx = lab.journal.get(id);
    assert_eq!(
        (tx.state, tx.nonce, tx.attempts.len()),
        (TxState::Succeeded, Some(0), 1),
        "the same bytes, once"
    );
}

#[tokio::test]
async fn a_transaction_dropped_by_a_reorganisation_is_sent_again() {
    for depth in [1, 3, 12] {
        let lab = Lab::start_manual(Finality::Depth(depth + 2)).await;
        let id = lab.queue_origination(1).await;
        let submitter = lab.submitter();
        submitter.tick().await.unwrap();
        lab.mine(depth).await;
        submitter.tick().await.unwrap();
        assert_eq!(lab.state(id), TxState::Included);
        lab.reorg(depth).await;
        submitter.tick().await.unwrap();
        assert_eq!(lab.journal.moves(id), [TxState::Included, TxState::Broadcast]);
        lab.mine(1).await;
        submitter.tick().await.unwrap();
        lab.mine(depth + 2).await;
        submitter.tick().await.unwrap();
        let tx = lab.journal.get(id);
        assert_eq!((tx.state, tx.nonce), (TxState::Succeeded, Some(0)), "depth {depth}");
        assert_eq!(tx.attempts.len(), 1, "the same bytes");
    }
}

#[tokio::test]
async fn a_reorganisation_while_the_process_is_down_is_noticed_at_start() {
    let lab = Lab::start_manual(Finality::Depth(5)).await;
    let id = lab.queue_origination(1).await;
    {
        let submitter = lab.submitter();
        submitter.tick().await.unwrap();
        lab.mine(3).await;
        submitter.tick().await.unwrap();
        assert_eq!(lab.state(id), TxState::Included);
    }
    lab.reorg(3).await;
    comes_back(&lab, id).await;
}

/// The desk cancels the offer just before our transaction in the same block.
async fn reverted_in_a_block(finality: Finality) -> (Lab, ChainTxId) {
    let lab = Lab::start_manual(finality).await;
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    let cancel: Bytes = sol::cancelOfferCall { nonce: U256::from(1) }.abi_encode().into();
    lab.wallet(
        DevAccount::Desk.address(),
        lab.at.aggregator,
        &cancel,
        Some(50_000_000_000),
    )
    .await;
    lab.mine(1).await;
    let hash = lab.journal.get(id).attempts[0].hash;
    assert!(!lab.rpc.receipt(hash).await.unwrap().unwrap().succeeded);
    (lab, id)
}

#[tokio::test]
async fn a_revert_is_told_only_when_it_is_final() {
    let (lab, id) = reverted_in_a_block(Finality::Depth(3)).await;
    let submitter = lab.submitter();
    for _ in 0..3 {
        submitter.tick().await.unwrap();
        assert_eq!(lab.state(id), TxState::Included);
        lab.mine(1).await;
    }
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Reverted);
    assert_eq!(lab.journal.moves(id), [TxState::Included, TxState::Reverted]);
}

#[tokio::test]
async fn a_reorganisation_can_turn_a_revert_into_a_success() {
    let (lab, id) = reverted_in_a_block(Finality::Depth(5)).await;
    lab.submitter().tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Included);
    lab.reorg(1).await;
    comes_back(&lab, id).await;
}

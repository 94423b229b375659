//! Crashes, drops, fees, leaders and strangers.

use alloy_primitives::Bytes;
use chain::keys::DevAccount;
use chain::registry::Finality;
use chain::submitter::Tick;
use domain::ports::{Contracts, TxState};
use serde_json::json;

use crate::lab::{FEE_CAP, Lab};

#[tokio::test]
async fn bytes_dropped_from_the_mempool_are_sent_again() {
    let lab = Lab::start_manual(Finality::Depth(1)).await;
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    let hash = lab.journal.get(id).attempts[0].hash;
    lab.anvil("anvil_dropTransaction", json!([hash])).await;
    lab.mine(1).await;
    assert_eq!(lab.rpc.receipt(hash).await.unwrap(), None);
    submitter.tick().await.unwrap();
    lab.mine(2).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Succeeded);
    assert!(
        lab.rpc.receipt(hash).await.unwrap().is_some(),
        "the same hash was mined"
    );
}

#[tokio::test]
async fn a_lost_answer_of_the_journal_costs_no_nonce_and_no_second_signature() {
    for lost in ["take_nonce", "store_attempt"] {
        let lab = Lab::start_manual(Finality::Depth(1)).await;
        let id = lab.queue_origination(1).await;
        lab.journal.lose_answer_of(lost);
        lab.submitter().tick().await.unwrap_err();
        let stored = lab.journal.get(id).attempts;
        // A new process.
        lab.submitter().tick().await.unwrap();
        lab.submitter().tick().await.unwrap();
        let second = lab.queue_origination(2).await;
        lab.submitter().tick().await.unwrap();
        lab.mine(2).await;
        lab.submitter().tick().await.unwrap();
        let (first, second) = (lab.journal.get(id), lab.journal.get(second));
        assert_eq!((first.nonce, second.nonce), (Some(0), Some(1)), "no gap after {lost}");
        assert_eq!((first.state, second.state), (TxState::Succeeded, TxState::Succeeded));
        assert_eq!(first.attempts.len(), 1);
        assert!(
            stored.is_empty() || stored == first.attempts,
            "stored bytes are the bytes sent"
        );
    }
}

#[tokio::test]
async fn a_call_that_would_revert_waits_and_lets_others_pass() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let mut order = lab.order(1).await;
    order.expiry = lab.now().await - 1;
    let dead = lab.signed(order);
    let (intent, signature) = lab.intent(&dead).await;
    let dead = lab
        .journal
        .queue(lab.contracts.originate(&dead, &intent, &signature, None).unwrap());
    let good = lab.queue_origination(2).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    assert_eq!(
        (lab.state(dead), lab.state(good)),
        (TxState::Queued, TxState::Broadcast)
    );
    let refused = submitter.refused();
    assert_eq!(refused.len(), 1);
    assert!(
        refused[0].tx == dead && refused[0].reason.contains("OfferExpired"),
        "{refused:?}"
    );
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(
        (lab.state(dead), lab.state(good)),
        (TxState::Queued, TxState::Succeeded)
    );
    assert!(lab.journal.get(dead).nonce.is_none());
}

#[tokio::test]
async fn at_most_sixteen_are_in_flight() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let mut ids = vec![];
    for nonce in 0..18 {
        ids.push(lab.queue_origination(nonce).await);
    }
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    submitter.tick().await.unwrap();
    assert_eq!(
        ids.iter().filter(|id| lab.state(**id) == TxState::Broadcast).count(),
        16
    );
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert!(ids.iter().all(|id| lab.state(*id) == TxState::Succeeded));
}

#[tokio::test]
async fn rising_base_fees_are_followed_on_both_fields_below_the_cap() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    let first = lab.journal.get(id).attempts[0].max_fee;
    let mut mined_after = None;
    for block in 0..20 {
        let base = format!("{:#x}", first * 5);
        lab.anvil("anvil_setNextBlockBaseFeePerGas", json!([base])).await;
        lab.mine(1).await;
        submitter.tick().await.unwrap();
        if lab.state(id) == TxState::Succeeded {
            mined_after = Some(block);
            break;
        }
    }
    assert!(mined_after.is_some_and(|b| b <= 6), "{mined_after:?}");
    let attempts = lab.journal.get(id).attempts;
    assert!(attempts.len() >= 2);
    for pair in attempts.windows(2) {
        assert!(
            pair[1].max_fee * 8 > pair[0].max_fee * 9 && pair[1].tip * 8 > pair[0].tip * 9,
            "{pair:?}"
        );
        assert!(pair[1].max_fee <= FEE_CAP);
    }
}

#[tokio::test]
async fn only_the_leader_acts_and_a_former_leader_is_fenced_off() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    let other = lab.journal.other(1);
    let (first, second) = (lab.submitter(), lab.submitter_of(lab.rpc.clone(), other.clone()));
    assert_eq!(first.tick().await.unwrap(), Tick::Led);
    assert_eq!(second.tick().await.unwrap(), Tick::NotLeader);
    assert_eq!(lab.journal.get(id).attempts.len(), 1);

    lab.journal.expire_lease();
    assert_eq!(second.tick().await.unwrap(), Tick::Led);
    assert_eq!(first.tick().await.unwrap(), Tick::NotLeader);
    let next = lab.queue_origination(2).await;
    assert_eq!(second.tick().await.unwrap(), Tick::Led);
    lab.mine(1).await;
    second.tick().await.unwrap();
    assert_eq!(
        (lab.state(id), lab.state(next)),
        (TxState::Succeeded, TxState::Succeeded)
    );
    assert_eq!(
        (lab.journal.get(id).nonce, lab.journal.get(next).nonce),
        (Some(0), Some(1))
    );
    // The first comes back after the other used nonces: those are no stranger's.
    lab.journal.expire_lease();
    for _ in 0..6 {
        assert_eq!(first.tick().await.unwrap(), Tick::Led);
        lab.mine(1).await;
    }
    assert_eq!(first.frozen(), None);
}

#[tokio::test]
async fn a_foreign_use_of_the_key_freezes_the_signer() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    lab.anvil("anvil_dropAllTransactions", json!([])).await;
    // Somebody else signs with our key, at the nonce that we use.
    let nobody = DevAccount::Deployer.address();
    lab.wallet(DevAccount::Submitter.address(), nobody, &Bytes::new(), None)
        .await;
    lab.mine(1).await;
    let queued = lab.queue_origination(2).await;
    for _ in 0..3 {
        submitter.tick().await.unwrap();
        assert_eq!(submitter.frozen(), None, "a receipt may lag");
        assert_eq!(lab.state(queued), TxState::Queued, "but nothing new is sent meanwhile");
        lab.mine(1).await;
    }
    submitter.tick().await.unwrap();
    assert_eq!(submitter.frozen().map(|f| f.nonce), Some(0));
    submitter.tick().await.unwrap();
    assert_eq!(
        (lab.state(id), lab.state(queued)),
        (TxState::Broadcast, TxState::Queued)
    );
}

#[tokio::test]
async fn a_foreign_use_of_an_idle_key_is_noticed() {
    let lab = Lab::start_manual(Finality::Depth(0)).await;
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Succeeded);
    lab.wallet(
        DevAccount::Submitter.address(),
        DevAccount::Deployer.address(),
        &Bytes::new(),
        None,
    )
    .await;
    lab.mine(1).await;
    for _ in 0..4 {
        submitter.tick().await.unwrap();
        lab.mine(1).await;
    }
    assert_eq!(submitter.frozen().map(|f| f.nonce), Some(1));
}

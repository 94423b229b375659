//! The log of canonical events.

use std::sync::Arc;

use chain::indexer::{IndexError, Indexer, MAX_REORG};
use chain::registry::Finality;
use domain::ports::TxState;

use crate::journal::MemLog;
use crate::lab::Lab;

async fn originated(finality: Finality) -> (Lab, Arc<MemLog>, Indexer) {
    let lab = Lab::start_manual(finality).await;
    let log = Arc::new(MemLog::default());
    let indexer = lab.indexer(Arc::clone(&log));
    let id = lab.queue_origination(1).await;
    let submitter = lab.submitter();
    submitter.tick().await.unwrap();
    lab.mine(1).await;
    submitter.tick().await.unwrap();
    assert_eq!(lab.state(id), TxState::Included);
    (lab, log, indexer)
}

#[tokio::test]
async fn every_block_is_stored_and_only_final_ones_are_told() {
    let (lab, log, indexer) = originated(Finality::Depth(2)).await;
    indexer.tick().await.unwrap();
    let head = lab.rpc.head().await.unwrap().number;
    assert_eq!(log.len() as u64, head + 1, "empty blocks too");
    assert_eq!((log.events().len(), log.final_events().len()), (1, 0));
    lab.mine(2).await;
    indexer.tick().await.unwrap();
    assert_eq!(log.final_events().len(), 1);
}

#[tokio::test]
async fn a_reorganisation_removes_what_vanished_and_adds_what_came() {
    for down in [false, true] {
        let (lab, log, indexer) = originated(Finality::Depth(8)).await;
        lab.mine(2).await;
        indexer.tick().await.unwrap();
        assert_eq!(log.events().len(), 1);
        let before = lab.rpc.head().await.unwrap().number;
        lab.reorg(3).await;
        let indexer = if down { lab.indexer(Arc::clone(&log)) } else { indexer };
        indexer.tick().await.unwrap();
        assert_eq!(*log.rolled_back_to.lock().unwrap(), [before - 3]);
        assert!(log.events().is_empty(), "the origination is not on the chain any more");

        let submitter = lab.submitter();
        submitter.tick().await.unwrap();
        lab.mine(1).await;
        indexer.tick().await.unwrap();
        assert_eq!(log.events().len(), 1, "and is again");
        lab.mine(8).await;
        indexer.tick().await.unwrap();
        assert_eq!(log.final_events().len(), 1);
    }
}

#[tokio::test]
async fn a_chain_that_is_shorter_for_a_while_is_waited_for() {
    let (lab, log, indexer) = originated(Finality::Depth(8)).await;
    lab.mine(4).await;
    indexer.tick().await.unwrap();
    let stored = log.len();
    lab.anvil("anvil_rollback", serde_json::json!([2])).await;
    assert!(!indexer.tick().await.unwrap());
    assert_eq!(log.len(), stored, "a node that is behind us proves nothing");
    lab.mine(3).await;
    indexer.tick().await.unwrap();
    assert_eq!(log.rolled_back_to.lock().unwrap().len(), 1);
    assert_eq!(log.events().len(), 1);
}

#[tokio::test]
async fn a_reorganisation_that_is_too_deep_stops_the_indexer_until_told() {
    let (lab, log, indexer) = originated(Finality::Depth(100)).await;
    let fork = lab.rpc.head().await.unwrap().number;
    lab.mine(MAX_REORG + 2).await;
    while indexer.tick().await.unwrap() {}
    let stored = log.len();
    lab.reorg(MAX_REORG + 1).await;
    let stopped = indexer.tick().await.unwrap_err();
    assert!(
        matches!(stopped, IndexError::ReorgTooDeep { .. }) && stopped.is_terminal(),
        "{stopped}"
    );
    assert_eq!(log.len(), stored, "nothing was touched");
    indexer.resync(fork).await.unwrap();
    indexer.tick().await.unwrap();
    assert_eq!(log.len(), stored);
    assert_eq!(log.events().len(), 1);
}

#[tokio::test]
async fn a_final_block_never_goes_away_silently() {
    let (lab, log, indexer) = originated(Finality::Depth(2)).await;
    lab.mine(3).await;
    indexer.tick().await.unwrap();
    assert_eq!(log.final_events().len(), 1);
    lab.reorg(4).await;
    // Also when the process that called it final is gone.
    for indexer in [indexer, lab.indexer(Arc::clone(&log))] {
        let stopped = indexer.tick().await.unwrap_err();
        assert!(matches!(stopped, IndexError::FinalityBroken { .. }), "{stopped}");
    }
    assert_eq!(log.final_events().len(), 1);
}

//! Roots of the audit trail on a real chain, through the submitter.

use alloy_primitives::B256;
use chain::contracts::{CheckpointAnchors, newest_anchor};
use chain::keys::DevAccount;
use chain::registry::Finality;
use domain::ports::{AnchorCalls, TxState};

use crate::lab::{CHAIN, Lab};

#[tokio::test]
async fn a_root_is_anchored_by_the_submitter_and_read_again() {
    let lab = Lab::start_manual(Finality::Depth(1)).await;
    let (contract, sender) = (lab.at.checkpoint_anchor, DevAccount::Submitter.address());
    let (log, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let calls = CheckpointAnchors {
        chain_id: CHAIN,
        contract,
    };
    assert_eq!(calls.place(), format!("eip155:{CHAIN}:{contract}"));
    let newest = |log| newest_anchor(&lab.rpc, contract, sender, log);
    assert_eq!(newest(log).await.unwrap(), None);
    for (size, root) in [(7, B256::repeat_byte(3)), (1_000, B256::repeat_byte(4))] {
        let id = lab.journal.queue(calls.anchor(log, size, root).unwrap());
        lab.submitter().tick().await.unwrap();
        lab.mine(2).await;
        lab.submitter().tick().await.unwrap();
        assert_eq!(lab.state(id), TxState::Succeeded);
        let found = newest(log).await.unwrap().unwrap();
        assert_eq!((found.size, found.root), (size, root));
        assert!(found.at > 0);
        let used = lab
            .rpc
            .receipt(lab.journal.get(id).attempts[0].hash)
            .await
            .unwrap()
            .unwrap();
        println!("anchor of {size} entries: {} gas", used.gas_used);
        assert!(used.gas_used < 100_000, "{}", used.gas_used);
    }
    assert_eq!(newest(other).await.unwrap(), None, "another log");
}

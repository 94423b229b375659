//! Copies of checkpoints outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use domain::ids::TenantId;
use domain::ports::{AnchorCalls, Attempt, Call, ChainError, CheckpointStore, Put, StoreFailure, TxJournal, TxState};
use sqlx::PgPool;

use super::{TENANT, officer, record, seal, signed, stage};
use crate::audit::{AnchorView, AuditSettings};
use crate::fake_chain::CHAIN;

/// A store that fails after it has written, as a connection does that breaks at the wrong moment.
#[derive(Debug, Default)]
struct Shelf {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    broken: Mutex<u32>,
}

#[async_trait]
impl CheckpointStore for Shelf {
    fn place(&self) -> String {
        "file:shelf".to_owned()
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<Put, StoreFailure> {
        let mut objects = self.objects.lock().unwrap();
        let there = objects.entry(name.to_owned()).or_insert_with(|| bytes.to_vec());
        let mut broken = self.broken.lock().unwrap();
        if *broken > 0 {
            *broken -= 1;
            return Err(StoreFailure("the connection broke".to_owned()));
        }
        Ok(if there == bytes { Put::Kept } else { Put::Conflict })
    }
}

#[derive(Debug)]
struct Contract;

impl AnchorCalls for Contract {
    fn place(&self) -> String {
        format!("eip155:{CHAIN}:0x01")
    }

    fn anchor(&self, origin: B256, size: u64, root: B256) -> Result<Call, ChainError> {
        Ok(Call {
            chain_id: CHAIN,
            to: Address::repeat_byte(1),
            data: [origin.as_slice(), &size.to_be_bytes(), root.as_slice()]
                .concat()
                .into(),
            gas_limit: 100_000,
        })
    }
}

async fn anchors(aggregator: &crate::Aggregator) -> Vec<AnchorView> {
    aggregator
        .audit_anchors(&officer(), TenantId(TENANT), 10)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_checkpoint_is_kept_elsewhere_once_and_another_history_is_noticed(db: PgPool) {
    let shelf = Arc::new(Shelf::default());
    let settings = AuditSettings {
        stores: vec![shelf.clone()],
        ..signed()
    };
    let stage = stage(db, settings);
    let aggregator = &stage.aggregator;
    record(aggregator, 0, 3).await;
    seal(aggregator).await;
    *shelf.broken.lock().unwrap() = 1;
    assert!(aggregator.anchor_audit(true).await.is_err());
    assert_eq!(anchors(aggregator).await[0].state, "WANTED");
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 1);
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 0, "nothing new");
    let found = anchors(aggregator).await;
    assert_eq!(
        (found.len(), found[0].state.as_str(), found[0].anchor.size),
        (1, "DONE", 3)
    );
    let kept = shelf
        .objects
        .lock()
        .unwrap()
        .get(&found[0].anchor.evidence)
        .cloned()
        .unwrap();
    let note = String::from_utf8(kept).unwrap();
    assert_eq!(
        super::signer().verifier().open(&note).unwrap().root,
        found[0].anchor.root
    );
    // Somebody restored an old database and wrote another history.
    record(aggregator, 3, 1).await;
    seal(aggregator).await;
    let name = found[0].anchor.evidence.replace("03.", "04.");
    shelf.objects.lock().unwrap().insert(name, b"another history".to_vec());
    aggregator.anchor_audit(true).await.unwrap();
    assert_eq!(anchors(aggregator).await[0].state, "FAILED");
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 0, "it is told once");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_root_goes_on_chain_through_the_submitter_and_not_too_often(db: PgPool) {
    let settings = AuditSettings {
        chains: vec![Arc::new(Contract)],
        ..signed()
    };
    let stage = stage(db, settings);
    let aggregator = &stage.aggregator;
    record(aggregator, 0, 3).await;
    seal(aggregator).await;
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 1);
    let (journal, account) = (aggregator.tx_journal(), Address::repeat_byte(9));
    assert!(journal.lead(CHAIN, account).await.unwrap());
    let queued = journal.queued(CHAIN, account, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].call.data[32..40], 3_u64.to_be_bytes());
    record(aggregator, 3, 1).await;
    seal(aggregator).await;
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 0, "one is under way");
    let (id, hash) = (queued[0].id, B256::repeat_byte(5));
    journal.take_nonce(CHAIN, account, id, 0).await.unwrap().unwrap();
    let attempt = Attempt {
        hash,
        raw: Bytes::from_static(b"signed"),
        max_fee: 1,
        tip: 1,
        sent_block: 1,
    };
    journal.store_attempt(id, attempt).await.unwrap();
    journal.set_state(id, TxState::Included, Some((hash, 2))).await.unwrap();
    assert_eq!(anchors(aggregator).await[0].state, "WANTED");
    journal
        .set_state(id, TxState::Succeeded, Some((hash, 2)))
        .await
        .unwrap();
    let found = anchors(aggregator).await;
    assert_eq!(
        (found[0].state.as_str(), &found[0].anchor.evidence),
        ("DONE", &hash.to_string())
    );
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 0, "not twice an hour");
    stage.clock.advance(Duration::from_hours(2));
    assert_eq!(aggregator.anchor_audit(true).await.unwrap(), 1);
}

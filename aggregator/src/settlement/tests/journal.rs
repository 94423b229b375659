//! The memories of submitter and indexer.

use alloy_primitives::{Address, B256, Bytes};
use domain::ids::{ChainTxId, SettlementId};
use domain::ports::{Attempt, BlockRef, Call, ChainLog, TxJournal, TxState};
use sqlx::PgPool;
use uuid::Uuid;

use super::support::{Bench, CHAIN, desk_quote, signature_of};
use crate::store::{chain, lending};

const SIGNER: Address = Address::repeat_byte(0x51);

/// Queues `count` transactions; answers their ids.
async fn queue(bench: &Bench, count: u128) -> Vec<ChainTxId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let view = bench.open(&desk_quote(n)).await.unwrap();
        let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
        let intent = lending::settlement(&mut conn, view.id)
            .await
            .unwrap()
            .unwrap()
            .onchain
            .unwrap()
            .intent;
        drop(conn);
        let signature = signature_of(&intent);
        bench
            .aggregator
            .submit_signature(&bench.borrower, &bench.key(), view.id, signature)
            .await
            .unwrap();
    }
    for tx in bench
        .aggregator
        .tx_journal()
        .queued(CHAIN, SIGNER, 1_000)
        .await
        .unwrap()
    {
        ids.push(tx.id);
    }
    ids
}

#[sqlx::test(migrations = "./migrations")]
async fn parallel_tasks_get_nonces_without_gap_or_duplicate_and_16_at_most(db: PgPool) {
    let bench = Bench::new(db);
    let ids = queue(&bench, 64).await;
    let journal = bench.aggregator.tx_journal();
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    let mut nonces = Vec::new();
    for _ in 0..4 {
        let takes = ids.iter().map(|id| journal.take_nonce(CHAIN, SIGNER, *id, 5));
        let taken = futures::future::join_all(takes).await;
        let taken: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 16, "in flight at most");
        for tx in taken {
            assert_eq!(tx.state, TxState::Broadcast);
            nonces.push(tx.nonce.unwrap());
            journal
                .set_state(tx.id, TxState::Included, Some((B256::repeat_byte(1), 9)))
                .await
                .unwrap();
            journal.set_state(tx.id, TxState::Succeeded, None).await.unwrap();
        }
    }
    nonces.sort_unstable();
    assert_eq!(nonces, (5..69).collect::<Vec<u64>>());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_submitter_that_lost_its_lead_writes_nothing(db: PgPool) {
    let bench = Bench::new(db.clone());
    let ids = queue(&bench, 2).await;
    let (old, new) = (bench.aggregator.tx_journal(), bench.aggregator.tx_journal());
    assert!(
        old.take_nonce(CHAIN, SIGNER, ids[0], 0).await.is_err(),
        "nobody leads yet"
    );
    assert!(old.lead(CHAIN, SIGNER).await.unwrap());
    assert!(!new.lead(CHAIN, SIGNER).await.unwrap(), "one leader");
    assert!(old.lead(CHAIN, SIGNER).await.unwrap(), "the leader renews");
    let taken = old.take_nonce(CHAIN, SIGNER, ids[0], 0).await.unwrap().unwrap();
    sqlx::query("update chain.signer set lease_until = now() - interval '1 second'")
        .execute(&db)
        .await
        .unwrap();
    assert!(new.lead(CHAIN, SIGNER).await.unwrap());
    let attempt = Attempt {
        hash: B256::repeat_byte(7),
        raw: Bytes::new(),
        max_fee: 1,
        tip: 1,
        sent_block: 1,
    };
    assert!(old.take_nonce(CHAIN, SIGNER, ids[1], 0).await.is_err());
    assert!(old.store_attempt(taken.id, attempt.clone()).await.is_err());
    assert!(
        old.set_state(taken.id, TxState::Included, Some((B256::ZERO, 1)))
            .await
            .is_err()
    );
    new.store_attempt(taken.id, attempt.clone()).await.unwrap();
    new.store_attempt(taken.id, attempt.clone()).await.unwrap();
    assert_eq!(new.in_flight(CHAIN, SIGNER).await.unwrap()[0].attempts, vec![attempt]);
    assert_eq!(
        new.take_nonce(CHAIN, SIGNER, ids[1], 0).await.unwrap().unwrap().nonce,
        Some(1)
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn the_same_take_again_gives_no_second_nonce(db: PgPool) {
    let bench = Bench::new(db);
    let ids = queue(&bench, 1).await;
    let journal = bench.aggregator.tx_journal();
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    assert!(journal.take_nonce(CHAIN, SIGNER, ids[0], 0).await.unwrap().is_some());
    assert!(journal.take_nonce(CHAIN, SIGNER, ids[0], 0).await.unwrap().is_none());
    assert!(journal.queued(CHAIN, SIGNER, 10).await.unwrap().is_empty());
}

fn block(number: u64, fork: u8) -> BlockRef {
    let hash = |n: u64| B256::with_last_byte(u8::try_from(n).unwrap());
    let mut this = BlockRef {
        number,
        hash: hash(number),
        parent: hash(number - 1),
        timestamp: number,
    };
    this.hash.0[0] = fork;
    this
}

#[sqlx::test(migrations = "./migrations")]
async fn blocks_follow_each_other_and_final_ones_stay(db: PgPool) {
    let bench = Bench::new(db);
    let log = bench.aggregator.chain_log();
    assert_eq!(log.tip(CHAIN).await.unwrap(), None);
    for number in 10..14 {
        log.append(CHAIN, block(number, 0), vec![]).await.unwrap();
        log.append(CHAIN, block(number, 0), vec![]).await.unwrap();
    }
    assert!(log.append(CHAIN, block(16, 0), vec![]).await.is_err(), "a gap");
    assert!(
        log.append(CHAIN, block(13, 1), vec![]).await.is_err(),
        "a fork is rolled back first"
    );
    log.roll_back(CHAIN, 12).await.unwrap();
    log.append(CHAIN, block(13, 1), vec![]).await.unwrap();
    assert_eq!(log.tip(CHAIN).await.unwrap(), Some(block(13, 1)));
    log.finalize(CHAIN, 99).await.unwrap();
    log.finalize(CHAIN, 11).await.unwrap();
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    assert_eq!(
        chain::finalized(&mut conn, CHAIN).await.unwrap(),
        Some(13),
        "not beyond what was seen, never back"
    );
    assert!(log.roll_back(CHAIN, 12).await.is_err(), "final is final");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_settlement_has_one_transaction(db: PgPool) {
    let bench = Bench::new(db);
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let call = Call {
        chain_id: CHAIN,
        to: SIGNER,
        data: Bytes::new(),
        gas_limit: 1,
    };
    let settlement = SettlementId(Uuid::from_u128(5));
    let (one, two) = (ChainTxId(Uuid::from_u128(1)), ChainTxId(Uuid::from_u128(2)));
    let purpose = chain::Purpose::Settlement(settlement);
    assert!(chain::enqueue_tx(&mut conn, one, purpose, &call).await.unwrap());
    assert!(chain::enqueue_tx(&mut conn, two, purpose, &call).await.is_err());
    assert!(chain::withdraw_tx(&mut conn, settlement).await.unwrap());
    assert!(!chain::withdraw_tx(&mut conn, settlement).await.unwrap());
}

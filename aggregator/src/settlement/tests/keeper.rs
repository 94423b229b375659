//! The keeper: what it wants of the chain, once, and how it waits.

use std::collections::BTreeMap;

use domain::ids::ChainTxId;
use domain::ports::{Health, Liquidation, LoanEventKind, TxJournal, TxState};
use sqlx::PgPool;

use super::support::{Bench, CHAIN, at, desk_quote, priced_quote};
use super::told::{MONTH, SIGNER, Told, live, repaid};
use crate::tx_journal::PgTxJournal;
use crate::{Keeper, Settings};

fn bench(db: &PgPool) -> Bench {
    let keeper = Keeper {
        liquidator: SIGNER,
        min_profit: "1".parse().unwrap(),
        native_price: "2000".parse().unwrap(),
    };
    let settings = Settings {
        keepers: BTreeMap::from([(CHAIN, keeper)]),
        ..Settings::default()
    };
    Bench::with(db.clone(), settings)
}

fn health(ltv_bps: Option<u64>, late: bool) -> Health {
    Health {
        collateral: 10u128.pow(18),
        ltv_bps,
        late,
    }
}

/// Gains 50.00 before gas of 0.40.
fn profitable() -> Liquidation {
    Liquidation {
        repaid: 1_200_000_000,
        seized: 10u128.pow(18),
        seized_value: 1_250_000_000,
        gas: 200_000,
        gas_price: 1_000_000_000,
    }
}

/// What the keeper wants: the words of the queued calls.
async fn wanted(bench: &Bench) -> Vec<String> {
    let queued = bench.aggregator.tx_journal().queued(CHAIN, SIGNER, 10).await.unwrap();
    queued
        .into_iter()
        .map(|tx| String::from_utf8(tx.call.data.to_vec()).unwrap())
        .collect()
}

/// Hands the only wanted transaction over.
async fn sent(bench: &Bench) -> (std::sync::Arc<PgTxJournal>, ChainTxId) {
    let journal = bench.aggregator.tx_journal();
    sqlx::query("update chain.signer set lease_until = '-infinity'")
        .execute(&bench.aggregator.world.db)
        .await
        .unwrap();
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    let queued = journal.queued(CHAIN, SIGNER, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    let taken = journal.take_nonce(CHAIN, SIGNER, queued[0].id, 0).await.unwrap();
    (journal, taken.unwrap().id)
}

async fn keep(bench: &Bench) -> usize {
    bench.aggregator.keep(false).await.unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_loan_worth_too_little_is_liquidated_once_and_only_when_it_pays(db: PgPool) {
    let bench = bench(&db);
    let _live = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| {
        chain.health = health(Some(8_000), false);
        chain.liquidation = Some(profitable());
        chain.payoff = Some(1_201_000_000);
    });
    assert_eq!(keep(&bench).await, 0, "at the limit is within it");
    bench.chain.set(|chain| {
        chain.health = health(Some(8_001), false);
        chain.liquidation = Some(Liquidation {
            seized_value: 1_201_399_999,
            ..profitable()
        });
    });
    assert_eq!(keep(&bench).await, 0, "0.40 of gas and 1.00 of profit are not covered");
    bench.chain.set(|chain| chain.liquidation = None);
    assert_eq!(keep(&bench).await, 0, "the contract would refuse it");
    bench.chain.set(|chain| {
        chain.liquidation = Some(profitable());
        chain.balance = 0;
    });
    assert_eq!(keep(&bench).await, 0, "nothing to pay with");
    bench.chain.set(|chain| chain.balance = u128::MAX);
    assert_eq!(keep(&bench).await, 1);
    let most = "liquidate for at most 1201000000 at least 990000000000000000";
    assert_eq!(wanted(&bench).await, [most]);
    assert_eq!(keep(&bench).await, 0, "one at a time");
    sent(&bench).await;
    assert_eq!(keep(&bench).await, 0, "also when it is on its way");
    assert!(wanted(&bench).await.is_empty());
}

#[sqlx::test(migrations = "./migrations")]
async fn two_workers_want_one_transaction(db: PgPool) {
    let bench = bench(&db);
    let (view, _told) = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| {
        chain.health = health(Some(9_000), false);
        chain.liquidation = Some(profitable());
    });
    let looks = (0..8).map(|_| bench.aggregator.keep(false));
    let wanted_now: usize = futures::future::join_all(looks)
        .await
        .into_iter()
        .map(Result::unwrap)
        .sum();
    assert_eq!((wanted_now, wanted(&bench).await.len()), (1, 1));
    // Whatever a look missed, the database holds the rule.
    let again = "insert into chain.tx (id, loan_id, purpose, chain_id, to_address, data, gas_limit)
                 select gen_random_uuid(), $1, 'MARK_DEFAULT', chain_id, to_address, data, 1 from chain.tx limit 1";
    let refused = sqlx::query(again).bind(view.loan_id.0).execute(&db).await.unwrap_err();
    assert_eq!(crate::store::constraint(&refused), Some("tx_one_of_keeper"));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_missed_loan_is_ended_in_default_and_nothing_is_asked_before_it_is_due(db: PgPool) {
    let bench = bench(&db);
    let _live = live(&bench, &desk_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(None, true));
    assert_eq!(keep(&bench).await, 0, "nothing is due yet by our own table");
    bench.clock.set(at("2026-03-01T12:00:00Z"));
    bench.chain.set(|chain| chain.health = health(None, false));
    assert_eq!(keep(&bench).await, 0, "the chain says that it is within its grace");
    bench.chain.set(|chain| chain.health = health(None, true));
    assert_eq!(keep(&bench).await, 1);
    assert_eq!(wanted(&bench).await, ["mark default"]);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_missed_loan_that_nobody_gains_from_is_ended_in_default(db: PgPool) {
    let bench = bench(&db);
    let _live = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(Some(9_900), true));
    assert_eq!(keep(&bench).await, 1);
    assert_eq!(wanted(&bench).await, ["mark default"]);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_chain_without_keeper_is_left_alone(db: PgPool) {
    let bench = Bench::new(db);
    let _live = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(Some(9_900), true));
    assert_eq!(keep(&bench).await, 0);
    assert!(wanted(&bench).await.is_empty());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refused_transaction_makes_the_keeper_wait_longer_each_time(db: PgPool) {
    let bench = bench(&db);
    let (_view, mut told) = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(None, true));
    let mut pauses = Vec::new();
    for _ in 0..3 {
        assert_eq!(keep(&bench).await, 1);
        let (journal, tx) = sent(&bench).await;
        told.block(12, vec![]).await;
        let mined = Some((told.tip.hash, told.tip.number));
        journal.set_state(tx, TxState::Reverted, mined).await.unwrap();
        assert_eq!(keep(&bench).await, 0, "it waits");
        let pause: i64 = sqlx::query_scalar(
            "select ceil(extract(epoch from blocked_until - clock_timestamp()))::bigint from lending.watch",
        )
        .fetch_one(&db)
        .await
        .unwrap();
        pauses.push(pause);
        sqlx::query("update lending.watch set blocked_until = '-infinity'")
            .execute(&db)
            .await
            .unwrap();
    }
    let near = |pause: i64, wanted: i64| (wanted - 10..=wanted).contains(&pause);
    assert!(
        near(pauses[0], 30) && near(pauses[1], 60) && near(pauses[2], 120),
        "{pauses:?}"
    );
}

async fn defaulted(told: &mut Told<'_>) {
    let kind = LoanEventKind::Defaulted {
        outstanding: 1_200_000_000,
        seized: 10u128.pow(18),
        returned: 0,
    };
    told.block(MONTH, vec![kind]).await;
}

#[sqlx::test(migrations = "./migrations")]
async fn between_its_transaction_and_the_books_the_keeper_does_nothing(db: PgPool) {
    let bench = bench(&db);
    let (view, mut told) = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(None, true));
    assert_eq!(keep(&bench).await, 1);
    let (journal, tx) = sent(&bench).await;
    let mined = Some((told.tip.hash, told.tip.number + 1));
    journal.set_state(tx, TxState::Succeeded, mined).await.unwrap();
    assert_eq!(keep(&bench).await, 0, "the indexer has not seen that block");
    defaulted(&mut told).await;
    assert_eq!(keep(&bench).await, 0, "its event has no effect yet");
    told.finalize().await;
    assert_eq!(keep(&bench).await, 0, "it ended");
    let seen = bench.aggregator.loan(&bench.borrower, view.loan_id).await.unwrap();
    assert_eq!(seen.ended_by, Some(crate::api::EndedBy::Defaulted));
    let watched: i64 = sqlx::query_scalar("select count(*) from lending.watch")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(watched, 0);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_chain_that_does_not_answer_is_asked_again_later(db: PgPool) {
    let bench = bench(&db);
    let (_view, mut told) = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| {
        chain.health = health(None, true);
        chain.down = true;
    });
    assert_eq!(keep(&bench).await, 0);
    bench.chain.set(|chain| chain.down = false);
    assert_eq!(
        bench.aggregator.keep(true).await.unwrap(),
        0,
        "a patient keeper waits for its turn"
    );
    assert_eq!(keep(&bench).await, 1);
    // A partial payment meanwhile is in motion: the wanted transaction stays the only one.
    told.block(12, vec![repaid(1_000, 10, 1_199_999_990)]).await;
    assert_eq!(keep(&bench).await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_transaction_that_is_held_back_is_given_up_and_goes_with_its_loan(db: PgPool) {
    let bench = bench(&db);
    let (_view, mut told) = live(&bench, &priced_quote(1)).await;
    bench.chain.set(|chain| chain.health = health(None, true));
    assert_eq!(keep(&bench).await, 1);
    sqlx::query("update chain.tx set queued_at = queued_at - interval '61 seconds'")
        .execute(&db)
        .await
        .unwrap();
    assert_eq!(keep(&bench).await, 0);
    assert!(wanted(&bench).await.is_empty(), "the contract would refuse it");
    assert_eq!(keep(&bench).await, 0, "it waits, as after a refusal");
    sqlx::query("update lending.watch set blocked_until = '-infinity'")
        .execute(&db)
        .await
        .unwrap();
    assert_eq!(keep(&bench).await, 1, "and looks again");
    told.block(12, vec![repaid(1_000, 1_200_000_000, 0), LoanEventKind::Closed])
        .await;
    told.finalize().await;
    assert!(
        wanted(&bench).await.is_empty(),
        "nothing is wanted of a loan that ended"
    );
    bench.assert_clean().await;
}

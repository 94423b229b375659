//! The on-chain desk: from the signature to the last payment, over a chain that is told block by block.

use alloy_primitives::Bytes;
use domain::loan::{LoanState, SettlementState};
use domain::ports::{ChainLog, LoanEventKind, TxJournal, TxState};
use sqlx::PgPool;

use super::support::{Bench, CHAIN, at, desk_quote, signature_of};
use super::told::{MONTH, SIGNER, Told, code, loan, repaid, signed, state, submitted};
use crate::api::{RepayAmount, RepaymentChannel};
use crate::store::lending;

#[sqlx::test(migrations = "./migrations")]
async fn only_the_borrowers_signature_counts_and_only_once(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&desk_quote(1)).await.unwrap();
    assert_eq!(view.state, SettlementState::AwaitingSignature);
    assert!(view.typed_data.is_some() && view.approvals.len() == 1);
    let told = Told::new(&bench, &view).await;
    let good = signature_of(&told.part.intent);
    let sign = async |signature: &Bytes| {
        bench
            .aggregator
            .submit_signature(&bench.borrower, &bench.key(), view.id, signature.clone())
            .await
    };
    assert_eq!(code(sign(&Bytes::from_static(b"forged")).await), "WRONG_SIGNER");
    let first = sign(&good).await.unwrap();
    assert_eq!(first.state, SettlementState::Ready);
    assert_eq!(sign(&good).await.unwrap(), first, "the same signature again");
    assert_eq!(code(sign(&Bytes::from_static(b"other")).await), "ALREADY_SIGNED");
    assert_eq!(
        bench
            .aggregator
            .tx_journal()
            .queued(CHAIN, SIGNER, 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_expired_intent_takes_no_signature_and_ends_by_final_time(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&desk_quote(1)).await.unwrap();
    let mut told = Told::new(&bench, &view).await;
    bench.clock.set(at("2026-01-10T12:30:01Z"));
    let signature = signature_of(&told.part.intent);
    let late = bench
        .aggregator
        .submit_signature(&bench.borrower, &bench.key(), view.id, signature)
        .await;
    assert_eq!(code(late), "INTENT_EXPIRED");
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&bench, &view).await,
        SettlementState::AwaitingSignature,
        "our clock proves nothing"
    );
    told.block(3_600, vec![]).await;
    told.finalize().await;
    assert_eq!(state(&bench, &view).await, SettlementState::Cancelled);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn money_moves_in_our_books_only_when_the_event_is_final_and_once(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    let (journal, tx) = submitted(&bench).await;
    assert_eq!(state(&bench, &view).await, SettlementState::Submitted);
    told.block(12, vec![told.originated()]).await;
    journal
        .set_state(tx, TxState::Included, Some((told.tip.hash, told.tip.number)))
        .await
        .unwrap();
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&bench, &view).await,
        SettlementState::Submitted,
        "included is not final"
    );

    bench.aggregator.chain_log().roll_back(CHAIN, 10).await.unwrap();
    journal.set_state(tx, TxState::Broadcast, None).await.unwrap();
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Pending, 0));

    told.tip = bench.aggregator.chain_log().tip(CHAIN).await.unwrap().unwrap();
    told.block(24, vec![]).await;
    told.block(12, vec![told.originated()]).await;
    journal
        .set_state(tx, TxState::Included, Some((told.tip.hash, told.tip.number)))
        .await
        .unwrap();
    told.finalize().await;
    journal.set_state(tx, TxState::Succeeded, None).await.unwrap();
    told.finalize().await;
    let done = bench.aggregator.settlement(&bench.borrower, view.id).await.unwrap();
    assert_eq!(
        (done.state, done.tx_hash),
        (SettlementState::Settled, Some(told.tip.hash))
    );
    assert_eq!(done.confirmations, Some((1, 1)));
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Active, 1_200_000_000));
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_loan_on_chain_is_repaid_and_closed(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    submitted(&bench).await;
    told.block(12, vec![told.originated()]).await;
    told.finalize().await;
    let schedule = bench.aggregator.schedule(&bench.borrower, view.loan_id).await.unwrap();
    assert_eq!(schedule.len(), 3);
    assert_eq!(schedule[0].total.units, 410_000_000);
    assert_eq!(schedule[0].interest.units, 11_835_617, "30 days at 12 %, rounded up");
    let calls = async |amount| {
        bench
            .aggregator
            .repayment_calls(&bench.borrower, view.loan_id, amount)
            .await
            .unwrap()
    };
    assert_eq!(calls(RepayAmount::Installment).await[0].title, "Repay 410000000");

    told.block(MONTH, vec![repaid(11_835_617, 398_164_383, 801_835_617)])
        .await;
    assert_eq!(loan(&bench, view.loan_id).await.1, 1_200_000_000, "not final");
    told.finalize().await;
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Active, 801_835_617));
    let next = bench
        .aggregator
        .loan(&bench.borrower, view.loan_id)
        .await
        .unwrap()
        .next_due
        .unwrap();
    assert_eq!(next.number, 2);
    let paid = bench
        .aggregator
        .repayments(&bench.provider(), view.loan_id)
        .await
        .unwrap();
    assert_eq!((paid.len(), paid[0].channel), (1, RepaymentChannel::OnChain));
    assert_eq!(paid[0].evidence, told.tip.hash.to_string());
    bench.assert_clean().await;

    let now = at("2026-02-10T12:00:00Z");
    let payoff = bench
        .aggregator
        .payoff(&bench.borrower, view.loan_id, Some(now))
        .await
        .unwrap();
    assert!(
        payoff.amount.units > 1_200_000_000 && payoff.calls.len() == 1,
        "the chain is asked"
    );
    told.block(MONTH, vec![repaid(7_908_000, 801_835_617, 0), LoanEventKind::Closed])
        .await;
    told.finalize().await;
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Closed, 0));
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_final_revert_fails_the_settlement_and_an_unfinal_one_does_not(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    let (journal, tx) = submitted(&bench).await;
    told.block(12, vec![]).await;
    journal
        .set_state(tx, TxState::Reverted, Some((told.tip.hash, told.tip.number)))
        .await
        .unwrap();
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(
        state(&bench, &view).await,
        SettlementState::Submitted,
        "the indexer has not seen that block final"
    );
    told.finalize().await;
    let failed = bench.aggregator.settlement(&bench.borrower, view.id).await.unwrap();
    assert_eq!(
        (failed.state, failed.failure.unwrap().code.as_str()),
        (SettlementState::Failed, "REVERTED")
    );
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Cancelled, 0));
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_revert_because_somebody_else_submitted_the_intent_is_a_success(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    let (journal, tx) = submitted(&bench).await;
    told.block(12, vec![told.originated()]).await;
    journal
        .set_state(tx, TxState::Reverted, Some((told.tip.hash, told.tip.number)))
        .await
        .unwrap();
    told.finalize().await;
    assert_eq!(state(&bench, &view).await, SettlementState::Settled);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_handed_over_transaction_cannot_be_withdrawn_and_a_queued_one_can(db: PgPool) {
    let bench = Bench::new(db);
    let (view, _told) = signed(&bench).await;
    submitted(&bench).await;
    let late = bench
        .aggregator
        .cancel_settlement(&bench.borrower, &bench.key(), view.id)
        .await;
    assert_eq!(code(late), "TOO_LATE");
    let other = bench.open(&desk_quote(2)).await.unwrap();
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let intent = lending::settlement(&mut conn, other.id)
        .await
        .unwrap()
        .unwrap()
        .onchain
        .unwrap()
        .intent;
    drop(conn);
    let key = bench.key();
    bench
        .aggregator
        .submit_signature(&bench.borrower, &key, other.id, signature_of(&intent))
        .await
        .unwrap();
    let gone = bench
        .aggregator
        .cancel_settlement(&bench.borrower, &bench.key(), other.id)
        .await
        .unwrap();
    assert_eq!(gone.state, SettlementState::Cancelled);
    assert!(
        bench
            .aggregator
            .tx_journal()
            .queued(CHAIN, SIGNER, 10)
            .await
            .unwrap()
            .is_empty()
    );
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_default_writes_the_principal_off(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    submitted(&bench).await;
    told.block(12, vec![told.originated()]).await;
    told.finalize().await;
    bench.clock.set(at("2026-03-01T12:00:00Z"));
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(loan(&bench, view.loan_id).await.0, LoanState::Delinquent);
    told.block(
        2 * MONTH,
        vec![LoanEventKind::Defaulted {
            outstanding: 1_200_000_000,
            seized: 0,
            returned: 0,
        }],
    )
    .await;
    told.finalize().await;
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Defaulted, 1_200_000_000));
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn an_event_that_does_not_fit_is_parked_and_holds_back_what_follows(db: PgPool) {
    let bench = Bench::new(db);
    let (view, mut told) = signed(&bench).await;
    submitted(&bench).await;
    told.block(12, vec![told.originated()]).await;
    told.block(12, vec![repaid(1, 5, 7)]).await;
    told.block(12, vec![repaid(1, 100, 1_199_999_900)]).await;
    told.finalize().await;
    assert_eq!(loan(&bench, view.loan_id).await, (LoanState::Active, 1_200_000_000));
    let report = bench.aggregator.reconcile().await.unwrap();
    assert_eq!((report.parked_events, report.is_clean()), (1, false));
    assert!(report.projection_mismatches.is_empty() && report.ledger_unbalanced.is_empty());
}

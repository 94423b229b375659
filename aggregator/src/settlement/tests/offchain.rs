//! A lender off chain: from acceptance to closure.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::Reason;
use domain::ids::LoanId;
use domain::loan::{LoanState, SettlementState};
use domain::ports::LenderStatus;
use sqlx::PgPool;

use super::support::{Bench, at, bank_quote, usd};
use crate::Error;
use crate::api::{NewRepayment, PageRequest, SettlementView};
use crate::store::lending;

async fn settled(bench: &Bench) -> SettlementView {
    let opened = bench.open(&bank_quote(1)).await.unwrap();
    assert_eq!(opened.state, SettlementState::Ready);
    bench.aggregator.tick_all().await.unwrap();
    let view = bench.aggregator.settlement(&bench.borrower, opened.id).await.unwrap();
    bench.clock.set(at("2026-01-10T14:00:00Z"));
    view
}

async fn pay(bench: &Bench, loan_id: LoanId, minor: i64, when: &str, evidence: &str) -> Result<(), Error> {
    let new = NewRepayment {
        loan_id,
        amount: usd(minor),
        paid_at: at(when),
        evidence: evidence.into(),
    };
    bench
        .aggregator
        .record_repayment(&bench.provider(), &bench.key(), new)
        .await
        .map(drop)
}

fn code(result: Result<(), Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_disbursement_activates_the_loan_and_posts_it_once(db: PgPool) {
    let bench = Bench::new(db);
    let view = settled(&bench).await;
    assert_eq!(view.state, SettlementState::Settled);
    for _ in 0..3 {
        bench.aggregator.tick_all().await.unwrap();
    }
    let loan = bench.aggregator.loan(&bench.borrower, view.loan_id).await.unwrap();
    assert_eq!((loan.state, loan.outstanding.units), (LoanState::Active, 120_000));
    assert_eq!(loan.next_due.unwrap().total.units, 10_600);
    assert_eq!(bench.lender.accepts.load(Ordering::SeqCst), 1);
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let lender = ["harbor-bank".to_owned()];
    let cash = crate::store::ledger::balances(&mut conn, "clearing", &lender)
        .await
        .unwrap();
    assert_eq!(cash, [("harbor-bank".to_owned(), -117_600)]);
    drop(conn);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_lost_answer_stays_submitted_until_the_status_proves_it(db: PgPool) {
    let bench = Bench::new(db);
    *bench.lender.silent.lock().unwrap() = true;
    let view = settled(&bench).await;
    assert_eq!(view.state, SettlementState::Submitted, "a time-out is no outcome");
    bench.clock.set(at("2027-01-10T12:00:00Z"));
    bench.aggregator.tick_all().await.unwrap();
    let still = bench.aggregator.settlement(&bench.borrower, view.id).await.unwrap();
    assert_eq!(
        still.state,
        SettlementState::Submitted,
        "no time turns it into a failure"
    );
    *bench.lender.silent.lock().unwrap() = false;
    bench.aggregator.tick_all().await.unwrap();
    let done = bench.aggregator.settlement(&bench.borrower, view.id).await.unwrap();
    assert_eq!(done.state, SettlementState::Settled);
    assert_eq!(bench.lender.disbursed.lock().unwrap().len(), 1);
    assert_eq!(bench.lender.accepts.load(Ordering::SeqCst), 1, "the status answered");
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_worker_that_lost_its_lease_changes_nothing(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&bank_quote(1)).await.unwrap();
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let claim = async |conn: &mut sqlx::PgConnection, lease: u64| {
        lending::claim_settlements(conn, 10, Duration::from_secs(lease), false)
            .await
            .unwrap()
    };
    let old = claim(&mut conn, 0).await.pop().unwrap();
    let new = claim(&mut conn, 60).await.pop().unwrap();
    assert!(new.fence > old.fence);
    assert!(claim(&mut conn, 60).await.is_empty(), "one holder at a time");
    lending::release_settlement(&mut conn, old, Duration::ZERO)
        .await
        .unwrap();
    assert!(
        claim(&mut conn, 60).await.is_empty(),
        "the old holder cannot give the lease away"
    );
    let row = lending::lock_settlement(&mut conn, view.id).await.unwrap().unwrap();
    assert_eq!(row.fence, new.fence);
}

#[sqlx::test(migrations = "./migrations")]
async fn parallel_workers_disburse_once(db: PgPool) {
    let bench = Bench::new(db);
    for n in 0..5 {
        bench.open(&bank_quote(n)).await.unwrap();
    }
    let ticks = (0..8).map(|_| bench.aggregator.tick_all());
    for done in futures::future::join_all(ticks).await {
        done.unwrap();
    }
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(bench.lender.accepts.load(Ordering::SeqCst), 5);
    let page = PageRequest { first: 3, after: None };
    let first = bench.aggregator.loans(&bench.borrower, page).await.unwrap();
    assert!(first.has_next && first.items.len() == 3);
    let rest = PageRequest {
        first: 3,
        after: first.cursors.last().cloned(),
    };
    let second = bench.aggregator.loans(&bench.provider(), rest).await.unwrap();
    assert_eq!((second.items.len(), second.has_next), (2, false));
    assert!(second.items.iter().all(|loan| loan.state == LoanState::Active));
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_rejection_fails_the_settlement_with_its_reason(db: PgPool) {
    let bench = Bench::new(db);
    let reasons = vec![Reason::new("INCOME_UNVERIFIED", "Income could not be verified.")];
    *bench.lender.verdict.lock().unwrap() = Some(LenderStatus::Rejected { reasons });
    let view = settled(&bench).await;
    assert_eq!(view.state, SettlementState::Failed);
    assert_eq!(view.failure.unwrap().code, "INCOME_UNVERIFIED");
    let loan = bench.aggregator.loan(&bench.borrower, view.loan_id).await.unwrap();
    assert_eq!(loan.state, LoanState::Cancelled);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wrong_amount_is_never_booked(db: PgPool) {
    let bench = Bench::new(db);
    let wrong = LenderStatus::Disbursed {
        amount: usd(1),
        at: at("2026-01-10T13:00:00Z"),
        evidence: "w".into(),
    };
    *bench.lender.verdict.lock().unwrap() = Some(wrong);
    let view = settled(&bench).await;
    assert_eq!(view.state, SettlementState::Submitted);
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn evidence_counts_once_and_installments_close_the_loan(db: PgPool) {
    let bench = Bench::new(db);
    let loan = settled(&bench).await.loan_id;
    pay(&bench, loan, 10_600, "2026-01-10T13:30:00Z", "bank-1")
        .await
        .unwrap();
    pay(&bench, loan, 10_600, "2026-01-10T13:30:00Z", "bank-1")
        .await
        .unwrap();
    assert_eq!(
        bench.aggregator.repayments(&bench.borrower, loan).await.unwrap().len(),
        1
    );
    assert_eq!(
        code(pay(&bench, loan, 500, "2026-01-10T13:30:00Z", "bank-1").await),
        "EVIDENCE_USED"
    );
    let view = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!(view.outstanding.units, 110_000);
    assert_eq!(view.next_due.unwrap().number, 2);
    assert_eq!(
        code(pay(&bench, loan, 200_000, "2026-01-10T13:30:00Z", "bank-x").await),
        "OVERPAID"
    );
    for n in 2..=12 {
        bench.assert_clean().await;
        pay(&bench, loan, 10_600, "2026-01-10T13:30:00Z", &format!("bank-{n}"))
            .await
            .unwrap();
    }
    let view = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!((view.state, view.outstanding.units), (LoanState::Closed, 0));
    assert_eq!(
        code(pay(&bench, loan, 1, "2026-01-10T13:30:00Z", "bank-13").await),
        "LOAN_NOT_LIVE"
    );
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_payoff_closes_the_loan_for_principal_and_earned_interest(db: PgPool) {
    let bench = Bench::new(db);
    let loan = settled(&bench).await.loan_id;
    bench.clock.set(at("2026-02-24T12:00:00Z"));
    pay(&bench, loan, 10_600, "2026-02-10T12:00:00Z", "bank-1")
        .await
        .unwrap();
    let payoff = bench.aggregator.payoff(&bench.borrower, loan, None).await.unwrap();
    // 1,100.00 of principal and 14 of 28 days of the second month's 6.00.
    assert_eq!(payoff.amount.units, 110_000 + 300);
    pay(&bench, loan, 110_300, "2026-02-24T12:00:00Z", "bank-2")
        .await
        .unwrap();
    let view = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!((view.state, view.outstanding.units), (LoanState::Closed, 0));
    assert!(view.next_due.is_none());
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn lateness_is_charged_once_and_cured_by_payment(db: PgPool) {
    let bench = Bench::new(db);
    let loan = settled(&bench).await.loan_id;
    bench.clock.set(at("2026-02-20T12:00:00Z"));
    bench.aggregator.tick_all().await.unwrap();
    let state = |view: crate::api::LoanView| view.state;
    let now = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!(state(now), LoanState::Active, "the last day of grace");
    bench.clock.set(at("2026-02-21T12:00:00Z"));
    for _ in 0..3 {
        bench.aggregator.tick_all().await.unwrap();
    }
    let late = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!(late.state, LoanState::Delinquent);
    assert_eq!(late.next_due.unwrap().total.units, 10_600 + 1_500, "one late fee");
    bench.assert_clean().await;
    pay(&bench, loan, 12_100, "2026-02-21T12:00:00Z", "bank-1")
        .await
        .unwrap();
    let cured = bench.aggregator.loan(&bench.borrower, loan).await.unwrap();
    assert_eq!((cured.state, cured.outstanding.units), (LoanState::Active, 110_000));
    assert_eq!(
        bench.aggregator.repayments(&bench.borrower, loan).await.unwrap()[0]
            .late_fee
            .units,
        1_500
    );
    bench.assert_clean().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn others_see_nothing_and_a_cancelled_settlement_never_reaches_the_lender(db: PgPool) {
    let bench = Bench::new(db);
    let view = bench.open(&bank_quote(1)).await.unwrap();
    let mut stranger = bench.borrower.clone();
    stranger.tenant = domain::TenantId(uuid::Uuid::from_u128(77));
    assert!(matches!(
        bench.aggregator.settlement(&stranger, view.id).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        bench.aggregator.loan(&stranger, view.loan_id).await,
        Err(Error::NotFound)
    ));
    let denied = bench
        .aggregator
        .cancel_settlement(&bench.provider(), &bench.key(), view.id)
        .await;
    assert!(matches!(denied, Err(Error::Forbidden)));
    let key = bench.key();
    let first = bench
        .aggregator
        .cancel_settlement(&bench.borrower, &key, view.id)
        .await
        .unwrap();
    let again = bench
        .aggregator
        .cancel_settlement(&bench.borrower, &key, view.id)
        .await
        .unwrap();
    assert_eq!((first.state, &first), (SettlementState::Cancelled, &again));
    bench.aggregator.tick_all().await.unwrap();
    assert_eq!(bench.lender.accepts.load(Ordering::SeqCst), 0);
    bench.assert_clean().await;
}

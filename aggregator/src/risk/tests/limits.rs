//! Limits hold under concurrency, through the life of a credit, and in the database itself.

use std::sync::Arc;

use domain::ids::{DecisionId, LoanId, SettlementId};
use domain::loan::SettlementState;
use domain::ports::LenderStatus;
use domain::quote::Quote;
use domain::{Currency, Reason};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::api::{AcceptQuote, Error, NewRepayment, PageRequest, SettlementView};
use crate::quoting::tests::support as asking;
use crate::risk::limits::{Credit, EntryKind, LimitMode, counts, reserve};
use crate::settlement::tests::support::{Bench, at, bank_quote, desk_quote, secured, usd};
use crate::store::constraint;
use crate::store::risk::{self as rows, AccountKey, AccountRow, EntryRow, Posted};

fn account(bench: &Bench) -> AccountKey {
    AccountKey {
        tenant: bench.borrower.tenant,
        borrower: bench.borrower.id,
        currency: Currency::usd(),
    }
}

async fn limited(bench: &Bench, minor: Option<i64>, mode: LimitMode) {
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let by = (DecisionId(Uuid::nil()), at("2026-01-10T12:00:00Z"));
    rows::assign_limit(&mut conn, account(bench), minor, by).await.unwrap();
    let said = ("a test wants it", "a test", at("2026-01-10T12:00:00Z"));
    rows::put_tenant_mode(&mut conn, bench.borrower.tenant, mode, said)
        .await
        .unwrap();
}

async fn figures(db: &PgPool, key: AccountKey) -> AccountRow {
    let mut conn = db.acquire().await.unwrap();
    rows::limit_account(&mut conn, key).await.unwrap().unwrap()
}

/// Opens the settlement of a quote and reserves its amount, as an acceptance does.
async fn accepted(bench: &Bench, quote: &Quote) -> SettlementView {
    let view = bench.open(quote).await.unwrap();
    let credit = Credit {
        account: account(bench),
        settlement: view.id,
        loan: view.loan_id,
        amount: quote.offer.amounts.offered,
        subject: quote.id.0,
    };
    let world = &bench.aggregator.world;
    let mut tx = world.db.begin().await.unwrap();
    let (_, reasons) = reserve(&mut tx, world, credit).await.unwrap();
    assert_eq!(reasons, []);
    tx.commit().await.unwrap();
    view
}

#[sqlx::test(migrations = "./migrations")]
async fn of_32_reservations_at_once_exactly_those_that_fit_pass(small: PgPool) {
    let options = small.connect_options().as_ref().clone();
    let db = PgPoolOptions::new()
        .max_connections(34)
        .connect_with(options)
        .await
        .unwrap();
    let bench = Bench::new(db.clone());
    limited(&bench, Some(1_050), LimitMode::Enforce).await;
    let barrier = Arc::new(tokio::sync::Barrier::new(32));
    let tries = (1..=32u128).map(|n| {
        let (world, key, barrier) = (bench.aggregator.world.clone(), account(&bench), Arc::clone(&barrier));
        tokio::spawn(async move {
            let credit = Credit {
                account: key,
                settlement: SettlementId(Uuid::from_u128(n)),
                loan: LoanId(Uuid::from_u128(1_000 + n)),
                amount: usd(100),
                subject: Uuid::nil(),
            };
            let mut tx = world.db.begin().await.unwrap();
            barrier.wait().await;
            let (_, reasons) = reserve(&mut tx, &world, credit).await.unwrap();
            tx.commit().await.unwrap();
            reasons
        })
    });
    let said: Vec<Vec<Reason>> = futures::future::join_all(tries)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(said.iter().filter(|reasons| reasons.is_empty()).count(), 10);
    assert!(said.iter().flatten().all(|reason| reason.code == "LIMIT_EXCEEDED"));
    let account = figures(&db, account(&bench)).await;
    assert_eq!((account.reserved_minor, account.committed_minor), (1_000, 0));
    db.close().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_refuses_what_passes_the_limit_even_when_the_code_does_not(db: PgPool) {
    let bench = Bench::new(db.clone());
    limited(&bench, Some(1_000), LimitMode::Enforce).await;
    let mut conn = db.acquire().await.unwrap();
    let ids = (SettlementId(Uuid::from_u128(1)), LoanId(Uuid::from_u128(2)));
    rows::open_hold(&mut conn, ids, account(&bench), 1_001).await.unwrap();
    let entry = |key, kind, reserved_delta, committed_delta| EntryRow {
        id: Uuid::from_u128(u128::try_from(reserved_delta + 10_000).unwrap()),
        key,
        settlement: ids.0.0,
        kind,
        reserved_delta,
        committed_delta,
        over_minor: 0,
        at: at("2026-01-10T12:00:00Z"),
    };
    for (entry, expected) in [
        (entry("a", EntryKind::Reserve, 1_001, 0), "limit_exceeded"),
        (entry("a", EntryKind::Reserve, 5, 0), "limit_reserves_whole"),
        (entry("a", EntryKind::Commit, -5, 5), "hold_reserved_not_negative"),
        (entry("a", EntryKind::Release, 0, -5), "hold_committed_not_negative"),
        (entry("a", EntryKind::Release, 5, 0), "limit_entry_moves"),
    ] {
        let refused = rows::post_limit(&mut conn, &entry).await.unwrap_err();
        assert_eq!(constraint(&refused), Some(expected), "{entry:?}");
    }
    limited(&bench, Some(1_001), LimitMode::Enforce).await;
    let first = entry("a", EntryKind::Reserve, 1_001, 0);
    assert_eq!(rows::post_limit(&mut conn, &first).await.unwrap(), Posted::New);
    assert_eq!(
        rows::post_limit(&mut conn, &first).await.unwrap(),
        Posted::Again,
        "one key, one entry"
    );
    let other = entry("a", EntryKind::Release, -1_001, 0);
    assert_eq!(rows::post_limit(&mut conn, &other).await.unwrap(), Posted::Other);
    for (statement, expected) in [
        ("update risk.limit_account set reserved_minor = 0", "limit_by_entries"),
        ("update risk.limit_hold set committed_minor = 1", "limit_by_entries"),
        ("update risk.limit_entry set reserved_delta = 1", "append_only"),
        ("delete from risk.limit_entry", "append_only"),
    ] {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some(expected), "{statement}");
    }
    assert_eq!(figures(&db, account(&bench)).await.reserved_minor, 1_001);
    bench.aggregator.reconcile().await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn money_out_commits_and_repayment_releases(db: PgPool) {
    let bench = Bench::new(db.clone());
    limited(&bench, Some(200_000), LimitMode::Enforce).await;
    let view = accepted(&bench, &bank_quote(1)).await;
    let key = account(&bench);
    let now = figures(&db, key).await;
    assert_eq!((now.reserved_minor, now.committed_minor), (120_000, 0));
    bench.aggregator.tick_all().await.unwrap();
    let now = figures(&db, key).await;
    assert_eq!((now.reserved_minor, now.committed_minor), (0, 120_000));
    bench.clock.set(at("2026-02-11T12:00:00Z"));
    for (minor, evidence) in [(10_600, "bank-1"), (10_600, "bank-1"), (10_600, "bank-2")] {
        let new = NewRepayment {
            loan_id: view.loan_id,
            amount: usd(minor),
            paid_at: at("2026-02-10T12:00:00Z"),
            evidence: evidence.into(),
        };
        let _once = bench
            .aggregator
            .record_repayment(&bench.provider(), &bench.key(), new)
            .await;
    }
    let loan = bench.aggregator.loan(&bench.borrower, view.loan_id).await.unwrap();
    let now = figures(&db, key).await;
    let left = i64::try_from(loan.outstanding.units).unwrap();
    assert!(left < 120_000, "{loan:?}");
    assert_eq!((now.reserved_minor, now.committed_minor), (0, left));
    bench.assert_clean().await;
    // Lower than what is out: nothing is called in, nothing new is reserved.
    limited(&bench, Some(1), LimitMode::Enforce).await;
    assert_eq!(figures(&db, key).await.committed_minor, left);
    bench.assert_clean().await;
    sqlx::query("alter table risk.limit_hold disable trigger limit_hold_by_entries")
        .execute(&db)
        .await
        .unwrap();
    sqlx::query("update risk.limit_hold set committed_minor = committed_minor - 1")
        .execute(&db)
        .await
        .unwrap();
    let report = bench.aggregator.reconcile().await.unwrap();
    assert_eq!(
        report.limit_mismatches.len(),
        2,
        "its entries and its loan say otherwise: {report:?}"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_credit_that_fails_or_is_withdrawn_frees_what_it_reserved(db: PgPool) {
    let bench = Bench::new(db.clone());
    limited(&bench, Some(200_000), LimitMode::Enforce).await;
    let key = account(&bench);
    let withdrawn = accepted(&bench, &bank_quote(1)).await;
    bench
        .aggregator
        .cancel_settlement(&bench.borrower, &bench.key(), withdrawn.id)
        .await
        .unwrap();
    assert_eq!(figures(&db, key).await.reserved_minor, 0);
    let failing = accepted(&bench, &bank_quote(2)).await;
    *bench.lender.verdict.lock().unwrap() = Some(LenderStatus::Rejected {
        reasons: vec![Reason::new("NO_FUNDS", "The lender has no funds.")],
    });
    bench.aggregator.tick_all().await.unwrap();
    let failed = bench.aggregator.settlement(&bench.borrower, failing.id).await.unwrap();
    assert_eq!(failed.state, SettlementState::Failed);
    let now = figures(&db, key).await;
    assert_eq!((now.reserved_minor, now.committed_minor), (0, 0));
    bench.assert_clean().await;
}

#[test]
fn only_unsecured_credit_counts() {
    assert!(counts(&bank_quote(1).offer), "a bank's");
    assert!(!counts(&secured(desk_quote(1)).offer), "a desk's against collateral");
    let mut attested = desk_quote(1);
    attested.offer.onchain.as_mut().unwrap().order.attestation_policy = 1;
    assert!(counts(&attested.offer), "a desk's against an attestation");
    let mut open = desk_quote(1);
    open.offer.onchain.as_mut().unwrap().order.collateral_amount = 0;
    assert!(counts(&open.offer), "a desk's against nothing");
}

async fn quoted(stage: &asking::Stage, name: &str) -> Quote {
    let view = stage.closed(name).await;
    let page = PageRequest { first: 1, after: None };
    let quotes = stage
        .aggregator
        .quotes(&asking::borrower(), view.id, page)
        .await
        .unwrap();
    quotes.items[0].quote.clone()
}

async fn accept(stage: &asking::Stage, quote: &Quote, name: &str) -> Result<SettlementView, Error> {
    let wish = AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    };
    stage
        .aggregator
        .accept_quote(&asking::borrower(), &asking::key(name), wish)
        .await
}

#[sqlx::test(migrations = "./migrations")]
async fn what_passes_a_limit_is_noted_where_it_is_advised_and_refused_where_it_binds(db: PgPool) {
    let stage = asking::Stage::new(db.clone(), &[("harbor-bank", asking::Manner::Offers(45_000))]);
    let key = AccountKey {
        tenant: asking::borrower().tenant,
        borrower: asking::borrower().id,
        currency: Currency::usd(),
    };
    let first = quoted(&stage, "first").await;
    let assigned = figures(&db, key).await;
    assert!(
        assigned.limit_minor > Some(500_000) && assigned.decision.is_some(),
        "{assigned:?}"
    );
    accept(&stage, &first, "a1").await.unwrap();
    accept(&stage, &first, "a1").await.unwrap();
    assert_eq!(figures(&db, key).await.reserved_minor, 500_000, "once for one key");

    let (second, third) = (quoted(&stage, "second").await, quoted(&stage, "third").await);
    let mut conn = db.acquire().await.unwrap();
    let by = (DecisionId(Uuid::nil()), at("2026-01-10T12:00:00Z"));
    rows::assign_limit(&mut conn, key, Some(600_000), by).await.unwrap();
    accept(&stage, &second, "a2").await.unwrap();
    assert_eq!(figures(&db, key).await.reserved_minor, 1_000_000);
    let over: Vec<i64> = sqlx::query_scalar("select over_minor from risk.limit_entry order by over_minor")
        .fetch_all(&db)
        .await
        .unwrap();
    assert_eq!(over, [0, 400_000]);

    let said = ("limits bind", "a test", at("2026-01-10T12:00:00Z"));
    rows::put_tenant_mode(&mut conn, key.tenant, LimitMode::Enforce, said)
        .await
        .unwrap();
    for attempt in ["a3", "a3"] {
        match accept(&stage, &third, attempt).await {
            Err(Error::Refused(refusal)) => {
                assert_eq!(
                    (refusal.code.as_str(), refusal.field.as_deref()),
                    ("LIMIT_EXCEEDED", Some("quoteId"))
                );
                assert!(refusal.message.contains("0.00"), "{refusal:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(figures(&db, key).await.reserved_minor, 1_000_000);
    rows::assign_limit(&mut conn, key, Some(1_500_000), by).await.unwrap();
    accept(&stage, &third, "a4").await.unwrap();
    let kept = stage.aggregator.replay_decisions(third.request_id).await.unwrap();
    assert!(
        kept.iter().all(|decision| decision.stored == decision.replayed),
        "{kept:?}"
    );
    let limits = kept
        .iter()
        .filter(|d| d.kind == crate::decisions::DecisionKind::Limit)
        .count();
    assert_eq!(limits, 3, "two refusals and the acceptance");
}

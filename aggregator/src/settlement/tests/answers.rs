//! What oracle and services say of wallets, when it has to be there, and what happens while it is not.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::ChainTxId;
use domain::loan::{LoanState, SettlementState};
use domain::ports::{
    TxJournal, VerifyError, WalletEvidence, WalletScreener, WalletScreening, WalletSubject, WalletVerdict,
};
use sqlx::PgPool;
use tokio::sync::Notify;

use super::support::{Bench, CHAIN, at, desk_quote, signature_of};
use super::told::{SIGNER, code, loan, state};
use crate::api::SettlementView;
use crate::screening::WalletSettings;
use crate::screening::release::wallets_of;
use crate::settlement::Prepared;
use crate::tx_journal::PgTxJournal;
use crate::{Error, Settings};

/// A service that says what a test has it say.
struct Service {
    says: Mutex<Result<WalletVerdict, VerifyError>>,
    /// When it says that it was asked.
    at: DateTime<Utc>,
    asked: AtomicUsize,
}

impl Service {
    fn says(&self, now: Result<WalletVerdict, VerifyError>) {
        *self.says.lock().unwrap() = now;
    }
}

/// Handed to the settings, kept by the test.
struct Shared(std::sync::Arc<Service>);

#[async_trait]
impl WalletScreener for Shared {
    fn name(&self) -> &'static str {
        "elliptic"
    }

    async fn screen(&self, _: &WalletSubject, _: Instant) -> Result<WalletScreening, VerifyError> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let verdict = self.0.says.lock().unwrap().clone()?;
        let evidence = WalletEvidence {
            source: "elliptic".into(),
            category: "Mixer".into(),
            score: Some("7.5".into()),
            reference: Some("ref-1".into()),
        };
        Ok(WalletScreening {
            verdict,
            evidence: (verdict != WalletVerdict::Clear)
                .then_some(evidence)
                .into_iter()
                .collect(),
            at: self.0.at,
        })
    }
}

/// Never answers.
struct Silent;

#[async_trait]
impl WalletScreener for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    async fn screen(&self, _: &WalletSubject, _: Instant) -> Result<WalletScreening, VerifyError> {
        std::future::pending().await
    }
}

fn settings(screeners: Vec<std::sync::Arc<dyn WalletScreener>>) -> Settings {
    Settings {
        wallets: WalletSettings {
            screeners,
            pause: Duration::ZERO,
            ..WalletSettings::default()
        },
        ..Settings::default()
    }
}

fn with_service(db: PgPool) -> (Bench, std::sync::Arc<Service>) {
    let service = std::sync::Arc::new(Service {
        says: Mutex::new(Ok(WalletVerdict::Clear)),
        at: at("2026-01-10T12:00:00Z"),
        asked: AtomicUsize::new(0),
    });
    let shared: std::sync::Arc<dyn WalletScreener> = std::sync::Arc::new(Shared(service.clone()));
    (Bench::with(db, settings(vec![shared])), service)
}

/// A chain with an oracle that lists nobody.
fn with_oracle(db: PgPool) -> Bench {
    let bench = Bench::with(db, settings(Vec::new()));
    bench.chain.set(|answers| answers.sanctioned = Some(Vec::new()));
    bench
}

async fn accepted(bench: &Bench, n: u128) -> Result<SettlementView, Error> {
    let quote = desk_quote(n);
    let (chain, wallets) = wallets_of(&quote, Some(BORROWER), None);
    let prepared = Prepared {
        asked: bench.aggregator.world.ask_about(chain, &wallets).await,
        ..Prepared::default()
    };
    bench.open_prepared(&quote, &prepared).await
}

const BORROWER: Address = Address::repeat_byte(9);

async fn sign(bench: &Bench, view: &SettlementView) -> Result<SettlementView, Error> {
    let mut conn = bench.aggregator.world.db.acquire().await?;
    let row = crate::store::lending::settlement(&mut conn, view.id).await?.unwrap();
    drop(conn);
    let signature = signature_of(&row.onchain.unwrap().intent);
    bench
        .aggregator
        .submit_signature(&bench.borrower, &bench.key(), view.id, signature)
        .await
}

/// The submitter tries to take the queued transaction.
async fn released(journal: &PgTxJournal) -> bool {
    assert!(journal.lead(CHAIN, SIGNER).await.unwrap());
    let queued = journal.queued(CHAIN, SIGNER, 10).await.unwrap();
    assert_eq!(queued.len(), 1);
    let taken = journal.take_nonce(CHAIN, SIGNER, queued[0].id, 0).await.unwrap();
    taken.is_some()
}

async fn checks(db: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as("select stage, verdict from screening.wallet_check order by seq")
        .fetch_all(db)
        .await
        .unwrap()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

async fn evidence(db: &PgPool) -> serde_json::Value {
    let text: String = sqlx::query_scalar("select evidence from screening.wallet_check order by seq desc limit 1")
        .fetch_one(db)
        .await
        .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn who_the_oracle_lists_between_acceptance_and_release_gets_nothing(db: PgPool) {
    let bench = with_oracle(db.clone());
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    bench.chain.set(|answers| answers.sanctioned = Some(vec![BORROWER]));
    let journal = bench.aggregator.tx_journal();
    assert!(!released(&journal).await);
    assert_eq!(state(&bench, &view).await, SettlementState::Cancelled);
    assert_eq!(loan(&bench, view.loan_id).await.0, LoanState::Cancelled);
    let expected = [("ACCEPTANCE", "CLEAR"), ("SIGNATURE", "CLEAR"), ("RELEASE", "BLOCK")];
    assert_eq!(checks(&db).await, pairs(&expected));
    let evidence = evidence(&db).await;
    let borrower = evidence
        .as_array()
        .unwrap()
        .iter()
        .find(|w| w["role"] == "BORROWER")
        .unwrap();
    let said = &borrower["said"][0];
    assert_eq!(
        (&said["source"], &said["verdict"]),
        (&"sanctions-oracle".into(), &"BLOCK".into())
    );
    assert_eq!(said["oracle"]["block"], 77, "{said}");
    assert!(
        said["oracle"]["block_hash"].as_str().unwrap().starts_with("0x7777"),
        "{said}"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_release_waits_while_the_oracle_is_silent_and_goes_on_when_it_is_back(db: PgPool) {
    let bench = with_oracle(db.clone());
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    let journal = bench.aggregator.tx_journal();
    bench.chain.set(|answers| answers.down = true);
    for _ in 0..3 {
        assert!(!released(&journal).await);
        assert_eq!(state(&bench, &view).await, SettlementState::Ready, "nothing is lost");
    }
    bench.chain.set(|answers| answers.down = false);
    assert!(released(&journal).await);
    assert_eq!(state(&bench, &view).await, SettlementState::Submitted);
    let expected = [
        ("ACCEPTANCE", "CLEAR"),
        ("SIGNATURE", "CLEAR"),
        ("RELEASE", "UNKNOWN"),
        ("RELEASE", "CLEAR"),
    ];
    assert_eq!(checks(&db).await, pairs(&expected), "a wait is stored once");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_release_that_waits_is_not_asked_about_at_every_look(db: PgPool) {
    let mut settings = settings(Vec::new());
    settings.wallets.pause = Duration::from_hours(1);
    let bench = Bench::with(db.clone(), settings);
    bench.chain.set(|answers| answers.sanctioned = Some(Vec::new()));
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    bench.chain.set(|answers| answers.down = true);
    let journal = bench.aggregator.tx_journal();
    assert!(!released(&journal).await);
    let asked = bench.chain.get(|answers| answers.oracle_asked);
    bench.chain.set(|answers| answers.down = false);
    let queued = journal.queued(CHAIN, SIGNER, 10).await.unwrap();
    assert!(queued.is_empty(), "it keeps no other from its turn");
    let tx = sqlx::query_scalar("select id from chain.tx")
        .fetch_one(&db)
        .await
        .unwrap();
    let taken = journal.take_nonce(CHAIN, SIGNER, ChainTxId(tx), 0).await.unwrap();
    assert!(taken.is_none(), "the pause is not over");
    assert_eq!(bench.chain.get(|answers| answers.oracle_asked), asked);
    // Another process, or this one after a crash, knows of no pause.
    let other = bench.aggregator.tx_journal();
    sqlx::query("update chain.signer set lease_until = now() - interval '1 hour'")
        .execute(&bench.aggregator.world.db)
        .await
        .unwrap();
    assert!(released(&other).await);
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_service_says_stops_and_what_it_does_not_say_waits(db: PgPool) {
    let (bench, service) = with_service(db.clone());
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    let journal = bench.aggregator.tx_journal();
    for fault in [
        VerifyError::TimedOut,
        VerifyError::Unavailable("500".into()),
        VerifyError::malformed("body", "is no JSON"),
        VerifyError::Refused("401".into()),
        VerifyError::RateLimited { retry_after: None },
    ] {
        service.says(Err(fault.clone()));
        assert!(!released(&journal).await, "{fault}");
        assert_eq!(state(&bench, &view).await, SettlementState::Ready, "{fault}");
    }
    service.says(Ok(WalletVerdict::Block));
    assert!(!released(&journal).await);
    assert_eq!(state(&bench, &view).await, SettlementState::Cancelled);
    let evidence = evidence(&db).await;
    assert_eq!(
        evidence[0]["said"][0]["evidence"][0]["reference"], "ref-1",
        "{evidence}"
    );
    let expected = [
        ("ACCEPTANCE", "CLEAR"),
        ("SIGNATURE", "CLEAR"),
        ("RELEASE", "UNKNOWN"),
        ("RELEASE", "BLOCK"),
    ];
    assert_eq!(checks(&db).await, pairs(&expected));
    assert!(service.asked.load(Ordering::SeqCst) > 6);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wallet_that_a_person_has_to_look_at_or_nobody_knows_stops(db: PgPool) {
    let (bench, service) = with_service(db);
    for (n, verdict) in [(1, WalletVerdict::Review), (2, WalletVerdict::Unknown)] {
        service.says(Ok(verdict));
        assert_eq!(code(accepted(&bench, n).await), "NOT_PERMITTED");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_answer_that_is_old_or_of_others_does_not_let_a_settlement_go_on(db: PgPool) {
    let (bench, _) = with_service(db.clone());
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    // The service answers as of a time that the clock has left behind by more than a minute.
    bench.clock.set(at("2026-01-10T12:01:01Z"));
    let journal = bench.aggregator.tx_journal();
    assert!(!released(&journal).await);
    assert_eq!(state(&bench, &view).await, SettlementState::Ready);
    bench.clock.set(at("2026-01-10T12:01:00Z"));
    assert!(released(&journal).await, "a minute is fresh");
    // Nothing was asked at all.
    let unasked = bench.open_prepared(&desk_quote(2), &Prepared::default()).await;
    assert!(unasked.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refused_signature_is_stored_once_however_often_it_is_sent(db: PgPool) {
    let bench = with_oracle(db.clone());
    let view = accepted(&bench, 1).await.unwrap();
    bench.chain.set(|answers| answers.sanctioned = Some(vec![BORROWER]));
    let key = bench.key();
    let mut conn = bench.aggregator.world.db.acquire().await.unwrap();
    let row = crate::store::lending::settlement(&mut conn, view.id)
        .await
        .unwrap()
        .unwrap();
    drop(conn);
    let signature = signature_of(&row.onchain.unwrap().intent);
    for _ in 0..3 {
        let taken = bench
            .aggregator
            .submit_signature(&bench.borrower, &key, view.id, signature.clone())
            .await;
        assert_eq!(code(taken), "NOT_PERMITTED");
    }
    assert_eq!(
        checks(&db).await,
        pairs(&[("ACCEPTANCE", "CLEAR"), ("SIGNATURE", "BLOCK")])
    );
    assert_eq!(state(&bench, &view).await, SettlementState::AwaitingSignature);

    // While nobody answers the caller is told to try again, and the signature is taken later under the same key.
    bench
        .chain
        .set(|answers| (answers.sanctioned, answers.down) = (Some(Vec::new()), true));
    let taken = bench
        .aggregator
        .submit_signature(&bench.borrower, &key, view.id, signature.clone())
        .await;
    assert!(matches!(taken, Err(Error::Unavailable(_))), "{taken:?}");
    bench.chain.set(|answers| answers.down = false);
    let taken = bench
        .aggregator
        .submit_signature(&bench.borrower, &key, view.id, signature)
        .await
        .unwrap();
    assert_eq!(taken.state, SettlementState::Ready);
    let expected = [
        ("ACCEPTANCE", "CLEAR"),
        ("SIGNATURE", "BLOCK"),
        ("SIGNATURE", "UNKNOWN"),
        ("SIGNATURE", "CLEAR"),
    ];
    assert_eq!(checks(&db).await, pairs(&expected));
}

#[sqlx::test(migrations = "./migrations")]
async fn an_oracle_at_an_old_block_has_not_spoken(db: PgPool) {
    let mut settings = settings(Vec::new());
    settings.wallets.block_age = Some(Duration::from_mins(10));
    let bench = Bench::with(db, settings);
    bench.chain.set(|answers| answers.sanctioned = Some(Vec::new()));
    // The block of the fake chain is of 12:00.
    accepted(&bench, 1).await.unwrap();
    bench.clock.set(at("2026-01-10T12:10:01Z"));
    assert!(accepted(&bench, 2).await.is_err());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_service_that_hangs_holds_nobody_up_for_longer_than_the_deadline(db: PgPool) {
    let mut settings = settings(vec![std::sync::Arc::new(Silent)]);
    settings.wallets.deadline = Duration::from_millis(20);
    let bench = Bench::with(db, settings);
    assert!(accepted(&bench, 1).await.is_err());
}

/// Says that it was asked, and answers only when it may.
#[derive(Default)]
struct Gate {
    asked: Notify,
    open: AtomicBool,
}

struct Gated(std::sync::Arc<Gate>);

#[async_trait]
impl WalletScreener for Gated {
    fn name(&self) -> &'static str {
        "gated"
    }

    async fn screen(&self, _: &WalletSubject, _: Instant) -> Result<WalletScreening, VerifyError> {
        if !self.0.open.load(Ordering::SeqCst) {
            self.0.asked.notify_one();
            std::future::pending::<()>().await;
        }
        Ok(WalletScreening {
            verdict: WalletVerdict::Clear,
            evidence: Vec::new(),
            at: at("2026-01-10T12:00:00Z"),
        })
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_process_that_dies_between_question_and_commit_leaves_nothing_and_the_next_one_releases_once(db: PgPool) {
    let gate = std::sync::Arc::new(Gate::default());
    gate.open.store(true, Ordering::SeqCst);
    let mut settings = settings(vec![std::sync::Arc::new(Gated(gate.clone()))]);
    settings.wallets.deadline = Duration::from_mins(1);
    let bench = Bench::with(db.clone(), settings);
    let view = accepted(&bench, 1).await.unwrap();
    sign(&bench, &view).await.unwrap();
    gate.open.store(false, Ordering::SeqCst);
    let journal = bench.aggregator.tx_journal();
    // Dropped in the middle, as by a crash.
    tokio::select! {
        _ = released(&journal) => panic!("nobody answered"),
        () = gate.asked.notified() => {}
    }
    gate.open.store(true, Ordering::SeqCst);
    assert!(released(&journal).await);
    assert!(journal.queued(CHAIN, SIGNER, 10).await.unwrap().is_empty());
    let expected = [("ACCEPTANCE", "CLEAR"), ("SIGNATURE", "CLEAR"), ("RELEASE", "CLEAR")];
    assert_eq!(checks(&db).await, pairs(&expected));
    assert_eq!(journal.in_flight(CHAIN, SIGNER).await.unwrap().len(), 1);
}

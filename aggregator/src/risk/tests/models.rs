//! The registry of models: four eyes, every process follows, nothing that was tampered with decides.

use std::sync::Arc;

use ::risk::Engine;
use ::risk::model::{Files, TrustedKeys, development_key};
use domain::ids::PrincipalId;
use domain::{Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::{Error, IdempotencyKey};
use crate::quoting::tests::support::{Manner, Stage, borrower, key};
use crate::risk::models::{ModelState, ModelView, ProposalKind, ProposalState};
use crate::risk::proposals::{Evidence, NewProposal, ProposalView};
use crate::risk::sets::RiskSettings;
use crate::store::constraint;
use crate::{Aggregator, Settings, World};

/// The points table under another version.
pub(super) fn model(version: &str) -> Vec<(String, Vec<u8>)> {
    let mut draft = ::risk::points::draft();
    version.clone_into(&mut draft.manifest.version);
    owned(&draft.sign(&development_key()).unwrap())
}

pub(super) fn owned(files: &Files) -> Vec<(String, Vec<u8>)> {
    files
        .iter()
        .map(|(name, bytes)| (name.to_owned(), bytes.to_vec()))
        .collect()
}

pub(super) fn officer(number: u128) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(number)),
        tenant: borrower().tenant,
        role: Role::CreditHead,
        provider: None,
        standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
    }
}

fn ada() -> Principal {
    officer(71)
}

fn bob() -> Principal {
    officer(72)
}

pub(super) async fn stage(db: PgPool) -> Stage {
    let risk = RiskSettings {
        keys: TrustedKeys::development(),
        ..RiskSettings::default()
    };
    let settings = Settings {
        risk,
        ..Settings::default()
    };
    let stage = Stage::with(db, &[("harbor-bank", Manner::Offers(45_000))], settings, Vec::new());
    stage.aggregator.register_built_in().await.unwrap();
    stage.aggregator.refresh_models().await.unwrap();
    stage
}

/// Another process on the same database and clock, which knows of no model but its own.
fn another(stage: &Stage) -> Arc<Aggregator> {
    let world = stage.aggregator.world().clone();
    Aggregator::new(World {
        risk: Engine::built_in().unwrap(),
        ..world
    })
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn deciding(aggregator: &Aggregator) -> String {
    aggregator.world().risk.current().champion().version().to_owned()
}

fn fresh() -> IdempotencyKey {
    key(&Uuid::from_u128(rand()).to_string())
}

/// Different each time; tests need no more.
fn rand() -> u128 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::SeqCst))
}

async fn challenger(a: &Aggregator, version: &str) -> ModelView {
    let made = a.register_model(&ada(), &fresh(), model(version)).await.unwrap();
    assert_eq!(made.state, ModelState::Draft);
    for state in [ModelState::Validated, ModelState::Shadow] {
        let wish = (made.id, state);
        a.change_model_state(&ada(), &fresh(), wish, "its card is sound")
            .await
            .unwrap();
    }
    a.risk_model(&ada(), made.id).await.unwrap()
}

fn promotion(model: Uuid) -> NewProposal {
    NewProposal {
        kind: ProposalKind::Promote,
        model: Some(model),
        share_ppm: None,
        reason: "better on held-out rows".into(),
        evidence: Some(Evidence {
            auc_difference: Some("0.004".parse().unwrap()),
            auc_low: Some("0.001".parse().unwrap()),
            auc_high: Some("0.007".parse().unwrap()),
            ..Evidence::default()
        }),
    }
}

fn rollback() -> NewProposal {
    NewProposal {
        kind: ProposalKind::Rollback,
        model: None,
        evidence: None,
        ..promotion(Uuid::nil())
    }
}

async fn approved(a: &Aggregator, new: NewProposal) -> ProposalView {
    let made = a.propose_model(&ada(), &fresh(), new).await.unwrap();
    assert_eq!(made.state, ProposalState::Open);
    a.decide_model_proposal(&bob(), &fresh(), (made.id, true), "agreed")
        .await
        .unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_model_becomes_champion_by_four_eyes_and_every_process_follows(db: PgPool) {
    let stage = stage(db.clone()).await;
    let (a, other) = (&stage.aggregator, another(&stage));
    other.refresh_models().await.unwrap();
    let first = deciding(a);
    let next = challenger(a, "2.0.0").await;
    let made = a.propose_model(&ada(), &fresh(), promotion(next.id)).await.unwrap();
    assert_eq!(
        code(a.propose_model(&bob(), &fresh(), promotion(next.id)).await),
        "PROPOSAL_OPEN"
    );
    let alone = a
        .decide_model_proposal(&ada(), &fresh(), (made.id, true), "I am sure")
        .await;
    assert_eq!(code(alone), "FOUR_EYES");
    assert_eq!(deciding(a), first, "nothing happened");
    let key = fresh();
    let done = a
        .decide_model_proposal(&bob(), &key, (made.id, true), "agreed")
        .await
        .unwrap();
    let again = a
        .decide_model_proposal(&bob(), &key, (made.id, true), "agreed")
        .await
        .unwrap();
    assert_eq!(
        (done.state, &done),
        (ProposalState::Approved, &again),
        "one key, one approval"
    );
    let twice = a.decide_model_proposal(&bob(), &fresh(), (made.id, false), "no").await;
    assert_eq!(code(twice), "PROPOSAL_DECIDED");
    assert_eq!(deciding(a), "2.0.0", "this process at once");
    assert_eq!(deciding(&other), first);
    assert_eq!(other.refresh_models().await.unwrap(), 1);
    assert_eq!(deciding(&other), "2.0.0", "another with its next look");
    assert_eq!(other.refresh_models().await.unwrap(), 0, "and then it is quiet");

    // A decision of the new champion is made again by a process that never had it.
    let view = stage.closed("by-the-new").await;
    let late = another(&stage);
    let record = &a.risk_decisions(&ada(), (None, Some(view.id)), 10).await.unwrap()[0];
    assert_eq!(record.inside.as_ref().unwrap().model, "usance-points 2.0.0");
    let replay = late.replay_risk(&ada(), record.id).await.unwrap();
    assert!(replay.same, "{replay:?}");

    let back = approved(a, rollback()).await;
    assert!(!back.under_alarm);
    assert_eq!(deciding(a), first);
    told_without_a_gap(&db).await;
}

/// Events of the registry rise without a gap, and each thing that was done stands in the audit.
async fn told_without_a_gap(db: &PgPool) {
    let told: Vec<(i32, String)> =
        sqlx::query_as("select version, kind from events.outbox where aggregate = 'risk_registry' order by version")
            .fetch_all(db)
            .await
            .unwrap();
    assert!(
        (1..).zip(&told).all(|(expected, (version, _))| expected == *version),
        "{told:?}"
    );
    let kinds: Vec<&str> = told.iter().map(|(_, kind)| kind.as_str()).collect();
    // Two came with the program: the points table and a challenger.
    let expected = [
        "RiskModelRegistered",
        "RiskModelRegistered",
        "RiskModelRegistered",
        "RiskModelValidated",
        "RiskModelShadowed",
        "RiskModelPromoted",
        "RiskModelRolledBack",
    ];
    assert_eq!(kinds, expected);
    let audited: i64 = sqlx::query_scalar("select count(*) from risk.audit where what = any($1)")
        .bind(&expected[..])
        .fetch_one(db)
        .await
        .unwrap();
    assert_eq!(audited, 7);
}

#[sqlx::test(migrations = "./migrations")]
async fn one_officer_rolls_back_while_drift_says_act_and_not_otherwise(db: PgPool) {
    let stage = stage(db.clone()).await;
    let a = &stage.aggregator;
    let first = deciding(a);
    assert_eq!(
        code(a.propose_model(&ada(), &fresh(), rollback()).await),
        "NO_FORMER_CHAMPION"
    );
    let next = challenger(a, "2.0.0").await;
    approved(a, promotion(next.id)).await;
    sqlx::query(
        "insert into risk.drift_level select digest, 'SCORE', 'ACT', 300000, gen_random_uuid(), 1, now()
         from risk.model where state = 'CHAMPION'",
    )
    .execute(&db)
    .await
    .unwrap();
    let done = a.propose_model(&ada(), &fresh(), rollback()).await.unwrap();
    assert_eq!((done.state, done.under_alarm), (ProposalState::Approved, true));
    assert_eq!(deciding(a), first);
    // The alarm was of the other model: the way forward takes two again.
    let open = a.propose_model(&ada(), &fresh(), rollback()).await.unwrap();
    assert_eq!(
        (open.state, open.model.version.as_str()),
        (ProposalState::Open, "2.0.0")
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_share_of_the_subjects_needs_four_eyes_and_then_decides(db: PgPool) {
    let stage = stage(db.clone()).await;
    let a = &stage.aggregator;
    let next = challenger(a, "2.0.0").await;
    let share = |ppm| NewProposal {
        kind: ProposalKind::Share,
        share_ppm: Some(ppm),
        ..promotion(next.id)
    };
    assert!(matches!(
        a.propose_model(&ada(), &fresh(), share(1_000_001)).await,
        Err(Error::Invalid { .. })
    ));
    approved(a, share(1_000_000)).await;
    let view = stage.closed("by-the-challenger").await;
    let records = a.risk_decisions(&ada(), (None, Some(view.id)), 1).await.unwrap();
    assert_eq!(records[0].inside.as_ref().unwrap().model, "usance-points 2.0.0");
    let own = a.risk_decision(&borrower(), records[0].id).await.unwrap();
    assert_eq!(
        (own.outcome, own.inside),
        (records[0].outcome, None),
        "the borrower sees no more"
    );
    assert!(matches!(
        a.risk_decisions(&borrower(), (None, None), 1).await,
        Err(Error::Forbidden)
    ));
    let wish = (next.id, ModelState::Validated);
    let out = a.change_model_state(&ada(), &fresh(), wish, "enough").await.unwrap();
    assert_eq!(out.share_ppm, 0, "one officer may stop it");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_model_that_is_not_what_it_says_is_not_registered(db: PgPool) {
    let stage = stage(db).await;
    let a = &stage.aggregator;
    for (name, _) in model("2.0.0") {
        let mut files = model("2.0.0");
        let (_, bytes) = files.iter_mut().find(|(file, _)| *file == name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert_eq!(
            code(a.register_model(&ada(), &fresh(), files).await),
            "MODEL_REFUSED",
            "{name}"
        );
    }
    let first = a.register_model(&ada(), &fresh(), model("2.0.0")).await.unwrap();
    assert_eq!(
        code(a.register_model(&bob(), &fresh(), model("2.0.0")).await),
        "MODEL_EXISTS"
    );
    assert!(matches!(
        a.register_model(&borrower(), &fresh(), model("3.0.0")).await,
        Err(Error::Forbidden)
    ));
    assert_eq!(
        code(a.propose_model(&ada(), &fresh(), promotion(first.id)).await),
        "NOT_A_CHALLENGER"
    );
    let wish = (first.id, ModelState::Champion);
    let leap = a.change_model_state(&ada(), &fresh(), wish, "quickly").await;
    assert_eq!(code(leap), "MODEL_TRANSITION");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_model_that_nobody_trusted_signed_is_refused(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let made = stage.aggregator.register_model(&ada(), &fresh(), model("2.0.0")).await;
    assert_eq!(code(made), "MODEL_REFUSED");
}

async fn behind_the_triggers(db: &PgPool, statement: &'static str) {
    let mut tx = db.begin().await.unwrap();
    sqlx::query("set local session_replication_role = replica")
        .execute(&mut *tx)
        .await
        .unwrap();
    let done = sqlx::query(statement).execute(&mut *tx).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    tx.commit().await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn a_tampered_model_is_refused_and_the_set_before_decides_on(db: PgPool) {
    let stage = stage(db.clone()).await;
    let a = &stage.aggregator;
    let first = deciding(a);
    let next = challenger(a, "2.0.0").await;
    approved(a, promotion(next.id)).await;
    behind_the_triggers(
        &db,
        "update risk.model_file f set bytes = set_byte(bytes, 100, get_byte(bytes, 100) # 1) from risk.model m
         where m.id = f.model_id and m.version = '2.0.0' and f.name = 'model.bin'",
    )
    .await;
    let other = another(&stage);
    let refused = other.refresh_models().await;
    assert!(
        matches!(&refused, Err(Error::Refused(refusal)) if refusal.code == "MODEL_REFUSED"),
        "{refused:?}"
    );
    assert_eq!(deciding(&other), first);
    assert_eq!(deciding(a), "2.0.0", "what was opened before is not read again");
    for _ in 0..58 {
        assert_eq!(
            other.refresh_models().await.unwrap(),
            0,
            "it does not try again at once"
        );
    }
    behind_the_triggers(
        &db,
        "update risk.model_file f set bytes = set_byte(bytes, 100, get_byte(bytes, 100) # 1) from risk.model m
         where m.id = f.model_id and m.version = '2.0.0' and f.name = 'model.bin'",
    )
    .await;
    let mut taken = 0;
    for _ in 0..3 {
        taken += other.refresh_models().await.unwrap();
    }
    assert_eq!((taken, deciding(&other).as_str()), (1, "2.0.0"));
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_holds_four_eyes_even_when_the_code_does_not(db: PgPool) {
    let stage = stage(db.clone()).await;
    let next = challenger(&stage.aggregator, "2.0.0").await;
    stage
        .aggregator
        .propose_model(&ada(), &fresh(), promotion(next.id))
        .await
        .unwrap();
    let cases = [
        ("update risk.model set state = 'CHAMPION' where state = 'SHADOW'", "model_four_eyes"),
        ("update risk.model set share_ppm = 1 where state = 'SHADOW'", "model_four_eyes"),
        ("update risk.model set state = 'DRAFT' where state = 'SHADOW'", "model_transition"),
        ("update risk.model set digest = sha256('x') where state = 'SHADOW'", "model_identity"),
        ("delete from risk.model", "append_only"),
        ("update risk.model_file set bytes = ''", "append_only"),
        ("update risk.audit set reason = ''", "append_only"),
        (
            "update risk.proposal set state = 'APPROVED', decided_by = proposed_by, decided_at = now(), decision_reason = 'x'",
            "proposal_four_eyes",
        ),
        (
            "update risk.proposal set state = 'APPROVED', decided_by = proposed_by, decided_at = now(), decision_reason = 'x',
                 under_alarm = true",
            "proposal_alarm_of_rollback",
        ),
        ("update risk.proposal set reason = 'another'", "proposal_transition"),
        (
            "insert into risk.model select gen_random_uuid(), name, '9.9.9', sha256('y'), kind, status, 'SHADOW', 0, revision, null,
                 false, 'x', now() from risk.model where state = 'SHADOW'",
            "model_transition",
        ),
    ];
    for (statement, expected) in cases {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some(expected), "{statement}");
    }
}

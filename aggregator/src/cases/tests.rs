//! Who decides a case, what a decision is good for, and who may know of a report.

use std::time::Duration;

use domain::ids::PrincipalId;
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{CaseKind, CaseState, Ground, Hit, Opened, ReportKind, ReportState, Severity, cleared, open_hit};
use crate::api::Error;
use crate::quoting::tests::support::{Stage, borrower, key};
use crate::store::constraint;

const HASH: [u8; 32] = [7; 32];

/// Staff of the platform; 71 and 72 are of the AML group.
fn officer(number: u128) -> Principal {
    let groups = [Group::Platform, Group::Aml];
    Principal {
        id: PrincipalId(Uuid::from_u128(number)),
        tenant: borrower().tenant,
        role: Role::CreditHead,
        provider: None,
        standing: Standing::of(if number < 73 { &groups } else { &groups[..1] }),
    }
}

fn hit(severity: Severity) -> Hit<'static> {
    Hit {
        tenant: borrower().tenant,
        subject: borrower().id,
        kind: CaseKind::ScreeningHit,
        severity,
        entity: "ofac:7857",
        matched_hash: HASH,
        evidence: json!({ "score": 940_000 }),
        raised_by: None,
    }
}

async fn opened(stage: &Stage, hit: &Hit<'_>) -> Opened {
    let world = stage.aggregator.world();
    let mut tx = world.db.begin().await.unwrap();
    let opened = open_hit(&mut tx, world, hit).await.unwrap();
    tx.commit().await.unwrap();
    opened
}

async fn new_case(stage: &Stage, hit: &Hit<'_>) -> Uuid {
    match opened(stage, hit).await {
        Opened::New(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn is_cleared(stage: &Stage, hash: [u8; 32]) -> bool {
    let world = stage.aggregator.world();
    let mut conn = world.db.acquire().await.unwrap();
    let who = (borrower().tenant, borrower().id);
    cleared(&mut conn, who, ("ofac:7857", &hash), world.clock.now())
        .await
        .unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result.unwrap_err() {
        Error::Refused(refusal) => refusal.code,
        other => format!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn the_same_hit_is_the_same_case(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let id = new_case(&stage, &hit(Severity::Review)).await;
    assert_eq!(opened(&stage, &hit(Severity::Review)).await, Opened::Waiting(id));
    let other = Hit {
        matched_hash: [8; 32],
        ..hit(Severity::Review)
    };
    assert!(
        matches!(opened(&stage, &other).await, Opened::New(_)),
        "other fields are another hit"
    );
    let a = &stage.aggregator;
    assert_eq!(a.cases(&officer(71), (None, false), 10).await.unwrap().len(), 2);
    assert!(matches!(
        a.cases(&borrower(), (None, false), 10).await,
        Err(Error::Forbidden)
    ));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_review_is_cleared_by_one_officer_and_lapses(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let a = &stage.aggregator;
    let id = new_case(&stage, &hit(Severity::Review)).await;
    assert!(!is_cleared(&stage, HASH).await);
    let wish = (id, Ground::DifferentDateOfBirth);
    let closed = a.decide_case(&officer(71), &key("k"), wish).await.unwrap();
    assert_eq!(closed.state, CaseState::Closed);
    let again = a.decide_case(&officer(71), &key("k"), wish).await.unwrap();
    assert_eq!(again, closed, "the same call again changes nothing");
    assert_eq!(code(a.decide_case(&officer(72), &key("l"), wish).await), "CASE_CLOSED");
    assert!(is_cleared(&stage, HASH).await);
    assert!(!is_cleared(&stage, [8; 32]).await, "it lapses when either side changes");
    assert_eq!(opened(&stage, &hit(Severity::Block)).await, Opened::Cleared);
    stage.clock.advance(Duration::from_hours(24 * 365));
    assert!(!is_cleared(&stage, HASH).await, "it lapses when its time is over");
    assert!(matches!(opened(&stage, &hit(Severity::Block)).await, Opened::New(_)));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_block_is_cleared_by_two_officers(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let a = &stage.aggregator;
    let id = new_case(&stage, &hit(Severity::Block)).await;
    assert_eq!(
        code(a.check_case(&officer(72), &key("a"), (id, true)).await),
        "CASE_NOT_PROPOSED"
    );
    let wish = (id, Ground::DifferentCountry);
    let proposed = a.decide_case(&officer(71), &key("b"), wish).await.unwrap();
    assert_eq!(proposed.state, CaseState::Proposed);
    assert!(!is_cleared(&stage, HASH).await, "a proposal clears nobody");
    assert_eq!(
        code(a.decide_case(&officer(72), &key("c"), wish).await),
        "CASE_PROPOSED"
    );
    assert_eq!(
        code(a.check_case(&officer(71), &key("d"), (id, true)).await),
        "SAME_OFFICER"
    );
    let returned = a.check_case(&officer(72), &key("e"), (id, false)).await.unwrap();
    assert_eq!((returned.state, returned.verdict), (CaseState::Open, None));
    a.decide_case(&officer(71), &key("f"), wish).await.unwrap();
    let closed = a.check_case(&officer(72), &key("g"), (id, true)).await.unwrap();
    assert_eq!(closed.state, CaseState::Closed);
    assert!(is_cleared(&stage, HASH).await);
    let log = a.case_log(&officer(73), id).await.unwrap();
    let what: Vec<&str> = log.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(what, ["OPENED", "DECIDED", "RETURNED", "DECIDED", "AGREED"]);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_true_hit_needs_one_officer_and_stays(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let a = &stage.aggregator;
    let id = new_case(&stage, &hit(Severity::Block)).await;
    a.assign_case(&officer(71), &key("a"), (id, Some(officer(71).id)))
        .await
        .unwrap();
    assert_eq!(a.cases(&officer(71), (None, true), 10).await.unwrap().len(), 1);
    let closed = a
        .decide_case(&officer(71), &key("b"), (id, Ground::IdentifiersAgree))
        .await
        .unwrap();
    assert_eq!(closed.state, CaseState::Closed);
    assert!(!is_cleared(&stage, HASH).await);
    assert_eq!(opened(&stage, &hit(Severity::Block)).await, Opened::Confirmed(id));
}

#[sqlx::test(migrations = "./migrations")]
async fn nobody_clears_a_hit_they_raised_or_are(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let a = &stage.aggregator;
    let raised = Hit {
        raised_by: Some(officer(71).id),
        ..hit(Severity::Block)
    };
    let id = new_case(&stage, &raised).await;
    let wish = (id, Ground::CommonName);
    assert_eq!(code(a.decide_case(&officer(71), &key("a"), wish).await), "OWN_CASE");
    a.decide_case(&officer(72), &key("b"), wish).await.unwrap();
    assert_eq!(
        code(a.check_case(&officer(71), &key("c"), (id, true)).await),
        "OWN_CASE"
    );
    let own = Hit {
        subject: officer(73).id,
        ..hit(Severity::Review)
    };
    let id = new_case(&stage, &own).await;
    assert_eq!(
        code(a.decide_case(&officer(73), &key("d"), (id, Ground::CommonName)).await),
        "OWN_CASE"
    );
}

/// The rules hold in the database, whatever a program does.
#[sqlx::test(migrations = "./migrations")]
async fn the_database_refuses_what_the_rules_forbid(db: PgPool) {
    let stage = Stage::new(db.clone(), &[]);
    let block = new_case(&stage, &hit(Severity::Block)).await;
    let refused = |sql: String| {
        let db = db.clone();
        async move {
            let error = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&db).await.unwrap_err();
            constraint(&error).unwrap_or_default().to_owned()
        }
    };
    let closing = |set: &str| {
        format!(
            "update cases.case set state = 'CLOSED', verdict = 'FALSE_POSITIVE', ground = 'COMMON_NAME', made_at = now(),
             expires_at = now(), version = version + 1, {set} where id = '{block}'"
        )
    };
    let maker = Uuid::from_u128(71);
    assert_eq!(refused(closing(&format!("maker = '{maker}'"))).await, "case_four_eyes");
    let alone = format!("maker = '{maker}', checker = '{maker}', checked_at = now()");
    assert_eq!(refused(closing(&alone)).await, "case_four_eyes");
    let own = format!("maker = '{}', checker = '{maker}', checked_at = now()", borrower().id.0);
    assert_eq!(refused(closing(&own)).await, "case_not_own");
    assert_eq!(
        refused(format!(
            "update cases.case set entity = 'x', version = 2 where id = '{block}'"
        ))
        .await,
        "case_transition"
    );
    assert_eq!(refused("delete from cases.case".into()).await, "append_only");
    stage
        .aggregator
        .decide_case(&officer(71), &key("a"), (block, Ground::WalletListed))
        .await
        .unwrap();
    assert_eq!(
        refused("update cases.disposition set verdict = 'FALSE_POSITIVE'".into()).await,
        "append_only"
    );
    assert_eq!(refused("delete from cases.log".into()).await, "append_only");
}

fn blocked() -> Value {
    let party = json!({ "name": "Usance", "address": "500 Market Street", "country": "US" });
    json!({
        "kind": "blocked", "reference": "CASE-1",
        "reporter": { "institution": party, "contact": "Desk", "phone": "1", "email": "a@b.example" },
        "date": "2026-01-09",
        "property": { "description": "Disbursement", "location": "Chain 1", "value": { "minor": 500_000, "currency": "USD" },
                      "estimated": false, "wallets": [] },
        "owner": { "name": "CANARY-NAME", "address": "Street 1", "country": "US" },
        "beneficiary": null, "intermediaries": [],
        "authority": { "program": "SDGT", "authority": "31 CFR part 594", "entry": "7857", "target": "TARGET" },
        "circumstances": "The wallet was on the list.",
    })
}

#[sqlx::test(migrations = "./migrations")]
async fn reports_exist_for_the_aml_group_alone_and_need_two_of_it(db: PgPool) {
    let stage = Stage::new(db.clone(), &[]);
    let a = &stage.aggregator;
    let id = new_case(&stage, &hit(Severity::Block)).await;
    let facts = blocked();
    let wish = (id, ReportKind::OfacBlocked, &facts);
    assert!(matches!(
        a.draft_report(&officer(73), &key("a"), wish).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(a.case_reports(&officer(73), id).await, Err(Error::NotFound)));
    let draft = a.draft_report(&officer(71), &key("b"), wish).await.unwrap();
    assert!(draft.file.contains("CANARY-NAME"));
    assert_eq!(
        draft.report.due_on,
        "2026-01-26".parse().unwrap(),
        "ten business days, over a holiday"
    );
    let again = a.draft_report(&officer(71), &key("b"), wish).await.unwrap();
    assert_eq!(
        (again.report, again.file),
        (draft.report.clone(), draft.file),
        "the same call again"
    );
    let (report, sha) = (draft.report.id, draft.report.sha256.as_str());
    assert_eq!(
        code(a.release_report(&officer(71), &key("c"), (report, true, sha)).await),
        "SAME_OFFICER"
    );
    assert_eq!(
        code(a.release_report(&officer(72), &key("d"), (report, true, "00")).await),
        "OTHER_FILE"
    );
    let done = a
        .release_report(&officer(72), &key("e"), (report, true, sha))
        .await
        .unwrap();
    assert_eq!(done.state, ReportState::Released);
    assert_eq!(
        code(a.release_report(&officer(72), &key("f"), (report, false, sha)).await),
        "REPORT_DECIDED"
    );
    assert_eq!(a.case_log(&officer(71), id).await.unwrap().len(), 3);
    assert_eq!(
        a.case_log(&officer(73), id).await.unwrap().len(),
        1,
        "the log does not betray a report"
    );
    let kept: Vec<(String,)> = sqlx::query_as(
        "select row_to_json(r)::text from cases.report r union all select row_to_json(l)::text from cases.log l
         union all select answer from identity.idempotency_key where answer is not null",
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert!(kept.len() > 5);
    assert!(
        kept.iter().all(|row| !row.0.contains("CANARY-NAME")),
        "the file is kept nowhere"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_report_with_problems_names_the_field_and_not_its_value(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let a = &stage.aggregator;
    let id = new_case(&stage, &hit(Severity::Block)).await;
    let mut facts = blocked();
    facts["owner"]["name"] = " CANARY-NAME".into();
    let error = a
        .draft_report(&officer(71), &key("a"), (id, ReportKind::OfacBlocked, &facts))
        .await;
    let text = format!("{:?}", error.unwrap_err());
    assert!(text.contains("facts.owner.name") && !text.contains("CANARY"), "{text}");
    facts["owner"] = "CANARY".into();
    let error = a
        .draft_report(&officer(71), &key("b"), (id, ReportKind::OfacBlocked, &facts))
        .await;
    assert!(!format!("{:?}", error.unwrap_err()).contains("CANARY"));
    let kind = (id, ReportKind::OfacRejected, &blocked());
    assert!(a.draft_report(&officer(71), &key("c"), kind).await.is_err());
}

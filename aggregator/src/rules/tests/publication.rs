//! Four eyes, effect by date, every decision replays by the set that made it.

use std::time::Duration;

use chrono::NaiveDate;
use compliance::rules::Status;
use compliance::{Document, RuleSet};
use domain::ids::PrincipalId;
use domain::{Outcome, Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::Error;
use crate::quoting::tests::support::{Manner, Stage, borrower, key};
use crate::rules::RuleBook;
use crate::rules::publish::{NewRules, PublicationState, PublicationView};
use crate::store::constraint;
use crate::{Aggregator, World};

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

/// A Stage whose program has registered its rules.
async fn stage(db: PgPool) -> Stage {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    assert!(stage.aggregator.register_rules().await.unwrap());
    assert!(!stage.aggregator.register_rules().await.unwrap(), "once");
    stage.aggregator.refresh_rules().await.unwrap();
    stage
}

fn today(stage: &Stage) -> NaiveDate {
    stage.aggregator.world.clock.now().date_naive()
}

/// The rules of the program with a lower cap in the borrower's state from `day` on, as a correction of what was known.
fn lower(day: NaiveDate) -> Vec<Document> {
    let mut documents = RuleSet::built_in_documents();
    documents.push(Document {
        name: "cap.toml".into(),
        text: String::new(),
    });
    let rule = |id: &str, version: u32, more: &str| {
        format!(
            "\n[[rule]]\nid = \"{id}\"\nversion = {version}\ntopic = \"RATE_CAP\"\njurisdiction = \"US-CA\"\n{more}known_from = \"{day}\"\n\
             status = \"verified\"\ncitation = \"a test\"\nretention = \"REG_Z\"\nmessage = \"The cost is too high.\"\n\
             when = {{ field = \"VERIFIED_APR\", op = \"GT\", value = \"5\", unit = \"PERCENT_PER_YEAR\" }}\n\
             outcome = \"DECLINE\"\ncode = \"APR_ABOVE_CAP\"\n"
        )
    };
    let text = rule("us-ca-cap", 2, "effective_from = \"2021-01-01\"\nsupersedes = 1\n");
    let last = documents.last_mut().unwrap();
    last.text = format!("schema = 2\n{text}");
    documents
}

fn wish(documents: Vec<Document>, from: NaiveDate) -> NewRules {
    NewRules {
        documents,
        effective_from: from,
        reason: "The statute was read.".into(),
    }
}

fn code<T: std::fmt::Debug>(refused: Result<T, Error>) -> String {
    match refused {
        Err(Error::Refused(refusal)) => refusal.code,
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

async fn approved(stage: &Stage, new: NewRules) -> PublicationView {
    let proposed = stage
        .aggregator
        .propose_rules(&ada(), &key("propose"), new)
        .await
        .unwrap();
    assert_eq!(proposed.state, PublicationState::Proposed);
    let (approver, approval) = (bob(), key("approve"));
    let decided = stage
        .aggregator
        .decide_rules(&approver, &approval, (proposed.id, true), "I read it too.");
    decided.await.unwrap()
}

#[sqlx::test(migrations = "./migrations")]
async fn a_set_decides_from_its_day_on_and_old_decisions_replay_by_the_old_one(db: PgPool) {
    let stage = stage(db.clone()).await;
    let before = stage.closed("before").await;
    let first = stage.aggregator.world.rules.running().sha256().to_owned();
    let tomorrow = today(&stage).succ_opt().unwrap();
    let publication = approved(&stage, wish(lower(today(&stage)), tomorrow)).await;
    assert!(!publication.running, "its day has not come");
    assert_eq!(stage.aggregator.world.rules.running().sha256(), first);
    stage.clock.advance(Duration::from_hours(24));
    assert_eq!(stage.aggregator.refresh_rules().await.unwrap(), 1);
    assert_eq!(stage.aggregator.refresh_rules().await.unwrap(), 0);
    assert_eq!(stage.aggregator.world.rules.running().sha256(), publication.sha256);
    let after = stage.closed("after").await;
    assert_eq!(after.losers[0].reasons[0].code, "APR_ABOVE_CAP", "{after:?}");
    // Another process, that began with its own rules, replays both from what is stored.
    let other = Aggregator::new(World {
        rules: RuleBook::built_in().unwrap(),
        ..stage.aggregator.world.clone()
    });
    for request in [before.id, after.id] {
        let replays = other.replay_rules(&ada(), request).await.unwrap();
        assert_eq!(replays.len(), 2);
        for replay in replays {
            assert_eq!(replay.replayed, replay.stored, "{:?}", replay.kind);
        }
    }
    assert_eq!(other.refresh_rules().await.unwrap(), 1, "every process follows");
    let listed = stage.aggregator.rule_publications(&ada(), 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].running && !listed[1].running && listed[1].built_in);
    let changes = stage.aggregator.rule_changes(&ada(), listed[1].id).await.unwrap();
    assert_eq!(
        (changes[0].id.as_str(), changes[0].what.as_str()),
        ("us-ca-cap", "REMOVED")
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn nobody_approves_what_they_proposed(db: PgPool) {
    let stage = stage(db.clone()).await;
    let a = &stage.aggregator;
    let new = wish(lower(today(&stage)), today(&stage));
    let proposed = a.propose_rules(&ada(), &key("p"), new.clone()).await.unwrap();
    let again = a.propose_rules(&ada(), &key("p"), new.clone()).await.unwrap();
    assert_eq!(again, proposed, "one key, one proposal");
    let own = a.decide_rules(&ada(), &key("own"), (proposed.id, true), "mine").await;
    assert_eq!(code(own), "FOUR_EYES");
    let statement = "update rules.publication set state = 'APPROVED', decided_by = proposed_by, decided_at = now(),
                     decision_reason = 'x' where state = 'PROPOSED'";
    let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
    assert_eq!(constraint(&refused), Some("publication_four_eyes"));
    let other = wish(RuleSet::built_in_documents(), today(&stage));
    assert_eq!(code(a.propose_rules(&bob(), &key("q"), other).await), "RULES_PUBLISHED");
    let mut second = lower(today(&stage));
    second[0].text.push('\n');
    let second = wish(second, today(&stage));
    assert_eq!(code(a.propose_rules(&bob(), &key("r"), second).await), "PROPOSAL_OPEN");
    let approved = a
        .decide_rules(&bob(), &key("a"), (proposed.id, true), "yes")
        .await
        .unwrap();
    let running = a.rule_publication(&bob(), approved.id).await.unwrap().running;
    assert!(running, "its day is today");
    let late = a.decide_rules(&bob(), &key("b"), (proposed.id, false), "no").await;
    assert_eq!(code(late), "PROPOSAL_DECIDED");
    for caller in [borrower()] {
        assert!(matches!(a.rule_publications(&caller, 1).await, Err(Error::Forbidden)));
        assert!(matches!(
            a.propose_rules(&caller, &key("x"), new.clone()).await,
            Err(Error::Forbidden)
        ));
        assert!(matches!(a.rules(&caller, None).await, Err(Error::Forbidden)));
    }
    for (statement, expected) in [
        (
            "update rules.publication set state = 'REJECTED'",
            "publication_transition",
        ),
        ("delete from rules.publication", "append_only"),
        ("update rules.rule_set set documents = '[]'", "append_only"),
        ("delete from rules.audit", "append_only"),
    ] {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some(expected), "{statement}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_set_that_is_wrong_or_rewrites_the_past_is_refused_with_its_place(db: PgPool) {
    let stage = stage(db).await;
    let a = &stage.aggregator;
    let message = |refused: Result<PublicationView, Error>| match refused {
        Err(Error::Refused(refusal)) => format!("{}: {}", refusal.code, refusal.message),
        other => panic!("{other:?}"),
    };
    let mut broken = lower(today(&stage));
    broken[6].text = broken[6].text.replace("PERCENT_PER_YEAR", "DAYS");
    let refused = message(a.propose_rules(&ada(), &key("a"), wish(broken, today(&stage))).await);
    assert!(
        refused.starts_with("RULES_REFUSED: cap.toml: rule us-ca-cap: when.unit"),
        "{refused}"
    );
    let mut rewritten = RuleSet::built_in_documents();
    for document in &mut rewritten {
        document.text = document.text.replace("value = \"45\"", "value = \"60\"");
    }
    let refused = message(a.propose_rules(&ada(), &key("b"), wish(rewritten, today(&stage))).await);
    assert!(
        refused.starts_with("RULES_REWRITTEN: rule us-ca-cap version 1: when"),
        "{refused}"
    );
    let yesterday = today(&stage).pred_opt().unwrap();
    let late = a
        .propose_rules(&ada(), &key("c"), wish(lower(today(&stage)), yesterday))
        .await;
    assert_eq!(code(late), "effectiveFrom");
    let none = a
        .propose_rules(&ada(), &key("d"), wish(Vec::new(), today(&stage)))
        .await;
    assert_eq!(code(none), "documents");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_proposed_set_decides_beside_and_its_differences_are_counted(db: PgPool) {
    let stage = stage(db).await;
    let a = &stage.aggregator;
    stage.closed("old").await;
    stage.clock.advance(Duration::from_mins(2));
    let proposed = a
        .propose_rules(&ada(), &key("p"), wish(lower(today(&stage)), today(&stage)))
        .await
        .unwrap();
    stage.closed("new").await;
    assert_eq!(
        a.shadow_rules().await.unwrap(),
        2,
        "the last minute may still be committed"
    );
    stage.clock.advance(Duration::from_mins(2));
    assert_eq!(a.shadow_rules().await.unwrap(), 2);
    assert_eq!(a.shadow_rules().await.unwrap(), 0);
    let shadow = a.rule_publication(&bob(), proposed.id).await.unwrap().shadow.unwrap();
    assert_eq!(
        (shadow.decided, shadow.differing, shadow.failed),
        (4, 2, 0),
        "an offer of each request"
    );
    let differences = a.rule_differences(&bob(), proposed.id, 10).await.unwrap();
    assert_eq!(differences.len(), 2);
    for found in differences {
        assert_eq!(found.kind, "OFFER");
        assert_eq!(
            (found.difference.was, found.difference.would_be),
            (Outcome::Offer, Outcome::Decline)
        );
        assert_eq!(found.difference.reasons_new, ["APR_ABOVE_CAP"]);
    }
    let rejected = a
        .decide_rules(&bob(), &key("r"), (proposed.id, false), "Too low.")
        .await
        .unwrap();
    assert_eq!(rejected.state, PublicationState::Rejected);
    stage.closed("later").await;
    stage.clock.advance(Duration::from_mins(2));
    assert_eq!(a.shadow_rules().await.unwrap(), 0, "a decided set runs no more");
    assert!(
        stage
            .aggregator
            .world
            .rules
            .running()
            .all()
            .any(|rule| rule.status == Status::Seed)
    );
}

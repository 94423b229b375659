//! What a person has to look at, and what a clearance does.

use std::time::Duration;

use ::risk::{FeatureSet, RiskDecision};
use domain::Outcome;
use domain::ids::RequestId;
use domain::request::CreditRequest;
use sqlx::PgPool;
use uuid::Uuid;

use super::models::{officer, stage};
use crate::api::Error;
use crate::decisions::{self, about_risk};
use crate::quoting::tests::support::{Stage, ask, borrower, key};
use crate::risk::reviews::ReviewState;
use crate::risk::{follow_decision, standing};

/// The stored request of the borrower, as a new one.
async fn asked(stage: &Stage, name: &str) -> CreditRequest {
    let view = stage.closed_for(name, ask()).await;
    let world = stage.aggregator.world();
    let request = stage.whole(view.id).await;
    CreditRequest {
        id: RequestId(world.ids.next()),
        at: world.clock.now(),
        ..request
    }
}

/// Decides about a request whose velocity counters cannot be asked, which for its amount asks for a review.
async fn decided(stage: &Stage, request: &CreditRequest) -> RiskDecision {
    let world = stage.aggregator.world();
    let mut features = FeatureSet::of(request);
    features.fraud.unavailable = true;
    standing(world, request, &mut features).await.unwrap();
    let about = about_risk(world, request, &features).unwrap();
    let mut tx = world.db.begin().await.unwrap();
    let id = about.decided.id;
    decisions::store(&mut tx, request.id, "QUOTING", &[about.decided], request.at)
        .await
        .unwrap();
    follow_decision(&mut tx, world, request, (id, &about.decision))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    about.decision
}

fn later(stage: &Stage, request: &CreditRequest) -> CreditRequest {
    let world = stage.aggregator.world();
    CreditRequest {
        id: RequestId(world.ids.next()),
        at: world.clock.now(),
        ..request.clone()
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_officer_clears_a_borrower_for_thirty_days(db: PgPool) {
    let stage = stage(db.clone()).await;
    let (a, ada) = (&stage.aggregator, officer(71));
    let request = asked(&stage, "first").await;
    let first = decided(&stage, &request).await;
    assert_eq!(
        (first.outcome, first.reasons[0].code.as_str()),
        (Outcome::MoreInfo, "REVIEW_NEEDED")
    );
    let open = a.risk_reviews(&ada, Some(ReviewState::Open), 10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        open[0].fraud["outcome"], "REVIEW",
        "officers see what fired: {:?}",
        open[0].fraud
    );
    assert!(open[0].features["facts"].is_object());
    assert!(matches!(
        a.risk_reviews(&borrower(), None, 10).await,
        Err(Error::Forbidden)
    ));
    assert!(matches!(
        a.decide_review(&borrower(), &key("x"), (open[0].id, true), "me").await,
        Err(Error::Forbidden)
    ));
    let cleared = a
        .decide_review(&ada, &key("c"), (open[0].id, true), "we called them")
        .await
        .unwrap();
    let again = a
        .decide_review(&ada, &key("c"), (open[0].id, true), "we called them")
        .await
        .unwrap();
    assert_eq!((cleared.state, &cleared), (ReviewState::Cleared, &again));
    match a.decide_review(&ada, &key("d"), (open[0].id, false), "no").await {
        Err(Error::Refused(refusal)) => assert_eq!(refusal.code, "REVIEW_DECIDED"),
        other => panic!("{other:?}"),
    }

    let second = decided(&stage, &later(&stage, &request)).await;
    assert!(
        matches!(second.outcome, Outcome::Offer | Outcome::Counter),
        "{second:?}"
    );
    stage.clock.advance(Duration::from_hours(30 * 24));
    let third = decided(&stage, &later(&stage, &request)).await;
    assert_eq!(third.outcome, Outcome::MoreInfo, "the clearance is over");
    let open = a.risk_reviews(&ada, Some(ReviewState::Open), 10).await.unwrap();
    a.decide_review(&ada, &key("e"), (open[0].id, false), "they did not answer")
        .await
        .unwrap();
    let fourth = decided(&stage, &later(&stage, &request)).await;
    assert_eq!(fourth.outcome, Outcome::MoreInfo, "a decline clears nobody");
    let told: Vec<String> =
        sqlx::query_scalar("select kind from events.outbox where aggregate = 'risk_review' order by seq")
            .fetch_all(&db)
            .await
            .unwrap();
    let (opened, cleared, declined) = ("RiskReviewOpened", "RiskReviewCleared", "RiskReviewDeclined");
    assert_eq!(told, [opened, cleared, opened, declined, opened]);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_that_is_fine_needs_no_review(db: PgPool) {
    let stage = stage(db).await;
    stage.closed("fine").await;
    let all = stage.aggregator.risk_reviews(&officer(71), None, 10).await.unwrap();
    assert!(all.is_empty(), "{all:?}");
    let gone = stage
        .aggregator
        .decide_review(&officer(71), &key("x"), (Uuid::nil(), true), "x")
        .await;
    assert!(matches!(gone, Err(Error::NotFound)));
}

//! The risk decision of a request: gathered once, told by approved words alone, replayed after other models took over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::risk::{Challenger, ModelSet, Rules};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::loan::RequestState;
use domain::ports::Velocity;
use domain::ports::velocity::{HashedKey, Seen, Sighting, VelocityError};
use sqlx::PgPool;

use super::support::{Manner, Stage, ask, borrower, key};
use crate::Aggregator;

/// Counters that never answer, and count how often they are asked.
#[derive(Default)]
struct Down(AtomicUsize);

#[async_trait]
impl Velocity for Down {
    async fn observe(&self, _: &Sighting) -> Result<Seen, VelocityError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(VelocityError::TimedOut)
    }

    async fn flag(&self, _: HashedKey, _: DateTime<Utc>) -> Result<(), VelocityError> {
        Err(VelocityError::TimedOut)
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_repeated_request_is_answered_before_anything_is_gathered(db: PgPool) {
    let stage = Stage::new(db, &[("fast", Manner::Offers(45_000))]);
    let down = Arc::new(Down::default());
    let mut world = stage.aggregator.world().clone();
    world.velocity = down.clone();
    let aggregator = Aggregator::new(world);
    let first = aggregator
        .request_quotes(&borrower(), &key("once"), ask())
        .await
        .unwrap();
    assert_eq!(down.0.load(Ordering::Relaxed), 1);
    let again = aggregator
        .request_quotes(&borrower(), &key("once"), ask())
        .await
        .unwrap();
    assert_eq!(again.id, first.id);
    assert_eq!(down.0.load(Ordering::Relaxed), 1, "asked again");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_review_tells_the_borrower_the_approved_text_and_nothing_of_fraud_checks(db: PgPool) {
    let stage = Stage::new(db, &[("fast", Manner::Offers(45_000))]);
    let mut world = stage.aggregator.world().clone();
    world.velocity = Arc::new(Down::default());
    let rules = Rules::built_in().unwrap();
    let aggregator = Aggregator::new(world);
    let view = aggregator
        .request_quotes(&borrower(), &key("review"), ask())
        .await
        .unwrap();
    assert_eq!(view.state, RequestState::Declined);
    let told: Vec<(&str, &str)> = view
        .refusal
        .iter()
        .map(|r| (r.code.as_str(), r.text.as_str()))
        .collect();
    assert_eq!(told, [("REVIEW_NEEDED", rules.fraud.notice().text.as_str())]);
    let decisions = aggregator.replay_decisions(view.id).await.unwrap();
    let risk = decisions.iter().find(|d| d.kind.as_str() == "RISK").unwrap();
    let stored: ::risk::RiskDecision = serde_json::from_slice(&risk.stored).unwrap();
    assert!(!stored.fraud.fired.is_empty(), "officers see what fired");
    let cases: Vec<(String, String, String)> = sqlx::query_as("select kind, severity, evidence from cases.case")
        .fetch_all(&aggregator.world().db)
        .await
        .unwrap();
    assert_eq!(cases.len(), 1, "an officer has to look");
    assert_eq!((cases[0].0.as_str(), cases[0].1.as_str()), ("FRAUD_ALERT", "REVIEW"));
    assert!(cases[0].2.contains("STORE_UNAVAILABLE"), "{}", cases[0].2);
}

#[sqlx::test(migrations = "./migrations")]
async fn decisions_replay_to_the_same_bytes_after_other_models_took_over(db: PgPool) {
    let stage = Stage::new(db, &[("fast", Manner::Offers(45_000))]);
    let before = stage.closed("before").await;
    let engine = Arc::clone(&stage.aggregator.world().risk);
    let old = engine.current();
    let (challenger, _) = old.challengers().next().unwrap();
    let alone = ModelSet::new(Arc::clone(old.champion()), vec![], Rules::built_in().unwrap()).unwrap();
    engine.swap(alone);
    let after = stage.closed("after").await;
    let mut decided = Vec::new();
    for view in [before, after] {
        for decision in stage.aggregator.replay_decisions(view.id).await.unwrap() {
            assert_eq!(decision.stored, decision.replayed);
            if decision.kind.as_str() == "RISK" {
                let stored: ::risk::RiskDecision = serde_json::from_slice(&decision.stored).unwrap();
                decided.push(stored.set.challengers.len());
            }
        }
    }
    assert_eq!(decided, [1, 0]);
    let artefact = Arc::clone(challenger);
    let back = vec![Challenger { artefact, share_ppm: 0 }];
    engine.swap(ModelSet::new(Arc::clone(old.champion()), back, Rules::built_in().unwrap()).unwrap());
    assert_eq!(engine.current().name(), old.name());
}

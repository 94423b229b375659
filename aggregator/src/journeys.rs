//! Journeys at lenders that call back, in PostgreSQL: a restart in the middle of one loses nothing, and any process may take an answer.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::ProviderId;
use domain::ports::{JourneyKey, JourneyRecord, JourneyStore, Question, StoreFailure};
use sqlx::PgPool;

use crate::chain_log::failure;
use crate::store::networks;

/// [`JourneyStore`] in PostgreSQL. Lenders are made before the use cases, so it stands on the pool alone.
#[derive(Clone, Debug)]
pub struct PgJourneys(PgPool);

impl PgJourneys {
    /// In that database, which is migrated.
    pub fn new(db: PgPool) -> Self {
        Self(db)
    }
}

#[async_trait]
impl JourneyStore for PgJourneys {
    async fn find(&self, provider: &ProviderId, key: JourneyKey<'_>) -> Result<Option<JourneyRecord>, StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::journey(&mut conn, provider, key).await.map_err(failure)
    }

    async fn save(&self, provider: &ProviderId, record: &JourneyRecord) -> Result<bool, StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::save_journey(&mut conn, provider, record)
            .await
            .map_err(failure)
    }

    async fn ask(&self, provider: &ProviderId, question: &Question) -> Result<(), StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::ask(&mut conn, provider, question).await.map_err(failure)
    }

    async fn question(&self, provider: &ProviderId, id: &str) -> Result<Option<Question>, StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::question(&mut conn, provider, id).await.map_err(failure)
    }

    async fn answer(&self, provider: &ProviderId, id: &str, body: &[u8]) -> Result<bool, StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::answer(&mut conn, provider, id, body).await.map_err(failure)
    }

    async fn give_up(&self, provider: &ProviderId, id: &str, at: DateTime<Utc>) -> Result<(), StoreFailure> {
        let mut conn = self.0.acquire().await.map_err(failure)?;
        networks::give_up(&mut conn, provider, id, at).await.map_err(failure)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::SettlementId;
    use domain::ports::Handoff;
    use uuid::Uuid;

    use super::*;

    fn lender() -> ProviderId {
        "net-lender".parse().unwrap()
    }

    fn record(id: &str, version: i64) -> JourneyRecord {
        JourneyRecord {
            id: id.into(),
            version,
            topic: None,
            settlement: None,
            handoff: None,
            body: format!("{{\"v\":{version}}}"),
        }
    }

    #[sqlx::test]
    async fn a_journey_is_written_by_who_saw_its_last_version(db: PgPool) {
        let store = PgJourneys::new(db);
        assert!(store.save(&lender(), &record("t", 0)).await.unwrap());
        assert!(!store.save(&lender(), &record("t", 0)).await.unwrap(), "it is there");
        assert!(store.save(&lender(), &record("t", 1)).await.unwrap());
        assert!(
            !store.save(&lender(), &record("t", 1)).await.unwrap(),
            "another was faster"
        );
        let found = store.find(&lender(), JourneyKey::Id("t")).await.unwrap().unwrap();
        assert_eq!((found.version, found.body.as_str()), (2, "{\"v\":1}"));
        let other = "other-lender".parse().unwrap();
        assert_eq!(store.find(&other, JourneyKey::Id("t")).await.unwrap(), None);
    }

    #[sqlx::test]
    async fn a_settlement_has_one_journey_and_keeps_it(db: PgPool) {
        let store = PgJourneys::new(db);
        let settlement = SettlementId(Uuid::from_u128(7));
        let taken = |id: &str, version| JourneyRecord {
            settlement: Some(settlement),
            handoff: Some(Handoff {
                title: None,
                url: "https://lender.example/kyc".into(),
            }),
            ..record(id, version)
        };
        assert!(store.save(&lender(), &taken("one", 0)).await.unwrap());
        assert!(!store.save(&lender(), &taken("two", 0)).await.unwrap());
        let found = store.find(&lender(), JourneyKey::Settlement(settlement)).await.unwrap();
        assert_eq!(
            found,
            Some(JourneyRecord {
                version: 1,
                ..taken("one", 0)
            })
        );
        assert!(
            store.save(&lender(), &record("one", 1)).await.is_err(),
            "a journey does not lose its settlement"
        );
        let other = JourneyRecord {
            settlement: Some(SettlementId(Uuid::from_u128(8))),
            ..record("one", 1)
        };
        assert!(store.save(&lender(), &other).await.is_err());
    }

    #[sqlx::test]
    async fn the_newest_journey_of_a_topic_is_found_until_a_settlement_has_it(db: PgPool) {
        let store = PgJourneys::new(db);
        let about = |id: &str| JourneyRecord {
            topic: Some("a loan".into()),
            ..record(id, 0)
        };
        for id in ["old", "new"] {
            assert!(store.save(&lender(), &about(id)).await.unwrap());
        }
        let found = async || {
            store
                .find(&lender(), JourneyKey::Topic("a loan"))
                .await
                .unwrap()
                .map(|r| r.id)
        };
        assert_eq!(found().await.as_deref(), Some("new"));
        let accepted = JourneyRecord {
            version: 1,
            settlement: Some(SettlementId(Uuid::from_u128(7))),
            ..about("new")
        };
        assert!(store.save(&lender(), &accepted).await.unwrap());
        assert_eq!(found().await.as_deref(), Some("old"));
    }

    #[sqlx::test]
    async fn a_question_has_one_answer_and_is_asked_anew_under_its_id(db: PgPool) {
        let store = PgJourneys::new(db);
        let asked: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let question = Question {
            id: "m".into(),
            thread: "t".into(),
            kind: "confirm".into(),
            asked,
            until: asked + TimeDelta::seconds(4),
            answer: None,
        };
        store.ask(&lender(), &question).await.unwrap();
        assert_eq!(store.question(&lender(), "m").await.unwrap().as_ref(), Some(&question));
        assert!(store.answer(&lender(), "m", b"one").await.unwrap());
        assert!(!store.answer(&lender(), "m", b"two").await.unwrap());
        let found = store.question(&lender(), "m").await.unwrap().unwrap();
        assert_eq!(found.answer.as_deref(), Some(b"one".as_slice()));
        store.give_up(&lender(), "m", asked).await.unwrap();
        assert_eq!(store.question(&lender(), "m").await.unwrap().unwrap().until, asked);
        store.ask(&lender(), &question).await.unwrap();
        assert_eq!(store.question(&lender(), "m").await.unwrap(), Some(question));
        assert!(!store.answer(&lender(), "other", b"one").await.unwrap());
    }
}

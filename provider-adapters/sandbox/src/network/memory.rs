//! Journeys in memory: for tests, and for adapters that are tried out. A lender in production keeps them in the database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ProviderId;
use domain::ports::{JourneyKey, JourneyRecord, JourneyStore, Question, StoreFailure};

/// A store that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryJourneys(Mutex<Records>);

#[derive(Debug, Default)]
struct Records {
    journeys: Vec<(ProviderId, JourneyRecord)>,
    questions: HashMap<(ProviderId, String), Question>,
}

impl MemoryJourneys {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl JourneyStore for MemoryJourneys {
    async fn find(&self, provider: &ProviderId, key: JourneyKey<'_>) -> Result<Option<JourneyRecord>, StoreFailure> {
        let records = self.lock();
        let mut own = records.journeys.iter().filter(|(of, _)| of == provider).rev();
        let found = own.find(|(_, record)| match key {
            JourneyKey::Id(id) => record.id == id,
            JourneyKey::Settlement(settlement) => record.settlement == Some(settlement),
            JourneyKey::Topic(topic) => record.topic.as_deref() == Some(topic) && record.settlement.is_none(),
        });
        Ok(found.map(|(_, record)| record.clone()))
    }

    async fn save(&self, provider: &ProviderId, record: &JourneyRecord) -> Result<bool, StoreFailure> {
        let mut records = self.lock();
        let own = |(of, known): &&mut (ProviderId, JourneyRecord)| of == provider && known.id == record.id;
        let taken = record.settlement.is_some()
            && records
                .journeys
                .iter()
                .any(|(of, known)| of == provider && known.id != record.id && known.settlement == record.settlement);
        if taken {
            return Ok(false);
        }
        let next = JourneyRecord {
            version: record.version + 1,
            ..record.clone()
        };
        match records.journeys.iter_mut().find(own) {
            Some((_, known)) if known.version == record.version => *known = next,
            None if record.version == 0 => records.journeys.push((provider.clone(), next)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    async fn ask(&self, provider: &ProviderId, question: &Question) -> Result<(), StoreFailure> {
        let key = (provider.clone(), question.id.clone());
        self.lock().questions.insert(key, question.clone());
        Ok(())
    }

    async fn question(&self, provider: &ProviderId, id: &str) -> Result<Option<Question>, StoreFailure> {
        let key = (provider.clone(), id.to_owned());
        Ok(self.lock().questions.get(&key).cloned())
    }

    async fn answer(&self, provider: &ProviderId, id: &str, body: &[u8]) -> Result<bool, StoreFailure> {
        let key = (provider.clone(), id.to_owned());
        let mut records = self.lock();
        let Some(question) = records.questions.get_mut(&key).filter(|q| q.answer.is_none()) else {
            return Ok(false);
        };
        question.answer = Some(body.to_vec());
        Ok(true)
    }

    async fn give_up(&self, provider: &ProviderId, id: &str, at: DateTime<Utc>) -> Result<(), StoreFailure> {
        let key = (provider.clone(), id.to_owned());
        if let Some(question) = self.lock().questions.get_mut(&key) {
            question.until = question.until.min(at);
        }
        Ok(())
    }
}

//! What is remembered of loans at lenders that answer later and elsewhere: by a call of theirs, to whichever of our processes gets it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::StoreFailure;
use crate::ids::{ProviderId, SettlementId};

/// A page of the lender's where the borrower has to act: identification, consent, signature, mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// What it is about, in the lender's words, such as `KYC`.
    pub title: Option<String>,
    /// Where it is. Always https, or this machine in development.
    pub url: String,
}

/// By what a journey is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JourneyKey<'a> {
    /// Its own id.
    Id(&'a str),
    /// The settlement that it serves. A lender has one journey for a settlement.
    Settlement(SettlementId),
    /// What it is about; the newest of them that no settlement has.
    Topic(&'a str),
}

/// One journey, as its lender's adapter writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyRecord {
    /// The adapter's id of it.
    pub id: String,
    /// How often it was written; 0 of one that was not.
    pub version: i64,
    /// What it is about, when it waits to be taken up again by the next question.
    pub topic: Option<String>,
    /// The settlement that it serves.
    pub settlement: Option<SettlementId>,
    /// Where the borrower has to act now.
    pub handoff: Option<Handoff>,
    /// The adapter's own record, JSON. No personal data stands in it.
    pub body: String,
}

/// A message of ours whose answer comes as a call of the lender's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The id that the answer repeats.
    pub id: String,
    /// The conversation that it belongs to, as the answer names it.
    pub thread: String,
    /// What is asked: the adapter's word.
    pub kind: String,
    /// When it was asked.
    pub asked: DateTime<Utc>,
    /// Nobody waits any more from then on.
    pub until: DateTime<Utc>,
    /// The answer, once it came: the raw body.
    pub answer: Option<Vec<u8>>,
}

/// Journeys and open questions. Every method returns once its effect is durable and seen by every process.
#[async_trait]
pub trait JourneyStore: Send + Sync {
    /// The journey, when there is one.
    async fn find(&self, provider: &ProviderId, key: JourneyKey<'_>) -> Result<Option<JourneyRecord>, StoreFailure>;

    /// Writes a journey as the next version of `record.version`. False when another process wrote in between, or another journey has its
    /// settlement: then nothing changed.
    async fn save(&self, provider: &ProviderId, record: &JourneyRecord) -> Result<bool, StoreFailure>;

    /// Notes a question before it is sent. Asked again under the same id, it waits for a new answer.
    async fn ask(&self, provider: &ProviderId, question: &Question) -> Result<(), StoreFailure>;

    /// The question of that id, when it was asked and not forgotten. It is remembered for a day.
    async fn question(&self, provider: &ProviderId, id: &str) -> Result<Option<Question>, StoreFailure>;

    /// Notes the answer to a question. False when it has one already: then nothing changed.
    async fn answer(&self, provider: &ProviderId, id: &str, body: &[u8]) -> Result<bool, StoreFailure>;

    /// Nobody waits for the answer from `at` on.
    async fn give_up(&self, provider: &ProviderId, id: &str, at: DateTime<Utc>) -> Result<(), StoreFailure>;
}

//! What is remembered of a journey, and where. A restart loses nothing: every intent is stored before it leaves the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::{Money, ProviderId, Reason, SettlementId};
use sdk::{LenderError, LenderStatus};
use serde::{Deserialize, Serialize};

use super::table::Stage;

/// Records of journeys by key, of every lender that speaks by callbacks. `save` returns once the record is durable.
#[async_trait]
pub trait JourneyStore: Send + Sync {
    /// The record, when there is one.
    async fn load(&self, provider: &ProviderId, key: &str) -> Result<Option<Vec<u8>>, LenderError>;
    /// Writes a record, in place of what was there.
    async fn save(&self, provider: &ProviderId, key: &str, record: &[u8]) -> Result<(), LenderError>;
}

/// A store that lasts as long as the process. For development and tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<HashMap<(ProviderId, String), Vec<u8>>>);

#[async_trait]
impl JourneyStore for MemoryStore {
    async fn load(&self, provider: &ProviderId, key: &str) -> Result<Option<Vec<u8>>, LenderError> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.get(&(provider.clone(), key.to_owned())).cloned())
    }

    async fn save(&self, provider: &ProviderId, key: &str, record: &[u8]) -> Result<(), LenderError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.insert((provider.clone(), key.to_owned()), record.to_vec());
        Ok(())
    }
}

/// A form of the lender's that the borrower must fill in: show the link. It carries identification, consent, mandate or signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// The lender's id of the form.
    pub form: String,
    /// What it is about, in the lender's words, such as `KYC`.
    pub title: Option<String>,
    /// Where it is. Always https, or this machine in development.
    pub url: String,
    /// The lender's receipt, once the borrower sent it.
    pub submission: Option<String>,
}

/// One item that was priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) terms: Option<Terms>,
}

/// What was offered and must not change until it is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) principal: Money,
    pub(super) interest: Money,
    pub(super) net: Money,
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journey {
    pub(super) transaction: String,
    pub(super) stage: Stage,
    /// The lender's id in its own catalog.
    pub(super) provider: String,
    pub(super) items: Vec<Item>,
    /// The item that the lender has in hand: the last one selected.
    pub(super) selected: Option<String>,
    /// The form that is open, if any.
    pub(super) form: Option<Handoff>,
    /// The accepted item.
    pub(super) accepted: Option<String>,
    pub(super) settlement: Option<SettlementId>,
    /// A confirmation left the process and its answer did not come.
    pub(super) confirming: bool,
    /// The lender's id of the loan.
    pub(super) order: Option<String>,
    /// Where it ended.
    pub(super) ended: Option<LenderStatus>,
}

impl Journey {
    pub(super) fn new(transaction: String) -> Self {
        Self {
            transaction,
            stage: Stage::Opened,
            provider: String::new(),
            items: Vec::new(),
            selected: None,
            form: None,
            accepted: None,
            settlement: None,
            confirming: false,
            order: None,
            ended: None,
        }
    }

    pub(super) fn item(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The form waits for the borrower.
    pub(super) fn waits(&self) -> bool {
        self.form.as_ref().is_some_and(|form| form.submission.is_none())
    }

    pub(super) fn reject(&mut self, reason: Reason) {
        self.ended = Some(LenderStatus::Rejected { reasons: vec![reason] });
    }

    pub(super) fn status(&self) -> LenderStatus {
        self.ended.clone().unwrap_or(LenderStatus::Accepted)
    }
}

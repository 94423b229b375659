//! What is remembered of a journey. A restart loses nothing: every intent is stored before it leaves the process.

use domain::ports::{Handoff, JourneyRecord};
use domain::{Money, Reason, SettlementId};
use sdk::{LenderError, LenderStatus};
use serde::{Deserialize, Serialize};

use super::table::Stage;

/// A form of the lender's that the borrower must fill in: show the link. It carries identification, consent, mandate or signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// The lender's id of it.
    pub id: String,
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
    /// How often it was written.
    #[serde(skip)]
    pub(super) version: i64,
    pub(super) transaction: String,
    /// The question that takes it up again after a form.
    pub(super) topic: Option<String>,
    pub(super) stage: Stage,
    /// The lender's id in its own catalog.
    pub(super) provider: String,
    pub(super) items: Vec<Item>,
    /// The item that the lender has in hand: the last one selected.
    pub(super) selected: Option<String>,
    /// The form that is open, if any.
    pub(super) form: Option<Form>,
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
            version: 0,
            transaction,
            topic: None,
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

    /// From its record.
    pub(super) fn of(record: &JourneyRecord) -> Result<Self, LenderError> {
        let unreadable = |_| LenderError::Unavailable("a stored journey cannot be read".into());
        let journey: Self = serde_json::from_str(&record.body).map_err(unreadable)?;
        Ok(Self {
            version: record.version,
            ..journey
        })
    }

    /// Its record.
    pub(super) fn record(&self) -> Result<JourneyRecord, LenderError> {
        let unwritable = |_| LenderError::Unavailable("a journey cannot be written".into());
        let open = self.form.as_ref().filter(|_| self.ended.is_none() && self.waits());
        Ok(JourneyRecord {
            id: self.transaction.clone(),
            version: self.version,
            topic: self.topic.clone(),
            settlement: self.settlement,
            handoff: open.map(|form| Handoff {
                title: form.title.clone(),
                url: form.url.clone(),
            }),
            body: serde_json::to_string(self).map_err(unwritable)?,
        })
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

//! What we know of a bank's payments. Every fact is a file of its own that is written once: the first writer wins, and the same fact
//! twice is one.

use alloy_primitives::{hex, keccak256};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Money, Reason, RequestId, SettlementId};
use sdk::LenderStatus;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::entry::Movement;
use super::folder::Folder;

/// The books cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// The file system refuses.
    #[error("the folder of the bank")]
    Io(#[from] std::io::Error),
    /// A file of ours is not what we wrote.
    #[error("the file {0} of the books is damaged")]
    Damaged(String),
}

pub(super) type Booked<T> = Result<T, BooksError>;

/// An accepted order: what is to be paid, and the file that says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub settlement: SettlementId,
    pub request: RequestId,
    pub reference: String,
    pub principal: Money,
    pub net: Money,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The `pain.001`, byte for byte.
    pub message: String,
}

/// What became of an order. There is one, and it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Outcome {
    /// The bank refused it.
    Refused { reasons: Vec<Reason> },
    /// The bank booked it.
    Disbursed {
        amount: Money,
        at: DateTime<Utc>,
        evidence: String,
    },
}

impl From<Outcome> for LenderStatus {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Refused { reasons } => Self::Rejected { reasons },
            Outcome::Disbursed { amount, at, evidence } => Self::Disbursed { amount, at, evidence },
        }
    }
}

/// A payment of a borrower that the bank booked, to be counted as a repayment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repayment {
    /// The settlement whose loan it repays.
    pub settlement: SettlementId,
    /// Amount.
    pub amount: Money,
    /// The bank's booking date.
    pub day: NaiveDate,
    /// The bank's reference of the entry: the same in every statement that shows it.
    pub evidence: String,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SetAside<'a> {
    pub why: &'a str,
    /// The file that showed it.
    pub file: &'a str,
    pub movement: Option<&'a Movement>,
    pub amount: Option<Money>,
}

#[derive(Clone, Debug)]
pub(super) struct Books {
    pub folder: Folder,
}

/// The end-to-end id of a settlement: at most 35 characters, so without hyphens.
pub(super) fn end_to_end(settlement: SettlementId) -> String {
    settlement.0.simple().to_string()
}

/// A file name for any text.
pub(super) fn name_of(text: &str) -> String {
    hex::encode(&keccak256(text)[..20])
}

impl Books {
    fn read<T: DeserializeOwned>(&self, name: &str) -> Booked<Option<T>> {
        let bytes = self.folder.get(name)?;
        let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).map_err(|_| BooksError::Damaged(name.to_owned()));
        bytes.map(read).transpose()
    }

    fn put<T: Serialize>(&self, name: &str, fact: &T) -> Booked<bool> {
        let text = serde_json::to_vec(fact).map_err(|_| BooksError::Damaged(name.to_owned()))?;
        Ok(self.folder.put(name, &text)?)
    }

    pub(super) fn order(&self, id: &str) -> Booked<Option<Order>> {
        self.read(&format!("books/orders/{id}.json"))
    }

    /// Keeps an order; the one that was kept first counts.
    pub(super) fn keep_order(&self, id: &str, order: Order) -> Booked<Order> {
        if self.put(&format!("books/orders/{id}.json"), &order)? {
            return Ok(order);
        }
        Ok(self.order(id)?.unwrap_or(order))
    }

    pub(super) fn outcome(&self, id: &str) -> Booked<Option<Outcome>> {
        self.read(&format!("books/outcomes/{id}.json"))
    }

    /// Keeps an outcome; the one that was kept first counts.
    pub(super) fn conclude(&self, id: &str, outcome: Outcome) -> Booked<Outcome> {
        if self.put(&format!("books/outcomes/{id}.json"), &outcome)? {
            return Ok(outcome);
        }
        Ok(self.outcome(id)?.unwrap_or(outcome))
    }

    /// Whose loan a reference is: the end-to-end id of its settlement.
    pub(super) fn owner_of(&self, reference: &str) -> Booked<Option<String>> {
        self.read(&format!("books/references/{reference}.json"))
    }

    /// Gives a reference to a settlement; false when another has it.
    pub(super) fn keep_reference(&self, reference: &str, id: &str) -> Booked<bool> {
        let new = self.put(&format!("books/references/{reference}.json"), &id)?;
        Ok(new || self.owner_of(reference)?.as_deref() == Some(id))
    }

    /// Hands the file of an order to the transport, once. A crash between the file and the mark writes the same file again, which the
    /// bank refuses as a copy.
    pub(super) fn send(&self, id: &str, order: &Order) -> Booked<()> {
        let mark = format!("books/sent/{id}");
        if !self.folder.has(&mark)? {
            self.folder
                .replace(&format!("out/pain001-{id}.xml"), order.message.as_bytes())?;
            self.folder.put(&mark, b"")?;
        }
        Ok(())
    }

    /// Notes a movement, after its effect is on disk: true when it is new, none when another one has its identity.
    pub(super) fn note(&self, movement: &Movement) -> Booked<Option<bool>> {
        let name = format!("books/entries/{}.json", name_of(&movement.identity));
        if self.put(&name, movement)? {
            return Ok(Some(true));
        }
        Ok((self.read::<Movement>(&name)?.as_ref() == Some(movement)).then_some(false))
    }

    pub(super) fn noted(&self, identity: &str) -> Booked<Option<Movement>> {
        self.read(&format!("books/entries/{}.json", name_of(identity)))
    }

    /// Keeps a repayment to be counted, unless it was counted or set aside already.
    pub(super) fn await_counting(&self, repayment: &Repayment) -> Booked<()> {
        let name = name_of(&repayment.evidence);
        for part in ["counted", "aside"] {
            if self.folder.has(&format!("books/{part}/{name}.json"))? {
                return Ok(());
            }
        }
        self.put(&format!("books/pending/{name}.json"), repayment).map(drop)
    }

    /// Repayments to be counted.
    pub(super) fn pending(&self) -> Booked<Vec<Repayment>> {
        let names = self.folder.list("books/pending")?;
        let read = names.iter().map(|name| self.read(&format!("books/pending/{name}")));
        Ok(read
            .collect::<Booked<Vec<Option<Repayment>>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    pub(super) fn counted(&self, evidence: &str) -> Booked<()> {
        let name = name_of(evidence);
        Ok(self.folder.rename(
            &format!("books/pending/{name}.json"),
            &format!("books/counted/{name}.json"),
        )?)
    }

    /// Lays something before a person; the same thing twice is one.
    pub(super) fn set_aside(&self, identity: &str, aside: &SetAside<'_>) -> Booked<bool> {
        self.put(&format!("books/aside/{}.json", name_of(identity)), aside)
    }

    /// A repayment that our books refused: it waits for a person and is not tried again.
    pub(super) fn give_up(&self, repayment: &Repayment, why: &str) -> Booked<()> {
        let name = name_of(&repayment.evidence);
        let text = serde_json::json!({ "why": why, "repayment": repayment });
        self.put(&format!("books/aside/{name}.json"), &text)?;
        Ok(self
            .folder
            .rename(&format!("books/pending/{name}.json"), &format!("books/tmp/{name}.json"))?)
    }

    /// How many things wait for a person.
    pub(super) fn waiting(&self) -> Booked<usize> {
        Ok(self.folder.list("books/aside")?.len())
    }
}

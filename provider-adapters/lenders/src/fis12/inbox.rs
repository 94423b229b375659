//! Where a lender's callbacks arrive: checked, correlated by transaction and message, and held against the table. Free of any web
//! framework: a route hands over path, header and body, and sends back what [`Inbox::deliver`] says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sdk::beckn::{self, BecknError, Tolerance};
use sdk::normalise::Document;
use sdk::{Clock, PublicKey};
use serde_json::json;
use tokio::sync::oneshot;

use super::context::{Callback, ContextError, Parties};
use super::table::{Action, Stage, may_come_unasked, next};

/// Transactions that are remembered; the oldest go first.
const MAX_THREADS: usize = 50_000;
/// A transaction of which nothing was heard for so long is forgotten. Its journey is not: it is stored.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);
/// Callbacks of one transaction that are remembered.
const MAX_SEEN: usize = 256;

/// Why a callback was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not signed, or not by this lender.
    #[error("signature")]
    Signature(#[source] BecknError),
    /// No such callback.
    #[error("no such callback")]
    Path,
    /// A context that is wrong or stale.
    #[error("context")]
    Context(#[source] ContextError),
    /// No such transaction, or one that was forgotten.
    #[error("the transaction is unknown")]
    UnknownTransaction,
    /// The table does not allow it now, or nobody waits for it any more.
    #[error("not expected now")]
    NotExpected,
    /// The message came before with another body.
    #[error("the message id was used with another body")]
    Conflict,
}

/// What to answer a callback with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
}

/// What became of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It answered a question of ours.
    Answer,
    /// The lender said it unasked; the next status call reads what it means.
    Unasked,
    /// It came before; nothing was done.
    Repeated,
}

impl Reply {
    /// The acknowledgement, or its refusal.
    pub fn of(result: &Result<Taken, Refused>) -> Self {
        let Err(refused) = result else {
            let body = json!({ "message": { "ack": { "status": "ACK" } } });
            return Self {
                status: 200,
                body: body.to_string().into_bytes(),
            };
        };
        let (status, kind, code) = match refused {
            Refused::Signature(_) => (401, "CONTEXT-ERROR", "20001"),
            Refused::Path => (404, "CONTEXT-ERROR", "20000"),
            Refused::Context(ContextError::Stale) => (200, "CONTEXT-ERROR", "20002"),
            Refused::Context(_) => (200, "JSON-SCHEMA-ERROR", "20000"),
            Refused::UnknownTransaction | Refused::NotExpected | Refused::Conflict => (200, "CORE-ERROR", "20008"),
        };
        let message = match refused {
            Refused::Context(error) => error.to_string(),
            other => other.to_string(),
        };
        let error = json!({ "type": kind, "code": code, "message": message });
        let body = json!({ "message": { "ack": { "status": "NACK" } }, "error": error });
        Self {
            status,
            body: body.to_string().into_bytes(),
        }
    }
}

/// One lender's callbacks.
pub struct Inbox {
    parties: Parties,
    keys: Vec<PublicKey>,
    clock: Arc<dyn Clock>,
    threads: Mutex<HashMap<String, Thread>>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({})", self.parties.bpp.id)
    }
}

#[derive(Debug)]
struct Thread {
    stage: Stage,
    open: Option<Open>,
    /// Digest of each message that was taken.
    seen: HashMap<String, String>,
    touched: DateTime<Utc>,
}

#[derive(Debug)]
struct Open {
    action: Action,
    message: String,
    asked: DateTime<Utc>,
    waiter: oneshot::Sender<Vec<u8>>,
}

impl Inbox {
    /// `keys` are the lender's, by their ids in the registry.
    pub fn new(parties: Parties, keys: Vec<PublicKey>, clock: Arc<dyn Clock>) -> Self {
        Self {
            parties,
            keys,
            clock,
            threads: Mutex::default(),
        }
    }

    /// The two sides.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// Takes a callback: `name` is the last part of the path, such as `on_search`; `authorization` the header of that name.
    pub fn deliver(&self, name: &str, authorization: Option<&str>, body: &[u8]) -> Reply {
        Reply::of(&self.take(name, authorization, body))
    }

    /// The same with the reason.
    pub fn take(&self, name: &str, authorization: Option<&str>, body: &[u8]) -> Result<Taken, Refused> {
        let action = Action::of_callback(name).ok_or(Refused::Path)?;
        let now = self.clock.now();
        let header = authorization.ok_or(Refused::Signature(BecknError::Format("header")))?;
        let signed = beckn::verify(header, body, now, Tolerance::default(), |id| {
            let ours = id.subscriber == self.parties.bpp.id;
            self.keys.iter().find(|key| ours && key.id() == id.key).cloned()
        });
        let signed = signed.map_err(Refused::Signature)?;
        let document = Document::parse(body).map_err(|refusal| Refused::Context(refusal.into()))?;
        let callback = Callback::read(&document, &self.parties, action, &signed.subscriber, now);
        let callback = callback.map_err(Refused::Context)?;
        let digest = beckn::digest(body);
        let mut threads = self.lock();
        let thread = threads
            .get_mut(&callback.transaction)
            .ok_or(Refused::UnknownTransaction)?;
        thread.take(&callback, digest, body, now)
    }

    /// Waits for the answer to a question from now on: call it before the question is sent. `stage` is how far the journey has come by
    /// its own record; the table must allow the question there.
    pub fn expect(
        self: &Arc<Self>,
        (transaction, message): (&str, &str),
        stage: Stage,
        action: Action,
    ) -> Option<Expectation> {
        next(stage, action)?;
        let now = self.clock.now();
        let mut threads = self.lock();
        if threads.len() >= MAX_THREADS && !threads.contains_key(transaction) {
            threads.retain(|_, thread| thread.open.is_some() || thread.touched + FORGOTTEN_AFTER > now);
            let oldest = threads.iter().filter(|(_, thread)| thread.open.is_none());
            let oldest = oldest
                .min_by_key(|(_, thread)| thread.touched)
                .map(|(id, _)| id.clone());
            if threads.len() >= MAX_THREADS {
                threads.remove(&oldest?);
            }
        }
        let thread = threads.entry(transaction.to_owned()).or_insert_with(|| Thread {
            stage,
            open: None,
            seen: HashMap::new(),
            touched: now,
        });
        let (waiter, answer) = oneshot::channel();
        (thread.stage, thread.touched) = (stage, now);
        thread.open = Some(Open {
            action,
            message: message.to_owned(),
            asked: now,
            waiter,
        });
        Some(Expectation {
            inbox: Arc::clone(self),
            transaction: transaction.to_owned(),
            message: message.to_owned(),
            answer,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Thread>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thread {
    fn take(&mut self, callback: &Callback, digest: String, body: &[u8], now: DateTime<Utc>) -> Result<Taken, Refused> {
        if let Some(before) = self.seen.get(&callback.message) {
            return if *before == digest {
                Ok(Taken::Repeated)
            } else {
                Err(Refused::Conflict)
            };
        }
        let answers = |open: &Open| open.action == callback.action && open.message == callback.message;
        let taken = if self.open.as_ref().is_some_and(answers) {
            let open = self.open.as_ref().ok_or(Refused::NotExpected)?;
            callback.follows(open.asked).map_err(Refused::Context)?;
            let to = next(self.stage, callback.action).ok_or(Refused::NotExpected)?;
            let open = self.open.take().ok_or(Refused::NotExpected)?;
            open.waiter.send(body.to_vec()).map_err(|_| Refused::NotExpected)?;
            if !callback.is_error {
                self.stage = to;
            }
            Taken::Answer
        } else if may_come_unasked(self.stage, callback.action) {
            Taken::Unasked
        } else {
            return Err(Refused::NotExpected);
        };
        if self.seen.len() < MAX_SEEN {
            self.seen.insert(callback.message.clone(), digest);
        }
        self.touched = now;
        Ok(taken)
    }
}

/// A place in the inbox; dropping it gives the place up, and a later answer is refused.
#[derive(Debug)]
pub struct Expectation {
    inbox: Arc<Inbox>,
    transaction: String,
    message: String,
    answer: oneshot::Receiver<Vec<u8>>,
}

impl Expectation {
    /// The answer; none when another question of the same transaction took the place.
    pub async fn answer(&mut self) -> Option<Vec<u8>> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        let mut threads = self.inbox.lock();
        if let Some(thread) = threads.get_mut(&self.transaction)
            && thread.open.as_ref().is_some_and(|open| open.message == self.message)
        {
            thread.open = None;
        }
    }
}

//! Where a lender's callbacks arrive: checked, correlated by transaction and message, and held against the table. Free of any web
//! framework: a route hands over path, header and body, and sends back what [`Inbox::deliver`] says. What is open stands in the store, so
//! any process may take a callback.

use std::sync::Arc;

use domain::ProviderId;
use domain::ports::{JourneyKey, JourneyStore, Question, StoreFailure};
use sdk::beckn::{self, BecknError, Tolerance};
use sdk::normalise::Document;
use sdk::{Clock, PublicKey};
use serde_json::json;

use super::context::{Callback, ContextError, Parties};
use super::journey::Journey;
use super::table::{Action, may_come_unasked};
use crate::questions::{Noted, Questions};

/// Why a callback was refused.
#[derive(Debug, thiserror::Error)]
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
    /// It could not be kept: the lender sends it again.
    #[error("not kept")]
    NotKept(#[source] StoreFailure),
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
            Refused::NotKept(_) => (503, "CORE-ERROR", "23001"),
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

    /// The refusal of a callback that belongs to no lender of ours.
    pub fn foreign() -> Self {
        Self::of(&Err(Refused::Signature(BecknError::UnknownKey)))
    }
}

/// One lender's callbacks.
pub struct Inbox {
    parties: Parties,
    keys: Vec<PublicKey>,
    clock: Arc<dyn Clock>,
    pub(super) questions: Arc<Questions>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({})", self.parties.bpp.id)
    }
}

impl Inbox {
    /// `keys` are the lender's, by their ids in the registry; `provider` our name for it.
    pub fn new(
        provider: ProviderId,
        parties: Parties,
        keys: Vec<PublicKey>,
        store: Arc<dyn JourneyStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            parties,
            keys,
            questions: Arc::new(Questions::new(provider, store, Arc::clone(&clock))),
            clock,
        }
    }

    /// The two sides.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// Takes a callback: `name` is the last part of the path, such as `on_search`; `authorization` the header of that name.
    pub async fn deliver(&self, name: &str, authorization: Option<&str>, body: &[u8]) -> Reply {
        let taken = self.take(name, authorization, body).await;
        if let Err(Refused::NotKept(failure)) = &taken {
            tracing::error!(error = %failure, provider = %self.questions.provider(), "a callback could not be kept");
        }
        Reply::of(&taken)
    }

    /// The same with the reason.
    pub async fn take(&self, name: &str, authorization: Option<&str>, body: &[u8]) -> Result<Taken, Refused> {
        let action = Action::of_callback(name).ok_or(Refused::Path)?;
        let callback = self.read(action, authorization, body)?;
        let question = self.questions.find(&callback.message).await;
        match question.map_err(Refused::NotKept)? {
            Some(question) if question.thread == callback.transaction && question.kind == action.as_str() => {
                self.answer(&question, &callback, body).await
            }
            // Another callback under the message of a question of ours.
            Some(_) => Err(Refused::NotExpected),
            None => self.news(&callback).await,
        }
    }

    /// The context of a callback, its signature and its times proven.
    fn read(&self, action: Action, authorization: Option<&str>, body: &[u8]) -> Result<Callback, Refused> {
        let now = self.clock.now();
        let header = authorization.ok_or(Refused::Signature(BecknError::Format("header")))?;
        let signed = beckn::verify(header, body, now, Tolerance::default(), |id| {
            let ours = id.subscriber == self.parties.bpp.id;
            self.keys.iter().find(|key| ours && key.id() == id.key).cloned()
        });
        let signed = signed.map_err(Refused::Signature)?;
        let document = Document::parse(body).map_err(|refusal| Refused::Context(refusal.into()))?;
        Callback::read(&document, &self.parties, action, &signed.subscriber, now).map_err(Refused::Context)
    }

    async fn answer(&self, question: &Question, callback: &Callback, body: &[u8]) -> Result<Taken, Refused> {
        callback.follows(question.asked).map_err(Refused::Context)?;
        if question.answer.is_none() && self.clock.now() >= question.until {
            return Err(Refused::NotExpected);
        }
        match self.questions.note(question, body).await.map_err(Refused::NotKept)? {
            Noted::First => Ok(Taken::Answer),
            Noted::Repeated => Ok(Taken::Repeated),
            Noted::Conflict => Err(Refused::Conflict),
        }
    }

    /// What the lender says unasked moves nothing by itself: the next status call reads what it means.
    async fn news(&self, callback: &Callback) -> Result<Taken, Refused> {
        let key = JourneyKey::Id(&callback.transaction);
        let found = self.questions.store().find(self.questions.provider(), key).await;
        let record = found.map_err(Refused::NotKept)?.ok_or(Refused::UnknownTransaction)?;
        let journey = Journey::of(&record).map_err(|_| Refused::UnknownTransaction)?;
        if may_come_unasked(journey.stage, callback.action) {
            Ok(Taken::Unasked)
        } else {
            Err(Refused::NotExpected)
        }
    }
}

//! Messages of ours whose answer comes as a call of the lender's, to whichever process gets it: noted in the store before they are sent,
//! answered there once, and waited for here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::ProviderId;
use domain::ports::{JourneyStore, Question, StoreFailure};
use sdk::net::Incoming;
use sdk::{Clock, LenderError};
use tokio::sync::Notify;

/// Pause between two looks for an answer that another process took.
const LOOK: Duration = Duration::from_millis(100);

/// What a store that fails is to whoever called the lender.
pub(crate) fn unavailable(failure: &StoreFailure) -> LenderError {
    tracing::error!(error = %failure, "journeys of lenders");
    LenderError::Unavailable("our record of the journey cannot be reached".into())
}

/// The open questions to one lender.
pub(crate) struct Questions {
    provider: ProviderId,
    store: Arc<dyn JourneyStore>,
    clock: Arc<dyn Clock>,
    waiting: Mutex<HashMap<String, Arc<Notify>>>,
}

/// A message to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) id: &'a str,
    pub(crate) thread: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) deadline: Instant,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It is the answer.
    First,
    /// It came before, the same to the byte.
    Repeated,
    /// Another one came before.
    Conflict,
}

impl Questions {
    pub(crate) fn new(provider: ProviderId, store: Arc<dyn JourneyStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            provider,
            store,
            clock,
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn provider(&self) -> &ProviderId {
        &self.provider
    }

    pub(crate) fn store(&self) -> &dyn JourneyStore {
        self.store.as_ref()
    }

    /// Notes a question: call it before the message is sent, for a fast lender answers before its acknowledgement is read.
    pub(crate) async fn open(self: &Arc<Self>, asking: Asking<'_>) -> Result<Open, LenderError> {
        let asked = self.clock.now();
        let patience = asking.deadline.saturating_duration_since(Instant::now());
        let question = Question {
            id: asking.id.to_owned(),
            thread: asking.thread.to_owned(),
            kind: asking.kind.to_owned(),
            asked,
            until: asked
                + TimeDelta::from_std(patience)
                    .unwrap_or(TimeDelta::MAX)
                    .min(TimeDelta::days(1)),
            answer: None,
        };
        self.store
            .ask(&self.provider, &question)
            .await
            .map_err(|failure| unavailable(&failure))?;
        let bell = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.insert(question.id.clone(), Arc::clone(&bell)).is_some() {
            tracing::warn!(provider = %self.provider, "a question is asked twice at once");
        }
        Ok(Open {
            questions: Arc::clone(self),
            id: question.id,
            bell,
            deadline: asking.deadline,
        })
    }

    /// The question that an answer names, when anybody waits for it or did.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Question>, StoreFailure> {
        self.store.question(&self.provider, id).await
    }

    /// Notes the answer to a question that was found, and wakes who waits for it.
    pub(crate) async fn note(&self, question: &Question, body: &[u8]) -> Result<Noted, StoreFailure> {
        if let Some(before) = &question.answer {
            return Ok(if before == body {
                Noted::Repeated
            } else {
                Noted::Conflict
            });
        }
        if self.store.answer(&self.provider, &question.id, body).await? {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(bell) = waiting.get(&question.id) {
                bell.notify_one();
            }
            return Ok(Noted::First);
        }
        // Two calls of the lender's at the same time.
        let now = self.find(&question.id).await?;
        let same = now.is_some_and(|now| now.answer.as_deref() == Some(body));
        Ok(if same { Noted::Repeated } else { Noted::Conflict })
    }
}

/// A question that waits for its answer.
pub(crate) struct Open {
    questions: Arc<Questions>,
    id: String,
    bell: Arc<Notify>,
    deadline: Instant,
}

impl Open {
    /// The answer. A question that was given up takes none any more.
    pub(crate) async fn answer(self) -> Result<Vec<u8>, LenderError> {
        loop {
            let left = left(self.deadline);
            let pause = left.as_ref().map_or(Duration::ZERO, |left| LOOK.min(*left));
            // Rung or not: the store says whether there is an answer.
            let _rung = tokio::time::timeout(pause, self.bell.notified()).await;
            let found = self
                .questions
                .find(&self.id)
                .await
                .map_err(|failure| unavailable(&failure))?;
            if let Some(answer) = found.and_then(|question| question.answer) {
                return Ok(answer);
            }
            if left.is_err() {
                let (store, provider) = (self.questions.store(), self.questions.provider());
                let now = self.questions.clock.now();
                store
                    .give_up(provider, &self.id, now)
                    .await
                    .map_err(|failure| unavailable(&failure))?;
                return Err(LenderError::TimedOut);
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut waiting = self.questions.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&self.id).is_some_and(|bell| Arc::ptr_eq(bell, &self.bell)) {
            waiting.remove(&self.id);
        }
    }
}

/// An acknowledgement is JSON, and says so: a page of a proxy is none.
pub(crate) fn json_only(answer: &Incoming) -> Result<(), LenderError> {
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if answer.status >= 300 || kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(LenderError::Malformed {
        field: "content-type".into(),
        detail: "must be application/json".into(),
    })
}

/// The time that is left until a deadline.
pub(crate) fn left(deadline: Instant) -> Result<Duration, LenderError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(LenderError::TimedOut)
    } else {
        Ok(left)
    }
}

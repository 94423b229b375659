//! Where a lender's `…Response` calls arrive: signature, envelope, and the request that each one answers. Free of any web framework.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sdk::Clock;
use sdk::jws::{self, JwsError, Payload, VerifyingKey};
use sdk::normalise::{Document, Reader, Refusal};
use serde_json::json;
use tokio::sync::oneshot;

/// Version in every envelope and path.
pub const VERSION: &str = "4.0.0alpha";
/// Clocks may differ by this much, and a message may travel for so long.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// Answers that are remembered for their repetitions; the oldest go first.
const MAX_TAKEN: usize = 50_000;

/// Why a response was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not signed, or not by this lender.
    #[error("signature")]
    Signature(#[source] JwsError),
    /// Not JSON, or a field that is missing or unreadable.
    #[error("body")]
    Unreadable(#[source] Refusal),
    /// Too old or from the future.
    #[error("the timestamp is outside its limits")]
    Stale,
    /// A field of the envelope says something else than it must. The field is named.
    #[error("{0} is not what it must be")]
    Wrong(&'static str),
    /// It answers nothing that waits for an answer.
    #[error("no request waits for it")]
    NotExpected,
    /// The request was answered before with another body.
    #[error("the request was answered differently before")]
    Conflict,
}

/// What to answer a response with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The `Ack`.
    pub body: Vec<u8>,
}

/// One lender's responses.
pub struct Inbox {
    keys: Vec<VerifyingKey>,
    /// The lender's `originatorParticipantId`.
    participant: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<String, Waiting>,
    /// Body and time of each answer that was taken, by request.
    taken: HashMap<String, (Vec<u8>, DateTime<Utc>)>,
}

#[derive(Debug)]
struct Waiting {
    operation: &'static str,
    trace: String,
    waiter: oneshot::Sender<Vec<u8>>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({})", self.participant)
    }
}

impl Inbox {
    /// `keys` are the lender's, `participant` its id in the network's registry.
    pub fn new(participant: &str, keys: Vec<VerifyingKey>, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys,
            participant: participant.to_owned(),
            clock,
            state: Mutex::default(),
        }
    }

    /// Takes a response. `path` is what follows the version, such as `offers/generateOffersResponse`; `signature` the header of that name.
    pub fn deliver(&self, path: &str, signature: Option<&str>, body: &[u8]) -> Reply {
        let result = self.take(path, signature, body);
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let (status, error) = match &result {
            Ok(_) => (200, "0".to_owned()),
            Err(Refused::Signature(_)) => (401, "signature".to_owned()),
            Err(refused) => (400, refused.to_string()),
        };
        let trace = result.unwrap_or_default();
        let body = json!({ "error": error, "traceId": trace, "timestamp": now });
        Reply {
            status,
            body: body.to_string().into_bytes(),
        }
    }

    /// The same with the reason; a repeated response changes nothing and is `Ok`. Returns its trace.
    pub fn take(&self, path: &str, signature: Option<&str>, body: &[u8]) -> Result<String, Refused> {
        let signature = signature.ok_or(Refused::Signature(JwsError::Format))?;
        jws::verify(signature, body, Payload::RawUncritical, &self.keys).map_err(Refused::Signature)?;
        let document = Document::parse(body).map_err(Refused::Unreadable)?;
        let metadata = Reader::new(&document).get("metadata");
        let text = |name: &str| -> Result<String, Refusal> { Ok(metadata.get(name).field()?.text()?.to_owned()) };
        let read = |name: &str| text(name).map_err(Refused::Unreadable);
        let at = metadata.get("timestamp").field().and_then(|field| field.instant());
        let at = at.map_err(Refused::Unreadable)?;
        if read("version")? != VERSION {
            return Err(Refused::Wrong("metadata.version"));
        }
        if read("originatorParticipantId")? != self.participant {
            return Err(Refused::Wrong("metadata.originatorParticipantId"));
        }
        let now = self.clock.now();
        if (now - at).abs() > FRESH {
            return Err(Refused::Stale);
        }
        let (request, trace) = (read("requestId")?, read("traceId")?);
        self.lock().take(path, &request, trace, (body, now))
    }

    /// Waits for the response to a request from now on: call it before the request is sent.
    pub(super) fn expect(self: &Arc<Self>, request: &str, trace: &str, operation: &'static str) -> Expectation {
        let (waiter, answer) = oneshot::channel();
        let waiting = Waiting {
            operation,
            trace: trace.to_owned(),
            waiter,
        };
        let mut state = self.lock();
        // The same request may be asked again after its answer: it gets the same answer again.
        state.taken.remove(request);
        state.waiting.insert(request.to_owned(), waiting);
        Expectation {
            inbox: Arc::clone(self),
            request: request.to_owned(),
            answer,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(
        &mut self,
        path: &str,
        request: &str,
        trace: String,
        (body, now): (&[u8], DateTime<Utc>),
    ) -> Result<String, Refused> {
        if let Some((before, _)) = self.taken.get(request) {
            return if before == body {
                Ok(trace)
            } else {
                Err(Refused::Conflict)
            };
        }
        let waiting = self.waiting.get(request).ok_or(Refused::NotExpected)?;
        if path.strip_suffix("Response") != Some(waiting.operation) {
            return Err(Refused::Wrong("the operation"));
        }
        if trace != waiting.trace {
            return Err(Refused::Wrong("metadata.traceId"));
        }
        let waiting = self.waiting.remove(request).ok_or(Refused::NotExpected)?;
        waiting.waiter.send(body.to_vec()).map_err(|_| Refused::NotExpected)?;
        if self.taken.len() >= MAX_TAKEN {
            let oldest = self
                .taken
                .iter()
                .min_by_key(|(_, (_, at))| *at)
                .map(|(id, _)| id.clone());
            oldest.and_then(|id| self.taken.remove(&id));
        }
        self.taken.insert(request.to_owned(), (body.to_vec(), now));
        Ok(trace)
    }
}

/// A place in the inbox; dropping it gives the place up, and a later answer is refused.
#[derive(Debug)]
pub(super) struct Expectation {
    inbox: Arc<Inbox>,
    request: String,
    answer: oneshot::Receiver<Vec<u8>>,
}

impl Expectation {
    pub(super) async fn answer(&mut self) -> Option<Vec<u8>> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        self.inbox.lock().waiting.remove(&self.request);
    }
}

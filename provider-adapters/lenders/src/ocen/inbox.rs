//! Where a lender's `…Response` calls arrive: signature, envelope, and the request that each one answers. Free of any web framework. What
//! is open stands in the store, so any process may take a response.

use std::sync::Arc;

use chrono::{SecondsFormat, TimeDelta};
use domain::ProviderId;
use domain::ports::{JourneyStore, StoreFailure};
use sdk::Clock;
use sdk::jws::{self, JwsError, Payload, VerifyingKey};
use sdk::normalise::{Document, Reader, Refusal};
use serde_json::json;

use crate::questions::{Noted, Questions};

/// Version in every envelope and path.
pub const VERSION: &str = "4.0.0alpha";
/// Clocks may differ by this much, and a message may travel for so long.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// Why a response was refused.
#[derive(Debug, thiserror::Error)]
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
    /// It could not be kept: the lender sends it again.
    #[error("not kept")]
    NotKept(#[source] StoreFailure),
}

/// What to answer a response with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The `Ack`.
    pub body: Vec<u8>,
}

impl Reply {
    fn of(result: &Result<String, Refused>, clock: &dyn Clock) -> Self {
        let now = clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let (status, error) = match result {
            Ok(_) => (200, "0".to_owned()),
            Err(Refused::Signature(_)) => (401, "signature".to_owned()),
            Err(Refused::NotKept(_)) => (503, "try again".to_owned()),
            Err(refused) => (400, refused.to_string()),
        };
        let trace = result.as_deref().unwrap_or_default();
        let body = json!({ "error": error, "traceId": trace, "timestamp": now });
        Self {
            status,
            body: body.to_string().into_bytes(),
        }
    }

    /// The refusal of a response that belongs to no lender of ours.
    pub fn foreign(clock: &dyn Clock) -> Self {
        Self::of(&Err(Refused::Signature(JwsError::UnknownKey)), clock)
    }
}

/// One lender's responses.
pub struct Inbox {
    keys: Vec<VerifyingKey>,
    /// The lender's `originatorParticipantId`.
    participant: String,
    clock: Arc<dyn Clock>,
    pub(super) questions: Arc<Questions>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inbox({})", self.participant)
    }
}

impl Inbox {
    /// `keys` are the lender's, `participant` its id in the network's registry, `provider` our name for it.
    pub fn new(
        provider: ProviderId,
        participant: &str,
        keys: Vec<VerifyingKey>,
        store: Arc<dyn JourneyStore>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            keys,
            participant: participant.to_owned(),
            questions: Arc::new(Questions::new(provider, store, Arc::clone(&clock))),
            clock,
        }
    }

    /// The lender's id in the network's registry.
    pub fn participant(&self) -> &str {
        &self.participant
    }

    /// Takes a response. `path` is what follows the version, such as `offers/generateOffersResponse`; `signature` the header of that name.
    pub async fn deliver(&self, path: &str, signature: Option<&str>, body: &[u8]) -> Reply {
        let taken = self.take(path, signature, body).await;
        if let Err(Refused::NotKept(failure)) = &taken {
            tracing::error!(error = %failure, provider = %self.questions.provider(), "a response could not be kept");
        }
        Reply::of(&taken, self.clock.as_ref())
    }

    /// The same with the reason; a repeated response changes nothing and is `Ok`. Returns its trace.
    pub async fn take(&self, path: &str, signature: Option<&str>, body: &[u8]) -> Result<String, Refused> {
        let (request, trace) = self.read(signature, body)?;
        let question = self.questions.find(&request).await.map_err(Refused::NotKept)?;
        let question = question.ok_or(Refused::NotExpected)?;
        // The specification writes one of its operations in two ways.
        let operation = path.strip_suffix("Response").unwrap_or_default();
        if !operation.eq_ignore_ascii_case(&question.kind) {
            return Err(Refused::Wrong("the operation"));
        }
        if trace != question.thread {
            return Err(Refused::Wrong("metadata.traceId"));
        }
        if question.answer.is_none() && self.clock.now() >= question.until {
            return Err(Refused::NotExpected);
        }
        match self.questions.note(&question, body).await.map_err(Refused::NotKept)? {
            Noted::First | Noted::Repeated => Ok(trace),
            Noted::Conflict => Err(Refused::Conflict),
        }
    }

    /// Request and trace of a response, its signature and its times proven.
    fn read(&self, signature: Option<&str>, body: &[u8]) -> Result<(String, String), Refused> {
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
        if (self.clock.now() - at).abs() > FRESH {
            return Err(Refused::Stale);
        }
        Ok((read("requestId")?, read("traceId")?))
    }
}

//! Where lenders' callbacks arrive. Free of any web framework: a route hands over the raw request.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{ProviderId, RequestId};
use sdk::client::{MAX_OFFERS, read_answer};
use sdk::signature::SignatureError;
use sdk::wire::{self, Callback, Problem, WireError};
use sdk::{Answer, Clock, Endpoint, Gate, LenderError, PublicKey, RequestParts};
use tokio::sync::watch;

/// Path of the callback route, after the base address.
pub const CALLBACK_PATH: &str = "/v1/callbacks/offers";
/// Callbacks that one question may bring.
const MAX_SEQUENCE: u32 = 63;

/// Why a callback was refused. [`CallbackError::problem`] is what the route answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Not signed by a known lender, too old, or seen before.
    #[error("signature")]
    Signature(#[source] SignatureError),
    /// The body is no callback.
    #[error("body")]
    Malformed(#[source] WireError),
    /// Nobody waits for an answer of this lender to that question: too late, or never asked.
    #[error("nobody waits for this answer")]
    NotAwaited,
    /// The same sequence number came with another body, or after the final one.
    #[error("the sequence number was used with another body")]
    Conflict,
}

impl CallbackError {
    /// The problem to answer with.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Signature(error) => Problem::from(error),
            Self::Malformed(error) => Problem::malformed(error),
            Self::NotAwaited => Problem::new(410, "not-awaited", "Nobody waits for this answer any more"),
            Self::Conflict => Problem::id_reused(),
        }
    }
}

type Key = (ProviderId, RequestId);

/// Matches callbacks with the questions that wait for them.
#[derive(Debug)]
pub struct CallbackInbox {
    gate: Gate,
    base: Endpoint,
    /// Provider by key id.
    senders: HashMap<String, ProviderId>,
    waiting: Mutex<HashMap<Key, Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    /// Identical quotes and hedges wait together.
    waiters: usize,
    collected: watch::Sender<Collected>,
}

#[derive(Debug, Default)]
struct Collected {
    parts: BTreeMap<u32, Callback>,
    last: Option<u32>,
}

impl Collected {
    /// Everything up to the final callback has come, in whatever order.
    fn is_complete(&self) -> bool {
        self.last.is_some_and(|last| self.parts.keys().copied().eq(0..=last))
    }

    fn add(&mut self, callback: Callback) -> Result<bool, CallbackError> {
        if let Some(known) = self.parts.get(&callback.sequence) {
            return if *known == callback {
                Ok(false)
            } else {
                Err(CallbackError::Conflict)
            };
        }
        let number = callback.sequence;
        let beyond = self.last.is_some_and(|last| number > last);
        let not_last = callback.is_final && self.parts.keys().next_back().is_some_and(|most| *most > number);
        if beyond || not_last || (callback.is_final && self.last.is_some()) {
            return Err(CallbackError::Conflict);
        }
        if callback.is_final {
            self.last = Some(number);
        }
        self.parts.insert(number, callback);
        Ok(true)
    }

    fn answer(&self) -> Result<Answer, LenderError> {
        let offers: Vec<_> = self
            .parts
            .values()
            .flat_map(|part| part.offers.iter().cloned())
            .collect();
        let declined: Vec<_> = self
            .parts
            .values()
            .flat_map(|part| part.declined.iter().cloned())
            .collect();
        read_answer(&offers, &declined)
    }
}

impl CallbackInbox {
    /// `base` is our own address as the lenders know it. Every key id must belong to one lender.
    pub fn new(
        base: Endpoint,
        senders: impl IntoIterator<Item = (ProviderId, Vec<PublicKey>)>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (mut by_key, mut keys) = (HashMap::new(), Vec::new());
        for (provider, of_provider) in senders {
            by_key.extend(of_provider.iter().map(|key| (key.id().to_owned(), provider.clone())));
            keys.extend(of_provider);
        }
        let gate = Gate::new(base.authority(), keys, clock);
        Self {
            gate,
            base,
            senders: by_key,
            waiting: Mutex::default(),
        }
    }

    /// The base address to give to lenders.
    pub fn url(&self) -> &str {
        self.base.as_str()
    }

    /// Takes one callback. A repeated delivery changes nothing and is `Ok`.
    pub fn deliver(&self, parts: RequestParts<'_>, body: &[u8]) -> Result<(), CallbackError> {
        if parts.method != "POST" || parts.path != self.base.path(CALLBACK_PATH) {
            return Err(CallbackError::Signature(SignatureError::Invalid));
        }
        let key_id = self.gate.admit(parts, body).map_err(CallbackError::Signature)?;
        let provider = self
            .senders
            .get(key_id)
            .ok_or(CallbackError::Signature(SignatureError::UnknownKey))?;
        let callback: Callback = wire::parse(body).map_err(CallbackError::Malformed)?;
        let bounded = callback.sequence <= MAX_SEQUENCE && callback.offers.len() <= MAX_OFFERS;
        if !bounded {
            let error = WireError {
                field: "sequence".into(),
                detail: "too many callbacks or offers".into(),
            };
            return Err(CallbackError::Malformed(error));
        }
        let key = (provider.clone(), callback.request_id);
        let waiting = self.lock();
        let entry = waiting.get(&key).ok_or(CallbackError::NotAwaited)?;
        let mut outcome = Ok(false);
        entry.collected.send_if_modified(|collected| {
            outcome = collected.add(callback);
            matches!(outcome, Ok(true))
        });
        outcome.map(|_| ())
    }

    /// Waits for callbacks of `provider` to `request` from now on: call it before the question is sent.
    pub fn expect(self: &Arc<Self>, provider: &ProviderId, request: RequestId) -> Expectation {
        let key = (provider.clone(), request);
        let mut waiting = self.lock();
        let entry = waiting.entry(key.clone()).or_insert_with(|| Waiting {
            waiters: 0,
            collected: watch::Sender::new(Collected::default()),
        });
        entry.waiters += 1;
        Expectation {
            collected: entry.collected.subscribe(),
            inbox: Arc::clone(self),
            key,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the inbox; dropping it gives the place up.
#[derive(Debug)]
pub struct Expectation {
    inbox: Arc<CallbackInbox>,
    key: Key,
    collected: watch::Receiver<Collected>,
}

impl Expectation {
    /// Everything that the lender called back with, once it said that nothing follows.
    pub async fn answer(&mut self) -> Result<Answer, LenderError> {
        let complete = self.collected.wait_for(Collected::is_complete).await;
        complete.map_or(Err(LenderError::Unavailable("the inbox closed".into())), |collected| {
            collected.answer()
        })
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        let mut waiting = self.inbox.lock();
        if let Some(entry) = waiting.get_mut(&self.key) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                waiting.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason;

    fn part(sequence: u32, is_final: bool) -> Callback {
        let declined = vec![Reason::new("NO", "No.")];
        Callback {
            request_id: RequestId(uuid::Uuid::nil()),
            sequence,
            is_final,
            offers: vec![],
            declined,
        }
    }

    #[test]
    fn callbacks_may_come_twice_and_in_any_order() {
        let mut collected = Collected::default();
        assert_eq!(collected.add(part(1, true)), Ok(true));
        assert!(!collected.is_complete());
        assert_eq!(collected.add(part(0, false)), Ok(true));
        assert_eq!(collected.add(part(0, false)), Ok(false));
        assert!(collected.is_complete());
        assert!(matches!(collected.answer(), Ok(Answer::Declined(reasons)) if reasons.len() == 2));
    }

    #[test]
    fn nothing_follows_the_final_callback_and_none_changes() {
        let mut collected = Collected::default();
        assert_eq!(collected.add(part(1, false)), Ok(true));
        assert_eq!(collected.add(part(0, true)), Err(CallbackError::Conflict));
        assert_eq!(collected.add(part(1, true)), Err(CallbackError::Conflict));
        assert_eq!(collected.add(part(2, true)), Ok(true));
        assert_eq!(collected.add(part(3, false)), Err(CallbackError::Conflict));
        assert_eq!(collected.add(part(3, true)), Err(CallbackError::Conflict));
    }
}

//! The receiving side of a signed request, free of any web framework: for lenders, and for our own callback route.

use std::sync::Arc;

use domain::ports::Clock;
use reqwest::header::HeaderMap;

use crate::keys::PublicKey;
use crate::replay::ReplayGuard;
use crate::signature::{RequestLine, SignatureError, SignatureHeaders, verify_request};
use crate::wire::Problem;

/// A request as the web framework hands it over.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Absolute path as received, without a query.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
}

impl RequestParts<'_> {
    /// The signature headers, each exactly once.
    pub fn signature(&self) -> Result<SignatureHeaders, SignatureError> {
        read_headers(self.headers)
    }
}

pub(crate) fn read_headers(headers: &HeaderMap) -> Result<SignatureHeaders, SignatureError> {
    SignatureHeaders::read(|name| {
        let mut all = headers.get_all(name).iter();
        let first = all.next().and_then(|value| value.to_str().ok());
        // Two values could be read differently by two readers.
        if all.next().is_some() { None } else { first }
    })
}

/// Admits signed requests of known senders, each once.
pub struct Gate {
    authority: String,
    keys: Vec<PublicKey>,
    replay: ReplayGuard,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.authority)
    }
}

impl Gate {
    /// `authority` is our own host as the senders know it; a `Host` header is never believed.
    pub fn new(authority: &str, keys: Vec<PublicKey>, clock: Arc<dyn Clock>) -> Self {
        Self {
            authority: authority.to_owned(),
            keys,
            replay: ReplayGuard::default(),
            clock,
        }
    }

    /// Checks a request and names the key that signed it.
    pub fn admit(&self, parts: RequestParts<'_>, body: &[u8]) -> Result<&str, SignatureError> {
        let line = RequestLine {
            method: parts.method,
            authority: &self.authority,
            path: parts.path,
        };
        let guard = (&self.replay, self.clock.now());
        verify_request(&parts.signature()?, line, body, &self.keys, guard).map(PublicKey::id)
    }
}

impl From<&SignatureError> for Problem {
    fn from(error: &SignatureError) -> Self {
        let (status, code) = match error {
            SignatureError::Overloaded => (503, "overloaded"),
            SignatureError::Missing(_) | SignatureError::Format(_) => (400, "signature-format"),
            SignatureError::Time => (401, "signature-time"),
            SignatureError::Replay => (401, "signature-replayed"),
            SignatureError::UnknownKey | SignatureError::Digest | SignatureError::Invalid => (401, "signature-invalid"),
        };
        let detail = Some(error.to_string());
        Self {
            detail,
            ..Self::new(status, code, "The message signature was refused")
        }
    }
}

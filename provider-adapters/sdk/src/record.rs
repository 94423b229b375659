//! Exchanges with a lender written down and played again.
//!
//! A recording is JSON lines: first what is kept, then one exchange a line, keys sorted, in the order in which the requests began.
//! Everything is hidden unless it is on a list: of headers only the few of [`KEPT_HEADERS`]; of bodies and queries only the fields that
//! the adapter names ([`Keep`]), and of those never one whose name tells of a person or a secret. Hidden texts become `[scrubbed]`,
//! hidden numbers 0, hidden truth values false, so that the shape stays and an adapter can be tested against it.
//!
//! A [`Replay`] answers the requests of a test from a recording. A request that is not in it is an error, and
//! [`Replay::finish`] tells which ones came unexpected and which answers nobody asked for.

mod replay;
mod scrub;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::ports::LenderError;

use crate::net::{Incoming, Method, Request, Value};
use crate::normalise::{Document, Node};
use crate::secret::Secret;

pub use replay::{RecordingError, Replay};
pub use scrub::Keep;
use scrub::{Scrubber, text, write};

/// Headers whose values are written down.
pub const KEPT_HEADERS: [&str; 3] = ["accept", "content-type", "retry-after"];

/// Version of the format, in the first line.
const FORMAT: &str = "1";

/// The parts of a request that a recording knows.
pub(crate) struct Sent<'a> {
    method: &'a Method,
    path: String,
    query: &'a [(&'a str, &'a str)],
    headers: Vec<&'a str>,
    /// The `Signature` header, which an answer of the protocol is bound to.
    signature: &'a str,
    body: &'a [u8],
}

impl<'a> Sent<'a> {
    pub(crate) fn of(request: &'a Request<'_>) -> Self {
        Self {
            method: &request.method,
            path: request.endpoint.path(request.path),
            query: request.query,
            headers: request.headers.iter().map(|(name, _)| *name).collect(),
            signature: request
                .headers
                .iter()
                .find_map(|(name, value)| match value {
                    Value::Plain(text) if *name == "signature" => Some(*text),
                    _ => None,
                })
                .unwrap_or_default(),
            body: request.body,
        }
    }
}

/// Writes exchanges down. Given to [`HttpClient::recording`](crate::net::HttpClient::recording).
pub struct Recorder {
    scrubber: Scrubber,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    lines: BTreeMap<u64, String>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// `secrets` are searched for in every text and never written, wherever a lender may echo them.
    pub fn new(keep: Keep, secrets: Vec<Secret<String>>) -> Self {
        Self {
            scrubber: Scrubber::new(keep, secrets),
            state: Mutex::default(),
        }
    }

    /// The recording so far. An exchange that has not ended is not in it.
    pub fn to_json_lines(&self) -> String {
        let keep = self.scrubber.keep().names().map(text).collect();
        let head = Node::Object(vec![
            ("keep".into(), Node::List(keep)),
            ("recording".into(), text(FORMAT)),
        ]);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = std::iter::once(write(&head)).chain(state.lines.values().cloned());
        lines.map(|line| line + "\n").collect()
    }

    pub(crate) fn begin(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next += 1;
        state.next
    }

    pub(crate) fn end(&self, ticket: u64, sent: &Sent<'_>, answer: Result<&Incoming, &LenderError>, took: Duration) {
        let outcome = match answer {
            Ok(incoming) => ("response", write(&self.response(incoming))),
            Err(error) => ("error", write(&text(error_name(error)))),
        };
        let request = write(&self.scrubber.request(sent));
        let timing = write(&text(timing_class(
            took,
            answer.is_err_and(|e| *e == LenderError::TimedOut),
        )));
        // Keys in order: error or response come around request and timing.
        let mut parts = [(outcome.0, outcome.1), ("request", request), ("timing", timing)];
        parts.sort_unstable_by_key(|(name, _)| *name);
        let parts: Vec<String> = parts.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.lines.insert(ticket, format!("{{{}}}", parts.join(",")));
    }

    fn response<'a>(&self, incoming: &'a Incoming) -> Node<'a> {
        let kept = |name: &str| incoming.header(name).filter(|_| KEPT_HEADERS.contains(&name));
        let headers: BTreeMap<&str, &str> = incoming
            .headers
            .keys()
            .map(|name| (name.as_str(), kept(name.as_str()).unwrap_or(scrub::HIDDEN)))
            .collect();
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.into(), text(value)))
            .collect();
        Node::Object(vec![
            ("body".into(), self.scrubber.body(&incoming.body)),
            ("headers".into(), Node::Object(headers)),
            ("status".into(), text(incoming.status.to_string())),
        ])
    }
}

/// How long an answer took, coarse enough to be the same on the next run.
fn timing_class(took: Duration, timed_out: bool) -> &'static str {
    match took.as_millis() {
        _ if timed_out => "TIMED_OUT",
        0..100 => "UNDER_100_MS",
        100..1_000 => "UNDER_1_S",
        1_000..5_000 => "UNDER_5_S",
        _ => "OVER_5_S",
    }
}

fn error_name(error: &LenderError) -> &'static str {
    match error {
        LenderError::TimedOut => "TIMED_OUT",
        LenderError::Malformed { .. } => "MALFORMED",
        LenderError::Refused(_) => "REFUSED",
        LenderError::RateLimited => "RATE_LIMITED",
        LenderError::Unsupported(_) => "UNSUPPORTED",
        LenderError::Unavailable(_) => "UNAVAILABLE",
    }
}

fn error_of(name: &str) -> LenderError {
    match name {
        "TIMED_OUT" => LenderError::TimedOut,
        "RATE_LIMITED" => LenderError::RateLimited,
        "REFUSED" => LenderError::Refused("as recorded".into()),
        "UNSUPPORTED" => LenderError::Unsupported("as recorded".into()),
        "MALFORMED" => LenderError::Malformed {
            field: "body".into(),
            detail: "as recorded".into(),
        },
        _ => LenderError::Unavailable("as recorded".into()),
    }
}

/// Reads one line; it may hold a body of the largest size and depth, and what stands around it.
fn read_line(line: &str) -> Option<Document<'_>> {
    Document::parse_within(
        line.as_bytes(),
        4 * crate::wire::MAX_BYTES,
        crate::normalise::MAX_DEPTH + 4,
    )
    .ok()
}

#[cfg(test)]
#[path = "record/tests.rs"]
mod tests;

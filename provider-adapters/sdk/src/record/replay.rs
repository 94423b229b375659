//! Answers from a recording.

use std::sync::{Mutex, PoisonError};

use domain::ports::LenderError;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::keys::Signer;
use crate::net::Incoming;
use crate::normalise::{Node, Reader};
use crate::signature::{SignatureHeaders, sign_answer};

use super::scrub::{HIDDEN, Keep, Scrubber, write};
use super::{FORMAT, Sent, error_of, read_line};

/// A text that is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the recording is not readable")]
pub struct RecordingError {
    /// Which, from 1.
    pub line: usize,
}

/// A recording that answers. Given to [`HttpClient::replaying`](crate::net::HttpClient::replaying).
pub struct Replay {
    scrubber: Scrubber,
    signer: Option<Signer>,
    state: Mutex<State>,
}

struct State {
    left: Vec<Exchange>,
    unexpected: Vec<String>,
}

struct Exchange {
    /// The whole scrubbed request as JSON.
    request: String,
    /// Method and path, for people.
    line: String,
    answer: Result<Recorded, LenderError>,
}

struct Recorded {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Replay")
    }
}

impl Replay {
    /// Reads a recording.
    pub fn parse(json_lines: &str) -> Result<Self, RecordingError> {
        let mut lines = json_lines.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let keep = lines
            .next()
            .and_then(|(line, _)| head(line))
            .ok_or(RecordingError { line: 1 })?;
        let read = |(text, line)| exchange(text).ok_or(RecordingError { line });
        let left = lines.map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            scrubber: Scrubber::new(keep, Vec::new()),
            signer: None,
            state: Mutex::new(State {
                left,
                unexpected: Vec::new(),
            }),
        })
    }

    /// The same, signing each answer by provider protocol v1: a recorded signature is hidden and would not fit the scrubbed body.
    #[must_use]
    pub fn signed_by(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// What went wrong: requests that the recording does not have, and exchanges that were not asked for. Empty when the run was the
    /// recorded one.
    pub fn finish(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = state
            .left
            .iter()
            .map(|exchange| format!("not asked: {}", exchange.line));
        state.unexpected.iter().cloned().chain(unused).collect()
    }

    /// The first answer left for this request. The signature header of the request is needed only to sign the answer.
    pub(crate) fn answer(&self, sent: &Sent<'_>) -> Result<Incoming, LenderError> {
        let request = write(&self.scrubber.request(sent));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = state.left.iter().position(|exchange| exchange.request == request) else {
            let what = format!("unexpected: {} {}", sent.method, sent.path);
            state.unexpected.push(format!("unexpected: {request}"));
            return Err(LenderError::Refused(what));
        };
        let Recorded { status, headers, body } = state.left.remove(at).answer?;
        drop(state);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                map.append(name, value);
            }
        }
        if let Some(signer) = &self.signer {
            let signed = sign_answer(signer, status, sent.signature, &body);
            put(&mut map, &signed);
        }
        Ok(Incoming {
            status,
            headers: map,
            body,
        })
    }
}

fn put(map: &mut HeaderMap, signed: &SignatureHeaders) {
    for (name, value) in signed.pairs() {
        if let Ok(value) = HeaderValue::from_str(value) {
            map.insert(HeaderName::from_static(name), value);
        }
    }
}

fn head(line: &str) -> Option<Keep> {
    let document = read_line(line)?;
    let root = Reader::new(&document);
    if root.get("recording").field().ok()?.text().ok()? != FORMAT {
        return None;
    }
    let names: Vec<_> = root.get("keep").items().ok()?;
    let names: Vec<_> = names.iter().map(Reader::field).collect::<Result<_, _>>().ok()?;
    Some(Keep::fields(names.iter().filter_map(|name| name.text().ok())))
}

fn exchange(line: &str) -> Option<Exchange> {
    let document = read_line(line)?;
    let root = document.root();
    let request = root.get("request")?;
    let text = |node: &Node<'_>, key: &str| match node.get(key) {
        Some(Node::Text(text)) => Some(text.to_string()),
        _ => None,
    };
    let answer = match root.get("response") {
        Some(response) => {
            let Some(Node::Object(headers)) = response.get("headers") else {
                return None;
            };
            let headers = headers.iter().filter_map(|(name, value)| match value {
                Node::Text(value) if value != HIDDEN => Some((name.to_string(), value.to_string())),
                _ => None,
            });
            let body = match response.get("body")? {
                Node::Null => Vec::new(),
                body => write(body).into_bytes(),
            };
            Ok(Recorded {
                status: text(response, "status")?.parse().ok()?,
                headers: headers.collect(),
                body,
            })
        }
        None => Err(error_of(&text(root, "error")?)),
    };
    Some(Exchange {
        request: write(request),
        line: format!("{} {}", text(request, "method")?, text(request, "path")?),
        answer,
    })
}

//! What the sandboxes of identity verification and wallet screening have in common: how people and wallets fare by their names, and how
//! webhooks travel.
//!
//! | Last name | What happens |
//! |---|---|
//! | `REJECT` | rejected for good |
//! | `RETRY` | the first try is rejected, the second one approved |
//! | `HOLD` | put on hold: a person has to look |
//! | `OTHER` | approved, but the documents show another name |
//! | `WAIT` | stays with the vendor |
//! | any other | approved |

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sdk::net::{Request, Value};
use sdk::{Endpoint, HttpClient, NetworkPolicy};
use serde_json::json;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::serve::SandboxError;

/// Longest wait for whoever takes a webhook, as Sumsub has it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a person fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// Approved.
    Approve,
    /// Rejected for good.
    Reject,
    /// Rejected once, then approved.
    Retry,
    /// On hold.
    Hold,
    /// Approved under another name.
    Other,
    /// Never decided.
    Wait,
}

impl Play {
    /// By the last name.
    pub fn of(last_name: &str) -> Self {
        match last_name.to_uppercase().as_str() {
            "REJECT" => Self::Reject,
            "RETRY" => Self::Retry,
            "HOLD" => Self::Hold,
            "OTHER" => Self::Other,
            "WAIT" => Self::Wait,
            _ => Self::Approve,
        }
    }
}

/// When the sandbox plays the borrower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auto {
    /// Never: a test says what happens.
    #[default]
    Never,
    /// As soon as the page is opened.
    OnOpen,
    /// As soon as the session exists: nobody has to open anything.
    OnCreate,
}

/// How the interface goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiFault {
    /// Not at all.
    #[default]
    None,
    /// 503.
    Unavailable,
    /// 429 with `Retry-After: 7`.
    RateLimited,
    /// 401, whatever the signature.
    Refuses,
    /// Never answers.
    Silent,
    /// A page of HTML with status 200.
    NotJson,
    /// A status that nobody knows.
    UnknownStatus,
    /// The answer to another question.
    OtherSession,
}

/// How webhooks go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookFault {
    /// Not at all.
    #[default]
    None,
    /// Digested with another secret, or sent to another secret address.
    WrongDigest,
    /// Digested with SHA-1, properly.
    Sha1,
    /// Marked as of a sandbox.
    Sandbox,
    /// Each sent twice.
    Duplicated,
    /// Held back until they are released, then sent in the wrong order.
    Reordered,
    /// Never sent.
    Dropped,
}

/// A webhook ready to be sent, or to be spoilt by a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

impl Webhook {
    /// Sends it; answers the status, none when nobody answered.
    pub async fn send(&self) -> Option<u16> {
        let endpoint = Endpoint::parse(&self.url, NetworkPolicy::AllowLoopback).ok()?;
        let client = HttpClient::new(NetworkPolicy::AllowLoopback).ok()?;
        let headers: Vec<(&str, Value<'_>)> = self.headers.iter().map(|(n, v)| (*n, Value::Plain(v))).collect();
        let request = Request {
            headers: &headers,
            ..Request::post(&endpoint, "", &self.body, PATIENCE)
        };
        client.call(request).await.ok().map(|answer| answer.status)
    }
}

/// HMAC in hex by the name on Sumsub's wire.
pub fn hex_digest(algorithm: &str, key: &str, body: &[u8]) -> String {
    let key = key.as_bytes();
    match algorithm {
        "HMAC_SHA1_HEX" => hex::encode(hmac::<Hmac<Sha1>>(key, body)),
        "HMAC_SHA512_HEX" => hex::encode(hmac::<Hmac<Sha512>>(key, body)),
        _ => hex::encode(hmac::<Hmac<Sha256>>(key, body)),
    }
}

/// HMAC-SHA256.
pub(crate) fn sha256(key: &[u8], body: &[u8]) -> Vec<u8> {
    hmac::<Hmac<Sha256>>(key, body)
}

fn hmac<M: Mac + KeyInit>(key: &[u8], body: &[u8]) -> Vec<u8> {
    <M as Mac>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// A server on any port of this machine.
pub(crate) async fn listen() -> Result<(TcpListener, String), SandboxError> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    Ok((listener, format!("http://{address}")))
}

/// Serves until the handle is dropped.
pub(crate) fn serve(listener: TcpListener, router: Router) -> JoinHandle<std::io::Result<()>> {
    tokio::spawn(async move { axum::serve(listener, router).await })
}

/// A header's text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A JSON answer.
pub(crate) fn answer(status: u16, body: &serde_json::Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// What a fault answers before anything is looked at; never returns for silence.
pub(crate) async fn spoilt(fault: ApiFault) -> Option<Response> {
    let refusal = |status: u16| json!({ "code": status, "description": "sandbox", "correlationId": "req-sandbox" });
    Some(match fault {
        ApiFault::Unavailable => answer(503, &refusal(503)),
        ApiFault::RateLimited => {
            let mut limited = answer(429, &refusal(429));
            let seven = axum::http::HeaderValue::from_static("7");
            limited.headers_mut().insert(header::RETRY_AFTER, seven);
            limited
        }
        ApiFault::Refuses => answer(401, &refusal(401)),
        ApiFault::NotJson => (StatusCode::OK, [(header::CONTENT_TYPE, "text/html")], "<html></html>").into_response(),
        ApiFault::Silent => std::future::pending().await,
        ApiFault::None | ApiFault::UnknownStatus | ApiFault::OtherSession => return None,
    })
}

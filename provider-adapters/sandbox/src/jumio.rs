//! Jumio's platform on this machine: tokens, accounts, workflow executions, results, callbacks without a signature. One server plays every
//! host of a region.
//!
//! Jumio is told no name, so how a person fares is set by [`SandboxJumio::person`]; until then everybody is `Pat Sandbox` and approved.

mod answers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::identity::{ApiFault, HookFault, Play, Webhook, answer, listen, serve, spoilt, text};
use crate::serve::{SandboxError, World};

/// OAuth client of development; public.
pub const CLIENT_ID: &str = "usance-development";
/// Its secret; public.
pub const CLIENT_SECRET: &str = "usance-development-jumio";

/// A run of the checks.
#[derive(Clone, Debug)]
struct Run {
    account: String,
    reference: String,
    key: String,
    callback: Option<String>,
    status: &'static str,
    play: Play,
}

#[derive(Default)]
struct Book {
    runs: BTreeMap<String, Run>,
    deleted: Vec<String>,
    tokens: BTreeMap<String, DateTime<Utc>>,
    issued: u32,
    person: (String, String),
    api: ApiFault,
    hooks: HookFault,
    calls: Vec<String>,
    sent: i64,
}

/// The vendor.
pub struct SandboxJumio {
    base_url: String,
    world: World,
    state: Mutex<Book>,
}

impl std::fmt::Debug for SandboxJumio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxJumio")
    }
}

/// A running vendor; it stops when this is dropped.
#[derive(Debug)]
pub struct JumioHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The vendor.
    pub vendor: Arc<SandboxJumio>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for JumioHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Starts the vendor on any port of this machine.
pub async fn spawn(world: World) -> Result<JumioHandle, SandboxError> {
    let (listener, base_url) = listen().await?;
    let vendor = Arc::new(SandboxJumio {
        base_url: base_url.clone(),
        world,
        state: Mutex::new(Book {
            person: ("Pat".into(), "Sandbox".into()),
            ..Book::default()
        }),
    });
    let router = Router::new().fallback(call).with_state(Arc::clone(&vendor));
    Ok(JumioHandle {
        base_url,
        vendor,
        server: serve(listener, router),
    })
}

impl SandboxJumio {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the interface goes wrong like this.
    pub fn set(&self, fault: ApiFault) {
        self.lock().api = fault;
    }

    /// From now on callbacks go wrong like this.
    pub fn set_hooks(&self, fault: HookFault) {
        self.lock().hooks = fault;
    }

    /// Whose documents the next runs show; by the last name it is decided how they fare.
    pub fn person(&self, first_name: &str, last_name: &str) {
        self.lock().person = (first_name.to_owned(), last_name.to_owned());
    }

    /// How many tokens were given out.
    pub fn tokens(&self) -> u32 {
        self.lock().issued
    }

    /// Every token that was given out is withdrawn.
    pub fn withdraw_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Methods and paths of every call so far.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The vendor's name of the newest run of a session.
    pub fn run(&self, session: &str) -> Option<String> {
        let book = self.lock();
        let found = book.runs.iter().rev().find(|(_, run)| run.reference == session);
        found.map(|(id, _)| id.clone())
    }

    /// The run comes to that status: the callback of it, where one was asked for.
    pub fn advance(&self, id: &str, status: &'static str) -> Option<Webhook> {
        let mut book = self.lock();
        book.sent += 1;
        let (at, fault) = (self.world.clock.now() + TimeDelta::milliseconds(book.sent), book.hooks);
        let run = book.runs.get_mut(id)?;
        run.status = status;
        let mut url = run.callback.clone()?;
        if fault == HookFault::WrongDigest {
            url.truncate(url.len().saturating_sub(4));
            url.push_str("0000");
        }
        let href = |path: &str| format!("https://retrieval.emea-1.jumio.ai/api/v1/accounts/{path}");
        let body = json!({
            "callbackSentAt": at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "userReference": run.reference,
            "workflowExecution": {
                "id": id, "href": href(&format!("{}/workflow-executions/{id}", run.account)), "definitionKey": run.key, "status": status,
            },
            "account": { "id": run.account, "href": href(&run.account) },
        });
        Some(Webhook {
            url,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        })
    }

    /// Whether the bearer may call. The vendor refuses calls that name no company.
    fn admits(&self, headers: &HeaderMap) -> Option<u16> {
        if text(headers, "user-agent").trim().is_empty() {
            return Some(403);
        }
        let bearer = text(headers, "authorization").strip_prefix("Bearer ");
        let until = bearer.and_then(|token| self.lock().tokens.get(token).copied());
        if until.is_some_and(|until| self.world.clock.now() < until) {
            None
        } else {
            Some(401)
        }
    }

    fn grant(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        let form = text(headers, "content-type") == "application/x-www-form-urlencoded";
        if text(headers, "user-agent").trim().is_empty() {
            return answer(403, &json!({ "message": "Forbidden" }));
        }
        if text(headers, "authorization") != basic || !form || body != b"grant_type=client_credentials" {
            return answer(401, &json!({ "error": "invalid_client" }));
        }
        let mut book = self.lock();
        book.issued += 1;
        let token = format!("sandbox-{}", book.issued);
        book.tokens
            .insert(token.clone(), self.world.clock.now() + TimeDelta::seconds(3_600));
        answer(
            200,
            &json!({ "access_token": token, "expires_in": 3_600, "token_type": "Bearer" }),
        )
    }
}

async fn call(
    State(vendor): State<Arc<SandboxJumio>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = {
        let mut book = vendor.lock();
        book.calls.push(format!("{method} {}", uri.path()));
        book.api
    };
    if let Some(spoilt) = spoilt(fault).await {
        return spoilt;
    }
    if uri.path() == "/oauth2/token" {
        return vendor.grant(&headers, &body);
    }
    if let Some(status) = vendor.admits(&headers) {
        return answer(status, &json!({ "message": "Unauthorized" }));
    }
    answers::route(&vendor, &method, &uri, &headers, &body, fault)
}

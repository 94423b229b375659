//! Sumsub on this machine, by its true wire: it checks our signature byte for byte and signs its own webhooks.
//!
//! How people fare stands in [`crate::identity`].

mod answers;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::identity::{
    ApiFault, Auto, HookFault, Play, Webhook, answer, hex_digest, listen, serve, sha256, spoilt, text,
};
use crate::serve::{SandboxError, World};

/// Seconds that a signature may be old, or of the future.
const MAX_AGE: i64 = 60;
/// How often a webhook is sent that nobody takes. The vendor tries after 5 minutes, 1, 5 and 18 hours; here nobody has that patience.
const TRIES: u32 = 6;

/// Who may call, and where webhooks go.
#[derive(Clone, Debug)]
pub struct SumsubSetup {
    /// App token.
    pub app_token: String,
    /// Its secret.
    pub secret: String,
    /// Secret of webhooks.
    pub webhook_secret: String,
    /// Where webhooks go; none sends none.
    pub webhook_url: Option<String>,
    /// When the sandbox plays the borrower.
    pub auto: Auto,
    /// Seconds that a signature may be old; more for a caller whose clock stands still.
    pub max_age: i64,
}

impl SumsubSetup {
    /// Public development secrets.
    pub fn development() -> Self {
        Self {
            app_token: "sbx:usance-development".into(),
            secret: "usance-development-sumsub".into(),
            webhook_secret: "usance-development-webhook".into(),
            webhook_url: None,
            auto: Auto::Never,
            max_age: MAX_AGE,
        }
    }
}

/// A person as the vendor knows them.
#[derive(Clone, Debug)]
struct Applicant {
    session: String,
    level: String,
    first_name: String,
    last_name: String,
    born: Option<String>,
    country: Option<String>,
    status: &'static str,
    result: Option<Value>,
    attempts: u32,
    deleted: bool,
}

#[derive(Default)]
struct Book {
    applicants: BTreeMap<String, Applicant>,
    api: ApiFault,
    hooks: HookFault,
    webhook_url: Option<String>,
    held: Vec<Webhook>,
    sent: u64,
    last_ms: i64,
    calls: Vec<String>,
}

/// The vendor.
pub struct SandboxSumsub {
    setup: SumsubSetup,
    base_url: String,
    world: World,
    state: Mutex<Book>,
}

impl std::fmt::Debug for SandboxSumsub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxSumsub")
    }
}

/// A running vendor; it stops when this is dropped.
#[derive(Debug)]
pub struct SumsubHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The vendor.
    pub vendor: Arc<SandboxSumsub>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for SumsubHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Starts the vendor on any port of this machine.
pub async fn spawn(setup: SumsubSetup, world: World) -> Result<SumsubHandle, SandboxError> {
    let (listener, base_url) = listen().await?;
    let webhook_url = setup.webhook_url.clone();
    let vendor = Arc::new(SandboxSumsub {
        setup,
        base_url: base_url.clone(),
        world,
        state: Mutex::new(Book {
            webhook_url,
            ..Book::default()
        }),
    });
    let router = Router::new().fallback(call).with_state(Arc::clone(&vendor));
    Ok(SumsubHandle {
        base_url,
        vendor,
        server: serve(listener, router),
    })
}

impl SandboxSumsub {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the interface goes wrong like this.
    pub fn set(&self, fault: ApiFault) {
        self.lock().api = fault;
    }

    /// From now on webhooks go wrong like this.
    pub fn set_hooks(&self, fault: HookFault) {
        self.lock().hooks = fault;
    }

    /// From now on webhooks go there.
    pub fn send_to(&self, url: &str) {
        self.lock().webhook_url = Some(url.to_owned());
    }

    /// Methods and paths of every call so far.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    /// The vendor's name of the person of a session.
    pub fn applicant(&self, session: &str) -> Option<String> {
        let book = self.lock();
        let found = book
            .applicants
            .iter()
            .find(|(_, applicant)| applicant.session == session);
        found.map(|(id, _)| id.clone())
    }

    /// The borrower hands in: the webhook of it, and that of the verdict when there is one.
    pub fn submit(&self, id: &str) -> Vec<Webhook> {
        let mut book = self.lock();
        let Some(applicant) = book.applicants.get_mut(id) else {
            return Vec::new();
        };
        applicant.attempts += 1;
        applicant.status = "pending";
        let play = Play::of(&applicant.last_name);
        let second = applicant.attempts > 1;
        let mut hooks = vec![self.hook(&mut book, id, "applicantPending")];
        let verdict = match play {
            Play::Wait => None,
            Play::Hold => Some(("onHold", None, "applicantOnHold")),
            Play::Reject => Some(("completed", Some(answers::red("FINAL", "FORGERY")), "applicantReviewed")),
            Play::Retry if !second => {
                let red = answers::red("RETRY", "UNSATISFACTORY_PHOTOS");
                Some(("completed", Some(red), "applicantReviewed"))
            }
            Play::Approve | Play::Other | Play::Retry => Some((
                "completed",
                Some(json!({ "reviewAnswer": "GREEN" })),
                "applicantReviewed",
            )),
        };
        if let Some((status, result, kind)) = verdict {
            if let Some(applicant) = book.applicants.get_mut(id) {
                (applicant.status, applicant.result) = (status, result);
            }
            hooks.push(self.hook(&mut book, id, kind));
        }
        hooks
    }

    /// The vendor's people decide, as `status/testCompleted` would: the webhook of it.
    pub fn review(&self, id: &str, result: &Value) -> Option<Webhook> {
        let mut book = self.lock();
        let applicant = book.applicants.get_mut(id)?;
        (applicant.status, applicant.result) = ("completed", Some(result.clone()));
        Some(self.hook(&mut book, id, "applicantReviewed"))
    }

    /// A webhook of that kind about a person, as it would be sent now.
    pub fn webhook(&self, id: &str, kind: &str) -> Webhook {
        let mut book = self.lock();
        self.hook(&mut book, id, kind)
    }

    fn hook(&self, book: &mut Book, id: &str, kind: &str) -> Webhook {
        book.sent += 1;
        // Never twice the same moment, as the vendor's clock runs on.
        book.last_ms = self.world.clock.now().timestamp_millis().max(book.last_ms + 1);
        let body = answers::payload(book, id, kind);
        let (algorithm, key) = match book.hooks {
            HookFault::Sha1 => ("HMAC_SHA1_HEX", self.setup.webhook_secret.clone()),
            HookFault::WrongDigest => ("HMAC_SHA256_HEX", format!("not {}", self.setup.webhook_secret)),
            _ => ("HMAC_SHA256_HEX", self.setup.webhook_secret.clone()),
        };
        let body = body.to_string().into_bytes();
        Webhook {
            url: book.webhook_url.clone().unwrap_or_default(),
            headers: vec![
                ("x-payload-digest-alg", algorithm.to_owned()),
                ("x-payload-digest", hex_digest(algorithm, &key, &body)),
            ],
            body,
        }
    }

    /// Sends webhooks as the fault has it; answers the statuses.
    pub async fn send(&self, hooks: Vec<Webhook>) -> Vec<Option<u16>> {
        let fault = self.lock().hooks;
        let mut statuses = Vec::new();
        match fault {
            HookFault::Dropped => {}
            HookFault::Reordered => self.lock().held.extend(hooks),
            _ => {
                for hook in hooks.into_iter().filter(|hook| !hook.url.is_empty()) {
                    statuses.push(hook.send().await);
                    if fault == HookFault::Duplicated {
                        statuses.push(hook.send().await);
                    }
                }
            }
        }
        statuses
    }

    /// Sends what was held back, the last one first.
    pub async fn release(&self) -> Vec<Option<u16>> {
        let mut held = std::mem::take(&mut self.lock().held);
        held.reverse();
        let mut statuses = Vec::new();
        for hook in held {
            statuses.push(hook.send().await);
        }
        statuses
    }

    /// Plays the borrower from the opening of the page to the verdict, in the background.
    fn play(self: &Arc<Self>, id: String) {
        let vendor = Arc::clone(self);
        tokio::spawn(async move {
            for hook in vendor.submit(&id) {
                for attempt in 0..TRIES {
                    let statuses = vendor.send(vec![hook.clone()]).await;
                    let lost = |status: &Option<u16>| status.is_none_or(|status| status >= 300);
                    if !statuses.iter().any(lost) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                }
            }
        });
    }

    fn admits(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
        let path = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        let seconds = text(headers, "x-app-access-ts");
        let message = [seconds.as_bytes(), method.as_str().as_bytes(), path.as_bytes(), body].concat();
        let expected = hex::encode(sha256(self.setup.secret.as_bytes(), &message));
        let age = seconds
            .parse::<i64>()
            .map(|at| (self.world.clock.now().timestamp() - at).abs());
        text(headers, "x-app-token") == self.setup.app_token
            && text(headers, "x-app-access-sig") == expected
            && age.is_ok_and(|age| age <= self.setup.max_age)
    }
}

async fn call(
    State(vendor): State<Arc<SandboxSumsub>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(session) = uri.path().strip_prefix("/websdk/p/") {
        return answers::opened(&vendor, session);
    }
    let fault = {
        let mut book = vendor.lock();
        book.calls.push(format!("{method} {}", uri.path()));
        book.api
    };
    if let Some(spoilt) = spoilt(fault).await {
        return spoilt;
    }
    if !vendor.admits(&method, &uri, &headers, &body) {
        let refusal =
            json!({ "code": 401, "description": "Request signature mismatch", "correlationId": "req-sandbox" });
        return answer(401, &refusal);
    }
    answers::route(&vendor, &method, &uri, &headers, &body, fault)
}

//! Elliptic and Chainalysis on this machine. A wallet fares by the end of its address:
//!
//! | End | Elliptic | Chainalysis |
//! |---|---|---|
//! | `dead` | a rule about sanctions fires, score 10 | designated |
//! | `beef` | a rule fires, score 7.5 | nothing |
//! | `0000` | not in any blockchain | nothing |
//! | `feed` | the analysis does not finish | nothing |
//! | any other | nothing | nothing |

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::identity::{ApiFault, answer, listen, serve, sha256, spoilt, text};
use crate::serve::{SandboxError, World};

/// Name of the development key at Elliptic; public.
pub const ELLIPTIC_KEY: &str = "usance-development";
/// Base64 of its secret; public.
pub const ELLIPTIC_SECRET: &str = "dXNhbmNlLWRldmVsb3BtZW50LWVsbGlwdGlj";
/// Development key at Chainalysis; public.
pub const CHAINALYSIS_KEY: &str = "usance-development";

/// Milliseconds that a signature may be old.
const MAX_AGE: i64 = 60_000;

/// Both services, on one server.
pub struct SandboxWallets {
    world: World,
    state: Mutex<ApiFault>,
}

impl std::fmt::Debug for SandboxWallets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxWallets")
    }
}

/// Running services; they stop when this is dropped.
#[derive(Debug)]
pub struct WalletsHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The services.
    pub services: Arc<SandboxWallets>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for WalletsHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Starts the services on any port of this machine.
pub async fn spawn(world: World) -> Result<WalletsHandle, SandboxError> {
    let (listener, base_url) = listen().await?;
    let services = Arc::new(SandboxWallets {
        world,
        state: Mutex::default(),
    });
    let router = Router::new().fallback(call).with_state(Arc::clone(&services));
    Ok(WalletsHandle {
        base_url,
        services,
        server: serve(listener, router),
    })
}

impl SandboxWallets {
    /// From now on the interfaces go wrong like this.
    pub fn set(&self, fault: ApiFault) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn admits(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
        let at = text(headers, "x-access-timestamp");
        let path = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        let body = if body.is_empty() { b"{}" } else { body };
        let head = format!("{at}{method}{}", path.to_lowercase());
        let key = STANDARD.decode(ELLIPTIC_SECRET).unwrap_or_default();
        let expected = STANDARD.encode(sha256(&key, &[head.as_bytes(), body].concat()));
        let age = at
            .parse::<i64>()
            .map(|at| (self.world.clock.now().timestamp_millis() - at).abs());
        text(headers, "x-access-key") == ELLIPTIC_KEY
            && text(headers, "x-access-sign") == expected
            && age.is_ok_and(|age| age <= MAX_AGE)
    }
}

async fn call(
    State(services): State<Arc<SandboxWallets>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = *services.state.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(spoilt) = spoilt(fault).await {
        return spoilt;
    }
    match (method.as_str(), uri.path()) {
        ("POST", "/v2/wallet/synchronous") => {
            if !services.admits(&method, &uri, &headers, &body) {
                return answer(401, &json!({ "message": "Unauthorized" }));
            }
            exposure(&body)
        }
        ("GET", path) => match path.strip_prefix("/api/v1/address/") {
            Some(_) if text(&headers, "x-api-key") != CHAINALYSIS_KEY => {
                answer(403, &json!({ "message": "Forbidden" }))
            }
            Some(address) => answer(200, &designated(address)),
            None => answer(404, &json!({})),
        },
        _ => answer(404, &json!({})),
    }
}

fn designated(address: &str) -> Value {
    let found = json!({
        "category": "sanctions", "name": "SANCTIONS: SANDBOX", "description": "A designation of the sandbox.", "url": "https://example.com",
    });
    let found: Vec<Value> = address
        .to_lowercase()
        .ends_with("dead")
        .then_some(found)
        .into_iter()
        .collect();
    json!({ "identifications": found })
}

fn exposure(body: &[u8]) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let subject = &asked["subject"];
    let asked_right =
        asked["type"] == "wallet_exposure" && subject["type"] == "address" && subject["asset"] == "holistic";
    let Some(address) = subject["hash"].as_str().filter(|_| asked_right) else {
        return answer(400, &json!({ "name": "BadRequest" }));
    };
    let rule = |name: &str, score: f64, category: &str| json!({ "rule_id": "r1", "rule_name": name, "risk_score": score, "matched_elements": [{ "category": category }] });
    let address = address.to_lowercase();
    let (score, rules, status) = match address.get(address.len().saturating_sub(4)..).unwrap_or_default() {
        "dead" => (
            json!(10),
            vec![rule("Sanctioned entity", 10.0, "Sanctioned Entity")],
            "complete",
        ),
        "beef" => (json!(7.5), vec![rule("Mixer exposure", 7.5, "Mixer")], "complete"),
        "0000" => return answer(404, &json!({ "name": "NotInBlockchain", "message": "not found" })),
        "feed" => (Value::Null, vec![], "running"),
        _ => (Value::Null, vec![], "complete"),
    };
    let made = json!({
        "id": "b7535048-76f8-4f60-bdd3-9d659298f9e7", "type": "wallet_exposure", "subject": subject, "process_status": status,
        "risk_score": score, "evaluation_detail": { "source": rules, "destination": [] },
    });
    answer(200, &made)
}

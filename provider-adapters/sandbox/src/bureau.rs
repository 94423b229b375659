//! A credit bureau that speaks `usance-bureau/1` on this machine. Its people are made of their names: the same name has the same file.
//!
//! It goes wrong as [`SandboxBureau::set`] says, or as the consent says whose reference is `fault-` and the name of a fault.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{Datelike as _, Months, NaiveDate};
use sdk::signature::sign_answer;
use sdk::{Gate, PrivateKey, PublicKey, RequestParts, Signer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::PlatformKey;
use crate::serve::{SandboxError, World};

/// Name of its development key; public.
pub const KEY: &str = "sandbox-bureau";
/// Bytes of an answer that is too large.
const LARGE: usize = 10 * 1024 * 1024;

/// How it goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BureauFault {
    /// Not at all.
    #[default]
    None,
    /// 503.
    Unavailable,
    /// 429 with `Retry-After: 7`.
    RateLimited,
    /// The consent was withdrawn.
    ConsentInvalid,
    /// Knows nobody of that name.
    NoFile,
    /// Refuses our key.
    Refuses,
    /// Never answers.
    Silent,
    /// An answer without its tradelines.
    Malformed,
    /// A page of HTML with status 200.
    NotJson,
    /// 10 MB.
    TooLarge,
    /// Signed by somebody else.
    BadSignature,
    /// Not signed.
    Unsigned,
    /// The answer to another question.
    OtherRequest,
    /// Codes that nobody knows.
    UnknownCodes,
    /// A report in euros.
    Euros,
    /// A report of tomorrow.
    Tomorrow,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BureauCall {
    /// The consent that came along.
    pub consent: String,
    /// What for.
    pub purpose: String,
    /// `SOFT` or `HARD`.
    pub inquiry: String,
}

/// A bureau.
pub struct SandboxBureau {
    gate: Gate,
    signer: Signer,
    impostor: Signer,
    world: World,
    state: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    fault: BureauFault,
    calls: Vec<BureauCall>,
}

impl std::fmt::Debug for SandboxBureau {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxBureau")
    }
}

/// A running bureau; it stops when this is dropped.
#[derive(Debug)]
pub struct BureauHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The bureau.
    pub bureau: Arc<SandboxBureau>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for BureauHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl BureauHandle {
    /// Base64 of the public key that signs its answers.
    pub fn public_key(&self) -> String {
        self.bureau.signer.key.public().to_base64()
    }
}

impl SandboxBureau {
    /// From now on it goes wrong like this.
    pub fn set(&self, fault: BureauFault) {
        self.lock().fault = fault;
    }

    /// Every question so far, oldest first.
    pub fn calls(&self) -> Vec<BureauCall> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the question and says how to answer it: the answer and its fault, or a refusal.
    fn take(&self, parts: RequestParts<'_>, body: &[u8]) -> Result<(Question, BureauFault), (u16, &'static str)> {
        if (parts.method, parts.path) != ("POST", "/v1/reports") {
            return Err((404, "no-such-path"));
        }
        self.gate.admit(parts, body).map_err(|_| (401, "signature"))?;
        let question: Question = serde_json::from_slice(body).map_err(|_| (400, "malformed"))?;
        if question.version != "usance-bureau/1" || question.inquiry != "SOFT" {
            return Err((422, "unsupported"));
        }
        let mut book = self.lock();
        book.calls.push(BureauCall {
            consent: question.consent.clone(),
            purpose: question.purpose.clone(),
            inquiry: question.inquiry.clone(),
        });
        let named = question.consent.strip_prefix("fault-");
        let named = named.and_then(|name| serde_json::from_value(json!(name)).ok());
        let fault = named.unwrap_or(book.fault);
        Ok((question, fault))
    }

    fn answer(&self, question: &Question, fault: BureauFault) -> (u16, Vec<u8>) {
        let problem = |status: u16, code: &str| {
            let kind = format!("urn:usance:bureau:{code}");
            let body = json!({ "type": kind, "title": "Refused", "status": status });
            (status, body.to_string().into_bytes())
        };
        let mut file = file_of(&question.subject.name, self.world.clock.now().date_naive());
        file["version"] = json!("usance-bureau/1");
        file["request_id"] = json!(question.request_id);
        file["inquiry"] = json!("SOFT");
        match fault {
            BureauFault::Unavailable => return problem(503, "unavailable"),
            BureauFault::RateLimited => return problem(429, "rate-limited"),
            BureauFault::ConsentInvalid => return problem(403, "consent-invalid"),
            BureauFault::NoFile => return problem(404, "no-file"),
            BureauFault::Refuses => return problem(401, "key"),
            BureauFault::NotJson => return (200, b"<html>maintenance</html>".to_vec()),
            BureauFault::TooLarge => return (200, vec![b' '; LARGE]),
            BureauFault::Malformed => {
                file.as_object_mut().map(|members| members.remove("tradelines"));
            }
            BureauFault::OtherRequest => file["request_id"] = json!(self.world.ids.next()),
            BureauFault::UnknownCodes => {
                file["tradelines"][0]["payment_history"] = json!("Q?00");
                file["tradelines"][0]["status"] = json!("ZZ");
                file["public_records"] = json!([{ "kind": "OMEN", "filed": "2020-01-02", "released": null }]);
            }
            BureauFault::Euros => file["currency"] = json!("EUR"),
            BureauFault::Tomorrow => {
                file["as_of"] = json!((self.world.clock.now() + chrono::TimeDelta::days(1)).to_rfc3339());
            }
            BureauFault::None | BureauFault::Silent | BureauFault::BadSignature | BureauFault::Unsigned => {}
        }
        (200, file.to_string().into_bytes())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    version: String,
    request_id: uuid::Uuid,
    purpose: String,
    inquiry: String,
    consent: String,
    subject: Subject,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    #[serde(rename = "country")]
    _country: String,
    #[serde(default, rename = "region")]
    _region: Option<String>,
}

/// The file of a person: two cards, a car loan and perhaps a mortgage, with more lateness the higher the last byte of the name's digest.
fn file_of(name: &str, today: NaiveDate) -> Value {
    let digest = Sha256::digest(name.trim().to_lowercase());
    let pick = |place: usize, most: i64| i64::from(digest[place]) % (most + 1);
    let as_of = today.pred_opt().unwrap_or(today);
    let months_ago = |months: i64| {
        let months = Months::new(u32::try_from(months).unwrap_or(0));
        as_of.checked_sub_months(months).unwrap_or(as_of)
    };
    let troubled = digest[31] >= 192;
    let history = |late: bool| {
        if late {
            "012100000000000000000000"
        } else {
            "000000000000000000000000"
        }
    };
    let card = |place: usize, late: bool| {
        let limit = 100_000 * (2 + pick(place, 8));
        let used = limit * (5 + pick(place + 1, if troubled { 90 } else { 40 })) / 100;
        let statements: Vec<Value> = (1..=6).map(|back| {
            let month = months_ago(back);
            let balance = used - used * (back - 1) / 20;
            let payment = if late { 0 } else { balance / 4 };
            json!({ "month": format!("{:04}-{:02}", month.year(), month.month()), "balance": balance.to_string(), "payment": payment.to_string() })
        }).collect();
        json!({
            "portfolio_type": "R", "account_type": "18", "ecoa": "1", "opened": months_ago(24 + pick(place + 2, 150)), "closed": null,
            "credit_limit": limit.to_string(), "balance": used.to_string(), "scheduled_payment": (used / 40).to_string(),
            "status": if late { "71" } else { "11" }, "payment_rating": null, "payment_history": history(late), "statements": statements,
        })
    };
    let loan = |kind: &str, account: &str, balance: i64, payment: i64| {
        json!({
            "portfolio_type": kind, "account_type": account, "ecoa": "1", "opened": months_ago(30), "closed": null, "credit_limit": null,
            "balance": balance.to_string(), "scheduled_payment": payment.to_string(), "status": "11", "payment_rating": null,
            "payment_history": history(false), "statements": [],
        })
    };
    let mut lines = vec![
        card(0, troubled),
        card(3, false),
        loan("I", "00", 900_000, 15_000 + 100 * pick(6, 200)),
    ];
    if digest[7] & 1 == 0 {
        lines.push(loan("M", "26", 20_000_000, 120_000));
    }
    // An authorized user owes nothing of this one.
    let mut borrowed = card(8, false);
    borrowed["ecoa"] = json!("3");
    lines.push(borrowed);
    let inquiries: Vec<Value> = (0..pick(9, 3))
        .map(|back| json!({ "date": months_ago(back), "kind": "HARD" }))
        .collect();
    let id: String = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "report_id": format!("SB-{id}-{as_of}"), "as_of": format!("{as_of}T00:00:00Z"), "currency": "USD",
        "tradelines": lines, "inquiries": inquiries, "public_records": [],
    })
}

/// Serves a bureau on any port of this machine. It answers questions that `platform` signed.
pub async fn spawn(platform: &PlatformKey, world: World) -> Result<BureauHandle, SandboxError> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    let trusted = PublicKey::from_base64(&platform.id, &platform.public)?;
    let signer = Signer {
        key: PrivateKey::development(KEY)?,
        clock: Arc::clone(&world.clock),
        ids: Arc::clone(&world.ids),
    };
    let bureau = Arc::new(SandboxBureau {
        gate: Gate::new(&address.to_string(), vec![trusted], Arc::clone(&world.clock)),
        impostor: Signer {
            key: PrivateKey::from_seed(KEY, [66; 32])?,
            ..signer.clone()
        },
        signer,
        world,
        state: Mutex::default(),
    });
    let router = Router::new()
        .route("/sandbox/book", axum::routing::get(book))
        .fallback(call)
        .with_state(Arc::clone(&bureau));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(BureauHandle {
        base_url: format!("http://{address}"),
        bureau,
        server,
    })
}

async fn book(State(bureau): State<Arc<SandboxBureau>>) -> Response {
    axum::Json(json!({ "calls": bureau.calls() })).into_response()
}

async fn call(
    State(bureau): State<Arc<SandboxBureau>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parts = RequestParts {
        method: method.as_str(),
        path: uri.path(),
        headers: &headers,
    };
    let (status, body, fault) = match bureau.take(parts, &body) {
        Ok((_, BureauFault::Silent)) => std::future::pending().await,
        Ok((question, fault)) => {
            let (status, body) = bureau.answer(&question, fault);
            (status, body, fault)
        }
        Err((status, code)) => {
            let kind = format!("urn:usance:bureau:{code}");
            let body = json!({ "type": kind, "title": "Refused", "status": status });
            (status, body.to_string().into_bytes(), BureauFault::None)
        }
    };
    let mut answered = HeaderMap::new();
    let media = match (status, fault) {
        (_, BureauFault::NotJson) => "text/html",
        (200, _) => "application/json",
        _ => "application/problem+json",
    };
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if fault == BureauFault::RateLimited {
        answered.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
    }
    let question = headers
        .get("signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let signer = match fault {
        BureauFault::Unsigned => None,
        BureauFault::BadSignature => Some(&bureau.impostor),
        _ => Some(&bureau.signer),
    };
    if let Some(signer) = signer.filter(|_| status == 200) {
        for (name, value) in sign_answer(signer, status, question, &body).pairs() {
            if let Ok(value) = HeaderValue::from_str(value) {
                answered.insert(HeaderName::from_static(name), value);
            }
        }
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, answered, body).into_response()
}

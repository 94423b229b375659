//! A bank that shows accounts by the Berlin Group's NextGenPSD2 account information service, on this machine. Whose they are follows from
//! the consent: the same consent shows the same person.
//!
//! It goes wrong as [`AccountBank::set`] says, or as the consent says whose id is `fault-` and the name of a fault.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{Datelike as _, Days, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::serve::{SandboxError, World};

/// Transactions on a page.
const PAGE: usize = 40;
/// Bytes of an answer that is too large.
const LARGE: usize = 10 * 1024 * 1024;
/// Days that the bank shows.
const SHOWN: u64 = 400;

/// How it goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BankFault {
    /// Not at all.
    #[default]
    None,
    /// 503.
    Unavailable,
    /// 429 with `Retry-After: 7` and `ACCESS_EXCEEDED`.
    RateLimited,
    /// 401 `CONSENT_EXPIRED`.
    ConsentExpired,
    /// 401 `TOKEN_INVALID`.
    TokenInvalid,
    /// Never answers.
    Silent,
    /// Transactions without their report.
    Malformed,
    /// A page of HTML with status 200.
    NotJson,
    /// 10 MB.
    TooLarge,
    /// The last transaction of a page stands on the next one too, as when one comes in between.
    Duplicates,
    /// The same, with another amount.
    Contradicts,
    /// The next page is at another host.
    Elsewhere,
    /// There is always a next page.
    Endless,
    /// Codes that nobody knows.
    UnknownCodes,
    /// The balance has a credit limit in it.
    LimitIncluded,
    /// Balances have to be asked for one by one.
    BalancesApart,
    /// The second account is in euros.
    Euros,
}

/// A bank.
pub struct AccountBank {
    token: String,
    world: World,
    state: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    fault: BankFault,
    /// Method, path and consent of every call, oldest first.
    heard: Vec<String>,
}

impl std::fmt::Debug for AccountBank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountBank")
    }
}

/// A running bank; it stops when this is dropped.
#[derive(Debug)]
pub struct AccountBankHandle {
    /// `http://127.0.0.1:port/psd2`.
    pub base_url: String,
    /// The bank.
    pub bank: Arc<AccountBank>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for AccountBankHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Status and body; none for no answer at all.
type Answer = Option<(u16, Body)>;

enum Body {
    Json(Value),
    Other(Vec<u8>),
}

fn refuse(status: u16, code: &str) -> Answer {
    let message = json!({ "category": "ERROR", "code": code, "text": "refused" });
    Some((status, Body::Json(json!({ "tppMessages": [message] }))))
}

fn show(value: Value) -> Answer {
    Some((200, Body::Json(value)))
}

impl AccountBank {
    /// From now on it goes wrong like this.
    pub fn set(&self, fault: BankFault) {
        self.lock().fault = fault;
    }

    /// Method, path and consent of every call, oldest first.
    pub fn heard(&self) -> Vec<String> {
        self.lock().heard.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, path: &str, query: &HashMap<String, String>, headers: &HeaderMap) -> Answer {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let consent = header("consent-id").unwrap_or_default();
        let fault = {
            let mut book = self.lock();
            book.heard.push(format!("GET {path} {consent}"));
            let named = consent.strip_prefix("fault-");
            let named = named.and_then(|name| serde_json::from_value(json!(name)).ok());
            named.unwrap_or(book.fault)
        };
        if header("x-request-id").is_none_or(|id| id.parse::<uuid::Uuid>().is_err()) {
            return refuse(400, "FORMAT_ERROR");
        }
        if header("authorization") != Some(&format!("Bearer {}", self.token)) {
            return refuse(401, "TOKEN_INVALID");
        }
        if consent.is_empty() {
            return refuse(401, "CONSENT_UNKNOWN");
        }
        match fault {
            BankFault::Unavailable => return refuse(503, "SERVICE_UNAVAILABLE"),
            BankFault::RateLimited => return refuse(429, "ACCESS_EXCEEDED"),
            BankFault::ConsentExpired => return refuse(401, "CONSENT_EXPIRED"),
            BankFault::TokenInvalid => return refuse(401, "TOKEN_INVALID"),
            BankFault::Silent => return None,
            BankFault::NotJson => return Some((200, Body::Other(b"<html>maintenance</html>".to_vec()))),
            BankFault::TooLarge => return Some((200, Body::Other(vec![b' '; LARGE]))),
            _ => {}
        }
        let person = Person::of(consent, self.world.clock.now().date_naive());
        let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match steps.as_slice() {
            ["psd2", "v1", "accounts"] => {
                let inline = query.get("withBalance").map(String::as_str) == Some("true");
                show(person.accounts(inline && fault != BankFault::BalancesApart, fault))
            }
            ["psd2", "v1", "accounts", id, "balances"] if person.has(id) => {
                show(json!({ "account": { "iban": person.iban(id) }, "balances": person.balances(id, fault) }))
            }
            ["psd2", "v1", "accounts", id, "transactions"] if person.has(id) => person.page(id, query, fault),
            _ => refuse(404, "RESOURCE_UNKNOWN"),
        }
    }
}

/// Who gave a consent.
struct Person {
    digest: [u8; 32],
    today: NaiveDate,
}

struct Entry {
    date: NaiveDate,
    cents: i64,
    purpose: Option<&'static str>,
    code: &'static str,
    other: String,
}

impl Person {
    fn of(consent: &str, today: NaiveDate) -> Self {
        let digest = Sha256::digest(consent).into();
        Self { digest, today }
    }

    fn has(&self, id: &str) -> bool {
        [self.id("current"), self.id("savings")].contains(&id.to_owned())
    }

    fn id(&self, which: &str) -> String {
        let tail: String = self.digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{which}-{tail}")
    }

    fn iban(&self, id: &str) -> String {
        let number: u64 = self.digest[..5]
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let last = u64::from(id.starts_with("savings"));
        format!("DE89{number:017}{last}")
    }

    fn salary(&self) -> i64 {
        250_000 + 2_500 * i64::from(self.digest[8])
    }

    fn accounts(&self, inline: bool, fault: BankFault) -> Value {
        let account = |which: &str, kind: &str| {
            let id = self.id(which);
            let base = format!("/psd2/v1/accounts/{id}");
            let mut shown = json!({
                "resourceId": id, "iban": self.iban(&id), "currency": currency(&id, fault), "product": "Everyday", "cashAccountType": kind,
                "status": "enabled", "usage": "PRIV", "name": which, "ownerName": "Alex Sample",
                "_links": { "balances": { "href": format!("{base}/balances") }, "transactions": { "href": format!("{base}/transactions") } },
            });
            if inline {
                shown["balances"] = self.balances(&id, fault);
            }
            if fault == BankFault::UnknownCodes {
                shown["cashAccountType"] = json!("ZZZZ");
                shown["colour"] = json!("green");
            }
            shown
        };
        json!({ "accounts": [account("current", "CACC"), account("savings", "SVGS")] })
    }

    fn balances(&self, id: &str, fault: BankFault) -> Value {
        let booked: i64 = self.entries(id).iter().map(|entry| entry.cents).sum::<i64>() + self.opening(id);
        let amount = |cents: i64| json!({ "currency": currency(id, fault), "amount": major(cents) });
        json!([
            { "balanceType": "interimAvailable", "balanceAmount": amount(booked + 100_000), "creditLimitIncluded": true },
            { "balanceType": "closingBooked", "balanceAmount": amount(booked), "referenceDate": self.today,
              "creditLimitIncluded": fault == BankFault::LimitIncluded },
        ])
    }

    /// What was there before everything that the bank shows.
    fn opening(&self, id: &str) -> i64 {
        if id.starts_with("savings") {
            500_000
        } else {
            if self.low() { -120_000 } else { 300_000 }
        }
    }

    /// One in four begins so low and spends so much that the account is overdrawn before each salary.
    fn low(&self) -> bool {
        self.digest[9] % 4 == 0
    }

    /// Everything booked, oldest first.
    fn entries(&self, id: &str) -> Vec<Entry> {
        let savings = format!("savings-{}", id.split('-').nth(1).unwrap_or_default());
        let (current_iban, savings_iban) = (self.iban("current"), self.iban(&savings));
        let mut entries = Vec::new();
        let first = self.today - Days::new(SHOWN);
        for date in first.iter_days().take_while(|day| *day <= self.today) {
            let mut book = |cents: i64, purpose, code, other: &str| {
                let other = other.to_owned();
                entries.push(Entry {
                    date,
                    cents,
                    purpose,
                    code,
                    other,
                });
            };
            if id.starts_with("savings") {
                if date.day() == 26 {
                    book(10_000, None, "PMNT-RCDT-ESCT", &current_iban);
                }
                continue;
            }
            match date.day() {
                1 => book(
                    -self.salary() / 4,
                    Some("RENT"),
                    "PMNT-ICDT-ESCT",
                    "DE02120300000000202051",
                ),
                5 => book(
                    -self.salary() / 20,
                    Some("LOAR"),
                    "PMNT-RDDT-ESDD",
                    "DE02500105170137075030",
                ),
                25 => book(self.salary(), Some("SALA"), "PMNT-RCDT-ESCT", "DE02100500000054540402"),
                26 => book(-10_000, None, "PMNT-ICDT-ESCT", &savings_iban),
                _ => {}
            }
            if date.num_days_from_ce() % 3 == 0 {
                book(
                    -self.salary() / if self.low() { 15 } else { 20 },
                    None,
                    "PMNT-CCRD-POSD",
                    "Corner shop",
                );
            }
            // One in eight has a debit that comes back every other month.
            if self.digest[10] % 8 == 0 && date.day() == 12 && date.month() % 2 == 0 {
                book(-4_000, None, "PMNT-RDDT-ESDD", "Gym");
                book(4_000, None, "PMNT-RDDT-UPDD", "Gym");
            }
        }
        entries
    }

    fn page(&self, id: &str, query: &HashMap<String, String>, fault: BankFault) -> Answer {
        let Some(from) = query.get("dateFrom").and_then(|text| text.parse::<NaiveDate>().ok()) else {
            return refuse(400, "PERIOD_INVALID");
        };
        if !matches!(query.get("bookingStatus").map(String::as_str), Some("booked" | "both")) {
            return refuse(400, "PARAMETER_NOT_SUPPORTED");
        }
        if fault == BankFault::Malformed {
            return show(json!({ "account": { "iban": self.iban(id) } }));
        }
        let number: usize = query.get("page").and_then(|text| text.parse().ok()).unwrap_or(0);
        let all: Vec<Value> = self
            .entries(id)
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.date >= from)
            .map(|(place, entry)| transaction(place, entry, currency(id, fault), fault))
            .rev()
            .collect();
        let start = (number * PAGE).min(all.len());
        let mut booked: Vec<Value> = all[start..all.len().min(start + PAGE)].to_vec();
        let repeats = matches!(fault, BankFault::Duplicates | BankFault::Contradicts);
        if repeats && start > 0 {
            let mut again = all[start - 1].clone();
            if fault == BankFault::Contradicts {
                again["transactionAmount"]["amount"] = json!("0.01");
            }
            booked.insert(0, again);
        }
        let base = format!("/psd2/v1/accounts/{id}");
        let mut links = json!({ "account": { "href": base } });
        if start + PAGE < all.len() || fault == BankFault::Endless {
            let host = if fault == BankFault::Elsewhere {
                "https://elsewhere.example"
            } else {
                ""
            };
            let href = format!(
                "{host}{base}/transactions?dateFrom={from}&bookingStatus=both&page={}",
                number + 1
            );
            links["next"] = json!({ "href": href });
        }
        let pending = json!([{ "transactionAmount": { "currency": currency(id, fault), "amount": "-12.00" },
            "valueDate": self.today, "creditorName": "Corner shop" }]);
        let pending = if number == 0 { pending } else { json!([]) };
        let report = json!({ "booked": booked, "pending": pending, "_links": links });
        show(json!({ "account": { "iban": self.iban(id) }, "transactions": report }))
    }
}

fn currency(id: &str, fault: BankFault) -> &'static str {
    if fault == BankFault::Euros && id.starts_with("savings") {
        "EUR"
    } else {
        "USD"
    }
}

fn major(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let whole = cents.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

fn transaction(place: usize, entry: &Entry, currency: &str, fault: BankFault) -> Value {
    let mut shown = json!({
        "transactionId": format!("T{place:05}"), "bookingDate": entry.date, "valueDate": entry.date,
        "transactionAmount": { "currency": currency, "amount": major(entry.cents) },
        "bankTransactionCode": entry.code, "remittanceInformationUnstructured": "a text of the bank",
    });
    let (account, name) = if entry.cents < 0 {
        ("creditorAccount", "creditorName")
    } else {
        ("debtorAccount", "debtorName")
    };
    if entry.other.starts_with("DE") {
        shown[account] = json!({ "iban": entry.other });
    } else {
        shown[name] = json!(entry.other);
    }
    if let Some(purpose) = entry.purpose {
        shown["purposeCode"] = json!(purpose);
    }
    if fault == BankFault::UnknownCodes {
        shown["purposeCode"] = json!("QQQQ");
        shown["bankTransactionCode"] = json!("XXXX");
        shown["mood"] = json!("good");
    }
    shown
}

/// Serves a bank on any port of this machine; it wants this bearer token.
pub async fn spawn(token: &str, world: World) -> Result<AccountBankHandle, SandboxError> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    let bank = Arc::new(AccountBank {
        token: token.to_owned(),
        world,
        state: Mutex::default(),
    });
    let router = Router::new()
        .route("/sandbox/book", axum::routing::get(book))
        .fallback(call)
        .with_state(Arc::clone(&bank));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(AccountBankHandle {
        base_url: format!("http://{address}/psd2"),
        bank,
        server,
    })
}

async fn book(State(bank): State<Arc<AccountBank>>) -> Response {
    axum::Json(json!({ "calls": bank.heard() })).into_response()
}

async fn call(
    State(bank): State<Arc<AccountBank>>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let answer = if method == Method::GET {
        bank.answer(uri.path(), &query, &headers)
    } else {
        refuse(405, "SERVICE_INVALID")
    };
    let Some((status, body)) = answer else {
        return std::future::pending().await;
    };
    let mut answered = HeaderMap::new();
    if let Some(id) = headers.get("x-request-id") {
        answered.insert("x-request-id", id.clone());
    }
    if status == 429 {
        answered.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        Body::Json(value) => (status, answered, axum::Json(value)).into_response(),
        Body::Other(bytes) => {
            let media = if bytes.len() == LARGE {
                "application/json"
            } else {
                "text/html"
            };
            answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            (status, answered, bytes).into_response()
        }
    }
}

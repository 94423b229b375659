//! A marketplace of rate tables: leads in, tables that fill up read by read, and the ways in which such a thing goes wrong.
//!
//! It is a function of requests, so that anything may stand before it; [`spawn`] serves it on this machine.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::serve::{SandboxError, World};

/// Where hand-off links lead.
const PAGES: &str = "https://offers.marketplace.example/ref";

/// One originator of the marketplace.
#[derive(Clone, Debug, PartialEq)]
pub struct Originator {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Reads of the table before it answers; 0 answers at once.
    pub after: usize,
    /// Its offer, as it stands in the table: ranges, terms, and what the marketplace earns. `uuid`, `originator` and `url` are put in.
    pub offer: Value,
}

/// How it goes wrong, for every call until it is set again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    #[default]
    None,
    /// An originator that never answers.
    NeverFinal,
    /// 429 to every call.
    RateLimited,
    /// 429 to every read of a table that was opened.
    ReadsLimited,
    /// A table without its list of offers.
    Malformed,
    /// The first offer has its ends the wrong way round.
    RangeTurned,
    /// Each read shows other figures for the same offer: a tenth more of everything.
    RangesMove,
    /// Reads answer with another table.
    OtherTable,
    /// Refuses the lead by its field, with a text that quotes it.
    RefusesLead,
}

/// A marketplace.
pub struct Marketplace {
    originators: Vec<Originator>,
    token: String,
    world: World,
    state: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    fault: Fault,
    /// Leads by their ids, and how often each came.
    leads: HashMap<String, i64>,
    tables: HashMap<String, Table>,
    /// Lines of the requests, oldest first.
    heard: Vec<String>,
}

struct Table {
    lead: String,
    amount: i64,
    reads: usize,
}

impl std::fmt::Debug for Marketplace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Marketplace({} originators)", self.originators.len())
    }
}

/// A running marketplace; it stops when this is dropped.
#[derive(Debug)]
pub struct MarketplaceHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// The marketplace.
    pub marketplace: Arc<Marketplace>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for MarketplaceHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Two originators: one that answers at once, and one at the second read.
pub fn standard_originators() -> Vec<Originator> {
    let offer = |max_apr: f64, fee: i64, months: i64, payout: i64| {
        json!({
            "productType": "loan", "productSubType": "personal_loan",
            "minAmount": 1_000, "maxAmount": 35_000, "termLength": months, "termUnit": "month",
            "minApr": 7.99, "meanApr": null, "maxApr": max_apr, "aprType": "fixed",
            "minFeeFixed": 0, "maxFeeFixed": fee, "feeFixed": null, "minFeeRate": null, "maxFeeRate": null, "feeRate": null,
            "minMonthlyPayment": null, "meanMonthlyPayment": null, "maxMonthlyPayment": null, "monthlyPayment": null,
            "minTotalPayment": null, "meanTotalPayment": null, "maxTotalPayment": null,
            "allowPrepayment": true, "prepaymentFee": null, "preQualified": true, "preApproved": false, "secured": false,
            "coApplicant": false, "sponsored": false, "payout": payout, "recommendationScore": payout * 10,
            "conversionProbability": 0.13,
        })
    };
    let originator = |key: &str, name: &str, after, offer| Originator {
        key: key.into(),
        name: name.into(),
        after,
        offer,
    };
    vec![
        originator("alpha", "Alpha, Inc.", 0, offer(19.99, 150, 24, 90)),
        originator("beta", "Beta Credit Union", 2, offer(14.5, 0, 36, 10)),
    ]
}

impl Marketplace {
    /// A marketplace that wants this bearer token.
    pub fn new(originators: Vec<Originator>, token: &str, world: World) -> Self {
        Self {
            originators,
            token: token.to_owned(),
            world,
            state: Mutex::default(),
        }
    }

    /// From now on it goes wrong like this.
    pub fn set(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// Method and path of every request so far.
    pub fn heard(&self) -> Vec<String> {
        self.lock().heard.clone()
    }

    /// How many different leads came in.
    pub fn leads(&self) -> usize {
        self.lock().leads.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request: status and JSON.
    pub fn answer(&self, method: &str, path: &str, authorization: Option<&str>, body: &[u8]) -> (u16, Value) {
        let mut book = self.lock();
        book.heard.push(format!("{method} {path}"));
        if authorization != Some(&format!("Bearer {}", self.token)) {
            return (401, json!([{ "message": "Unauthorized" }]));
        }
        if book.fault == Fault::RateLimited {
            return (429, json!([{ "message": "Too many requests" }]));
        }
        let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (method, steps.as_slice()) {
            ("POST", ["leads", "rateTables"]) => self.lead(&mut book, body, false),
            ("POST", ["blocking", "leads", "rateTables"]) => self.lead(&mut book, body, true),
            ("POST", ["leads", lead, "rateTables"]) => match book.leads.get(*lead).copied() {
                Some(amount) => (200, self.open(&mut book, lead, amount, false)),
                None => (404, json!([{ "message": "Unknown lead" }])),
            },
            ("GET", ["originator", "rateTables", table]) => self.read(&mut book, table),
            _ => (404, json!([{ "message": "Not found" }])),
        }
    }

    fn lead(&self, book: &mut Book, body: &[u8], blocking: bool) -> (u16, Value) {
        let refuse = |attribute: &str| {
            let message = format!("Invalid fields present: {}", String::from_utf8_lossy(body));
            (
                400,
                json!([{ "attribute": attribute, "type": "invalid", "message": message }]),
            )
        };
        let Ok(lead) = serde_json::from_slice::<Value>(body) else {
            return refuse("body");
        };
        if book.fault == Fault::RefusesLead {
            return refuse("financialInformation.annualIncome");
        }
        let wants_loan = lead["productTypes"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("loan")));
        if !wants_loan {
            return refuse("productTypes");
        }
        let Some(amount) = lead["loanInformation"]["loanAmount"]
            .as_i64()
            .filter(|amount| *amount > 0)
        else {
            return refuse("loanInformation.loanAmount");
        };
        let Some(id) = lead["uuid"].as_str().filter(|id| id.parse::<Uuid>().is_ok()) else {
            return refuse("uuid");
        };
        if book.leads.contains_key(id) {
            return (409, json!([{ "message": "Lead  duplicates an existing lead" }]));
        }
        book.leads.insert(id.to_owned(), amount);
        (200, self.open(book, id, amount, blocking))
    }

    fn open(&self, book: &mut Book, lead: &str, amount: i64, blocking: bool) -> Value {
        let uuid = self.world.ids.next().to_string();
        let most = self.originators.iter().map(|originator| originator.after).max();
        let table = Table {
            lead: lead.to_owned(),
            amount,
            reads: if blocking { most.unwrap_or_default() } else { 0 },
        };
        let shown = self.show(book.fault, &uuid, &table);
        book.tables.insert(uuid, table);
        shown
    }

    fn read(&self, book: &mut Book, uuid: &str) -> (u16, Value) {
        let fault = book.fault;
        if fault == Fault::ReadsLimited {
            return (429, json!([{ "message": "Too many requests" }]));
        }
        match book.tables.get_mut(uuid) {
            Some(table) => {
                table.reads += 1;
                let shown = if fault == Fault::OtherTable {
                    "00000000-0000-0000-0000-000000000000"
                } else {
                    uuid
                };
                (200, self.show(fault, shown, table))
            }
            None => (404, json!([{ "message": "Unknown rate table" }])),
        }
    }

    fn show(&self, fault: Fault, uuid: &str, table: &Table) -> Value {
        let there = |originator: &&Originator| originator.after <= table.reads;
        let mut offers: Vec<Value> = self
            .originators
            .iter()
            .filter(there)
            .map(|originator| offer(originator, table, fault))
            .collect();
        if let (Fault::RangeTurned, Some(first)) = (fault, offers.first_mut()) {
            first["minApr"] = json!(35.99);
        }
        let mut pending: Vec<Value> = self
            .originators
            .iter()
            .filter(|originator| !there(originator))
            .map(|originator| waiting(&originator.name))
            .collect();
        if fault == Fault::NeverFinal {
            pending.push(waiting("Omega Savings"));
        }
        let mut shown = json!({
            "uuid": uuid, "leadUuid": table.lead, "loanAmount": table.amount, "createdAt": self.world.clock.now().to_rfc3339(),
            "loanOffers": offers, "creditCardOffers": [], "mortgageOffers": [], "savingsOffers": [], "specialOffers": [],
            "pendingOriginators": [], "pendingResponses": pending,
        });
        if fault == Fault::Malformed
            && let Some(members) = shown.as_object_mut()
        {
            members.remove("loanOffers");
        }
        shown
    }
}

/// The id of an originator's offer is the same in every table.
fn offer_id(key: &str) -> String {
    let mut bytes = [0_u8; 16];
    for (slot, byte) in bytes.iter_mut().zip(key.bytes()) {
        *slot = byte;
    }
    Uuid::from_bytes(bytes).to_string()
}

fn offer(originator: &Originator, table: &Table, fault: Fault) -> Value {
    let mut offer = originator.offer.clone();
    let uuid = offer_id(&originator.key);
    offer["url"] = json!(format!("{PAGES}/{}", uuid));
    offer["uuid"] = json!(uuid);
    offer["originator"] = json!({ "key": originator.key, "name": originator.name, "images": [] });
    if fault == Fault::RangesMove {
        // Hundredths of a percent, so that no float is computed with.
        let moved = 1_000 + 100 * table.reads;
        offer["minApr"] = json!(null);
        offer["maxApr"] = serde_json::from_str(&format!("{}.{:02}", moved / 100, moved % 100)).unwrap_or_default();
    }
    offer
}

fn waiting(name: &str) -> Value {
    json!({ "partner": { "uuid": "91d08be0-2a8c-4d28-b399-7e1b38e2522e", "name": name }, "productTypes": ["loan"] })
}

/// Serves a marketplace on any port of this machine.
pub async fn spawn(marketplace: Marketplace) -> Result<MarketplaceHandle, SandboxError> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    let marketplace = Arc::new(marketplace);
    let router = Router::new().fallback(call).with_state(Arc::clone(&marketplace));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(MarketplaceHandle {
        base_url: format!("http://{address}"),
        marketplace,
        server,
    })
}

async fn call(
    State(marketplace): State<Arc<Marketplace>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (status, answer) = marketplace.answer(method.as_str(), uri.path(), authorization, &body);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(answer)).into_response()
}

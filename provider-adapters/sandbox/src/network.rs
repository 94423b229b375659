//! What the lenders on networks have in common: a server of their own, calls back to whoever asked, faults in order, and arithmetic
//! of a plain loan.

pub(crate) mod loan;
mod memory;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use domain::Currency;
use domain::eligibility::AmountRange;
use domain::offer::Inquiry;
use domain::request::{Jurisdiction, Product};
use sdk::net::{Request, Value};
use sdk::wire::MAX_BYTES;
use sdk::{Capabilities, Endpoint, HttpClient, NetworkPolicy};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::serve::SandboxError;

pub use memory::MemoryJourneys;

/// What a call back was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// HTTP status; 0 when nobody answered.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// A call back.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Base address of whoever asked.
    pub base: &'a str,
    /// After the base address, without a slash in front.
    pub path: &'a str,
    /// The signature: name of the header and value.
    pub signature: (&'a str, &'a str),
    /// Body.
    pub body: &'a [u8],
}

/// Who takes calls back.
#[async_trait]
pub trait Recipient: Send + Sync {
    /// Delivers one.
    async fn deliver(&self, call: Outgoing<'_>) -> Received;
}

/// Calls back over HTTP, to this machine only.
#[derive(Debug)]
pub struct ByHttp(HttpClient);

impl ByHttp {
    /// A client of its own.
    pub fn new() -> Result<Self, SandboxError> {
        HttpClient::new(NetworkPolicy::AllowLoopback)
            .map(Self)
            .map_err(SandboxError::Http)
    }
}

#[async_trait]
impl Recipient for ByHttp {
    async fn deliver(&self, call: Outgoing<'_>) -> Received {
        let nobody = Received {
            status: 0,
            body: Vec::new(),
        };
        let Ok(endpoint) = Endpoint::parse(call.base, NetworkPolicy::AllowLoopback) else {
            return nobody;
        };
        let (name, value) = call.signature;
        let headers = [(name, Value::Plain(value))];
        let path = format!("/{}", call.path);
        let request = Request {
            headers: &headers,
            ..Request::post(&endpoint, &path, call.body, Duration::from_secs(30))
        };
        match self.0.call(request).await {
            Ok(answer) => Received {
                status: answer.status,
                body: answer.body,
            },
            Err(error) => {
                tracing::info!(%error, "a call back was not taken");
                nobody
            }
        }
    }
}

/// One thing that goes wrong, each with the next message of its kind.
pub(crate) type Faults<F> = VecDeque<(&'static str, F)>;

/// Takes the next fault of a kind.
pub(crate) fn next_fault<F>(faults: &mut Faults<F>, kind: &str) -> Option<F> {
    let at = faults.iter().position(|(name, _)| *name == kind)?;
    faults.remove(at).map(|(_, fault)| fault)
}

/// A request to a lender.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) post: bool,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer of a lender's.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Json(u16, String),
    Page(String),
}

/// What a lender does with requests.
#[async_trait]
pub(crate) trait Host: Send + Sync {
    async fn answer(&self, heard: Heard) -> Said;
}

/// Takes a port of this machine.
pub(crate) async fn listen() -> Result<(TcpListener, String), SandboxError> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    Ok((listener, format!("http://{address}")))
}

/// Serves a lender until the handle is aborted.
pub(crate) fn serve(listener: TcpListener, host: Arc<dyn Host>) -> JoinHandle<()> {
    let router = Router::new()
        .fallback(call)
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(host);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::warn!(%error, "a lender on a network ended");
        }
    })
}

async fn call(
    State(host): State<Arc<dyn Host>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let heard = Heard {
        post: method == Method::POST,
        path: uri.path().trim_start_matches('/').to_owned(),
        headers,
        body,
    };
    match host.answer(heard).await {
        Said::Json(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Said::Page(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
    }
}

/// A page on which the borrower acts by pressing a button.
pub(crate) fn page(title: &str, done: bool) -> String {
    let main = if done {
        "<p>Done. You can close this page.</p>".to_owned()
    } else {
        "<form method=\"post\"><button>Confirm</button></form>".to_owned()
    };
    format!("<!doctype html><html lang=\"en\"><title>{title}</title><h1>{title}</h1>{main}</html>")
}

/// What the development lenders on networks do: rupees in India.
pub(crate) fn capabilities() -> Capabilities {
    let currency = Currency::parse("INR");
    Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![Jurisdiction {
            country: "IN".to_owned(),
            region: None,
        }],
        amounts: currency
            .map(|currency| AmountRange {
                currency,
                min: 2_500_000,
                max: 500_000_000,
            })
            .into_iter()
            .collect(),
        min_term_days: 30,
        max_term_days: 1_825,
        collateral: Vec::new(),
        inquiry: Inquiry::Soft,
    }
}

//! Serving of the sandbox on this machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use domain::ProviderId;
use sdk::signature::sign_answer;
use sdk::wire::{MAX_BYTES, Problem};
use sdk::{
    Capabilities, Clock, Gate, HttpClient, Ids, KeyError, NetworkPolicy, PrivateKey, PublicKey, RequestParts, Signer,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::book::{Book, BookError};
use crate::config::{LenderSpec, SandboxConfig};
use crate::lender::{Reply, SandboxedLender, Sign};

/// Time and ids from outside.
#[derive(Clone)]
pub struct World {
    /// The time of offers and signatures.
    pub clock: Arc<dyn Clock>,
    /// Nonces.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// The sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It only plays on this machine: its keys are public.
    #[error("the sandbox listens on loopback addresses only")]
    NotLoopback,
    /// The address is taken, or not ours.
    #[error("cannot listen")]
    Listen(#[source] std::io::Error),
    /// Two lenders of one name.
    #[error("two lenders are called {0}")]
    Duplicate(ProviderId),
    /// A bad key.
    #[error("key")]
    Key(#[from] KeyError),
    /// The book.
    #[error("book")]
    Book(#[from] BookError),
    /// The client of callbacks.
    #[error("HTTP client")]
    Http(#[source] sdk::LenderError),
}

/// A lender of the running sandbox, as the platform has to know it.
#[derive(Clone, Debug)]
pub struct SandboxLender {
    /// Name.
    pub id: ProviderId,
    /// Base address.
    pub url: String,
    /// Name of its key.
    pub key_id: String,
    /// Base64 of its public key.
    pub public_key: String,
    /// What it does.
    pub capabilities: Capabilities,
}

/// A running sandbox; it stops when this is dropped.
#[derive(Debug)]
pub struct SandboxHandle {
    /// `http://127.0.0.1:port`.
    pub base_url: String,
    /// Its lenders, in the order of the configuration.
    pub lenders: Vec<SandboxLender>,
    server: JoinHandle<std::io::Result<()>>,
}

impl SandboxHandle {
    /// Serves until the server fails.
    pub async fn run(mut self) -> std::io::Result<()> {
        (&mut self.server)
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }
}

impl Drop for SandboxHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[derive(Clone)]
struct Shared {
    lenders: Arc<HashMap<String, Arc<SandboxedLender>>>,
    book: Arc<Mutex<Book>>,
}

/// Starts the sandbox.
pub async fn spawn(config: SandboxConfig, world: World) -> Result<SandboxHandle, SandboxError> {
    if !config.bind.ip().is_loopback() {
        return Err(SandboxError::NotLoopback);
    }
    let listener = TcpListener::bind(config.bind).await.map_err(SandboxError::Listen)?;
    let address = listener.local_addr().map_err(SandboxError::Listen)?;
    let book = Arc::new(Mutex::new(Book::open(config.book.as_deref())?));
    let http = HttpClient::new(NetworkPolicy::AllowLoopback).map_err(SandboxError::Http)?;
    let platform = PublicKey::from_base64(&config.platform.id, &config.platform.public)?;
    let (mut playing, mut known) = (HashMap::new(), Vec::new());
    for spec in config.lenders {
        let signer = Signer {
            key: PrivateKey::development(spec.name.as_str())?,
            clock: Arc::clone(&world.clock),
            ids: Arc::clone(&world.ids),
        };
        let name = spec.name.clone();
        known.push(described(&spec, address, &signer));
        let impostor = Signer {
            key: PrivateKey::from_seed(name.as_str(), [66; 32])?,
            ..signer.clone()
        };
        let lender = SandboxedLender {
            gate: Gate::new(&address.to_string(), vec![platform.clone()], Arc::clone(&world.clock)),
            spec,
            signer,
            impostor,
            book: Arc::clone(&book),
            http: http.clone(),
            answers: Mutex::default(),
            refused: Mutex::default(),
        };
        if playing.insert(name.to_string(), Arc::new(lender)).is_some() {
            return Err(SandboxError::Duplicate(name));
        }
    }
    let router = router(Shared {
        lenders: Arc::new(playing),
        book,
    });
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(SandboxHandle {
        base_url: format!("http://{address}"),
        lenders: known,
        server,
    })
}

fn described(spec: &LenderSpec, address: SocketAddr, signer: &Signer) -> SandboxLender {
    SandboxLender {
        id: spec.name.clone(),
        url: format!("http://{address}/{}", spec.name),
        key_id: signer.key.id().to_owned(),
        public_key: signer.key.public().to_base64(),
        capabilities: spec.capabilities(),
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/sandbox/book", get(whole_book))
        .route("/{lender}/sandbox/book", get(lender_book))
        .route("/{lender}/{*call}", any(call))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(shared)
}

async fn whole_book(State(shared): State<Shared>) -> Response {
    show_book(&shared, None)
}

async fn lender_book(State(shared): State<Shared>, Path(lender): Path<String>) -> Response {
    match shared.lenders.get(&lender) {
        Some(lender) => show_book(&shared, Some(&lender.spec.name)),
        None => no_lender(),
    }
}

fn show_book(shared: &Shared, of: Option<&ProviderId>) -> Response {
    let entries = shared.book.lock().unwrap_or_else(PoisonError::into_inner).view(of);
    axum::Json(serde_json::json!({ "entries": entries })).into_response()
}

fn no_lender() -> Response {
    (
        StatusCode::NOT_FOUND,
        axum::Json(Problem::new(404, "no-such-lender", "No such lender")),
    )
        .into_response()
}

async fn call(
    State(shared): State<Shared>,
    Path((lender, call)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(lender) = shared.lenders.get(&lender) else {
        return no_lender();
    };
    let parts = RequestParts {
        method: method.as_str(),
        path: uri.path(),
        headers: &headers,
    };
    let (status, body, sign) = match lender.answer(parts, &call, &body).await {
        Reply::Json { status, body, sign } => (status, body, sign),
        // The caller's own deadline ends this.
        Reply::Never => std::future::pending().await,
    };
    let mut answered = HeaderMap::new();
    let content = if status < 400 {
        "application/json"
    } else {
        "application/problem+json"
    };
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    if status == 302 {
        answered.insert(header::LOCATION, HeaderValue::from_static("/elsewhere"));
    }
    let request_signature = headers
        .get("signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let signer = match sign {
        Sign::Right => Some(&lender.signer),
        Sign::Wrong => Some(&lender.impostor),
        Sign::Not => None,
    };
    if let Some(signer) = signer {
        for (name, value) in sign_answer(signer, status, request_signature, &body).pairs() {
            if let Ok(value) = HeaderValue::from_str(value) {
                answered.insert(HeaderName::from_static(name), value);
            }
        }
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, answered, body).into_response()
}

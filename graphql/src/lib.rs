//! The one interface of Usance. A GraphQL resolver and a REST handler parse, call the same use case, and convert back.

use std::net::SocketAddr;
use std::sync::Arc;

use aggregator::Aggregator;
use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use domain::money::Asset;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub mod auth;
mod gate;
pub mod openapi;
mod openapi_audit;
mod openapi_cases;
mod openapi_kyc;
mod openapi_lists;
mod openapi_principals;
mod openapi_privacy;
mod openapi_programs;
mod openapi_providers;
mod openapi_risk;
mod openapi_rules;
mod openapi_session;
pub mod origin;
pub mod problem;
pub mod public_id;
mod rest;
pub mod schema;
pub mod session;
mod transport;
pub mod web;

/// Largest request body, bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// What the interface needs; cheap to clone.
#[derive(Clone)]
pub struct Api {
    /// The use cases.
    pub aggregator: Arc<Aggregator>,
    /// Access tokens.
    pub tokens: Arc<auth::Tokens>,
    /// Tokens that a borrower may lock, by chain and address.
    pub assets: Arc<Vec<Asset>>,
    /// Where lenders' callbacks go.
    pub callbacks: Arc<dyn ProviderCallbacks>,
    /// Health and figures of the process.
    pub process: Arc<dyn Process>,
    /// Executes GraphQL.
    pub engine: Arc<transport::Engine>,
    /// Proxies whose word about a client counts.
    pub proxies: Arc<Vec<origin::TrustedProxy>>,
    /// The web app, and where browsers find it.
    pub site: Arc<web::Site>,
    /// Serves GraphiQL and allows introspection.
    pub explorer: bool,
    /// Moves time; for development only.
    pub dev_clock: Option<Arc<dyn DevClock>>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// What [`Api::new`] takes.
pub struct Parts {
    /// The use cases.
    pub aggregator: Arc<Aggregator>,
    /// Access tokens.
    pub tokens: auth::Tokens,
    /// Tokens that a borrower may lock.
    pub assets: Vec<Asset>,
    /// Where lenders' callbacks go.
    pub callbacks: Arc<dyn ProviderCallbacks>,
    /// Health and figures of the process.
    pub process: Arc<dyn Process>,
    /// Proxies whose word about a client counts.
    pub proxies: Vec<origin::TrustedProxy>,
    /// The web app, and where browsers find it.
    pub site: web::Site,
    /// Serves GraphiQL and allows introspection; off in production.
    pub explorer: bool,
    /// Moves time; for development only.
    pub dev_clock: Option<Arc<dyn DevClock>>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The interface over these parts.
    pub fn new(parts: Parts) -> Self {
        Self {
            aggregator: parts.aggregator,
            tokens: Arc::new(parts.tokens),
            assets: Arc::new(parts.assets),
            callbacks: parts.callbacks,
            process: parts.process,
            proxies: Arc::new(parts.proxies),
            engine: Arc::new(transport::Engine::new(parts.explorer)),
            site: Arc::new(parts.site),
            explorer: parts.explorer,
            dev_clock: parts.dev_clock,
        }
    }
}

/// A lender's callback, as it came in.
#[derive(Debug)]
pub struct Callback<'a> {
    /// Method, path and headers: what the lender signed.
    pub method: &'a str,
    /// Path, without a query.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Raw body.
    pub body: &'a [u8],
}

/// Why a callback was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallbackRefusal {
    /// Signature missing or wrong, or the message is too old or seen before.
    Unauthorized,
    /// Nobody waits for it (any more).
    Unknown,
    /// The body cannot be read.
    Malformed,
}

/// Where lenders' callbacks go.
#[async_trait]
pub trait ProviderCallbacks: Send + Sync {
    /// Takes one callback.
    async fn deliver(&self, callback: Callback<'_>) -> Result<(), CallbackRefusal>;

    /// Takes a call of a lender on a network, `path` being what follows that of the network. The answer has the network's own form; none
    /// when we are not on it.
    async fn network(&self, network: Network, path: &str, call: Callback<'_>) -> Option<NetworkReply>;
}

/// A network on which lenders call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// ONDC's network of credit.
    Fis12,
    /// India's open credit network.
    Ocen,
}

/// An answer in the form of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkReply {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
}

/// Health and figures of the process.
#[async_trait]
pub trait Process: Send + Sync {
    /// Names of what is not ready; empty when all is.
    async fn not_ready(&self) -> Vec<String>;
    /// Prometheus text.
    fn metrics(&self) -> String;
}

/// A clock that development and tests move by hand.
#[async_trait]
pub trait DevClock: Send + Sync {
    /// Moves time forward and does the work that is due by then; answers the new time.
    async fn advance(&self, seconds: u32) -> Result<DateTime<Utc>, String>;
}

/// All routes.
pub fn router(api: Api) -> Router {
    rest::router()
        .merge(session::router())
        .merge(transport::router())
        .fallback(web::page)
        .layer(axum::middleware::from_fn_with_state(api.clone(), gate::pass))
        .layer(axum::middleware::from_fn(rest::request_id))
        .layer(axum::middleware::from_fn_with_state(api.clone(), origin::note))
        .with_state(api)
}

/// Serves until `shutdown`, then lets running requests end.
pub async fn serve(listener: TcpListener, api: Api, shutdown: CancellationToken) -> std::io::Result<()> {
    let app = router(api).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

//! GraphQL over HTTP, WebSocket and server-sent events, by their specifications.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

use crate::{Api, MAX_BODY};

mod discreet;
mod engine;
mod explorer;
mod guard;
mod http;
mod sse;
mod ws;

pub use engine::{Engine, Operation};

/// `/graphql`, its WebSocket at the same address, the schema, and GraphiQL.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/graphql", get(http::get).post(http::post).fallback(http::other_method))
        .route("/schema.graphql", get(explorer::sdl))
        .route("/explorer/{file}", get(explorer::asset))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

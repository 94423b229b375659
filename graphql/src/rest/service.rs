//! Health, figures and documents of the process.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::problem::Problem;
use crate::{Api, openapi};

/// `/livez`, `/readyz`, `/metrics`, `/openapi.json`; in development on a manual clock `/dev/clock`.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(document))
        .route("/dev/clock", post(advance))
}

async fn ready(State(api): State<Api>) -> Response {
    let missing = api.process.not_ready().await;
    if missing.is_empty() {
        return Json(json!({ "ready": true })).into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({ "ready": false, "waitingFor": missing })),
    )
        .into_response()
}

async fn metrics(State(api): State<Api>) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        api.process.metrics(),
    )
        .into_response()
}

/// How far to move the clock.
#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u32,
}

async fn advance(State(api): State<Api>, Json(by): Json<Advance>) -> Result<Response, Problem> {
    let Some(clock) = &api.dev_clock else {
        return Err(Problem::from(aggregator::Error::NotFound));
    };
    match clock.advance(by.seconds).await {
        Ok(now) => Ok(Json(json!({ "now": now })).into_response()),
        Err(error) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "CLOCK", "The clock did not move").detail(error))
        }
    }
}

async fn document() -> Response {
    Json(openapi::document()).into_response()
}

/// Correlates the log lines of a request within this process; not an id of the domain.
pub fn next_request_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:x}-{:x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

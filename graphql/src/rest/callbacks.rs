//! Callbacks of lenders that speak the provider protocol. The signature is checked over the raw bytes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;

use crate::problem::Problem;
use crate::{Api, Callback, CallbackRefusal};

/// `/v1/callbacks/…`.
pub fn router() -> Router<Api> {
    Router::new().route("/v1/callbacks/{*rest}", post(deliver))
}

async fn deliver(
    State(api): State<Api>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let path = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let callback = Callback {
        method: method.as_str(),
        path,
        headers: &headers,
        body: &body,
    };
    match api.callbacks.deliver(callback).await {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(CallbackRefusal::Unauthorized) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "SIGNATURE_REFUSED",
            "The message signature was refused",
        )),
        Err(CallbackRefusal::Unknown) => Err(Problem::new(
            StatusCode::GONE,
            "NOT_AWAITED",
            "Nobody waits for this answer",
        )),
        Err(CallbackRefusal::Malformed) => Err(Problem::malformed("The callback cannot be read.")),
    }
}

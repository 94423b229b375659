//! Calls of lenders on networks. Signature, order and meaning are checked by the lender's inbox over the raw bytes; the answers have the
//! networks' own form.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::problem::Problem;
use crate::{Api, Callback, Network};

/// `/v1/networks/…`.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/networks/fis12/{action}", post(fis12))
        .route("/v1/networks/ocen/{*operation}", post(ocen))
}

async fn fis12(State(api): State<Api>, Path(action): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    deliver(&api, Network::Fis12, &action, &headers, &body).await
}

async fn ocen(State(api): State<Api>, Path(operation): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    deliver(&api, Network::Ocen, &operation, &headers, &body).await
}

async fn deliver(api: &Api, network: Network, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let call = Callback {
        method: Method::POST.as_str(),
        path,
        headers,
        body,
    };
    let Some(reply) = api.callbacks.network(network, path, call).await else {
        let nobody = Problem::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "No lender of ours is on this network",
        );
        return nobody.into_response();
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response()
}

//! GraphQL over HTTP (draft of 2026-08): content negotiation and status codes.

use async_graphql::Response as GqlResponse;
use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::engine::Operation;
use super::{explorer, sse, ws};
use crate::Api;
use crate::auth::caller;

/// Media types of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    /// `application/graphql-response+json`: the status says whether the request was understood.
    GraphqlResponse,
    /// `application/json`: for clients of before; a well-formed request is always answered 200.
    Json,
    /// `text/event-stream`.
    Events,
}

/// Parameters of a GET request.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct GetParameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// POST: any operation.
pub async fn post(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(media) = accepted(&headers) else {
        return not_acceptable();
    };
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json");
    }
    match serde_json::from_slice::<Operation>(&body) {
        Ok(operation) => run(&api, &headers, media, operation, false).await,
        Err(error) => refuse(StatusCode::BAD_REQUEST, &format!("not a GraphQL request: {error}")),
    }
}

/// GET: queries, GraphiQL for browsers, and the WebSocket.
pub async fn get(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(parameters): Query<GetParameters>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    if let Ok(upgrade) = socket {
        return ws::upgrade(api, &headers, upgrade);
    }
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|a| a.contains("text/html"));
    if parameters.query.is_none() && wants_page && api.explorer {
        return explorer::page();
    }
    let Some(media) = accepted(&headers) else {
        return not_acceptable();
    };
    let object = |text: Option<String>| {
        text.filter(|t| !t.is_empty())
            .map(|t| serde_json::from_str(&t))
            .transpose()
    };
    let (Ok(variables), Ok(extensions)) = (object(parameters.variables), object(parameters.extensions)) else {
        return refuse(StatusCode::BAD_REQUEST, "`variables` and `extensions` are JSON objects");
    };
    let operation = Operation {
        query: parameters.query,
        name: parameters.operation_name,
        variables,
        extensions,
    };
    run(&api, &headers, media, operation, true).await
}

/// Anything but GET and POST.
pub async fn other_method() -> Response {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "use POST, or GET for queries");
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

async fn run(api: &Api, headers: &HeaderMap, media: Media, operation: Operation, by_get: bool) -> Response {
    if operation.query.is_none() {
        return refuse(StatusCode::BAD_REQUEST, "`query` is missing");
    }
    let prepared = match api.engine.prepare(operation) {
        Ok(prepared) => prepared,
        Err(response) => return answer(media, &response),
    };
    if by_get && prepared.kind != OperationType::Query {
        let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "GET is for queries only");
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let caller = caller(api, headers);
    if media == Media::Events {
        return sse::respond(api.engine.stream(api, caller, prepared));
    }
    if prepared.kind == OperationType::Subscription {
        return refuse(
            StatusCode::NOT_ACCEPTABLE,
            "subscriptions need text/event-stream or the WebSocket",
        );
    }
    answer(media, &api.engine.execute(api, caller, prepared).await)
}

/// Picks the media type by the `Accept` header; none when nothing fits.
fn accepted(headers: &HeaderMap) -> Option<Media> {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()) else {
        return Some(Media::Json);
    };
    accept
        .split(',')
        .map(|range| range.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
        .find_map(|range| match range.as_str() {
            "application/graphql-response+json" => Some(Media::GraphqlResponse),
            "application/json" | "*/*" | "application/*" => Some(Media::Json),
            "text/event-stream" => Some(Media::Events),
            _ => None,
        })
}

fn answer(media: Media, response: &GqlResponse) -> Response {
    // No `data` at all means that nothing was executed: the document or its variables were wrong.
    let executed = response.errors.is_empty() || response.errors.iter().any(|error| !error.path.is_empty());
    let status = if executed || media == Media::Json {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    let content_type = match media {
        Media::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        Media::Json | Media::Events => "application/json; charset=utf-8",
    };
    let body = if executed {
        serde_json::to_vec(response)
    } else {
        serde_json::to_vec(&serde_json::json!({ "errors": response.errors }))
    };
    match body {
        Ok(body) => (status, [(header::CONTENT_TYPE, content_type)], body).into_response(),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"),
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = serde_json::json!({ "errors": [{ "message": message }] });
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

fn not_acceptable() -> Response {
    refuse(
        StatusCode::NOT_ACCEPTABLE,
        "accept application/graphql-response+json, application/json or text/event-stream",
    )
}

//! Routes about personal data: a person's export and erasure; holds, retention and keys for officers.

use aggregator::Error;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::documents::Named;
use super::privacy_documents as doc;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/privacy/export", get(export))
        .route("/v1/privacy/erasures", get(erasures).post(erase))
        .route("/v1/privacy/holds", get(holds).post(place))
        .route("/v1/privacy/holds/{id}/release", post(release))
        .route("/v1/privacy/retention", get(retention))
        .route("/v1/privacy/key-rotations", post(rotate))
}

/// What a list may be narrowed to.
#[derive(Deserialize, Debug, Default)]
struct Narrow {
    first: Option<u32>,
    subject: Option<String>,
    active: Option<bool>,
}

/// A change: the fields of the body are variables of the document.
async fn change(
    api: &Api,
    Caller(caller): Caller,
    (document, id, fields): (&Named, Option<String>, &[&str]),
    (headers, body): (HeaderMap, Bytes),
) -> Answer {
    let mut variables: Map<String, Value> = object(&headers, &body)?;
    if let Some(unknown) = variables.keys().find(|name| !fields.contains(&name.as_str())) {
        return Err(Error::invalid(unknown, "no such field").into());
    }
    variables.insert("key".to_owned(), key(&headers)?.into());
    if let Some(id) = id {
        variables.insert("id".to_owned(), id.into());
    }
    ok(run(api, caller, document, Value::Object(variables)).await?)
}

async fn export(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "subject": narrow.subject });
    ok(run(&api, caller, &doc::PERSONAL_DATA_EXPORT, variables).await?)
}

async fn erasures(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "subject": narrow.subject, "first": narrow.first });
    ok(run(&api, caller, &doc::ERASURE_REQUESTS, variables).await?)
}

async fn erase(State(api): State<Api>, caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let what = (&doc::REQUEST_ERASURE, None, &["subject"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn holds(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "subject": narrow.subject, "active": narrow.active, "first": narrow.first });
    ok(run(&api, caller, &doc::LEGAL_HOLDS, variables).await?)
}

async fn place(State(api): State<Api>, caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let what = (&doc::PLACE_LEGAL_HOLD, None, &["subject", "class", "reason"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn release(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::RELEASE_LEGAL_HOLD, Some(id), &["reason"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn retention(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &doc::RETENTION_POLICIES, json!({})).await?)
}

async fn rotate(State(api): State<Api>, caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let what = (&doc::ROTATE_PERSONAL_KEYS, None, &["tenant", "subject"][..]);
    change(&api, caller, what, (headers, body)).await
}

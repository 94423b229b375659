//! Routes about lenders in the registry.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::documents::{self as doc, Named};
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/providers", get(providers))
        .route("/v1/providers/{id}", get(provider))
        .route("/v1/providers/{id}/history", get(history))
        .route("/v1/providers/{id}/versions", get(versions))
        .route("/v1/providers/{id}/suspend", post(suspend))
        .route("/v1/providers/{id}/resume", post(resume))
        .route("/v1/providers/{id}/state", post(state))
        .route("/v1/providers/{id}/limits", post(limits))
}

/// How far back, or how many.
#[derive(Deserialize, Debug)]
struct Extent {
    minutes: Option<u32>,
    first: Option<u32>,
}

async fn providers(State(api): State<Api>, Caller(caller): Caller, Query(extent): Query<Extent>) -> Answer {
    ok(run(&api, caller, &doc::PROVIDERS, json!({ "minutes": extent.minutes })).await?)
}

async fn provider(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(extent): Query<Extent>,
) -> Answer {
    let variables = json!({ "id": id, "minutes": extent.minutes });
    ok(run(&api, caller, &doc::PROVIDER, variables).await?)
}

async fn history(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(extent): Query<Extent>,
) -> Answer {
    let variables = json!({ "id": id, "first": extent.first });
    ok(run(&api, caller, &doc::PROVIDER_HISTORY, variables).await?)
}

async fn versions(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(extent): Query<Extent>,
) -> Answer {
    let variables = json!({ "id": id, "first": extent.first });
    ok(run(&api, caller, &doc::PROVIDER_VERSIONS, variables).await?)
}

/// A change: the fields of the body are variables of the document.
struct Change {
    id: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Change {
    async fn make(self, api: &Api, Caller(caller): Caller, document: &Named, fields: &[&str]) -> Answer {
        let mut variables: Map<String, Value> = object(&self.headers, &self.body)?;
        if let Some(unknown) = variables.keys().find(|name| !fields.contains(&name.as_str())) {
            return Err(aggregator::Error::invalid(unknown, "no such field").into());
        }
        variables.insert("key".to_owned(), key(&self.headers)?.into());
        variables.insert("id".to_owned(), self.id.into());
        ok(run(api, caller, document, Value::Object(variables)).await?)
    }
}

async fn suspend(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let change = Change { id, headers, body };
    change.make(&api, caller, &doc::SUSPEND_PROVIDER, &["reason"]).await
}

async fn resume(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let change = Change { id, headers, body };
    change.make(&api, caller, &doc::RESUME_PROVIDER, &["reason"]).await
}

async fn state(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let change = Change { id, headers, body };
    change
        .make(&api, caller, &doc::CHANGE_PROVIDER_STATE, &["state", "reason"])
        .await
}

async fn limits(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let change = Change { id, headers, body };
    change
        .make(&api, caller, &doc::SET_PROVIDER_LIMITS, &["limits", "reason"])
        .await
}

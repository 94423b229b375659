//! Routes about cases, for officers; about reports, for the AML group.

use aggregator::Error;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cases_documents as doc;
use super::documents::Named;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/cases", get(cases))
        .route("/v1/cases/{id}", get(case))
        .route("/v1/cases/{id}/log", get(log))
        .route("/v1/cases/{id}/assignee", post(assign))
        .route("/v1/cases/{id}/decision", post(decide))
        .route("/v1/cases/{id}/check", post(check))
        .route("/v1/cases/{id}/reports", get(reports).post(draft))
        .route("/v1/case-reports/{id}/release", post(release))
}

/// What the list may be narrowed to.
#[derive(Deserialize, Debug, Default)]
struct Narrow {
    first: Option<u32>,
    state: Option<String>,
    mine: Option<bool>,
}

/// A change: the fields of the body are variables of the document.
async fn change(
    api: &Api,
    Caller(caller): Caller,
    (document, id, fields): (&Named, String, &[&str]),
    (headers, body): (HeaderMap, Bytes),
) -> Answer {
    let mut variables: Map<String, Value> = object(&headers, &body)?;
    if let Some(unknown) = variables.keys().find(|name| !fields.contains(&name.as_str())) {
        return Err(Error::invalid(unknown, "no such field").into());
    }
    variables.insert("key".to_owned(), key(&headers)?.into());
    variables.insert("id".to_owned(), id.into());
    ok(run(api, caller, document, Value::Object(variables)).await?)
}

async fn cases(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let mine = narrow.mine.unwrap_or_default();
    let variables = json!({ "state": narrow.state, "mine": mine, "first": narrow.first });
    ok(run(&api, caller, &doc::CASES, variables).await?)
}

async fn case(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::CASE, json!({ "id": id })).await?)
}

async fn log(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::CASE_LOG, json!({ "id": id })).await?)
}

async fn reports(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::CASE_REPORTS, json!({ "id": id })).await?)
}

async fn assign(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    change(&api, caller, (&doc::ASSIGN_CASE, id, &["assignee"]), (headers, body)).await
}

async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    change(&api, caller, (&doc::DECIDE_CASE, id, &["ground"]), (headers, body)).await
}

async fn check(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    change(&api, caller, (&doc::CHECK_CASE, id, &["agree"]), (headers, body)).await
}

async fn draft(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::DRAFT_REPORT, id, &["kind", "facts"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn release(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::RELEASE_REPORT, id, &["release", "sha256"][..]);
    change(&api, caller, what, (headers, body)).await
}

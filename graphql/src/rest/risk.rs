//! Routes about risk, for officers; a borrower sees its own limits and decisions.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::documents::Named;
use super::risk_documents as doc;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::public_id::{Kind, encode};

/// Largest registration of a model, bytes: its files as base64.
const MAX_MODEL: usize = 48 * 1024 * 1024;

/// The routes.
pub fn router() -> Router<Api> {
    let models = get(models).post(register).layer(DefaultBodyLimit::max(MAX_MODEL));
    Router::new()
        .route("/v1/risk/models", models)
        .route("/v1/risk/models/{id}", get(model))
        .route("/v1/risk/models/{id}/papers", get(papers))
        .route("/v1/risk/models/{id}/state", post(state))
        .route("/v1/risk/proposals", get(proposals).post(propose))
        .route("/v1/risk/proposals/{id}/decision", post(decide_proposal))
        .route("/v1/risk/reviews", get(reviews))
        .route("/v1/risk/reviews/{id}/decision", post(decide_review))
        .route("/v1/risk/limits", get(limits))
        .route("/v1/risk/limit-policy", get(policy).post(set_policy))
        .route("/v1/risk/drift", get(drift))
        .route("/v1/risk/decisions", get(decisions))
        .route("/v1/risk/decisions/{id}", get(decision))
        .route("/v1/risk/decisions/{id}/replay", get(replay))
}

/// What a list may be narrowed to.
#[derive(Deserialize, Debug, Default)]
struct Narrow {
    first: Option<u32>,
    before: Option<String>,
    request: Option<String>,
    state: Option<String>,
    borrower: Option<String>,
    tenant: Option<String>,
    days: Option<u32>,
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

async fn models(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &doc::RISK_MODELS, json!({})).await?)
}

async fn model(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RISK_MODEL, json!({ "id": id })).await?)
}

async fn papers(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RISK_MODEL_PAPERS, json!({ "id": id })).await?)
}

/// The files of an artefact by name, base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    files: std::collections::BTreeMap<String, String>,
}

/// Larger than an operation may be, so this one route does not go through a document.
async fn register(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let sent: Registration = serde_json::from_value(Value::Object(object(&headers, &body)?))
        .map_err(|error| Problem::malformed(format!("The body is not a model: {error}.")))?;
    let mut files = Vec::new();
    for (name, text) in sent.files {
        let bytes = STANDARD
            .decode(text)
            .map_err(|_| Error::invalid(&format!("files.{name}"), "base64"))?;
        files.push((name, bytes));
    }
    let key = IdempotencyKey::parse(&key(&headers)?)?;
    let view = api.aggregator.register_model(&caller, &key, files).await?;
    let id = encode(Kind::Model, view.id);
    let made = run(&api, caller, &doc::RISK_MODEL, json!({ "id": id })).await?;
    Ok(axum::response::IntoResponse::into_response((
        axum::http::StatusCode::CREATED,
        Json(made),
    )))
}

async fn state(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::CHANGE_RISK_MODEL_STATE, Some(id), &["state", "reason"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn proposals(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    ok(run(&api, caller, &doc::RISK_PROPOSALS, json!({ "first": narrow.first })).await?)
}

async fn propose(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let variables = json!({ "key": key(&headers)?, "input": object(&headers, &body)? });
    ok(run(&api, caller, &doc::PROPOSE_RISK_MODEL, variables).await?)
}

async fn decide_proposal(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::DECIDE_RISK_PROPOSAL, Some(id), &["approve", "reason"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn reviews(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "state": narrow.state, "first": narrow.first });
    ok(run(&api, caller, &doc::RISK_REVIEWS, variables).await?)
}

async fn decide_review(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::DECIDE_RISK_REVIEW, Some(id), &["clear", "note"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn limits(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    ok(run(
        &api,
        caller,
        &doc::SPENDING_LIMITS,
        json!({ "borrower": narrow.borrower }),
    )
    .await?)
}

async fn policy(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    ok(run(&api, caller, &doc::LIMIT_POLICY, json!({ "tenant": narrow.tenant })).await?)
}

async fn set_policy(State(api): State<Api>, caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let what = (&doc::SET_LIMIT_POLICY, None, &["tenant", "mode", "reason"][..]);
    change(&api, caller, what, (headers, body)).await
}

async fn drift(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    ok(run(&api, caller, &doc::RISK_DRIFT, json!({ "days": narrow.days })).await?)
}

async fn decisions(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "first": narrow.first, "before": narrow.before, "request": narrow.request });
    ok(run(&api, caller, &doc::RISK_DECISIONS, variables).await?)
}

async fn decision(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RISK_DECISION, json!({ "id": id })).await?)
}

async fn replay(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RISK_REPLAY, json!({ "id": id })).await?)
}

//! Routes about what people ask for of their own: tokens to lock, requests, offers, where to pay, reports, the state of the books.

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::lists_documents as doc;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;
use crate::schema::lists::LockableOut;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/lockable-tokens", get(lockable_tokens))
        .route("/v1/quote-requests", get(quote_requests))
        .route("/v1/offers", get(offers))
        .route("/v1/loans/{id}/repayment-instructions", get(instructions))
        .route(
            "/v1/providers/{id}/conformance-reports",
            get(reports).post(submit_report),
        )
        .route("/v1/reconciliation", get(reconciliation))
        .route("/v1/risk/reviews/{id}", get(review))
}

/// What of a list.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    chain_id: Option<String>,
    state: Option<String>,
    first: Option<u32>,
    after: Option<String>,
}

/// Needs no token: who asks for credit sees it before they sign in. The same use case and shape as `lockableTokens` of the schema.
async fn lockable_tokens(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Answer {
    let wrong = |_| aggregator::Error::invalid("chainId", "an EIP-155 chain id");
    let chain_id = wanted.chain_id.map(|text| text.parse()).transpose().map_err(wrong)?;
    let found = api.aggregator.lockable_tokens(chain_id).await;
    let tokens: Vec<_> = found.into_iter().map(LockableOut::from).collect();
    Ok(Json(tokens).into_response())
}

async fn quote_requests(State(api): State<Api>, Caller(caller): Caller, Query(wanted): Query<Wanted>) -> Answer {
    let variables = json!({ "first": wanted.first, "after": wanted.after });
    ok(run(&api, caller, &doc::QUOTE_REQUESTS, variables).await?)
}

async fn offers(State(api): State<Api>, Caller(caller): Caller, Query(wanted): Query<Wanted>) -> Answer {
    let variables = json!({ "state": wanted.state, "first": wanted.first, "after": wanted.after });
    ok(run(&api, caller, &doc::OFFERS, variables).await?)
}

async fn instructions(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::REPAYMENT_INSTRUCTIONS, json!({ "id": id })).await?)
}

async fn reports(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let variables = json!({ "id": id, "first": wanted.first });
    ok(run(&api, caller, &doc::CONFORMANCE_REPORTS, variables).await?)
}

/// The body is the report as the kit writes it.
async fn submit_report(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    object(&headers, &body)?;
    let report = Value::String(String::from_utf8_lossy(&body).into_owned());
    let variables = json!({ "key": key(&headers)?, "id": id, "report": report });
    let made = run(&api, caller, &doc::SUBMIT_CONFORMANCE_REPORT, variables).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn reconciliation(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &doc::RECONCILIATION, json!({})).await?)
}

async fn review(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RISK_REVIEW, json!({ "id": id })).await?)
}

//! Routes about verifications, and the addresses that vendors of identity verification call.

use aggregator::Error;
use aggregator::kyc::HookProblem;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ports::{Hook, HookRefusal, Vendor};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::documents::Named;
use super::kyc_documents as doc;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;
use crate::problem::Problem;

/// Largest webhook, bytes.
const MAX_HOOK: usize = 64 * 1024;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/verifications", get(list).post(start))
        .route("/v1/verifications/{id}", get(one))
        .route("/v1/verifications/{id}/link", post(link))
        .route("/v1/verifications/{id}/proposal", post(propose))
        .route("/v1/verification-reviews/{id}/decision", post(decide))
        .merge(hooks().layer(DefaultBodyLimit::max(MAX_HOOK)))
}

/// The addresses that vendors call.
fn hooks() -> Router<Api> {
    Router::new()
        .route("/hooks/kyc/{vendor}", post(hook))
        .route("/hooks/kyc/{vendor}/{token}", post(secret_hook))
}

/// What a list may be narrowed to.
#[derive(Deserialize, Debug)]
struct Narrow {
    state: Option<String>,
    borrower: Option<String>,
    first: Option<u32>,
}

async fn list(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "state": narrow.state, "borrower": narrow.borrower, "first": narrow.first });
    ok(run(&api, caller, &doc::VERIFICATIONS, variables).await?)
}

async fn one(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::VERIFICATION, json!({ "id": id })).await?)
}

async fn start(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let variables = json!({ "key": key(&headers)?, "input": object(&headers, &body)? });
    let made = run(&api, caller, &doc::START_VERIFICATION, variables).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn link(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    let made = run(&api, caller, &doc::VERIFICATION_LINK, json!({ "id": id })).await?;
    Ok((StatusCode::CREATED, [("cache-control", "no-store")], Json(made)).into_response())
}

async fn propose(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::PROPOSE_VERIFICATION, id, ["approve", "note"]);
    change(&api, caller, what, (headers, body)).await
}

async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let what = (&doc::DECIDE_VERIFICATION, id, ["confirm", "note"]);
    change(&api, caller, what, (headers, body)).await
}

/// A change: the fields of the body are variables of the document.
async fn change(
    api: &Api,
    Caller(caller): Caller,
    (document, id, fields): (&Named, String, [&str; 2]),
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

async fn hook(
    State(api): State<Api>,
    Path(vendor): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    take(&api, (&vendor, None), &headers, &body).await
}

async fn secret_hook(
    State(api): State<Api>,
    Path((vendor, token)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    take(&api, (&vendor, Some(&token)), &headers, &body).await
}

/// The signature is checked over the raw bytes. 200 is said of what is stored, also of what was stored before; everything else makes the
/// vendor try again later.
async fn take(
    api: &Api,
    (vendor, token): (&str, Option<&str>),
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<StatusCode, Problem> {
    let nobody = || Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Nothing is expected here");
    let vendor = Vendor::parse(vendor).ok_or_else(nobody)?;
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let hook = Hook {
        token,
        headers: &headers,
        body,
        at: api.aggregator.world().clock.now(),
    };
    match api.aggregator.take_kyc_hook(vendor, hook).await {
        Ok(_) => Ok(StatusCode::OK),
        Err(HookProblem::Unknown) => Err(nobody()),
        Err(HookProblem::Refused(HookRefusal::Malformed)) => Err(Problem::malformed("The webhook cannot be read.")),
        Err(HookProblem::Refused(HookRefusal::NoSecret)) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "Webhooks are not taken yet",
        )),
        Err(HookProblem::Refused(_)) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "SIGNATURE_REFUSED",
            "The message signature was refused",
        )),
        Err(HookProblem::Failed(error)) => Err(error.into()),
    }
}

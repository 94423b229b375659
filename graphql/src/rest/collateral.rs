//! Routes about what secures a loan, and about paused assets.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, documents as doc, ok, run};
use crate::Api;
use crate::auth::Caller;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/loans/{id}/collateral", get(collateral))
        .route("/v1/loans/{id}/add-collateral-calls", get(add_calls))
        .route("/v1/loans/{id}/withdraw-collateral-calls", get(withdraw_calls))
        .route("/v1/asset-pauses", get(asset_pauses))
}

async fn collateral(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::COLLATERAL, json!({ "id": id })).await?)
}

/// How much collateral, and where it goes.
#[derive(Deserialize, Debug)]
struct Amount {
    amount: Option<String>,
    to: Option<String>,
}

async fn add_calls(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(query): Query<Amount>,
) -> Answer {
    let variables = json!({ "id": id, "units": query.amount.unwrap_or_default() });
    ok(run(&api, caller, &doc::ADD_COLLATERAL_CALLS, variables).await?)
}

async fn withdraw_calls(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(query): Query<Amount>,
) -> Answer {
    let variables = json!({ "id": id, "units": query.amount, "to": query.to });
    ok(run(&api, caller, &doc::WITHDRAW_COLLATERAL_CALLS, variables).await?)
}

async fn asset_pauses(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &doc::ASSET_PAUSES, json!({})).await?)
}

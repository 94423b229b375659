//! Routes about the programs of integrators and lenders: API clients and webhooks.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::documents::{Named, documents, refusals};
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;
use crate::problem::Problem;

macro_rules! client {
    () => {
        "{ id role tenant provider label state createdAt rotatedAt lastUsedAt previousSecretUntil revokedAt }"
    };
}
macro_rules! endpoint {
    () => {
        "{ id provider url description events state secretVersion previousSecretUntil failingSince createdAt }"
    };
}
macro_rules! delivery {
    () => {
        concat!(
            "{ id endpoint event body state nextAt occurredAt doneAt ",
            "attempts { number at durationMs status failure answer } }"
        )
    };
}

documents! {
    CLIENTS ("/apiClients", "") = ["query { apiClients ", client!(), " }"];
    CREATE_CLIENT ("/createApiClient", "/issued") = [
        "mutation($key: String!, $label: String!) { createApiClient(idempotencyKey: $key, label: $label) ",
        "{ issued { client ", client!(), " secret }", refusals!(), " } }",
    ];
    ROTATE_CLIENT ("/rotateApiClientSecret", "/issued") = [
        "mutation($key: String!, $id: ID!, $overlapHours: Int) ",
        "{ rotateApiClientSecret(idempotencyKey: $key, id: $id, overlapHours: $overlapHours) ",
        "{ issued { client ", client!(), " secret }", refusals!(), " } }",
    ];
    REVOKE_CLIENT ("/revokeApiClient", "/client") = [
        "mutation($key: String!, $id: ID!) { revokeApiClient(idempotencyKey: $key, id: $id) ",
        "{ client ", client!(), refusals!(), " } }",
    ];
    EVENTS ("/webhookEvents", "") = ["query { webhookEvents }"];
    ENDPOINTS ("/webhookEndpoints", "") = ["query { webhookEndpoints ", endpoint!(), " }"];
    DELIVERIES ("/webhookDeliveries", "") = [
        "query($id: ID!, $state: WebhookDeliveryState, $first: Int, $before: ID) ",
        "{ webhookDeliveries(endpoint: $id, state: $state, first: $first, before: $before) ", delivery!(), " }",
    ];
    CREATE_ENDPOINT ("/createWebhookEndpoint", "/issued") = [
        "mutation($key: String!, $input: WebhookEndpointInput!) { createWebhookEndpoint(idempotencyKey: $key, input: $input) ",
        "{ issued { endpoint ", endpoint!(), " secret }", refusals!(), " } }",
    ];
    UPDATE_ENDPOINT ("/updateWebhookEndpoint", "/endpoint") = [
        "mutation($key: String!, $id: ID!, $change: WebhookEndpointChange!) ",
        "{ updateWebhookEndpoint(idempotencyKey: $key, id: $id, change: $change) ",
        "{ endpoint ", endpoint!(), refusals!(), " } }",
    ];
    ROTATE_ENDPOINT ("/rotateWebhookSecret", "/issued") = [
        "mutation($key: String!, $id: ID!, $overlapHours: Int) ",
        "{ rotateWebhookSecret(idempotencyKey: $key, id: $id, overlapHours: $overlapHours) ",
        "{ issued { endpoint ", endpoint!(), " secret }", refusals!(), " } }",
    ];
    DELETE_ENDPOINT ("/deleteWebhookEndpoint", "/endpoint") = [
        "mutation($key: String!, $id: ID!) { deleteWebhookEndpoint(idempotencyKey: $key, id: $id) ",
        "{ endpoint ", endpoint!(), refusals!(), " } }",
    ];
    TEST ("/sendTestWebhook", "/delivery") = [
        "mutation($key: String!, $id: ID!) { sendTestWebhook(idempotencyKey: $key, endpoint: $id) ",
        "{ delivery ", delivery!(), refusals!(), " } }",
    ];
    REPLAY ("/replayWebhookDelivery", "/delivery") = [
        "mutation($key: String!, $id: ID!) { replayWebhookDelivery(idempotencyKey: $key, id: $id) ",
        "{ delivery ", delivery!(), refusals!(), " } }",
    ];
}

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/api-clients", get(clients).post(create_client))
        .route("/v1/api-clients/{id}/rotate", post(rotate_client))
        .route("/v1/api-clients/{id}/revoke", post(revoke_client))
        .route("/v1/webhook-events", get(webhook_events))
        .route("/v1/webhook-endpoints", get(endpoints).post(create_endpoint))
        .route("/v1/webhook-endpoints/{id}", post(update_endpoint))
        .route("/v1/webhook-endpoints/{id}/delete", post(delete_endpoint))
        .route("/v1/webhook-endpoints/{id}/deliveries", get(deliveries))
        .route("/v1/webhook-endpoints/{id}/rotate-secret", post(rotate_endpoint))
        .route("/v1/webhook-endpoints/{id}/test", post(test))
        .route("/v1/webhook-deliveries/{id}/replay", post(replay))
}

/// A body may be left out where all of its fields may.
fn optional(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    object(headers, body)
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), Problem> {
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(aggregator::Error::invalid(unknown, "no such field").into()),
        None => Ok(()),
    }
}

async fn clients(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &CLIENTS, json!({})).await?)
}

async fn create_client(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let mut variables = object(&headers, &body)?;
    only(&variables, &["label"])?;
    variables.insert("key".to_owned(), key(&headers)?.into());
    let made = run(&api, caller, &CREATE_CLIENT, Value::Object(variables)).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn rotate_client(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    rotate(&api, caller, (&ROTATE_CLIENT, id), (&headers, &body)).await
}

async fn rotate(
    api: &Api,
    caller: domain::Principal,
    (document, id): (&Named, String),
    (headers, body): (&HeaderMap, &Bytes),
) -> Answer {
    let mut variables = optional(headers, body)?;
    only(&variables, &["overlapHours"])?;
    variables.insert("key".to_owned(), key(headers)?.into());
    variables.insert("id".to_owned(), id.into());
    ok(run(api, caller, document, Value::Object(variables)).await?)
}

async fn revoke_client(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    ok(run(&api, caller, &REVOKE_CLIENT, json!({ "key": key(&headers)?, "id": id })).await?)
}

async fn webhook_events(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &EVENTS, json!({})).await?)
}

async fn endpoints(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &ENDPOINTS, json!({})).await?)
}

async fn create_endpoint(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let input = object(&headers, &body)?;
    let variables = json!({ "key": key(&headers)?, "input": input });
    let made = run(&api, caller, &CREATE_ENDPOINT, variables).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn update_endpoint(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let change = object(&headers, &body)?;
    let variables = json!({ "key": key(&headers)?, "id": id, "change": change });
    ok(run(&api, caller, &UPDATE_ENDPOINT, variables).await?)
}

async fn delete_endpoint(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    ok(run(
        &api,
        caller,
        &DELETE_ENDPOINT,
        json!({ "key": key(&headers)?, "id": id }),
    )
    .await?)
}

async fn rotate_endpoint(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    rotate(&api, caller, (&ROTATE_ENDPOINT, id), (&headers, &body)).await
}

/// Which deliveries.
#[derive(Deserialize, Debug)]
struct DeliveryParameters {
    state: Option<String>,
    first: Option<u32>,
    before: Option<String>,
}

async fn deliveries(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(page): Query<DeliveryParameters>,
) -> Answer {
    let variables = json!({ "id": id, "state": page.state, "first": page.first, "before": page.before });
    ok(run(&api, caller, &DELIVERIES, variables).await?)
}

async fn test(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let made = run(&api, caller, &TEST, json!({ "key": key(&headers)?, "id": id })).await?;
    Ok((StatusCode::ACCEPTED, Json(made)).into_response())
}

async fn replay(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let made = run(&api, caller, &REPLAY, json!({ "key": key(&headers)?, "id": id })).await?;
    Ok((StatusCode::ACCEPTED, Json(made)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_document_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = json!({ "id": "x", "key": "k", "label": "l", "input": { "url": "u" }, "change": {} });
            let variables = async_graphql::Variables::from_json(variables);
            let response = schema
                .execute(async_graphql::Request::new(document.text).variables(variables))
                .await;
            assert!(!response.errors.is_empty(), "{name} ran without a caller");
            assert!(
                response.errors.iter().all(|e| !e.path.is_empty()),
                "{name}: {:?}",
                response.errors
            );
        }
    }
}

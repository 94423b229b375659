//! Routes about principals and their roles, for administrators.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::documents::{Named, documents, refusals};
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;

documents! {
    PRINCIPAL ("/principal", "") = ["query($id: ID!) { principal(id: $id) { id tenant role groups revision } }"];
    CHANGE_ROLE ("/changeRole", "/principal") = [
        "mutation($key: String!, $id: ID!, $role: PrincipalRole!, $groups: [String!]!, $reason: String!) ",
        "{ changeRole(idempotencyKey: $key, id: $id, role: $role, groups: $groups, reason: $reason) ",
        "{ principal { id tenant role groups revision }", refusals!(), " } }",
    ];
}

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/principals/{id}", get(principal))
        .route("/v1/principals/{id}/role", post(role))
}

async fn principal(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &PRINCIPAL, json!({ "id": id })).await?)
}

async fn role(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut variables = object(&headers, &body)?;
    if let Some(unknown) = variables
        .keys()
        .find(|k| !["role", "groups", "reason"].contains(&k.as_str()))
    {
        return Err(aggregator::Error::invalid(unknown, "no such field").into());
    }
    variables.insert("key".to_owned(), key(&headers)?.into());
    variables.insert("id".to_owned(), id.into());
    ok(run(&api, caller, &CHANGE_ROLE, Value::Object(variables)).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_document_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = json!({ "id": "x", "key": "k", "role": "OFFICER", "groups": [], "reason": "r" });
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

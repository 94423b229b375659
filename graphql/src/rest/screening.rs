//! Routes about sanctions lists, for officers and administrators.

use aggregator::Error;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde_json::json;

use super::documents::{Named, documents, refusals};
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;

macro_rules! status {
    () => {
        concat!(
            "{ version lists { list published entries names wallets partial files { name sha256 } } notices { kind count }",
            " refused pass { looked raised lapsed startedAt finishedAt } }"
        )
    };
}

documents! {
    STATUS ("", "/screeningStatus") = ["{ screeningStatus ", status!(), " }"];
    REFRESH ("/refreshScreening", "/refresh") = [
        "mutation($key: String!) { refreshScreening(idempotencyKey: $key) { refresh { changed status ", status!(), " }",
        refusals!(), " } }",
    ];
}

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/screening", get(status))
        .route("/v1/screening/refresh", post(refresh))
}

async fn status(State(api): State<Api>, Caller(caller): Caller) -> Answer {
    ok(run(&api, caller, &STATUS, json!({})).await?)
}

async fn refresh(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    if let Some(unknown) = object(&headers, &body)?.keys().next() {
        return Err(Error::invalid(unknown, "no such field").into());
    }
    ok(run(&api, caller, &REFRESH, json!({ "key": key(&headers)? })).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_can_be_parsed() {
        for (name, document) in ALL {
            let parsed = async_graphql::parser::parse_query(document.text);
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }
}

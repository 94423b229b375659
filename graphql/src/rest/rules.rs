//! Routes about rules, for officers; a borrower reads its own documents.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::rules::Document;
use aggregator::rules::publish::NewRules;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rules_documents as doc;
use super::{Answer, key, object, ok, run};
use crate::Api;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::public_id::{Kind, decode, encode};

/// Largest set of rules, bytes of JSON.
const MAX_RULES: usize = 6 * 1024 * 1024;

/// The routes.
pub fn router() -> Router<Api> {
    let publications = get(publications).post(propose).layer(DefaultBodyLimit::max(MAX_RULES));
    Router::new()
        .route("/v1/rules", get(rules))
        .route("/v1/rules/publications", publications)
        .route("/v1/rules/publications/{id}", get(publication))
        .route("/v1/rules/publications/{id}/changes", get(changes))
        .route("/v1/rules/publications/{id}/differences", get(differences))
        .route("/v1/rules/publications/{id}/decision", post(decide))
        .route("/v1/rules/replays/{id}", get(replay))
        .route("/v1/obligations", get(obligations))
        .route("/v1/quote-requests/{id}/notices", get(notices))
        .route("/v1/quotes/{id}/disclosures", get(disclosures))
        .route("/v1/documents/{id}", get(document))
}

/// What a list may be narrowed to.
#[derive(Deserialize, Debug, Default)]
struct Narrow {
    first: Option<u32>,
    publication: Option<String>,
    state: Option<String>,
    request: Option<String>,
}

async fn rules(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "publication": narrow.publication });
    ok(run(&api, caller, &doc::RULES, variables).await?)
}

async fn publications(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    ok(run(&api, caller, &doc::RULE_PUBLICATIONS, json!({ "first": narrow.first })).await?)
}

async fn publication(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RULE_PUBLICATION, json!({ "id": id })).await?)
}

async fn changes(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RULE_CHANGES, json!({ "id": id })).await?)
}

async fn differences(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(narrow): Query<Narrow>,
) -> Answer {
    let variables = json!({ "id": id, "first": narrow.first });
    ok(run(&api, caller, &doc::RULE_DIFFERENCES, variables).await?)
}

/// A set of rules.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Proposal {
    documents: Vec<Document>,
    effective_from: chrono::NaiveDate,
    reason: String,
}

/// Larger than an operation may be, so this one route does not go through a document.
async fn propose(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let sent: Proposal = serde_json::from_value(Value::Object(object(&headers, &body)?))
        .map_err(|error| Problem::malformed(format!("The body is no set of rules: {error}.")))?;
    let new = NewRules {
        documents: sent.documents,
        effective_from: sent.effective_from,
        reason: sent.reason,
    };
    let key = IdempotencyKey::parse(&key(&headers)?)?;
    let view = api.aggregator.propose_rules(&caller, &key, new).await?;
    let id = encode(Kind::RuleSet, view.id);
    let made = run(&api, caller, &doc::RULE_PUBLICATION, json!({ "id": id })).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn decide(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut variables = object(&headers, &body)?;
    if let Some(unknown) = variables
        .keys()
        .find(|name| !["approve", "reason"].contains(&name.as_str()))
    {
        return Err(Error::invalid(unknown, "no such field").into());
    }
    variables.insert("key".to_owned(), key(&headers)?.into());
    variables.insert("id".to_owned(), id.into());
    ok(run(&api, caller, &doc::DECIDE_RULES, Value::Object(variables)).await?)
}

async fn replay(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::RULE_REPLAY, json!({ "id": id })).await?)
}

async fn obligations(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "state": narrow.state, "request": narrow.request, "first": narrow.first });
    ok(run(&api, caller, &doc::OBLIGATIONS, variables).await?)
}

async fn notices(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::NOTICES, json!({ "id": id })).await?)
}

async fn disclosures(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::DISCLOSURES, json!({ "id": id })).await?)
}

/// The page, or where `Accept` prefers it the file. Neither runs anything: no script, no outside resource.
async fn document(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let id = decode(Kind::Document, "id", &id)?;
    let found = api.aggregator.document(&caller, id).await?;
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("");
    let (kind, hash, body) = if wants_pdf(accept) {
        ("application/pdf", found.about.sha256, found.pdf)
    } else {
        ("text/html; charset=utf-8", found.html_sha256, found.html.into_bytes())
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::ETAG, format!("\"{hash}\"")),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
        (header::VARY, "Accept, Authorization".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned(),
        ),
    ];
    Ok((headers, body).into_response())
}

/// Whether PDF is named before HTML; anything else is answered with the page.
fn wants_pdf(accept: &str) -> bool {
    let place = |kind: &str| {
        accept
            .split(',')
            .position(|part| part.split(';').next().unwrap_or("").trim() == kind)
    };
    match (place("application/pdf"), place("text/html")) {
        (Some(pdf), Some(html)) => pdf < html,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_form_that_is_named_first_is_sent() {
        for (accept, pdf) in [
            ("application/pdf", true),
            ("application/pdf;q=0.9, text/html;q=0.8", true),
            ("text/html,application/pdf", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(super::wants_pdf(accept), pdf, "{accept}");
        }
    }
}

//! REST under `/v1`: each route is a named document of the schema, so both transports give the same answers.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::problem::{Problem, needs_json};
use crate::{Api, MAX_BODY};

mod audit;
mod callbacks;
mod cases;
mod cases_documents;
mod collateral;
mod documents;
mod kyc;
mod kyc_documents;
mod lists;
mod lists_documents;
mod networks;
mod oauth;
mod principals;
mod privacy;
mod privacy_documents;
mod programs;
mod providers;
mod risk;
mod risk_documents;
mod rules;
mod rules_documents;
mod run;
mod screening;
mod service;

use documents as doc;
use run::run;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every REST route.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/quote-requests", post(request_quotes))
        .route("/v1/quote-requests/{id}", get(quote_request))
        .route("/v1/quote-requests/{id}/quotes", get(quotes))
        .route("/v1/quote-requests/{id}/events", get(events))
        .route("/v1/quotes/{id}", get(quote))
        .route("/v1/quotes/{id}/accept", post(accept))
        .route("/v1/settlements/{id}", get(settlement))
        .route("/v1/settlements/{id}/signature", post(sign))
        .route("/v1/settlements/{id}/cancel", post(cancel))
        .route("/v1/loans", get(loans))
        .route("/v1/loans/{id}", get(loan))
        .route("/v1/loans/{id}/schedule", get(schedule))
        .route("/v1/loans/{id}/repayments", get(repayments).post(record_repayment))
        .route("/v1/loans/{id}/payoff-quote", get(payoff_quote))
        .route("/v1/loans/{id}/repayment-calls", get(repayment_calls))
        .merge(oauth::router())
        .merge(callbacks::router())
        .merge(collateral::router())
        .merge(providers::router())
        .merge(lists::router())
        .merge(risk::router())
        .merge(rules::router())
        .merge(privacy::router())
        .merge(kyc::router())
        .merge(audit::router())
        .merge(cases::router())
        .merge(screening::router())
        .merge(networks::router())
        .merge(principals::router())
        .merge(programs::router())
        .merge(service::router())
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

type Answer = Result<Response, Problem>;

#[expect(clippy::unnecessary_wraps, reason = "the last line of every reading handler")]
fn ok(value: Value) -> Answer {
    Ok(Json(value).into_response())
}

/// A JSON object as a body; anything else is a 400 or 415 problem.
fn object(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    needs_json(headers)?;
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Problem::malformed("The body must be a JSON object.")),
        Err(error) => Err(Problem::malformed(format!("The body is not JSON: {error}."))),
    }
}

/// The `Idempotency-Key` header, quoted (as its draft says) or not.
fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers
        .get("idempotency-key")
        .and_then(|v| v.to_str().ok())
        .map(str::trim)
        .unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "IDEMPOTENCY_KEY_MISSING",
            "Idempotency-Key is missing",
        )
        .detail("Send an Idempotency-Key header, for example a UUID, and repeat it when you retry."));
    }
    Ok(text.to_owned())
}

async fn request_quotes(State(api): State<Api>, Caller(caller): Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let input = object(&headers, &body)?;
    let variables = json!({ "key": key(&headers)?, "input": input });
    let made = run(&api, caller, &doc::REQUEST_QUOTES, variables).await?;
    Ok((StatusCode::ACCEPTED, Json(made)).into_response())
}

async fn quote_request(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::QUOTE_REQUEST, json!({ "id": id })).await?)
}

/// Which page of a list.
#[derive(Deserialize, Debug)]
struct PageParameters {
    first: Option<u32>,
    after: Option<String>,
}

async fn quotes(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(page): Query<PageParameters>,
) -> Answer {
    let variables = json!({ "id": id, "first": page.first, "after": page.after });
    ok(run(&api, caller, &doc::QUOTES, variables).await?)
}

async fn events(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    run::events(&api, caller, json!({ "id": id })).await
}

async fn quote(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::QUOTE, json!({ "id": id })).await?)
}

async fn accept(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut input = object(&headers, &body)?;
    input.insert("quoteId".to_owned(), Value::String(id));
    let variables = json!({ "key": key(&headers)?, "input": input });
    let made = run(&api, caller, &doc::ACCEPT, variables).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn settlement(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::SETTLEMENT, json!({ "id": id })).await?)
}

async fn sign(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let input = object(&headers, &body)?;
    let variables = json!({ "key": key(&headers)?, "id": id, "signature": input.get("signature") });
    ok(run(&api, caller, &doc::SIGN, variables).await?)
}

async fn cancel(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    ok(run(&api, caller, &doc::CANCEL, json!({ "key": key(&headers)?, "id": id })).await?)
}

async fn loans(State(api): State<Api>, Caller(caller): Caller, Query(page): Query<PageParameters>) -> Answer {
    ok(run(
        &api,
        caller,
        &doc::LOANS,
        json!({ "first": page.first, "after": page.after }),
    )
    .await?)
}

async fn loan(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::LOAN, json!({ "id": id })).await?)
}

async fn schedule(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::SCHEDULE, json!({ "id": id })).await?)
}

async fn repayments(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &doc::REPAYMENTS, json!({ "id": id })).await?)
}

async fn record_repayment(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut input = object(&headers, &body)?;
    input.insert("loanId".to_owned(), Value::String(id));
    let variables = json!({ "key": key(&headers)?, "input": input });
    let made = run(&api, caller, &doc::RECORD_REPAYMENT, variables).await?;
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// The moment of a payoff.
#[derive(Deserialize, Debug)]
struct PayoffParameters {
    at: Option<String>,
}

async fn payoff_quote(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(parameters): Query<PayoffParameters>,
) -> Answer {
    ok(run(
        &api,
        caller,
        &doc::PAYOFF_QUOTE,
        json!({ "id": id, "at": parameters.at }),
    )
    .await?)
}

/// How much to repay.
#[derive(Deserialize, Debug)]
struct RepayParameters {
    #[serde(default = "installment")]
    amount: String,
    units: Option<String>,
}

fn installment() -> String {
    "INSTALLMENT".to_owned()
}

async fn repayment_calls(
    State(api): State<Api>,
    Caller(caller): Caller,
    Path(id): Path<String>,
    Query(parameters): Query<RepayParameters>,
) -> Answer {
    ok(run(
        &api,
        caller,
        &doc::REPAYMENT_CALLS,
        json!({ "id": id, "amount": parameters.amount, "units": parameters.units }),
    )
    .await?)
}

/// Takes over, or makes, the correlation id; it stands in the answer and in every log line of the request.
pub async fn request_id(request: Request, next: Next) -> Response {
    let given = request.headers().get(&REQUEST_ID).and_then(|v| v.to_str().ok());
    let given = given.filter(|id| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let id = given.map_or_else(service::next_request_id, str::to_owned);
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map(|p| p.as_str().to_owned());
    let span = tracing::info_span!("http", request_id = %id, method = %request.method(), route = route.as_deref());
    let started = std::time::Instant::now();
    let mut response = tracing::Instrument::instrument(next.run(request), span).await;
    let labels = [
        ("route", route.unwrap_or_else(|| "unmatched".to_owned())),
        ("status", response.status().as_str().to_owned()),
    ];
    metrics::histogram!("usance_http_request_duration_seconds", &labels).record(started.elapsed());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

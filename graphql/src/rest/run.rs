//! Runs a named document and turns its result into a REST answer.

use std::convert::Infallible;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::Principal;
use futures::StreamExt;
use serde_json::Value;

use super::documents::{self, Named};
use crate::Api;
use crate::problem::Problem;
use crate::transport::Engine;

/// Runs `document` for the caller. A refusal, an error and a null become problems.
pub async fn run(api: &Api, caller: Principal, document: &Named, variables: Value) -> Result<Value, Problem> {
    let response = api.engine.named(api, caller, document.text, variables).await?;
    if let Some(error) = response.errors.first() {
        return Err(problem_of(error));
    }
    let mut data = serde_json::to_value(response.data).map_err(|_| internal())?;
    if let Some(refusal) = data
        .pointer(document.root)
        .and_then(|payload| payload.pointer("/refusals/0"))
    {
        return Err(refused(refusal));
    }
    match data
        .pointer_mut(&format!("{}{}", document.root, document.field))
        .map(Value::take)
    {
        Some(Value::Null) | None => Err(Problem::from(aggregator::Error::NotFound)),
        Some(value) => Ok(value),
    }
}

/// Server-sent events of a request: `quote`, `loser`, `closed`.
pub async fn events(api: &Api, caller: Principal, variables: Value) -> Result<Response, Problem> {
    let stream = api
        .engine
        .named_stream(api, caller, documents::EVENTS.text, variables)?;
    let mut stream = stream.peekable();
    let first = std::pin::Pin::new(&mut stream).peek().await;
    if let Some(error) = first.and_then(|response| response.errors.first()) {
        return Err(problem_of(error));
    }
    let events = stream.map(|response| {
        let data = serde_json::to_value(response.data).unwrap_or_default();
        let update = data.pointer("/quoteUpdates").cloned().unwrap_or_default();
        let name = match update.get("__typename").and_then(Value::as_str) {
            Some("Quote") => "quote",
            Some("Loser") => "loser",
            _ => "closed",
        };
        Ok::<_, Infallible>(Event::default().event(name).data(update.to_string()))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

impl Engine {
    async fn named(
        &self,
        api: &Api,
        caller: Principal,
        text: &str,
        variables: Value,
    ) -> Result<async_graphql::Response, Problem> {
        let prepared = self.prepare(operation(text, variables)).map_err(|_| internal())?;
        Ok(self.execute(api, Some(caller), prepared).await)
    }

    fn named_stream(
        &self,
        api: &Api,
        caller: Principal,
        text: &str,
        variables: Value,
    ) -> Result<futures::stream::BoxStream<'static, async_graphql::Response>, Problem> {
        let prepared = self.prepare(operation(text, variables)).map_err(|_| internal())?;
        Ok(self.stream(api, Some(caller), prepared))
    }
}

fn operation(text: &str, variables: Value) -> crate::transport::Operation {
    let variables = match variables {
        Value::Object(map) => Some(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        _ => None,
    };
    crate::transport::Operation {
        query: Some(text.to_owned()),
        variables,
        ..Default::default()
    }
}

fn refused(refusal: &Value) -> Problem {
    let text = |name: &str| refusal.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (code, message, field) = (text("code"), text("message"), text("field"));
    let problem = if code == "INVALID" {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", "A field is not valid")
    } else {
        Problem::new(StatusCode::CONFLICT, &code, "Refused")
    };
    let problem = problem.detail(&message);
    if field.is_empty() {
        problem
    } else {
        problem.field(&field, message)
    }
}

/// A coded error keeps its code. One without a code comes of variables that do not fit the document: the input is wrong.
fn problem_of(error: &async_graphql::ServerError) -> Problem {
    let extension = |name: &str| match error.extensions.as_ref().and_then(|e| e.get(name)) {
        Some(async_graphql::Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(code) = extension("code") else {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", "A field is not valid")
            .detail(&error.message);
    };
    let (status, title) = match code.as_str() {
        "NOT_FOUND" => (StatusCode::NOT_FOUND, "No such object"),
        "FORBIDDEN" => (StatusCode::FORBIDDEN, "Your role may not do this"),
        "UNAUTHORIZED" => return Problem::unauthorized(),
        "INVALID" | "IDEMPOTENCY_KEY_REUSED" => (StatusCode::UNPROCESSABLE_ENTITY, "The request is not valid"),
        "UNAVAILABLE" => (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
        "INTERNAL" => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        _ => (StatusCode::CONFLICT, "Refused"),
    };
    let mut problem = Problem::new(status, &code, title).detail(&error.message);
    if status == StatusCode::SERVICE_UNAVAILABLE || code == "IDEMPOTENCY_KEY_BUSY" {
        problem.retry_after = Some(1);
    }
    match extension("field") {
        Some(field) => problem.field(field.trim_start_matches('/'), error.message.clone()),
        None => problem,
    }
}

fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error")
}

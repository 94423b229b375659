//! Errors on the wire: RFC 9457 problems for REST, coded errors for GraphQL, from one mapping.

use aggregator::Error;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

/// `application/problem+json`; its `type` is a URI made of the code.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Short text of the kind.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable code.
    pub code: String,
    /// Fields concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldProblem {
    /// JSON pointer of the field.
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
}

impl Problem {
    /// A problem of that status and code.
    pub fn new(status: StatusCode, code: &str, title: &'static str) -> Self {
        Self {
            title,
            status: status.as_u16(),
            detail: None,
            code: code.to_owned(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// With what to do.
    #[must_use]
    pub fn detail(mut self, text: impl Into<String>) -> Self {
        self.detail = Some(text.into());
        self
    }

    /// With the field concerned; dots in its name become levels.
    #[must_use]
    pub fn field(mut self, name: &str, text: impl Into<String>) -> Self {
        self.errors.push(FieldProblem {
            pointer: format!("/{}", name.replace('.', "/")),
            detail: text.into(),
        });
        self
    }

    /// A missing or unusable token.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "A valid access token is needed",
        )
        .detail("Send `Authorization: Bearer <token>`; tokens come from POST /oauth/token.")
    }

    /// A body or parameter that cannot be read.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED", "The request cannot be read").detail(detail)
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "No such object"),
            Error::Forbidden => Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", "Your role may not do this"),
            Error::Invalid { field, message } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", "A field is not valid")
                    .detail(format!("{field}: {message}"))
                    .field(field, message)
            }
            Error::Refused(refusal) => {
                let problem = Self::new(StatusCode::CONFLICT, &refusal.code, "Refused").detail(&refusal.message);
                match &refusal.field {
                    Some(field) => problem.field(field, &refusal.message),
                    None => problem,
                }
            }
            Error::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "IDEMPOTENCY_KEY_REUSED",
                "Key used with another body",
            )
            .detail("Use a new Idempotency-Key for a new operation."),
            Error::KeyBusy => Self {
                retry_after: Some(1),
                ..Self::new(
                    StatusCode::CONFLICT,
                    "IDEMPOTENCY_KEY_BUSY",
                    "The first call with this key still runs",
                )
            },
            Error::Unavailable(_) => Self {
                retry_after: Some(1),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "UNAVAILABLE",
                    "Temporarily unavailable",
                )
            },
            Error::Internal(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error"),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        log(&error);
        Self::from(&error)
    }
}

/// A 415 problem unless the body says that it is JSON.
pub(crate) fn needs_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let essence = kind.unwrap_or("").split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let (code, title) = ("UNSUPPORTED_MEDIA_TYPE", "Send application/json");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, title))
}

/// Logs a failure once, at the edge. Refusals are answers, not failures.
pub fn log(error: &Error) {
    match error {
        Error::Internal(source) => tracing::error!(error = %chain(source.as_ref()), "internal error"),
        Error::Unavailable(source) => tracing::warn!(error = %chain(source.as_ref()), "dependency unavailable"),
        Error::NotFound
        | Error::Forbidden
        | Error::Invalid { .. }
        | Error::Refused(_)
        | Error::KeyReused
        | Error::KeyBusy => {}
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body();
        self.answer(body)
    }
}

impl Problem {
    /// The problem as JSON, with its `type`.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!(self);
        body["type"] = format!("/problems/{}", self.code.to_lowercase().replace('_', "-")).into();
        body
    }

    /// The answer with that body.
    pub(crate) fn answer(&self, body: Value) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

//! OAuth 2 client credentials (RFC 6749, section 4.4) and the key set.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use serde_json::json;

use crate::Api;
use crate::auth::TOKEN_SECONDS;
use crate::problem::Problem;

/// Tries a minute from one address: a guesser is slowed down, a client with a cached token never notices.
static TRIES: LazyLock<DefaultKeyedRateLimiter<std::net::IpAddr>> =
    LazyLock::new(|| RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(600).unwrap_or(NonZeroU32::MIN))));

/// `/oauth/token` and `/.well-known/jwks.json`.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/.well-known/jwks.json", get(jwks))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    scope: Option<String>,
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let mut response = (status, Json(json!({ "error": code }))).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

async fn token(
    State(api): State<Api>,
    peer: Result<ConnectInfo<SocketAddr>, axum::extract::rejection::ExtensionRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Ok(ConnectInfo(address)) = peer
        && TRIES.check_key(&address.ip()).is_err()
    {
        return Problem {
            retry_after: Some(1),
            ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many token requests")
        }
        .into_response();
    }
    let Some(grant) = read(&headers, &body) else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request");
    };
    if grant.grant_type.as_deref() != Some("client_credentials") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let (Some(id), Some(secret)) = (grant.client_id, grant.client_secret) else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client");
    };
    match api.aggregator.authenticate_client(&id, &secret).await {
        // The one scope of a client is its role; a token for any other is refused, never given with less or more.
        Ok(principal) if grant.scope.as_deref().is_some_and(|s| !s.is_empty() && s != principal.role.as_str()) => {
            refuse(StatusCode::BAD_REQUEST, "invalid_scope")
        }
        Ok(principal) => match api.tokens.issue(&principal) {
            Ok(token) => (
                [(header::CACHE_CONTROL, "no-store")],
                Json(json!({
                    "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": principal.role.as_str(),
                })),
            )
                .into_response(),
            Err(error) => {
                tracing::error!(%error, "token not issued");
                refuse(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
            }
        },
        Err(aggregator::Error::Unavailable(_) | aggregator::Error::Internal(_)) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        Err(_) => refuse(StatusCode::UNAUTHORIZED, "invalid_client"),
    }
}

/// From a form or JSON; the client may stand in a Basic header instead.
fn read(headers: &HeaderMap, body: &Bytes) -> Option<TokenRequest> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut grant: TokenRequest = if kind.starts_with("application/json") {
        serde_json::from_slice(body).ok()?
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        form(body)?
    } else {
        return None;
    };
    if let Some(basic) = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok()?.strip_prefix("Basic "))
    {
        let text = String::from_utf8(STANDARD.decode(basic.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        (grant.client_id, grant.client_secret) = (Some(id.to_owned()), Some(secret.to_owned()));
    }
    Some(grant)
}

fn form(body: &Bytes) -> Option<TokenRequest> {
    let uri: axum::http::Uri = format!("/?{}", std::str::from_utf8(body).ok()?).parse().ok()?;
    axum::extract::Query::<TokenRequest>::try_from_uri(&uri)
        .ok()
        .map(|query| query.0)
}

async fn jwks(State(api): State<Api>) -> Response {
    (
        [(header::CACHE_CONTROL, "public, max-age=300")],
        Json(api.tokens.jwks()),
    )
        .into_response()
}

//! Signing in and out of people: `/session`. The browser keeps a cookie that no script reads; the app keeps the access token in memory.
//!
//! A request that changes a session comes from our own page: it carries a header that another site cannot send without being asked
//! about first, and where the browser says where it comes from, that is us.

mod cookie;
mod guard;

use std::net::IpAddr;

use aggregator::sessions::{SessionError, SignedIn, WalletSite};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::Api;
use crate::auth::TOKEN_SECONDS;
use crate::problem::{Problem, needs_json};
use crate::public_id::{Kind, encode};

pub use guard::HEADER;

/// Largest body: a message and a signature of a contract wallet.
const MAX_BODY: usize = 16 * 1024;

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/session", post(sign_in))
        .route("/session/register", post(register))
        .route("/session/wallet/challenge", post(challenge))
        .route("/session/wallet", post(wallet))
        .route("/session/renew", post(renew))
        .route("/session/end", post(end))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// A login with its password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Credentials {
    login: String,
    password: String,
}

/// A wallet that wants to sign in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WalletInput {
    address: String,
    chain_id: u64,
}

/// What a wallet signed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signed {
    message: String,
    signature: String,
}

/// A refusal. It names the field at the top, beside the list that every problem has.
struct Refusal(Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        Self(match error {
            SessionError::Failed(error) => Problem::from(error),
            SessionError::TooMany { seconds } => Problem {
                retry_after: Some(seconds),
                ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many tries")
                    .detail(format!("Try again in {} minutes.", seconds.div_ceil(60)))
            },
            SessionError::Denied(code) => {
                Problem::new(StatusCode::UNAUTHORIZED, code, "Not signed in").detail(match code {
                    "WRONG_CREDENTIALS" => "The login or the password is wrong.",
                    "WALLET_MESSAGE" => "This is not a message that we asked to be signed here. Begin again.",
                    "WALLET_EXPIRED" => "The message is too old or was used. Begin again.",
                    "WALLET_SIGNATURE" => "The signature is not that of the wallet.",
                    _ => "Sign in first.",
                })
            }
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let mut body = problem.body();
        if let Some(first) = problem.errors.first() {
            body["field"] = first.pointer.trim_start_matches('/').into();
        }
        let mut response = problem.answer(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Who signs in has no token yet: the browser is not asked for one.
        headers.remove(header::WWW_AUTHENTICATE);
        response
    }
}

type Answer = Result<Response, Refusal>;

/// The body; nothing of it is repeated in an error.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Refusal> {
    needs_json(headers)?;
    serde_json::from_slice(body)
        .map_err(|_| Problem::malformed("The body does not have the fields of this route.").into())
}

fn from() -> Option<IpAddr> {
    crate::origin::current().ip
}

/// What the page gets, with the cookie.
fn answer(api: &Api, origin: &str, status: StatusCode, signed_in: &SignedIn) -> Answer {
    let principal = &signed_in.principal;
    let token = api.tokens.issue(principal).map_err(|error| {
        tracing::error!(%error, "token not issued");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error")
    })?;
    let groups: Vec<_> = principal
        .standing
        .groups()
        .map(domain::principal::Group::as_str)
        .collect();
    let body = json!({
        "accessToken": token,
        "expiresIn": TOKEN_SECONDS,
        "principal": {
            "id": encode(Kind::Principal, principal.id.0),
            "role": principal.role.as_str().to_uppercase(),
            "groups": groups,
            "provider": principal.provider.as_ref().map(domain::ids::ProviderId::as_str),
            "name": signed_in.name,
        },
    });
    let set = cookie::set(origin, signed_in.ticket.expose(), signed_in.keep_seconds);
    let no_store = HeaderValue::from_static("no-store");
    let mut response = (status, [(header::CACHE_CONTROL, no_store)], Json(body)).into_response();
    response.headers_mut().insert(header::SET_COOKIE, set);
    Ok(response)
}

async fn sign_in(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Answer {
    let origin = guard::own(&api, &headers)?;
    let input: Credentials = read(&headers, &body)?;
    let people = api.aggregator.people();
    let signed_in = people.sign_in(&input.login, &input.password, from()).await?;
    answer(&api, &origin, StatusCode::OK, &signed_in)
}

async fn register(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Answer {
    let origin = guard::own(&api, &headers)?;
    let input: Credentials = read(&headers, &body)?;
    let people = api.aggregator.people();
    let signed_in = people.register(&input.login, &input.password, from()).await?;
    answer(&api, &origin, StatusCode::CREATED, &signed_in)
}

async fn challenge(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Answer {
    let site = WalletSite {
        origin: guard::own(&api, &headers)?,
    };
    let input: WalletInput = read(&headers, &body)?;
    let people = api.aggregator.people();
    let wallet = (input.address.as_str(), input.chain_id);
    let made = people.challenge(&site, wallet, from()).await?;
    let body = json!({ "message": made.message, "nonce": made.nonce, "expiresAt": made.expires_at });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

async fn wallet(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Answer {
    let site = WalletSite {
        origin: guard::own(&api, &headers)?,
    };
    let input: Signed = read(&headers, &body)?;
    let people = api.aggregator.people();
    let reader = api.aggregator.world().reader.as_ref();
    let signed = (input.message.as_str(), input.signature.as_str());
    let signed_in = people.sign_in_by_wallet(&site, signed, reader, from()).await?;
    answer(&api, &site.origin, StatusCode::OK, &signed_in)
}

async fn renew(State(api): State<Api>, headers: HeaderMap) -> Response {
    let origin = match guard::own(&api, &headers) {
        Ok(origin) => origin,
        Err(problem) => return Refusal(problem).into_response(),
    };
    let none = || Refusal::from(SessionError::Denied("NO_SESSION"));
    let Some(ticket) = cookie::ticket(&origin, &headers) else {
        return none().into_response();
    };
    let renewed = api.aggregator.people().renew(&ticket).await;
    let gone = matches!(renewed, Err(SessionError::Denied(_)));
    let answered = renewed
        .map_err(Refusal::from)
        .and_then(|signed_in| answer(&api, &origin, StatusCode::OK, &signed_in));
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    if gone {
        let clear = cookie::clear(&origin);
        response.headers_mut().insert(header::SET_COOKIE, clear);
    }
    response
}

async fn end(State(api): State<Api>, headers: HeaderMap) -> Answer {
    let origin = guard::own(&api, &headers)?;
    if let Some(ticket) = cookie::ticket(&origin, &headers) {
        api.aggregator.people().end(&ticket).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .insert(header::SET_COOKIE, cookie::clear(&origin));
    Ok(response)
}

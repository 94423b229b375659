//! Signing in and out in the OpenAPI document.

use serde_json::{Map, Value, json};

use crate::openapi::reference;

/// A route: path, id, summary, body, status and schema of the answer.
type Line = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    (&'static str, Option<&'static str>),
);

const LINES: [Line; 6] = [
    (
        "/session",
        "signIn",
        "Sign in by password; sets the cookie of the session",
        Some("SessionCredentials"),
        ("200", Some("Session")),
    ),
    (
        "/session/register",
        "register",
        "Become a borrower of the public tenant and sign in; 409 where nobody registers or the login is in use",
        Some("SessionCredentials"),
        ("201", Some("Session")),
    ),
    (
        "/session/wallet/challenge",
        "walletChallenge",
        "A message (ERC-4361) for a wallet to sign within 10 minutes",
        Some("WalletChallengeInput"),
        ("200", Some("WalletChallenge")),
    ),
    (
        "/session/wallet",
        "signInByWallet",
        "Sign in by a signed message; an unknown address becomes a borrower",
        Some("WalletSignature"),
        ("200", Some("Session")),
    ),
    (
        "/session/renew",
        "renewSession",
        "A new access token for the cookie, which is replaced; 401 without a session",
        None,
        ("200", Some("Session")),
    ),
    (
        "/session/end",
        "endSession",
        "Sign out: the session ends and the cookie is taken away",
        None,
        ("204", None),
    ),
];

/// The routes by path.
pub(crate) fn paths() -> Map<String, Value> {
    LINES.into_iter().map(path).collect()
}

fn path((path, id, summary, body, (status, answer)): Line) -> (String, Value) {
    let mut done = json!({ "description": "Done" });
    if let Some(name) = answer {
        done["content"] = json!({ "application/json": { "schema": reference(name) } });
        if name == "Session" {
            done["headers"] = json!({ "Set-Cookie": { "schema": { "type": "string" } } });
        }
    }
    let mut operation = json!({
        "operationId": id,
        "summary": summary,
        "security": [],
        "parameters": [{
            "name": "X-Usance-Session", "in": "header", "required": true,
            "description": "Shows that our own page asks: another site cannot send it.",
            "schema": { "const": "1" },
        }],
        "responses": {
            status: done,
            "default": {
                "description": "A problem (RFC 9457): 400 unreadable, 401 not signed in, 403 not from our own page, 409 refused, \
                                415 not JSON, 422 invalid, 429 too often, 503 try again",
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            },
        },
    });
    if let Some(body) = body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": reference(body) } } });
    }
    (path.to_owned(), json!({ "post": operation }))
}

fn object(properties: &Value) -> Value {
    let required: Vec<String> = properties
        .as_object()
        .map(|map| map.keys().cloned().collect())
        .unwrap_or_default();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// Bodies and answers.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let text = || json!({ "type": "string" });
    let principal = object(&json!({
        "id": text(),
        "role": reference("PrincipalRole"),
        "groups": { "type": "array", "items": text() },
        "provider": { "type": ["string", "null"], "description": "The lender that it speaks for." },
        "name": { "type": "string", "description": "What they signed in with: an e-mail address or a wallet." },
    }));
    let password = json!({ "type": "string", "description": "A new one has 12 to 128 characters." });
    let named = |name: &str, schema: Value| (name.to_owned(), schema);
    vec![
        named(
            "SessionCredentials",
            object(&json!({ "login": text(), "password": password })),
        ),
        named(
            "WalletChallengeInput",
            object(&json!({ "address": text(), "chainId": { "type": "integer", "minimum": 1 } })),
        ),
        named(
            "WalletChallenge",
            object(&json!({
                "message": text(), "nonce": text(), "expiresAt": { "type": "string", "format": "date-time" },
            })),
        ),
        named(
            "WalletSignature",
            object(&json!({ "message": text(), "signature": text() })),
        ),
        named(
            "Session",
            object(&json!({ "accessToken": text(), "expiresIn": { "type": "integer" }, "principal": principal })),
        ),
    ]
}

//! Access tokens: Ed25519 JWTs of 15 minutes, and the caller that a token stands for.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, header, request::Parts};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{PrincipalId, TenantId};
use domain::ports::Clock;
use domain::principal::{Group, Principal, Role, Standing};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::Api;
use crate::problem::Problem;

/// Lifetime of an access token, seconds.
pub const TOKEN_SECONDS: i64 = 15 * 60;
/// Clocks may differ by this much, seconds.
const LEEWAY_SECONDS: i64 = 5;
/// A longer token is refused unread.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Checked tokens kept. Checking a signature costs more than a small query.
const KEPT_TOKENS: u64 = 10_000;
/// And for how long.
const KEPT_FOR: Duration = Duration::from_mins(15);

/// Claims of an access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: uuid::Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    tenant: uuid::Uuid,
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// Number of changes of role and groups when the token was issued.
    #[serde(default)]
    rev: u32,
}

/// Signs and checks access tokens with one key.
pub struct Tokens {
    issuer: String,
    kid: String,
    public: [u8; 32],
    encoding: EncodingKey,
    decoding: DecodingKey,
    clock: Arc<dyn Clock>,
    /// Tokens with a good signature, for their lifetime; their times are looked at anew, and whether the role changed since.
    checked: Cache<String, Arc<Checked>>,
}

/// A token with a good signature.
#[derive(Debug)]
struct Checked {
    principal: Principal,
    not_before: i64,
    ends: i64,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The signing key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the token signing key cannot be used")]
pub struct BadKey;

impl Tokens {
    /// From the 32 secret bytes of an Ed25519 key.
    pub fn new(issuer: &str, secret: &[u8; 32], clock: Arc<dyn Clock>) -> Result<Self, BadKey> {
        let key = SigningKey::from_bytes(secret);
        let public = key.verifying_key().to_bytes();
        let der = key.to_pkcs8_der().map_err(|_| BadKey)?;
        Ok(Self {
            issuer: issuer.to_owned(),
            kid: URL_SAFE_NO_PAD.encode(&public[..8]),
            public,
            encoding: EncodingKey::from_ed_der(der.as_bytes()),
            decoding: DecodingKey::from_ed_der(&public),
            clock,
            checked: Cache::builder()
                .max_capacity(KEPT_TOKENS)
                .time_to_live(KEPT_FOR)
                .build(),
        })
    }

    /// A token for that caller; none for a process of ours.
    pub fn issue(&self, principal: &Principal) -> Result<String, BadKey> {
        if !access::has_tokens(principal.role) {
            return Err(BadKey);
        }
        let now = self.clock.now().timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.issuer.clone(),
            sub: principal.id.0,
            iat: now,
            nbf: now,
            exp: now + TOKEN_SECONDS,
            tenant: principal.tenant.0,
            role: principal.role.as_str().to_owned(),
            provider: principal.provider.as_ref().map(ToString::to_string),
            groups: principal.standing.groups().map(|g| g.as_str().to_owned()).collect(),
            rev: principal.standing.revision,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|_| BadKey)
    }

    /// The caller that a token stands for; none when it is not ours, not now, or not well formed.
    pub fn verify(&self, token: &str) -> Option<Principal> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let known = self.checked.get(token);
        let checked = known.or_else(|| {
            let checked = Arc::new(self.check(token)?);
            self.checked.insert(token.to_owned(), Arc::clone(&checked));
            Some(checked)
        })?;
        let now = self.clock.now().timestamp();
        if now >= checked.ends + LEEWAY_SECONDS || now < checked.not_before - LEEWAY_SECONDS {
            return None;
        }
        Some(checked.principal.clone())
    }

    /// All but the times.
    fn check(&self, token: &str) -> Option<Checked> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA || header.kid.as_deref() != Some(self.kid.as_str()) {
            return None;
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The caller looks at the times, by our own clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .ok()?
            .claims;
        let provider = match claims.provider {
            Some(name) => Some(name.parse().ok()?),
            None => None,
        };
        let role = Role::parse(&claims.role).filter(|role| access::has_tokens(*role))?;
        let groups: Vec<Group> = claims.groups.iter().map(|g| Group::parse(g)).collect::<Option<_>>()?;
        if !groups.is_empty() && !role.is_staff() {
            return None;
        }
        Some(Checked {
            principal: Principal {
                id: PrincipalId(claims.sub),
                tenant: TenantId(claims.tenant),
                role,
                provider,
                standing: Standing::of(&groups).at(claims.rev),
            },
            not_before: claims.nbf,
            ends: claims.exp,
        })
    }

    /// The public key as a JWK set (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.kid, "x": URL_SAFE_NO_PAD.encode(self.public),
        }] })
    }
}

/// The caller of a request that carries a bearer token.
pub fn caller(api: &Api, headers: &HeaderMap) -> Option<Principal> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| bearer(api, token.trim()))
        .flatten()
}

/// The caller that a token stands for, when its role is still the one of the token.
pub fn bearer(api: &Api, token: &str) -> Option<Principal> {
    api.tokens
        .verify(token)
        .filter(|principal| api.aggregator.is_current(principal))
}

/// Extractor: the authenticated caller, or a 401 problem.
#[derive(Debug)]
pub struct Caller(pub Principal);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        caller(api, &parts.headers).map(Self).ok_or_else(Problem::unauthorized)
    }
}

#[cfg(test)]
mod tests;

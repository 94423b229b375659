//! HashiCorp Vault's transit engine, HTTP API v1. The key must be `aes256-gcm96` and derived: then Vault binds every ciphertext to
//! its context, also when it wraps it again.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use privacy::{DataKey, KeyContext, KeyId, Kms, KmsError, Wrapped};
use sdk::net::{Incoming, Request, Value};
use sdk::{Endpoint, HttpClient, Secret};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::failure;

/// The adapter.
#[derive(Clone)]
pub struct VaultTransit {
    /// The client.
    pub http: HttpClient,
    /// Vault's base address.
    pub endpoint: Endpoint,
    /// Where the engine is mounted.
    pub mount: String,
    /// Name of the key.
    pub key: String,
    /// Our token.
    pub token: Secret<String>,
    /// Namespace, of Vault Enterprise.
    pub namespace: Option<String>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl std::fmt::Debug for VaultTransit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultTransit({}/{})", self.mount, self.key)
    }
}

#[derive(Deserialize)]
struct Reply<T> {
    data: T,
}

#[derive(Deserialize)]
struct Ciphertext {
    ciphertext: String,
}

#[derive(Deserialize)]
struct Plaintext {
    plaintext: String,
}

#[derive(Deserialize)]
struct KeyFacts {
    #[serde(rename = "type")]
    kind: String,
    derived: bool,
    latest_version: u32,
}

#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

/// What an answer other than 200 means. Vault's texts are compared, never repeated.
fn refusal(answer: &Incoming) -> KmsError {
    let errors: Errors = serde_json::from_slice(&answer.body).unwrap_or_default();
    let says = |text: &str| errors.errors.iter().any(|error| error.contains(text));
    let status = answer.status;
    match status {
        400 if says("message authentication failed") || says("invalid ciphertext") => KmsError::Foreign,
        400 if says("too old") || says("key not found") => KmsError::Destroyed(format!("vault {status}")),
        404 => KmsError::Destroyed(format!("vault {status}")),
        400 | 401 | 403 | 405 => KmsError::Refused(format!("vault {status}")),
        408 | 412 | 429 | 472 | 473 | 500..=599 => KmsError::Unavailable(format!("vault {status}")),
        _ => KmsError::Malformed(format!("vault {status}")),
    }
}

/// The context of a derived key: names and values, in their order.
fn context_of(context: &KeyContext) -> String {
    let pairs = context.pairs().map(|(name, value)| format!("{name}={value}"));
    STANDARD.encode(pairs.join("\n"))
}

impl VaultTransit {
    async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<T, KmsError> {
        let text = Zeroizing::new(body.map(serde_json::Value::to_string).unwrap_or_default());
        let mut headers = vec![
            ("x-vault-request", Value::Plain("true")),
            ("x-vault-token", Value::Secret(&self.token)),
        ];
        if let Some(namespace) = &self.namespace {
            headers.push(("x-vault-namespace", Value::Plain(namespace)));
        }
        let base = match body {
            Some(_) => Request::post(&self.endpoint, path, text.as_bytes(), self.timeout),
            None => Request::get(&self.endpoint, path, self.timeout),
        };
        let request = Request {
            headers: &headers,
            ..base
        };
        let answer = self.http.call(request).await.map_err(failure::of_call)?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let body = Zeroizing::new(answer.body);
        let reply: Reply<T> = serde_json::from_slice(&body).map_err(|_| failure::of_body())?;
        Ok(reply.data)
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/{}/{what}/{}", self.mount, self.key)
    }

    /// `vault:v<n>:<base64>`: the version of the key stands in front.
    fn wrapped(&self, found: Ciphertext) -> Result<Wrapped, KmsError> {
        let version = found
            .ciphertext
            .strip_prefix("vault:v")
            .and_then(|rest| rest.split_once(':'));
        let (version, _) = version.ok_or_else(failure::of_body)?;
        let version: u32 = version.parse().map_err(|_| failure::of_body())?;
        Ok(Wrapped {
            by: self.name_of(version),
            bytes: found.ciphertext.into_bytes(),
        })
    }

    fn name_of(&self, version: u32) -> String {
        format!("vault:{}/{}:{version}", self.mount, self.key)
    }
}

fn text_of(wrapped: &Wrapped) -> Result<&str, KmsError> {
    std::str::from_utf8(&wrapped.bytes).map_err(|_| KmsError::Foreign)
}

#[async_trait]
impl Kms for VaultTransit {
    fn name(&self) -> &'static str {
        "vault"
    }

    async fn wrap(&self, key: &DataKey, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let plain = Zeroizing::new(STANDARD.encode(key.secret()));
        let body = json!({ "plaintext": plain.as_str(), "context": context_of(context) });
        let found = self.call(&self.path("encrypt"), Some(&body)).await?;
        self.wrapped(found)
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<DataKey, KmsError> {
        let body = json!({ "ciphertext": text_of(wrapped)?, "context": context_of(context) });
        let found: Plaintext = self.call(&self.path("decrypt"), Some(&body)).await?;
        let plain = Zeroizing::new(found.plaintext);
        let bytes = Zeroizing::new(STANDARD.decode(plain.as_str()).map_err(|_| failure::of_body())?);
        DataKey::from_slice(KeyId(context.key), &bytes).ok_or_else(failure::of_body)
    }

    async fn rewrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let body = json!({ "ciphertext": text_of(wrapped)?, "context": context_of(context) });
        let found = self.call(&self.path("rewrap"), Some(&body)).await?;
        self.wrapped(found)
    }

    async fn newest(&self) -> Result<String, KmsError> {
        let facts: KeyFacts = self.call(&self.path("keys"), None).await?;
        // A key that is not derived would ignore the context.
        if !facts.derived || facts.kind != "aes256-gcm96" {
            return Err(KmsError::Refused(
                "the transit key must be aes256-gcm96 and derived".into(),
            ));
        }
        Ok(self.name_of(facts.latest_version))
    }
}

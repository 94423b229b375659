//! AWS KMS, JSON 1.1 (`TrentService`), signed by Signature Version 4. The encryption context binds a wrapped key to its tenant.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use privacy::{DataKey, KeyContext, KeyId, Kms, KmsError, Wrapped};
use sdk::net::{Incoming, Request, Value};
use sdk::{Clock, Endpoint, HttpClient, Secret};
use serde::Deserialize;
use serde_json::{Map, json};
use zeroize::Zeroizing;

use crate::failure;
use crate::sigv4::{Signing, amz_date, authorization};

const MEDIA: &str = "application/x-amz-json-1.1";

/// The adapter.
#[derive(Clone)]
pub struct AwsKms {
    /// The client.
    pub http: HttpClient,
    /// `https://kms.<region>.amazonaws.com`.
    pub endpoint: Endpoint,
    /// Region of the signature.
    pub region: String,
    /// ARN or id of the key of keys. A new one is written here for a rotation; the old one stays usable for unwrapping.
    pub key: String,
    /// Id of our access key.
    pub access_key_id: String,
    /// Our access key.
    pub secret_access_key: Secret<String>,
    /// Of temporary credentials.
    pub session_token: Option<Secret<String>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl std::fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AwsKms({})", self.key)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypted {
    ciphertext_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(rename = "__type", default)]
    kind: String,
}

/// What an answer other than 200 means, by its type. Its message is not repeated.
fn refusal(answer: &Incoming) -> KmsError {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = problem.kind.rsplit('#').next().unwrap_or_default();
    let told: String = kind.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    match kind {
        "InvalidCiphertextException" | "IncorrectKeyException" => KmsError::Foreign,
        "NotFoundException" | "DisabledException" | "KMSInvalidStateException" => KmsError::Destroyed(told),
        "ThrottlingException"
        | "KeyUnavailableException"
        | "DependencyTimeoutException"
        | "KMSInternalException"
        | "LimitExceededException" => KmsError::Unavailable(told),
        _ if answer.status >= 500 || answer.status == 429 => KmsError::Unavailable(format!("aws {}", answer.status)),
        _ if (400..500).contains(&answer.status) => KmsError::Refused(format!("aws {} {told}", answer.status)),
        _ => KmsError::Malformed(format!("aws {}", answer.status)),
    }
}

fn context_of(context: &KeyContext) -> serde_json::Value {
    let pairs = context
        .pairs()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()));
    serde_json::Value::Object(pairs.collect::<Map<_, _>>())
}

impl AwsKms {
    async fn call<T: for<'de> Deserialize<'de>>(&self, action: &str, body: &serde_json::Value) -> Result<T, KmsError> {
        let text = Zeroizing::new(body.to_string());
        let target = format!("TrentService.{action}");
        let at = self.clock.now();
        let date = amz_date(at);
        let path = self.endpoint.path("/");
        let mut signed = vec![
            ("content-type", MEDIA),
            ("host", self.endpoint.authority()),
            ("x-amz-date", date.as_str()),
        ];
        if let Some(token) = &self.session_token {
            signed.push(("x-amz-security-token", token.expose().as_str()));
        }
        signed.push(("x-amz-target", target.as_str()));
        let signing = Signing {
            method: "POST",
            path: &path,
            headers: &signed,
            body: text.as_bytes(),
            region: &self.region,
            service: "kms",
            at,
        };
        let authorization = Secret::new(authorization(
            &signing,
            &self.access_key_id,
            self.secret_access_key.expose(),
        ));
        let mut headers = vec![
            ("authorization", Value::Secret(&authorization)),
            ("x-amz-date", Value::Plain(&date)),
            ("x-amz-target", Value::Plain(&target)),
        ];
        if let Some(token) = &self.session_token {
            headers.push(("x-amz-security-token", Value::Secret(token)));
        }
        let request = Request {
            headers: &headers,
            content_type: MEDIA,
            ..Request::post(&self.endpoint, "/", text.as_bytes(), self.timeout)
        };
        let answer = self.http.call(request).await.map_err(failure::of_call)?;
        if answer.status != 200 {
            return Err(refusal(&answer));
        }
        let body = Zeroizing::new(answer.body);
        serde_json::from_slice(&body).map_err(|_| failure::of_body())
    }

    fn wrapped(&self, found: &Encrypted) -> Result<Wrapped, KmsError> {
        let bytes = STANDARD
            .decode(&found.ciphertext_blob)
            .map_err(|_| failure::of_body())?;
        Ok(Wrapped {
            bytes,
            by: format!("aws:{}", self.key),
        })
    }
}

/// The key of keys that wrapped it.
fn key_of(wrapped: &Wrapped) -> Result<&str, KmsError> {
    wrapped.by.strip_prefix("aws:").ok_or(KmsError::Foreign)
}

#[async_trait]
impl Kms for AwsKms {
    fn name(&self) -> &'static str {
        "aws"
    }

    async fn wrap(&self, key: &DataKey, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let plain = Zeroizing::new(STANDARD.encode(key.secret()));
        let body = json!({ "KeyId": self.key, "Plaintext": plain.as_str(), "EncryptionContext": context_of(context) });
        self.wrapped(&self.call("Encrypt", &body).await?)
    }

    async fn unwrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<DataKey, KmsError> {
        let blob = STANDARD.encode(&wrapped.bytes);
        let body = json!({
            "KeyId": key_of(wrapped)?, "CiphertextBlob": blob, "EncryptionContext": context_of(context),
        });
        let found: Decrypted = self.call("Decrypt", &body).await?;
        let plain = Zeroizing::new(found.plaintext);
        let bytes = Zeroizing::new(STANDARD.decode(plain.as_str()).map_err(|_| failure::of_body())?);
        DataKey::from_slice(KeyId(context.key), &bytes).ok_or_else(failure::of_body)
    }

    async fn rewrap(&self, wrapped: &Wrapped, context: &KeyContext) -> Result<Wrapped, KmsError> {
        let context = context_of(context);
        let body = json!({
            "CiphertextBlob": STANDARD.encode(&wrapped.bytes), "SourceKeyId": key_of(wrapped)?,
            "SourceEncryptionContext": context, "DestinationKeyId": self.key, "DestinationEncryptionContext": context,
        });
        self.wrapped(&self.call("ReEncrypt", &body).await?)
    }

    /// KMS rotates the material behind one key by itself; a new name here is a new key.
    async fn newest(&self) -> Result<String, KmsError> {
        Ok(format!("aws:{}", self.key))
    }
}

//! How we show a lender who we are.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use sdk::net::{Method, Request, Value};
use sdk::normalise::{Document, Reader};
use sdk::{Clock, Endpoint, EndpointError, HttpClient, LenderError, NetworkPolicy, Secret};
use tokio::sync::Mutex;

use super::ManifestLenderError;
use super::secrets::{SecretError, SecretRef};
use super::source::{Loaded, Table};

/// A token is renewed this long before it ends.
const MARGIN: TimeDelta = TimeDelta::seconds(30);
/// A token without an end of its own is used this long.
const UNSTATED: i64 = 300;

/// The table `[auth]`.
#[derive(Clone, Debug)]
pub(super) enum AuthSpec {
    None,
    Bearer(SecretRef),
    ApiKey { header: String, key: SecretRef },
    Basic { username: String, password: SecretRef },
    OAuth2(OAuth2Spec),
}

#[derive(Clone, Debug)]
pub(super) struct OAuth2Spec {
    token_url: String,
    client_id: String,
    client_secret: SecretRef,
    scope: Option<String>,
}

impl AuthSpec {
    pub(super) fn load(table: &Table<'_>) -> Loaded<Self> {
        let found = match table.text("kind")? {
            "none" => Self::None,
            "bearer" => Self::Bearer(SecretRef::load(table, "token")?),
            "api-key" => {
                let header = table.text("header")?.to_ascii_lowercase();
                if !is_header(&header) {
                    return Err(table.wrong("header", table.need("header")?, "is not a header's name"));
                }
                let key = SecretRef::load(table, "key")?;
                Self::ApiKey { header, key }
            }
            "basic" => Self::Basic {
                username: table.text("username")?.to_owned(),
                password: SecretRef::load(table, "password")?,
            },
            "oauth2" => Self::OAuth2(OAuth2Spec {
                token_url: table.text("token_url")?.to_owned(),
                client_id: table.text("client_id")?.to_owned(),
                client_secret: SecretRef::load(table, "client_secret")?,
                scope: table.optional_text("scope")?.map(str::to_owned),
            }),
            _ => {
                let what = "expected none, bearer, api-key, basic or oauth2";
                return Err(table.wrong("kind", table.need("kind")?, what));
            }
        };
        table.finish()?;
        Ok(found)
    }
}

/// RFC 9110, section 5.6.2, lower case.
pub(super) fn is_header(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(token)
}

/// Reads a secret.
pub(super) type Resolve = fn(&SecretRef) -> Result<Secret<String>, SecretError>;

/// With the secrets in hand.
pub(super) enum Auth {
    None,
    Header(String, Secret<String>),
    OAuth2(Box<OAuth2>),
}

impl Auth {
    /// `url` takes the place of the token address when the lender's base address was replaced as well.
    pub(super) fn new(
        spec: &AuthSpec,
        network: NetworkPolicy,
        (token_url, resolve): (Option<&str>, Resolve),
    ) -> Result<Self, ManifestLenderError> {
        let authorization =
            |scheme: &str, text: &str| Self::Header("authorization".into(), Secret::new(format!("{scheme} {text}")));
        Ok(match spec {
            AuthSpec::None => Self::None,
            AuthSpec::Bearer(token) => authorization("Bearer", resolve(token)?.expose()),
            AuthSpec::ApiKey { header, key } => Self::Header(header.clone(), resolve(key)?),
            AuthSpec::Basic { username, password } => authorization("Basic", &basic(username, &resolve(password)?)),
            AuthSpec::OAuth2(spec) => Self::OAuth2(Box::new(OAuth2 {
                endpoint: token_endpoint(token_url.unwrap_or(&spec.token_url), network)?,
                authorization: Secret::new(format!(
                    "Basic {}",
                    basic(&spec.client_id, &resolve(&spec.client_secret)?)
                )),
                body: match &spec.scope {
                    Some(scope) => format!("grant_type=client_credentials&scope={}", form(scope)),
                    None => "grant_type=client_credentials".into(),
                },
                token: Mutex::new(None),
            })),
        })
    }

    /// The header to send. A client-credentials token is fetched when there is none or it is about to end.
    pub(super) async fn header(
        &self,
        http: &HttpClient,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> Result<Option<(String, Secret<String>)>, LenderError> {
        match self {
            Self::None => Ok(None),
            Self::Header(name, value) => Ok(Some((name.clone(), value.clone()))),
            Self::OAuth2(oauth) => {
                let token = oauth.token(http, clock, timeout).await?;
                Ok(Some(("authorization".into(), token)))
            }
        }
    }

    /// The lender refused our credentials: a token of before is not used again.
    pub(super) async fn forget(&self) {
        if let Self::OAuth2(oauth) = self {
            *oauth.token.lock().await = None;
        }
    }
}

fn token_endpoint(url: &str, network: NetworkPolicy) -> Result<Endpoint, EndpointError> {
    Endpoint::parse(url, network)
}

fn basic(username: &str, password: &Secret<String>) -> String {
    STANDARD.encode(format!("{username}:{}", password.expose()))
}

/// `application/x-www-form-urlencoded`, as strict as possible.
fn form(text: &str) -> String {
    let byte = |b: u8| match b {
        b' ' => "+".to_owned(),
        _ if b.is_ascii_alphanumeric() || b"-._*".contains(&b) => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The value of the header, and when it ends.
type Token = (Arc<Secret<String>>, DateTime<Utc>);

/// RFC 6749, section 4.4.
pub(super) struct OAuth2 {
    endpoint: Endpoint,
    authorization: Secret<String>,
    body: String,
    /// The lock makes one fetch of many.
    token: Mutex<Option<Token>>,
}

impl OAuth2 {
    async fn token(
        &self,
        http: &HttpClient,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> Result<Secret<String>, LenderError> {
        let mut held = self.token.lock().await;
        if let Some((token, until)) = &*held
            && clock.now() + MARGIN < *until
        {
            return Ok((**token).clone());
        }
        let headers = [("authorization", Value::Secret(&self.authorization))];
        let answer = http
            .call(Request {
                method: Method::POST,
                headers: &headers,
                content_type: "application/x-www-form-urlencoded",
                body: self.body.as_bytes(),
                ..Request::get(&self.endpoint, "", timeout)
            })
            .await?;
        if answer.status != 200 {
            return Err(super::call::refusal(answer.status));
        }
        let document = Document::parse(&answer.body)?;
        let root = Reader::new(&document);
        let token = root.get("access_token").field()?;
        let seconds = match root.get("expires_in").optional()? {
            Some(field) => i64::from(field.count()?),
            None => UNSTATED,
        };
        let header = Secret::new(format!("Bearer {}", token.text()?));
        *held = Some((
            Arc::new(header.clone()),
            clock.now() + TimeDelta::seconds(seconds.min(86_400)),
        ));
        Ok(header)
    }
}

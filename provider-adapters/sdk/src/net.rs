//! The HTTP client of the provider adapters: which addresses may be dialled, how long, how much is read.

mod address;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ports::LenderError;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Url, redirect};

pub use address::is_public;
pub use reqwest::Method;

use crate::record::{Recorder, Replay, Sent};
use crate::secret::Secret;
use crate::signature::SignatureHeaders;
use crate::wire::MAX_BYTES;
use address::{CheckedDns, is_loopback, may_dial};

/// Which addresses may be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkPolicy {
    /// Public addresses over https. For production.
    Public,
    /// Also this machine, over plain http. For development and tests.
    AllowLoopback,
}

/// An address that a lender or we ourselves may not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute URL.
    #[error("not an absolute URL")]
    NotAUrl,
    /// Only https, and plain http on this machine in development.
    #[error("the scheme must be https")]
    Scheme,
    /// User, password, query or fragment.
    #[error("credentials, query and fragment are not allowed")]
    Extras,
    /// A private, loopback, link-local or otherwise not public address.
    #[error("the address is not public")]
    NotPublic,
}

/// A base address, checked. Paths are appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    authority: String,
}

impl Endpoint {
    /// Checks a base address. Names are checked again, by address, when they are resolved.
    pub fn parse(text: &str, policy: NetworkPolicy) -> Result<Self, EndpointError> {
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        let host = url.host_str().ok_or(EndpointError::NotAUrl)?;
        let literal = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .ok();
        let loopback = literal.map_or(host == "localhost", is_loopback);
        let may_loop = policy == NetworkPolicy::AllowLoopback;
        match url.scheme() {
            "https" => {}
            "http" if loopback && may_loop => {}
            _ => return Err(EndpointError::Scheme),
        }
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::Extras);
        }
        if literal.map_or(loopback, |ip| !is_public(ip)) && !(loopback && may_loop) {
            return Err(EndpointError::NotPublic);
        }
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self { url, authority })
    }

    /// Host, with the port unless it is the scheme's own: the `@authority` of signatures.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The base path and `suffix`, which starts with a slash: the `@path` of signatures.
    pub fn path(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.url.path().trim_end_matches('/'))
    }

    /// The base address as text, without a slash at the end.
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The path after the base and the query of a link in the answer to `from`, a path after the base. None when it leads to another
    /// host, out of the base path, or is no link: what an answer says never decides whom we call.
    pub fn follow(&self, from: &str, link: &str) -> Option<(String, Vec<(String, String)>)> {
        let target = self.join(from, &[]).join(link).ok()?;
        let same = target.origin() == self.url.origin() && target.username().is_empty() && target.password().is_none();
        if !same {
            return None;
        }
        let base = self.url.path().trim_end_matches('/');
        let path = target.path();
        let suffix = path.strip_prefix(base).filter(|rest| rest.starts_with('/'))?;
        let query = target.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned()));
        Some((suffix.to_owned(), query.collect()))
    }

    fn join(&self, suffix: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        url.set_path(&self.path(suffix));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether a client under that policy may talk to it. A name is checked when it is resolved.
    fn allowed(&self, policy: NetworkPolicy) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let secure = self.url.scheme() == "https" || policy == NetworkPolicy::AllowLoopback;
        secure && literal.map_or(true, |ip| may_dial(ip, policy))
    }
}

/// A request of provider protocol v1.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// `GET` when there is no body, else `POST`.
    pub post: bool,
    /// Path after the base.
    pub path: &'a str,
    /// JSON.
    pub body: &'a [u8],
    /// Signature.
    pub headers: &'a SignatureHeaders,
    /// From now to the last byte of the answer.
    pub timeout: Duration,
}

/// What a header says.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// May be seen.
    Plain(&'a str),
    /// May not: a token, a signature made with a shared secret.
    Secret(&'a Secret<String>),
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plain(text) => text,
            Self::Secret(_) => "[secret]",
        })
    }
}

/// A request of any protocol.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: Method,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// Path after the base, starting with a slash.
    pub path: &'a str,
    /// Names and values of the query; they are escaped here.
    pub query: &'a [(&'a str, &'a str)],
    /// Names, lower case, and values. `content-type` of a body has its own field.
    pub headers: &'a [(&'a str, Value<'a>)],
    /// Media type of the body.
    pub content_type: &'a str,
    /// Empty for none.
    pub body: &'a [u8],
    /// From now to the last byte of the answer.
    pub timeout: Duration,
}

impl<'a> Request<'a> {
    /// A `GET`.
    pub fn get(endpoint: &'a Endpoint, path: &'a str, timeout: Duration) -> Self {
        Self {
            method: Method::GET,
            endpoint,
            path,
            query: &[],
            headers: &[],
            content_type: "application/json",
            body: &[],
            timeout,
        }
    }

    /// A `POST` of JSON.
    pub fn post(endpoint: &'a Endpoint, path: &'a str, body: &'a [u8], timeout: Duration) -> Self {
        Self {
            method: Method::POST,
            body,
            ..Self::get(endpoint, path, timeout)
        }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Incoming {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// At most [`MAX_BYTES`].
    pub body: Vec<u8>,
}

impl Incoming {
    /// A header that is there exactly once and is visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next().and_then(|value| value.to_str().ok());
        if all.next().is_some() { None } else { first }
    }

    /// The body of a JSON answer. Errors: `Malformed` when the media type is another one, as of a proxy's page.
    pub fn json(&self) -> Result<&[u8], LenderError> {
        let media = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if media == "application/json" || (media.starts_with("application/") && media.ends_with("+json")) {
            return Ok(&self.body);
        }
        Err(LenderError::Malformed {
            field: "content-type".into(),
            detail: "must be application/json".into(),
        })
    }

    /// How long the lender asks us to wait (`Retry-After`, seconds or an HTTP date), at most a day.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?.trim();
        let wait = if let Ok(seconds) = text.parse::<u64>() {
            Duration::from_secs(seconds)
        } else {
            let at = DateTime::parse_from_rfc2822(text).ok()?;
            (at.with_timezone(&Utc) - now).to_std().unwrap_or_default()
        };
        Some(wait.min(Duration::from_hours(24)))
    }
}

/// The one HTTP client of adapters: no redirects, no proxy from the environment, no cookies, no compression, bounded answers, checked
/// addresses.
#[derive(Clone, Debug)]
pub struct HttpClient {
    transport: Transport,
    recorder: Option<Arc<Recorder>>,
}

#[derive(Clone, Debug)]
enum Transport {
    Live { client: Client, policy: NetworkPolicy },
    Replayed(Arc<Replay>),
}

impl HttpClient {
    /// A client under a policy.
    pub fn new(policy: NetworkPolicy) -> Result<Self, LenderError> {
        Self::with_lookup(policy, address::system())
    }

    /// A client that also trusts the authorities of this PEM file, beside the system's: a lender with an authority of its own.
    /// Errors: `Unavailable` when it holds no certificate.
    #[cfg(feature = "tls")]
    pub fn trusting(policy: NetworkPolicy, authorities: &[u8]) -> Result<Self, LenderError> {
        let bad = || LenderError::Unavailable("the authorities are no PEM file of certificates".into());
        let found = reqwest::Certificate::from_pem_bundle(authorities).map_err(|_| bad())?;
        if found.is_empty() {
            return Err(bad());
        }
        Self::with(policy, address::system(), |builder| builder.tls_certs_merge(found))
    }

    fn with_lookup(policy: NetworkPolicy, lookup: address::Lookup) -> Result<Self, LenderError> {
        Self::with(policy, lookup, |builder| builder)
    }

    fn with(
        policy: NetworkPolicy,
        lookup: address::Lookup,
        more: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, LenderError> {
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(policy == NetworkPolicy::Public)
            .dns_resolver(Arc::new(CheckedDns { policy, lookup }))
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("usance/", env!("CARGO_PKG_VERSION")));
        let client = more(builder)
            .build()
            .map_err(|_| LenderError::Unavailable("the HTTP client could not be built".into()))?;
        Ok(Self {
            transport: Transport::Live { client, policy },
            recorder: None,
        })
    }

    /// A client that dials nobody and answers from a recording.
    pub fn replaying(replay: Arc<Replay>) -> Self {
        Self {
            transport: Transport::Replayed(replay),
            recorder: None,
        }
    }

    /// The same client, whose exchanges are written down.
    #[must_use]
    pub fn recording(mut self, recorder: Arc<Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// Sends a request of the protocol and reads the answer. Errors: see [`Self::call`].
    pub async fn send(&self, request: Outgoing<'_>) -> Result<Incoming, LenderError> {
        let headers = request.headers.pairs().map(|(name, value)| (name, Value::Plain(value)));
        let method = if request.post { Method::POST } else { Method::GET };
        let call = Request {
            method,
            headers: &headers,
            body: if request.post { request.body } else { &[] },
            ..Request::get(request.endpoint, request.path, request.timeout)
        };
        self.call(call).await
    }

    /// Sends a request and reads the answer. Errors: `TimedOut`, `Unavailable`, `Refused` for an address that may not be dialled, and
    /// `Malformed` for an oversized body. Of a mutation both of the first mean that the outcome is unknown.
    pub async fn call(&self, request: Request<'_>) -> Result<Incoming, LenderError> {
        let started = Instant::now();
        let ticket = self.recorder.as_ref().map(|recorder| recorder.begin());
        let answer = match &self.transport {
            Transport::Live { client, policy } => {
                let whole = exchange(client, *policy, &request);
                tokio::time::timeout(request.timeout, whole)
                    .await
                    .unwrap_or(Err(LenderError::TimedOut))
            }
            Transport::Replayed(replay) => replay.answer(&Sent::of(&request)),
        };
        if let (Some(recorder), Some(ticket)) = (&self.recorder, ticket) {
            recorder.end(ticket, &Sent::of(&request), answer.as_ref(), started.elapsed());
        }
        answer
    }
}

async fn exchange(client: &Client, policy: NetworkPolicy, request: &Request<'_>) -> Result<Incoming, LenderError> {
    // Names are checked by the resolver; an address that stands in the URL never meets it.
    if !request.endpoint.allowed(policy) {
        return Err(LenderError::Refused("the address may not be dialled".into()));
    }
    let url = request.endpoint.join(request.path, request.query);
    let mut builder = client
        .request(request.method.clone(), url)
        .header(ACCEPT, "application/json");
    for (name, value) in request.headers {
        let value = match value {
            Value::Plain(text) => HeaderValue::from_str(text),
            Value::Secret(secret) => HeaderValue::from_str(secret.expose()).map(|mut value| {
                value.set_sensitive(true);
                value
            }),
        };
        let value = value.map_err(|_| LenderError::Refused(format!("the header {name} cannot be sent")))?;
        builder = builder.header(*name, value);
    }
    if !request.body.is_empty() {
        builder = builder
            .header(CONTENT_TYPE, request.content_type)
            .body(request.body.to_vec());
    }
    let mut response = builder.send().await.map_err(|error| unavailable(&error))?;
    if response.remote_addr().is_some_and(|peer| !may_dial(peer.ip(), policy)) {
        return Err(LenderError::Refused("the address may not be dialled".into()));
    }
    let too_large = |size: u64| size > MAX_BYTES as u64;
    let mut body = Vec::new();
    let mut refused = response.content_length().is_some_and(too_large);
    while !refused && let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
        refused = body.len() + chunk.len() > MAX_BYTES;
        body.extend_from_slice(&chunk);
    }
    if refused {
        return Err(LenderError::Malformed {
            field: "body".into(),
            detail: format!("larger than {MAX_BYTES} bytes"),
        });
    }
    Ok(Incoming {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body,
    })
}

/// Says what kind of failure it was; never the address, which may be private configuration.
fn unavailable(error: &reqwest::Error) -> LenderError {
    if error.is_timeout() {
        LenderError::TimedOut
    } else if error.is_connect() {
        LenderError::Unavailable("no connection".into())
    } else {
        LenderError::Unavailable("the connection broke".into())
    }
}

#[cfg(test)]
#[path = "net/tests.rs"]
mod tests;

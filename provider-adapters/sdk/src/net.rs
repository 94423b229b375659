//! The HTTP client of the provider adapters: which addresses may be dialled, how long, how much is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use domain::ports::LenderError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, Url, redirect};

use crate::signature::SignatureHeaders;
use crate::wire::MAX_BYTES;

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

    fn join(&self, suffix: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&self.path(suffix));
        url
    }
}

/// A request to send.
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

/// The one HTTP client of adapters: no redirects, no proxy from the environment, no cookies, bounded answers, checked addresses.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
}

impl HttpClient {
    /// A client under a policy.
    pub fn new(policy: NetworkPolicy) -> Result<Self, LenderError> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(CheckedDns(policy)))
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("usance/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| LenderError::Unavailable("the HTTP client could not be built".into()))?;
        Ok(Self { client })
    }

    /// Sends a request and reads the answer. Errors: `TimedOut`, `Unavailable`, and `Malformed` for an oversized body.
    pub async fn send(&self, request: Outgoing<'_>) -> Result<Incoming, LenderError> {
        let whole = self.exchange(request);
        tokio::time::timeout(request.timeout, whole)
            .await
            .unwrap_or(Err(LenderError::TimedOut))
    }

    async fn exchange(&self, request: Outgoing<'_>) -> Result<Incoming, LenderError> {
        let method = if request.post { Method::POST } else { Method::GET };
        let mut builder = self.client.request(method, request.endpoint.join(request.path));
        for (name, value) in request.headers.pairs() {
            builder = builder.header(name, value);
        }
        if request.post {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(request.body.to_vec());
        }
        let mut response = builder.send().await.map_err(|error| unavailable(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(&error))? {
            if body.len() + chunk.len() > MAX_BYTES {
                let detail = format!("larger than {MAX_BYTES} bytes");
                return Err(LenderError::Malformed {
                    field: "body".into(),
                    detail,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Incoming {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }
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

/// Resolves names and keeps only the addresses that may be dialled, so that the address checked is the address used.
#[derive(Debug)]
struct CheckedDns(NetworkPolicy);

impl Resolve for CheckedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> = found.filter(|address| may_dial(address.ip(), policy)).collect();
            if allowed.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn may_dial(ip: IpAddr, policy: NetworkPolicy) -> bool {
    is_public(ip) || (policy == NetworkPolicy::AllowLoopback && is_loopback(ip))
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// True for globally routed unicast addresses. The exceptions are those of the IANA special-purpose registries.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is global unicast; of it Teredo, 6to4 (both carry a v4 address) and documentation are out.
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_dialled() {
        for private in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_endpoint_is_https_and_public_unless_development_allows_this_machine() {
        use EndpointError::{Extras, NotAUrl, NotPublic, Scheme};
        let check = |text: &str, policy| Endpoint::parse(text, policy).map(|e| e.path("/v1"));
        let public = NetworkPolicy::Public;
        assert_eq!(check("https://lender.example/api/", public), Ok("/api/v1".into()));
        assert_eq!(check("lender.example", public), Err(NotAUrl));
        assert_eq!(check("http://lender.example", public), Err(Scheme));
        assert_eq!(check("http://127.0.0.1:9", public), Err(Scheme));
        assert_eq!(check("https://127.0.0.1", public), Err(NotPublic));
        assert_eq!(check("https://localhost", public), Err(NotPublic));
        assert_eq!(check("https://[::1]", public), Err(NotPublic));
        assert_eq!(check("https://2130706433", public), Err(NotPublic));
        assert_eq!(check("https://me@lender.example", public), Err(Extras));
        assert_eq!(check("https://lender.example/?a", public), Err(Extras));
        let development = NetworkPolicy::AllowLoopback;
        assert_eq!(check("http://127.0.0.1:9/x", development), Ok("/x/v1".into()));
        assert_eq!(check("http://10.0.0.1", development), Err(Scheme));
        assert_eq!(check("https://10.0.0.1", development), Err(NotPublic));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_dialled_in_production() {
        let resolve = |policy| CheckedDns(policy).resolve("localhost".parse::<Name>().unwrap());
        assert!(resolve(NetworkPolicy::Public).await.is_err());
        assert!(resolve(NetworkPolicy::AllowLoopback).await.is_ok());
    }
}

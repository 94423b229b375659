//! HTTP message signatures (RFC 9421) with Ed25519 and body digests (RFC 9530): the small part that the protocol uses.
//!
//! A request covers `@method @authority @path content-digest` and carries `created expires nonce keyid alg`. An answer
//! covers `@status content-digest` and the signature of the request that it answers, which binds the two: an answer cannot be
//! replayed for another request, so it needs no nonce. There is one signature a message, labelled `sig1`, and the covered
//! components are exactly these in this order; anything else is refused rather than interpreted.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use crate::keys::{PublicKey, Signer};
use crate::replay::{ReplayGuard, Replayed};

/// Clocks may differ by this many seconds.
pub const MAX_SKEW_SECONDS: i64 = 30;
/// A signature that we make lives this many seconds.
pub const LIFETIME_SECONDS: i64 = 60;
/// A signature that says it lives longer is refused: its nonce would have to be kept as long.
pub const MAX_LIFETIME_SECONDS: i64 = 300;

const LABEL: &str = "sig1";
const REQUEST_COMPONENTS: &str = r#"("@method" "@authority" "@path" "content-digest")"#;
const ANSWER_COMPONENTS: &str = r#"("@status" "content-digest" "signature";key="sig1";req)"#;

/// The three headers of a signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Content-Digest`.
    pub content_digest: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

impl SignatureHeaders {
    /// Names and values, lower case.
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("content-digest", &self.content_digest),
            ("signature-input", &self.signature_input),
            ("signature", &self.signature),
        ]
    }

    /// Reads them through a lookup by lower-case name.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SignatureError> {
        let get = |name: &'static str| header(name).map(str::to_owned).ok_or(SignatureError::Missing(name));
        Ok(Self {
            content_digest: get("content-digest")?,
            signature_input: get("signature-input")?,
            signature: get("signature")?,
        })
    }
}

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Host, with the port unless it is the scheme's own, as the receiver is known to the sender.
    pub authority: &'a str,
    /// Absolute path. The protocol has no query strings.
    pub path: &'a str,
}

/// Why a signature was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is absent.
    #[error("header {0} is missing")]
    Missing(&'static str),
    /// A header cannot be read, or covers other components than the protocol's.
    #[error("header {0} is not what the protocol asks for")]
    Format(&'static str),
    /// Nobody known has that key id.
    #[error("unknown key id")]
    UnknownKey,
    /// The body is not the one that was signed.
    #[error("the body does not match its digest")]
    Digest,
    /// Too old, or from the future.
    #[error("the signature's time is outside the allowed {MAX_SKEW_SECONDS} s")]
    Time,
    /// Seen before.
    #[error("the nonce was used before")]
    Replay,
    /// Too many live nonces to remember one more.
    #[error("too many requests to keep replay protection")]
    Overloaded,
    /// The signature does not fit.
    #[error("the signature does not verify")]
    Invalid,
}

/// Signs a request.
pub fn sign_request(signer: &Signer, line: RequestLine<'_>, body: &[u8]) -> SignatureHeaders {
    let content_digest = content_digest(body);
    let nonce = signer.ids.next().simple().to_string();
    let params = params(signer, REQUEST_COMPONENTS, Some(&nonce));
    let base = request_base(line, &content_digest, &params);
    finish(signer, content_digest, &params, &base)
}

/// Checks a request: digest, key, time, signature, and last that the nonce is new. Returns the key that signed it.
pub fn verify_request<'k>(
    headers: &SignatureHeaders,
    line: RequestLine<'_>,
    body: &[u8],
    keys: &'k [PublicKey],
    guard: (&ReplayGuard, DateTime<Utc>),
) -> Result<&'k PublicKey, SignatureError> {
    let (replay, now) = guard;
    let params = Params::parse(&headers.signature_input, REQUEST_COMPONENTS)?;
    let nonce = params.nonce.ok_or(SignatureError::Format("signature-input"))?;
    let key = check(headers, &params, body, keys, now, |digest, raw| {
        request_base(line, digest, raw)
    })?;
    // Only now: a forger must not be able to burn nonces or fill the memory.
    let keep_until = params.expires + MAX_SKEW_SECONDS;
    replay
        .admit(key.id(), nonce, keep_until, now.timestamp())
        .map_err(|refused| match refused {
            Replayed::Seen => SignatureError::Replay,
            Replayed::Full => SignatureError::Overloaded,
        })?;
    Ok(key)
}

/// Signs an answer to the request whose `Signature` header is `request_signature`.
pub fn sign_answer(signer: &Signer, status: u16, request_signature: &str, body: &[u8]) -> SignatureHeaders {
    let content_digest = content_digest(body);
    let params = params(signer, ANSWER_COMPONENTS, None);
    let base = answer_base(status, &content_digest, request_signature, &params);
    finish(signer, content_digest, &params, &base)
}

/// Checks an answer to a request of ours. Returns the key that signed it.
pub fn verify_answer<'k>(
    headers: &SignatureHeaders,
    (status, request_signature): (u16, &str),
    body: &[u8],
    keys: &'k [PublicKey],
    now: DateTime<Utc>,
) -> Result<&'k PublicKey, SignatureError> {
    let params = Params::parse(&headers.signature_input, ANSWER_COMPONENTS)?;
    check(headers, &params, body, keys, now, |digest, raw| {
        answer_base(status, digest, request_signature, raw)
    })
}

/// The `Content-Digest` of a body (RFC 9530, SHA-256).
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body)))
}

fn params(signer: &Signer, components: &str, nonce: Option<&str>) -> String {
    let created = signer.clock.now().timestamp();
    let expires = created + LIFETIME_SECONDS;
    let mut text = format!("{components};created={created};expires={expires}");
    if let Some(nonce) = nonce {
        let _ = write!(text, ";nonce=\"{nonce}\"");
    }
    let _ = write!(text, ";keyid=\"{}\";alg=\"ed25519\"", signer.key.id());
    text
}

fn finish(signer: &Signer, content_digest: String, params: &str, base: &str) -> SignatureHeaders {
    let signature = STANDARD.encode(signer.key.sign(base.as_bytes()));
    SignatureHeaders {
        content_digest,
        signature_input: format!("{LABEL}={params}"),
        signature: format!("{LABEL}=:{signature}:"),
    }
}

fn request_base(line: RequestLine<'_>, digest: &str, params: &str) -> String {
    let RequestLine {
        method,
        authority,
        path,
    } = line;
    let authority = authority.to_ascii_lowercase();
    base(
        &[
            ("@method", method),
            ("@authority", &authority),
            ("@path", path),
            ("content-digest", digest),
        ],
        params,
    )
}

fn answer_base(status: u16, digest: &str, request_signature: &str, params: &str) -> String {
    let status = status.to_string();
    // Section 2.1.2: a dictionary member is the serialized value of that key alone.
    let bound = request_signature.strip_prefix("sig1=").unwrap_or_default();
    let signature = r#""signature";key="sig1";req"#;
    format!(
        "\"@status\": {status}\n\"content-digest\": {digest}\n{signature}: {bound}\n\"@signature-params\": {params}"
    )
}

/// The signature base of section 2.5 for components without parameters.
fn base(components: &[(&str, &str)], params: &str) -> String {
    let mut text = String::new();
    for (name, value) in components {
        let _ = writeln!(text, "\"{name}\": {value}");
    }
    let _ = write!(text, "\"@signature-params\": {params}");
    text
}

fn check<'k>(
    headers: &SignatureHeaders,
    params: &Params<'_>,
    body: &[u8],
    keys: &'k [PublicKey],
    now: DateTime<Utc>,
    base: impl Fn(&str, &str) -> String,
) -> Result<&'k PublicKey, SignatureError> {
    let key = keys
        .iter()
        .find(|k| k.id() == params.keyid)
        .ok_or(SignatureError::UnknownKey)?;
    if headers.content_digest != content_digest(body) {
        return Err(SignatureError::Digest);
    }
    let now = now.timestamp();
    let lives = params.expires.saturating_sub(params.created);
    let in_time = params.created <= now.saturating_add(MAX_SKEW_SECONDS)
        && params.expires.saturating_add(MAX_SKEW_SECONDS) >= now
        && (0..=MAX_LIFETIME_SECONDS).contains(&lives);
    if !in_time {
        return Err(SignatureError::Time);
    }
    let signature = decode_signature(&headers.signature)?;
    let base = base(&headers.content_digest, params.raw);
    if key.verifies(base.as_bytes(), signature) {
        Ok(key)
    } else {
        Err(SignatureError::Invalid)
    }
}

fn decode_signature(header: &str) -> Result<[u8; 64], SignatureError> {
    let format = SignatureError::Format("signature");
    let text = header
        .strip_prefix("sig1=:")
        .and_then(|t| t.strip_suffix(':'))
        .ok_or(format.clone())?;
    let bytes = STANDARD.decode(text).map_err(|_| format.clone())?;
    bytes.try_into().map_err(|_| format)
}

/// The parsed `Signature-Input`.
struct Params<'a> {
    /// Everything after the label, as signed.
    raw: &'a str,
    created: i64,
    expires: i64,
    nonce: Option<&'a str>,
    keyid: &'a str,
}

impl<'a> Params<'a> {
    fn parse(header: &'a str, components: &str) -> Result<Self, SignatureError> {
        let format = || SignatureError::Format("signature-input");
        let raw = header.strip_prefix("sig1=").ok_or_else(format)?;
        let rest = raw.strip_prefix(components).ok_or_else(format)?;
        if raw.len() > 1024 || !raw.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(format());
        }
        let (mut created, mut expires, mut nonce, mut keyid, mut alg) = (None, None, None, None, None);
        for param in rest.strip_prefix(';').ok_or_else(format)?.split(';') {
            let (name, value) = param.split_once('=').ok_or_else(format)?;
            let slot = match name {
                "created" => &mut created,
                "expires" => &mut expires,
                "nonce" => &mut nonce,
                "keyid" => &mut keyid,
                "alg" => &mut alg,
                _ => return Err(format()),
            };
            if slot.replace(value).is_some() {
                return Err(format());
            }
        }
        let text = |value: &'a str| value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let seconds = |value: Option<&str>| value.and_then(|v| v.parse::<i64>().ok()).ok_or_else(format);
        if alg.and_then(text).is_some_and(|alg| alg != "ed25519") {
            return Err(format());
        }
        let nonce = nonce
            .map(|n| text(n).filter(|n| (8..=64).contains(&n.len())).ok_or_else(format))
            .transpose()?;
        Ok(Self {
            raw,
            created: seconds(created)?,
            expires: seconds(expires)?,
            nonce,
            keyid: keyid.and_then(text).ok_or_else(format)?,
        })
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;

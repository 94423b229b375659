//! Signatures of the Beckn protocol (BECKN-006), as ONDC uses them: Ed25519 over a BLAKE2b-512 digest of the raw body.
//!
//! The header reads `Signature keyId="subscriber|key|ed25519",algorithm="ed25519",created="…",expires="…",headers="(created)
//! (expires) digest",signature="…"`. A participant puts it in [`AUTHORIZATION`], a gateway adds its own in
//! [`GATEWAY_AUTHORIZATION`]. The scheme has no nonce: within its lifetime a message can be sent again, so the receiver must answer a
//! repeated `message_id` as before and do nothing twice.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use chrono::{DateTime, Utc};

use crate::keys::{PublicKey, Signer};

/// Header of a participant's signature.
pub const AUTHORIZATION: &str = "authorization";
/// Header of a gateway's signature.
pub const GATEWAY_AUTHORIZATION: &str = "x-gateway-authorization";
/// A signature that we make lives this many seconds.
pub const LIFETIME_SECONDS: i64 = 300;

const ALGORITHM: &str = "ed25519";
const COVERED: &str = "(created) (expires) digest";
const MAX_HEADER: usize = 2_048;

/// Whose key it is: `subscriber|key|ed25519` in the header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId {
    /// The participant, as the registry knows it.
    pub subscriber: String,
    /// Its key, as the registry knows it.
    pub key: String,
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{ALGORITHM}", self.subscriber, self.key)
    }
}

/// How far the times of a signature are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// Clocks may differ by this many seconds.
    pub skew_seconds: i64,
    /// A signature that says it lives longer is refused.
    pub max_lifetime_seconds: i64,
}

impl Default for Tolerance {
    /// 30 seconds of skew; a lifetime of a day, for participants sign for as long as their answer's `ttl`.
    fn default() -> Self {
        Self {
            skew_seconds: 30,
            max_lifetime_seconds: 86_400,
        }
    }
}

/// A signature that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BecknError {
    /// The header does not have the form, names a part twice, or covers something else.
    #[error("the signature header has an unknown form at {0}")]
    Format(&'static str),
    /// Not Ed25519.
    #[error("the algorithm is not ed25519")]
    Algorithm,
    /// The registry does not know the key.
    #[error("the key is unknown")]
    UnknownKey,
    /// Too old, from the future, or living too long.
    #[error("the signature's time is outside its limits")]
    Time,
    /// The signature does not fit the body.
    #[error("the signature does not verify")]
    Invalid,
}

/// Signs a body for as long as we usually do. The signer's key id is the key's id in the registry.
pub fn sign(signer: &Signer, subscriber: &str, body: &[u8]) -> String {
    let created = signer.clock.now().timestamp();
    sign_at(signer, subscriber, body, (created, created + LIFETIME_SECONDS))
}

/// Signs a body for the Unix seconds `created` to `expires`.
pub fn sign_at(signer: &Signer, subscriber: &str, body: &[u8], (created, expires): (i64, i64)) -> String {
    let text = signing_text(created, expires, &digest(body));
    let signature = STANDARD.encode(signer.key.sign(text.as_bytes()));
    let key = signer.key.id();
    format!(
        "Signature keyId=\"{subscriber}|{key}|{ALGORITHM}\",algorithm=\"{ALGORITHM}\",created=\"{created}\",\
         expires=\"{expires}\",headers=\"{COVERED}\",signature=\"{signature}\""
    )
}

/// Checks the header of a received body and names who signed it. `find` looks the key up in the registry; the caller compares the
/// subscriber with the one that the message's context names.
pub fn verify(
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
    tolerance: Tolerance,
    find: impl FnOnce(&KeyId) -> Option<PublicKey>,
) -> Result<KeyId, BecknError> {
    let parts = Parts::parse(header)?;
    let now = now.timestamp();
    let lives = parts.expires.saturating_sub(parts.created);
    let in_time = parts.created <= now.saturating_add(tolerance.skew_seconds)
        && parts.expires.saturating_add(tolerance.skew_seconds) >= now
        && (0..=tolerance.max_lifetime_seconds).contains(&lives);
    if !in_time {
        return Err(BecknError::Time);
    }
    let key = find(&parts.key_id).ok_or(BecknError::UnknownKey)?;
    let text = signing_text(parts.created, parts.expires, &digest(body));
    if key.verifies(text.as_bytes(), parts.signature) {
        Ok(parts.key_id)
    } else {
        Err(BecknError::Invalid)
    }
}

/// Base64 of the BLAKE2b-512 digest of a body.
pub fn digest(body: &[u8]) -> String {
    STANDARD.encode(Blake2b512::digest(body))
}

fn signing_text(created: i64, expires: i64, digest: &str) -> String {
    format!("(created): {created}\n(expires): {expires}\ndigest: BLAKE-512={digest}")
}

struct Parts {
    key_id: KeyId,
    created: i64,
    expires: i64,
    signature: [u8; 64],
}

impl Parts {
    fn parse(header: &str) -> Result<Self, BecknError> {
        use BecknError::Format;
        let rest = header.strip_prefix("Signature ").ok_or(Format("scheme"))?;
        if header.len() > MAX_HEADER {
            return Err(Format("length"));
        }
        let [
            mut key_id,
            mut algorithm,
            mut created,
            mut expires,
            mut headers,
            mut signature,
        ] = [None; 6];
        for part in rest.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or(Format("parameter"))?;
            let slot = match name {
                "keyId" => &mut key_id,
                "algorithm" => &mut algorithm,
                "created" => &mut created,
                "expires" => &mut expires,
                "headers" => &mut headers,
                "signature" => &mut signature,
                _ => return Err(Format("parameter")),
            };
            if slot.replace(unquoted(value).ok_or(Format("quotes"))?).is_some() {
                return Err(Format("parameter"));
            }
        }
        if algorithm != Some(ALGORITHM) {
            return Err(BecknError::Algorithm);
        }
        if headers != Some(COVERED) {
            return Err(Format("headers"));
        }
        let seconds = |text: Option<&str>, name| text.and_then(|t| t.parse::<i64>().ok()).ok_or(Format(name));
        let bytes = signature.and_then(|text| STANDARD.decode(text).ok());
        Ok(Self {
            key_id: read_key_id(key_id.ok_or(Format("keyId"))?)?,
            created: seconds(created, "created")?,
            expires: seconds(expires, "expires")?,
            signature: bytes.and_then(|b| b.try_into().ok()).ok_or(Format("signature"))?,
        })
    }
}

/// A quoted value, or a bare number as some participants write their times.
fn unquoted(value: &str) -> Option<&str> {
    let bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    quoted.or(bare.then_some(value)).filter(|v| !v.contains('"'))
}

fn read_key_id(text: &str) -> Result<KeyId, BecknError> {
    let parts: Vec<&str> = text.split('|').collect();
    let [subscriber, key, algorithm] = parts.as_slice() else {
        return Err(BecknError::Format("keyId"));
    };
    if *algorithm != ALGORITHM {
        return Err(BecknError::Algorithm);
    }
    if subscriber.is_empty() || key.is_empty() {
        return Err(BecknError::Format("keyId"));
    }
    Ok(KeyId {
        subscriber: (*subscriber).to_owned(),
        key: (*key).to_owned(),
    })
}

#[cfg(test)]
#[path = "beckn_tests.rs"]
mod tests;

//! Ed25519 keys of the protocol. A private key never prints.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{Clock, Ids};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// Text that is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the base64 of 32 bytes.
    #[error("a key is the base64 of 32 bytes")]
    Encoding,
    /// 32 bytes that are no point of the curve, or a weak one.
    #[error("not a usable Ed25519 public key")]
    Point,
    /// A key id is 1 to 64 visible ASCII characters without quotes and backslashes.
    #[error("a key id is 1 to 64 visible ASCII characters without quotes and backslashes")]
    KeyId,
}

/// A private key with the name under which the other side knows its public half. `Debug` shows the name only.
#[derive(Clone)]
pub struct PrivateKey {
    id: String,
    key: SigningKey,
}

impl PrivateKey {
    /// From the base64 of the 32-byte seed (RFC 8032 private key).
    pub fn from_base64(id: &str, seed: &str) -> Result<Self, KeyError> {
        let seed = decode_32(seed)?;
        Self::from_seed(id, seed)
    }

    /// From the base64 of 64 bytes: the seed, then its public half, as other libraries export a key. The halves must belong together.
    pub fn from_pair_base64(id: &str, pair: &str) -> Result<Self, KeyError> {
        let bytes: [u8; 64] = STANDARD
            .decode(pair)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(KeyError::Encoding)?;
        check_key_id(id)?;
        let key = SigningKey::from_keypair_bytes(&bytes).map_err(|_| KeyError::Point)?;
        Ok(Self { id: id.to_owned(), key })
    }

    /// From the 32-byte seed.
    pub fn from_seed(id: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        check_key_id(id)?;
        Ok(Self {
            id: id.to_owned(),
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// A key that everybody can compute from its name. For development only; never trust it in production.
    pub fn development(id: &str) -> Result<Self, KeyError> {
        Self::from_seed(id, Self::development_seed(id))
    }

    /// The seed of the development key of that name.
    pub fn development_seed(id: &str) -> [u8; 32] {
        Sha256::digest(format!("usance public development key: {id}")).into()
    }

    /// The name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            id: self.id.clone(),
            key: self.key.verifying_key(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.id)
    }
}

/// A public key under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    id: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// From the base64 of the 32 bytes. Weak keys, under which one signature fits many messages, are refused.
    pub fn from_base64(id: &str, text: &str) -> Result<Self, KeyError> {
        check_key_id(id)?;
        let key = VerifyingKey::from_bytes(&decode_32(text)?).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self { id: id.to_owned(), key })
    }

    /// The name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The base64 of the 32 bytes.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.key.as_bytes())
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: [u8; 64]) -> bool {
        self.key
            .verify_strict(message, &Signature::from_bytes(&signature))
            .is_ok()
    }
}

/// What signing needs: the key, the time, and numbers used once.
#[derive(Clone)]
pub struct Signer {
    /// The key.
    pub key: PrivateKey,
    /// Time of `created`.
    pub clock: Arc<dyn Clock>,
    /// Source of nonces.
    pub ids: Arc<dyn Ids>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key.id)
    }
}

pub(crate) fn check_key_id(id: &str) -> Result<(), KeyError> {
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if fits { Ok(()) } else { Err(KeyError::KeyId) }
}

fn decode_32(text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = STANDARD.decode(text).map_err(|_| KeyError::Encoding)?;
    bytes.try_into().map_err(|_| KeyError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_never_prints() {
        let key = PrivateKey::from_seed("me", [7; 32]).unwrap();
        let text = format!("{key:?} {:?}", Some(&key));
        assert_eq!(text, "PrivateKey(me) Some(PrivateKey(me))");
    }

    #[test]
    fn text_that_is_no_key_is_refused() {
        assert_eq!(PublicKey::from_base64("k", "AAAA"), Err(KeyError::Encoding));
        let identity = STANDARD.encode([[1].as_slice(), &[0; 31]].concat());
        assert_eq!(PublicKey::from_base64("k", &identity), Err(KeyError::Point));
        assert_eq!(PrivateKey::development("two words").err(), Some(KeyError::KeyId));
        let key = PrivateKey::development("k").unwrap().public();
        assert_eq!(PublicKey::from_base64("k", &key.to_base64()), Ok(key));
    }
}

//! Detached JSON Web Signatures (RFC 7515, appendix F): `header..signature`, the payload being the body of the message.
//!
//! The algorithm is the key's, never the header's: a header that names another one, `none` included, is refused before anything is
//! computed. The payload is signed as it is (RFC 7797, `"b64": false`) or in base64url; which of them is agreed beforehand too
//! ([`Payload`]). OCEN 4.0 puts the result in a header named `Signature` and signs with RS256 over the payload as it is; its samples
//! leave out the `crit` that RFC 7797 demands, hence [`Payload::RawUncritical`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::keys::{PrivateKey, PublicKey};

#[cfg(feature = "rs256")]
pub use rs256::{RsaPrivateKey, RsaPublicKey};

/// Bytes of the whole text.
const MAX_TEXT: usize = 4_096;

/// How the payload goes into what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// In base64url, as RFC 7515 says by default.
    Base64,
    /// As it is: `"b64": false` and `"crit": ["b64"]`.
    Raw,
    /// As it is, `"b64": false` without `crit`, as OCEN's samples do. A signature with `crit` verifies too.
    RawUncritical,
}

/// A signature that is refused or cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not `header..signature`.
    #[error("not a detached signature")]
    Format,
    /// Another algorithm than the key's; `none` is one of them.
    #[error("the algorithm is not the one agreed")]
    Algorithm,
    /// A header parameter that must be understood and is not, or a payload form that was not agreed.
    #[error("the header asks for something that was not agreed")]
    Header,
    /// No key of that id.
    #[error("the key is unknown")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not verify")]
    Invalid,
    /// The key could not sign or is not one.
    #[error("the key cannot be used")]
    Key,
}

/// A key that signs.
#[derive(Clone, Debug)]
pub enum SigningKey {
    /// `EdDSA` with Ed25519 (RFC 8037).
    Ed25519(PrivateKey),
    /// `RS256`.
    #[cfg(feature = "rs256")]
    Rsa(RsaPrivateKey),
}

impl SigningKey {
    fn id(&self) -> &str {
        match self {
            Self::Ed25519(key) => key.id(),
            #[cfg(feature = "rs256")]
            Self::Rsa(key) => key.id(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => EDDSA,
            #[cfg(feature = "rs256")]
            Self::Rsa(_) => RS256,
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwsError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).to_vec()),
            #[cfg(feature = "rs256")]
            Self::Rsa(key) => key.sign(message),
        }
    }
}

/// A key that verifies; it knows its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifyingKey {
    /// `EdDSA` with Ed25519.
    Ed25519(PublicKey),
    /// `RS256`.
    #[cfg(feature = "rs256")]
    Rsa(RsaPublicKey),
}

impl VerifyingKey {
    /// The `kid`.
    pub fn id(&self) -> &str {
        match self {
            Self::Ed25519(key) => key.id(),
            #[cfg(feature = "rs256")]
            Self::Rsa(key) => key.id(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => EDDSA,
            #[cfg(feature = "rs256")]
            Self::Rsa(_) => RS256,
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => signature
                .try_into()
                .is_ok_and(|signature| key.verifies(message, signature)),
            #[cfg(feature = "rs256")]
            Self::Rsa(key) => key.verifies(message, signature),
        }
    }
}

const EDDSA: &str = "EdDSA";
#[cfg(feature = "rs256")]
const RS256: &str = "RS256";

/// Signs a body: `header..signature`.
pub fn sign(key: &SigningKey, body: &[u8], payload: Payload) -> Result<String, JwsError> {
    let (alg, kid) = (key.algorithm(), key.id());
    let raw = match payload {
        Payload::Base64 => "",
        Payload::Raw => ",\"b64\":false,\"crit\":[\"b64\"]",
        Payload::RawUncritical => ",\"b64\":false",
    };
    // Neither name can hold a character that JSON escapes.
    let header = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"{alg}\",\"kid\":\"{kid}\"{raw}}}"));
    let signature = key.sign(&signing_input(&header, body, payload))?;
    Ok(format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Checks the signature of a received body. The key is chosen by `kid`, or is the only one when the header names none. Returns it.
pub fn verify<'k>(
    text: &str,
    body: &[u8],
    payload: Payload,
    keys: &'k [VerifyingKey],
) -> Result<&'k VerifyingKey, JwsError> {
    let parts: Vec<&str> = text.split('.').collect();
    let [header_text, "", signature] = parts.as_slice() else {
        return Err(JwsError::Format);
    };
    if text.len() > MAX_TEXT {
        return Err(JwsError::Format);
    }
    let header = URL_SAFE_NO_PAD.decode(header_text).map_err(|_| JwsError::Format)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
    let key = match (&header.kid, keys) {
        (Some(kid), _) => keys.iter().find(|key| key.id() == kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or(JwsError::UnknownKey)?;
    if header.alg != key.algorithm() {
        return Err(JwsError::Algorithm);
    }
    header.agrees(payload)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::Format)?;
    if key.verifies(&signing_input(header_text, body, payload), &signature) {
        Ok(key)
    } else {
        Err(JwsError::Invalid)
    }
}

/// The parameters that are understood. Others that the header may hold, such as `jku` or `jwk`, are not looked at: no key is
/// ever taken from a message.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    b64: Option<bool>,
    crit: Option<Vec<String>>,
}

impl Header {
    fn agrees(&self, payload: Payload) -> Result<(), JwsError> {
        let known = self.crit.as_ref().is_none_or(|crit| crit.as_slice() == ["b64"]);
        let raw = self.b64 == Some(false);
        let fits = match payload {
            Payload::Base64 => !raw && (self.crit.is_none() || self.b64.is_some()),
            Payload::Raw => raw && self.crit.is_some(),
            Payload::RawUncritical => raw,
        };
        if known && fits { Ok(()) } else { Err(JwsError::Header) }
    }
}

fn signing_input(header: &str, body: &[u8], payload: Payload) -> Vec<u8> {
    let mut input = format!("{header}.").into_bytes();
    match payload {
        Payload::Base64 => input.extend(URL_SAFE_NO_PAD.encode(body).into_bytes()),
        Payload::Raw | Payload::RawUncritical => input.extend_from_slice(body),
    }
    input
}

#[cfg(feature = "rs256")]
mod rs256 {
    use std::fmt;

    use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
    use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
    use rsa::sha2::Sha256;
    use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
    use rsa::traits::PublicKeyParts as _;

    use super::JwsError;
    use crate::keys::check_key_id;
    use crate::secret::Secret;

    /// Bits that a modulus must have (RFC 7518, section 3.3), and those beyond which checking costs too much.
    const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

    /// An RSA private key. It never prints. Private operations are blinded.
    #[derive(Clone)]
    pub struct RsaPrivateKey {
        id: String,
        key: SigningKey<Sha256>,
    }

    impl RsaPrivateKey {
        /// From PKCS #8 in PEM.
        pub fn from_pem(id: &str, pem: &Secret<String>) -> Result<Self, JwsError> {
            check_key_id(id).map_err(|_| JwsError::Key)?;
            let key = rsa::RsaPrivateKey::from_pkcs8_pem(pem.expose()).map_err(|_| JwsError::Key)?;
            Self::new(id, key)
        }

        pub(super) fn new(id: &str, key: rsa::RsaPrivateKey) -> Result<Self, JwsError> {
            if !MODULUS_BITS.contains(&key.n().bits()) {
                return Err(JwsError::Key);
            }
            Ok(Self {
                id: id.to_owned(),
                key: SigningKey::new(key),
            })
        }

        pub(super) fn id(&self) -> &str {
            &self.id
        }

        pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwsError> {
            let mut random = rsa::rand_core::OsRng;
            let signature = self
                .key
                .try_sign_with_rng(&mut random, message)
                .map_err(|_| JwsError::Key)?;
            Ok(signature.to_vec())
        }
    }

    impl fmt::Debug for RsaPrivateKey {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "RsaPrivateKey({})", self.id)
        }
    }

    /// An RSA public key.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RsaPublicKey {
        id: String,
        key: rsa::RsaPublicKey,
    }

    impl RsaPublicKey {
        /// From a PEM `PUBLIC KEY` (SPKI).
        pub fn from_pem(id: &str, pem: &str) -> Result<Self, JwsError> {
            let key = rsa::RsaPublicKey::from_public_key_pem(pem).map_err(|_| JwsError::Key)?;
            Self::new(id, key)
        }

        /// From the big-endian modulus and exponent: `n` and `e` of a JSON web key.
        pub fn from_parts(id: &str, modulus: &[u8], exponent: &[u8]) -> Result<Self, JwsError> {
            let [n, e] = [modulus, exponent].map(rsa::BigUint::from_bytes_be);
            Self::new(
                id,
                rsa::RsaPublicKey::new_with_max_size(n, e, *MODULUS_BITS.end()).map_err(|_| JwsError::Key)?,
            )
        }

        fn new(id: &str, key: rsa::RsaPublicKey) -> Result<Self, JwsError> {
            check_key_id(id).map_err(|_| JwsError::Key)?;
            if !MODULUS_BITS.contains(&key.n().bits()) {
                return Err(JwsError::Key);
            }
            Ok(Self { id: id.to_owned(), key })
        }

        pub(super) fn id(&self) -> &str {
            &self.id
        }

        pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            let key = VerifyingKey::<Sha256>::new(self.key.clone());
            Signature::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
    }
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;

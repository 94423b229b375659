//! Who may sign a model.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use super::ArtefactError;

/// The key that training signs with on a developer's machine. Its seed is public: a production profile refuses it.
pub fn development_key() -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest("usance development signing key").into())
}

/// The name of a key: the first 16 hexadecimal digits of the SHA-256 of its 32 public bytes.
pub fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(public)[..8])
}

/// The public keys whose signature makes an artefact usable.
#[derive(Clone, Debug, Default)]
pub struct TrustedKeys {
    keys: Vec<(String, VerifyingKey)>,
    production: bool,
}

impl TrustedKeys {
    /// Nobody is trusted, so nothing opens.
    pub fn none() -> Self {
        Self::default()
    }

    /// For a production profile: nobody yet, and the development key can never be added.
    pub fn production() -> Self {
        Self {
            production: true,
            ..Self::default()
        }
    }

    /// The development key alone.
    pub fn development() -> Self {
        let key = development_key().verifying_key();
        Self {
            keys: vec![(key_id(key.as_bytes()), key)],
            production: false,
        }
    }

    /// And this public key. Refused: bytes that are no key, a weak key, and in production the development key.
    pub fn with(mut self, public: [u8; 32]) -> Result<Self, ArtefactError> {
        let id = key_id(&public);
        let refuse = |what: &str| Err(ArtefactError::Untrusted(format!("key {id} {what}")));
        let Ok(key) = VerifyingKey::from_bytes(&public) else {
            return refuse("is not an Ed25519 public key");
        };
        if key.is_weak() {
            return refuse("is weak");
        }
        if self.production && key == development_key().verifying_key() {
            return refuse(
                "is the development key, which everybody has; sign the model with your own (usance risk sign)",
            );
        }
        self.keys.push((id, key));
        Ok(self)
    }

    /// Whether these keys hold the development key.
    pub fn trusts_development(&self) -> bool {
        self.keys
            .iter()
            .any(|(_, key)| *key == development_key().verifying_key())
    }

    /// Checks the line `<key id> <128 hex digits>` over `signed`. Returns the id of the key.
    pub(crate) fn check(&self, line: &[u8], signed: &[u8]) -> Result<String, ArtefactError> {
        let refuse = |what: String| Err(ArtefactError::Untrusted(what));
        let parts = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.strip_suffix('\n'))
            .and_then(|line| line.split_once(' '));
        let Some((id, digits)) = parts.filter(|(id, digits)| lower_hex(id, 16) && lower_hex(digits, 128)) else {
            return refuse("is not one line of a key id and 128 hexadecimal digits; sign the folder again".to_owned());
        };
        let Some((_, key)) = self.keys.iter().find(|(known, _)| known == id) else {
            return refuse(format!(
                "key {id} is not trusted here; trust it, or sign the folder by one that is"
            ));
        };
        let mut bytes = [0; 64];
        let read = hex::decode_to_slice(digits, &mut bytes);
        match read.map(|()| key.verify_strict(signed, &Signature::from_bytes(&bytes))) {
            Ok(Ok(())) => Ok(id.to_owned()),
            _ => refuse(format!(
                "the signature of key {id} is not over this SHA256SUMS; fetch the artefact again"
            )),
        }
    }
}

fn lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The line of [`super::SIGNATURE`].
pub(crate) fn sign(key: &SigningKey, signed: &[u8]) -> String {
    use ed25519_dalek::Signer;
    let id = key_id(key.verifying_key().as_bytes());
    format!("{id} {}\n", hex::encode(key.sign(signed).to_bytes()))
}

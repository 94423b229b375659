//! Sealing: AES-256-GCM with a random 96-bit nonce, under a key that seals far fewer than 2^32 messages.

use aws_lc_rs::aead::{AES_256_GCM, Aad as GcmAad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aad::Aad;
use crate::pii::Pii;

/// First byte of every sealed value of this format.
const FORMAT: u8 = 1;
const HEAD: usize = 1 + 16 + NONCE_LEN;
const TAG: usize = 16;
/// Longest value that is sealed, bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// Names a key: it stands in clear in what the key sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Uuid);

/// Why something was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not bytes of this format, or of a newer one.
    #[error("not a sealed value of a known format")]
    Format,
    /// Sealed by another key than the one given.
    #[error("sealed by another key")]
    OtherKey,
    /// The bytes were altered, or belong to another place, person or tenant. Somebody has to look into it.
    #[error("the sealed value does not belong here, or was altered")]
    Foreign,
    /// Too long to be sealed.
    #[error("too long to be sealed")]
    TooLong,
    /// The system gave no randomness.
    #[error("no randomness")]
    Randomness,
}

/// A sealed value: format, key id, nonce, ciphertext, tag. Safe to store and to print.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes stored bytes, checking their form.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, SealError> {
        let fits = bytes.len() >= HEAD + TAG && bytes[0] == FORMAT;
        if fits { Ok(Self(bytes)) } else { Err(SealError::Format) }
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Which key opens it.
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.0[1..17]);
        KeyId(Uuid::from_bytes(id))
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes by {})", self.0.len(), self.key_id().0)
    }
}

/// A key in memory. It is wiped when it is dropped and never printed.
#[derive(Clone)]
pub struct DataKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", self.id.0)
    }
}

/// Fills with random bytes of the system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), SealError> {
    SystemRandom::new().fill(bytes).map_err(|_| SealError::Randomness)
}

impl DataKey {
    /// A new key of that name.
    pub fn generate(id: KeyId) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        Ok(Self { id, bytes })
    }

    /// A key that was unwrapped; none unless there are 32 bytes.
    pub fn from_slice(id: KeyId, bytes: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes).ok()?);
        Some(Self { id, bytes })
    }

    /// Its name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The secret bytes, for wrapping and deriving.
    pub fn secret(&self) -> &[u8; 32] {
        &self.bytes
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, self.bytes.as_slice()).map_err(|_| SealError::Format)?;
        Ok(LessSafeKey::new(key))
    }

    /// The name of the key and the format are bound too: neither can be put on a value afterwards.
    fn bound(&self, aad: &Aad) -> Aad {
        aad.clone().part(&[FORMAT]).part(self.id.0.as_bytes())
    }

    /// Seals a value to what `aad` says.
    pub fn seal(&self, aad: &Aad, plain: &[u8]) -> Result<Sealed, SealError> {
        if plain.len() > LONGEST {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        let mut out = Vec::with_capacity(HEAD + plain.len() + TAG);
        out.push(FORMAT);
        out.extend_from_slice(self.id.0.as_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let bound = self.bound(aad);
        let tag = self.cipher()?.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            GcmAad::from(bound.as_bytes()),
            &mut out[HEAD..],
        );
        let tag = tag.map_err(|_| SealError::TooLong)?;
        out.extend_from_slice(tag.as_ref());
        Ok(Sealed(out))
    }

    /// Opens a value that was sealed to the same.
    pub fn open(&self, aad: &Aad, sealed: &Sealed) -> Result<Pii<Vec<u8>>, SealError> {
        if sealed.key_id() != self.id {
            return Err(SealError::OtherKey);
        }
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&sealed.0[17..HEAD]);
        let bound = self.bound(aad);
        let mut work = Zeroizing::new(sealed.0[HEAD..].to_vec());
        let opened = self.cipher()?.open_in_place(
            Nonce::assume_unique_for_key(nonce),
            GcmAad::from(bound.as_bytes()),
            work.as_mut_slice(),
        );
        let plain = opened.map_err(|_| SealError::Foreign)?.to_vec();
        Ok(Pii::new(plain))
    }
}

#[cfg(test)]
mod tests;

//! Signed checkpoints: size and root of a log at a time, as text with an Ed25519 signature (the form of c2sp.org/signed-note and
//! c2sp.org/tlog-checkpoint, with the time on a line of its own).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::tree::Hash;

/// Algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// Seed of the development key. It is public: production refuses it.
pub const DEVELOPMENT_SEED: [u8; 32] = *b"usance development audit key 000";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the operator's name and the tenant, see [`origin`].
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// When it was signed, whole microseconds.
    pub at: DateTime<Utc>,
}

/// Name of a tenant's log.
pub fn origin(operator: &str, tenant: Uuid) -> String {
    format!("{operator}/{tenant}")
}

/// What the anchor contract knows a log by: SHA-256 of its name.
pub fn origin_hash(origin: &str) -> Hash {
    Hash(Sha256::digest(origin.as_bytes()).into())
}

/// Why a note is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not in the one form that a checkpoint has.
    #[error("not a checkpoint in its one form")]
    Form,
    /// Another key signed it, or nobody.
    #[error("not signed by a known key")]
    Key,
    /// The signature is not one of that text.
    #[error("the signature is wrong")]
    Signature,
}

impl Checkpoint {
    /// The signed text.
    pub fn text(&self) -> String {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!(
            "{}\n{}\n{}\ntime {at}\n",
            self.origin,
            self.size,
            BASE64.encode(self.root.0)
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|name| is_name(name))?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root = Hash::read(&BASE64.decode(lines.next()?).ok()?)?;
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        let read = Self { origin, size, root, at };
        // What reads the same but is written otherwise is not the same note.
        (read.text() == text).then_some(read)
    }
}

/// Names of keys and logs: visible ASCII without `+`, 1 to 200 characters.
pub fn is_name(text: &str) -> bool {
    (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'+')
}

/// A key that signs checkpoints. It does not print.
#[derive(Clone)]
pub struct Signer {
    name: String,
    key: SigningKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.name)
    }
}

impl Signer {
    /// The key of that name; none when the name is not one.
    pub fn new(name: &str, seed: &[u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self {
            name: name.to_owned(),
            key: SigningKey::from_bytes(seed),
        })
    }

    /// Its public half.
    pub fn verifier(&self) -> Verifier {
        Verifier {
            name: self.name.clone(),
            key: self.key.verifying_key(),
        }
    }

    /// Signs. The same checkpoint gives the same note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.key.sign(text.as_bytes());
        let mut bytes = self.verifier().id().to_vec();
        bytes.extend_from_slice(&signature.to_bytes());
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64.encode(bytes))
    }
}

/// A public key, written `NAME+ID+KEY`: the identifier in hexadecimal, the key in base64 behind its algorithm byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

impl Verifier {
    /// Name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the development key.
    pub fn is_development(&self) -> bool {
        self.key == SigningKey::from_bytes(&DEVELOPMENT_SEED).verifying_key()
    }

    /// First four bytes of SHA-256 of name, line feed, algorithm and key.
    pub fn id(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(self.name.as_bytes());
        hash.update([b'\n', ED25519]);
        hash.update(self.key.as_bytes());
        let digest = hash.finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// From its written form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = BASE64.decode(key).ok()?;
        let (algorithm, key) = bytes.split_first()?;
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        let read = Self {
            name: name.to_owned(),
            key,
        };
        (*algorithm == ED25519 && is_name(name) && read.to_string() == text).then_some(read)
    }

    /// Reads a note that this key signed: its text, an empty line, one signature.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let line = signatures.strip_suffix('\n').ok_or(NoteError::Form)?;
        let (name, signature) = line
            .strip_prefix("\u{2014} ")
            .and_then(|line| line.split_once(' '))
            .ok_or(NoteError::Form)?;
        let bytes = BASE64.decode(signature).map_err(|_| NoteError::Form)?;
        let (id, signature) = bytes.split_at_checked(4).ok_or(NoteError::Form)?;
        if name != self.name || id != self.id() {
            return Err(NoteError::Key);
        }
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Form)?;
        let checked = self.key.verify_strict(text.as_bytes(), &signature);
        checked.map_err(|_| NoteError::Signature)?;
        Checkpoint::parse(&text).ok_or(NoteError::Form)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), BASE64.encode(bytes))
    }
}

/// Reads a note that one of these keys signed.
pub fn open<'a>(keys: &'a [Verifier], note: &str) -> Result<(&'a Verifier, Checkpoint), NoteError> {
    let mut worst = NoteError::Key;
    for key in keys {
        match key.open(note) {
            Ok(checkpoint) => return Ok((key, checkpoint)),
            Err(NoteError::Key) => {}
            Err(other) => worst = other,
        }
    }
    Err(worst)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (Verifier, String) {
        let signer = Signer::new("usance.example/audit", &[7; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: origin("usance.example/audit", Uuid::nil()),
            size: 5,
            root: Hash([9; 32]),
            at: "2026-11-21T18:00:00.000001Z".parse().unwrap(),
        };
        (signer.verifier(), signer.sign(&checkpoint))
    }

    #[test]
    fn a_note_opens_with_its_key_and_no_bit_of_it_may_change() {
        let (key, note) = signed();
        assert_eq!(key.open(&note).unwrap().size, 5);
        let bytes = note.as_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.to_vec();
            other[bit / 8] ^= 1 << (bit % 8);
            if let Ok(text) = std::str::from_utf8(&other) {
                assert!(key.open(text).is_err(), "bit {bit}: {text}");
            }
        }
        let other = Signer::new("usance.example/audit", &[8; 32]).unwrap().verifier();
        assert_eq!(other.open(&note), Err(NoteError::Key));
        assert!(key.open(&format!("{note}\u{2014} witness AAAA\n")).is_err());
    }

    #[test]
    fn a_key_reads_as_it_is_written_and_not_otherwise() {
        let (key, _) = signed();
        assert_eq!(Verifier::parse(&key.to_string()), Some(key.clone()));
        for bit in 0..key.to_string().len() * 8 {
            let mut other = key.to_string().into_bytes();
            other[bit / 8] ^= 1 << (bit % 8);
            if let Ok(text) = String::from_utf8(other) {
                assert_eq!(Verifier::parse(&text), None, "{text}");
            }
        }
    }

    #[test]
    fn the_development_key_is_known_and_no_secret_prints() {
        let signer = Signer::new("dev", &DEVELOPMENT_SEED).unwrap();
        assert!(signer.verifier().is_development());
        assert_eq!(format!("{signer:?}"), "Signer(dev)");
    }
}

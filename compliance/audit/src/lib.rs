//! An audit trail that proves itself: Merkle tree, signed checkpoints, proofs, verification of exports.
//!
//! [`entry`] is what is recorded: ids and codes, never personal data. Entries of a tenant are the leaves of a Merkle tree
//! ([`tree`], RFC 6962); its root is signed in a checkpoint ([`note`]) which is anchored outside. An [`export`] carries entries,
//! checkpoints and anchors as lines of JSON, and [`verify`] needs nothing else than it and a checkpoint from outside.

pub mod code;
pub mod commitment;
pub mod entry;
pub mod export;
pub mod join;
pub mod note;
pub mod tamper;
pub mod tree;
pub mod verify;

pub use code::Code;
pub use commitment::Commitment;
pub use entry::{Actor, Entry, Object, Record};
pub use tree::Hash;

/// 32 bytes as lower-case hexadecimal text.
pub(crate) mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        Ok(bytes)
    }
}

/// An instant as text with microseconds, `2026-11-21T18:00:00.000001Z`.
pub(crate) mod instant {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub(crate) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

//! Exports: lines of JSON that prove themselves. A log is a header, its checkpoints and its entries, one a line; a proof of one
//! entry and a proof that a log only grew are one line each.
//!
//! Every line has one way to be written, so that no byte can change unseen.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entry::Entry;
use crate::tree::Hash;

/// Format of a log, or a part of one.
pub const LOG: &str = "usance-audit-log/1";
/// Format of one entry with its proof.
pub const INCLUSION: &str = "usance-audit-inclusion/1";
/// Format of a proof that a log only grew.
pub const CONSISTENCY: &str = "usance-audit-consistency/1";

/// First line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`LOG`].
    pub format: String,
    /// Name of the log.
    pub origin: String,
    /// Whose log.
    pub tenant: Uuid,
    /// Number of the first entry, from 0.
    pub from: u64,
    /// Number after the last entry: the size of the tree of the last checkpoint.
    pub to: u64,
    /// Roots of the perfect subtrees of the tree before `from`, the largest first.
    pub peaks: Vec<Hash>,
    /// Number of checkpoints that follow.
    pub checkpoints: u64,
    /// Public keys that signed the checkpoints.
    pub keys: Vec<String>,
}

/// A checkpoint of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointLine {
    /// The signed note.
    pub checkpoint: String,
}

/// Where a copy of a root can be found. It proves nothing until somebody reads it there, so it is no part of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Name of the log.
    pub origin: String,
    /// Size of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// `eip155:CHAIN:CONTRACT` or `file:FOLDER`.
    pub place: String,
    /// Hash of the transaction, or name of the object.
    pub evidence: String,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    /// Its number, from 0.
    pub seq: u64,
    /// The entry.
    pub entry: Entry,
}

/// One entry with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionLine {
    /// [`INCLUSION`].
    pub format: String,
    /// Its number.
    pub seq: u64,
    /// The entry.
    pub entry: Entry,
    /// Hashes from the leaf up.
    pub proof: Vec<Hash>,
    /// The signed note of the tree.
    pub checkpoint: String,
    /// Public key that signed it.
    pub key: String,
}

/// A proof that a log only grew between two checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyLine {
    /// [`CONSISTENCY`].
    pub format: String,
    /// The older signed note.
    pub old: String,
    /// The newer one.
    pub new: String,
    /// Hashes as of RFC 6962.
    pub proof: Vec<Hash>,
    /// Public keys that signed them.
    pub keys: Vec<String>,
}

/// Writes a line, its line feed included.
pub fn line<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    Ok(text)
}

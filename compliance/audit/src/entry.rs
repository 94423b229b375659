//! What is recorded, and its canonical bytes.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::code::Code;
use crate::commitment::Commitment;
use crate::tree::Hash;

/// First bytes of the canonical form; another form would have another number.
const FORM: &[u8; 16] = b"usance-audit/1\0\0";
/// Most commitments of an entry.
pub const MOST_COMMITMENTS: usize = 32;

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Pseudonymous id; nil is the system.
    pub id: Uuid,
    /// As what.
    pub role: Code,
}

impl Actor {
    /// The program itself: a worker, a deadline, a chain.
    pub const SYSTEM: Self = Self {
        id: Uuid::nil(),
        role: Code::of("system"),
    };
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Kind, for example `settlement`.
    pub kind: Code,
    /// Which one.
    pub id: Code,
}

impl Object {
    /// An object of ours.
    pub fn of(kind: Code, id: impl Into<Uuid>) -> Self {
        Self {
            kind,
            id: Code::from(id.into()),
        }
    }
}

/// What somebody did, without the id and the time that it is recorded under. There is no field for text: a reason that a person
/// wrote stays where it can be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose log.
    pub tenant: Uuid,
    /// Who.
    pub actor: Actor,
    /// What, for example `quote.accepted`.
    pub action: Code,
    /// To what.
    pub object: Object,
    /// Pseudonymous id of the person concerned.
    pub subject: Option<Uuid>,
    /// What came of it, for example `DECLINE`.
    pub decision: Option<Code>,
    /// Version of the rules that decided.
    pub rules: Option<Code>,
    /// Version of the lists that were screened.
    pub lists: Option<Code>,
    /// Commitments to personal data; at most 32, more are cut off.
    pub commitments: Vec<Commitment>,
}

impl Record {
    /// A record without the optional parts.
    pub fn new(tenant: impl Into<Uuid>, actor: Actor, action: Code, object: Object) -> Self {
        Self {
            tenant: tenant.into(),
            actor,
            action,
            object,
            subject: None,
            decision: None,
            rules: None,
            lists: None,
            commitments: Vec::new(),
        }
    }

    /// About that person.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Uuid>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// With that outcome.
    #[must_use]
    pub fn decided(mut self, decision: Code) -> Self {
        self.decision = Some(decision);
        self
    }

    /// Under that version of the rules.
    #[must_use]
    pub fn under(mut self, rules: Code) -> Self {
        self.rules = Some(rules);
        self
    }

    /// Against that version of the lists.
    #[must_use]
    pub fn screened(mut self, lists: Code) -> Self {
        self.lists = Some(lists);
        self
    }

    /// Committed to those values.
    #[must_use]
    pub fn committed(mut self, commitments: Vec<Commitment>) -> Self {
        self.commitments = commitments;
        self.commitments.truncate(MOST_COMMITMENTS);
        self
    }

    /// The entry under that id and time; the time is cut to microseconds.
    pub fn at(self, id: Uuid, at: DateTime<Utc>) -> Entry {
        Entry {
            id,
            tenant: self.tenant,
            at: at.trunc_subsecs(6),
            actor: self.actor,
            action: self.action,
            object: self.object,
            subject: self.subject,
            decision: self.decision,
            rules: self.rules,
            lists: self.lists,
            commitments: self.commitments,
        }
    }
}

/// One entry of the log of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its own id.
    pub id: Uuid,
    /// Whose log.
    pub tenant: Uuid,
    /// When, whole microseconds.
    #[serde(with = "crate::instant")]
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Code,
    /// To what.
    pub object: Object,
    /// Pseudonymous id of the person concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Code>,
    /// Version of the rules that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Code>,
    /// Version of the lists that were screened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists: Option<Code>,
    /// Commitments to personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commitments: Vec<Commitment>,
}

impl Entry {
    /// The bytes that are hashed: two entries have the same bytes only when they are the same.
    ///
    /// Every part has a fixed length or its length before it: form (16 bytes), id, tenant, microseconds since 1970 (8 bytes,
    /// big-endian, signed), actor's id, role, action, kind and id of the object, then the optional parts with a byte 0 or 1
    /// before them, then the number of commitments and each of them. A code has its length in one byte before it.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(FORM);
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(self.tenant.as_bytes());
        bytes.extend_from_slice(&self.at.timestamp_micros().to_be_bytes());
        bytes.extend_from_slice(self.actor.id.as_bytes());
        for code in [&self.actor.role, &self.action, &self.object.kind, &self.object.id] {
            put(&mut bytes, code);
        }
        bytes.push(u8::from(self.subject.is_some()));
        if let Some(subject) = &self.subject {
            bytes.extend_from_slice(subject.as_bytes());
        }
        for code in [&self.decision, &self.rules, &self.lists] {
            bytes.push(u8::from(code.is_some()));
            if let Some(code) = code {
                put(&mut bytes, code);
            }
        }
        bytes.push(u8::try_from(self.commitments.len()).unwrap_or(u8::MAX));
        for commitment in &self.commitments {
            put(&mut bytes, &commitment.field);
            bytes.extend_from_slice(&commitment.hmac);
        }
        bytes
    }

    /// The hash of the leaf: SHA-256 of a zero byte and the canonical bytes.
    pub fn leaf(&self) -> Hash {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(self.canonical());
        Hash(hash.finalize().into())
    }
}

fn put(bytes: &mut Vec<u8>, code: &Code) {
    // A code has at most 80 characters.
    bytes.push(u8::try_from(code.as_str().len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(code.as_str().as_bytes());
}

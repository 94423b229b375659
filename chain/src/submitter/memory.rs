//! What this process remembers of its transactions. Losing it costs a few requests and nothing else.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use alloy_primitives::B256;
use domain::ids::ChainTxId;
use domain::ports::JournaledTx;

use super::MinedAt;

/// Without a look for this long, another process may have led the signer and used nonces we know nothing of. Shorter than
/// any lease of the lead.
const STALE: Duration = Duration::from_secs(3);

/// A queued transaction that would revert now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub tx: ChainTxId,
    /// The contract's error, decoded where we know it.
    pub reason: String,
}

/// A signer takes no new transactions: its key was used by somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// A nonce that the chain counts as used and that none of our transactions used.
    pub nonce: u64,
    /// Height at which this was certain.
    pub at_block: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) frozen: Option<Frozen>,
    /// Height since which a used nonce has had no receipt of ours.
    strangers: HashMap<u64, u64>,
    highest_nonce: Option<u64>,
    led_at: Option<Instant>,
    refused: HashMap<ChainTxId, (String, B256)>,
    included: HashMap<ChainTxId, MinedAt>,
    sent_at: HashMap<ChainTxId, B256>,
    bump: HashSet<ChainTxId>,
    alarmed: HashSet<ChainTxId>,
}

impl Memory {
    /// Another process leads, or may have led: the nonces it used are not a stranger's.
    pub(super) fn note_lead(&mut self, leading: bool) {
        if !leading || self.led_at.is_none_or(|at| at.elapsed() > STALE) {
            self.highest_nonce = None;
        }
        self.led_at = leading.then(Instant::now);
    }

    /// Drops what is not in flight any more.
    pub(super) fn forget_all_but(&mut self, in_flight: &[JournaledTx]) {
        let ids: HashSet<ChainTxId> = in_flight.iter().map(|t| t.id).collect();
        self.included.retain(|id, _| ids.contains(id));
        self.sent_at.retain(|id, _| ids.contains(id));
        self.bump.retain(|id| ids.contains(id));
        self.alarmed.retain(|id| ids.contains(id));
        self.highest_nonce = in_flight.iter().filter_map(|t| t.nonce).max().max(self.highest_nonce);
    }

    pub(super) fn refused(&self) -> Vec<Refused> {
        self.refused
            .iter()
            .map(|(tx, (reason, _))| Refused {
                tx: *tx,
                reason: reason.clone(),
            })
            .collect()
    }

    pub(super) fn keep_refused(&mut self, queued: &[JournaledTx]) {
        self.refused.retain(|id, _| queued.iter().any(|t| t.id == *id));
    }

    /// A refused transaction is tried again when there is a new block.
    pub(super) fn worth_trying(&self, tx: ChainTxId, head: B256) -> bool {
        self.refused.get(&tx).is_none_or(|(_, at)| *at != head)
    }

    pub(super) fn allow(&mut self, tx: ChainTxId) {
        self.refused.remove(&tx);
    }

    /// Answers whether the reason is new.
    pub(super) fn refuse(&mut self, tx: ChainTxId, reason: &str, head: B256) -> bool {
        let before = self.refused.insert(tx, (reason.to_owned(), head));
        before.is_none_or(|(old, _)| old != reason)
    }

    /// Answers whether that place is news.
    pub(super) fn note_included(&mut self, tx: ChainTxId, at: MinedAt) -> bool {
        self.included.insert(tx, at) != Some(at)
    }

    /// Whether a block has it, as far as we saw.
    pub(super) fn is_included(&self, tx: ChainTxId) -> bool {
        self.included.contains_key(&tx)
    }

    /// Its block vanished.
    pub(super) fn forget_included(&mut self, tx: ChainTxId) {
        self.included.remove(&tx);
    }

    pub(super) fn note_broadcast(&mut self, tx: ChainTxId, head: B256) {
        self.sent_at.insert(tx, head);
    }

    /// Whether the bytes were sent since this block became the newest.
    pub(super) fn sent_in(&self, tx: ChainTxId, head: B256) -> bool {
        self.sent_at.get(&tx) == Some(&head)
    }

    pub(super) fn want_bump(&mut self, tx: ChainTxId) {
        self.bump.insert(tx);
    }

    pub(super) fn take_bump(&mut self, tx: ChainTxId) -> bool {
        self.bump.remove(&tx)
    }

    pub(super) fn first_alarm(&mut self, tx: ChainTxId) -> bool {
        self.alarmed.insert(tx)
    }

    /// Highest nonce that was ever in flight here.
    pub(super) fn highest_nonce(&self) -> Option<u64> {
        self.highest_nonce
    }

    pub(super) fn note_nonce(&mut self, nonce: Option<u64>) {
        self.highest_nonce = self.highest_nonce.max(nonce);
    }

    /// A used nonce without a receipt of ours: since when.
    pub(super) fn suspect(&mut self, nonce: u64, height: u64) -> u64 {
        *self.strangers.entry(nonce).or_insert(height)
    }

    /// Keeps only suspicions about these nonces.
    pub(super) fn clear_suspicions_but(&mut self, nonces: &HashSet<u64>) {
        self.strangers.retain(|nonce, _| nonces.contains(nonce));
    }

    pub(super) fn is_suspicious(&self) -> bool {
        !self.strangers.is_empty()
    }
}

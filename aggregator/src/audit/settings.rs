//! Figures and keys of the audit trail.

use std::sync::Arc;
use std::time::Duration;

use ::audit::note::Signer;
use domain::ports::{AnchorCalls, CheckpointStore};

/// How the audit trail is signed and where its checkpoints go.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// Our name in the names of logs: `OPERATOR/TENANT`.
    pub operator: String,
    /// Signs checkpoints; none signs nothing.
    pub signer: Option<Arc<Signer>>,
    /// A log that grew is signed after so long.
    pub checkpoint_every: Duration,
    /// A log that grew by so many entries is signed at once.
    pub checkpoint_entries: u32,
    /// Contracts that remember roots.
    pub chains: Vec<Arc<dyn AnchorCalls>>,
    /// Stores that keep notes.
    pub stores: Vec<Arc<dyn CheckpointStore>>,
    /// Least pause between two anchors of a log on one chain: each costs gas.
    pub chain_every: Duration,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self {
            operator: "usance.example/audit".to_owned(),
            signer: None,
            checkpoint_every: Duration::from_secs(10),
            checkpoint_entries: 1_000,
            chains: Vec::new(),
            stores: Vec::new(),
            chain_every: Duration::from_hours(1),
        }
    }
}

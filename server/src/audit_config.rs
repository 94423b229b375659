//! Configuration of the audit trail.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aggregator::audit::AuditSettings;
use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use audit::note::{DEVELOPMENT_SEED, Signer, is_name};
use chain::contracts::CheckpointAnchors;
use chain::registry::Profile;
use domain::ports::{AnchorCalls, CheckpointStore};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::checkpoint_folder::CheckpointFolder;

/// How checkpoints are made and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Our name in the names of logs and keys, for example `usance.example/audit`.
    pub operator: String,
    /// A log that grew is signed after so many seconds, 1 to 86,400.
    pub checkpoint_seconds: u32,
    /// A log that grew by so many entries is signed at once, 1 to 100,000.
    pub checkpoint_entries: u32,
    /// A folder that keeps every signed note, each written once; best on a disk that others own.
    pub folder: Option<PathBuf>,
    /// Least minutes between two anchors of a log on one chain, 1 to 10,080.
    pub anchor_minutes: u32,
    /// Contracts that remember roots.
    pub anchors: Vec<AnchorConfig>,
}

/// A contract that remembers roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorConfig {
    /// EIP-155 chain id, one of `chains`.
    pub chain_id: u64,
    /// The contract.
    pub contract: Address,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            operator: "usance.example/audit".to_owned(),
            checkpoint_seconds: 10,
            checkpoint_entries: 1_000,
            folder: None,
            anchor_minutes: 60,
            anchors: Vec::new(),
        }
    }
}

impl AuditConfig {
    /// Refuses figures out of range, and the development key in production.
    pub fn check(&self, key: Option<&SecretString>, profile: Profile) -> Result<()> {
        if !is_name(&self.operator) || self.operator.len() > 150 {
            bail!("audit.operator is 1 to 150 visible ASCII characters without `+`");
        }
        let ranges = [
            ("checkpoint_seconds", self.checkpoint_seconds, 86_400),
            ("checkpoint_entries", self.checkpoint_entries, 100_000),
            ("anchor_minutes", self.anchor_minutes, 10_080),
        ];
        for (field, value, most) in ranges {
            if !(1..=most).contains(&value) {
                bail!("audit.{field} must be 1 to {most}");
            }
        }
        seed(key, profile).map(drop)
    }

    /// The same for the use cases. Fails when the folder cannot be made.
    pub fn settings(&self, key: Option<&SecretString>, profile: Profile) -> Result<AuditSettings> {
        let signer = Signer::new(&self.operator, &seed(key, profile)?).context("audit.operator")?;
        let anchor = |at: &AnchorConfig| -> Arc<dyn AnchorCalls> {
            let (chain_id, contract) = (at.chain_id, at.contract);
            Arc::new(CheckpointAnchors { chain_id, contract })
        };
        let mut stores: Vec<Arc<dyn CheckpointStore>> = Vec::new();
        if let Some(folder) = &self.folder {
            let made = CheckpointFolder::open(folder);
            stores.push(Arc::new(
                made.with_context(|| format!("audit.folder {}", folder.display()))?,
            ));
        }
        Ok(AuditSettings {
            operator: self.operator.clone(),
            signer: Some(Arc::new(signer)),
            checkpoint_every: Duration::from_secs(self.checkpoint_seconds.into()),
            checkpoint_entries: self.checkpoint_entries,
            chains: self.anchors.iter().map(anchor).collect(),
            stores,
            chain_every: Duration::from_secs(u64::from(self.anchor_minutes) * 60),
        })
    }
}

fn seed(key: Option<&SecretString>, profile: Profile) -> Result<[u8; 32]> {
    let Some(key) = key else {
        if profile == Profile::Production {
            bail!("audit_key is missing; make one with `openssl rand -hex 32`");
        }
        return Ok(DEVELOPMENT_SEED);
    };
    let bytes = hex::decode(key.expose_secret())
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let seed = bytes.context("audit_key must be 64 hex digits; make one with `openssl rand -hex 32`")?;
    if profile == Profile::Production && seed == DEVELOPMENT_SEED {
        bail!("audit_key is the public development key; make one with `openssl rand -hex 32`");
    }
    Ok(seed)
}

//! Numbers, leaf hashes and checkpoints. One process at a time does this: whoever holds the sequencer's row for the transaction. All
//! that a batch does commits with the cursor or not at all, so a crash at any point repeats the batch and nothing else.

use std::collections::BTreeMap;

use ::audit::Entry;
use ::audit::note::{Checkpoint, origin};
use chrono::{Duration, SubsecRound};
use uuid::Uuid;

use crate::Aggregator;
use crate::api::Error;
use crate::store::audit::{self as rows, CheckpointRow, Leaf};
use crate::store::lending::signed;

/// Entries of a batch.
const BATCH: i64 = 4_096;
/// Logs that are signed in one step.
const SIGNED: i64 = 256;

impl Aggregator {
    /// Gives numbers to what was recorded, one batch; answers how many entries got one.
    pub async fn sequence_audit(&self) -> Result<usize, Error> {
        let mut tx = self.world.db.begin().await?;
        let Some(cursor) = rows::take_sequencer(&mut tx).await? else {
            return Ok(0);
        };
        let found = rows::unnumbered(&mut tx, &cursor, BATCH).await?;
        let count = found.entries.len();
        let mut by_tenant: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
        for entry in found.entries {
            by_tenant.entry(entry.tenant).or_default().push(entry);
        }
        let now = self.world.clock.now();
        let mut grown = Vec::new();
        let mut leaves = Vec::with_capacity(count);
        for (tenant, entries) in by_tenant {
            let mut edge = rows::hold_log(&mut tx, tenant, now).await?;
            let old = edge.size();
            for entry in &entries {
                let (seq, hash) = (edge.size(), entry.leaf());
                leaves.push(Leaf {
                    tenant,
                    seq,
                    entry: entry.id,
                    hash,
                });
                edge.push(hash);
            }
            grown.push((tenant, old, edge));
        }
        if !leaves.is_empty() {
            rows::insert_leaves(&mut tx, &leaves).await?;
        }
        for (tenant, old, edge) in &grown {
            rows::insert_nodes(&mut tx, *tenant, (*old, edge.size())).await?;
            rows::grow_log(&mut tx, *tenant, edge).await?;
        }
        let Some(next) = found.next else {
            tx.commit().await?;
            return Ok(count);
        };
        rows::advance_sequencer(&mut tx, &next).await?;
        fail::fail_point!("audit::before_commit");
        tx.commit().await?;
        fail::fail_point!("audit::after_commit");
        metrics::counter!("usance_audit_sequenced_total").increment(count as u64);
        Ok(count)
    }

    /// Signs the logs that are due; answers how many. `patient` waits until a log is old or long enough.
    pub async fn sign_audit(&self, patient: bool) -> Result<usize, Error> {
        let settings = &self.world.settings.audit;
        let Some(signer) = &settings.signer else { return Ok(0) };
        let mut tx = self.world.db.begin().await?;
        // Nobody numbers while a size is signed.
        if rows::take_sequencer(&mut tx).await?.is_none() {
            return Ok(0);
        }
        let now = self.world.clock.now().trunc_subsecs(6);
        let every = Duration::from_std(settings.checkpoint_every).unwrap_or(Duration::MAX);
        let due = if patient {
            (i64::from(settings.checkpoint_entries.max(1)), now - every)
        } else {
            (1, now)
        };
        let logs = rows::logs_to_sign(&mut tx, due, SIGNED).await?;
        let mut count = 0;
        for (tenant, last) in logs {
            let edge = rows::hold_log(&mut tx, tenant, now).await?;
            let checkpoint = Checkpoint {
                origin: origin(&settings.operator, tenant),
                size: edge.size(),
                root: edge.root(),
                // A clock that went back does not put checkpoints out of order.
                at: last.map_or(now, |last| last.max(now)),
            };
            let row = CheckpointRow {
                tenant,
                size: signed(checkpoint.size)?,
                root: checkpoint.root.0.to_vec(),
                at: checkpoint.at,
                note: signer.sign(&checkpoint),
                signer: signer.verifier().to_string(),
            };
            count += usize::from(rows::insert_checkpoint(&mut tx, &row).await?);
        }
        fail::fail_point!("audit::before_sign_commit");
        tx.commit().await?;
        metrics::counter!("usance_audit_checkpoints_total").increment(count as u64);
        Ok(count)
    }
}

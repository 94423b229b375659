//! Copies of checkpoints outside our database: on chains by our own contract, and in stores that write once.

use std::sync::Arc;

use ::audit::note::{origin, origin_hash};
use alloy_primitives::B256;
use chrono::Duration;
use domain::ids::ChainTxId;
use domain::ports::{AnchorCalls, CheckpointStore, Put};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::settlement::chain_error;
use crate::store::audit::{self as rows, CheckpointRow};
use crate::store::chain::{self, Purpose};
use crate::store::lending::natural;
use crate::store::{Unreadable, corrupt};
use crate::{Aggregator, World};

/// Logs that are anchored in one step at one place.
const BATCH: i64 = 64;

impl Aggregator {
    /// Anchors what is due; answers how many anchors were wanted or done. `patient` respects the pause between two on a chain.
    pub async fn anchor_audit(&self, patient: bool) -> Result<usize, Error> {
        let settings = &self.world.settings.audit;
        let mut count = 0;
        for place in &settings.chains {
            count += self.want_on_chain(place, patient).await?;
        }
        for store in &settings.stores {
            count += self.put_into(store).await?;
        }
        Ok(count)
    }

    /// The anchor and its transaction are wanted together; the submitter sends it.
    async fn want_on_chain(&self, contract: &Arc<dyn AnchorCalls>, patient: bool) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let pause = Duration::from_std(self.world.settings.audit.chain_every).unwrap_or(Duration::MAX);
        let before = if patient { now - pause } else { now };
        let place = contract.place();
        let mut tx = self.world.db.begin().await?;
        let mut count = 0;
        for checkpoint in rows::to_anchor(&mut tx, &place, before, BATCH).await? {
            let id = self.world.ids.next();
            if !rows::want_anchor(&mut tx, (id, &place), &checkpoint, now).await? {
                continue;
            }
            let log = origin_hash(&origin(&self.world.settings.audit.operator, checkpoint.tenant));
            let root = B256::try_from(checkpoint.root.as_slice()).map_err(corrupt)?;
            let call = contract.anchor(B256::from(log.0), natural(checkpoint.size)?, root);
            let call = call.map_err(chain_error)?;
            let tx_id = ChainTxId(self.world.ids.next());
            chain::enqueue_tx(&mut tx, tx_id, Purpose::Anchor(id), &call).await?;
            count += 1;
        }
        tx.commit().await?;
        Ok(count)
    }

    /// An anchor is wanted before it is written, so that a crash between the two writes the same object again.
    async fn put_into(&self, store: &Arc<dyn CheckpointStore>) -> Result<usize, Error> {
        let (place, now) = (store.place(), self.world.clock.now());
        let mut tx = self.world.db.begin().await?;
        for checkpoint in rows::to_anchor(&mut tx, &place, now + Duration::days(1), BATCH).await? {
            rows::want_anchor(&mut tx, (self.world.ids.next(), &place), &checkpoint, now).await?;
        }
        let wanted = rows::wanted_anchors(&mut tx, &place, BATCH).await?;
        tx.commit().await?;
        for (id, checkpoint) in &wanted {
            let name = object_name(checkpoint);
            let put = store.put_once(&name, checkpoint.note.as_bytes()).await;
            fail::fail_point!("audit::after_put");
            let kept = put.map_err(|failed| Error::Unavailable(Box::new(failed)))? == Put::Kept;
            if !kept {
                metrics::counter!("usance_audit_anchor_conflicts_total").increment(1);
                tracing::error!(%place, name, "another checkpoint of that size is kept there: the log was written again");
            }
            let mut conn = self.world.db.acquire().await?;
            rows::end_anchor(&mut conn, *id, kept.then_some(name.as_str()), self.world.clock.now()).await?;
        }
        Ok(wanted.len())
    }
}

/// `TENANT/SIZE.checkpoint`, the size with leading zeros so that names sort.
fn object_name(checkpoint: &CheckpointRow) -> String {
    format!("{}/{:020}.checkpoint", checkpoint.tenant, checkpoint.size)
}

/// The transaction of an anchor is final.
pub(crate) async fn concluded(
    conn: &mut PgConnection,
    world: &World,
    anchor: Uuid,
    mined: Option<B256>,
) -> Result<(), Error> {
    let evidence = mined.map(|hash| hash.to_string());
    rows::end_anchor(conn, anchor, evidence.as_deref(), world.clock.now()).await?;
    let state = if evidence.is_some() { "DONE" } else { "FAILED" };
    metrics::counter!("usance_audit_anchors_total", "state" => state).increment(1);
    if evidence.is_none() {
        tracing::error!(%anchor, "the contract refused an anchor: another one of that log is there");
    }
    Ok(())
}

/// The root of a stored checkpoint.
pub(super) fn root(row: &[u8]) -> Result<::audit::Hash, Error> {
    ::audit::Hash::read(row).ok_or_else(|| corrupt(Unreadable("root of a checkpoint")))
}

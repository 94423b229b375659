//! Records that no transaction carries: reads, and reads that were refused. They wait in a bounded queue of the process and are written in
//! batches, so that a refusal costs no write. What waits is lost when the process is killed, at most [`FLUSH`] of it.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::audit::{Entry, Record};

use crate::Aggregator;
use crate::api::Error;
use crate::store::audit as rows;

/// Most records that wait.
const MOST: usize = 20_000;
/// Records of a batch.
const BATCH: usize = 1_000;
/// Pause between two batches.
pub(super) const FLUSH: Duration = Duration::from_millis(500);

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<VecDeque<Entry>>);

impl Aggregator {
    /// Notes something that changes nothing, such as a read that was refused. It returns at once; when the database is so slow that
    /// 20,000 records wait, the oldest are dropped and counted in `usance_audit_notes_lost_total`.
    pub fn note_audit(&self, record: Record) {
        let entry = record.at(self.world.ids.next(), self.world.clock.now());
        let mut waiting = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.pop_front();
            metrics::counter!("usance_audit_notes_lost_total").increment(1);
        }
        waiting.push_back(entry);
    }

    /// Writes what was noted, one batch; answers how many records. What cannot be written stays in the queue.
    pub async fn flush_audit_notes(&self) -> Result<usize, Error> {
        let batch: Vec<Entry> = {
            let waiting = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.iter().take(BATCH).cloned().collect()
        };
        if batch.is_empty() {
            return Ok(0);
        }
        let mut conn = self.world.db.acquire().await?;
        // Once: a batch whose answer was lost is not written again.
        rows::insert_new_entries(&mut conn, &batch).await?;
        let written: HashSet<_> = batch.iter().map(|entry| entry.id).collect();
        let mut waiting = self.notes.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|entry| !written.contains(&entry.id));
        Ok(batch.len())
    }
}

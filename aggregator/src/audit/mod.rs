//! The audit trail: what was done, by whom, to what. Recorded in the transaction of the deed, numbered and hashed by one sequencer,
//! signed in checkpoints and anchored outside.
//!
//! An entry holds ids and codes, never personal data. What a person wrote (a reason, a note) stays in the context that it belongs
//! to, where it can be erased; an entry may commit to it ([`record_committed`]).

pub(crate) mod anchors;
pub(crate) mod deeds;
pub(crate) mod notes;
mod sequencer;
mod settings;
#[cfg(test)]
mod tests;
mod views;

use std::sync::Arc;

use ::audit::commitment::Salt;
use ::audit::{Actor, Code, Commitment, Record};
use domain::Principal;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::Error;
use crate::store::{Unreadable, audit as rows, corrupt};
use crate::workers::{every, periodic};
use crate::{Aggregator, World};

pub use deeds::PLATFORM;
pub use settings::AuditSettings;
pub use views::{AnchorView, AuditExport, AuditFilter, CheckpointView, NumberedEntry};

/// Who a caller is in the audit trail.
pub fn actor(caller: &Principal) -> Actor {
    Actor {
        id: caller.id.0,
        role: Code::of(caller.role.as_str()),
    }
}

/// Records in the caller's transaction: the entry is there if and only if the deed is. No lock is taken and nothing is waited for.
pub async fn record(conn: &mut PgConnection, world: &World, record: Record) -> Result<Uuid, Error> {
    let entry = record.at(world.ids.next(), world.clock.now());
    let id = entry.id;
    rows::insert_entries(conn, &[entry]).await?;
    Ok(id)
}

/// Records many at once, in their order, as [`record`] does.
pub async fn record_all(conn: &mut PgConnection, world: &World, records: Vec<Record>) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    let now = world.clock.now();
    let entries: Vec<_> = records
        .into_iter()
        .map(|record| record.at(world.ids.next(), now))
        .collect();
    rows::insert_entries(conn, &entries).await
}

/// Records with commitments to personal data, by field and value. The values are not stored; the salt that opens the commitments
/// is, until [`forget`] destroys it with the person's data.
pub async fn record_committed(
    conn: &mut PgConnection,
    world: &World,
    record: Record,
    values: &[(Code, &[u8])],
) -> Result<Uuid, Error> {
    let bytes = rows::fresh_salt(conn).await?;
    let salt = Salt::try_from(bytes.as_slice()).map_err(|_| corrupt(Unreadable("salt")))?;
    let made = values
        .iter()
        .map(|(field, value)| Commitment::to(field.clone(), value, &salt));
    let entry = record.committed(made.collect()).at(world.ids.next(), world.clock.now());
    let (id, owner) = (entry.id, (entry.tenant, entry.subject));
    rows::insert_entries(conn, &[entry]).await?;
    rows::keep_salt(conn, id, owner, &bytes).await?;
    Ok(id)
}

/// The salt that opens the commitments of an entry; none when it was destroyed.
pub async fn salt(conn: &mut PgConnection, entry: Uuid) -> Result<Option<Salt>, Error> {
    let salt = rows::salt_of(conn, entry).await?;
    let read = salt.map(|bytes| Salt::try_from(bytes.as_slice()).map_err(|_| corrupt(Unreadable("salt"))));
    read.transpose()
}

/// Destroys the salts of a person's entries, in the transaction of the erasure; answers how many. The entries stay, and say
/// nothing of the person's data any more.
pub async fn forget(conn: &mut PgConnection, tenant: Uuid, subject: Uuid) -> Result<u64, Error> {
    Ok(rows::destroy_salts(conn, tenant, subject).await?)
}

/// Runs until cancelled, in every worker: numbers, checkpoints and anchors.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    let a = &aggregator;
    let poll = a.world.settings.poll;
    tokio::join!(
        every("audit", poll, None, &cancel, || async {
            let numbered = a.sequence_audit().await?;
            a.sign_audit(true).await?;
            Ok(numbered)
        }),
        periodic("audit anchors", poll, &cancel, || a.anchor_audit(true)),
    );
}

/// Runs until cancelled, in every process: writes what was noted.
pub async fn run_notes(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    every("audit notes", notes::FLUSH, None, &cancel, || {
        aggregator.flush_audit_notes()
    })
    .await;
}

//! Events: appended to the outbox in the transaction of the effect, delivered at least once, applied once by an inbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ids::EventId;
use sqlx::{Acquire, PgConnection};
use std::collections::HashMap;
use uuid::Uuid;

use crate::api::Error;
use crate::{Aggregator, World, store};

/// Something that happened to one aggregate. The payload holds ids, states and amounts; never personal data.
#[derive(Clone, Debug)]
pub struct Event {
    /// Kind of aggregate: `request`, `settlement`, `loan`.
    pub aggregate: &'static str,
    /// Which.
    pub aggregate_id: Uuid,
    /// From 1, without a gap. Write a version only in a transaction that has seen the one before committed.
    pub version: i32,
    /// What happened, for example `QuoteAccepted`.
    pub kind: &'static str,
    /// The facts.
    pub payload: serde_json::Value,
}

/// Place in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Transaction id as decimal text.
    pub xid: String,
    /// Sequence number.
    pub seq: i64,
}

impl Cursor {
    /// Before the first event.
    pub fn start() -> Self {
        Self {
            xid: "0".to_owned(),
            seq: 0,
        }
    }
}

/// An event as read from the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stands.
    pub cursor: Cursor,
    /// Its id: the key of the inbox.
    pub event_id: EventId,
    /// Kind of aggregate.
    pub aggregate: String,
    /// Which.
    pub aggregate_id: Uuid,
    /// Version of the aggregate.
    pub version: i32,
    /// What happened.
    pub kind: String,
    /// The facts, as the exact stored JSON.
    pub payload: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Something that reacts to events.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Stable name: the key of the inbox and of the cursor.
    fn name(&self) -> &'static str;

    /// Applies the event in the transaction that also notes it in the inbox, so the effect happens once.
    async fn apply(&self, conn: &mut PgConnection, event: &Delivered) -> Result<(), Error>;
}

/// Appends events in the caller's transaction, in their order.
pub(crate) async fn append(conn: &mut PgConnection, world: &World, events: &[Event]) -> Result<(), Error> {
    let ids: Vec<Uuid> = events.iter().map(|_| world.ids.next()).collect();
    store::events::append(conn, &ids, events, world.clock.now())
        .await
        .map_err(Error::from)
}

/// Events read at a time.
const BATCH: i64 = 200;
/// Attempts before an event is set aside for an operator.
const MAX_ATTEMPTS: i32 = 8;

impl Aggregator {
    /// Events after a cursor, oldest first, at most `limit`. None that commits late is skipped; the order is that of
    /// transactions, so a reader that needs the versions of an aggregate in order sorts by them.
    pub async fn events_after(&self, cursor: &Cursor, limit: u16) -> Result<Vec<Delivered>, Error> {
        let mut conn = self.world.db.acquire().await?;
        Ok(store::events::after(&mut conn, cursor, i64::from(limit)).await?)
    }

    /// Delivers what is due to every consumer of this process, one batch each; answers how many events were applied.
    pub async fn deliver_events(&self) -> Result<usize, Error> {
        let mut applied = 0;
        for consumer in &self.consumers {
            applied += self.deliver_to(consumer.as_ref()).await?;
        }
        Ok(applied)
    }

    /// One transaction per batch. A failing event rolls back to before itself and ends the batch, so that the order
    /// holds until it succeeds or is parked.
    async fn deliver_to(&self, consumer: &dyn Consumer) -> Result<usize, Error> {
        let name = consumer.name();
        let mut tx = self.world.db.begin().await?;
        let Some(cursor) = store::events::take(&mut tx, name).await? else {
            store::events::register(&mut tx, name).await?;
            tx.commit().await?;
            return Ok(0);
        };
        let batch = store::events::after(&mut tx, &cursor, BATCH).await?;
        if batch.is_empty() {
            return Ok(0);
        }
        let mut applied = 0;
        for event in &in_version_order(&mut tx, name, &batch).await? {
            match apply_once(&mut tx, consumer, event).await {
                Ok(fresh) => applied += usize::from(fresh),
                Err(error) => {
                    if !self.set_aside(&mut tx, name, event, &error).await? {
                        // The cursor stays: what was applied is in the inbox and will be passed over.
                        tx.commit().await?;
                        return Ok(applied);
                    }
                }
            }
        }
        if let Some(last) = batch.last() {
            store::events::advance(&mut tx, name, &last.cursor).await?;
        }
        tx.commit().await?;
        Ok(applied)
    }

    async fn set_aside(
        &self,
        conn: &mut PgConnection,
        consumer: &str,
        event: &Delivered,
        error: &Error,
    ) -> Result<bool, Error> {
        let limit_and_now = (MAX_ATTEMPTS, self.world.clock.now());
        let (id, text) = (event.event_id.0, error.to_string());
        let parked = store::events::note_failure(conn, consumer, id, &text, limit_and_now).await?;
        if parked {
            store::events::enter_inbox(conn, consumer, id).await?;
        }
        tracing::error!(consumer, event = %event.event_id, kind = event.kind, parked, %error, "event not applied");
        metrics::counter!("usance_event_failures_total", "consumer" => consumer.to_owned()).increment(1);
        Ok(parked)
    }
}

async fn apply_once(conn: &mut PgConnection, consumer: &dyn Consumer, event: &Delivered) -> Result<bool, Error> {
    let mut savepoint = conn.begin().await?;
    if !store::events::enter_inbox(&mut savepoint, consumer.name(), event.event_id.0).await? {
        return Ok(false);
    }
    consumer.apply(&mut savepoint, event).await?;
    savepoint.commit().await?;
    Ok(true)
}

/// The batch with whatever must come before it, ordered so that every aggregate's versions rise.
///
/// Transactions get their ids before they wait for a row, so the order of ids is not the order of versions; the
/// sequence number is, because it is taken while the row is held.
async fn in_version_order(
    conn: &mut PgConnection,
    consumer: &str,
    batch: &[Delivered],
) -> Result<Vec<Delivered>, Error> {
    let mut first: HashMap<Uuid, i32> = HashMap::new();
    for event in batch {
        let least = first.entry(event.aggregate_id).or_insert(event.version);
        *least = event.version.min(*least);
    }
    first.retain(|_, version| *version > 1);
    let (ids, versions): (Vec<Uuid>, Vec<i32>) = first.into_iter().unzip();
    let mut all = Vec::new();
    if !ids.is_empty() {
        all = store::events::skipped(conn, consumer, &ids, &versions).await?;
    }
    all.extend_from_slice(batch);
    all.sort_by_key(|event| event.cursor.seq);
    Ok(all)
}

//! Schema `events`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::events::{Cursor, Delivered, Event};

/// Appends events in their order, in the caller's transaction.
pub(crate) async fn append(
    conn: &mut PgConnection,
    ids: &[Uuid],
    events: &[Event],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let aggregates: Vec<String> = events.iter().map(|e| e.aggregate.to_owned()).collect();
    let aggregate_ids: Vec<Uuid> = events.iter().map(|e| e.aggregate_id).collect();
    let versions: Vec<i32> = events.iter().map(|e| e.version).collect();
    let kinds: Vec<String> = events.iter().map(|e| e.kind.to_owned()).collect();
    let payloads: Vec<String> = events.iter().map(|e| e.payload.to_string()).collect();
    sqlx::query!(
        "INSERT INTO events.outbox (event_id, aggregate, aggregate_id, version, kind, payload, occurred_at)
         SELECT event_id, aggregate, aggregate_id, version, kind, payload, $7
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[], $6::text[])
              WITH ORDINALITY AS e (event_id, aggregate, aggregate_id, version, kind, payload, position)
         ORDER BY position",
        ids,
        &aggregates,
        &aggregate_ids,
        &versions,
        &kinds,
        &payloads,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    seq: i64,
    xid: String,
    event_id: Uuid,
    aggregate: String,
    aggregate_id: Uuid,
    version: i32,
    kind: String,
    payload: String,
    occurred_at: DateTime<Utc>,
}

impl From<Row> for Delivered {
    fn from(row: Row) -> Self {
        Self {
            cursor: Cursor {
                xid: row.xid,
                seq: row.seq,
            },
            event_id: row.event_id.into(),
            aggregate: row.aggregate,
            aggregate_id: row.aggregate_id,
            version: row.version,
            kind: row.kind,
            payload: row.payload,
            occurred_at: row.occurred_at,
        }
    }
}

/// Events after the cursor whose predecessors in (xid, seq) can no longer appear.
pub(crate) async fn after(conn: &mut PgConnection, cursor: &Cursor, limit: i64) -> Result<Vec<Delivered>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT seq, xid::text AS "xid!", event_id, aggregate, aggregate_id, version, kind, payload, occurred_at
           FROM events.outbox
           WHERE (xid, seq) > ($1::text::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())
           ORDER BY events.outbox.xid, seq LIMIT $3"#,
        cursor.xid,
        cursor.seq,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Delivered::from).collect())
}

/// Events of those aggregates below those versions that the consumer has not applied. They are committed, because a
/// version is written only after the one before it, but their transaction may have an id above the horizon.
pub(crate) async fn skipped(
    conn: &mut PgConnection,
    consumer: &str,
    aggregate_ids: &[Uuid],
    below: &[i32],
) -> Result<Vec<Delivered>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT o.seq, o.xid::text AS "xid!", o.event_id, o.aggregate, o.aggregate_id, o.version, o.kind,
                  o.payload, o.occurred_at
           FROM unnest($2::uuid[], $3::int[]) AS first (aggregate_id, version)
           JOIN events.outbox o ON o.aggregate_id = first.aggregate_id AND o.version < first.version
           WHERE NOT EXISTS (SELECT FROM events.inbox i WHERE i.consumer = $1 AND i.event_id = o.event_id)"#,
        consumer,
        aggregate_ids,
        below,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Delivered::from).collect())
}

/// Creates a consumer's cursor at the beginning.
pub(crate) async fn register(conn: &mut PgConnection, consumer: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO events.cursor (consumer, xid, seq) VALUES ($1, '0', 0) ON CONFLICT DO NOTHING",
        consumer
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the consumer for this transaction; none when another process has it.
pub(crate) async fn take(conn: &mut PgConnection, consumer: &str) -> Result<Option<Cursor>, sqlx::Error> {
    sqlx::query_as!(
        Cursor,
        r#"SELECT xid::text AS "xid!", seq FROM events.cursor WHERE consumer = $1 FOR UPDATE SKIP LOCKED"#,
        consumer
    )
    .fetch_optional(conn)
    .await
}

/// Moves the consumer's cursor.
pub(crate) async fn advance(conn: &mut PgConnection, consumer: &str, cursor: &Cursor) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE events.cursor SET xid = $2::text::xid8, seq = $3 WHERE consumer = $1",
        consumer,
        cursor.xid,
        cursor.seq
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the consumer applies that event; false when it already has.
pub(crate) async fn enter_inbox(conn: &mut PgConnection, consumer: &str, event: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO events.inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        consumer,
        event
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes a failed delivery and answers whether the event is parked now.
pub(crate) async fn note_failure(
    conn: &mut PgConnection,
    consumer: &str,
    event: Uuid,
    error: &str,
    limit_and_now: (i32, DateTime<Utc>),
) -> Result<bool, sqlx::Error> {
    let (limit, now) = limit_and_now;
    sqlx::query_scalar!(
        "INSERT INTO events.failure AS f (consumer, event_id, attempts, error, last_at, parked)
         VALUES ($1, $2, 1, $3, $4, $5 <= 1)
         ON CONFLICT (consumer, event_id) DO UPDATE
         SET attempts = f.attempts + 1, error = excluded.error, last_at = excluded.last_at,
             parked = f.attempts + 1 >= $5
         RETURNING parked",
        consumer,
        event,
        error,
        now,
        limit,
    )
    .fetch_one(conn)
    .await
}

/// The payload of the first event of an aggregate.
pub(crate) async fn first_payload(conn: &mut PgConnection, aggregate: Uuid) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT payload FROM events.outbox WHERE aggregate_id = $1 AND version = 1",
        aggregate
    )
    .fetch_optional(conn)
    .await
}

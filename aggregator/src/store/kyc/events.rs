//! What vendors told, and what became of sessions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A webhook that passed its checks.
pub(crate) struct NewEvent<'a> {
    pub id: Uuid,
    pub digest: &'a [u8; 32],
    pub vendor: &'a str,
    pub session: Uuid,
    pub kind: &'a str,
    pub at_ms: i64,
    pub received_at: DateTime<Utc>,
    pub body_sha256: &'a [u8; 32],
}

/// Notes an event; false when it is noted already.
pub(crate) async fn add_event(conn: &mut PgConnection, new: &NewEvent<'_>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into kyc.provider_event (id, digest, vendor, session_id, kind, at_ms, received_at, body_sha256)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (digest) do nothing",
        new.id,
        new.digest.as_slice(),
        new.vendor,
        new.session,
        new.kind,
        new.at_ms,
        new.received_at,
        new.body_sha256.as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An event that waits.
#[derive(Clone, Debug)]
pub(crate) struct QueuedEvent {
    pub id: Uuid,
    pub at_ms: i64,
}

/// Events of a session that wait, in the vendor's order.
pub(crate) async fn queued(conn: &mut PgConnection, session: Uuid) -> Result<Vec<QueuedEvent>, sqlx::Error> {
    sqlx::query_as!(
        QueuedEvent,
        "select id, at_ms from kyc.provider_event where session_id = $1 and state = 'QUEUED' order by at_ms, received_at, id",
        session
    )
    .fetch_all(conn)
    .await
}

/// Sessions with events that wait and that are not left alone after a failure.
pub(crate) async fn sessions_with_events(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select s.id from kyc.session s
         where (s.failures = 0 or s.look_at is null or s.look_at <= $1)
           and exists (select 1 from kyc.provider_event e where e.session_id = s.id and e.state = 'QUEUED')
         order by s.changed_at limit $2",
        now,
        most
    )
    .fetch_all(conn)
    .await
}

/// Ends the waiting of events: those after `seen_ms` are applied, the others come too late. In the vendor's order; answers the newest moment
/// and how many were applied.
pub(crate) async fn finish_events(
    conn: &mut PgConnection,
    events: &[QueuedEvent],
    mut seen_ms: i64,
    now: DateTime<Utc>,
) -> Result<(i64, usize), sqlx::Error> {
    let before = seen_ms;
    let (mut applied, mut stale) = (Vec::new(), Vec::new());
    for event in events {
        if event.at_ms > seen_ms {
            applied.push(event.id);
            seen_ms = event.at_ms;
        } else {
            stale.push(event.id);
        }
    }
    debug_assert!(seen_ms >= before, "moments go forward");
    for (ids, state) in [(&applied, "APPLIED"), (&stale, "STALE")] {
        sqlx::query!(
            "update kyc.provider_event set state = $2, applied_at = $3 where id = any($1) and state = 'QUEUED'",
            ids,
            state,
            now
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok((seen_ms, applied.len()))
}

/// An event as officers see it.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub kind: String,
    pub at_ms: i64,
    pub received_at: DateTime<Utc>,
    pub state: String,
}

/// The newest events of a session.
pub(crate) async fn events(conn: &mut PgConnection, session: Uuid) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as!(
        EventRow,
        "select kind, at_ms, received_at, state from kyc.provider_event where session_id = $1 order by at_ms desc, id desc limit 100",
        session
    )
    .fetch_all(conn)
    .await
}

//! Schema `webhooks`. Who locks both locks the endpoint before its deliveries.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::webhooks::Owner;

/// An endpoint as stored.
pub(crate) struct EndpointRow {
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub provider_id: Option<String>,
    pub url: String,
    pub description: String,
    pub events: Vec<String>,
    pub state: String,
    pub why: Option<String>,
    pub secret_version: i32,
    pub previous_until: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A delivery as stored.
pub(crate) struct DeliveryRow {
    pub id: Uuid,
    pub endpoint_id: Uuid,
    pub event: String,
    pub body: String,
    pub state: String,
    pub next_at: Option<DateTime<Utc>>,
    pub occurred_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

/// A delivery that is made.
pub(crate) struct NewDelivery<'a> {
    pub id: Uuid,
    pub endpoint: Uuid,
    pub event_id: Uuid,
    pub event: &'a str,
    pub body: &'a str,
    pub occurred_at: DateTime<Utc>,
}

/// A delivery that was taken to be sent.
pub(crate) struct DueRow {
    pub id: Uuid,
    pub endpoint_id: Uuid,
    pub body: String,
    pub attempts: i32,
    pub tries: i32,
    pub url: String,
    pub secret_version: i32,
    pub previous_until: Option<DateTime<Utc>>,
}

/// An attempt as stored.
pub(crate) struct AttemptRow {
    pub delivery_id: Uuid,
    pub number: i32,
    pub at: DateTime<Utc>,
    pub duration_ms: i32,
    pub status: Option<i32>,
    pub failure: Option<String>,
    pub answer: String,
}

/// What an attempt means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    Again(DateTime<Utc>),
    GivenUp,
    /// The endpoint wants nothing any more.
    Gone,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Again(_) => "again",
            Self::GivenUp => "given_up",
            Self::Gone => "gone",
        }
    }
}

/// Endpoints of that tenant, of that lender, or all when neither is named; oldest first.
pub(crate) async fn endpoints(
    conn: &mut PgConnection,
    (tenant, provider): (Option<Uuid>, Option<&str>),
) -> Result<Vec<EndpointRow>, sqlx::Error> {
    sqlx::query_as!(
        EndpointRow,
        "SELECT id, tenant_id, provider_id, url, description, events, state, why, secret_version, previous_until, failing_since,
                created_at
         FROM webhooks.endpoint
         WHERE state <> 'DELETED' AND ($1::uuid IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR provider_id = $2)
         ORDER BY created_at, id LIMIT 500",
        tenant,
        provider
    )
    .fetch_all(conn)
    .await
}

/// An endpoint that is not deleted.
pub(crate) async fn endpoint(conn: &mut PgConnection, id: Uuid) -> Result<Option<EndpointRow>, sqlx::Error> {
    sqlx::query_as!(
        EndpointRow,
        "SELECT id, tenant_id, provider_id, url, description, events, state, why, secret_version, previous_until, failing_since,
                created_at
         FROM webhooks.endpoint WHERE id = $1 AND state <> 'DELETED'",
        id
    )
    .fetch_optional(conn)
    .await
}

/// The same, held until the commit.
pub(crate) async fn hold_endpoint(conn: &mut PgConnection, id: Uuid) -> Result<Option<EndpointRow>, sqlx::Error> {
    sqlx::query_as!(
        EndpointRow,
        "SELECT id, tenant_id, provider_id, url, description, events, state, why, secret_version, previous_until, failing_since,
                created_at
         FROM webhooks.endpoint WHERE id = $1 AND state <> 'DELETED' FOR UPDATE",
        id
    )
    .fetch_optional(conn)
    .await
}

/// Adds an endpoint.
pub(crate) async fn add_endpoint(conn: &mut PgConnection, row: &EndpointRow, by: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhooks.endpoint (id, tenant_id, provider_id, url, description, events, state, secret_version, created_by,
                                        created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        row.id,
        row.tenant_id,
        row.provider_id,
        row.url,
        row.description,
        &row.events,
        row.state,
        row.secret_version,
        by,
        row.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what changed of an endpoint.
pub(crate) async fn put_endpoint(
    conn: &mut PgConnection,
    row: &EndpointRow,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhooks.endpoint
         SET url = $2, description = $3, events = $4, state = $5, why = $6, secret_version = $7, previous_until = $8,
             failing_since = $9, changed_at = $10
         WHERE id = $1",
        row.id,
        row.url,
        row.description,
        &row.events,
        row.state,
        row.why,
        row.secret_version,
        row.previous_until,
        row.failing_since,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes an endpoint and ends what waits for it.
pub(crate) async fn delete_endpoint(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhooks.endpoint SET state = 'DELETED', why = NULL, changed_at = $2 WHERE id = $1",
        id,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE webhooks.delivery SET state = 'CANCELLED', next_at = NULL, done_at = $2 WHERE endpoint_id = $1 AND state = 'PENDING'",
        id,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Since when an endpoint fails, and why it is disabled if it is.
pub(crate) async fn judge(
    conn: &mut PgConnection,
    id: Uuid,
    (failing_since, why): (Option<DateTime<Utc>>, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhooks.endpoint
         SET failing_since = $2, state = CASE WHEN $3::text IS NULL THEN state ELSE 'DISABLED' END, why = coalesce($3, why),
             changed_at = $4
         WHERE id = $1",
        id,
        failing_since,
        why,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Endpoints of that owner that are told of such an event. What happened before an endpoint was made is not told.
pub(crate) async fn listening(
    conn: &mut PgConnection,
    owner: &Owner,
    event: &str,
    occurred_at: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let (tenant, provider) = match owner {
        Owner::Tenant(tenant) => (Some(tenant.0), None),
        Owner::Lender(provider) => (None, Some(provider.as_str())),
    };
    sqlx::query_scalar!(
        "SELECT id FROM webhooks.endpoint
         WHERE state = 'ENABLED' AND (tenant_id = $1 OR provider_id = $2) AND (cardinality(events) = 0 OR $3 = ANY (events))
           AND created_at <= $4
         ORDER BY id",
        tenant,
        provider,
        event,
        occurred_at
    )
    .fetch_all(conn)
    .await
}

/// Adds a delivery that is due at once; one of the same event to the same endpoint stays as it is.
pub(crate) async fn add_delivery(
    conn: &mut PgConnection,
    new: &NewDelivery<'_>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhooks.delivery (id, endpoint_id, event_id, event, body, state, attempts, tries, next_at, occurred_at, created_at)
         VALUES ($1, $2, $3, $4, $5, 'PENDING', 0, 0, $7, $6, $7) ON CONFLICT (endpoint_id, event_id) DO NOTHING",
        new.id,
        new.endpoint,
        new.event_id,
        new.event,
        new.body,
        new.occurred_at,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes what is due until the lease ends: at most four of an endpoint, so that a slow one does not hold up the others.
pub(crate) async fn take_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    lease: DateTime<Utc>,
) -> Result<Vec<DueRow>, sqlx::Error> {
    sqlx::query_as!(
        DueRow,
        "WITH due AS (
             SELECT d.id FROM webhooks.endpoint e CROSS JOIN LATERAL (
                 SELECT id FROM webhooks.delivery WHERE endpoint_id = e.id AND state = 'PENDING' AND next_at <= $1
                 ORDER BY next_at LIMIT 4 FOR UPDATE SKIP LOCKED) d
             WHERE e.state = 'ENABLED' LIMIT 32)
         UPDATE webhooks.delivery w SET next_at = $2, attempts = w.attempts + 1, tries = w.tries + 1
         FROM due JOIN webhooks.delivery known ON known.id = due.id JOIN webhooks.endpoint e ON e.id = known.endpoint_id
         WHERE w.id = due.id
         RETURNING w.id, w.endpoint_id, w.body, w.attempts, w.tries, e.url, e.secret_version, e.previous_until",
        now,
        lease
    )
    .fetch_all(conn)
    .await
}

/// Adds what came of an attempt.
pub(crate) async fn add_attempt(conn: &mut PgConnection, row: &AttemptRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhooks.attempt (delivery_id, number, at, duration_ms, status, failure, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        row.delivery_id,
        row.number,
        row.at,
        row.duration_ms,
        row.status,
        row.failure,
        row.answer
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves a delivery after an attempt, unless it ended or another process took it meanwhile. A delivery that came through is delivered
/// whoever has it.
pub(crate) async fn end_attempt(
    conn: &mut PgConnection,
    due: &DueRow,
    (outcome, now): (Outcome, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    let (state, next_at) = match outcome {
        Outcome::Delivered => ("DELIVERED", None),
        Outcome::Again(at) => ("PENDING", Some(at)),
        Outcome::GivenUp | Outcome::Gone => ("FAILED", None),
    };
    sqlx::query!(
        "UPDATE webhooks.delivery SET state = $3, next_at = $4, done_at = CASE WHEN $3 = 'PENDING' THEN NULL ELSE $5::timestamptz END
         WHERE id = $1 AND state = 'PENDING' AND (attempts = $2 OR $3 = 'DELIVERED')",
        due.id,
        due.attempts,
        state,
        next_at,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deliveries to an endpoint, newest first; in that state and older than that one when they are named. Ids rise with time.
pub(crate) async fn deliveries(
    conn: &mut PgConnection,
    endpoint: Uuid,
    (state, before): (Option<&str>, Option<Uuid>),
    limit: i64,
) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as!(
        DeliveryRow,
        "SELECT id, endpoint_id, event, body, state, next_at, occurred_at, done_at FROM webhooks.delivery
         WHERE endpoint_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4",
        endpoint,
        state,
        before,
        limit
    )
    .fetch_all(conn)
    .await
}

/// A delivery.
pub(crate) async fn delivery(conn: &mut PgConnection, id: Uuid) -> Result<Option<DeliveryRow>, sqlx::Error> {
    sqlx::query_as!(
        DeliveryRow,
        "SELECT id, endpoint_id, event, body, state, next_at, occurred_at, done_at FROM webhooks.delivery WHERE id = $1",
        id
    )
    .fetch_optional(conn)
    .await
}

/// The endpoint of a delivery.
pub(crate) async fn endpoint_of(conn: &mut PgConnection, delivery: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("SELECT endpoint_id FROM webhooks.delivery WHERE id = $1", delivery)
        .fetch_optional(conn)
        .await
}

/// The newest 20 attempts of each of those deliveries, oldest first.
pub(crate) async fn attempts(conn: &mut PgConnection, deliveries: &[Uuid]) -> Result<Vec<AttemptRow>, sqlx::Error> {
    sqlx::query_as!(
        AttemptRow,
        "SELECT a.delivery_id, a.number, a.at, a.duration_ms, a.status, a.failure, a.answer
         FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
             SELECT * FROM webhooks.attempt WHERE delivery_id = wanted.id ORDER BY number DESC LIMIT 20) a
         ORDER BY a.delivery_id, a.number",
        deliveries
    )
    .fetch_all(conn)
    .await
}

/// Begins a delivery that ended anew; false when it has not ended.
pub(crate) async fn begin_again(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE webhooks.delivery SET state = 'PENDING', tries = 0, next_at = $2, done_at = NULL
         WHERE id = $1 AND state IN ('DELIVERED', 'FAILED')",
        id,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes deliveries that ended before then; answers how many.
pub(crate) async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM webhooks.delivery WHERE id IN (
             SELECT id FROM webhooks.delivery WHERE state <> 'PENDING' AND done_at < $1 LIMIT 1000)",
        before
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

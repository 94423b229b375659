//! API clients as their owners see them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A client with the principal that it acts as.
#[derive(Clone)]
pub(crate) struct ClientRow {
    pub client_id: String,
    pub principal_id: Uuid,
    pub tenant_id: Uuid,
    pub role: String,
    pub provider_id: Option<String>,
    pub label: Option<String>,
    pub created_at: DateTime<Utc>,
    pub rotated_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub previous_until: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A client that is made.
pub(crate) struct NewClientRow<'a> {
    pub client_id: &'a str,
    pub principal: Uuid,
    pub label: &'a str,
    pub secret_sha256: &'a [u8; 32],
    pub by: Uuid,
    pub at: DateTime<Utc>,
}

/// Clients of integrators of that tenant, of that lender, or of all of both when neither is named; oldest first.
pub(crate) async fn clients(
    conn: &mut PgConnection,
    tenant: Option<Uuid>,
    provider: Option<&str>,
) -> Result<Vec<ClientRow>, sqlx::Error> {
    sqlx::query_as!(
        ClientRow,
        "SELECT c.client_id, c.principal_id, p.tenant_id, p.role, p.provider_id, c.label, c.created_at, c.rotated_at, c.last_used_at,
                c.previous_until, c.revoked_at
         FROM identity.client c JOIN identity.principal p ON p.id = c.principal_id
         WHERE p.role IN ('integrator', 'provider') AND ($1::uuid IS NULL OR p.tenant_id = $1 AND p.role = 'integrator')
           AND ($2::text IS NULL OR p.provider_id = $2)
         ORDER BY c.revoked_at IS NOT NULL, c.created_at, c.client_id LIMIT 500",
        tenant,
        provider
    )
    .fetch_all(conn)
    .await
}

/// A client, held until the commit.
pub(crate) async fn hold_client(conn: &mut PgConnection, client_id: &str) -> Result<Option<ClientRow>, sqlx::Error> {
    sqlx::query_as!(
        ClientRow,
        "SELECT c.client_id, c.principal_id, p.tenant_id, p.role, p.provider_id, c.label, c.created_at, c.rotated_at, c.last_used_at,
                c.previous_until, c.revoked_at
         FROM identity.client c JOIN identity.principal p ON p.id = c.principal_id
         WHERE c.client_id = $1 AND p.role IN ('integrator', 'provider') FOR UPDATE OF c",
        client_id
    )
    .fetch_optional(conn)
    .await
}

/// Adds a client.
pub(crate) async fn add_client(conn: &mut PgConnection, new: &NewClientRow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.client (client_id, principal_id, secret_sha256, created_at, label, created_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.client_id,
        new.principal,
        new.secret_sha256.as_slice(),
        new.at,
        new.label,
        new.by
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a client a new secret; the one of before is good until then, or ends at once.
pub(crate) async fn rotate_client(
    conn: &mut PgConnection,
    client_id: &str,
    secret_sha256: &[u8; 32],
    (previous_until, now): (Option<DateTime<Utc>>, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.client
         SET previous_sha256 = CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE secret_sha256 END, previous_until = $3,
             secret_sha256 = $2, rotated_at = $4
         WHERE client_id = $1",
        client_id,
        secret_sha256.as_slice(),
        previous_until,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a client was used, once a minute at most.
pub(crate) async fn note_use(conn: &mut PgConnection, client_id: &str, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.client SET last_used_at = $2
         WHERE client_id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute')",
        client_id,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Keys of mutations, in schema `identity`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Whose key it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub tenant: Uuid,
    pub principal: Uuid,
    pub key: &'a str,
}

/// What a key was first used for.
pub(crate) struct FirstUse {
    pub operation: String,
    pub body_sha256: Vec<u8>,
    pub answer: Option<String>,
}

/// Claims the key; false when it is taken. Waits for a transaction that has claimed it and not ended.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    owner: Owner<'_>,
    operation: &str,
    body_sha256: &[u8; 32],
    (now, expires): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO identity.idempotency_key
             (tenant_id, principal_id, key, operation, body_sha256, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        owner.tenant,
        owner.principal,
        owner.key,
        operation,
        body_sha256.as_slice(),
        now,
        expires,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the key was first used for.
pub(crate) async fn first_use(conn: &mut PgConnection, owner: Owner<'_>) -> Result<Option<FirstUse>, sqlx::Error> {
    sqlx::query_as!(
        FirstUse,
        "SELECT operation, body_sha256, answer FROM identity.idempotency_key
         WHERE tenant_id = $1 AND principal_id = $2 AND key = $3",
        owner.tenant,
        owner.principal,
        owner.key,
    )
    .fetch_optional(conn)
    .await
}

/// Stores the answer that repeated calls get.
pub(crate) async fn store_answer(conn: &mut PgConnection, owner: Owner<'_>, answer: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.idempotency_key SET answer = $4
         WHERE tenant_id = $1 AND principal_id = $2 AND key = $3",
        owner.tenant,
        owner.principal,
        owner.key,
        answer,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes keys past their time, at most `limit`.
pub(crate) async fn purge(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM identity.idempotency_key WHERE (tenant_id, principal_id, key) IN
             (SELECT tenant_id, principal_id, key FROM identity.idempotency_key
              WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

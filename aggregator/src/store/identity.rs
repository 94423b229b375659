//! Schema `identity`.

pub(crate) mod clients;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A principal as stored.
pub(crate) struct PrincipalRow {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub role: String,
    pub provider_id: Option<String>,
    pub groups: Vec<String>,
    pub revision: i32,
}

/// Adds a tenant; one that exists stays as it is.
pub(crate) async fn add_tenant(
    conn: &mut PgConnection,
    id: Uuid,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.tenant (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
        id,
        name,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a principal; false when that id exists.
pub(crate) async fn add_principal(
    conn: &mut PgConnection,
    row: &PrincipalRow,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO identity.principal (id, tenant_id, role, provider_id, created_at, groups)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        row.id,
        row.tenant_id,
        row.role,
        row.provider_id,
        now,
        &row.groups
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A principal by id.
pub(crate) async fn principal(conn: &mut PgConnection, id: Uuid) -> Result<Option<PrincipalRow>, sqlx::Error> {
    sqlx::query_as!(
        PrincipalRow,
        "SELECT id, tenant_id, role, provider_id, groups, revision FROM identity.principal WHERE id = $1",
        id
    )
    .fetch_optional(conn)
    .await
}

/// Adds an API client or gives it a new secret; false when the client id belongs to another principal.
pub(crate) async fn put_client(
    conn: &mut PgConnection,
    client_id: &str,
    principal: Uuid,
    secret_sha256: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO identity.client AS c (client_id, principal_id, secret_sha256, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (client_id) DO UPDATE SET secret_sha256 = excluded.secret_sha256, previous_sha256 = NULL, previous_until = NULL
         WHERE c.principal_id = excluded.principal_id AND c.revoked_at IS NULL",
        client_id,
        principal,
        secret_sha256.as_slice(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The principal of a client with that secret that is not revoked.
pub(crate) async fn client_principal(
    conn: &mut PgConnection,
    client_id: &str,
    secret_sha256: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<PrincipalRow>, sqlx::Error> {
    sqlx::query_as!(
        PrincipalRow,
        "SELECT p.id, p.tenant_id, p.role, p.provider_id, p.groups, p.revision
         FROM identity.client c JOIN identity.principal p ON p.id = c.principal_id
         WHERE c.client_id = $1 AND c.revoked_at IS NULL
           AND (c.secret_sha256 = $2 OR c.previous_sha256 = $2 AND c.previous_until > $3)",
        client_id,
        secret_sha256.as_slice(),
        now
    )
    .fetch_optional(conn)
    .await
}

/// Revokes a client; false when there is none.
pub(crate) async fn revoke_client(
    conn: &mut PgConnection,
    client_id: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE identity.client SET revoked_at = coalesce(revoked_at, $2) WHERE client_id = $1",
        client_id,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there is that tenant.
pub(crate) async fn tenant_exists(conn: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!("SELECT 1 AS one FROM identity.tenant WHERE id = $1", id);
    Ok(found.fetch_optional(conn).await?.is_some())
}

/// When a principal was made.
pub(crate) async fn principal_since(conn: &mut PgConnection, id: Uuid) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!("SELECT created_at FROM identity.principal WHERE id = $1", id)
        .fetch_optional(conn)
        .await
}

/// A principal, held until the commit.
pub(crate) async fn hold_principal(conn: &mut PgConnection, id: Uuid) -> Result<Option<PrincipalRow>, sqlx::Error> {
    sqlx::query_as!(
        PrincipalRow,
        "SELECT id, tenant_id, role, provider_id, groups, revision FROM identity.principal WHERE id = $1 FOR UPDATE",
        id
    )
    .fetch_optional(conn)
    .await
}

/// A change of role as it is kept.
pub(crate) struct RoleChange<'a> {
    pub before: &'a PrincipalRow,
    pub after: &'a PrincipalRow,
    pub by: Uuid,
    pub reason: &'a str,
    pub at: DateTime<Utc>,
}

/// Stores a changed role with the record of the change.
pub(crate) async fn change_role(conn: &mut PgConnection, change: &RoleChange<'_>) -> Result<(), sqlx::Error> {
    let (before, after) = (change.before, change.after);
    sqlx::query!(
        "UPDATE identity.principal SET role = $2, groups = $3, revision = $4, changed_at = $5 WHERE id = $1",
        after.id,
        after.role,
        &after.groups,
        after.revision,
        change.at
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO identity.role_change (principal_id, revision, from_role, to_role, from_groups, to_groups, changed_by,
                                           reason, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        after.id,
        after.revision,
        before.role,
        after.role,
        &before.groups,
        &after.groups,
        change.by,
        change.reason,
        change.at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Principals whose role changed since then, with the revision in force.
pub(crate) async fn revisions_since(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> Result<Vec<(Uuid, i32)>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, revision FROM identity.principal WHERE changed_at > $1",
        since
    );
    Ok(rows
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(|row| (row.id, row.revision))
        .collect())
}

//! Wrapped keys, in schema `privacy_keys`: maybe another database than everything else.

use ::privacy::{RecordClass, Whose};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A tenant's key as stored.
pub(crate) struct TenantKeyRow {
    pub id: Uuid,
    pub tenant: Uuid,
    /// None once destroyed.
    pub wrapped: Option<Vec<u8>>,
    pub kek: String,
}

/// A person's key as stored.
pub(crate) struct SubjectKeyRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub subject: Uuid,
    pub class: String,
    /// None once destroyed.
    pub wrapped: Option<Vec<u8>>,
    pub wrapped_by: Uuid,
    pub changed_at: DateTime<Utc>,
}

/// The key of that kind that a tenant uses now.
pub(crate) async fn active_tenant_key(
    conn: &mut PgConnection,
    tenant: Uuid,
    kind: &str,
) -> Result<Option<TenantKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        TenantKeyRow,
        "select id, tenant, wrapped, kek from privacy_keys.tenant_key
         where tenant = $1 and kind = $2 and state = 'ACTIVE'",
        tenant,
        kind,
    )
    .fetch_optional(conn)
    .await
}

/// A tenant's key by name.
pub(crate) async fn tenant_key(conn: &mut PgConnection, id: Uuid) -> Result<Option<TenantKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        TenantKeyRow,
        "select id, tenant, wrapped, kek from privacy_keys.tenant_key where id = $1",
        id,
    )
    .fetch_optional(conn)
    .await
}

/// Adds a tenant's key, unless another process was first.
pub(crate) async fn add_tenant_key(
    conn: &mut PgConnection,
    row: &TenantKeyRow,
    kind: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy_keys.tenant_key (id, tenant, kind, state, wrapped, kek, created_at, changed_at)
         values ($1, $2, $3, 'ACTIVE', $4, $5, $6, $6) on conflict do nothing",
        row.id,
        row.tenant,
        kind,
        row.wrapped,
        row.kek,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the use of a tenant's key for new wrapping.
pub(crate) async fn retire_tenant_key(
    conn: &mut PgConnection,
    tenant: Uuid,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update privacy_keys.tenant_key set state = 'RETIRED', changed_at = $2
         where tenant = $1 and kind = 'WRAP' and state = 'ACTIVE'",
        tenant,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Destroys a retired tenant key that wraps nothing any more; answers how many.
pub(crate) async fn destroy_unused_tenant_keys(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update privacy_keys.tenant_key t set state = 'DESTROYED', wrapped = null, changed_at = $1
         where t.state = 'RETIRED' and t.kind = 'WRAP' and not exists (
             select 1 from privacy_keys.subject_key s where s.wrapped_by = t.id and s.state <> 'DESTROYED')",
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Tenant keys that another key of keys than the newest wrapped.
pub(crate) async fn tenant_keys_to_rewrap(
    conn: &mut PgConnection,
    newest: &str,
    limit: i64,
) -> Result<Vec<TenantKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        TenantKeyRow,
        "select id, tenant, wrapped, kek from privacy_keys.tenant_key
         where kek <> $1 and state <> 'DESTROYED' order by id limit $2",
        newest,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Stores a tenant's key wrapped anew, unless somebody else did.
pub(crate) async fn rewrap_tenant_key(
    conn: &mut PgConnection,
    row: &TenantKeyRow,
    (wrapped, kek): (&[u8], &str),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy_keys.tenant_key set wrapped = $2, kek = $3, changed_at = $4
         where id = $1 and kek = $5 and state <> 'DESTROYED'",
        row.id,
        wrapped,
        kek,
        now,
        row.kek,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The key that a person's values of a class are sealed by now.
pub(crate) async fn active_subject_key(
    conn: &mut PgConnection,
    whose: Whose,
    class: RecordClass,
) -> Result<Option<SubjectKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        SubjectKeyRow,
        "select id, tenant, subject, class, wrapped, wrapped_by, changed_at from privacy_keys.subject_key
         where tenant = $1 and subject = $2 and class = $3 and state = 'ACTIVE'",
        whose.tenant,
        whose.subject,
        class.as_str(),
    )
    .fetch_optional(conn)
    .await
}

/// A person's key by name.
pub(crate) async fn subject_key(conn: &mut PgConnection, id: Uuid) -> Result<Option<SubjectKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        SubjectKeyRow,
        "select id, tenant, subject, class, wrapped, wrapped_by, changed_at from privacy_keys.subject_key where id = $1",
        id,
    )
    .fetch_optional(conn)
    .await
}

/// Adds a person's key, unless another process was first.
pub(crate) async fn add_subject_key(
    conn: &mut PgConnection,
    row: &SubjectKeyRow,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy_keys.subject_key (id, tenant, subject, class, state, wrapped, wrapped_by, created_at, changed_at)
         values ($1, $2, $3, $4, 'ACTIVE', $5, $6, $7, $7) on conflict do nothing",
        row.id,
        row.tenant,
        row.subject,
        row.class,
        row.wrapped,
        row.wrapped_by,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// People's keys that a retired tenant key wraps.
pub(crate) async fn subject_keys_to_rewrap(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<SubjectKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        SubjectKeyRow,
        "select s.id, s.tenant, s.subject, s.class, s.wrapped, s.wrapped_by, s.changed_at from privacy_keys.subject_key s
         join privacy_keys.tenant_key t on t.id = s.wrapped_by and t.state = 'RETIRED'
         where s.state <> 'DESTROYED' order by s.id limit $1",
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Stores a person's key wrapped anew, unless it was destroyed meanwhile.
pub(crate) async fn rewrap_subject_key(
    conn: &mut PgConnection,
    row: &SubjectKeyRow,
    (wrapped, by): (&[u8], Uuid),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy_keys.subject_key set wrapped = $2, wrapped_by = $3, changed_at = $4
         where id = $1 and wrapped_by = $5 and state <> 'DESTROYED'",
        row.id,
        wrapped,
        by,
        now,
        row.wrapped_by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the use of a person's keys for sealing; what they sealed is sealed again by and by.
pub(crate) async fn retire_subject_keys(
    conn: &mut PgConnection,
    whose: Whose,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update privacy_keys.subject_key set state = 'RETIRED', changed_at = $3
         where tenant = $1 and subject = $2 and state = 'ACTIVE'",
        whose.tenant,
        whose.subject,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Retired keys of people.
pub(crate) async fn retired_subject_keys(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<SubjectKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        SubjectKeyRow,
        "select id, tenant, subject, class, wrapped, wrapped_by, changed_at from privacy_keys.subject_key
         where state = 'RETIRED' order by id limit $1",
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Destroys keys of a person for good: those of a class, or one; answers how many.
pub(crate) async fn destroy_subject_keys(
    conn: &mut PgConnection,
    whose: Whose,
    (class, only): (RecordClass, Option<Uuid>),
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update privacy_keys.subject_key set state = 'DESTROYED', wrapped = null, changed_at = $4
         where tenant = $1 and subject = $2 and class = $3 and state <> 'DESTROYED' and ($5::uuid is null or id = $5)",
        whose.tenant,
        whose.subject,
        class.as_str(),
        now,
        only,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

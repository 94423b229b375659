//! Sealed values and what was read of them.

use ::privacy::{BlindIndex, Exposure, Field, Place, RecordClass, Whose};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A sealed value as stored.
pub(crate) struct FieldRow {
    pub table_name: String,
    pub column_name: String,
    pub row_id: Uuid,
    pub version: i32,
    pub tenant: Uuid,
    pub subject: Uuid,
    pub class: String,
    pub country: String,
    /// None once erased.
    pub sealed: Option<Vec<u8>>,
    pub recorded_at: DateTime<Utc>,
}

impl FieldRow {
    pub(crate) fn whose(&self) -> Whose {
        Whose {
            tenant: self.tenant,
            subject: self.subject,
        }
    }
}

/// Stores a sealed value.
pub(crate) async fn add_field(
    conn: &mut PgConnection,
    (whose, place, country): (Whose, Place, &str),
    (key, sealed): (Uuid, &[u8]),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy.field (table_name, column_name, row_id, version, tenant, subject, class, country, key_id, sealed,
                                    recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        place.field.table,
        place.field.column,
        place.row,
        place.version.cast_signed(),
        whose.tenant,
        whose.subject,
        place.field.class.as_str(),
        country,
        key,
        sealed,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest version of a value.
pub(crate) async fn field(conn: &mut PgConnection, field: &Field, row: Uuid) -> Result<Option<FieldRow>, sqlx::Error> {
    sqlx::query_as!(
        FieldRow,
        "select table_name, column_name, row_id, version, tenant, subject, class, country, sealed, recorded_at
         from privacy.field where table_name = $1 and column_name = $2 and row_id = $3 order by version desc limit 1",
        field.table,
        field.column,
        row,
    )
    .fetch_optional(conn)
    .await
}

/// Every value of a person that is not erased, oldest first.
pub(crate) async fn fields_of(conn: &mut PgConnection, whose: Whose) -> Result<Vec<FieldRow>, sqlx::Error> {
    sqlx::query_as!(
        FieldRow,
        "select table_name, column_name, row_id, version, tenant, subject, class, country, sealed, recorded_at
         from privacy.field where subject = $1 and tenant = $2 and sealed is not null
         order by recorded_at, table_name, column_name, row_id, version",
        whose.subject,
        whose.tenant,
    )
    .fetch_all(conn)
    .await
}

/// Values that are kept, oldest first, recorded before a day, from after a place in the list.
pub(crate) async fn kept_fields(
    conn: &mut PgConnection,
    (class, country): (&str, &str),
    (before, after): (DateTime<Utc>, (DateTime<Utc>, Uuid)),
    limit: i64,
) -> Result<Vec<FieldRow>, sqlx::Error> {
    sqlx::query_as!(
        FieldRow,
        "select table_name, column_name, row_id, version, tenant, subject, class, country, sealed, recorded_at
         from privacy.field where sealed is not null and class = $1 and country = $2 and recorded_at <= $3
             and (recorded_at, row_id) > ($4, $5) order by recorded_at, row_id limit $6",
        class,
        country,
        before,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Classes and countries that something is kept of.
pub(crate) async fn kept_kinds(conn: &mut PgConnection) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query!("select distinct class, country from privacy.field where sealed is not null order by 1, 2")
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.class, row.country)).collect())
}

/// Values that one key sealed.
pub(crate) async fn fields_by_key(
    conn: &mut PgConnection,
    key: Uuid,
    limit: i64,
) -> Result<Vec<FieldRow>, sqlx::Error> {
    sqlx::query_as!(
        FieldRow,
        "select table_name, column_name, row_id, version, tenant, subject, class, country, sealed, recorded_at
         from privacy.field where key_id = $1 and sealed is not null order by recorded_at, row_id limit $2",
        key,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Stores a value sealed by another key, unless it was erased meanwhile.
pub(crate) async fn reseal_field(
    conn: &mut PgConnection,
    row: &FieldRow,
    (key, sealed): (Uuid, &[u8]),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy.field set key_id = $5, sealed = $6
         where table_name = $1 and column_name = $2 and row_id = $3 and version = $4 and sealed is not null and key_id <> $5",
        row.table_name,
        row.column_name,
        row.row_id,
        row.version,
        key,
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes one value away for good.
pub(crate) async fn erase_field(
    conn: &mut PgConnection,
    row: &FieldRow,
    (why, now): (&str, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update privacy.field set sealed = null, erased_at = $5, erased_why = $6
         where table_name = $1 and column_name = $2 and row_id = $3 and version = $4 and sealed is not null",
        row.table_name,
        row.column_name,
        row.row_id,
        row.version,
        now,
        why,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from privacy.blind_index where subject = $1 and tenant = $2 and table_name = $3 and row_id = $4 and class = $5",
        row.subject,
        row.tenant,
        row.table_name,
        row.row_id,
        row.class,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes every value of a class away for good, with the blind indexes; answers how many values.
pub(crate) async fn erase_class(
    conn: &mut PgConnection,
    (whose, class): (Whose, RecordClass),
    (why, now): (&str, DateTime<Utc>),
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "update privacy.field set sealed = null, erased_at = $4, erased_why = $5
         where subject = $1 and tenant = $2 and class = $3 and sealed is not null",
        whose.subject,
        whose.tenant,
        class.as_str(),
        now,
        why,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from privacy.blind_index where subject = $1 and tenant = $2 and class = $3",
        whose.subject,
        whose.tenant,
        class.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whether any value of a class is still there.
pub(crate) async fn any_left(conn: &mut PgConnection, whose: Whose, class: RecordClass) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from privacy.field
           where subject = $1 and tenant = $2 and class = $3 and sealed is not null) as "left!""#,
        whose.subject,
        whose.tenant,
        class.as_str(),
    )
    .fetch_one(conn)
    .await
}

/// Stores a blind index of a row.
pub(crate) async fn add_blind_index(
    conn: &mut PgConnection,
    (whose, place): (Whose, Place),
    value: BlindIndex,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy.blind_index (tenant, table_name, column_name, value, row_id, subject, class)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        whose.tenant,
        place.field.table,
        place.field.column,
        value.0.as_slice(),
        place.row,
        whose.subject,
        place.field.class.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Rows of a tenant with that value; a truncated hash may bring one too many, so the values are compared after.
pub(crate) async fn rows_with(
    conn: &mut PgConnection,
    tenant: Uuid,
    field: &Field,
    value: BlindIndex,
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select row_id, subject from privacy.blind_index
         where tenant = $1 and table_name = $2 and column_name = $3 and value = $4 order by row_id limit 100",
        tenant,
        field.table,
        field.column,
        value.0.as_slice(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.row_id, row.subject)).collect())
}

/// Notes that a value was read in clear.
pub(crate) async fn add_exposure(
    conn: &mut PgConnection,
    row: &FieldRow,
    (exposure, by): (Exposure, &str),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into privacy.exposure (tenant, subject, table_name, column_name, row_id, purpose, by, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        row.tenant,
        row.subject,
        row.table_name,
        row.column_name,
        row.row_id,
        exposure.purpose.as_str(),
        by,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

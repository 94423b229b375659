//! What was counted of the people who apply, by hours, and the level that was told last.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::risk::drift::DriftLevel;
use crate::store::{Unreadable, corrupt, from_json};

/// Writes what a process counted in an hour; the same hour again replaces it.
pub(crate) async fn put_drift(
    conn: &mut PgConnection,
    (digest, hour, process): (&[u8; 32], DateTime<Utc>, Uuid),
    counts: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.drift (digest, hour, process_id, counts) values ($1, $2, $3, $4)
         on conflict (digest, hour, process_id) do update set counts = excluded.counts",
        &digest[..],
        hour,
        process,
        counts,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What all processes counted since then.
pub(crate) async fn drift_counts(
    conn: &mut PgConnection,
    digest: &[u8; 32],
    since: DateTime<Utc>,
) -> Result<Vec<Vec<u64>>, Error> {
    let rows = sqlx::query_scalar!(
        "select counts from risk.drift where digest = $1 and hour >= $2",
        &digest[..],
        since,
    )
    .fetch_all(conn)
    .await?;
    rows.iter().map(|text| from_json(text)).collect()
}

/// Forgets counts that no window needs any more.
pub(crate) async fn forget_drift(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from risk.drift where hour < $1", before)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// The level that was told last of the score (`SCORE`) or a feature.
#[derive(Clone, Debug)]
pub(crate) struct LevelRow {
    pub subject: String,
    pub level: DriftLevel,
    pub value_ppm: i64,
    pub uid: Uuid,
    pub version: i32,
    pub changed_at: DateTime<Utc>,
}

/// Every level that was told of a model.
pub(crate) async fn drift_levels(conn: &mut PgConnection, digest: &[u8; 32]) -> Result<Vec<LevelRow>, Error> {
    let rows = sqlx::query!(
        "select subject, level, value_ppm, uid, version, changed_at from risk.drift_level where digest = $1 order by subject",
        &digest[..],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(LevelRow {
                subject: row.subject,
                level: DriftLevel::parse(&row.level).ok_or_else(|| corrupt(Unreadable("level of drift")))?,
                value_ppm: row.value_ppm,
                uid: row.uid,
                version: row.version,
                changed_at: row.changed_at,
            })
        })
        .collect()
}

/// Stores a changed level, unless another process did; false when it did.
pub(crate) async fn change_level(
    conn: &mut PgConnection,
    digest: &[u8; 32],
    row: &LevelRow,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into risk.drift_level as l (digest, subject, level, value_ppm, uid, version, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (digest, subject) do update set level = excluded.level, value_ppm = excluded.value_ppm,
             version = excluded.version, changed_at = excluded.changed_at
         where l.version = excluded.version - 1",
        &digest[..],
        row.subject,
        row.level.as_str(),
        row.value_ppm,
        row.uid,
        row.version,
        row.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether drift of the champion says ACT, of its score or any feature.
pub(crate) async fn champion_acts(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from risk.drift_level l join risk.model m on m.digest = l.digest
                          where m.state = 'CHAMPION' and l.level = 'ACT') as "acts!""#
    )
    .fetch_one(conn)
    .await
}

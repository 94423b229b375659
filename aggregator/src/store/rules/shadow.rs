//! What a proposed set would have decided.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// How far a shadow run is.
#[derive(Clone, Debug)]
pub(crate) struct ShadowRow {
    pub publication_id: Uuid,
    pub since: DateTime<Utc>,
    pub cursor_at: DateTime<Utc>,
    pub cursor_id: Uuid,
    pub decided: i64,
    pub differing: i64,
    pub failed: i64,
}

/// Begins a run; a run that began before stays as it is.
pub(crate) async fn begin(conn: &mut PgConnection, publication: Uuid, since: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into rules.shadow (publication_id, since, cursor_at, cursor_id)
         values ($1, $2, $2, '00000000-0000-0000-0000-000000000000') on conflict do nothing",
        publication,
        since
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The run of a publication.
pub(crate) async fn of(conn: &mut PgConnection, publication: Uuid) -> Result<Option<ShadowRow>, sqlx::Error> {
    sqlx::query_as!(
        ShadowRow,
        "select publication_id, since, cursor_at, cursor_id, decided, differing, failed
         from rules.shadow where publication_id = $1",
        publication
    )
    .fetch_optional(conn)
    .await
}

/// A run of a publication that still waits to be decided, held; one that another process works on is left to it.
pub(crate) async fn hold_open(conn: &mut PgConnection, publication: Uuid) -> Result<Option<ShadowRow>, sqlx::Error> {
    sqlx::query_as!(
        ShadowRow,
        "select s.publication_id, s.since, s.cursor_at, s.cursor_id, s.decided, s.differing, s.failed
         from rules.shadow s join rules.publication p on p.id = s.publication_id
         where p.id = $1 and p.state = 'PROPOSED' for update of s skip locked",
        publication
    )
    .fetch_optional(conn)
    .await
}

/// Publications that wait to be decided and run beside.
pub(crate) async fn open(conn: &mut PgConnection) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select p.id, p.sha256 from rules.shadow s join rules.publication p on p.id = s.publication_id
         where p.state = 'PROPOSED' order by p.proposed_at"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.sha256)).collect())
}

/// Stores how far a run is now.
pub(crate) async fn advance(conn: &mut PgConnection, row: &ShadowRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update rules.shadow set cursor_at = $2, cursor_id = $3, decided = $4, differing = $5, failed = $6
         where publication_id = $1",
        row.publication_id,
        row.cursor_at,
        row.cursor_id,
        row.decided,
        row.differing,
        row.failed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a difference.
pub(crate) async fn add_difference(
    conn: &mut PgConnection,
    publication: Uuid,
    (decision, kind, difference): (Uuid, &str, &str),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into rules.shadow_difference (publication_id, decision_id, kind, difference) values ($1, $2, $3, $4)
         on conflict do nothing",
        publication,
        decision,
        kind,
        difference
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A difference as stored.
pub(crate) struct DifferenceRow {
    pub decision_id: Uuid,
    pub kind: String,
    pub difference: String,
}

/// Differences of a run, by decision.
pub(crate) async fn differences(
    conn: &mut PgConnection,
    publication: Uuid,
    limit: i64,
) -> Result<Vec<DifferenceRow>, sqlx::Error> {
    sqlx::query_as!(
        DifferenceRow,
        "select decision_id, kind, difference from rules.shadow_difference
         where publication_id = $1 order by decision_id limit $2",
        publication,
        limit
    )
    .fetch_all(conn)
    .await
}

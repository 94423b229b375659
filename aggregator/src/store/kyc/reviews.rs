//! Reviews by people, and the steps of sessions.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A review.
#[derive(Clone, Debug)]
pub(crate) struct ReviewRow {
    pub id: Uuid,
    pub session_id: Uuid,
    pub verdict: String,
    pub state: String,
    pub note: String,
    pub proposed_by: Uuid,
    pub proposed_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_note: Option<String>,
}

/// Opens a review.
pub(crate) async fn add_review(conn: &mut PgConnection, row: &ReviewRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into kyc.review (id, session_id, verdict, state, note, proposed_by, proposed_at)
         values ($1, $2, $3, 'OPEN', $4, $5, $6)",
        row.id,
        row.session_id,
        row.verdict,
        row.note,
        row.proposed_by,
        row.proposed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A review, held until the commit.
pub(crate) async fn hold_review(conn: &mut PgConnection, id: Uuid) -> Result<Option<ReviewRow>, sqlx::Error> {
    sqlx::query_as!(
        ReviewRow,
        "select id, session_id, verdict, state, note, proposed_by, proposed_at, decided_by, decided_at, decision_note
         from kyc.review where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await
}

/// The newest review of a session.
pub(crate) async fn newest_review(conn: &mut PgConnection, session: Uuid) -> Result<Option<ReviewRow>, sqlx::Error> {
    sqlx::query_as!(
        ReviewRow,
        "select id, session_id, verdict, state, note, proposed_by, proposed_at, decided_by, decided_at, decision_note
         from kyc.review where session_id = $1 order by proposed_at desc, id desc limit 1",
        session
    )
    .fetch_optional(conn)
    .await
}

/// The review of a session that waits.
pub(crate) async fn open_review(conn: &mut PgConnection, session: Uuid) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from kyc.review where session_id = $1 and state = 'OPEN'",
        session
    )
    .fetch_optional(conn)
    .await
}

/// Stores what was decided.
pub(crate) async fn decide_review(conn: &mut PgConnection, row: &ReviewRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update kyc.review set state = $2, decided_by = $3, decided_at = $4, decision_note = $5 where id = $1",
        row.id,
        row.state,
        row.decided_by,
        row.decided_at,
        row.decision_note,
    )
    .execute(conn)
    .await?;
    Ok(())
}

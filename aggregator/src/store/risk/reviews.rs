//! Reviews of decisions by people.

use chrono::{DateTime, Utc};
use domain::ids::{PrincipalId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::risk::reviews::ReviewState;
use crate::store::{Unreadable, corrupt};

/// A review.
#[derive(Clone, Debug)]
pub(crate) struct ReviewRow {
    pub id: Uuid,
    pub decision: Uuid,
    pub request: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub state: ReviewState,
    pub version: i32,
    pub opened_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
    pub cleared_until: Option<DateTime<Utc>>,
}

struct Raw {
    id: Uuid,
    decision_id: Uuid,
    request_id: Uuid,
    tenant: Uuid,
    borrower: Uuid,
    state: String,
    version: i32,
    opened_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    note: Option<String>,
    cleared_until: Option<DateTime<Utc>>,
}

impl TryFrom<Raw> for ReviewRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            decision: raw.decision_id,
            request: raw.request_id,
            tenant: raw.tenant,
            borrower: raw.borrower,
            state: ReviewState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("state of a review")))?,
            version: raw.version,
            opened_at: raw.opened_at,
            decided_by: raw.decided_by,
            decided_at: raw.decided_at,
            note: raw.note,
            cleared_until: raw.cleared_until,
        })
    }
}

/// Opens a review.
pub(crate) async fn add_review(conn: &mut PgConnection, row: &ReviewRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.review (id, decision_id, request_id, tenant, borrower, state, version, opened_at)
         values ($1, $2, $3, $4, $5, 'OPEN', 1, $6)",
        row.id,
        row.decision,
        row.request,
        row.tenant,
        row.borrower,
        row.opened_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A review.
pub(crate) async fn review(conn: &mut PgConnection, id: Uuid) -> Result<Option<ReviewRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, decision_id, request_id, tenant, borrower, state, version, opened_at, decided_by, decided_at, note,
                cleared_until
         from risk.review where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(ReviewRow::try_from).transpose()
}

/// A review, held until the commit.
pub(crate) async fn hold_review(conn: &mut PgConnection, id: Uuid) -> Result<Option<ReviewRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, decision_id, request_id, tenant, borrower, state, version, opened_at, decided_by, decided_at, note,
                cleared_until
         from risk.review where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(ReviewRow::try_from).transpose()
}

/// Reviews in that state, the oldest open ones first, the newest decided ones first; all states and tenants when none is named.
pub(crate) async fn reviews(
    conn: &mut PgConnection,
    (state, tenant): (Option<ReviewState>, Option<TenantId>),
    first: i64,
) -> Result<Vec<ReviewRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, decision_id, request_id, tenant, borrower, state, version, opened_at, decided_by, decided_at, note,
                cleared_until
         from risk.review where ($1::text is null or state = $1) and ($3::uuid is null or tenant = $3)
         order by state <> 'OPEN', case state when 'OPEN' then opened_at end, opened_at desc limit $2",
        state.map(ReviewState::as_str),
        first,
        tenant.map(|tenant| tenant.0),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ReviewRow::try_from).collect()
}

/// The review of a decision.
pub(crate) async fn review_of(conn: &mut PgConnection, decision: Uuid) -> Result<Option<ReviewRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, decision_id, request_id, tenant, borrower, state, version, opened_at, decided_by, decided_at, note,
                cleared_until
         from risk.review where decision_id = $1",
        decision
    )
    .fetch_optional(conn)
    .await?;
    row.map(ReviewRow::try_from).transpose()
}

/// Stores what was decided.
pub(crate) async fn decide_review(conn: &mut PgConnection, row: &ReviewRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update risk.review set state = $2, version = $3, decided_by = $4, decided_at = $5, note = $6, cleared_until = $7
         where id = $1",
        row.id,
        row.state.as_str(),
        row.version,
        row.decided_by,
        row.decided_at,
        row.note,
        row.cleared_until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Until when the last word of an officer about a borrower clears it; none when it does not.
pub(crate) async fn cleared_until(
    conn: &mut PgConnection,
    (tenant, borrower): (TenantId, PrincipalId),
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let last = sqlx::query_scalar!(
        "select cleared_until from risk.review where tenant = $1 and borrower = $2 and state <> 'OPEN'
         order by decided_at desc limit 1",
        tenant.0,
        borrower.0,
    );
    Ok(last.fetch_optional(conn).await?.flatten())
}

//! What has to be done by when.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::RequestId;
use sqlx::PgConnection;
use uuid::Uuid;

/// An obligation.
#[derive(Clone, Debug)]
pub(crate) struct ObligationRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub request_id: Uuid,
    pub code: String,
    pub rule_id: String,
    pub rule_version: i32,
    pub rule_set: String,
    pub retention: String,
    pub facts: String,
    pub opened_at: DateTime<Utc>,
    pub ready_at: DateTime<Utc>,
    pub due_on: NaiveDate,
    pub state: String,
    pub version: i32,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_why: Option<String>,
    pub document_id: Option<Uuid>,
}

/// Opens an obligation; false when the request has it already.
pub(crate) async fn open(conn: &mut PgConnection, row: &ObligationRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into rules.obligation (id, tenant, borrower, request_id, code, rule_id, rule_version, rule_set, retention, facts,
                                       opened_at, ready_at, due_on, state, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'OPEN', 1)
         on conflict on constraint obligation_once do nothing",
        row.id,
        row.tenant,
        row.borrower,
        row.request_id,
        row.code,
        row.rule_id,
        row.rule_version,
        row.rule_set,
        row.retention,
        row.facts,
        row.opened_at,
        row.ready_at,
        row.due_on,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Open obligations that can be done now, the most urgent first.
pub(crate) async fn ready(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from rules.obligation where state = 'OPEN' and ready_at <= $1 order by due_on, id limit $2",
        now,
        limit
    )
    .fetch_all(conn)
    .await
}

/// An open obligation, held; none when it is closed or another process does it.
pub(crate) async fn hold(conn: &mut PgConnection, id: Uuid) -> Result<Option<ObligationRow>, sqlx::Error> {
    sqlx::query_as!(
        ObligationRow,
        "select id, tenant, borrower, request_id, code, rule_id, rule_version, rule_set, retention, facts, opened_at, ready_at,
                due_on, state, version, closed_at, closed_why, document_id
         from rules.obligation where id = $1 and state = 'OPEN' for update skip locked",
        id
    )
    .fetch_optional(conn)
    .await
}

/// Closes an obligation by its document.
pub(crate) async fn done(
    conn: &mut PgConnection,
    (id, document): (Uuid, Uuid),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update rules.obligation set state = 'DONE', version = version + 1, closed_at = $3, closed_why = 'notice given',
                document_id = $2
         where id = $1",
        id,
        document,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the open obligations of a request without a document; answers ids and new versions.
pub(crate) async fn lapse(
    conn: &mut PgConnection,
    request: RequestId,
    why: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, i32, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "update rules.obligation set state = 'LAPSED', version = version + 1, closed_at = $3, closed_why = $2
         where request_id = $1 and state = 'OPEN' returning id, version, code",
        request.0,
        why,
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.version, row.code)).collect())
}

/// Which obligations to list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub state: Option<&'a str>,
    pub request: Option<Uuid>,
}

/// Obligations, the most urgent first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    wanted: Wanted<'_>,
    limit: i64,
) -> Result<Vec<ObligationRow>, sqlx::Error> {
    sqlx::query_as!(
        ObligationRow,
        "select id, tenant, borrower, request_id, code, rule_id, rule_version, rule_set, retention, facts, opened_at, ready_at,
                due_on, state, version, closed_at, closed_why, document_id
         from rules.obligation
         where ($1::text is null or state = $1) and ($2::uuid is null or request_id = $2)
         order by due_on, id limit $3",
        wanted.state,
        wanted.request,
        limit
    )
    .fetch_all(conn)
    .await
}

/// How many open obligations have passed their day.
pub(crate) async fn overdue(conn: &mut PgConnection, today: NaiveDate) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar!(
        "select count(*) from rules.obligation where state = 'OPEN' and due_on < $1",
        today
    )
    .fetch_one(conn)
    .await?;
    Ok(count.unwrap_or(0))
}

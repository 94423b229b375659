//! Schema `compliance`: decisions with the facts they were made from.

use chrono::{DateTime, Utc};
use domain::ids::{DecisionId, RequestId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::decisions::Decided;

/// Stores decisions in the caller's transaction.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    request: RequestId,
    stage: &str,
    decisions: &[Decided],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if decisions.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = decisions.iter().map(|d| d.id.0).collect();
    let subjects: Vec<Uuid> = decisions.iter().map(|d| d.subject).collect();
    let kinds: Vec<String> = decisions.iter().map(|d| d.kind.as_str().to_owned()).collect();
    let facts: Vec<String> = decisions.iter().map(|d| d.facts.clone()).collect();
    let screenings: Vec<Option<String>> = decisions.iter().map(|d| d.screening.clone()).collect();
    let results: Vec<String> = decisions.iter().map(|d| d.result.clone()).collect();
    sqlx::query!(
        "INSERT INTO compliance.decision (id, request_id, subject_id, kind, stage, facts, screening, result, decided_at)
         SELECT id, $1, subject, kind, $2, facts, screening, result, $3
         FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[])
              AS d (id, subject, kind, facts, screening, result)",
        request.0,
        stage,
        now,
        &ids,
        &subjects,
        &kinds,
        &facts,
        &screenings as &[Option<String>],
        &results,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A decision as stored.
pub(crate) struct DecisionRow {
    pub id: Uuid,
    pub kind: String,
    pub facts: String,
    pub screening: Option<String>,
    pub result: String,
}

/// Every decision about a request, oldest first.
pub(crate) async fn of_request(conn: &mut PgConnection, request: RequestId) -> Result<Vec<DecisionRow>, sqlx::Error> {
    sqlx::query_as!(
        DecisionRow,
        "SELECT id, kind, facts, screening, result FROM compliance.decision
         WHERE request_id = $1 ORDER BY decided_at, id",
        request.0
    )
    .fetch_all(conn)
    .await
}

/// A decision about risk, with what it belongs to.
pub(crate) struct RecordRow {
    pub id: Uuid,
    pub request_id: Uuid,
    pub facts: String,
    pub result: String,
    pub decided_at: DateTime<Utc>,
}

/// One decision about risk.
pub(crate) async fn one(conn: &mut PgConnection, id: DecisionId) -> Result<Option<RecordRow>, sqlx::Error> {
    sqlx::query_as!(
        RecordRow,
        "SELECT id, request_id, facts, result, decided_at FROM compliance.decision WHERE id = $1 AND kind = 'RISK'",
        id.0
    )
    .fetch_optional(conn)
    .await
}

/// Decisions about risk, newest first: those before that one, of that request when one is named.
pub(crate) async fn of_risk(
    conn: &mut PgConnection,
    (before, request, tenant): (Option<Uuid>, Option<RequestId>, Option<TenantId>),
    first: i64,
) -> Result<Vec<RecordRow>, sqlx::Error> {
    sqlx::query_as!(
        RecordRow,
        "SELECT id, request_id, facts, result, decided_at FROM compliance.decision
         WHERE kind = 'RISK' AND ($1::uuid IS NULL OR id < $1) AND ($2::uuid IS NULL OR request_id = $2)
           AND ($4::uuid IS NULL OR EXISTS (SELECT 1 FROM quoting.request r WHERE r.id = request_id AND r.tenant_id = $4))
         ORDER BY id DESC LIMIT $3",
        before,
        request.map(|request| request.0),
        first,
        tenant.map(|tenant| tenant.0),
    )
    .fetch_all(conn)
    .await
}

/// The result of a decision.
pub(crate) struct ResultRow {
    pub result: String,
    pub decided_at: DateTime<Utc>,
}

/// Results of one kind of decisions about a request, oldest first.
pub(crate) async fn results_of(
    conn: &mut PgConnection,
    request: RequestId,
    kind: &str,
) -> Result<Vec<ResultRow>, sqlx::Error> {
    sqlx::query_as!(
        ResultRow,
        "SELECT result, decided_at FROM compliance.decision
         WHERE request_id = $1 AND kind = $2 ORDER BY decided_at, id",
        request.0,
        kind
    )
    .fetch_all(conn)
    .await
}

/// A decision of the rules, with all that it was made from.
pub(crate) struct RulesRow {
    pub id: Uuid,
    pub kind: String,
    pub facts: String,
    pub screening: Option<String>,
    pub result: String,
    pub decided_at: DateTime<Utc>,
}

/// Decisions of the rules after a place in time and up to another, oldest first.
pub(crate) async fn of_rules_after(
    conn: &mut PgConnection,
    (at, id): (DateTime<Utc>, Uuid),
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RulesRow>, sqlx::Error> {
    sqlx::query_as!(
        RulesRow,
        "SELECT id, kind, facts, screening, result, decided_at FROM compliance.decision
         WHERE kind IN ('REQUEST', 'OFFER', 'ACCEPTANCE') AND (decided_at, id) > ($1, $2) AND decided_at <= $3
         ORDER BY decided_at, id LIMIT $4",
        at,
        id,
        until,
        limit
    )
    .fetch_all(conn)
    .await
}

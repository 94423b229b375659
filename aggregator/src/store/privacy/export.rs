//! What is stored of a person outside of sealed values, as JSON by the columns' own names, one function per schema.

use ::privacy::Whose;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// Requests, their offers and decisions.
pub(crate) async fn export_requests(conn: &mut PgConnection, whose: Whose) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(json_agg(x order by x.created_at, x.id), '[]')::text as "json!" from (
           select r.id, r.state, r.created_at, r.body::jsonb #- '{request,applicant}' as body, r.accepted_quote,
               (select coalesce(json_agg(json_build_object('id', q.id, 'position', q.position, 'quote', q.body::jsonb)
                   order by q.position), '[]') from quoting.quote q where q.request_id = r.id) as quotes
           from quoting.request r where r.tenant_id = $1 and r.borrower_id = $2) x"#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

/// Ids of the person's requests.
pub(crate) async fn request_ids(conn: &mut PgConnection, whose: Whose) -> Result<Vec<uuid::Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from quoting.request where tenant_id = $1 and borrower_id = $2 order by created_at, id",
        whose.tenant,
        whose.subject,
    )
    .fetch_all(conn)
    .await
}

/// Decisions about those requests: the facts, and outcome and reasons. What fraud checks and screening found is not told.
pub(crate) async fn export_decisions(conn: &mut PgConnection, requests: &[uuid::Uuid]) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(json_agg(x order by x.decided_at, x.id), '[]')::text as "json!" from (
           select id, request_id, kind, stage, decided_at, facts::jsonb - 'fraud' as facts,
               json_build_object('outcome', result::jsonb -> 'outcome', 'reasons', result::jsonb -> 'reasons') as result
           from compliance.decision where request_id = any($1)) x"#,
        requests,
    )
    .fetch_one(conn)
    .await
}

/// Limits and reviews.
pub(crate) async fn export_risk(conn: &mut PgConnection, whose: Whose) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select json_build_object(
             'limits', (select coalesce(json_agg(a), '[]') from risk.limit_account a where a.tenant = $1 and a.borrower = $2),
             'reviews', (select coalesce(json_agg(json_build_object('id', v.id, 'request', v.request_id, 'state', v.state,
                 'openedAt', v.opened_at, 'decidedAt', v.decided_at)), '[]')
                 from risk.review v where v.tenant = $1 and v.borrower = $2))::text as "json!""#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

/// Agreed credits, loans, what is due, payments, positions at pools.
pub(crate) async fn export_lending(conn: &mut PgConnection, whose: Whose) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select json_build_object(
             'settlements', (select coalesce(json_agg(json_build_object('id', s.id, 'state', s.state, 'createdAt', s.created_at,
                 'quote', s.quote::jsonb, 'intent', s.intent::jsonb, 'lenderRef', s.lender_ref) order by s.created_at), '[]')
                 from lending.settlement s where s.tenant = $1 and s.borrower = $2),
             'loans', (select coalesce(json_agg(l order by l.created_at), '[]')
                 from lending.loan l where l.tenant = $1 and l.borrower = $2),
             'installments', (select coalesce(json_agg(i order by i.loan_id, i.number), '[]')
                 from lending.installment i join lending.loan l on l.id = i.loan_id where l.tenant = $1 and l.borrower = $2),
             'repayments', (select coalesce(json_agg(p order by p.paid_at), '[]')
                 from lending.repayment p join lending.loan l on l.id = p.loan_id where l.tenant = $1 and l.borrower = $2),
             'venuePositions', (select coalesce(json_agg(v), '[]')
                 from lending.venue_position v join lending.loan l on l.id = v.loan_id where l.tenant = $1 and l.borrower = $2)
           )::text as "json!""#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

/// Account and answers kept for repeated calls.
pub(crate) async fn export_identity(conn: &mut PgConnection, whose: Whose) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select json_build_object(
             'principal', (select json_agg(p) from identity.principal p where p.id = $2 and p.tenant_id = $1),
             'repeatedCalls', (select coalesce(json_agg(json_build_object('operation', k.operation, 'createdAt', k.created_at,
                 'expiresAt', k.expires_at) order by k.created_at), '[]')
                 from identity.idempotency_key k where k.tenant_id = $1 and k.principal_id = $2))::text as "json!""#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

/// Where the business with a person stands.
pub(crate) struct Relation {
    /// An open request, a credit on its way, or a live loan.
    pub live: bool,
    /// The latest that is known of it.
    pub last: Option<DateTime<Utc>>,
}

/// Open requests, and the last one.
pub(crate) async fn requests_stand(conn: &mut PgConnection, whose: Whose) -> Result<Relation, sqlx::Error> {
    sqlx::query_as!(
        Relation,
        r#"select coalesce(bool_or(state in ('QUOTING', 'QUOTED')), false) as "live!", max(created_at) as last
           from quoting.request where tenant_id = $1 and borrower_id = $2"#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

/// Live credits and loans, and the end of the last one.
pub(crate) async fn credits_stand(conn: &mut PgConnection, whose: Whose) -> Result<Relation, sqlx::Error> {
    sqlx::query_as!(
        Relation,
        r#"select coalesce(bool_or(live), false) as "live!", max(last) as last from (
             select state in ('AWAITING_SIGNATURE', 'READY', 'SUBMITTED') as live, created_at as last
                 from lending.settlement where tenant = $1 and borrower = $2
             union all
             select state in ('PENDING', 'ACTIVE', 'DELINQUENT') as live, coalesce(closed_at, created_at) as last
                 from lending.loan where tenant = $1 and borrower = $2) x"#,
        whose.tenant,
        whose.subject,
    )
    .fetch_one(conn)
    .await
}

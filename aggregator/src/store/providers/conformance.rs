//! Table `providers.conformance_report`.

use chrono::{DateTime, Utc};
use domain::ids::{PrincipalId, ProviderId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::providers::conformance::ReportView;
use crate::store::{corrupt, from_json};

/// A report to keep: its view, and the exact text.
pub(crate) async fn add_report(
    conn: &mut PgConnection,
    view: &ReportView,
    (body, sha256): (&str, &[u8]),
) -> Result<(), Error> {
    let count = |number: u32| i32::try_from(number).map_err(corrupt);
    sqlx::query!(
        "insert into providers.conformance_report
             (id, provider_id, submitted_by, submitted_at, target, passed, failed, skipped, took_ms, body, body_sha256)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        view.id,
        view.provider.as_str(),
        view.by.0,
        view.at,
        view.target,
        count(view.passed)?,
        count(view.failed)?,
        count(view.skipped)?,
        i64::try_from(view.took_ms).map_err(corrupt)?,
        body,
        sha256,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Raw {
    id: Uuid,
    submitted_by: Uuid,
    submitted_at: DateTime<Utc>,
    target: String,
    passed: i32,
    failed: i32,
    skipped: i32,
    took_ms: i64,
    body: String,
    body_sha256: Vec<u8>,
}

/// Reports about a lender, newest first.
pub(crate) async fn reports(conn: &mut PgConnection, id: &ProviderId, limit: i64) -> Result<Vec<ReportView>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, submitted_by, submitted_at, target, passed, failed, skipped, took_ms, body, body_sha256
         from providers.conformance_report where provider_id = $1 order by submitted_at desc, id desc limit $2",
        id.as_str(),
        limit
    )
    .fetch_all(conn)
    .await?;
    let count = |number: i32| number.unsigned_abs();
    rows.into_iter()
        .map(|raw| {
            Ok(ReportView {
                id: raw.id,
                provider: id.clone(),
                by: PrincipalId(raw.submitted_by),
                at: raw.submitted_at,
                target: raw.target,
                passed: count(raw.passed),
                failed: count(raw.failed),
                skipped: count(raw.skipped),
                took_ms: raw.took_ms.unsigned_abs(),
                sha256: hex::encode(raw.body_sha256),
                report: from_json(&raw.body)?,
            })
        })
        .collect()
}

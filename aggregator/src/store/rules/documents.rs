//! Documents for borrowers.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A document without its contents.
#[derive(Clone, Debug)]
pub(crate) struct DocumentRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub subject_id: Uuid,
    pub code: String,
    pub title: String,
    pub sha256: Vec<u8>,
    pub html_sha256: Vec<u8>,
    pub retention: String,
    pub created_at: DateTime<Utc>,
}

/// Stores a document; false when its subject has one of that code already.
pub(crate) async fn add(
    conn: &mut PgConnection,
    row: &DocumentRow,
    (html, pdf): (&str, &[u8]),
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into rules.document (id, tenant, borrower, subject_id, code, title, html, pdf, sha256, html_sha256, retention,
                                     created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict on constraint document_once do nothing",
        row.id,
        row.tenant,
        row.borrower,
        row.subject_id,
        row.code,
        row.title,
        html,
        pdf,
        row.sha256,
        row.html_sha256,
        row.retention,
        row.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The documents of a subject, by code.
pub(crate) async fn of_subject(conn: &mut PgConnection, subject: Uuid) -> Result<Vec<DocumentRow>, sqlx::Error> {
    sqlx::query_as!(
        DocumentRow,
        "select id, tenant, borrower, subject_id, code, title, sha256, html_sha256, retention, created_at
         from rules.document where subject_id = $1 order by code",
        subject
    )
    .fetch_all(conn)
    .await
}

/// A document with its contents.
pub(crate) struct WholeRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub borrower: Uuid,
    pub code: String,
    pub title: String,
    pub html: String,
    pub pdf: Vec<u8>,
    pub sha256: Vec<u8>,
    pub html_sha256: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

/// One document.
pub(crate) async fn one(conn: &mut PgConnection, id: Uuid) -> Result<Option<WholeRow>, sqlx::Error> {
    sqlx::query_as!(
        WholeRow,
        "select id, tenant, borrower, code, title, html, pdf, sha256, html_sha256, created_at
         from rules.document where id = $1",
        id
    )
    .fetch_optional(conn)
    .await
}

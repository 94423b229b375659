//! Table `audit.anchor`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::log::CheckpointRow;
use crate::api::Error;

/// An anchor as stored.
#[derive(Clone, Debug)]
pub(crate) struct AnchorRow {
    pub size: i64,
    pub root: Vec<u8>,
    pub place: String,
    pub state: String,
    pub evidence: Option<String>,
    pub wanted_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

/// The newest checkpoint of each tenant that has none at that place as new, where nothing is under way and the last anchor is older
/// than that.
pub(crate) async fn to_anchor(
    conn: &mut PgConnection,
    place: &str,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<CheckpointRow>, Error> {
    Ok(sqlx::query_as!(
        CheckpointRow,
        r#"select c.tenant as "tenant!", c.size as "size!", c.root as "root!", c.at as "at!", c.note as "note!", c.signer as "signer!"
           from audit.log l
           join lateral (select * from audit.checkpoint c where c.tenant = l.tenant order by size desc limit 1) c on true
           where not exists (select from audit.anchor a where a.tenant = l.tenant and a.place = $1
               and (a.state = 'WANTED' or (a.state <> 'WANTED' and a.size >= c.size) or a.wanted_at > $2))
           limit $3"#,
        place,
        before,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Wants an anchor; `false` when one is under way there.
pub(crate) async fn want_anchor(
    conn: &mut PgConnection,
    (id, place): (Uuid, &str),
    checkpoint: &CheckpointRow,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into audit.anchor (id, tenant, size, place, state, wanted_at) values ($1, $2, $3, $4, 'WANTED', $5)
         on conflict do nothing",
        id,
        checkpoint.tenant,
        checkpoint.size,
        place,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Anchors that are wanted at that place, with the notes of their checkpoints.
pub(crate) async fn wanted_anchors(
    conn: &mut PgConnection,
    place: &str,
    limit: i64,
) -> Result<Vec<(Uuid, CheckpointRow)>, Error> {
    let rows = sqlx::query!(
        "select a.id, c.tenant, c.size, c.root, c.at, c.note, c.signer
         from audit.anchor a join audit.checkpoint c on c.tenant = a.tenant and c.size = a.size
         where a.place = $1 and a.state = 'WANTED' order by a.wanted_at limit $2",
        place,
        limit
    )
    .fetch_all(conn)
    .await?;
    let read = rows.into_iter().map(|r| {
        let row = CheckpointRow {
            tenant: r.tenant,
            size: r.size,
            root: r.root,
            at: r.at,
            note: r.note,
            signer: r.signer,
        };
        (r.id, row)
    });
    Ok(read.collect())
}

/// Ends an anchor that is under way; repeating it changes nothing.
pub(crate) async fn end_anchor(
    conn: &mut PgConnection,
    id: Uuid,
    evidence: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update audit.anchor set state = case when $2::text is null then 'FAILED' else 'DONE' end, evidence = $2, done_at = $3
         where id = $1 and state = 'WANTED'",
        id,
        evidence,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Anchors of a tenant, newest first.
pub(crate) async fn anchors_of(conn: &mut PgConnection, tenant: Uuid, limit: i64) -> Result<Vec<AnchorRow>, Error> {
    Ok(sqlx::query_as!(
        AnchorRow,
        "select a.size, c.root, a.place, a.state, a.evidence, a.wanted_at, a.done_at
         from audit.anchor a join audit.checkpoint c on c.tenant = a.tenant and c.size = a.size
         where a.tenant = $1 order by a.wanted_at desc, a.id desc limit $2",
        tenant,
        limit
    )
    .fetch_all(conn)
    .await?)
}

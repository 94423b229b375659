//! Lists of requests and of quotes, newest first, by pages.

use chrono::{DateTime, Utc};
use domain::ids;
use domain::loan::RequestState;
use domain::quote::Quote;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{RequestRow, Row};
use crate::api::Error;
use crate::store::{Unreadable, corrupt, from_json};

/// Which requests or quotes, and behind which one; all when nothing is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Which {
    pub tenant: Option<Uuid>,
    pub borrower: Option<Uuid>,
    pub provider: Option<String>,
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

/// Requests, newest first.
pub(crate) async fn requests(conn: &mut PgConnection, which: &Which, limit: i64) -> Result<Vec<RequestRow>, Error> {
    let (at, id) = which.after.unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT state, body, lenders, losers, refusal, ranking, deadline_at
         FROM quoting.request
         WHERE ($1::uuid IS NULL OR tenant_id = $1) AND ($2::uuid IS NULL OR borrower_id = $2)
           AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
         ORDER BY created_at DESC, id DESC LIMIT $5",
        which.tenant,
        which.borrower,
        at,
        id,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(RequestRow::try_from).collect()
}

/// A quote, its place among those of its request, and what became of that.
#[derive(Debug)]
pub(crate) struct OfferRow {
    pub position: u32,
    pub of: u32,
    pub quote: Quote,
    pub request_state: RequestState,
    pub accepted: bool,
}

/// Quotes of closed books, newest first. `state` is `LIVE`, `ACCEPTED`, `CANCELLED`, `EXPIRED` or `NOT_TAKEN`, or none for all; `ended` are accepted
/// quotes whose settlement came to nothing.
pub(crate) async fn offers(
    conn: &mut PgConnection,
    which: &Which,
    (state, now, ended): (Option<&str>, DateTime<Utc>, &[Uuid]),
    limit: i64,
) -> Result<Vec<OfferRow>, Error> {
    let (at, id) = which.after.unzip();
    let rows = sqlx::query!(
        r#"SELECT q.position, q.body, r.state, (r.accepted_quote IS NOT DISTINCT FROM q.id) AS "accepted!",
                  (SELECT count(*) FROM quoting.quote o WHERE o.request_id = q.request_id) AS "of!"
           FROM quoting.quote q JOIN quoting.request r ON r.id = q.request_id
           WHERE ($1::uuid IS NULL OR r.tenant_id = $1) AND ($2::uuid IS NULL OR r.borrower_id = $2)
             AND ($3::text IS NULL OR q.provider = $3)
             AND ($4::timestamptz IS NULL OR (q.received_at, q.id) < ($4, $5::uuid))
             AND ($6::text IS NULL OR $6 = CASE
                     WHEN r.accepted_quote = q.id AND q.id = ANY ($8::uuid[]) THEN 'CANCELLED'
                     WHEN r.accepted_quote = q.id THEN 'ACCEPTED'
                     WHEN r.accepted_quote IS NOT NULL THEN 'NOT_TAKEN'
                     WHEN q.valid_until <= $7 OR r.state = 'EXPIRED' THEN 'EXPIRED'
                     ELSE 'LIVE' END)
           ORDER BY q.received_at DESC, q.id DESC LIMIT $9"#,
        which.tenant,
        which.borrower,
        which.provider,
        at,
        id,
        state,
        now,
        ended,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(OfferRow {
                position: row.position.unsigned_abs(),
                of: u32::try_from(row.of).map_err(corrupt)?,
                quote: from_json(&row.body)?,
                request_state: RequestState::parse(&row.state).ok_or_else(|| corrupt(Unreadable("state")))?,
                accepted: row.accepted,
            })
        })
        .collect()
}

/// Inserts the quotes of a closed book: ids and positions in step with quotes and their exact JSON.
pub(crate) async fn insert_quotes(
    conn: &mut PgConnection,
    request: ids::RequestId,
    (ids, positions, bodies): (&[Uuid], &[i32], &[String]),
    quotes: &[Quote],
) -> Result<(), sqlx::Error> {
    let providers: Vec<String> = quotes.iter().map(|quote| quote.provider.to_string()).collect();
    let until: Vec<DateTime<Utc>> = quotes.iter().map(|quote| quote.offer.valid_until).collect();
    let received: Vec<DateTime<Utc>> = quotes.iter().map(|quote| quote.received_at).collect();
    sqlx::query!(
        "INSERT INTO quoting.quote (id, request_id, position, body, provider, valid_until, received_at)
         SELECT id, $1, position, body, provider, valid_until, received_at
         FROM unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
              AS q (id, position, body, provider, valid_until, received_at)",
        request.0,
        ids,
        positions,
        bodies,
        &providers,
        &until,
        &received
    )
    .execute(conn)
    .await?;
    Ok(())
}

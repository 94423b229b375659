//! Schema `quoting`.

use alloy_primitives::Address;
use chrono::{DateTime, Utc};
use domain::calendar::Period;
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::loan::RequestState;
use domain::money::{Money, TokenAmount};
use domain::ports::DataConsent;
use domain::quote::{Loser, Quote};
use domain::ranking::{RankBy, Ranking};
use domain::request::{Applicant, CreditRequest, Jurisdiction, Product, Purpose, Refinances};
use domain::{Reason, ids};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

mod lists;

pub(crate) use lists::*;

use super::{Unreadable, corrupt, from_json};
use crate::api::{Error, LenderProgress, RequestView};

/// What a borrower asked, as stored: exact bytes, never changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub request: AskedRequest,
    pub rank_by: RankBy,
}

/// A [`CreditRequest`] as stored: without what the borrower said of themselves, which lies sealed elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedRequest {
    pub id: RequestId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub at: DateTime<Utc>,
    pub amount: Money,
    pub term: Period,
    pub purpose: Purpose,
    pub products: Vec<Product>,
    pub jurisdiction: Jurisdiction,
    /// Of requests that are not sealed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<Applicant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<Address>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<TokenAmount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinances: Option<Refinances>,
    /// Of requests that are not sealed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_consents: Vec<DataConsent>,
}

/// What is sealed of a request.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Personal {
    pub applicant: Applicant,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_consents: Vec<DataConsent>,
}

impl Asked {
    /// A request without what is personal.
    pub(crate) fn of(request: &CreditRequest, rank_by: RankBy) -> Self {
        let request = request.clone();
        let request = AskedRequest {
            id: request.id,
            tenant: request.tenant,
            borrower: request.borrower,
            at: request.at,
            amount: request.amount,
            term: request.term,
            purpose: request.purpose,
            products: request.products,
            jurisdiction: request.jurisdiction,
            applicant: None,
            wallet: request.wallet,
            collateral: request.collateral,
            refinances: request.refinances,
            data_consents: Vec::new(),
        };
        Self { request, rank_by }
    }
}

impl AskedRequest {
    /// Takes out what is personal; none when it was sealed before.
    pub(crate) fn take_personal(&mut self) -> Option<Personal> {
        let applicant = self.applicant.take()?;
        let data_consents = std::mem::take(&mut self.data_consents);
        Some(Personal {
            applicant,
            data_consents,
        })
    }

    /// The whole request again.
    pub(crate) fn whole(self, personal: Personal) -> CreditRequest {
        CreditRequest {
            id: self.id,
            tenant: self.tenant,
            borrower: self.borrower,
            at: self.at,
            amount: self.amount,
            term: self.term,
            purpose: self.purpose,
            products: self.products,
            jurisdiction: self.jurisdiction,
            applicant: personal.applicant,
            wallet: self.wallet,
            collateral: self.collateral,
            refinances: self.refinances,
            data_consents: personal.data_consents,
        }
    }
}

/// A request as stored.
#[derive(Debug)]
pub(crate) struct RequestRow {
    pub asked: Asked,
    pub state: RequestState,
    pub deadline_at: DateTime<Utc>,
    pub lenders: Vec<LenderProgress>,
    pub losers: Vec<Loser>,
    pub refusal: Vec<Reason>,
    pub ranking: Option<String>,
}

impl RequestRow {
    /// What the owner sees.
    pub(crate) fn view(self) -> RequestView {
        let request = self.asked.request;
        RequestView {
            id: request.id,
            state: self.state,
            amount: request.amount,
            term: request.term,
            rank_by: self.asked.rank_by,
            created_at: request.at,
            deadline_at: self.deadline_at,
            lenders: self.lenders,
            losers: self.losers,
            refusal: self.refusal,
            refinances: request.refinances.map(|old| old.loan),
        }
    }
}

struct Row {
    state: String,
    body: String,
    lenders: String,
    losers: String,
    refusal: String,
    ranking: Option<String>,
    deadline_at: DateTime<Utc>,
}

impl TryFrom<Row> for RequestRow {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            asked: from_json(&row.body)?,
            state: RequestState::parse(&row.state).ok_or_else(|| corrupt(Unreadable("state")))?,
            deadline_at: row.deadline_at,
            lenders: from_json(&row.lenders)?,
            losers: from_json(&row.losers)?,
            refusal: from_json(&row.refusal)?,
            ranking: row.ranking,
        })
    }
}

/// A request to insert, its lists as JSON. Its personal part was taken out.
pub(crate) struct NewRow<'a> {
    pub request: &'a CreditRequest,
    pub state: RequestState,
    pub body: &'a str,
    pub lenders: &'a str,
    pub losers: &'a str,
    pub refusal: &'a str,
    pub deadline_at: DateTime<Utc>,
}

/// Inserts a request, open or declined at once.
pub(crate) async fn insert(conn: &mut PgConnection, row: &NewRow<'_>) -> Result<(), sqlx::Error> {
    let closed_at = (row.state != RequestState::Quoting).then_some(row.request.at);
    sqlx::query!(
        "INSERT INTO quoting.request (id, tenant_id, borrower_id, state, version, body, lenders, losers, refusal,
                                      created_at, deadline_at, closed_at, applicant_sealed)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, true)",
        row.request.id.0,
        row.request.tenant.0,
        row.request.borrower.0,
        row.state.as_str(),
        row.body,
        row.lenders,
        row.losers,
        row.refusal,
        row.request.at,
        row.deadline_at,
        closed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A request.
pub(crate) async fn request(conn: &mut PgConnection, id: RequestId) -> Result<Option<RequestRow>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT state, body, lenders, losers, refusal, ranking, deadline_at
         FROM quoting.request WHERE id = $1",
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(RequestRow::try_from).transpose()
}

/// A request, held until the transaction ends.
pub(crate) async fn lock(conn: &mut PgConnection, id: RequestId) -> Result<Option<RequestRow>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT state, body, lenders, losers, refusal, ranking, deadline_at
         FROM quoting.request WHERE id = $1 FOR UPDATE",
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(RequestRow::try_from).transpose()
}

/// How a book closes.
#[derive(Debug)]
pub(crate) struct Closing {
    pub state: RequestState,
    /// JSON of the lenders' progress.
    pub lenders: String,
    /// JSON of the losers.
    pub losers: String,
    /// JSON of the ranking.
    pub ranking: String,
    /// When the last quote ends; none without quotes.
    pub quotes_until: Option<DateTime<Utc>>,
}

/// Closes the book of an open request and answers its new version; none when it is closed already.
pub(crate) async fn close(
    conn: &mut PgConnection,
    id: RequestId,
    closing: &Closing,
    now: DateTime<Utc>,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE quoting.request
         SET state = $2, version = version + 1, lenders = $3, losers = $4, ranking = $5, quotes_until = $6,
             closed_at = $7
         WHERE id = $1 AND state = 'QUOTING' RETURNING version",
        id.0,
        closing.state.as_str(),
        closing.lenders,
        closing.losers,
        closing.ranking,
        closing.quotes_until,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// A quote with its position.
pub(crate) async fn quote(conn: &mut PgConnection, id: ids::QuoteId) -> Result<Option<(u32, Quote)>, Error> {
    let row = sqlx::query!("SELECT position, body FROM quoting.quote WHERE id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.position.unsigned_abs(), from_json(&row.body)?)))
        .transpose()
}

/// Quotes of a closed book after a position, best first.
pub(crate) async fn quotes(
    conn: &mut PgConnection,
    request: RequestId,
    after: i32,
    limit: i64,
) -> Result<Vec<(u32, Quote)>, Error> {
    let rows = sqlx::query!(
        "SELECT position, body FROM quoting.quote WHERE request_id = $1 AND position > $2 ORDER BY position LIMIT $3",
        request.0,
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.position.unsigned_abs(), from_json(&row.body)?)))
        .collect()
}

/// Marks a quoted request as accepted and answers its new version; none when it is in another state.
pub(crate) async fn accept(
    conn: &mut PgConnection,
    id: RequestId,
    quote: ids::QuoteId,
) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE quoting.request SET state = 'ACCEPTED', version = version + 1, accepted_quote = $2
         WHERE id = $1 AND state = 'QUOTED' RETURNING version",
        id.0,
        quote.0
    )
    .fetch_optional(conn)
    .await
}

/// Open requests whose deadline passed before `before`, oldest first.
pub(crate) async fn overdue(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RequestId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM quoting.request WHERE state = 'QUOTING' AND deadline_at < $1 ORDER BY deadline_at LIMIT $2",
        before,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(RequestId::from).collect())
}

/// Ends quoted requests whose last quote has ended; answers ids and new versions.
pub(crate) async fn expire(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(RequestId, i32)>, sqlx::Error> {
    let rows = sqlx::query!(
        "UPDATE quoting.request SET state = 'EXPIRED', version = version + 1 WHERE id IN
             (SELECT id FROM quoting.request WHERE state = 'QUOTED' AND quotes_until < $1
              ORDER BY quotes_until LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING id, version",
        now,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.version)).collect())
}

/// The stored ranking of a request.
pub(crate) fn ranking(row: &RequestRow) -> Result<Option<(String, Ranking)>, Error> {
    let Some(text) = &row.ranking else { return Ok(None) };
    Ok(Some((text.clone(), from_json(text)?)))
}

/// Requests whose applicant is not sealed yet.
pub(crate) async fn unsealed(conn: &mut PgConnection, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM quoting.request WHERE NOT applicant_sealed ORDER BY id LIMIT $1",
        limit
    )
    .fetch_all(conn)
    .await
}

/// The body of a request, held until the transaction ends, and whether its applicant is sealed.
pub(crate) async fn lock_body(conn: &mut PgConnection, id: Uuid) -> Result<Option<(Asked, bool)>, Error> {
    let row = sqlx::query!(
        "SELECT body, applicant_sealed FROM quoting.request WHERE id = $1 FOR UPDATE",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((from_json(&row.body)?, row.applicant_sealed)))
        .transpose()
}

/// Stores the body without the applicant, who was sealed in the same transaction.
pub(crate) async fn seal_body(conn: &mut PgConnection, id: Uuid, body: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE quoting.request SET body = $2, applicant_sealed = true WHERE id = $1 AND NOT applicant_sealed",
        id,
        body
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Requests that led or may lead to credit, behind `after` in the order of their ids: what is screened again when lists change.
pub(crate) async fn customers(conn: &mut PgConnection, after: Option<Uuid>, limit: i64) -> Result<Vec<Asked>, Error> {
    let bodies = sqlx::query_scalar!(
        "SELECT body FROM quoting.request
         WHERE ($1::uuid IS NULL OR id > $1) AND state IN ('QUOTING', 'QUOTED', 'ACCEPTED') ORDER BY id LIMIT $2",
        after,
        limit
    )
    .fetch_all(conn)
    .await?;
    bodies.iter().map(|body| from_json(body)).collect()
}

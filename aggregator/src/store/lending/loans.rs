//! Tables `lending.loan`, `lending.loan_event`.

use alloy_primitives::{Address, B256};
use chrono::{DateTime, Utc};
use domain::ids::{LoanId, PrincipalId, ProviderId, QuoteId, SettlementId, TenantId};
use domain::loan::LoanState;
use domain::ports::{LiveLoan, OnchainTerms};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{hash, natural, signed, units};
use crate::api::{EndedBy, Error, LoanAmount};
use crate::store::{Unreadable, constraint, corrupt, from_json, to_json};

/// A loan as stored.
#[derive(Clone, Debug)]
pub(crate) struct LoanRow {
    pub id: LoanId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub provider: ProviderId,
    pub quote_id: QuoteId,
    pub settlement_id: SettlementId,
    pub state: LoanState,
    pub version: i32,
    /// Unit of the ledger.
    pub unit: String,
    /// Unit for people.
    pub symbol: String,
    pub decimals: u8,
    pub principal: u128,
    pub outstanding: u128,
    pub onchain: Option<(u64, B256)>,
    /// Chain of a pool's loan and the wallet that has it.
    pub venue: Option<(u64, Address)>,
    pub terms: Option<OnchainTerms>,
    pub ended_by: Option<EndedBy>,
    /// Debt that a liquidation did not reach.
    pub shortfall: u128,
    /// The loan that this one repays.
    pub refinances: Option<LoanId>,
    /// The loan that repaid this one.
    pub refinanced_by: Option<LoanId>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
}

impl LoanRow {
    /// An amount in the loan's unit, for people.
    pub(crate) fn amount(&self, units: u128) -> LoanAmount {
        LoanAmount {
            units,
            decimals: self.decimals,
            symbol: self.symbol.clone(),
        }
    }

    /// The contract's loan, once money is out.
    pub(crate) fn live_onchain(&self) -> Option<LiveLoan> {
        let (chain_id, loan) = self.onchain?;
        let terms = self.terms.clone()?;
        Some(LiveLoan { chain_id, loan, terms })
    }
}

struct Raw {
    id: Uuid,
    tenant: Uuid,
    borrower: Uuid,
    provider: String,
    quote_id: Uuid,
    settlement_id: Uuid,
    state: String,
    version: i32,
    unit: String,
    symbol: String,
    decimals: i16,
    principal: String,
    outstanding: String,
    chain_id: Option<i64>,
    loan_hash: Option<Vec<u8>>,
    venue_chain: Option<i64>,
    venue_wallet: Option<Vec<u8>>,
    terms: Option<String>,
    ended_by: Option<String>,
    shortfall: String,
    refinances: Option<Uuid>,
    refinanced_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
}

impl TryFrom<Raw> for LoanRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let onchain = match (raw.chain_id, raw.loan_hash) {
            (Some(chain_id), Some(loan)) => Some((natural(chain_id)?, hash(&loan)?)),
            _ => None,
        };
        let venue = match (raw.venue_chain, raw.venue_wallet) {
            (Some(chain_id), Some(wallet)) => Some((
                natural(chain_id)?,
                Address::try_from(wallet.as_slice()).map_err(corrupt)?,
            )),
            _ => None,
        };
        Ok(Self {
            id: raw.id.into(),
            tenant: raw.tenant.into(),
            borrower: raw.borrower.into(),
            provider: raw.provider.try_into().map_err(corrupt)?,
            quote_id: raw.quote_id.into(),
            settlement_id: raw.settlement_id.into(),
            state: LoanState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("loan state")))?,
            version: raw.version,
            unit: raw.unit,
            symbol: raw.symbol,
            decimals: u8::try_from(raw.decimals).map_err(corrupt)?,
            principal: units(&raw.principal)?,
            outstanding: units(&raw.outstanding)?,
            onchain,
            venue,
            terms: raw.terms.as_deref().map(from_json).transpose()?,
            ended_by: raw.ended_by.as_deref().map(ended_by).transpose()?,
            shortfall: units(&raw.shortfall)?,
            refinances: raw.refinances.map(LoanId),
            refinanced_by: raw.refinanced_by.map(LoanId),
            created_at: raw.created_at,
            started_at: raw.started_at,
            closed_at: raw.closed_at,
        })
    }
}

fn ended_by(text: &str) -> Result<EndedBy, Error> {
    EndedBy::parse(text).ok_or_else(|| corrupt(Unreadable("end of a loan")))
}

/// Inserts a pending loan at version 0; its first event follows. A second refinancing under way of the same loan is a
/// business refusal.
pub(crate) async fn insert_loan(conn: &mut PgConnection, row: &LoanRow) -> Result<(), Error> {
    let (chain_id, loan) = row
        .onchain
        .map_or((None, None), |(chain_id, loan)| (Some(chain_id), Some(loan)));
    let done = sqlx::query!(
        "insert into lending.loan (id, tenant, borrower, provider, quote_id, settlement_id, state, unit, symbol, decimals,
                                   principal, outstanding, chain_id, loan_hash, created_at, refinances)
         values ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8, $9, $10::text::numeric, 0, $11, $12, $13, $14)",
        row.id.0,
        row.tenant.0,
        row.borrower.0,
        row.provider.as_str(),
        row.quote_id.0,
        row.settlement_id.0,
        row.unit,
        row.symbol,
        i16::from(row.decimals),
        row.principal.to_string(),
        chain_id.map(signed).transpose()?,
        loan.map(|l| l.to_vec()),
        row.created_at,
        row.refinances.map(|old| old.0),
    )
    .execute(conn)
    .await;
    done.map(drop).map_err(|error| match constraint(&error) {
        Some("loan_one_refinancing") => refinancing_pending(),
        _ => error.into(),
    })
}

/// Another refinancing of the same loan is under way.
pub(crate) fn refinancing_pending() -> Error {
    Error::refused(
        "REFINANCING_PENDING",
        "Another refinancing of this loan is under way.",
        Some("refinances"),
    )
}

/// Whether a loan that repays this one waits for its money.
pub(crate) async fn is_being_refinanced(conn: &mut PgConnection, id: LoanId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from lending.loan where refinances = $1 and state = 'PENDING') as "pending!""#,
        id.0
    )
    .fetch_one(conn)
    .await?)
}

/// A loan.
pub(crate) async fn loan(conn: &mut PgConnection, id: LoanId) -> Result<Option<LoanRow>, Error> {
    Ok(loans_by_id(conn, &[id.0]).await?.pop())
}

/// A loan, locked until the transaction ends.
pub(crate) async fn lock_loan(conn: &mut PgConnection, id: LoanId) -> Result<Option<LoanRow>, Error> {
    sqlx::query!("select id from lending.loan where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    loan(conn, id).await
}

/// Loans by their ids, ordered by id.
pub(crate) async fn loans_by_id(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<LoanRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        r#"select l.id, l.tenant, l.borrower, l.provider, l.quote_id, l.settlement_id, l.state, l.version, l.unit, l.symbol,
                  l.decimals, l.principal::text as "principal!", l.outstanding::text as "outstanding!", l.chain_id, l.loan_hash,
                  p.chain_id as "venue_chain?", p.wallet as "venue_wallet?", l.terms, l.ended_by,
                  l.shortfall::text as "shortfall!", l.refinances, l.refinanced_by, l.created_at, l.started_at, l.closed_at
           from lending.loan l left join lending.venue_position p on p.loan_id = l.id
           where l.id = any($1) order by l.id"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(LoanRow::try_from).collect()
}

/// Whose loans.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoanFilter {
    pub tenant: Option<Uuid>,
    pub borrower: Option<Uuid>,
    pub provider: Option<String>,
}

/// Ids of loans after an id, in order of id, at most `limit`.
pub(crate) async fn loan_ids(
    conn: &mut PgConnection,
    filter: &LoanFilter,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "select id from lending.loan
         where id > $1 and ($2::uuid is null or tenant = $2) and ($3::uuid is null or borrower = $3)
           and ($4::text is null or provider = $4)
         order by id limit $5",
        after,
        filter.tenant,
        filter.borrower,
        filter.provider,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Writes the folded state of a loan with the event that led to it. The row must be locked or its version known.
pub(crate) async fn record_event(
    conn: &mut PgConnection,
    row: &LoanRow,
    kind: &str,
    payload: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let updated = sqlx::query!(
        "update lending.loan set state = $3, version = $2, outstanding = $4::text::numeric, terms = $5, started_at = $6,
                closed_at = $7, ended_by = $8, shortfall = $9::text::numeric, refinanced_by = $10
         where id = $1 and version = $2 - 1",
        row.id.0,
        row.version,
        row.state.as_str(),
        row.outstanding.to_string(),
        row.terms.as_ref().map(to_json).transpose()?,
        row.started_at,
        row.closed_at,
        row.ended_by.map(EndedBy::as_str),
        row.shortfall.to_string(),
        row.refinanced_by.map(|by| by.0),
    )
    .execute(&mut *conn)
    .await?;
    if updated.rows_affected() != 1 {
        return Err(corrupt(Unreadable("loan version")));
    }
    sqlx::query!(
        "insert into lending.loan_event (loan_id, version, kind, payload, at) values ($1, $2, $3, $4, $5)",
        row.id.0,
        row.version,
        kind,
        payload,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Payloads of a loan's events, oldest first.
pub(crate) async fn loan_events(conn: &mut PgConnection, id: LoanId) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar!(
        "select payload from lending.loan_event where loan_id = $1 order by version",
        id.0
    )
    .fetch_all(conn)
    .await?)
}

//! What a borrower did with us, over all loans.

use alloy_primitives::{Address, B256};
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{LoanId, PrincipalId, TenantId};
use domain::loan::LoanState;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{hash, natural, units};
use crate::api::{EndedBy, Error};
use crate::store::{Unreadable, corrupt, from_json};

/// Loans of one borrower that are looked at, the newest first.
const MOST: i64 = 200;

/// A loan of a borrower, with what was agreed about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryRow {
    pub id: LoanId,
    pub provider: String,
    pub state: LoanState,
    pub decimals: u8,
    /// ISO 4217 code of the offer; of a loan in tokens known while something is owed or promised without collateral.
    pub currency: Option<String>,
    pub principal: u128,
    pub outstanding: u128,
    pub started_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub ended_by: Option<EndedBy>,
    /// Chain and id of a loan of our contract.
    pub onchain: Option<(u64, B256)>,
    /// The wallet that has it.
    pub wallet: Option<Address>,
    /// Who got the money on chain.
    pub recipient: Option<Address>,
    /// That wallet signed for it.
    pub signed: bool,
}

struct Raw {
    id: Uuid,
    provider: String,
    state: String,
    decimals: i16,
    currency: Option<String>,
    principal: String,
    outstanding: String,
    started_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    ended_by: Option<String>,
    chain_id: Option<i64>,
    loan_hash: Option<Vec<u8>>,
    wallet: Option<String>,
    recipient: Option<String>,
    signed: bool,
}

impl TryFrom<Raw> for HistoryRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let address = |text: Option<String>| text.map(|text| text.parse().map_err(corrupt)).transpose();
        let known = |text: String| EndedBy::parse(&text).ok_or_else(|| corrupt(Unreadable("end of a loan")));
        Ok(Self {
            id: raw.id.into(),
            provider: raw.provider,
            state: LoanState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("loan state")))?,
            decimals: u8::try_from(raw.decimals).map_err(corrupt)?,
            currency: raw.currency,
            principal: units(&raw.principal)?,
            outstanding: units(&raw.outstanding)?,
            started_at: raw.started_at,
            closed_at: raw.closed_at,
            ended_by: raw.ended_by.map(known).transpose()?,
            onchain: match raw.chain_id.zip(raw.loan_hash) {
                Some((chain_id, loan)) => Some((natural(chain_id)?, hash(&loan)?)),
                None => None,
            },
            wallet: address(raw.wallet)?,
            recipient: address(raw.recipient)?,
            signed: raw.signed,
        })
    }
}

/// Loans of a borrower that came or may still come about, the newest first.
pub(crate) async fn history(
    conn: &mut PgConnection,
    tenant: TenantId,
    borrower: PrincipalId,
) -> Result<Vec<HistoryRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        r#"select l.id, l.provider, l.state, l.decimals, l.principal::text as "principal!", l.outstanding::text as "outstanding!",
                  l.started_at, l.closed_at, l.ended_by, l.chain_id, l.loan_hash,
                  case
                    when l.unit !~ ':' then l.unit
                    -- A quote is long, so it is read only where it can matter. A loan of a pool is never without collateral.
                    when l.chain_id is not null and l.state in ('PENDING', 'ACTIVE', 'DELINQUENT')
                         and s.quote::jsonb #> '{offer,collateral}' is null
                      then s.quote::jsonb #>> '{offer,amounts,offered,currency}'
                  end as currency,
                  coalesce(s.intent::jsonb ->> 'borrower', s.venue::jsonb #>> '{plan,opening,borrower}') as wallet,
                  s.intent::jsonb ->> 'recipient' as recipient, s.signature is not null as "signed!"
           from lending.loan l join lending.settlement s on s.id = l.settlement_id
           where l.tenant = $1 and l.borrower = $2 and l.state <> 'CANCELLED' order by l.id desc limit $3"#,
        tenant.0,
        borrower.0,
        MOST
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(HistoryRow::try_from).collect()
}

/// Due date and principal of the installments of these loans, by loan and number.
pub(crate) async fn dues_of(conn: &mut PgConnection, loans: &[Uuid]) -> Result<Vec<(LoanId, NaiveDate, u128)>, Error> {
    let rows = sqlx::query!(
        r#"select loan_id, due, principal::text as "principal!" from lending.installment
           where loan_id = any($1) order by loan_id, number"#,
        loans
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.loan_id.into(), row.due, units(&row.principal)?)))
        .collect()
}

/// Time and principal of the payments on these loans, by time.
pub(crate) async fn payments_of(
    conn: &mut PgConnection,
    loans: &[Uuid],
) -> Result<Vec<(LoanId, DateTime<Utc>, u128)>, Error> {
    let rows = sqlx::query!(
        r#"select loan_id, paid_at, principal::text as "principal!" from lending.repayment
           where loan_id = any($1) order by paid_at, id"#,
        loans
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.loan_id.into(), row.paid_at, units(&row.principal)?)))
        .collect()
}

/// Events of these loans, each loan's oldest first.
pub(crate) async fn changes_of<T: serde::de::DeserializeOwned>(
    conn: &mut PgConnection,
    loans: &[Uuid],
) -> Result<Vec<(LoanId, DateTime<Utc>, T)>, Error> {
    let rows = sqlx::query!(
        "select loan_id, at, payload from lending.loan_event where loan_id = any($1) order by loan_id, version",
        loans
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.loan_id.into(), row.at, from_json(&row.payload)?)))
        .collect()
}

//! Table `lending.venue_position`: what wallets have at lending pools, followed by final events.

use std::time::Duration;

use alloy_primitives::{Address, U256};
use domain::ids::{LoanId, ProviderId, SettlementId};
use domain::ports::VenuePlan;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{natural, signed};
use crate::api::Error;
use crate::store::{constraint, corrupt};

/// The half of a settlement that is about a lending pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VenuePart {
    /// What the wallet does.
    pub plan: VenuePlan,
    /// Events count after this block.
    pub from: u64,
}

/// A position as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PositionRow {
    pub loan_id: LoanId,
    pub settlement_id: SettlementId,
    pub provider: ProviderId,
    pub chain_id: u64,
    pub wallet: Address,
    pub read_to: u64,
    pub other_debt: U256,
    pub done: bool,
}

struct Raw {
    loan_id: Uuid,
    settlement_id: Uuid,
    provider: String,
    chain_id: i64,
    wallet: Vec<u8>,
    read_to: i64,
    other_debt: String,
    done: bool,
}

impl TryFrom<Raw> for PositionRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            loan_id: raw.loan_id.into(),
            settlement_id: raw.settlement_id.into(),
            provider: raw.provider.try_into().map_err(corrupt)?,
            chain_id: natural(raw.chain_id)?,
            wallet: Address::try_from(raw.wallet.as_slice()).map_err(corrupt)?,
            read_to: natural(raw.read_to)?,
            other_debt: raw.other_debt.parse().map_err(corrupt)?,
            done: raw.done,
        })
    }
}

/// Follows a position from now on. A second open one of the same wallet at the same venue is a business refusal.
pub(crate) async fn insert_position(conn: &mut PgConnection, row: &PositionRow) -> Result<(), Error> {
    let done = sqlx::query!(
        "insert into lending.venue_position (loan_id, settlement_id, provider, chain_id, wallet, read_to)
         values ($1, $2, $3, $4, $5, $6)",
        row.loan_id.0,
        row.settlement_id.0,
        row.provider.as_str(),
        signed(row.chain_id)?,
        row.wallet.as_slice(),
        signed(row.read_to)?,
    )
    .execute(conn)
    .await;
    done.map(drop).map_err(|error| match constraint(&error) {
        Some("venue_position_one_open") => position_exists(),
        _ => error.into(),
    })
}

/// The wallet has a loan there already: the events of the two could not be told apart.
pub(crate) fn position_exists() -> Error {
    let text = "Your wallet already has a position here: repay it first or use another wallet.";
    Error::refused("POSITION_EXISTS", text, Some("quoteId"))
}

/// Takes open positions that are due for a look, the longest waiting first; nobody else takes them for `pause`.
pub(crate) async fn claim_positions(
    conn: &mut PgConnection,
    limit: i64,
    pause: Duration,
    patient: bool,
) -> Result<Vec<PositionRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        r#"with due as (
             select loan_id from lending.venue_position
             where not done and problem is null and (not $3 or next_at <= clock_timestamp())
             order by next_at limit $1 for update skip locked
         )
         update lending.venue_position p set next_at = clock_timestamp() + make_interval(secs => $2)
         from due where p.loan_id = due.loan_id
         returning p.loan_id, p.settlement_id, p.provider, p.chain_id, p.wallet, p.read_to,
                   p.other_debt::text as "other_debt!", p.done"#,
        limit,
        pause.as_secs_f64(),
        patient
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(PositionRow::try_from).collect()
}

/// A position, locked until the transaction ends.
pub(crate) async fn lock_position(conn: &mut PgConnection, id: LoanId) -> Result<Option<PositionRow>, Error> {
    let raw = sqlx::query_as!(
        Raw,
        r#"select loan_id, settlement_id, provider, chain_id, wallet, read_to, other_debt::text as "other_debt!", done
           from lending.venue_position where loan_id = $1 for update"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    raw.map(PositionRow::try_from).transpose()
}

/// Everything of the position up to that block is in the books now.
pub(crate) async fn advance_position(conn: &mut PgConnection, row: &PositionRow) -> Result<(), Error> {
    sqlx::query!(
        "update lending.venue_position set read_to = $2, other_debt = $3::text::numeric where loan_id = $1",
        row.loan_id.0,
        signed(row.read_to)?,
        row.other_debt.to_string()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Follows the position of a loan no more; a loan without one is left alone.
pub(crate) async fn end_position(conn: &mut PgConnection, id: LoanId) -> Result<(), Error> {
    sqlx::query!(
        "update lending.venue_position set done = true where loan_id = $1 and not done",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a position aside for an operator.
pub(crate) async fn park_position(conn: &mut PgConnection, id: LoanId, problem: &str) -> Result<(), Error> {
    sqlx::query!(
        "update lending.venue_position set problem = $2 where loan_id = $1",
        id.0,
        problem
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Positions that an operator must look at.
pub(crate) async fn parked_positions(conn: &mut PgConnection) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "n!" from lending.venue_position where not done and problem is not null"#
    )
    .fetch_one(conn)
    .await?;
    natural(count)
}

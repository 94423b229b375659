//! Table `lending.settlement`.

use std::time::Duration;

use alloy_primitives::{B256, Bytes};
use chrono::{DateTime, Utc};
use domain::decision::Reason;
use domain::ids::{ChainTxId, LoanId, PrincipalId, SettlementId, TenantId};
use domain::loan::SettlementState;
use domain::ports::{Intent, OnchainTerms, SignedAttestation};
use domain::quote::Quote;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{VenuePart, hash, natural, signed};
use crate::api::Error;
use crate::store::{Unreadable, constraint, corrupt, from_json, to_json};

/// The on-chain half of a settlement.
#[derive(Clone, Debug)]
pub(crate) struct OnchainPart {
    pub chain_id: u64,
    /// The contract's id of the loan.
    pub loan: B256,
    pub intent: Intent,
    /// What the originating call presents to the scoring oracle.
    pub attestation: Option<SignedAttestation>,
    pub refinance: Option<RefinancePart>,
}

/// The old loan that a new one repays in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefinancePart {
    pub loan: LoanId,
    /// Collateral that the borrower adds to what the old loan holds, base units.
    pub collateral: u128,
    /// The most that the borrower pays in, base units of the asset.
    pub asset: u128,
}

impl OnchainPart {
    /// What the borrower allows before the loan begins, given the order's collateral: collateral and asset.
    pub(crate) fn allowances(&self, collateral: u128) -> (u128, u128) {
        match &self.refinance {
            Some(part) => (part.collateral, part.asset),
            None => (collateral, 0),
        }
    }
}

/// A settlement as stored.
#[derive(Clone, Debug)]
pub(crate) struct SettlementRow {
    pub id: SettlementId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub quote: Quote,
    pub loan_id: LoanId,
    pub state: SettlementState,
    pub version: i32,
    pub onchain: Option<OnchainPart>,
    pub venue: Option<VenuePart>,
    pub signature: Option<Bytes>,
    pub tx_id: Option<ChainTxId>,
    pub lender_ref: Option<String>,
    /// What proves that money is out.
    pub evidence: Option<String>,
    pub failure: Option<Reason>,
    pub created_at: DateTime<Utc>,
    pub fence: i64,
    pub attempts: i32,
}

impl SettlementRow {
    /// On chain: what every call about the loan brings back.
    pub(crate) fn terms(&self) -> Option<OnchainTerms> {
        let order = self.quote.offer.onchain.as_ref()?.order.clone();
        let intent = self.onchain.as_ref()?.intent.clone();
        Some(OnchainTerms { order, intent })
    }

    /// On chain: the Unix second after which what the borrower signs is dead.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let venue = self.venue.as_ref().map(|part| part.plan.opening.deadline);
        self.onchain.as_ref().map(|part| part.intent.deadline).or(venue)
    }
}

struct Raw {
    id: Uuid,
    tenant: Uuid,
    borrower: Uuid,
    quote: String,
    loan_id: Uuid,
    state: String,
    version: i32,
    intent: Option<String>,
    chain_id: Option<i64>,
    loan_hash: Option<Vec<u8>>,
    attestation: Option<String>,
    refinance: Option<String>,
    venue: Option<String>,
    signature: Option<Vec<u8>>,
    tx_id: Option<Uuid>,
    lender_ref: Option<String>,
    evidence: Option<String>,
    failure: Option<String>,
    created_at: DateTime<Utc>,
    fence: i64,
    attempts: i32,
}

impl TryFrom<Raw> for SettlementRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let onchain = match (raw.chain_id, raw.loan_hash, raw.intent) {
            (Some(chain_id), Some(loan), Some(intent)) => Some(OnchainPart {
                chain_id: natural(chain_id)?,
                loan: hash(&loan)?,
                intent: from_json(&intent)?,
                attestation: raw.attestation.as_deref().map(from_json).transpose()?,
                refinance: raw.refinance.as_deref().map(from_json).transpose()?,
            }),
            _ => None,
        };
        Ok(Self {
            id: raw.id.into(),
            tenant: raw.tenant.into(),
            borrower: raw.borrower.into(),
            quote: from_json(&raw.quote)?,
            loan_id: raw.loan_id.into(),
            state: SettlementState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("settlement state")))?,
            version: raw.version,
            onchain,
            venue: raw.venue.as_deref().map(from_json).transpose()?,
            signature: raw.signature.map(Bytes::from),
            tx_id: raw.tx_id.map(ChainTxId),
            lender_ref: raw.lender_ref,
            evidence: raw.evidence,
            failure: raw.failure.as_deref().map(from_json).transpose()?,
            created_at: raw.created_at,
            fence: raw.fence,
            attempts: raw.attempts,
        })
    }
}

/// Inserts a settlement; a second one for the quote or the request is a business refusal.
pub(crate) async fn insert_settlement(conn: &mut PgConnection, row: &SettlementRow) -> Result<(), Error> {
    let onchain = row.onchain.as_ref();
    let chain_id = onchain.map(|o| signed(o.chain_id)).transpose()?;
    let intent = onchain.map(|o| to_json(&o.intent)).transpose()?;
    let done = sqlx::query!(
        "insert into lending.settlement
             (id, tenant, borrower, provider, quote_id, request_id, loan_id, state, quote, intent, chain_id, loan_hash, created_at, next_at,
              attestation, refinance, venue)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                 greatest(clock_timestamp(), coalesce($14, clock_timestamp())), $15, $16, $17)",
        row.id.0,
        row.tenant.0,
        row.borrower.0,
        row.quote.provider.as_str(),
        row.quote.id.0,
        row.quote.request_id.0,
        row.loan_id.0,
        row.state.as_str(),
        to_json(&row.quote)?,
        intent,
        chain_id,
        onchain.map(|o| o.loan.to_vec()),
        row.created_at,
        // An unsigned intent needs no look before it ends.
        row.deadline().and_then(|end| DateTime::from_timestamp(i64::try_from(end).ok()?, 0)) as Option<DateTime<Utc>>,
        onchain.and_then(|o| o.attestation.as_ref()).map(to_json).transpose()?,
        onchain.and_then(|o| o.refinance.as_ref()).map(to_json).transpose()?,
        row.venue.as_ref().map(to_json).transpose()?,
    )
    .execute(conn)
    .await;
    done.map(drop).map_err(|error| match constraint(&error) {
        Some("settlement_one_per_quote" | "settlement_one_per_request" | "settlement_one_per_onchain_loan") => {
            Error::refused(
                "ALREADY_ACCEPTED",
                "A quote of this request was accepted before.",
                Some("quoteId"),
            )
        }
        Some("settlement_pkey") => Error::refused("ID_TAKEN", "This settlement id is in use.", Some("settlementId")),
        _ => error.into(),
    })
}

/// A settlement.
pub(crate) async fn settlement(conn: &mut PgConnection, id: SettlementId) -> Result<Option<SettlementRow>, Error> {
    let raw = sqlx::query_as!(
        Raw,
        "select id, tenant, borrower, quote, loan_id, state, version, intent, chain_id, loan_hash, attestation, refinance, venue,
                signature, tx_id, lender_ref, evidence, failure, created_at, fence, attempts
         from lending.settlement where id = $1",
        id.0
    )
    .fetch_optional(conn)
    .await?;
    raw.map(SettlementRow::try_from).transpose()
}

/// A settlement, locked until the transaction ends.
pub(crate) async fn lock_settlement(conn: &mut PgConnection, id: SettlementId) -> Result<Option<SettlementRow>, Error> {
    sqlx::query!("select id from lending.settlement where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    settlement(conn, id).await
}

/// The settlement behind the contract's loan.
pub(crate) async fn settlement_of_onchain_loan(
    conn: &mut PgConnection,
    chain_id: u64,
    loan: B256,
) -> Result<Option<SettlementId>, Error> {
    let found = sqlx::query_scalar!(
        "select id from lending.settlement where chain_id = $1 and loan_hash = $2",
        signed(chain_id)?,
        loan.as_slice()
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(SettlementId))
}

/// What a transition adds to the row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    pub signature: Option<Bytes>,
    pub tx_id: Option<ChainTxId>,
    pub evidence: Option<String>,
    pub failure: Option<Reason>,
}

/// Moves a settlement whose row the caller has locked; answers its new version. The database refuses a transition that
/// is not in the table.
pub(crate) async fn move_settlement(
    conn: &mut PgConnection,
    row: &SettlementRow,
    to: SettlementState,
    learned: &Learned,
) -> Result<i32, Error> {
    let failure = learned.failure.as_ref().map(to_json).transpose()?;
    let version = sqlx::query_scalar!(
        "update lending.settlement set
             state = $3, version = version + 1, signature = coalesce($4, signature), tx_id = coalesce($5, tx_id),
             evidence = coalesce($6, evidence), failure = coalesce($7, failure), next_at = clock_timestamp(), attempts = 0
         where id = $1 and version = $2 returning version",
        row.id.0,
        row.version,
        to.as_str(),
        learned.signature.as_ref().map(|s| s.to_vec()),
        learned.tx_id.map(|t| t.0),
        learned.evidence,
        failure,
    )
    .fetch_one(conn)
    .await?;
    Ok(version)
}

/// Notes the lender's own reference of the loan.
pub(crate) async fn note_lender_ref(conn: &mut PgConnection, id: SettlementId, lender_ref: &str) -> Result<(), Error> {
    sqlx::query!(
        "update lending.settlement set lender_ref = $2 where id = $1",
        id.0,
        lender_ref
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A settlement leased to this worker; results are refused when the fence has moved on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub id: SettlementId,
    pub fence: i64,
}

/// Leases settlements that have something to do. `patient` leaves those alone whose next look is in the future.
pub(crate) async fn claim_settlements(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
    patient: bool,
) -> Result<Vec<Lease>, Error> {
    let rows = sqlx::query!(
        "with due as (
             select id from lending.settlement
             where state in ('AWAITING_SIGNATURE', 'READY', 'SUBMITTED') and lease_until <= clock_timestamp()
               and (not $3 or next_at <= clock_timestamp())
             order by next_at limit $1 for update skip locked
         )
         update lending.settlement s
         set lease_until = clock_timestamp() + make_interval(secs => $2), fence = s.fence + 1
         from due where s.id = due.id returning s.id, s.fence",
        limit,
        lease.as_secs_f64(),
        patient
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Lease {
            id: r.id.into(),
            fence: r.fence,
        })
        .collect())
}

/// Gives a lease back; the next look is in `pause`.
pub(crate) async fn release_settlement(conn: &mut PgConnection, lease: Lease, pause: Duration) -> Result<(), Error> {
    sqlx::query!(
        "update lending.settlement
         set lease_until = '-infinity', next_at = clock_timestamp() + make_interval(secs => $3), attempts = attempts + 1
         where id = $1 and fence = $2",
        lease.id.0,
        lease.fence,
        pause.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something happened that concerns this settlement: look at once.
pub(crate) async fn hurry_settlement(conn: &mut PgConnection, id: SettlementId) -> Result<(), Error> {
    sqlx::query!(
        "update lending.settlement set next_at = clock_timestamp() where id = $1",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

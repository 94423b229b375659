//! Loans of lending pools: the borrower's wallet takes them, we plan its calls and check what it signs.

use alloy_primitives::{Bytes, U256};
use domain::loan::SettlementState;
use domain::ports::{LenderError, Venue, VenueOpening, WalletCall};
use domain::quote::Quote;
use sqlx::PgConnection;

use super::{advance, wallet_required};
use crate::api::{AcceptQuote, Error, SettlementView};
use crate::store::chain;
use crate::store::lending::{self, Learned, PositionRow, SettlementRow, VenuePart, position_exists};
use crate::store::quoting::AskedRequest;
use crate::{Aggregator, World};

/// Seconds from acceptance in which the wallet can open the position.
const OPENING_SECONDS: u64 = 1_800;

/// What the caller does when a venue does not answer.
pub(crate) fn venue_error(error: LenderError) -> Error {
    match error {
        LenderError::TimedOut | LenderError::RateLimited | LenderError::Unavailable(_) => {
            Error::Unavailable(Box::new(error))
        }
        other => Error::Internal(Box::new(other)),
    }
}

fn not_takeable() -> Error {
    let text = "Loans of this lender can be compared here, not taken.";
    Error::refused("NOT_TAKEABLE", text, Some("quoteId"))
}

impl World {
    /// The venue of a loan. One that was taken out of the configuration is not there any more.
    pub(crate) fn venue_of(&self, row: &SettlementRow) -> Option<&dyn Venue> {
        let venue = self.venues.iter().find(|venue| *venue.id() == row.quote.provider)?;
        Some(venue.as_ref())
    }
}

impl Aggregator {
    /// Plans the wallet's calls; none for a quote of another kind. Refusals: `WALLET_REQUIRED`, `NOT_TAKEABLE`,
    /// `RECIPIENT_IS_WALLET`, `POSITION_EXISTS`.
    pub(super) async fn venue_part(
        &self,
        request: &AskedRequest,
        quote: &Quote,
        accept: &AcceptQuote,
    ) -> Result<Option<VenuePart>, Error> {
        let venue = self.world.venues.iter().find(|venue| *venue.id() == quote.provider);
        let Some(loan) = &quote.offer.venue else {
            return if venue.is_some() { Err(not_takeable()) } else { Ok(None) };
        };
        let venue = venue.ok_or_else(not_takeable)?;
        let wallet = request.wallet.ok_or_else(wallet_required)?;
        if accept.recipient.is_some_and(|recipient| recipient != wallet) {
            let text = "A pool pays to the borrower's wallet only.";
            return Err(Error::refused("RECIPIENT_IS_WALLET", text, Some("recipient")));
        }
        let position = venue.position(wallet).await.map_err(venue_error)?;
        if !position.debt.is_zero() {
            return Err(position_exists());
        }
        let now = u64::try_from(self.world.clock.now().timestamp()).unwrap_or(0);
        let opening = VenueOpening {
            borrower: wallet,
            collateral: loan.collateral.units,
            debt: loan.debt.units,
            // The chain's time decides there.
            deadline: now.max(position.block.timestamp) + OPENING_SECONDS,
        };
        let plan = venue.plan(opening).await.map_err(venue_error)?;
        let mut conn = self.world.db.acquire().await?;
        let finalized = chain::finalized(&mut conn, loan.chain_id).await?;
        // A block that is not final may come again with other transactions.
        let from = finalized.map_or(position.block.number, |finalized| finalized.min(position.block.number));
        Ok(Some(VenuePart { plan, from }))
    }
}

/// Follows the wallet's position from acceptance on.
pub(super) async fn follow(conn: &mut PgConnection, row: &SettlementRow) -> Result<(), Error> {
    let (Some(part), Some(loan)) = (&row.venue, &row.quote.offer.venue) else {
        return Ok(());
    };
    let position = PositionRow {
        loan_id: row.loan_id,
        settlement_id: row.id,
        provider: row.quote.provider.clone(),
        chain_id: loan.chain_id,
        wallet: part.plan.opening.borrower,
        read_to: part.from,
        other_debt: U256::ZERO,
        done: false,
    };
    lending::insert_position(conn, &position).await
}

/// What the wallet does now, and once it is known the transaction in which it did it.
pub(super) fn show(world: &World, row: &SettlementRow, part: &VenuePart, view: &mut SettlementView) {
    match row.state {
        SettlementState::AwaitingSignature => {
            view.approvals.clone_from(&part.plan.approvals);
            view.typed_data = part.plan.permission.as_ref().map(|asked| asked.typed_data.clone());
        }
        SettlementState::Ready => {
            view.approvals.clone_from(&part.plan.approvals);
            view.calls = calls(world, row, part);
        }
        SettlementState::Settled => view.tx_hash = row.evidence.as_ref().and_then(|hash| hash.parse().ok()),
        _ => {}
    }
}

fn calls(world: &World, row: &SettlementRow, part: &VenuePart) -> Vec<WalletCall> {
    let signed = row.signature.as_ref().zip(world.venue_of(row));
    match signed {
        Some((signature, venue)) => venue.open_signed(&part.plan, signature).into_iter().collect(),
        None => part.plan.calls.clone(),
    }
}

/// Whether the signature is the wallet's over the permission that the plan asks for.
pub(super) fn is_signed(world: &World, row: &SettlementRow, part: &VenuePart, signature: &Bytes) -> bool {
    let venue = world.venue_of(row);
    venue.is_some_and(|venue| venue.open_signed(&part.plan, signature).is_some())
}

/// Takes the checked signature: the wallet can send its call.
pub(super) async fn signed(
    conn: &mut PgConnection,
    world: &World,
    row: &mut SettlementRow,
    signature: Bytes,
) -> Result<(), Error> {
    let learned = Learned {
        signature: Some(signature),
        ..Learned::default()
    };
    advance(conn, world, row, SettlementState::Ready, learned).await
}

//! Final events of a wallet's position at a lending pool become effects in our books, each once.
//!
//! Only final blocks are read, so nothing is ever taken back. What a block brought is booked in the same database transaction that
//! moves the position's cursor past it. A pool does not say how much of a payment is interest: it is what the payments, and the debt
//! that the pool shows at the end of their block, leave above the principal that was owed.

mod apply;

use alloy_primitives::U256;
use domain::loan::SettlementState;
use domain::ports::{LenderError, Venue, VenueEvent, VenuePosition, ViewBlock};
use futures::stream::{self, StreamExt};
use sqlx::Acquire;

use super::chain_events::Trouble;
use crate::Aggregator;
use crate::api::Error;
use crate::settlement::{advance, cancel_loan, venue_error};
use crate::store::chain;
use crate::store::lending::{self, Learned, PositionRow};

/// Positions looked at in one step.
const BATCH: i64 = 64;
/// Positions asked about at once.
const AT_ONCE: usize = 8;
/// Blocks read at once: what public endpoints answer.
const BLOCKS: u64 = 2_000;

/// What one block brought a position, and how it stood at its end.
#[derive(Clone, Debug)]
struct Seen {
    block: ViewBlock,
    events: Vec<VenueEvent>,
    debt: U256,
    collateral: U256,
}

impl Aggregator {
    /// Brings positions at lending pools up to the final block of their chain; answers how many moved. `patient` respects the pauses
    /// between looks.
    pub(crate) async fn follow_venues(&self, patient: bool) -> Result<usize, Error> {
        if self.world.venues.is_empty() {
            return Ok(0);
        }
        let mut conn = self.world.db.acquire().await?;
        let positions = lending::claim_positions(&mut conn, BATCH, self.world.settings.poll, patient).await?;
        drop(conn);
        let looks = stream::iter(positions)
            .map(|position| self.follow_or_tell(position))
            .buffer_unordered(AT_ONCE);
        let moved = looks.filter(|moved| std::future::ready(*moved)).count().await;
        Ok(moved)
    }

    /// A failure is told and left to the next look.
    async fn follow_or_tell(&self, position: PositionRow) -> bool {
        let loan = position.loan_id;
        match self.follow(position).await {
            Ok(moved) => moved,
            Err(error) => {
                metrics::counter!("usance_venue_failures_total").increment(1);
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%loan, %error, ?cause, "a position could not be followed");
                false
            }
        }
    }

    async fn follow(&self, position: PositionRow) -> Result<bool, Error> {
        let mut conn = self.world.db.acquire().await?;
        let finalized = chain::finalized(&mut conn, position.chain_id).await?;
        let Some(finalized) = finalized.filter(|finalized| *finalized > position.read_to) else {
            return Ok(false);
        };
        let to = finalized.min(position.read_to + BLOCKS);
        let ended = chain::block(&mut conn, position.chain_id, Some(to)).await?;
        drop(conn);
        let venue = self.world.venues.iter().find(|venue| *venue.id() == position.provider);
        let Some(venue) = venue else {
            return Err(Error::Unavailable(Box::new(LenderError::Unavailable(format!(
                "{} is not configured any more",
                position.provider
            )))));
        };
        let seen = read(venue.as_ref(), &position, to).await.map_err(venue_error)?;
        self.book(position, (to, ended.map(|block| block.timestamp)), &seen)
            .await
    }

    /// Books what was read, unless somebody else did in the meantime.
    async fn book(&self, read: PositionRow, (to, time): (u64, Option<u64>), seen: &[Seen]) -> Result<bool, Error> {
        let mut tx = self.world.db.begin().await?;
        // The settlement before the position: the order in which everybody locks them.
        let mut row = lending::lock_settlement(&mut tx, read.settlement_id)
            .await?
            .ok_or(Error::NotFound)?;
        let held = lending::lock_position(&mut tx, read.loan_id).await?;
        let Some(mut position) = held.filter(|held| !held.done && held.read_to == read.read_to) else {
            return Ok(false);
        };
        let mut attempt = tx.begin().await?;
        let mut booked = Ok(());
        for block in seen {
            booked = apply::block(&mut attempt, &self.world, (&mut row, &mut position), block).await;
            if booked.is_err() {
                break;
            }
        }
        match booked {
            Ok(()) => attempt.commit().await?,
            Err(Trouble::Retry(error)) => return Err(error),
            Err(Trouble::Park(problem)) => {
                attempt.rollback().await?;
                metrics::counter!("usance_venue_positions_parked_total").increment(1);
                tracing::error!(loan = %read.loan_id, chain = read.chain_id, problem, "a position is set aside for an operator");
                lending::park_position(&mut tx, read.loan_id, problem).await?;
                tx.commit().await?;
                return Ok(false);
            }
        }
        position.read_to = to;
        lending::advance_position(&mut tx, &position).await?;
        let over = row.deadline().zip(time).is_some_and(|(deadline, time)| time > deadline);
        if over && matches!(row.state, SettlementState::AwaitingSignature | SettlementState::Ready) {
            // The permission is dead in every block to come, and no position was seen up to this one.
            advance(
                &mut tx,
                &self.world,
                &mut row,
                SettlementState::Cancelled,
                Learned::default(),
            )
            .await?;
            cancel_loan(&mut tx, &self.world, &row).await?;
        }
        fail::fail_point!("venue::before_commit");
        tx.commit().await?;
        fail::fail_point!("venue::after_commit");
        self.wake.events.notify_one();
        Ok(true)
    }
}

/// What happened up to that block, by block.
async fn read(venue: &dyn Venue, position: &PositionRow, to: u64) -> Result<Vec<Seen>, LenderError> {
    let events = venue.events(position.wallet, position.read_to + 1..=to).await?;
    let mut seen: Vec<Seen> = Vec::new();
    for event in events {
        if let Some(last) = seen.last_mut().filter(|last| last.block == event.block) {
            last.events.push(event);
            continue;
        }
        let VenuePosition { debt, collateral, .. } = venue.position_at(position.wallet, event.block).await?;
        seen.push(Seen {
            block: event.block,
            events: vec![event],
            debt,
            collateral,
        });
    }
    Ok(seen)
}

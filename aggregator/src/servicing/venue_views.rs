//! A loan of a lending pool as its owner sees it: everything is read from the pool now, and the borrower's own wallet acts.

use alloy_primitives::{Address, U256};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::LoanId;
use domain::money::TokenAmount;
use domain::ports::{LenderError, Venue, WalletCall};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::plan::OutOfRange;
use super::views::{live, not_live, payers_loan};
use crate::Aggregator;
use crate::api::{CollateralView, Error, PayoffView};
use crate::settlement::venue_error;
use crate::store::corrupt;
use crate::store::lending::LoanRow;

/// Seconds of a year, as pools count it.
const YEAR: i64 = 31_536_000;

fn bps(fraction: Decimal, how: RoundingStrategy) -> Option<u64> {
    let parts = fraction.checked_mul(Decimal::from(10_000))?;
    parts.round_dp_with_strategy(0, how).to_u64()
}

impl Aggregator {
    fn venue(&self, loan: &LoanRow) -> Result<&dyn Venue, Error> {
        let venue = self.world.venues.iter().find(|venue| *venue.id() == loan.provider);
        let gone = || LenderError::Unavailable(format!("{} is not configured any more", loan.provider));
        Ok(venue.ok_or_else(|| Error::Unavailable(Box::new(gone())))?.as_ref())
    }

    /// The loan when it is one of a pool, with the wallet that has it.
    pub(super) async fn venue_loan(&self, caller: &Principal, id: LoanId) -> Result<Option<(LoanRow, Address)>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = payers_loan(&mut conn, caller, id).await?;
        Ok(loan.venue.map(|(_, wallet)| (loan, wallet)))
    }

    /// None before money is out, and once nothing is held after the end.
    pub(super) async fn venue_collateral(
        &self,
        loan: &LoanRow,
        wallet: Address,
    ) -> Result<Option<CollateralView>, Error> {
        if loan.started_at.is_none() {
            return Ok(None);
        }
        let venue = self.venue(loan)?;
        let position = venue.position(wallet).await.map_err(venue_error)?;
        if position.collateral.is_zero() && !live(loan) {
            return Ok(None);
        }
        let limit = bps(position.liquidation_ltv, RoundingStrategy::ToZero);
        Ok(Some(CollateralView {
            held: TokenAmount {
                units: position.collateral,
                asset: venue.market().collateral,
            },
            ltv_bps: position.ltv.and_then(|ltv| bps(ltv, RoundingStrategy::AwayFromZero)),
            liquidation_ltv_bps: limit.and_then(|limit| u16::try_from(limit).ok()),
            late: false,
        }))
    }

    /// What a pool asks for now, with interest at the present rate until a later moment. The calls take some more along and give back
    /// what is left: interest runs until they are in a block.
    pub(super) async fn venue_payoff(
        &self,
        loan: &LoanRow,
        wallet: Address,
        at: DateTime<Utc>,
    ) -> Result<PayoffView, Error> {
        let venue = self.venue(loan)?;
        let position = venue.position(wallet).await.map_err(venue_error)?;
        let calls = venue.close(wallet).await.map_err(venue_error)?;
        let seconds = at.timestamp() - i64::try_from(position.block.timestamp).map_err(corrupt)?;
        let owed = u128::try_from(position.debt).map_err(corrupt)?;
        let amount = owed + interest_up(owed, position.rate, seconds.max(0))?;
        Ok(PayoffView {
            loan_id: loan.id,
            at,
            amount: loan.amount(amount),
            calls,
        })
    }

    /// Calls that repay so many base units; none repays everything and takes all collateral back. Refusal: `LOAN_NOT_LIVE`.
    pub(super) async fn venue_repayment(
        &self,
        loan: &LoanRow,
        wallet: Address,
        units: Option<u128>,
    ) -> Result<Vec<WalletCall>, Error> {
        if !live(loan) {
            return Err(not_live());
        }
        let venue = self.venue(loan)?;
        let calls = match units {
            Some(units) => venue.repay(wallet, Some(U256::from(units))).await,
            None => venue.close(wallet).await,
        };
        calls.map_err(venue_error)
    }

    /// Refusal: `LOAN_NOT_LIVE`.
    pub(super) async fn venue_lock(
        &self,
        loan: &LoanRow,
        wallet: Address,
        amount: u128,
    ) -> Result<Vec<WalletCall>, Error> {
        if amount == 0 {
            return Err(Error::invalid("amount", "expected whole base units above zero"));
        }
        if !live(loan) {
            return Err(not_live());
        }
        let calls = self.venue(loan)?.lock(wallet, U256::from(amount)).await;
        calls.map_err(venue_error)
    }

    /// Also of a loan that has ended: the pool keeps the collateral until it is taken back. Refusals: `LOAN_NOT_LIVE`,
    /// `RECIPIENT_IS_WALLET`.
    pub(super) async fn venue_withdrawal(
        &self,
        loan: &LoanRow,
        wallet: Address,
        amount: Option<u128>,
        to: Option<Address>,
    ) -> Result<Vec<WalletCall>, Error> {
        if to.is_some_and(|to| to != wallet) {
            let text = "A pool gives collateral back to the borrower's wallet only.";
            return Err(Error::refused("RECIPIENT_IS_WALLET", text, Some("to")));
        }
        if amount == Some(0) {
            return Err(Error::invalid("amount", "expected whole base units above zero"));
        }
        if loan.started_at.is_none() {
            return Err(not_live());
        }
        let calls = self.venue(loan)?.withdraw(wallet, amount.map(U256::from)).await;
        calls.map_err(venue_error)
    }
}

/// Simple interest, rounded up.
fn interest_up(owed: u128, rate: Decimal, seconds: i64) -> Result<u128, Error> {
    let share = rate
        .checked_mul(Decimal::from(seconds))
        .and_then(|share| share.checked_div(Decimal::from(YEAR)));
    // A rate has up to 27 digits; 12 of them are enough here, upwards.
    let share = share.map(|share| share.round_dp_with_strategy(12, RoundingStrategy::AwayFromZero));
    let parts = share
        .and_then(|share| share.checked_mul(Decimal::from(1_000_000_000_000_u64)))
        .and_then(|parts| parts.to_u128())
        .ok_or_else(|| corrupt(OutOfRange))?;
    let interest = U256::from(owed) * U256::from(parts);
    let interest = interest.div_ceil(U256::from(1_000_000_000_000_u64));
    u128::try_from(interest).map_err(corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_until_a_later_moment_is_never_understated() {
        let five_percent = Decimal::new(5, 2);
        assert_eq!(interest_up(1_000_000, five_percent, YEAR).unwrap(), 50_000);
        assert_eq!(interest_up(1_000_000, five_percent, 1).unwrap(), 1);
        assert_eq!(interest_up(1_000_000, five_percent, 0).unwrap(), 0);
    }

    #[test]
    fn a_loan_to_value_is_rounded_against_the_borrower() {
        let third = Decimal::ONE / Decimal::from(3);
        assert_eq!(bps(third, RoundingStrategy::AwayFromZero), Some(3_334));
        assert_eq!(bps(third, RoundingStrategy::ToZero), Some(3_333));
    }
}

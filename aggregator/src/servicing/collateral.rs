//! What secures a live on-chain loan, and the calls that change it.

use alloy_primitives::{Address, U256};
use domain::Principal;
use domain::ids::LoanId;
use domain::money::{Asset, TokenAmount};
use domain::offer::{Offer, OnchainOrder};
use domain::ports::{ChainError, LiveLoan, WalletCall};

use super::offchain::agreed;
use super::views::{live_onchain, own_loan, payers_loan};
use crate::Aggregator;
use crate::api::{CollateralView, Error};
use crate::settlement::chain_error;

/// The token that an order locks, in the words of the offer; none when the order is unsecured.
pub(crate) fn collateral_asset(offer: &Offer, order: &OnchainOrder) -> Option<Asset> {
    let assets = &offer.collateral.as_ref()?.assets;
    let found = assets.iter().find(|held| held.amount.asset.token == order.collateral);
    found.map(|held| held.amount.asset.clone())
}

fn unsecured() -> Error {
    Error::refused("UNSECURED_LOAN", "Nothing secures this loan.", Some("loanId"))
}

impl Aggregator {
    /// What the contract or the pool holds for a loan and how it stands, read from the chain now; none when the loan is off chain,
    /// unsecured, or not live. What a pool holds after the debt is zero is there until the borrower takes it back.
    pub async fn collateral(&self, caller: &Principal, id: LoanId) -> Result<Option<CollateralView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = own_loan(&mut conn, caller, id).await?;
        if let Some((_, wallet)) = loan.venue {
            drop(conn);
            return self.venue_collateral(&loan, wallet).await;
        }
        let Ok(live) = live_onchain(&loan) else { return Ok(None) };
        let order = &live.terms.order;
        let Some(asset) = collateral_asset(&agreed(&mut conn, &loan).await?, order) else {
            return Ok(None);
        };
        drop(conn);
        let health = match self.world.reader.health(&live).await {
            Ok(health) => health,
            // It ended on the chain, and the books wait for that to be final.
            Err(ChainError::Invalid { .. }) => return Ok(None),
            Err(other) => return Err(chain_error(other)),
        };
        Ok(Some(CollateralView {
            held: TokenAmount {
                units: U256::from(health.collateral),
                asset,
            },
            ltv_bps: health.ltv_bps,
            liquidation_ltv_bps: (order.liquidation_ltv_bps > 0).then_some(order.liquidation_ltv_bps),
            late: health.late,
        }))
    }

    /// Calls of a wallet that add collateral, base units. Refusals: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`, `UNSECURED_LOAN`.
    pub async fn add_collateral_calls(
        &self,
        caller: &Principal,
        id: LoanId,
        amount: u128,
    ) -> Result<Vec<WalletCall>, Error> {
        if let Some((loan, wallet)) = self.venue_loan(caller, id).await? {
            return self.venue_lock(&loan, wallet, amount).await;
        }
        let live = self.secured(caller, id, amount).await?;
        self.world.contracts.add_collateral(&live, amount).map_err(chain_error)
    }

    /// Calls of the borrower's wallet that take collateral back, base units; `to` is the wallet itself when it is none. The
    /// contract refuses what would leave the loan worth too little. None takes all that a pool holds. Refusals as of
    /// [`Self::add_collateral_calls`].
    pub async fn withdraw_collateral_calls(
        &self,
        caller: &Principal,
        id: LoanId,
        amount: Option<u128>,
        to: Option<Address>,
    ) -> Result<Vec<WalletCall>, Error> {
        if let Some((loan, wallet)) = self.venue_loan(caller, id).await? {
            return self.venue_withdrawal(&loan, wallet, amount, to).await;
        }
        let amount = amount.unwrap_or(0);
        let live = self.secured(caller, id, amount).await?;
        let to = to.unwrap_or(live.terms.intent.borrower);
        if to.is_zero() {
            return Err(Error::invalid("to", "the zero address cannot receive collateral"));
        }
        self.world
            .contracts
            .withdraw_collateral(&live, amount, to)
            .map_err(chain_error)
    }

    async fn secured(&self, caller: &Principal, id: LoanId, amount: u128) -> Result<LiveLoan, Error> {
        if amount == 0 {
            return Err(Error::invalid("amount", "expected whole base units above zero"));
        }
        let mut conn = self.world.db.acquire().await?;
        let live = live_onchain(&payers_loan(&mut conn, caller, id).await?)?;
        if live.terms.order.collateral.is_zero() {
            return Err(unsecured());
        }
        Ok(live)
    }
}

//! What the configured lenders take, by the sources that their quotes are made from: the desks' own prices, the pools' books, and the
//! chains' price oracles by which desks' collateral is sold.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, sol};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::Rate;
use domain::ports::{Contracts, LockMarkets, LockTerms, ViewCall, ViewCalls};
use futures::future::join_all;
use rust_decimal::Decimal;

use crate::desk::{DeskConfig, PricedAsset};
use crate::venues::VenueLender;

sol! {
    interface PriceOracle {
        function price(address collateral, address asset) external view returns (uint256);
    }
    interface Breaker {
        /// A struct of words without a head of its own.
        function policyOf(address asset) external view returns (uint256 cap, uint256 used, uint256 windowStart, bool paused);
    }
}

/// The oracle's prices are base units times 1e36.
const ORACLE_DECIMALS: u32 = 36;
/// Digits of a price behind the point; more are cut, so that nothing is worth more than the oracle says.
const DIGITS: u32 = 12;

/// Every lender of the configuration that takes collateral on a chain.
pub(crate) struct Markets {
    pub desks: Vec<DeskConfig>,
    pub venues: Vec<Arc<VenueLender>>,
    pub contracts: Arc<dyn Contracts>,
    pub views: Arc<dyn ViewCalls>,
}

impl Markets {
    /// What the chain says in one block: whether the contract lends the asset no more, and its oracle's price of a whole token in whole
    /// tokens of what is lent. None is what cannot be read, and a price that the oracle does not trust.
    async fn chain(
        &self,
        (desk, taken): (&DeskConfig, &PricedAsset),
    ) -> (Option<bool>, Option<(Decimal, DateTime<Utc>)>) {
        let chains = self.contracts.chains();
        let Some(chain) = chains.iter().find(|chain| chain.chain_id == desk.lends.chain_id) else {
            return (None, None);
        };
        let policy = Breaker::policyOfCall {
            asset: desk.lends.token,
        };
        let price = PriceOracle::priceCall {
            collateral: taken.asset.token,
            asset: desk.lends.token,
        };
        let call = |to: Address, data: Vec<u8>| ViewCall { to, data: data.into() };
        let mut calls = vec![call(chain.aggregator, policy.abi_encode())];
        if taken.price_rule.is_some() {
            calls.push(call(chain.price_oracle, price.abi_encode()));
        }
        let Ok(views) = self.views.view(chain.chain_id, None, &calls).await else {
            return (None, None);
        };
        let at = i64::try_from(views.block.timestamp).ok();
        let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let mut answers = views.answers.into_iter();
        let policy = answers
            .next()
            .flatten()
            .and_then(|bytes| Breaker::policyOfCall::abi_decode_returns(&bytes).ok());
        let price = answers
            .next()
            .flatten()
            .and_then(|bytes| PriceOracle::priceCall::abi_decode_returns(&bytes).ok());
        let price = price.and_then(|price| whole_price_down(price, (taken.asset.decimals, desk.lends.decimals)));
        (policy.map(|policy| policy.paused), price.zip(at))
    }

    async fn of_desk(&self, desk: &DeskConfig, taken: &PricedAsset, now: DateTime<Utc>) -> LockTerms {
        let (paused, sale_price) = self.chain((desk, taken)).await;
        let bps = |bps: u16| Rate::from_bps(i64::from(bps));
        LockTerms {
            provider: desk.id.clone(),
            collateral: taken.asset.clone(),
            lends: desk.lends.clone(),
            currency: desk.currency,
            price: taken.price,
            price_source: taken.oracle.clone(),
            price_at: now,
            sale_price,
            paused,
            max_ltv: desk.ltv_max,
            liquidation_threshold: taken.price_rule.map(|rule| bps(rule.liquidation_ltv_bps)),
            liquidation_bonus: taken.price_rule.map(|rule| bps(rule.liquidation_bonus_bps)),
        }
    }
}

#[async_trait]
impl LockMarkets for Markets {
    async fn terms(&self, now: DateTime<Utc>) -> Vec<LockTerms> {
        let taken = self
            .desks
            .iter()
            .flat_map(|desk| desk.accepts.iter().map(move |taken| (desk, taken)));
        let desks = join_all(taken.map(|(desk, taken)| self.of_desk(desk, taken, now)));
        let pools = join_all(self.venues.iter().map(|venue| async move {
            venue.lock_terms().await.unwrap_or_else(|error| {
                tracing::warn!(provider = %venue.config().id, %error, "a pool's terms cannot be read");
                None
            })
        }));
        let (desks, pools) = futures::join!(desks, pools);
        desks.into_iter().chain(pools.into_iter().flatten()).collect()
    }
}

/// Base units of one token per base unit of another, times 1e36, as whole tokens; rounded down.
fn whole_price_down(price: U256, (collateral, lent): (u8, u8)) -> Option<Decimal> {
    let ten = |exponent: u32| U256::from(10).checked_pow(U256::from(exponent));
    let up = price.checked_mul(ten(u32::from(collateral) + DIGITS)?)?;
    let scaled = up.checked_div(ten(ORACLE_DECIMALS + u32::from(lent))?)?;
    let mantissa = i128::try_from(u128::try_from(scaled).ok()?).ok()?;
    Decimal::try_from_i128_with_scale(mantissa, DIGITS)
        .ok()
        .map(|price| price.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oracle_price_is_one_of_whole_tokens_and_never_rounded_up() {
        // 2,000 of six decimals for one of eighteen: 2000e6 / 1e18 * 1e36.
        let price = U256::from(2_000) * U256::from(10).pow(U256::from(24));
        assert_eq!(whole_price_down(price, (18, 6)), Some(Decimal::from(2_000)));
        assert_eq!(
            whole_price_down(price - U256::from(1), (18, 6)).map(|p| p < Decimal::from(2_000)),
            Some(true)
        );
        assert_eq!(whole_price_down(U256::MAX, (18, 6)), None);
    }
}

//! A market's terms for what is locked, without a borrower.

use alloy_primitives::{Address, U256};
use chrono::DateTime;
use domain::Rate;
use domain::ports::LockTerms;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use sdk::LenderError;

use super::VenueLender;
use super::math::{self, OutOfRange};
use super::terms::Wanted;

/// Nobody's wallet: it has nothing at any market.
const NOBODY: Address = Address::repeat_byte(0x11);
/// Whole tokens of the question: far more than the least loan needs.
const WHOLE_TOKENS: u64 = 1_000;

impl VenueLender {
    /// What a quote of the least loan would say of the collateral now; none when the market would not quote.
    pub async fn lock_terms(&self) -> Result<Option<LockTerms>, LenderError> {
        let config = self.config();
        let least = u64::try_from(config.min_amount).map_err(|_| OutOfRange)?;
        let least = math::mul(U256::from(least), config.scale())?;
        let wanted = Wanted {
            borrower: NOBODY,
            collateral: math::mul(
                U256::from(WHOLE_TOKENS),
                math::ten_to(u32::from(config.accepts.decimals)),
            )?,
            debt: least,
            least,
            step: config.scale(),
            seconds: u64::from(config.min_term_days) * 86_400,
            headroom_ppm: config.headroom.ppm().unsigned_abs(),
        };
        let Ok(terms) = self.market.terms(&wanted).await? else {
            return Ok(None);
        };
        let at = i64::try_from(terms.block.timestamp).ok();
        let at = at.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let threshold = down(terms.risk.liquidation_threshold)?;
        // The quote stays below the threshold by the headroom.
        let below = threshold.ppm() - threshold.ppm() * config.headroom.ppm() / 1_000_000;
        Ok(Some(LockTerms {
            provider: config.id.clone(),
            collateral: config.accepts.clone(),
            lends: config.lends.clone(),
            currency: config.currency,
            price: terms.risk.price_in_asset,
            price_source: terms.risk.oracle.to_string(),
            price_at: at.ok_or(OutOfRange)?,
            sale_price: None,
            // It quoted, so it lends.
            paused: Some(false),
            max_ltv: down(terms.risk.ltv_max)?.min(Rate::from_ppm(below)),
            liquidation_threshold: Some(threshold),
            liquidation_bonus: Some(up(terms.risk.liquidation_penalty)?),
        }))
    }
}

fn ppm(fraction: Decimal, how: RoundingStrategy) -> Result<Rate, OutOfRange> {
    let parts = fraction.checked_mul(Decimal::from(1_000_000)).ok_or(OutOfRange)?;
    let parts = parts.round_dp_with_strategy(0, how).to_i64();
    parts.map(Rate::from_ppm).ok_or(OutOfRange)
}

fn down(fraction: Decimal) -> Result<Rate, OutOfRange> {
    ppm(fraction, RoundingStrategy::ToZero)
}

fn up(fraction: Decimal) -> Result<Rate, OutOfRange> {
    ppm(fraction, RoundingStrategy::AwayFromZero)
}

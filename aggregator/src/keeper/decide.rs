//! Pure: what a loan's health asks for, and whether a liquidation pays.

use alloy_primitives::U256;
use domain::offer::OnchainOrder;
use domain::ports::{Health, Liquidation};
use rust_decimal::Decimal;

use super::Keeper;

/// The collateral received may be this much below what was simulated, basis points: prices move until inclusion.
const SLACK_BPS: u64 = 100;
/// Decimals of a native token.
const NATIVE_DECIMALS: u32 = 18;

/// What a loan asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The contract may let a liquidator in.
    pub liquidate: bool,
    /// An installment is missed past its grace: the loan can be ended in default.
    pub late: bool,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Liquidate {
        /// Most base units of the asset to pay.
        max_repay: u128,
        /// Least base units of collateral to get.
        min_collateral: u128,
    },
    /// No liquidation, and why: a label for operators.
    No(&'static str),
}

/// What the health of a loan asks for; none when it asks for nothing.
pub(super) fn due(order: &OnchainOrder, health: &Health) -> Option<Due> {
    let limit = u64::from(order.liquidation_ltv_bps);
    let under = health.ltv_bps.is_some_and(|ltv| limit > 0 && ltv > limit);
    (under || health.late).then_some(Due {
        liquidate: !order.oracle.is_zero(),
        late: health.late,
    })
}

/// Whether the simulated liquidation leaves the least gain after its gas.
pub(super) fn judge(keeper: &Keeper, found: &Liquidation, decimals: u8, max_repay: u128) -> Verdict {
    let wei = U256::from(found.gas) * U256::from(found.gas_price);
    let gas = units_up(wei, keeper.native_price, decimals, NATIVE_DECIMALS);
    let least = units_up(U256::from(1), keeper.min_profit, decimals, 0);
    let (Some(gas), Some(least)) = (gas, least) else {
        return Verdict::No("figures out of range");
    };
    let gained = U256::from(found.seized_value).checked_sub(U256::from(found.repaid));
    // The gas fits: `units_up` answers far below 2^255.
    let pays = gained.is_some_and(|gained| gained >= gas.saturating_add(least));
    if !pays {
        return Verdict::No("does not pay");
    }
    let kept = U256::from(found.seized) * U256::from(10_000 - SLACK_BPS) / U256::from(10_000);
    Verdict::Liquidate {
        max_repay,
        min_collateral: u128::try_from(kept).unwrap_or(found.seized),
    }
}

/// `amount` of something with `scale` decimals at `price` each, in base units of an asset with `decimals`, rounded up; none
/// when the price is below zero or the figure leaves its range.
fn units_up(amount: U256, price: Decimal, decimals: u8, scale: u32) -> Option<U256> {
    let mantissa = U256::from(u128::try_from(price.mantissa()).ok()?);
    let ten = U256::from(10);
    let above = amount
        .checked_mul(mantissa)?
        .checked_mul(ten.checked_pow(U256::from(decimals))?)?;
    let below = ten.checked_pow(U256::from(scale + price.scale()))?;
    Some(above.div_ceil(below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    fn keeper(min_profit: &str, native_price: &str) -> Keeper {
        Keeper {
            liquidator: Address::repeat_byte(1),
            min_profit: min_profit.parse().unwrap(),
            native_price: native_price.parse().unwrap(),
        }
    }

    /// 100.000000 paid for 110.000000, at 200,000 gas of 10 gwei: 0.002 native tokens.
    fn found() -> Liquidation {
        Liquidation {
            repaid: 100_000_000,
            seized: 1_000_000,
            seized_value: 110_000_000,
            gas: 200_000,
            gas_price: 10_000_000_000,
        }
    }

    #[test]
    fn it_liquidates_only_when_the_gain_covers_gas_and_the_least_profit() {
        let verdict = |least, price| judge(&keeper(least, price), &found(), 6, 123);
        // 0.002 at 2,000 is 4.00 of gas: 6.00 are left.
        let yes = Verdict::Liquidate {
            max_repay: 123,
            min_collateral: 990_000,
        };
        assert_eq!(verdict("6", "2000"), yes);
        assert_eq!(verdict("6.000001", "2000"), Verdict::No("does not pay"));
        assert_eq!(
            verdict("6", "2000.001"),
            Verdict::No("does not pay"),
            "gas is rounded up"
        );
        assert_eq!(verdict("0", "5000"), yes);
        assert_eq!(verdict("-1", "2000"), Verdict::No("figures out of range"));
        let loss = Liquidation {
            seized_value: 99_999_999,
            ..found()
        };
        assert_eq!(judge(&keeper("0", "0"), &loss, 6, 1), Verdict::No("does not pay"));
    }
}

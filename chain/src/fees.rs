//! What a transaction costs now.

use crate::rpc::{FeeHistory, Rpc, RpcError};

/// Least tip, wei: nodes refuse nothing at all.
const LEAST_TIP: u128 = 1_000_000;
const HISTORY_BLOCKS: u64 = 10;

/// EIP-1559 fees of one unit of gas, wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// `maxFeePerGas`.
    pub max_fee: u128,
    /// `maxPriorityFeePerGas`.
    pub tip: u128,
}

/// Fees that get into one of the next blocks: twice the next base fee, which covers six full blocks in a row, and the
/// median tip; never above `cap`.
pub async fn market(rpc: &Rpc, cap: u128) -> Result<Fees, RpcError> {
    Ok(from_history(&rpc.fee_history(HISTORY_BLOCKS).await?, cap))
}

/// What a unit of gas costs in the next block, wei: its base fee and the median tip.
pub async fn now(rpc: &Rpc) -> Result<u128, RpcError> {
    let history = rpc.fee_history(HISTORY_BLOCKS).await?;
    Ok(base_fee(&history).saturating_add(median_tip(&history)))
}

fn from_history(history: &FeeHistory, cap: u128) -> Fees {
    let tip = median_tip(history);
    let max_fee = base_fee(history).saturating_mul(2).saturating_add(tip).min(cap);
    Fees {
        max_fee,
        tip: tip.min(max_fee),
    }
}

fn base_fee(history: &FeeHistory) -> u128 {
    history.base_fee_per_gas.last().map_or(0, |fee| fee.to())
}

fn median_tip(history: &FeeHistory) -> u128 {
    let mut tips: Vec<u128> = history
        .reward
        .iter()
        .flatten()
        .filter_map(|block| block.first())
        .map(|tip| tip.to())
        .collect();
    tips.sort_unstable();
    tips.get(tips.len() / 2).copied().unwrap_or(0).max(LEAST_TIP)
}

/// Fees that replace `previous`: both fields by an eighth and one wei, rounded up, or the market's where that is higher.
/// Nodes ask for a tenth on *both*. None when that would pass `cap`: what is sent stays.
pub fn bumped_up(previous: Fees, market: Fees, cap: u128) -> Option<Fees> {
    let tip = eighth_more_up(previous.tip)?.max(market.tip);
    let max_fee = eighth_more_up(previous.max_fee)?.max(market.max_fee).max(tip);
    (max_fee <= cap).then_some(Fees { max_fee, tip })
}

fn eighth_more_up(fee: u128) -> Option<u128> {
    Some(fee.checked_mul(9)?.div_ceil(8) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U128;

    fn history(base: &[u64], tips: &[u64]) -> FeeHistory {
        FeeHistory {
            base_fee_per_gas: base.iter().map(|b| U128::from(*b)).collect(),
            reward: Some(tips.iter().map(|t| vec![U128::from(*t)]).collect()),
        }
    }

    #[test]
    fn market_is_twice_the_next_base_fee_and_the_median_tip() {
        let fees = from_history(&history(&[1, 10_000_000], &[1, 3_000_000, 9_000_000]), u128::MAX);
        assert_eq!(
            fees,
            Fees {
                max_fee: 23_000_000,
                tip: 3_000_000
            }
        );
    }

    #[test]
    fn the_cap_binds_both_fields() {
        let fees = from_history(&history(&[10_000_000], &[9_000_000]), 5_000_000);
        assert_eq!(
            fees,
            Fees {
                max_fee: 5_000_000,
                tip: 5_000_000
            }
        );
        assert_eq!(
            from_history(
                &FeeHistory {
                    base_fee_per_gas: vec![],
                    reward: None
                },
                7
            )
            .max_fee,
            7
        );
    }

    #[test]
    fn a_bump_raises_both_fields_by_an_eighth_at_least() {
        for previous in [0, 1, 7, 8, 9, 1_000_000, 123_456_789_012] {
            let from = Fees {
                max_fee: previous * 2,
                tip: previous,
            };
            let to = bumped_up(from, Fees { max_fee: 0, tip: 0 }, u128::MAX).unwrap();
            assert!(
                to.tip * 8 > from.tip * 9 && to.max_fee * 8 > from.max_fee * 9,
                "{from:?} -> {to:?}"
            );
            assert!(to.tip <= to.max_fee);
        }
    }

    #[test]
    fn a_bump_follows_the_market_and_stops_at_the_cap() {
        let from = Fees { max_fee: 100, tip: 10 };
        assert_eq!(
            bumped_up(from, Fees { max_fee: 900, tip: 50 }, 1_000),
            Some(Fees { max_fee: 900, tip: 50 })
        );
        assert_eq!(bumped_up(from, Fees { max_fee: 900, tip: 50 }, 899), None);
        assert_eq!(
            bumped_up(
                Fees {
                    max_fee: u128::MAX,
                    tip: 1
                },
                from,
                u128::MAX
            ),
            None
        );
    }
}

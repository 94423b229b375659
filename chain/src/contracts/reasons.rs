//! Why a contract refused, for people.

use std::fmt::Debug;

use alloy_sol_types::SolInterface;

use crate::bindings::aggregator::CreditAggregator::CreditAggregatorErrors;
use crate::bindings::manager::CollateralManager::CollateralManagerErrors;
use crate::bindings::pool::CreditPool::CreditPoolErrors;
use crate::bindings::prices::PriceOracle::PriceOracleErrors;
use crate::bindings::scoring::CreditScoringOracle::CreditScoringOracleErrors;
use crate::bindings::timelock::TimelockController::TimelockControllerErrors;
use crate::bindings::token::DevToken::DevTokenErrors;
use crate::bindings::tranche::Tranche::TrancheErrors;

/// Decodes revert data into the name and the arguments of an error of our contracts, of a standard token or of the timelock.
/// The contracts share some names; where their selectors are equal, so are the arguments.
pub fn revert_reason(data: &[u8]) -> Option<String> {
    decode::<CreditAggregatorErrors>(data)
        .or_else(|| decode::<CreditScoringOracleErrors>(data))
        .or_else(|| decode::<PriceOracleErrors>(data))
        .or_else(|| decode::<CollateralManagerErrors>(data))
        .or_else(|| decode::<CreditPoolErrors>(data))
        .or_else(|| decode::<TrancheErrors>(data))
        .or_else(|| decode::<DevTokenErrors>(data))
        .or_else(|| decode::<TimelockControllerErrors>(data))
        .or_else(|| alloy_sol_types::decode_revert_reason(data))
}

fn decode<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    E::abi_decode(data).ok().map(|error| format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::aggregator::CreditAggregator as sol;
    use crate::bindings::prices::PriceOracle;
    use crate::bindings::scoring::CreditScoringOracle;
    use alloy_primitives::{Address, B256, U256};
    use alloy_sol_types::SolError;

    #[test]
    fn errors_of_every_contract_are_named() {
        let cases: [(Vec<u8>, &str); 4] = [
            (
                sol::LoanHealthy {
                    loanId: B256::ZERO,
                    ltvBps: U256::from(8_123),
                    limitBps: U256::from(9_000),
                }
                .abi_encode(),
                "8123",
            ),
            (
                CreditScoringOracle::PolicyNotMet { policy: 77 }.abi_encode(),
                "PolicyNotMet",
            ),
            (
                PriceOracle::NotListed { token: Address::ZERO }.abi_encode(),
                "NotListed",
            ),
            (
                alloy_sol_types::Revert {
                    reason: "plain words".to_owned(),
                }
                .abi_encode(),
                "plain words",
            ),
        ];
        for (data, part) in cases {
            let reason = revert_reason(&data).unwrap();
            assert!(reason.contains(part), "{reason}");
        }
        assert_eq!(revert_reason(&[0xff, 2, 3]), None);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What a unit of one token is worth in another.
/// @dev Reverts when it has no price that it trusts: stale, not positive, feeds that disagree, sequencer down. A loan names its
/// oracle; only liquidation, default by price, withdrawal of collateral and origination ask it, never repayment.
interface IPriceOracle {
    /// @return Base units of `asset` per base unit of `collateral`, times 1e36, rounded down; conservative for the lender where
    /// the oracle has two opinions. Never zero.
    function price(address collateral, address asset) external view returns (uint256);
}

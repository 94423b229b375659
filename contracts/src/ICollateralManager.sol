// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Custody of collateral.
/// @notice Holds tokens and lets them go only when the aggregator says so: to the borrower, the lender or a liquidator. It keeps
/// no books: which loan owns what is the aggregator's state, and the balance of each token is at least the sum of the collateral
/// of active loans and of what the aggregator keeps for those whom a token refused.
/// @dev Collateral arrives by a transfer from the borrower inside the origination. There is no call for it here, which saves
/// 3,400 gas per loan. A token sent here by mistake stays here. No upgrade path, no owner.
interface ICollateralManager {
    error NotAggregator(address caller);

    /// @notice The only caller allowed; fixed at construction.
    function aggregator() external view returns (address);

    /// @notice Gives `amount` base units of `token` to `to`.
    /// @return Whether the token obliged: false when its transfer reverted, answered anything but true, or has no code.
    function release(address token, address to, uint256 amount) external returns (bool);
}

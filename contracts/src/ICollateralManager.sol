// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Custody of collateral.
/// @notice Holds tokens and lets them go only when the aggregator says so: back to the borrower, or to the lender after a
/// default. It keeps no books: which loan owns what is the aggregator's state, and the balance of each token is at least the
/// sum of the collateral of active loans.
/// @dev Collateral arrives by a transfer from the borrower inside the origination. There is no call for it here, which saves
/// 3,400 gas per loan. A token sent here by mistake stays here. No upgrade path, no owner.
interface ICollateralManager {
    error NotAggregator(address caller);

    /// @notice The only caller allowed; fixed at construction.
    function aggregator() external view returns (address);

    /// @notice Gives collateral back to the borrower `to` whose debt is paid.
    function release(address token, address to, uint256 amount) external;

    /// @notice Gives the collateral of a defaulted loan to the lender `to`.
    function seize(address token, address to, uint256 amount) external;
}

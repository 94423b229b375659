// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Custody of collateral.
/// @notice Holds tokens and moves them only when the aggregator says so. It keeps no books: which loan owns what is the
/// aggregator's state, and the balance of each token is at least the sum of the collateral of active loans.
/// @dev Borrowers approve this contract, which has no upgrade path. A token sent here by mistake stays here.
interface ICollateralManager {
    error NotAggregator(address caller);
    /// @notice The token charged on transfer or moved another amount than asked.
    error ReceivedOtherAmount(address token, uint256 expected, uint256 received);

    /// @notice The only caller allowed; fixed at construction.
    function aggregator() external view returns (address);

    /// @notice Takes `amount` base units from `from`, who must have approved this contract.
    function lock(address token, address from, uint256 amount) external;

    /// @notice Gives collateral back to the borrower `to` whose debt is paid.
    function release(address token, address to, uint256 amount) external;

    /// @notice Gives the collateral of a defaulted loan to the lender `to`.
    function seize(address token, address to, uint256 amount) external;
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title A lender that keeps books on chain, such as {CreditPool}.
/// @notice The aggregator tells a lender that was verified by ERC-1271 of its loans, each time with {HOOK_GAS} gas. A lender wants to be told
/// when it answers `onOriginated` with that function's selector; then it is told of every payment and of the end.
/// @dev The calls come last, after every effect and transfer. What they revert with is ignored: no lender can stop a payment.
interface ICreditHook {
    /// @param principal Base units of asset lent, the fee included.
    function onOriginated(bytes32 loanId, address borrower, uint256 principal) external returns (bytes4);

    /// @notice A payment by repayment, refinancing or liquidation reached this lender, or waits in custody because the asset
    /// refused it, see {ICreditAggregator-claimPayment}.
    /// @param principal Part of it that lowers the debt.
    /// @param income Late fees and interest.
    function onRepaid(bytes32 loanId, address borrower, uint256 principal, uint256 income) external;

    /// @notice The loan ended with principal unpaid.
    /// @param lost Unpaid principal.
    /// @param collateral Token seized for this lender; zero when none.
    /// @param seized Base units of it that arrived here.
    function onLost(bytes32 loanId, address borrower, uint256 lost, address collateral, uint256 seized) external;
}

/// @dev Gas that each call of a hook gets.
uint256 constant HOOK_GAS = 120_000;

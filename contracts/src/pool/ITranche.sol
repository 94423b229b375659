// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title Shares of one tranche of a {CreditPool}, as an ERC-4626 vault.
/// @notice Depositors approve the tranche; the money goes to the pool, which keeps it and all books. Shares have six decimals more
/// than the asset, and prices count a million shares and one base unit that nobody owns, so that moving a price to round
/// another's deposit away costs more than it gives. All roundings favor the pool.
interface ITranche is IERC4626 {
    error NotPool(address caller);
    error ZeroShares();
    /// @notice OpenZeppelin's errors of ERC-4626, word for word.
    error ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max);
    error ERC4626ExceededMaxMint(address receiver, uint256 shares, uint256 max);
    error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max);
    error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max);

    /// @notice Called once, by the pool that is its own.
    /// @param assetDecimals Of the asset.
    /// @param label Last word of the name and first of the symbol.
    function initialize(address asset, uint8 assetDecimals, bool senior, string calldata label) external;

    /// @notice Queues the caller's shares to be redeemed when there is cash, at the price of that moment. They leave the caller.
    /// @return index By which {cancelRequest} and {CreditPool-requestOf} know it.
    function requestRedeem(uint256 shares, address receiver) external returns (uint256 index);

    /// @notice Takes back what is unpaid of a request of the caller.
    function cancelRequest(uint256 index) external returns (uint256 shares);

    /// @notice Burns queued shares; only for the pool.
    function burnQueued(uint256 shares) external;

    function pool() external view returns (address);
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Assets to shares and back, as OpenZeppelin's ERC-4626 does with a decimals offset of six.
library ShareMath {
    uint8 internal constant DECIMALS_OFFSET = 6;
    /// @notice Shares that nobody owns, worth one base unit at first.
    uint256 internal constant VIRTUAL_SHARES = 10 ** 6;

    /// @param total Base units that all shares are worth.
    /// @param supply Shares that somebody owns.
    function toShares(uint256 assets, uint256 total, uint256 supply, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        return Math.mulDiv(assets, supply + VIRTUAL_SHARES, total + 1, rounding);
    }

    /// @param total Base units that all shares are worth.
    /// @param supply Shares that somebody owns.
    function toAssets(uint256 shares, uint256 total, uint256 supply, Math.Rounding rounding)
        internal
        pure
        returns (uint256)
    {
        return Math.mulDiv(shares, total + 1, supply + VIRTUAL_SHARES, rounding);
    }

    /// @notice Of `shares` those that can be redeemed for `limit` base units: all of them when they are worth no more, none when
    /// there is nothing to be had.
    function sharesWithin(uint256 shares, uint256 limit, uint256 total, uint256 supply)
        internal
        pure
        returns (uint256)
    {
        if (limit == 0) return 0;
        if (toAssets(shares, total, supply, Math.Rounding.Floor) <= limit) return shares;
        return toShares(limit, total, supply, Math.Rounding.Floor);
    }
}

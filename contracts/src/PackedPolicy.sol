// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AssetPolicy } from "./ICreditAggregator.sol";

/// @notice The breaker of an asset in one word, see {AssetPolicy}.
/// @dev From the lowest bit: cap 104, used 104, windowStart 40, paused 8.
type PackedPolicy is uint256;

using PackedPolicyFields for PackedPolicy global;

// Cutting a field out of the word is what the casts are for.
// forge-lint: disable-next-item(unsafe-typecast)
library PackedPolicyFields {
    uint256 internal constant WINDOW = 1 hours;

    uint256 private constant USED = 104;
    uint256 private constant WINDOW_START = 208;
    uint256 private constant PAUSED = 1 << 248;

    function cap(PackedPolicy self) internal pure returns (uint256) {
        return uint104(PackedPolicy.unwrap(self));
    }

    function used(PackedPolicy self) internal pure returns (uint256) {
        return uint104(PackedPolicy.unwrap(self) >> USED);
    }

    function windowStart(PackedPolicy self) internal pure returns (uint256) {
        return uint40(PackedPolicy.unwrap(self) >> WINDOW_START);
    }

    function isPaused(PackedPolicy self) internal pure returns (bool) {
        return PackedPolicy.unwrap(self) & PAUSED != 0;
    }

    /// @notice The same breaker with the hour that `time` belongs to: the present one, or one that begins now.
    /// @param time Unix time of at most 40 bits.
    function rolledTo(PackedPolicy self, uint256 time) internal pure returns (PackedPolicy) {
        unchecked {
            // 40 bits and an hour.
            if (time < self.windowStart() + WINDOW) return self;
        }
        return PackedPolicy.wrap(self.cap() | time << WINDOW_START | PackedPolicy.unwrap(self) & PAUSED);
    }

    /// @notice The same breaker with `amount` more lent; the caller keeps the sum within the cap.
    function withMore(PackedPolicy self, uint256 amount) internal pure returns (PackedPolicy) {
        unchecked {
            return PackedPolicy.wrap(PackedPolicy.unwrap(self) + (amount << USED));
        }
    }

    function withCap(PackedPolicy self, uint104 cap_) internal pure returns (PackedPolicy) {
        return PackedPolicy.wrap(PackedPolicy.unwrap(self) & ~uint256(type(uint104).max) | cap_);
    }

    function withPause(PackedPolicy self, bool paused) internal pure returns (PackedPolicy) {
        uint256 cleared = PackedPolicy.unwrap(self) & ~PAUSED;
        return PackedPolicy.wrap(paused ? cleared | PAUSED : cleared);
    }

    function unpack(PackedPolicy self) internal pure returns (AssetPolicy memory) {
        return AssetPolicy({
            cap: uint104(self.cap()),
            used: uint104(self.used()),
            windowStart: uint40(self.windowStart()),
            paused: self.isPaused()
        });
    }
}

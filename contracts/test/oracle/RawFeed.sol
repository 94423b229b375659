// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IAggregatorV3 } from "../../src/IAggregatorV3.sol";

/// @notice Answers any bytes, or reverts with them.
contract RawFeed {
    bytes private words;
    bool private fails;
    uint256 private places;

    constructor(uint256 places_) {
        places = places_;
    }

    function set(bytes calldata words_) external {
        words = words_;
    }

    function setFailing(bool fails_) external {
        fails = fails_;
    }

    fallback(bytes calldata input) external returns (bytes memory) {
        require(!fails, "feed is down");
        // The selector of a call comes first.
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes4(input) == IAggregatorV3.decimals.selector ? abi.encode(places) : words;
    }
}

/// @notice A feed with everything to be set, cheap enough for long fuzz runs.
contract FuzzedFeed is IAggregatorV3 {
    uint8 public override decimals;
    int256 private answer;
    uint256 private updatedAt;

    function set(uint8 decimals_, int256 answer_, uint256 updatedAt_) external {
        (decimals, answer, updatedAt) = (decimals_, answer_, updatedAt_);
    }

    function latestRoundData() external view override returns (uint80, int256, uint256, uint256, uint80) {
        return (1, answer, updatedAt, updatedAt, 1);
    }
}

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
        return bytes4(input) == IAggregatorV3.decimals.selector ? abi.encode(places) : words;
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice cancelOffer and bumpEpoch.
contract OffersTest is Base {
    event OfferCancelled(address indexed lender, uint256 nonce);
    event EpochBumped(address indexed lender, uint64 epoch);

    function testFuzz_CancelTwiceReverts(uint256 nonce) external {
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit OfferCancelled(address(this), nonce);
        aggregator.cancelOffer(nonce);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, address(this), nonce));
        aggregator.cancelOffer(nonce);
    }

    function test_CancelAfterSettlementReverts() external {
        open(baseOffer());
        vm.prank(lender);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, lender, 7));
        aggregator.cancelOffer(7);
    }

    /// @notice A nonce touches neither another nonce, nor another lender, nor the epoch.
    function testFuzz_CancelTouchesOneNonce(uint256 nonce, uint256 other) external {
        if (other % 2 == 0) (nonce, other) = (nonce % 260, (other / 2) % 260);
        vm.assume(nonce != other);
        aggregator.cancelOffer(nonce);
        require(aggregator.isNonceUsed(address(this), nonce), "used");
        require(!aggregator.isNonceUsed(address(this), other), "other nonce");
        require(!aggregator.isNonceUsed(lender, nonce), "other lender");
        eq(aggregator.epochOf(address(this)), 0, "epoch");
        aggregator.cancelOffer(other);
    }

    /// @notice The first and the last nonce of the lane, and those beside it.
    function test_EdgesOfTheLane() external {
        uint256[9] memory nonces = [0, 1, 190, 191, 192, 193, 255, 256, type(uint256).max];
        for (uint256 i = 0; i < nonces.length; ++i) {
            require(!aggregator.isNonceUsed(address(this), nonces[i]), "not used by its neighbors");
            aggregator.cancelOffer(nonces[i]);
            require(aggregator.isNonceUsed(address(this), nonces[i]), "used");
        }
        eq(aggregator.epochOf(address(this)), 0, "epoch");
    }

    function testFuzz_EachEpochStartsAfresh(uint256 nonce) external {
        aggregator.cancelOffer(nonce);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit EpochBumped(address(this), 1);
        eq(aggregator.bumpEpoch(), 1, "epoch");
        eq(aggregator.epochOf(address(this)), 1, "epoch");
        require(!aggregator.isNonceUsed(address(this), nonce), "fresh");
        aggregator.cancelOffer(nonce);
        eq(aggregator.epochOf(address(this)), 1, "nonces leave the epoch alone");
        eq(aggregator.bumpEpoch(), 2, "epoch");
        eq(aggregator.epochOf(lender), 0, "another lender");
    }
}

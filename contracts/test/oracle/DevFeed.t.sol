// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevFeed } from "../../src/dev/DevFeed.sol";
import { OracleBase } from "./OracleBase.sol";

contract DevFeedTest is OracleBase {
    DevFeed private feed;

    function setUp() external {
        vm.warp(START);
        feed = new DevFeed(8, "ETH / USD");
    }

    function test_RefusesRoundsThatWereNotSet() external {
        vm.expectRevert(abi.encodeWithSelector(DevFeed.NoData.selector, 0));
        feed.latestRoundData();
        feed.setAnswer(1);
        vm.expectRevert(abi.encodeWithSelector(DevFeed.NoData.selector, 0));
        feed.getRoundData(0);
        vm.expectRevert(abi.encodeWithSelector(DevFeed.NoData.selector, 2));
        feed.getRoundData(2);
    }

    function test_AnswersWhatWasSet() external {
        eq(feed.decimals(), 8, "decimals");
        eq(feed.version(), 1, "version");
        eq(keccak256(bytes(feed.description())), keccak256("ETH / USD"), "description");
        vm.expectEmit(true, true, true, true, address(feed));
        emit DevFeed.AnswerUpdated(-5, 1, START);
        vm.prank(STRANGER);
        feed.setAnswer(-5);
        requireRound(1, -5, START, START);
        feed.setRound(7, START - 20, START - 10);
        requireRound(2, 7, START - 20, START - 10);
        (uint80 id, int256 answer,,,) = feed.getRoundData(1);
        require(id == 1 && answer == -5, "the former round stays");
    }

    function requireRound(uint80 expected, int256 value, uint256 started, uint256 updated) private view {
        (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn) = feed.latestRoundData();
        require(id == expected && answeredIn == expected, "round");
        require(answer == value, "answer");
        require(startedAt == started && updatedAt == updated, "times");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IAggregatorV3 } from "../IAggregatorV3.sol";

/// @title A price feed for development chains only: anyone may set its answer, so nothing of value may depend on it.
contract DevFeed is IAggregatorV3 {
    struct Round {
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
    }

    uint8 public immutable override decimals;
    uint256 public constant version = 1;
    string public description;

    uint80 private latest;
    mapping(uint80 roundId => Round) private rounds;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    error NoData(uint80 roundId);

    /// @param decimals_ Decimal places of the answers.
    /// @param description_ Such as "ETH / USD".
    constructor(uint8 decimals_, string memory description_) {
        decimals = decimals_;
        description = description_;
    }

    /// @notice Development only: a new round with this answer, begun and given now.
    function setAnswer(int256 answer) external {
        setRound(answer, block.timestamp, block.timestamp);
    }

    /// @notice Development only: a new round with these times, such as an answer of the past.
    function setRound(int256 answer, uint256 startedAt, uint256 updatedAt) public {
        rounds[++latest] = Round(answer, startedAt, updatedAt);
        emit AnswerUpdated(answer, latest, updatedAt);
    }

    /// @notice Reverts with `NoData` before the first answer.
    function latestRoundData()
        external
        view
        override
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return getRoundData(latest);
    }

    /// @notice Reverts with `NoData` for a round that was not set.
    function getRoundData(uint80 id)
        public
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        if (id == 0 || id > latest) revert NoData(id);
        Round storage round = rounds[id];
        return (id, round.answer, round.startedAt, round.updatedAt, id);
    }
}

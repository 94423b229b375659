// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What {PriceOracle} asks of a Chainlink feed.
interface IAggregatorV3 {
    /// @notice Decimal places of `answer`.
    function decimals() external view returns (uint8);

    /// @return roundId Round of the answer.
    /// @return answer Price in units of 10^-decimals; of a sequencer uptime feed 0 while the sequencer is up, 1 while it is down.
    /// @return startedAt When the round began, Unix time; of an uptime feed when the status last changed.
    /// @return updatedAt When the answer was given, Unix time; zero means not yet.
    /// @return answeredInRound Round in which the answer was computed.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}

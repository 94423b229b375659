// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { PriceOracle, TokenFeeds } from "../../src/PriceOracle.sol";
import { DevFeed } from "../../src/dev/DevFeed.sol";
import { OracleBase } from "./OracleBase.sol";
import { RawFeed } from "./RawFeed.sol";

/// @notice {PriceOracle-price}: every refusal, then both modes.
contract PriceOracleTest is OracleBase {
    address private constant ETH = address(0xE7);
    address private constant USD = address(0x0D);

    PriceOracle private oracle;
    DevFeed private ethFirst;
    DevFeed private ethSecond;
    DevFeed private usdFirst;
    DevFeed private usdSecond;

    function setUp() external {
        vm.warp(START);
        oracle = deployPrices();
        ethFirst = new DevFeed(8, "ETH / USD");
        ethSecond = new DevFeed(18, "ETH / USD, elsewhere");
        usdFirst = new DevFeed(8, "USDC / USD");
        usdSecond = new DevFeed(6, "USDC / USD, elsewhere");
        ethFirst.setAnswer(2_000e8);
        ethSecond.setAnswer(2_000e18);
        usdFirst.setAnswer(1e8);
        usdSecond.setAnswer(1e6);
        pair(ETH, ethFirst, ethSecond, 18);
        pair(USD, usdFirst, usdSecond, 6);
    }

    function pair(address token, DevFeed first, DevFeed second, uint8 decimals) private {
        vm.prank(OWNER);
        oracle.setToken(token, TokenFeeds(address(first), 3_600, address(second), 86_400, 200, decimals));
    }

    function single(address token, address feed, uint8 decimals) private {
        vm.prank(OWNER);
        oracle.setToken(token, TokenFeeds(feed, 3_600, address(0), 0, 0, decimals));
    }

    function conservative(address token) private {
        vm.prank(GUARDIAN);
        oracle.setConservative(token, true);
    }

    function refuse(bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.price(ETH, USD);
    }

    function refuseBothWays(bytes memory reason) private {
        refuse(reason);
        vm.expectRevert(reason);
        oracle.price(USD, ETH);
    }

    function rounds(uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn)
        private
        pure
        returns (bytes memory)
    {
        return abi.encode(id, answer, startedAt, updatedAt, answeredIn);
    }

    // --- refusals

    function test_RefusesWhatIsNotListed() external {
        refuseUnlisted(STRANGER, USD, STRANGER);
        refuseUnlisted(ETH, STRANGER, STRANGER);
        vm.prank(GUARDIAN);
        oracle.delist(ETH);
        refuseUnlisted(ETH, USD, ETH);
        refuseUnlisted(USD, ETH, ETH);
    }

    function refuseUnlisted(address collateral, address asset, address named) private {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.NotListed.selector, named));
        oracle.price(collateral, asset);
    }

    /// @notice Its last second is the one at which it is as old as allowed; each feed has its own age.
    function test_RefusesStaleAnswers() external {
        vm.warp(START + 3_600);
        oracle.price(ETH, USD);
        vm.warp(START + 3_601);
        refuse(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(ethFirst), START));
        ethFirst.setAnswer(2_000e8);
        refuse(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(usdFirst), START));
        usdFirst.setAnswer(1e8);
        oracle.price(ETH, USD);
        vm.warp(START + 86_401);
        ethFirst.setAnswer(2_000e8);
        usdFirst.setAnswer(1e8);
        refuse(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(ethSecond), START));
        ethSecond.setAnswer(2_000e18);
        refuse(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(usdSecond), START));
    }

    function test_RefusesAnswersFromTheFuture() external {
        ethSecond.setRound(2_000e18, START, START + 1);
        refuseBothWays(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(ethSecond), START + 1));
    }

    function test_RefusesZeroAndNegativeAnswers() external {
        int256[3] memory bad = [int256(0), -1, type(int256).min];
        DevFeed[4] memory all = [ethFirst, ethSecond, usdFirst, usdSecond];
        int256[4] memory good = [int256(2_000e8), 2_000e18, 1e8, 1e6];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                all[i].setAnswer(bad[j]);
                refuseBothWays(abi.encodeWithSelector(PriceOracle.BadPrice.selector, address(all[i]), bad[j]));
            }
            all[i].setAnswer(good[i]);
        }
    }

    function test_RefusesIncompleteRounds() external {
        RawFeed feed = new RawFeed(8);
        single(ETH, address(feed), 18);
        bytes memory reason = abi.encodeWithSelector(PriceOracle.IncompleteRound.selector, address(feed));
        feed.set(rounds(5, 2_000e8, START, START, 4));
        refuseBothWays(reason);
        feed.set(rounds(5, 2_000e8, START, 0, 5));
        refuseBothWays(reason);
        feed.set(rounds(5, 2_000e8, 0, START, 5));
        eq(oracle.price(ETH, USD), 2e27, "when the round began does not matter");
        feed.set(rounds(0, 2_000e8, 0, START, 0));
        eq(oracle.price(ETH, USD), 2e27, "a feed that does not count rounds");
    }

    function test_RefusesFeedsThatFail() external {
        RawFeed feed = new RawFeed(8);
        single(ETH, address(feed), 18);
        bytes memory reason = abi.encodeWithSelector(PriceOracle.FeedFailed.selector, address(feed));
        feed.set("");
        refuseBothWays(reason);
        bytes memory whole = rounds(1, 2_000e8, START, START, 1);
        bytes memory part = new bytes(159);
        for (uint256 i = 0; i < 159; ++i) {
            part[i] = whole[i];
        }
        feed.set(part);
        refuseBothWays(reason);
        feed.set(whole);
        oracle.price(ETH, USD);
        feed.set(bytes.concat(whole, whole));
        eq(oracle.price(ETH, USD), 2e27, "what is behind is not read");
        feed.setFailing(true);
        refuseBothWays(reason);
        vm.etch(address(feed), "");
        refuseBothWays(reason);
    }

    function test_RefusesWhileTheSequencerIsDown() external {
        DevFeed sequencer = new DevFeed(0, "sequencer");
        vm.prank(OWNER);
        oracle.setSequencerFeed(address(sequencer));
        refuse(abi.encodeWithSelector(PriceOracle.FeedFailed.selector, address(sequencer)));
        sequencer.setRound(1, START - 1 days, START - 1 days);
        refuse(abi.encodeWithSelector(PriceOracle.SequencerDown.selector));
        sequencer.setRound(-1, START - 1 days, START - 1 days);
        refuse(abi.encodeWithSelector(PriceOracle.SequencerDown.selector));
        sequencer.setRound(0, 0, START);
        refuse(abi.encodeWithSelector(PriceOracle.IncompleteRound.selector, address(sequencer)));
    }

    function test_RefusesForAnHourAfterTheSequencerCameUp() external {
        DevFeed sequencer = new DevFeed(0, "sequencer");
        vm.prank(OWNER);
        oracle.setSequencerFeed(address(sequencer));
        sequencer.setRound(0, START, START);
        refuse(abi.encodeWithSelector(PriceOracle.SequencerGrace.selector, START + 3_600));
        vm.warp(START + 3_599);
        refuse(abi.encodeWithSelector(PriceOracle.SequencerGrace.selector, START + 3_600));
        vm.warp(START + 3_600);
        eq(oracle.price(ETH, USD), 2e27, "on the second");
        sequencer.setRound(0, type(uint256).max, START);
        refuse(abi.encodeWithSelector(PriceOracle.SequencerGrace.selector, type(uint256).max));
    }

    /// @notice 2 % of the lower: 2,000 and 2,040 agree, one unit more does not, whichever is the primary.
    function test_RefusesFeedsThatDisagree() external {
        ethSecond.setAnswer(2_040e18);
        eq(oracle.price(ETH, USD), 2e27, "at the limit, the primary counts");
        ethSecond.setAnswer(2_040e18 + 1);
        bytes4 error = PriceOracle.FeedsDisagree.selector;
        refuseBothWays(abi.encodeWithSelector(error, ETH, 2_000e18, 2_040e18 + 1, 200));
        ethFirst.setAnswer(2_040e8);
        ethSecond.setAnswer(2_000e18);
        eq(oracle.price(ETH, USD), 2.04e27, "at the limit, the primary counts");
        ethSecond.setAnswer(2_000e18 - 1);
        refuseBothWays(abi.encodeWithSelector(error, ETH, 2_040e18, 2_000e18 - 1, 200));
        ethSecond.setAnswer(2_040e18);
        usdFirst.setAnswer(1.03e8);
        refuseBothWays(abi.encodeWithSelector(error, USD, 1.03e8, 1e8, 200));
    }

    /// @notice Two percent of 51 is 1.02: a difference of one is within, one of two is not.
    function test_RefusesAFractionMoreThanTheLimit() external {
        DevFeed other = new DevFeed(8, "the same decimals");
        pair(ETH, ethFirst, other, 18);
        ethFirst.setAnswer(51);
        other.setAnswer(52);
        require(oracle.price(ETH, USD) != 0, "within");
        other.setAnswer(53);
        refuseBothWays(abi.encodeWithSelector(PriceOracle.FeedsDisagree.selector, ETH, 51, 53, 200));
    }

    /// @notice Answers whose comparison exceeds 256 bits disagree instead of overflowing.
    function test_RefusesAbsurdAnswersAsDisagreement() external {
        ethFirst.setAnswer(type(int256).max);
        ethSecond.setAnswer(type(int256).max);
        refuse(
            abi.encodeWithSelector(
                PriceOracle.FeedsDisagree.selector, ETH, type(uint256).max, uint256(type(int256).max), 200
            )
        );
    }

    function test_RefusesPricesThatNoWordHolds() external {
        bytes memory reason = abi.encodeWithSelector(PriceOracle.Unrepresentable.selector, ETH, USD);
        DevFeed coarse = new DevFeed(0, "coarse");
        DevFeed fine = new DevFeed(24, "fine");
        // 1 * 10^(36 + 0 + 0) / (2^255 * 10^0): below one.
        single(ETH, address(coarse), 0);
        coarse.setAnswer(1);
        usdFirst = new DevFeed(0, "USD");
        single(USD, address(usdFirst), 0);
        usdFirst.setAnswer(type(int256).max);
        refuse(reason);
        // 1 / (2^255 * 10^12): the denominator exceeds 256 bits.
        single(ETH, address(fine), 24);
        fine.setAnswer(1);
        refuse(reason);
        // 10^84 * 2^255 / 1.
        single(ETH, address(coarse), 0);
        coarse.setAnswer(type(int256).max);
        single(USD, address(fine), 24);
        refuse(reason);
        // 10^84 / 1.
        coarse.setAnswer(1);
        refuse(reason);
        // 10^84 / 10^7 fits.
        fine.setAnswer(1e7);
        eq(oracle.price(ETH, USD), 1e77, "largest power");
        // 10^78 / 1 does not.
        fine.setAnswer(1e6);
        refuse(reason);
        // Nor does the least power of ten that no word holds, taken at once.
        DevFeed middle = new DevFeed(18, "middle");
        single(USD, address(middle), 24);
        middle.setAnswer(1);
        refuse(reason);
        middle.setAnswer(10);
        eq(oracle.price(ETH, USD), 1e77, "10^78 / 10");
        single(USD, address(fine), 24);
        // The edge is 10^84 / 2^256, which is 8,636,168 and a rest.
        fine.setAnswer(8_636_168);
        refuse(reason);
        fine.setAnswer(8_636_169);
        eq(
            oracle.price(ETH, USD),
            115_792_083_272_108_269_303_206_085_939_263_115_392_947_961_069_312_098_917_934_561_030_475_434_188_469,
            "just below 2^256"
        );
    }

    // --- behavior

    /// @notice With 48 decimals in the collateral and none in the debt, 10^12 remain to divide by.
    function test_PriceRoundsDownToWholeUnits() external {
        DevFeed coarse = new DevFeed(0, "coarse");
        DevFeed fine = new DevFeed(24, "fine");
        single(ETH, address(fine), 24);
        single(USD, address(coarse), 0);
        coarse.setAnswer(1);
        fine.setAnswer(7e12);
        eq(oracle.price(ETH, USD), 7, "exactly");
        fine.setAnswer(8e12 - 1);
        eq(oracle.price(ETH, USD), 7, "rounded down");
    }

    /// @notice By hand: 1e18 base units of ETH are worth 2,000e6 of USDC, so one is worth 2e-9, and 1e36 times that is 2e27.
    function test_PriceByHand() external {
        eq(oracle.price(ETH, USD), 2e27, "ether in dollars");
        eq(oracle.price(USD, ETH), 5e44, "dollars in ether");
        eq(oracle.price(ETH, ETH), 1e36, "a token in itself");
        usdFirst.setAnswer(0.99e8);
        eq(oracle.price(ETH, USD), 2_020_202_020_202_020_202_020_202_020, "rounded down");
    }

    /// @notice The one that is worse for the borrower on each side; a second feed alone changes nothing.
    function test_ConservativeTakesTheWorse() external {
        ethSecond.setAnswer(1_600e18);
        usdSecond.setAnswer(1.25e6);
        conservative(ETH);
        conservative(USD);
        eq(oracle.price(ETH, USD), 1.28e27, "1,600 over 1.25");
        eq(oracle.price(USD, ETH), 5e44, "1 over 2,000");
        ethFirst.setAnswer(1_500e8);
        usdFirst.setAnswer(1.5e8);
        eq(oracle.price(ETH, USD), 1e27, "1,500 over 1.5");
        eq(oracle.price(USD, ETH), 1.25e18 * 1e48 / 1_600e18, "1.25 over 1,600");
        eq(oracle.price(ETH, ETH), uint256(1_500e36) / 1_600, "a token in itself");
    }

    function test_ConservativeWithOneFeedIsTheSame() external {
        single(ETH, address(ethFirst), 18);
        conservative(ETH);
        eq(oracle.price(ETH, USD), 2e27, "one opinion");
    }

    function test_ConservativeNeedsBothFresh() external {
        conservative(ETH);
        ethSecond.setRound(2_000e18, START - 86_401, START - 86_401);
        refuseBothWays(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(ethSecond), START - 86_401));
    }

    function test_ConservativeOfAbsurdAnswers() external {
        conservative(ETH);
        ethFirst.setAnswer(type(int256).max);
        eq(oracle.price(ETH, USD), 2e27, "the second is lower");
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.Unrepresentable.selector, USD, ETH));
        oracle.price(USD, ETH);
    }
}

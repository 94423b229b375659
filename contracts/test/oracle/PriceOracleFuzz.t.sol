// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { PriceOracle, TokenFeeds } from "../../src/PriceOracle.sol";
import { OracleBase } from "./OracleBase.sol";
import { FuzzedFeed } from "./RawFeed.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice {PriceOracle-price} over every combination of decimals, answers and ages.
// Fuzzed numbers are cut to the types that take them.
// forge-lint: disable-next-item(unsafe-typecast)
contract PriceOracleFuzzTest is OracleBase {
    address private constant ETH = address(0xE7);
    address private constant USD = address(0x0D);

    PriceOracle private oracle;
    PriceOracle private other;
    FuzzedFeed private ethFeed;
    FuzzedFeed private ethSecond;
    FuzzedFeed private usdFeed;

    function setUp() external {
        vm.warp(START);
        oracle = deployPrices();
        ethFeed = new FuzzedFeed();
        ethSecond = new FuzzedFeed();
        usdFeed = new FuzzedFeed();
        ethFeed.set(8, 2_000e8, START);
        usdFeed.set(8, 1e8, START);
        single(ETH, ethFeed, 18);
        single(USD, usdFeed, 6);
        other = deployPrices();
        vm.prank(OWNER);
        other.setToken(USD, TokenFeeds(address(usdFeed), 60, address(0), 0, 0, 6));
    }

    function single(address token, FuzzedFeed feed, uint8 decimals) private {
        vm.prank(OWNER);
        oracle.setToken(token, TokenFeeds(address(feed), 3_600, address(0), 0, 0, decimals));
    }

    function refuse(bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.price(ETH, USD);
    }

    struct Quote {
        uint8 feedDecimals;
        uint8 decimals;
        int256 answer;
        uint8 shift;
        uint256 age;
    }

    function list(address token, FuzzedFeed feed, Quote memory quote) private {
        quote.feedDecimals %= 25;
        quote.decimals %= 25;
        // Every magnitude as likely; the sign stays.
        quote.answer >>= quote.shift;
        quote.age = bound(quote.age, 0, 4_000);
        feed.set(quote.feedDecimals, quote.answer, START - quote.age);
        single(token, feed, quote.decimals);
    }

    /// @notice Gives floor(1e36 * worth / cost) or the right refusal, for any decimals from 0 to 24, any answer, any age.
    function testFuzz_PriceIsExact(Quote memory c, Quote memory a) external {
        list(ETH, ethFeed, c);
        list(USD, usdFeed, a);
        bytes memory refusal = refusalOf(address(ethFeed), c);
        if (refusal.length == 0) refusal = refusalOf(address(usdFeed), a);
        (uint256 high, uint256 low, uint256 denominator, bool fits) = fraction(c, a, refusal.length == 0);
        if (refusal.length == 0) {
            // The quotient is at least one exactly when numerator >= denominator, and below 2^256 when high < denominator.
            bool zero = high == 0 && low < denominator;
            if (!fits || zero || high >= denominator) {
                refusal = abi.encodeWithSelector(PriceOracle.Unrepresentable.selector, ETH, USD);
            }
        }
        if (refusal.length != 0) return refuse(refusal);
        uint256 price = oracle.price(ETH, USD);
        // price * denominator <= numerator < (price + 1) * denominator.
        (uint256 h, uint256 l) = Math.mul512(price, denominator);
        require(h < high || (h == high && l <= low), "too high");
        unchecked {
            // The rest is below the denominator, in one word.
            uint256 borrow = l > low ? 1 : 0;
            require(high - h - borrow == 0 && low - l < denominator, "too low");
        }
    }

    function refusalOf(address feed, Quote memory quote) private pure returns (bytes memory) {
        if (quote.age > 3_600) return abi.encodeWithSelector(PriceOracle.StalePrice.selector, feed, START - quote.age);
        if (quote.answer <= 0) return abi.encodeWithSelector(PriceOracle.BadPrice.selector, feed, quote.answer);
        return "";
    }

    /// @dev The price as a fraction with a numerator of 512 bits, powers of ten cancelled. What does not fit is a price above 2^256, since
    /// 2^256 * 10^77 is divided by less than 2^255, or one below 1, since less than 2^255 is divided by 2^256.
    function fraction(Quote memory c, Quote memory a, bool positive)
        private
        pure
        returns (uint256 high, uint256 low, uint256 denominator, bool fits)
    {
        if (!positive) return (0, 0, 0, false);
        uint256 worth = uint256(c.answer);
        denominator = uint256(a.answer);
        uint256 up = 36 + uint256(a.feedDecimals) + a.decimals;
        uint256 down = uint256(c.feedDecimals) + c.decimals;
        fits = true;
        if (down > up) {
            (fits, denominator) = Math.tryMul(denominator, 10 ** (down - up));
            return (0, worth, denominator, fits);
        }
        uint256 power = up - down;
        if (power > 77) {
            (fits, worth) = Math.tryMul(worth, 10 ** (power - 77));
            power = 77;
        }
        (high, low) = Math.mul512(worth, 10 ** power);
    }

    struct Two {
        FuzzedFeed one;
        FuzzedFeed two;
        /// @dev Both prices times 10^(sum of their decimals).
        uint256 a;
        uint256 b;
        uint256 lesserDecimals;
    }

    /// @notice Two feeds of any decimals and answers agree exactly when the higher is within the deviation of the lower; conservative, the
    /// price is that of the worse alone.
    function testFuzz_TwoFeeds(uint8 firstDecimals, uint8 secondDecimals, uint256 x, uint256 y, uint256 bps) external {
        Two memory t = twoFeeds(firstDecimals % 25, secondDecimals % 25, x, y);
        bps = bound(bps, 1, 5_000);
        vm.prank(OWNER);
        oracle.setToken(ETH, TokenFeeds(address(t.one), 60, address(t.two), 60, uint16(bps), 18));
        (uint256 low, uint256 high) = t.a < t.b ? (t.a, t.b) : (t.b, t.a);
        if ((high - low) * 10_000 <= low * bps) {
            eq(oracle.price(ETH, USD), alone(t.one, true), "the primary counts");
            eq(oracle.price(USD, ETH), alone(t.one, false), "the primary counts");
        } else {
            uint256 common = 10 ** t.lesserDecimals;
            bytes4 error = PriceOracle.FeedsDisagree.selector;
            bytes memory reason = abi.encodeWithSelector(error, ETH, t.a / common, t.b / common, bps);
            refuse(reason);
            vm.expectRevert(reason);
            oracle.price(USD, ETH);
        }
        vm.prank(GUARDIAN);
        oracle.setConservative(ETH, true);
        eq(oracle.price(ETH, USD), alone(t.a < t.b ? t.one : t.two, true), "collateral: the lower");
        eq(oracle.price(USD, ETH), alone(t.a < t.b ? t.two : t.one, false), "debt: the higher");
    }

    function twoFeeds(uint8 firstDecimals, uint8 secondDecimals, uint256 x, uint256 y) private returns (Two memory t) {
        uint256 first = bound(x, 1, 1e40);
        // Often close to the first.
        uint256 near = first * 10 ** secondDecimals / 10 ** firstDecimals * bound(y >> 1, 6_000, 14_000) / 10_000 + 1;
        uint256 second = y % 2 == 0 ? bound(y >> 1, 1, 1e40) : near;
        (t.one, t.two) = (ethFeed, ethSecond);
        t.one.set(firstDecimals, int256(first), START);
        t.two.set(secondDecimals, int256(second), START);
        t.a = first * 10 ** secondDecimals;
        t.b = second * 10 ** firstDecimals;
        t.lesserDecimals = firstDecimals < secondDecimals ? firstDecimals : secondDecimals;
    }

    /// @dev The price by one feed alone, from an oracle of its own.
    function alone(FuzzedFeed feed, bool asCollateral) private returns (uint256) {
        vm.prank(OWNER);
        other.setToken(ETH, TokenFeeds(address(feed), 60, address(0), 0, 0, 18));
        return asCollateral ? other.price(ETH, USD) : other.price(USD, ETH);
    }

    /// @notice Fresh until the last second of each age, also at the edges of the types.
    function testFuzz_Ages(uint32 maxAge, uint256 updatedAt) external {
        maxAge = uint32(bound(maxAge, 1, type(uint32).max));
        if (updatedAt % 4 != 0) updatedAt = START - bound(updatedAt, 0, 2 * uint256(maxAge) % START);
        ethFeed.set(8, 2_000e8, updatedAt);
        vm.prank(OWNER);
        oracle.setToken(ETH, TokenFeeds(address(ethFeed), maxAge, address(0), 0, 0, 18));
        if (updatedAt == 0) {
            refuse(abi.encodeWithSelector(PriceOracle.IncompleteRound.selector, address(ethFeed)));
        } else if (updatedAt > START || updatedAt + maxAge < START) {
            refuse(abi.encodeWithSelector(PriceOracle.StalePrice.selector, address(ethFeed), updatedAt));
        } else {
            eq(oracle.price(ETH, USD), 2e27, "fresh");
        }
    }
}

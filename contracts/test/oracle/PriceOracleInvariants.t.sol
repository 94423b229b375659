// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { PriceOracle, TokenFeeds, TokenListing } from "../../src/PriceOracle.sol";
import { DevFeed } from "../../src/dev/DevFeed.sol";
import { OracleBase } from "./OracleBase.sol";

/// @notice One market of feeds seen by three oracles with the same settings: `guarded`, whose guardian does all it can; `plain`,
/// where nobody does anything; and `worst`, where every token is conservative from the beginning.
contract PriceHandler is OracleBase {
    PriceOracle public guarded;
    PriceOracle public plain;
    PriceOracle public worst;
    DevFeed[2][3] private feeds;
    address[3] private tokens = [address(0xE7), address(0x0D), address(0xB7)];
    mapping(address token => bool) private cautious;
    mapping(address token => bool) private gone;

    constructor() {
        vm.warp(START);
        guarded = deployPrices();
        plain = deployPrices();
        worst = deployPrices();
        uint8[3] memory decimals = [18, 6, 8];
        for (uint256 i = 0; i < 3; ++i) {
            feeds[i][0] = new DevFeed(8, "first");
            feeds[i][1] = new DevFeed(decimals[i], "second");
            answerWith(i, 0, 0);
            answerWith(i, 1, 0);
            // The last has one feed only.
            TokenFeeds memory set = TokenFeeds(address(feeds[i][0]), 1 hours, address(0), 0, 0, decimals[i]);
            if (i != 2) (set.second, set.secondMaxAge, set.maxDeviationBps) = (address(feeds[i][1]), 1 days, 300);
            vm.startPrank(OWNER);
            guarded.setToken(tokens[i], set);
            plain.setToken(tokens[i], set);
            worst.setToken(tokens[i], set);
            worst.setConservative(tokens[i], true);
            vm.stopPrank();
        }
    }

    // --- actions, each followed by a look at one pair of tokens

    /// @notice A feed answers, mostly near 100 dollars, sometimes anything.
    function move(uint256 token, uint256 which, uint256 answer) external {
        answerWith(token, which, answer);
        check(token, which);
    }

    function wait(uint256 time, uint256 pick) external {
        vm.warp(block.timestamp + bound(time, 1, 30 minutes));
        check(pick, time);
    }

    function setConservative(uint256 pick, uint256 other) external {
        address token = tokens[pick % 3];
        uint256 before = priceOf(guarded, token, tokens[other % 3]);
        uint256 inverse = priceOf(guarded, tokens[other % 3], token);
        vm.prank(GUARDIAN);
        guarded.setConservative(token, true);
        cautious[token] = true;
        require(before == 0 || priceOf(guarded, token, tokens[other % 3]) <= before, "more favorable");
        require(inverse == 0 || priceOf(guarded, tokens[other % 3], token) <= inverse, "more favorable the other way");
        check(pick, other);
        check(other, pick);
    }

    function delist(uint256 pick, uint256 dice) external {
        address token = tokens[pick % 3];
        if (dice % 16 != 0 || gone[token]) return;
        vm.prank(GUARDIAN);
        guarded.delist(token);
        gone[token] = true;
        check(pick, dice >> 4);
    }

    /// @notice Everything else that the guardian may try is refused.
    function overreach(uint256 pick, uint256 what) external {
        address token = tokens[pick % 3];
        bytes[6] memory calls = [
            abi.encodeCall(PriceOracle.setConservative, (token, false)),
            abi.encodeCall(
                PriceOracle.setToken, (token, TokenFeeds(address(feeds[2][0]), type(uint32).max, address(0), 0, 0, 18))
            ),
            abi.encodeCall(PriceOracle.setSequencerFeed, (address(feeds[0][0]))),
            abi.encodeCall(PriceOracle.setGuardian, (STRANGER)),
            abi.encodeCall(PriceOracle.transferOwnership, (GUARDIAN)),
            abi.encodeWithSignature("upgradeToAndCall(address,bytes)", address(plain), "")
        ];
        vm.prank(GUARDIAN);
        (bool done, bytes memory reason) = address(guarded).call(calls[what % 6]);
        require(!done, "the guardian went beyond its powers");
        // The selector of an error comes first.
        // forge-lint: disable-next-line(unsafe-typecast)
        require(bytes4(reason) == PriceOracle.NotOwner.selector, "refused for another reason");
    }

    // --- what must hold

    /// @notice Never above the price without a guardian; where that refuses because feeds disagree, never below the worst price; and
    /// only a delisting takes a price away.
    function check(uint256 first, uint256 second) private view {
        (address collateral, address asset) = (tokens[first % 3], tokens[second % 3]);
        uint256 price = priceOf(guarded, collateral, asset);
        if (gone[collateral] || gone[asset]) return eq(price, 0, "a delisted token has a price");
        uint256 least = priceOf(worst, collateral, asset);
        uint256 most = priceOf(plain, collateral, asset);
        require(price == 0 || price >= least, "below the worst");
        require(most == 0 || (price != 0 && price <= most), "above the price without a guardian");
        if (cautious[collateral] && cautious[asset]) eq(price, least, "cautious about both: the worst");
        if (!cautious[collateral] && !cautious[asset]) eq(price, most, "cautious about neither: the plain");
    }

    /// @notice What the guardian set stays set.
    function checkFlags() external view {
        for (uint256 i = 0; i < 3; ++i) {
            TokenListing memory listing = guarded.tokenOf(tokens[i]);
            require(listing.conservative == cautious[tokens[i]], "conservative changed by itself");
            require(listing.listed != gone[tokens[i]], "listed changed by itself");
        }
        eq(guarded.guardian(), GUARDIAN, "guardian");
        eq(guarded.owner(), OWNER, "owner");
        eq(guarded.sequencerFeed(), address(0), "sequencer");
    }

    function answerWith(uint256 token, uint256 which, uint256 answer) private {
        DevFeed feed = feeds[token % 3][which % 2];
        uint256 unit = 10 ** feed.decimals();
        // Cut from a fuzzed word, also to negative ones.
        // forge-lint: disable-next-line(unsafe-typecast)
        feed.setAnswer(answer % 16 == 7 ? int256(answer) : int256(bound(answer >> 4, 97 * unit, 103 * unit)));
    }

    /// @dev Zero where it has none.
    function priceOf(PriceOracle oracle, address collateral, address asset) private view returns (uint256) {
        try oracle.price(collateral, asset) returns (uint256 price) {
            require(price != 0, "a price of zero");
            return price;
        } catch {
            return 0;
        }
    }
}

contract PriceOracleInvariantsTest is OracleBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    PriceHandler private handler;

    function setUp() external {
        vm.warp(START);
        handler = new PriceHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = PriceHandler.move.selector;
        selectors[1] = PriceHandler.move.selector;
        selectors[2] = PriceHandler.move.selector;
        selectors[3] = PriceHandler.wait.selector;
        selectors[4] = PriceHandler.setConservative.selector;
        selectors[5] = PriceHandler.delist.selector;
        selectors[6] = PriceHandler.overreach.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @notice The guardian can only make prices more conservative, whatever the feeds do; the handler compares prices after each call.
    function invariant_GuardianOnlyMakesPricesMoreConservative() external view {
        handler.checkFlags();
    }
}

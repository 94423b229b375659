// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { PriceOracle, TokenFeeds, TokenListing } from "../../src/PriceOracle.sol";
import { DevFeed } from "../../src/dev/DevFeed.sol";
import { DevToken } from "../../src/dev/DevToken.sol";
import { OracleBase } from "./OracleBase.sol";
import { RawFeed } from "./RawFeed.sol";
import { ERC1967Proxy } from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @notice Who may change what in {PriceOracle}, and which settings it refuses.
// Field names are short words.
// forge-lint: disable-next-item(unsafe-typecast)
contract PriceOracleAdminTest is OracleBase {
    address private constant TOKEN = address(0x70CE);

    PriceOracle private oracle;
    DevFeed private first;
    DevFeed private second;

    function setUp() external {
        vm.warp(START);
        oracle = deployPrices();
        first = new DevFeed(8, "first");
        second = new DevFeed(18, "second");
    }

    function feeds() private view returns (TokenFeeds memory) {
        return TokenFeeds(address(first), 3_600, address(second), 86_400, 200, 6);
    }

    function refuse(TokenFeeds memory value, bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, field));
        vm.prank(OWNER);
        oracle.setToken(TOKEN, value);
    }

    function refuseFeed(TokenFeeds memory value, address feed) private {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.FeedFailed.selector, feed));
        vm.prank(OWNER);
        oracle.setToken(TOKEN, value);
    }

    // --- refusals

    function test_InitializesOnceAndNeverBare() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        oracle.initialize(STRANGER, STRANGER);
        PriceOracle bare = barePrices();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        bare.initialize(STRANGER, STRANGER);
        bytes memory init = abi.encodeCall(PriceOracle.initialize, (address(0), GUARDIAN));
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, bytes32("owner")));
        new ERC1967Proxy(address(bare), init);
    }

    function test_NobodyButTheOwner() external {
        address next = address(new PriceOracle());
        address[2] memory others = [GUARDIAN, STRANGER];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory reason = abi.encodeWithSelector(PriceOracle.NotOwner.selector, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(reason);
            oracle.setToken(TOKEN, feeds());
            vm.expectRevert(reason);
            oracle.setSequencerFeed(address(first));
            vm.expectRevert(reason);
            oracle.setGuardian(others[i]);
            vm.expectRevert(reason);
            oracle.transferOwnership(others[i]);
            vm.expectRevert(reason);
            oracle.upgradeToAndCall(next, "");
            vm.stopPrank();
        }
    }

    function test_NobodyButTheGuardianAndTheOwner() external {
        bytes memory reason = abi.encodeWithSelector(PriceOracle.NotGuardian.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(reason);
        oracle.delist(TOKEN);
        vm.expectRevert(reason);
        oracle.setConservative(TOKEN, true);
        vm.expectRevert(reason);
        oracle.setConservative(TOKEN, false);
        vm.stopPrank();
    }

    function test_GuardianCannotClearConservative() external {
        vm.startPrank(GUARDIAN);
        oracle.setConservative(TOKEN, true);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.NotOwner.selector, GUARDIAN));
        oracle.setConservative(TOKEN, false);
        vm.stopPrank();
    }

    /// @notice Without a guardian nobody has its powers: the zero address sends nothing.
    function test_NoGuardian() external {
        vm.prank(OWNER);
        oracle.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.NotGuardian.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        oracle.setConservative(TOKEN, true);
    }

    function test_SetTokenRefusesFields() external {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, bytes32("token")));
        vm.prank(OWNER);
        oracle.setToken(address(0), feeds());
        TokenFeeds memory value = feeds();
        value.primary = address(0);
        refuse(value, "primary");
        value = feeds();
        value.primaryMaxAge = 0;
        refuse(value, "primaryMaxAge");
        value = feeds();
        value.decimals = 25;
        refuse(value, "decimals");
        value = feeds();
        value.second = value.primary;
        refuse(value, "second");
        value = feeds();
        value.secondMaxAge = 0;
        refuse(value, "secondMaxAge");
        value = feeds();
        value.second = address(0);
        refuse(value, "secondMaxAge");
        value.secondMaxAge = 0;
        refuse(value, "maxDeviationBps");
        value = feeds();
        value.maxDeviationBps = 0;
        refuse(value, "maxDeviationBps");
        value.maxDeviationBps = 5_001;
        refuse(value, "maxDeviationBps");
        value.maxDeviationBps = 5_000;
        vm.prank(OWNER);
        oracle.setToken(TOKEN, value);
    }

    /// @notice Wrong decimals would misprice by powers of ten: where the token tells, it is asked.
    function test_SetTokenRefusesOtherDecimalsThanTheTokens() external {
        address token = address(new DevToken("Eighteen", "E", 18));
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, bytes32("decimals")));
        vm.prank(OWNER);
        oracle.setToken(token, feeds());
        TokenFeeds memory value = feeds();
        value.decimals = 18;
        vm.prank(OWNER);
        oracle.setToken(token, value);
        eq(oracle.tokenOf(token).decimals, 18, "decimals");
    }

    function test_SetTokenRefusesFeedsThatDoNotTellDecimals() external {
        TokenFeeds memory value = feeds();
        value.primary = STRANGER;
        refuseFeed(value, STRANGER);
        value = feeds();
        value.second = STRANGER;
        refuseFeed(value, STRANGER);
        RawFeed odd = new RawFeed(25);
        value.second = address(odd);
        refuseFeed(value, address(odd));
        odd = new RawFeed(8);
        odd.setFailing(true);
        value.second = address(odd);
        refuseFeed(value, address(odd));
    }

    function test_DelistRefusesWhatIsNotListed() external {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.NotListed.selector, TOKEN));
        vm.prank(GUARDIAN);
        oracle.delist(TOKEN);
    }

    function test_SequencerFeedIsSetOnce() external {
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, bytes32("feed")));
        oracle.setSequencerFeed(address(0));
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.SequencerFeedSet(address(first));
        oracle.setSequencerFeed(address(first));
        eq(oracle.sequencerFeed(), address(first), "feed");
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.SequencerFeedAlreadySet.selector, address(first)));
        oracle.setSequencerFeed(address(second));
        vm.stopPrank();
    }

    function test_TransferOwnershipRefusesNobody() external {
        vm.expectRevert(abi.encodeWithSelector(PriceOracle.InvalidField.selector, bytes32("owner")));
        vm.prank(OWNER);
        oracle.transferOwnership(address(0));
    }

    // --- behavior

    function test_StartsWithItsRolesAndNothingElse() external view {
        eq(oracle.owner(), OWNER, "owner");
        eq(oracle.guardian(), GUARDIAN, "guardian");
        eq(oracle.sequencerFeed(), address(0), "no sequencer");
        require(!oracle.tokenOf(TOKEN).listed, "nothing listed");
    }

    function test_SetTokenStoresEveryField() external {
        TokenListing memory expected =
            TokenListing(address(first), 3_600, 8, 6, 200, false, true, address(second), 86_400, 18);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.TokenSet(TOKEN, expected);
        vm.prank(OWNER);
        oracle.setToken(TOKEN, feeds());
        eq(keccak256(abi.encode(oracle.tokenOf(TOKEN))), keccak256(abi.encode(expected)), "listing");
        vm.prank(OWNER);
        oracle.setToken(TOKEN, TokenFeeds(address(second), 60, address(0), 0, 0, 24));
        expected = TokenListing(address(second), 60, 18, 24, 0, false, true, address(0), 0, 0);
        eq(keccak256(abi.encode(oracle.tokenOf(TOKEN))), keccak256(abi.encode(expected)), "replaced whole");
    }

    /// @notice New feeds do not undo the guardian's caution by the way; listing again does undo a delisting.
    function test_SetTokenKeepsConservative() external {
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.ConservativeSet(TOKEN, true);
        vm.prank(GUARDIAN);
        oracle.setConservative(TOKEN, true);
        vm.prank(OWNER);
        oracle.setToken(TOKEN, feeds());
        require(oracle.tokenOf(TOKEN).conservative, "kept");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.TokenDelisted(TOKEN);
        vm.prank(GUARDIAN);
        oracle.delist(TOKEN);
        require(!oracle.tokenOf(TOKEN).listed, "delisted");
        vm.startPrank(OWNER);
        oracle.setToken(TOKEN, feeds());
        require(oracle.tokenOf(TOKEN).listed, "listed again");
        oracle.setConservative(TOKEN, false);
        require(!oracle.tokenOf(TOKEN).conservative, "cleared");
        oracle.delist(TOKEN);
        require(!oracle.tokenOf(TOKEN).listed, "by the owner");
        vm.stopPrank();
    }

    function test_OwnerHandsOver() external {
        vm.startPrank(OWNER);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.GuardianSet(STRANGER);
        oracle.setGuardian(STRANGER);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit PriceOracle.OwnershipTransferred(OWNER, STRANGER);
        oracle.transferOwnership(STRANGER);
        vm.stopPrank();
        eq(oracle.guardian(), STRANGER, "guardian");
        eq(oracle.owner(), STRANGER, "owner");
    }

    function test_UpgradeKeepsStorage() external {
        vm.startPrank(OWNER);
        oracle.setToken(TOKEN, feeds());
        oracle.upgradeToAndCall(address(new PriceOracle()), "");
        vm.stopPrank();
        require(oracle.tokenOf(TOKEN).listed, "listing");
        eq(oracle.owner(), OWNER, "owner");
    }

    function test_StorageIsNamespaced() external view {
        bytes32 slot =
            keccak256(abi.encode(uint256(keccak256("usance.storage.PriceOracle")) - 1)) & ~bytes32(uint256(0xff));
        eq(vm.load(address(oracle), slot), bytes32(uint256(uint160(OWNER))), "owner slot");
    }
}

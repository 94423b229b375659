// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AssetPolicy, ICreditAggregator, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice The hourly cap of an asset: it trips itself, stays tripped, and touches no live loan.
contract BreakerTest is Base {
    address[] private assets;

    function setUp() public override {
        super.setUp();
        cap(3_000e6);
        assets.push(address(asset));
    }

    function cap(uint256 value) private {
        vm.prank(ADMIN);
        aggregator.setAssetCap(address(asset), uint104(value));
    }

    function offerOf(uint256 nonce, uint128 principal) private view returns (Offer memory offer) {
        offer = baseOffer();
        offer.nonce = nonce;
        offer.principal = principal;
        offer.installmentAmount = principal;
    }

    function lend(uint256 nonce, uint128 principal) private returns (bytes32) {
        return submit(signed(offerOf(nonce, principal)));
    }

    function policy() private view returns (AssetPolicy memory) {
        return aggregator.policyOf(address(asset));
    }

    // --- refusals

    function test_RevertWhen_TheAssetIsNotListed() external {
        cap(0);
        submitReverting(
            signed(baseOffer()),
            abi.encodeWithSelector(ICreditAggregator.AboveHourlyCap.selector, address(asset), 1_200e6, 0)
        );
    }

    /// @dev One loan that no hour could hold is no reason to stop everybody else.
    function test_RevertWhen_OneLoanIsAboveTheCap() external {
        submitReverting(
            signed(offerOf(1, 3_000e6 + 1)),
            abi.encodeWithSelector(ICreditAggregator.AboveHourlyCap.selector, address(asset), 3_000e6 + 1, 3_000e6)
        );
        require(!policy().paused, "not tripped");
        require(lend(2, 3_000e6) != 0, "the cap itself fits");
    }

    /// @dev All of it is one word: the pause touches neither the cap nor what the hour has seen.
    function test_PausesLeaveTheRestAlone() external {
        for (uint256 odd = 0; odd < 2; ++odd) {
            cap(3_000e6 + odd);
            lend(odd, 1_000e6);
            AssetPolicy memory before = policy();
            pauseAsset(true);
            require(policy().paused, "paused");
            pauseAsset(true);
            pauseAsset(false);
            eq(keccak256(abi.encode(policy())), keccak256(abi.encode(before)), "as before");
        }
    }

    function test_RevertWhen_Paused() external {
        vm.prank(GUARDIAN);
        aggregator.pauseOrigination(assets);
        submitReverting(
            signed(baseOffer()), abi.encodeWithSelector(ICreditAggregator.OriginationPaused.selector, address(asset))
        );
    }

    /// @dev Tripping takes as much capital as lending would.
    function test_RevertWhen_TheLenderHasNotTheMoneyToTripIt() external {
        lend(1, 2_000e6);
        Offer memory offer = offerOf(2, 2_000e6);
        vm.prank(lender);
        asset.approve(address(aggregator), 2_000e6 - 1);
        bytes memory failed = abi.encodeWithSelector(ICreditAggregator.TransferFailed.selector, address(asset), lender);
        submitReverting(signed(offer), failed);
        vm.startPrank(lender);
        asset.approve(address(aggregator), type(uint256).max);
        asset.transfer(STRANGER, asset.balanceOf(lender) - 2_000e6 + 1);
        vm.stopPrank();
        submitReverting(signed(offer), failed);
        require(!policy().paused, "not tripped");
    }

    // --- tripping

    function test_TripsWithoutARevertAndStaysTripped() external {
        bytes32 live = lend(1, 2_000e6);
        uint256 held = collateral.balanceOf(address(manager));
        uint256 before = asset.balanceOf(lender);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.BreakerTripped(address(asset), 2_000e6, 1_000e6 + 1, 3_000e6);
        eq(lend(2, 1_000e6 + 1), 0, "no loan");
        require(policy().paused, "paused");
        eq(asset.balanceOf(lender), before, "no money moved");
        eq(collateral.balanceOf(address(manager)), held, "no collateral moved");
        require(!aggregator.isNonceUsed(lender, 2), "the offer was not used");
        eq(aggregator.loan(live).status, Status.Active, "live loans go on");

        vm.warp(START + 30 minutes);
        bytes memory paused = abi.encodeWithSelector(ICreditAggregator.OriginationPaused.selector, address(asset));
        submitReverting(signed(offerOf(3, 1)), paused);
        vm.warp(START + 10 days);
        submitReverting(signed(offerOf(3, 1)), paused);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotOwner.selector, GUARDIAN));
        aggregator.resumeOrigination(assets);
        vm.prank(ADMIN);
        aggregator.resumeOrigination(assets);
        require(lend(4, 1_000e6) != 0, "the owner resumes");
    }

    function test_ExactlyTheCapDoesNotTrip() external {
        lend(1, 2_000e6);
        require(lend(2, 1_000e6) != 0, "fits");
        eq(policy().used, 3_000e6, "used up");
        require(!policy().paused, "not tripped");
    }

    function test_AnHourLaterANewHourBegins() external {
        lend(1, 3_000e6);
        eq(policy().windowStart, START, "began with the first loan");
        vm.warp(START + 1 hours - 1);
        Offer memory offer = offerOf(2, 1);
        vm.warp(START + 1 hours);
        require(submit(signed(offer)) != 0, "a new hour");
        eq(policy().used, 1, "counted afresh");
        eq(policy().windowStart, START + 1 hours, "from now");
    }

    function test_JustBeforeTheHourItIsTheSame() external {
        lend(1, 3_000e6);
        vm.warp(START + 1 hours - 1);
        eq(lend(2, 1), 0, "still full");
    }

    function test_RepaymentNeverAsks() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1, 2_000e6));
        lend(2, 2_000e6);
        require(policy().paused, "tripped");
        cap(0);
        vm.prank(GUARDIAN);
        aggregator.pauseLiquidation();
        pay(id, terms, type(uint256).max);
        eq(aggregator.loan(id).status, Status.Repaid, "repaid all the same");
        eq(collateral.balanceOf(address(manager)), 0, "and released");
    }

    // --- who may do what

    function test_GuardianOnlyLowersTheCap() external {
        vm.startPrank(GUARDIAN);
        bytes memory refused = abi.encodeWithSelector(ICreditAggregator.NotGuardian.selector, GUARDIAN);
        vm.expectRevert(refused);
        aggregator.setAssetCap(address(asset), 3_000e6 + 1);
        vm.expectRevert(refused);
        aggregator.setAssetCap(address(asset), 3_000e6);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.AssetCapSet(address(asset), 2_999e6);
        aggregator.setAssetCap(address(asset), 2_999e6);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotGuardian.selector, address(this)));
        aggregator.setAssetCap(address(asset), 1);
    }

    function test_ChangingTheCapKeepsTheHourAndThePause() external {
        lend(1, 2_000e6);
        vm.prank(GUARDIAN);
        aggregator.pauseOrigination(assets);
        cap(9_000e6);
        AssetPolicy memory now_ = policy();
        eq(now_.cap, 9_000e6, "cap");
        eq(now_.used, 2_000e6, "used");
        eq(now_.windowStart, START, "hour");
        require(now_.paused, "pause");
    }

    function testFuzz_NoHourLendsMoreThanTheCap(uint128[3] calldata amounts, uint256[3] calldata waits) external {
        uint256 lentInHour;
        uint256 hourStart;
        uint256 time = START;
        for (uint256 i = 0; i < 3; ++i) {
            time += bound(waits[i], 0, 50 minutes);
            vm.warp(time);
            uint128 amount = uint128(bound(amounts[i], 1, 3_000e6));
            bool tripped = policy().paused;
            if (tripped) {
                vm.prank(ADMIN);
                aggregator.resumeOrigination(assets);
            }
            if (hourStart == 0 || time >= hourStart + 1 hours) (hourStart, lentInHour) = (time, 0);
            bool fits = lentInHour + amount <= 3_000e6;
            bytes32 id = lend(i, amount);
            require((id != 0) == fits, "lends what fits and nothing else");
            require(policy().paused == !fits, "trips exactly then");
            if (fits) lentInHour += amount;
        }
    }
}

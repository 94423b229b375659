// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevToken } from "../../src/dev/DevToken.sol";
import { ICreditPool } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { PoolBase } from "./PoolBase.sol";
import { CallbackAsset, ChargingAsset, RefusingToken } from "./PoolDoubles.sol";
import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @notice ERC-4626 of both tranches, and whose every part of the pool is.
contract PoolTranchesTest is PoolBase {
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares
    );

    // --- refusals

    function test_OnlyTranchesMoveTheBooks() external {
        bytes memory reason = abi.encodeWithSelector(ICreditPool.NotTranche.selector, address(this));
        vm.expectRevert(reason);
        pool.booked(1);
        vm.expectRevert(reason);
        pool.payOut(1, 1, 1, address(this));
        vm.expectRevert(reason);
        pool.enqueue(address(this), address(this), 1);
        vm.expectRevert(reason);
        pool.dequeue(address(this), 0);
        vm.expectRevert(abi.encodeWithSelector(ITranche.NotPool.selector, address(this)));
        senior.burnQueued(0);
    }

    function test_SeniorWaitsForJunior() external {
        eq(senior.maxDeposit(ALICE), 0, "no junior, no senior");
        asset.mint(ALICE, 1);
        approveAll(ALICE);
        bytes memory reason = abi.encodeWithSelector(ITranche.ERC4626ExceededMaxDeposit.selector, ALICE, 1, 0);
        vm.expectRevert(reason);
        vm.prank(ALICE);
        senior.deposit(1, ALICE);
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxMint.selector, ALICE, 1, 0));
        vm.prank(ALICE);
        senior.mint(1, ALICE);
    }

    function test_SeniorDepositKeepsTheLeastJuniorShare() external {
        deposit(junior, BOB, 40_000e6);
        eq(senior.maxDeposit(ALICE), 160_000e6, "20 % of 200,000 are junior");
        deposit(senior, ALICE, 160_000e6);
        eq(senior.maxDeposit(ALICE), 0, "full");
        eq(senior.maxMint(ALICE), 0, "full in shares");
        asset.mint(ALICE, 1);
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxDeposit.selector, ALICE, 1, 0));
        vm.prank(ALICE);
        senior.deposit(1, ALICE);
    }

    function test_JuniorWithdrawalKeepsItsLeastShare() external {
        fill();
        // 20,000 of 100,000 are left.
        eq(junior.maxWithdraw(BOB), 20_000e6, "room");
        vm.expectRevert(
            abi.encodeWithSelector(ITranche.ERC4626ExceededMaxWithdraw.selector, BOB, 20_000e6 + 1, 20_000e6)
        );
        vm.prank(BOB);
        junior.withdraw(20_000e6 + 1, BOB, BOB);
        uint256 max = junior.maxRedeem(BOB);
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxRedeem.selector, BOB, max + 1, max));
        vm.prank(BOB);
        junior.redeem(max + 1, BOB, BOB);
        vm.prank(BOB);
        junior.withdraw(20_000e6, BOB, BOB);
        eq(pool.juniorAssets() * 5, pool.value(), "exactly a fifth");
        eq(junior.maxWithdraw(BOB), 0, "no more");
    }

    function test_WithdrawalsEndWithTheCash() external {
        fill();
        lend(110_000e6);
        eq(senior.maxWithdraw(ALICE), 10_000e6, "cash");
        below(senior.previewRedeem(senior.maxRedeem(ALICE)), 10_000e6, 1, "cash in shares");
        eq(junior.maxWithdraw(BOB), 10_000e6, "cash for junior");
        vm.expectRevert(
            abi.encodeWithSelector(ITranche.ERC4626ExceededMaxWithdraw.selector, ALICE, 10_000e6 + 1, 10_000e6)
        );
        vm.prank(ALICE);
        senior.withdraw(10_000e6 + 1, ALICE, ALICE);
    }

    function test_OthersNeedAnAllowance() external {
        fill();
        vm.expectRevert(abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", CAROL, 0, 1));
        vm.prank(CAROL);
        senior.redeem(1, CAROL, ALICE);
        vm.prank(ALICE);
        senior.approve(CAROL, 10e12);
        vm.prank(CAROL);
        eq(senior.redeem(10e12, CAROL, ALICE), 10e6, "by allowance");
        eq(asset.balanceOf(CAROL), 10e6, "to the receiver");
        eq(senior.allowance(ALICE, CAROL), 0, "used up");
    }

    function test_DepositsCanBePausedWithdrawalsNot() external {
        fill();
        vm.prank(GUARDIAN);
        pool.setDepositsPaused(true);
        vm.prank(GUARDIAN);
        pool.setLendingPaused(true);
        eq(senior.maxDeposit(ALICE) + senior.maxMint(ALICE) + junior.maxDeposit(ALICE), 0, "closed");
        asset.mint(ALICE, 1);
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxDeposit.selector, ALICE, 1, 0));
        vm.prank(ALICE);
        junior.deposit(1, ALICE);
        eq(redeem(senior, ALICE, senior.balanceOf(ALICE)), 80_000e6, "senior leaves");
        eq(redeem(junior, BOB, junior.balanceOf(BOB)), 40_000e6, "junior leaves");
    }

    function test_AnAssetThatChargesIsRefused() external {
        open(new ChargingAsset());
        asset.mint(BOB, 100);
        approveAll(BOB);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.AssetMissing.selector, 100, 90));
        vm.prank(BOB);
        junior.deposit(100, BOB);
    }

    // --- ERC-4626

    function test_FirstDepositGivesAMillionSharesPerBaseUnit() external {
        asset.mint(BOB, 1_000);
        approveAll(BOB);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.Deposited(false, 1_000);
        vm.expectEmit(true, true, true, true, address(junior));
        emit Deposit(BOB, CAROL, 1_000, 1_000e6);
        vm.prank(BOB);
        eq(junior.deposit(1_000, CAROL), 1_000e6, "shares");
        eq(junior.balanceOf(CAROL), 1_000e6, "to the receiver");
        eq(asset.balanceOf(address(pool)), 1_000, "money in the pool");
        eq(asset.balanceOf(address(junior)), 0, "none in the tranche");
        eq(pool.cash(), 1_000, "booked");
    }

    function test_WithdrawalTellsBothSides() external {
        fill();
        vm.expectEmit(true, true, true, true, address(senior));
        emit Withdraw(ALICE, CAROL, ALICE, 5e6, 5e12);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.Withdrawn(true, CAROL, 5e6);
        vm.prank(ALICE);
        eq(senior.withdraw(5e6, CAROL, ALICE), 5e12, "shares");
        eq(asset.balanceOf(CAROL), 5e6, "paid");
        eq(pool.cash(), 120_000e6 - 5e6, "booked");
    }

    /// @notice What a preview says is what the call does, and no rounding favors the caller.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_PreviewsAreExact(uint256 income, uint256 amount, uint256 time, bool isSenior) external {
        fill();
        bytes32 loanId = lend(50_000e6);
        core.repay(loanId, 0, bound(income, 0, 20_000e6));
        vm.warp(block.timestamp + bound(time, 0, 400 days));
        ITranche tranche = isSenior ? senior : junior;
        amount = bound(amount, 1, 10_000e6);
        asset.mint(CAROL, 1e30);
        approveAll(CAROL);
        vm.startPrank(CAROL);

        uint256 price = priceOf(tranche);
        uint256 shares = tranche.previewDeposit(amount);
        eq(tranche.convertToShares(amount), shares, "no fee on deposit");
        eq(tranche.deposit(amount, CAROL), shares, "deposit");
        require(priceOf(tranche) >= price, "deposit lowered the price");

        price = priceOf(tranche);
        uint256 before = asset.balanceOf(CAROL);
        uint256 assets = tranche.previewMint(amount * 1e6 + 7);
        require(assets >= tranche.convertToAssets(amount * 1e6 + 7), "mint rounds down");
        eq(tranche.mint(amount * 1e6 + 7, CAROL), assets, "mint");
        eq(before - asset.balanceOf(CAROL), assets, "minted for that");
        require(priceOf(tranche) >= price, "mint lowered the price");

        price = priceOf(tranche);
        before = asset.balanceOf(CAROL);
        amount = tranche.maxWithdraw(CAROL) / 2;
        shares = tranche.previewWithdraw(amount);
        require(shares >= tranche.convertToShares(amount), "withdrawal rounds down");
        eq(tranche.withdraw(amount, CAROL, CAROL), shares, "withdraw");
        eq(asset.balanceOf(CAROL) - before, amount, "withdrawn");
        require(priceOf(tranche) >= price, "withdrawal lowered the price");

        price = priceOf(tranche);
        before = asset.balanceOf(CAROL);
        shares = tranche.maxRedeem(CAROL);
        assets = tranche.previewRedeem(shares);
        eq(tranche.convertToAssets(shares), assets, "no fee on redemption");
        eq(tranche.redeem(shares, CAROL, CAROL), assets, "redeem");
        eq(asset.balanceOf(CAROL) - before, assets, "redeemed");
        require(priceOf(tranche) >= price, "redemption lowered the price");
    }

    /// @notice Coming and going at once never pays.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_RoundTripNeverPays(uint256 income, uint256 amount, bool isSenior, bool byMint) external {
        fill();
        bytes32 loanId = lend(1_000e6);
        core.repay(loanId, 0, bound(income, 0, 10_000e6));
        vm.warp(block.timestamp + 45 days);
        ITranche tranche = isSenior ? senior : junior;
        amount = bound(amount, 0, 30_000e6);
        asset.mint(CAROL, 1e30);
        approveAll(CAROL);
        vm.startPrank(CAROL);
        if (byMint) tranche.mint(amount * 1e6 + 13, CAROL);
        else tranche.deposit(amount, CAROL);
        tranche.redeem(tranche.balanceOf(CAROL), CAROL, CAROL);
        require(asset.balanceOf(CAROL) <= 1e30, "a round trip paid");
    }

    /// @notice The limits are what passes, to the base unit.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_LimitsAreReachable(uint256 lentOut, uint256 time, bool isSenior) external {
        fill();
        lend(bound(lentOut, 1, 120_000e6));
        vm.warp(block.timestamp + bound(time, 0, 200 days));
        ITranche tranche = isSenior ? senior : junior;
        address who = isSenior ? ALICE : BOB;
        vm.startPrank(who);
        uint256 max = tranche.maxWithdraw(who);
        tranche.withdraw(max, who, who);
        tranche.redeem(tranche.maxRedeem(who), who, who);
        asset.mint(who, 1e40);
        tranche.deposit(tranche.maxDeposit(who), who);
        max = tranche.maxMint(who);
        tranche.mint(max, who);
    }

    function test_JuniorTakesUpToTheBound() external {
        asset.mint(BOB, 1e40);
        approveAll(BOB);
        uint256 max = junior.maxDeposit(BOB);
        eq(max, type(uint112).max, "bound");
        vm.prank(BOB);
        junior.deposit(max, BOB);
        eq(junior.maxDeposit(BOB) + senior.maxDeposit(BOB) + junior.maxMint(BOB), 0, "full");
    }

    /// @notice A loan brought more than the bound: nothing overflows, only deposits end.
    function test_ValueAboveTheBoundOnlyEndsDeposits() external {
        fill();
        bytes32 loanId = lend(1);
        core.repay(loanId, 1, uint256(type(uint112).max) * 4);
        eq(senior.maxDeposit(ALICE) + junior.maxDeposit(BOB), 0, "closed");
        vm.warp(block.timestamp + 31 days);
        redeem(junior, BOB, junior.balanceOf(BOB) / 2);
        redeem(senior, ALICE, senior.balanceOf(ALICE));
    }

    // --- donations and inflation

    function test_DonationsChangeNothing() external {
        fill();
        bytes32 before = stateOf();
        asset.mint(address(pool), 1e18);
        asset.mint(address(senior), 1e18);
        asset.mint(address(junior), 1e18);
        eq(stateOf(), before, "prices and limits");
        deposit(junior, CAROL, 100e6);
        eq(redeem(junior, CAROL, junior.balanceOf(CAROL)), 100e6, "no part of it");
    }

    /// @notice The classic attack by the first depositor: a donation rounds the victim's shares away. Here it is not counted.
    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_InflationByDonationDoesNotPay(uint256 donation, uint256 victim) external {
        donation = bound(donation, 1, 1e24);
        victim = bound(victim, 1, 1e18);
        deposit(junior, CAROL, 1);
        asset.mint(address(pool), donation);
        deposit(junior, BOB, victim);
        eq(junior.convertToAssets(junior.balanceOf(BOB)), victim, "the victim has all of it");
    }

    /// @notice The same by income that the attacker pays on a loan of its own, which does count. The pool is empty but for the
    /// attacker, so that all income is the attacker's, and still the attack costs more than it takes.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_InflationByIncomeDoesNotPay(uint256 first, uint256 income, uint256 victim) external {
        first = bound(first, 1, 1_000);
        income = bound(income, 1, 1e15);
        victim = bound(victim, 1, 1e15);
        deposit(junior, CAROL, first);
        bytes32 loanId = lend(1);
        core.repay(loanId, 1, income);
        vm.warp(block.timestamp + 31 days);
        deposit(junior, BOB, victim);
        uint256 attacker = redeem(junior, CAROL, junior.balanceOf(CAROL));
        require(attacker <= first + income, "the attack paid");
        uint256 rest = junior.convertToAssets(junior.balanceOf(BOB));
        // The rounding is worth at most one share, a part in a million of the price.
        below(rest, victim, income / 1e6 + 2, "the victim lost more than dust");
    }

    // --- tranches

    function test_SeniorAccruesSimpleInterestByTime() external {
        fill();
        vm.warp(START + 365 days);
        eq(pool.seniorClaim(), 84_000e6, "5 % of 80,000");
        eq(pool.seniorAssets(), 84_000e6, "is worth it");
        eq(pool.juniorAssets(), 36_000e6, "at junior's expense until income comes");
        // Touched or not, interest is simple.
        deposit(senior, CAROL, 1_000e6);
        vm.warp(START + 2 * 365 days);
        eq(pool.seniorClaim(), 81_000e6 + 4_000e6 * 2 + 50e6, "on capital alone");
    }

    /// @notice Touching the books every second takes nothing from senior.
    function test_AccrualLosesNothingByTouching() external {
        deposit(junior, BOB, 100);
        deposit(senior, ALICE, 90);
        asset.mint(CAROL, 1e6);
        approveAll(CAROL);
        for (uint256 i = 1; i <= 100; ++i) {
            vm.warp(START + i * 365 days / 100);
            vm.prank(CAROL);
            senior.deposit(0, CAROL);
        }
        eq(pool.seniorClaim(), 94, "5 % of 90");
    }

    function test_ANewRateCountsFromThenOn() external {
        fill();
        vm.warp(START + 365 days);
        vm.prank(OWNER);
        pool.setSeniorRate(100_000);
        eq(pool.seniorClaim(), 84_000e6, "the past stays");
        vm.warp(START + 2 * 365 days);
        eq(pool.seniorClaim(), 92_000e6, "10 % after");
    }

    function test_WithdrawalsTakeCapitalAndInterestAlike() external {
        fill();
        vm.warp(START + 365 days);
        redeem(senior, ALICE, senior.balanceOf(ALICE) / 2);
        below(42_000e6, pool.seniorClaim(), 2, "half is left");
        vm.warp(START + 2 * 365 days);
        below(44_000e6, pool.seniorClaim(), 2, "on half the capital");
    }

    function test_LossesEatJuniorFirst() external {
        fill();
        bytes32 loanId = lend(30_000e6);
        uint256 price = priceOf(senior);
        core.lose(loanId, address(0), 0);
        eq(pool.value(), 90_000e6, "value");
        eq(pool.seniorAssets(), 80_000e6, "senior whole");
        eq(pool.juniorAssets(), 10_000e6, "junior bears it");
        eq(priceOf(senior), price, "senior price");
        eq(junior.maxWithdraw(BOB), 0, "junior below its least share stays");
        eq(senior.maxDeposit(ALICE), 0, "and senior is closed");
    }

    function test_LossesBeyondJuniorReachSenior() external {
        fill();
        bytes32 loanId = lend(60_000e6);
        core.lose(loanId, address(0), 0);
        eq(pool.seniorAssets(), 60_000e6, "senior bears the rest");
        eq(pool.juniorAssets() + junior.totalAssets(), 0, "junior is gone");
        eq(pool.seniorClaim(), 80_000e6, "the claim stays");
        eq(senior.maxDeposit(ALICE) + junior.maxDeposit(BOB), 0, "nobody pays for it by depositing");
        // Half of the seniors leave with their part of what is left, and of the claim.
        below(redeem(senior, ALICE, senior.balanceOf(ALICE) / 2), 30_000e6, 1, "half");
        eq(pool.seniorClaim(), 40_000e6, "half the claim");
        redeem(senior, ALICE, senior.balanceOf(ALICE));
        eq(pool.seniorClaim(), 0, "no claim without shares");
    }

    function test_RecoveriesRestoreSeniorFirst() external {
        fill();
        bytes32 lostLoan = lend(60_000e6);
        bytes32 loanId = lend(10_000e6);
        core.lose(lostLoan, address(0), 0);
        core.repay(loanId, 0, 15_000e6);
        eq(pool.seniorAssets(), 75_000e6, "senior gets it");
        core.repay(loanId, 0, 15_000e6);
        eq(pool.seniorAssets(), 80_000e6, "until it is whole");
        eq(pool.juniorAssets(), 10_000e6, "then junior");
    }

    function test_AWorthlessPoolPaysNothingAndRecovers() external {
        fill();
        bytes32 loanId = lend(120_000e6);
        core.lose(loanId, address(0), 0);
        eq(pool.value() + senior.totalAssets() + junior.totalAssets(), 0, "all lost");
        eq(senior.maxRedeem(ALICE) + junior.maxRedeem(BOB), 0, "nothing to pay");
        vm.prank(ALICE);
        eq(senior.redeem(0, ALICE, ALICE), 0, "nothing is nothing");
    }

    /// @notice A share that has lost 99.9 % takes no new money: the number of shares stays bounded.
    function test_ADeadJuniorIsClosed() external {
        deposit(junior, BOB, 1_000_000e6);
        bytes32 loanId = lend(999_000e6 - 1);
        core.lose(loanId, address(0), 0);
        require(junior.maxDeposit(BOB) != 0, "barely alive");
        loanId = lend(10);
        core.lose(loanId, address(0), 0);
        eq(junior.maxDeposit(BOB), 0, "dead");
    }

    // --- income

    function test_IncomeReachesJuniorOverTime() external {
        fill();
        bytes32 loanId = lend(10_000e6);
        core.repay(loanId, 0, 3_000e6);
        eq(pool.pendingIncome(), 3_000e6, "all pending");
        eq(pool.juniorAssets(), 43_000e6, "junior's already");
        eq(junior.totalAssets(), 40_000e6, "but not in its price");
        vm.warp(START + 10 days);
        uint256 accrued = uint256(80_000e6) * 50_000 * 10 days / (1e6 * 365 days);
        eq(pool.pendingIncome(), 2_000e6, "a third is in");
        eq(junior.totalAssets(), 41_000e6 - accrued, "in the price");
        vm.warp(START + 30 days);
        eq(pool.pendingIncome(), 0, "all in");
    }

    function test_MoreIncomeMovesTheEndByItsWeight() external {
        fill();
        bytes32 loanId = lend(10_000e6);
        core.repay(loanId, 0, 3_000e6);
        vm.warp(START + 20 days);
        // 1,000 with 10 days to go and 1,000 with 30 days to go.
        core.repay(loanId, 0, 1_000e6);
        eq(pool.pendingIncome(), 2_000e6, "joined");
        vm.warp(START + 30 days);
        eq(pool.pendingIncome(), 1_000e6, "half after half of 20 days");
        vm.warp(START + 40 days);
        eq(pool.pendingIncome(), 0, "done");
    }

    /// @notice Crumbs of income cannot hold back what is pending.
    function test_CrumbsDoNotDelayIncome() external {
        fill();
        bytes32 loanId = lend(10_000e6);
        core.repay(loanId, 0, 3_000e6);
        for (uint256 i = 1; i <= 30; ++i) {
            vm.warp(START + i * 1 days - 1);
            core.repay(loanId, 0, 1);
        }
        vm.warp(START + 30 days);
        require(pool.pendingIncome() < 3_000e6 / 1e6, "more than a millionth is late");
    }

    function test_ALossIsFirstTakenFromPendingIncome() external {
        fill();
        bytes32 paying = lend(10_000e6);
        bytes32 lostLoan = lend(1_000e6);
        bytes32 bigLoan = lend(5_000e6);
        core.repay(paying, 0, 3_000e6);
        core.lose(lostLoan, address(0), 0);
        eq(pool.pendingIncome(), 2_000e6, "pending bears it");
        eq(junior.totalAssets(), 40_000e6, "the price does not move");
        vm.warp(START + 15 days);
        eq(pool.pendingIncome(), 1_000e6, "and goes on to its end");
        core.lose(bigLoan, address(0), 0);
        eq(pool.pendingIncome(), 0, "all of it");
        eq(pool.juniorAssets(), junior.totalAssets(), "the rest is in the price");
    }

    /// @notice A borrower that buys most of junior, pays interest and sells again in the same block gets none of it back.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_BuyingJuniorForOneBlockTakesNoIncome(uint256 stake, uint256 income) external {
        fill();
        bytes32 loanId = lend(10_000e6);
        stake = bound(stake, 1, 1e18);
        income = bound(income, 1, 10_000e6);
        deposit(junior, BORROWER, stake);
        core.repay(loanId, 0, income);
        uint256 max = junior.maxRedeem(BORROWER);
        require(redeem(junior, BORROWER, max) <= stake, "interest came back");
        require(junior.convertToAssets(junior.balanceOf(BORROWER)) <= stake, "nor what stays");
    }

    /// @notice Shares bought between a default and the sale of the collateral would take the recovery from those who bore the loss.
    function test_JuniorIsClosedWhileCollateralIsUnsold() external {
        fill();
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 6e18);
        eq(junior.maxDeposit(CAROL), 0, "closed");
        require(senior.maxDeposit(CAROL) != 0, "senior gains nothing by it and stays open");
        asset.mint(CAROL, 20_000e6);
        approveAll(CAROL);
        vm.startPrank(CAROL);
        pool.buyCollateral(address(collateral), 6e18 - 1, type(uint256).max, CAROL);
        eq(junior.maxDeposit(CAROL), 0, "still closed");
        pool.buyCollateral(address(collateral), 1, type(uint256).max, CAROL);
        require(junior.maxDeposit(CAROL) != 0, "open again");
    }

    // --- odd tokens

    function test_ABlockedReceiverOnlyHurtsItself() external {
        RefusingToken token = new RefusingToken();
        open(token);
        fill();
        token.setBlocked(ALICE, true);
        vm.expectRevert(abi.encodeWithSelector(RefusingToken.Blocked.selector, ALICE));
        vm.prank(ALICE);
        senior.redeem(1e12, ALICE, ALICE);
        vm.prank(ALICE);
        eq(senior.redeem(1e12, CAROL, ALICE), 1e6, "elsewhere it works");
        redeem(junior, BOB, 1e12);
    }

    /// @notice A token that calls back in the middle of a deposit finds the books as they were, and cannot pass the limits.
    function test_CallbackInDepositCannotPassTheJuniorShare() external {
        CallbackAsset token = new CallbackAsset();
        open(token);
        fill();
        // Within a senior deposit that takes all the room, junior leaves as far as it may.
        uint256 max = senior.maxDeposit(ALICE);
        token.mint(ALICE, max);
        vm.prank(BOB);
        junior.approve(address(token), type(uint256).max);
        uint256 leaving = junior.maxRedeem(BOB);
        token.arm(ALICE, address(junior), abi.encodeCall(IERC4626.redeem, (leaving, BOB, BOB)));
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxDeposit.selector, ALICE, max, 0));
        vm.prank(ALICE);
        senior.deposit(max, ALICE);
        // Without the callback it passes.
        token.arm(address(0), address(0), "");
        vm.prank(ALICE);
        senior.deposit(max, ALICE);
    }

    function stateOf() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                pool.value(),
                pool.freeCash(),
                senior.totalAssets(),
                junior.totalAssets(),
                senior.maxDeposit(ALICE),
                senior.maxWithdraw(ALICE),
                junior.maxWithdraw(BOB),
                senior.convertToShares(1e6)
            )
        );
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditPool, Request } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { PoolBase } from "./PoolBase.sol";
import { CallbackAsset, RefusingToken } from "./PoolDoubles.sol";

/// @notice Who waits is paid in order, at the price of that moment, and nobody passes.
contract PoolQueueTest is PoolBase {
    /// @dev 80,000 senior of Alice, 40,000 junior of Bob and 10,000 senior of Carol, of which 120,000 are lent: 10,000 in cash.
    function illiquid() private returns (bytes32 loanId) {
        fill();
        deposit(senior, CAROL, 10_000e6);
        loanId = lend(120_000e6);
    }

    // --- refusals

    function test_RequestRefusesNothingAndTooMuch() external {
        fill();
        vm.expectRevert(abi.encodeWithSelector(ITranche.ZeroShares.selector));
        vm.prank(ALICE);
        senior.requestRedeem(0, ALICE);
        uint256 shares = senior.balanceOf(ALICE);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", ALICE, shares, shares + 1)
        );
        vm.prank(ALICE);
        senior.requestRedeem(shares + 1, ALICE);
    }

    function test_OnlyItsOwnerCancelsARequest() external {
        illiquid();
        uint256 index = request(senior, ALICE, 1e12);
        bytes memory reason = abi.encodeWithSelector(ICreditPool.NotRequestOwner.selector, CAROL);
        vm.expectRevert(reason);
        vm.prank(CAROL);
        senior.cancelRequest(index);
        // Nor in the other tranche, nor one that is not there.
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotRequestOwner.selector, ALICE));
        vm.prank(ALICE);
        junior.cancelRequest(index);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotRequestOwner.selector, ALICE));
        vm.prank(ALICE);
        senior.cancelRequest(index + 1);
        vm.prank(ALICE);
        senior.cancelRequest(index);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotRequestOwner.selector, ALICE));
        vm.prank(ALICE);
        senior.cancelRequest(index);
    }

    function test_APaidRequestCannotBeCancelled() external {
        fill();
        uint256 index = request(senior, ALICE, 1e12);
        pool.processQueue(1);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotRequestOwner.selector, ALICE));
        vm.prank(ALICE);
        senior.cancelRequest(index);
    }

    function test_NothingToClaim() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NothingToClaim.selector));
        pool.claim(address(this));
    }

    // --- waiting

    function test_WhileOneWaitsNobodyWithdraws() external {
        illiquid();
        require(senior.maxWithdraw(CAROL) == 10_000e6, "there is cash");
        request(senior, ALICE, 1e12);
        eq(senior.maxWithdraw(CAROL) + senior.maxRedeem(CAROL), 0, "senior waits");
        eq(junior.maxWithdraw(BOB) + junior.maxRedeem(BOB), 0, "junior waits");
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxRedeem.selector, CAROL, 1, 0));
        vm.prank(CAROL);
        senior.redeem(1, CAROL, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ITranche.ERC4626ExceededMaxWithdraw.selector, CAROL, 1, 0));
        vm.prank(CAROL);
        senior.withdraw(1, CAROL, CAROL);
        pool.processQueue(1);
        eq(senior.maxWithdraw(CAROL), 9_999e6, "and goes on");
    }

    function test_AJuniorRequestHoldsBackSeniorToo() external {
        illiquid();
        request(junior, BOB, 1e12);
        eq(senior.maxWithdraw(CAROL), 0, "no overtaking");
    }

    /// @notice Junior that may not leave at all must not lock senior in.
    function test_AJuniorRequestThatMayNotLeaveHoldsBackNobody() external {
        illiquid();
        vm.prank(OWNER);
        pool.setMinJunior(4_000);
        request(junior, BOB, 1e12);
        eq(senior.maxWithdraw(CAROL), 10_000e6, "senior passes");
        eq(junior.maxWithdraw(BOB), 0, "junior does not");
        eq(pool.processQueue(10), 0, "nothing to do");
        request(senior, CAROL, 1e12);
        eq(pool.processQueue(10), 1, "the later senior is paid");
        eq(asset.balanceOf(CAROL), 1e6, "paid");
        (uint256 head,, uint256 shares) = pool.queueOf(false);
        eq(head, 0, "junior still first");
        eq(shares, 1e12, "and unpaid");
    }

    function test_RequestMovesSharesAndTells() external {
        illiquid();
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.RedeemRequested(true, 0, ALICE, CAROL, 5e12);
        vm.prank(ALICE);
        eq(senior.requestRedeem(5e12, CAROL), 0, "first place");
        eq(senior.balanceOf(address(pool)), 5e12, "the pool holds them");
        Request memory item = pool.requestOf(true, 0);
        eq(item.owner, ALICE, "owner");
        eq(item.receiver, CAROL, "receiver");
        eq(item.shares, 5e12, "shares");
        eq(item.sequence, 1, "sequence");
        eq(request(senior, ALICE, 1), 1, "second place");
        eq(request(junior, BOB, 1), 0, "first of the other list");
        eq(pool.requestOf(false, 0).sequence, 3, "one order over both");
    }

    function test_CancellingGivesBackTheRest() external {
        illiquid();
        uint256 index = request(senior, ALICE, 20_000e12);
        eq(pool.processQueue(5), 1, "a part is paid");
        eq(asset.balanceOf(ALICE), 10_000e6, "all the cash");
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.RedeemCancelled(true, index, 10_000e12);
        vm.prank(ALICE);
        eq(senior.cancelRequest(index), 10_000e12, "the rest");
        eq(senior.balanceOf(ALICE), 70_000e12, "is back");
        (,, uint256 shares) = pool.queueOf(true);
        eq(shares, 0, "none waits");
    }

    // --- paying

    function test_PaysInOrderOverBothTranches() external {
        bytes32 loanId = illiquid();
        request(senior, ALICE, 4_000e12);
        request(junior, BOB, 4_000e12);
        request(senior, CAROL, 4_000e12);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.RedeemPaid(true, 0, 4_000e12, 4_000e6);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.RedeemPaid(false, 0, 4_000e12, 4_000e6);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.RedeemPaid(true, 1, 2_000e12, 2_000e6);
        eq(pool.processQueue(10), 3, "two and a part");
        eq(asset.balanceOf(ALICE), 4_000e6, "first");
        eq(asset.balanceOf(BOB), 4_000e6, "second");
        eq(asset.balanceOf(CAROL), 2_000e6, "a part of the third");
        eq(pool.cash(), 0, "no cash left");
        eq(pool.processQueue(10), 0, "nothing without cash");
        core.repay(loanId, 5_000e6, 0);
        eq(pool.processQueue(10), 1, "the rest of the third");
        eq(asset.balanceOf(CAROL), 4_000e6, "whole");
        (uint256 head, uint256 tail, uint256 shares) = pool.queueOf(true);
        eq(head, tail, "empty");
        eq(shares, 0, "no shares");
        eq(senior.balanceOf(address(pool)) + junior.balanceOf(address(pool)), 0, "all burned");
        eq(pool.requestOf(true, 0).sequence, 0, "deleted");
    }

    function test_StopsAtTheNumberAsked() external {
        illiquid();
        for (uint256 i = 0; i < 5; ++i) {
            request(senior, ALICE, 1e12);
        }
        eq(pool.processQueue(0), 0, "none");
        eq(pool.processQueue(2), 2, "two");
        eq(asset.balanceOf(ALICE), 2e6, "paid two");
        (uint256 head, uint256 tail,) = pool.queueOf(true);
        eq(head, 2, "head");
        eq(tail, 5, "tail");
    }

    function test_PassesCancelledRequests() external {
        illiquid();
        request(senior, ALICE, 1e12);
        request(senior, ALICE, 1e12);
        request(junior, BOB, 1e12);
        request(junior, BOB, 1e12);
        request(senior, CAROL, 1e12);
        vm.startPrank(ALICE);
        senior.cancelRequest(0);
        senior.cancelRequest(1);
        vm.stopPrank();
        vm.prank(BOB);
        junior.cancelRequest(0);
        eq(pool.processQueue(3), 3, "looks at three cancelled ones");
        eq(asset.balanceOf(BOB) + asset.balanceOf(CAROL), 0, "which pays nobody");
        eq(pool.processQueue(9), 2, "then the two others");
        eq(asset.balanceOf(BOB), 1e6, "Bob");
        eq(asset.balanceOf(CAROL), 1e6, "Carol");
    }

    function test_PaysThePriceOfTheMoment() external {
        fill();
        bytes32 lostLoan = lend(50_000e6);
        bytes32 loanId = lend(70_000e6);
        request(senior, ALICE, 80_000e12);
        core.lose(lostLoan, address(0), 0);
        core.repay(loanId, 70_000e6, 0);
        pool.processQueue(1);
        eq(asset.balanceOf(ALICE), 70_000e6, "who waits shares the loss");
        eq(pool.cash(), 0, "all of it");
    }

    function test_JuniorIsPaidAsFarAsItsLeastShareAllows() external {
        fill();
        request(junior, BOB, 40_000e12);
        request(senior, ALICE, 40_000e12);
        // Junior may fall to a fifth: 20,000 leave. Then senior leaves with 40,000, which lets junior follow with 10,000 more.
        eq(pool.processQueue(1), 1, "a part of junior");
        below(asset.balanceOf(BOB), 20_000e6, 1, "to a fifth");
        eq(pool.processQueue(1), 1, "senior");
        eq(asset.balanceOf(ALICE), 40_000e6, "senior passes");
        eq(pool.processQueue(1), 1, "more of junior");
        below(asset.balanceOf(BOB), 30_000e6, 2, "to a fifth again");
    }

    /// @notice Shares whose price shows nothing yet are not burned for nothing.
    function test_WorthlessJuniorWaits() external {
        fill();
        bytes32 loanId = lend(45_000e6);
        request(junior, BOB, 40_000e12);
        core.lose(loanId, address(0), 0);
        eq(pool.processQueue(5), 0, "nothing to pay");
        eq(junior.balanceOf(address(pool)), 40_000e12, "the shares are still there");
        // All of what junior has is pending.
        deposit(senior, CAROL, 0);
        loanId = lend(1e6);
        core.repay(loanId, 0, 6_000e6);
        eq(pool.juniorAssets(), 1_000e6, "junior has something");
        eq(junior.totalAssets(), 0, "that no price shows");
        eq(pool.processQueue(5), 0, "so nothing is paid");
    }

    /// @notice A share that costs more than the cash waits for more, instead of being burned for nothing.
    function test_ACrumbOfCashPaysNothing() external {
        deposit(junior, BOB, 1);
        bytes32 loanId = lend(1);
        core.repay(loanId, 0, 10e6);
        vm.warp(START + 31 days);
        lend(10e6 - 1);
        request(junior, BOB, 1e6);
        eq(pool.cash(), 1, "a crumb");
        eq(pool.processQueue(5), 0, "no share costs so little");
    }

    function test_ARefusedReceiverDoesNotBlockTheQueue() external {
        RefusingToken token = new RefusingToken();
        open(token);
        fill();
        deposit(senior, CAROL, 1_000e6);
        request(senior, ALICE, 5e12);
        request(senior, CAROL, 7e12);
        token.setBlocked(ALICE, true);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.PaymentHeld(ALICE, 5e6);
        eq(pool.processQueue(5), 2, "both");
        eq(asset.balanceOf(CAROL), 7e6, "Carol has hers");
        eq(pool.claimable(ALICE), 5e6, "Alice's is held");
        eq(pool.cash() + 5e6, asset.balanceOf(address(pool)), "in no book");
        vm.expectRevert(abi.encodeWithSelector(RefusingToken.Blocked.selector, ALICE));
        vm.prank(ALICE);
        pool.claim(ALICE);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.PaymentClaimed(ALICE, BOB, 5e6);
        vm.prank(ALICE);
        eq(pool.claim(BOB), 5e6, "to another address");
        eq(asset.balanceOf(BOB), 5e6, "arrived");
        eq(pool.claimable(ALICE), 0, "once");
    }

    /// @notice A receiver that calls back finds its request gone.
    function test_CallbackCannotBePaidTwice() external {
        CallbackAsset token = new CallbackAsset();
        open(token);
        fill();
        deposit(senior, CAROL, 1_000e6);
        request(senior, CAROL, 1_000e12);
        request(senior, ALICE, 1e12);
        token.arm(CAROL, address(pool), abi.encodeCall(ICreditPool.processQueue, (5)));
        eq(pool.processQueue(5), 1, "the second was paid within");
        require(token.succeeded(), "called back");
        eq(asset.balanceOf(CAROL), 1_000e6, "once");
        eq(asset.balanceOf(ALICE), 1e6, "and the next");
        eq(pool.cash(), asset.balanceOf(address(pool)), "books are right");
    }

    // --- what the queue is owed

    function test_FreeCashLeavesOutWhatWaits() external {
        illiquid();
        eq(pool.freeCash(), 10_000e6, "all of it");
        request(senior, ALICE, 3_000e12);
        request(junior, BOB, 2_000e12);
        below(pool.freeCash(), 5_000e6, 2, "less both");
        request(senior, ALICE, 50_000e12);
        eq(pool.freeCash(), 0, "never below zero");
    }

    /// @notice For any requests and any cash: paid in order, at most one partly, no cash left while someone may be paid.
    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_QueueIsPaidInOrder(uint256 cash, uint256[6] memory amounts, uint256 steps) external {
        fill();
        deposit(junior, CAROL, 100_000e6);
        deposit(senior, CAROL, 100_000e6);
        lend(320_000e6);
        deposit(senior, ALICE, bound(cash, 1, 50_000e6));
        uint256[6] memory wanted;
        for (uint256 i = 0; i < 6; ++i) {
            wanted[i] = bound(amounts[i], 1, 15_000e6);
            request(senior, i % 2 == 0 ? ALICE : CAROL, wanted[i] * 1e6);
        }
        uint256 money = pool.cash();
        steps = bound(steps, 0, 7);
        uint256 done = pool.processQueue(steps);
        uint256 paid;
        for (uint256 i = 0; i < done; ++i) {
            paid += wanted[i];
        }
        if (paid > money) paid = money;
        below(money - pool.cash(), paid, 6, "paid what was due");
        require(done == steps || done == 6 || pool.cash() == 0, "stopped early");
        (uint256 head,, uint256 shares) = pool.queueOf(true);
        require(head == done || head + 1 == done, "at most one partly");
        eq(shares, senior.balanceOf(address(pool)), "the pool holds what waits");
    }
}

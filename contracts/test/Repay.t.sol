// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

contract RepayTest is Base {
    event Repaid(
        bytes32 indexed loanId, address payer, uint256 lateFee, uint256 interest, uint256 principal, uint256 outstanding
    );
    event Closed(bytes32 indexed loanId);

    uint256 private constant PERIOD_INTEREST = 11_835_617;
    uint256 private constant LATE_FEE = 5_335_000;

    /// @notice A word of the terms changed is another loan, or a word outside its type.
    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_RevertsForOtherTerms(uint256 index, uint256 bit) external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        bytes memory call_ = abi.encodeCall(ICreditAggregator.repay, (loanId, terms, 1e6));
        uint256 at = 4 + 32 * bound(index, 0, 7) + (31 - bound(bit, 0, 255) / 8);
        call_[at] = bytes1(uint8(call_[at]) ^ uint8(1 << (bit % 8)));
        vm.prank(borrower);
        (bool ok,) = address(aggregator).call(call_);
        require(!ok, "other terms were accepted");
    }

    function test_RevertsForOtherTermsByName() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.TermsMismatch.selector, loanId);
        terms.lenderAndRates ^= 1 << 160;
        vm.expectRevert(reason);
        aggregator.repay(loanId, terms, 1);
        terms.lenderAndRates ^= 1 << 160;
        terms.intentHash = 0;
        vm.expectRevert(reason);
        aggregator.repay(loanId, terms, 1);
        vm.expectRevert(reason);
        aggregator.payoffAmount(loanId, terms, 0);
    }

    function test_RevertsForUnknownLoan() external {
        Offer memory offer = baseOffer();
        (LoanTerms memory terms, bytes32 loanId) = aggregator.termsOf(offer, intentFor(offer, borrower));
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, loanId, Status.None));
        aggregator.repay(loanId, terms, 1);
    }

    function test_RevertsWhenClosed() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pay(loanId, terms, type(uint256).max);
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, loanId, Status.Repaid);
        vm.expectRevert(reason);
        aggregator.repay(loanId, terms, 1);
        vm.expectRevert(reason);
        aggregator.payoffAmount(loanId, terms, 0);
        vm.expectRevert(reason);
        aggregator.installmentDue(loanId, terms, 0);
    }

    function test_RevertsBelowCharges() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.PaymentTooSmall.selector, 0, 1));
        pay(loanId, terms, 0);
        vm.warp(START + 30 days);
        vm.expectRevert(
            abi.encodeWithSelector(ICreditAggregator.PaymentTooSmall.selector, PERIOD_INTEREST - 1, PERIOD_INTEREST)
        );
        pay(loanId, terms, PERIOD_INTEREST - 1);
        pay(loanId, terms, PERIOD_INTEREST);
        eq(aggregator.loan(loanId).outstanding, 1_200e6, "interest only");
    }

    function test_RevertsWithoutApproval() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.expectRevert();
        aggregator.repay(loanId, terms, 1e6);
    }

    function test_InstallmentPaysInterestThenPrincipal() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.warp(START + 30 days);
        (uint256 due, uint40 dueAt) = aggregator.installmentDue(loanId, terms, block.timestamp);
        eq(due, 106.7e6, "due");
        eq(dueAt, START + 30 days, "due at");
        uint256 before = asset.balanceOf(lender);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit Repaid(
            loanId, borrower, 0, PERIOD_INTEREST, 106.7e6 - PERIOD_INTEREST, 1_200e6 + PERIOD_INTEREST - 106.7e6
        );
        (uint256 paid, uint256 left) = pay(loanId, terms, due);
        eq(paid, due, "paid");
        eq(left, 1_200e6 + PERIOD_INTEREST - 106.7e6, "left");
        eq(asset.balanceOf(lender) - before, due, "lender");
        Loan memory state = aggregator.loan(loanId);
        eq(state.installmentsPaid, 1, "count");
        eq(state.outstanding, left, "outstanding");
        eq(state.lastAccrual, START + 30 days, "accrual");
        require(!state.hasSide, "no credit");
    }

    function test_PartsAddUpToAnInstallment() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pay(loanId, terms, 50e6);
        Loan memory state = aggregator.loan(loanId);
        eq(state.installmentsPaid, 0, "not yet");
        require(state.hasSide, "credit");
        eq(aggregator.installmentCredit(loanId), 50e6, "credit");
        (uint256 due,) = aggregator.installmentDue(loanId, terms, block.timestamp);
        eq(due, 56.7e6, "rest");
        pay(loanId, terms, due);
        state = aggregator.loan(loanId);
        eq(state.installmentsPaid, 1, "met");
        require(!state.hasSide, "none left");
        eq(aggregator.installmentCredit(loanId), 0, "none left");
        // Two and a half installments at once.
        pay(loanId, terms, 266.75e6);
        eq(aggregator.loan(loanId).installmentsPaid, 3, "three");
        eq(aggregator.installmentCredit(loanId), 53.35e6, "half");
        pay(loanId, terms, type(uint256).max);
        eq(aggregator.installmentCredit(loanId), 0, "cleared at payoff");
    }

    /// @dev A payment in the last second of grace settles no late fee: the one that falls due a second later is still to come.
    function test_APartInTheLastSecondOfGraceLeavesTheFeeToCome() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.warp(START + 33 days);
        (, uint256 left) = pay(loanId, terms, 50e6);
        eq(aggregator.payoffAmount(loanId, terms, block.timestamp), left, "nothing but principal");
        // One second's interest is 4.4 base units.
        eq(aggregator.payoffAmount(loanId, terms, block.timestamp + 1), left + 5 + 5.335e6, "then the fee");
    }

    function test_LateFeeIsChargedOncePerMissedInstallment() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        // At the end of grace nothing is missed.
        eq(aggregator.payoffAmount(loanId, terms, START + 33 days), 1_200e6 + 13_019_179, "in grace");
        uint256 late = START + 63 days + 1;
        vm.warp(late);
        (uint256 due,) = aggregator.installmentDue(loanId, terms, late);
        eq(due, 106.7e6 + 2 * LATE_FEE, "two fees and the oldest installment");
        pay(loanId, terms, due);
        eq(aggregator.loan(loanId).installmentsPaid, 1, "one met");
        (due,) = aggregator.installmentDue(loanId, terms, late);
        eq(due, 106.7e6, "the fee of the second is settled");
        pay(loanId, terms, due);
        vm.warp(START + 93 days + 1);
        (due,) = aggregator.installmentDue(loanId, terms, block.timestamp);
        eq(due, 106.7e6 + LATE_FEE, "the third is a new miss");
    }

    function test_LateFeesMustBePaidFirst() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.warp(START + 34 days);
        uint256 interest = 13_413_699;
        vm.expectRevert(
            abi.encodeWithSelector(
                ICreditAggregator.PaymentTooSmall.selector, LATE_FEE + interest - 1, LATE_FEE + interest
            )
        );
        pay(loanId, terms, LATE_FEE + interest - 1);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit Repaid(loanId, borrower, LATE_FEE, interest, 1, 1_200e6 - 1);
        pay(loanId, terms, LATE_FEE + interest + 1);
        eq(aggregator.installmentCredit(loanId), interest + 1, "late fees are not schedule");
    }

    function test_LastInstallmentIsEverythingLeft() external {
        Offer memory offer = baseOffer();
        offer.installments = 2;
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        pay(loanId, terms, 1_000e6);
        Loan memory state = aggregator.loan(loanId);
        eq(state.installmentsPaid, 1, "never the last by amount");
        require(!state.hasSide, "nothing counts toward the last");
        (uint256 due, uint40 dueAt) = aggregator.installmentDue(loanId, terms, START + 60 days);
        eq(due, aggregator.payoffAmount(loanId, terms, START + 60 days), "payoff");
        eq(dueAt, START + 60 days, "due at");
        pay(loanId, terms, 100e6);
        eq(aggregator.loan(loanId).installmentsPaid, 1, "still one");
    }

    function test_PayoffReleasesCollateral() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        uint256 before = collateral.balanceOf(borrower);
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(loanId, terms, block.timestamp);
        // Anyone may pay; the collateral goes to the borrower all the same.
        fund(RECIPIENT);
        vm.prank(RECIPIENT);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit Closed(loanId);
        (uint256 paid, uint256 left) = aggregator.repay(loanId, terms, payoff + 1e6);
        eq(paid, payoff, "no more than the payoff");
        eq(left, 0, "nothing left");
        eq(collateral.balanceOf(borrower) - before, 1e18, "released");
        eq(collateral.balanceOf(address(manager)), 0, "custody");
        Loan memory state = aggregator.loan(loanId);
        eq(state.status, Status.Repaid, "status");
        eq(state.installmentsPaid, 12, "all met");
        eq(state.outstanding, 0, "zero");
    }

    function test_PausedOriginationDoesNotStopRepayment() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pauseAsset(true);
        pay(loanId, terms, 200e6);
        pay(loanId, terms, type(uint256).max);
        eq(aggregator.loan(loanId).status, Status.Repaid, "closed while paused");
    }

    function test_ViewsAcceptAnyTime() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        eq(aggregator.payoffAmount(loanId, terms, 0), 1_200e6, "before the start");
        uint256 end = aggregator.payoffAmount(loanId, terms, type(uint40).max);
        eq(aggregator.payoffAmount(loanId, terms, type(uint256).max), end, "far future");
    }

    /// @notice Any payment: what is taken is fees, interest and principal; interest is exact within one unit, for the lender.
    function testFuzz_PaymentIsSplitExactly(uint256 principal, uint32 ratePpm, uint256 elapsed, uint256 amount)
        external
    {
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, MAX_CAP));
        // One installment needs no amount that amortizes.
        offer.installments = 1;
        offer.ratePpm = uint32(bound(ratePpm, 0, 100_000_000));
        offer.lateFeeBps = 0;
        asset.mint(borrower, 1e60);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        elapsed = bound(elapsed, 0, 365 days);
        vm.warp(START + elapsed);
        uint256 product = uint256(offer.principal) * offer.ratePpm * elapsed;
        uint256 unit = 1e6 * 365 days;
        uint256 payoff = aggregator.payoffAmount(loanId, terms, block.timestamp);
        uint256 interest = payoff - offer.principal;
        require(interest * unit >= product && interest * unit < product + unit, "interest within one unit");

        amount = bound(amount, interest == 0 ? 1 : interest, payoff);
        uint256 before = asset.balanceOf(lender);
        (uint256 paid, uint256 left) = pay(loanId, terms, amount);
        eq(paid, amount, "paid");
        eq(asset.balanceOf(lender) - before, amount, "lender receives");
        eq(left + amount, payoff, "nothing made, nothing lost");
        require(left <= offer.principal, "outstanding never rises");
    }
}

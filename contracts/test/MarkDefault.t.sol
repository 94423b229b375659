// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";
import { BlockingToken, SettablePrice } from "./Doubles.sol";

contract MarkDefaultTest is Base {
    function test_RevertsUntilGraceEnds() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.NotInDefault.selector, loanId, START + 33 days);
        vm.expectRevert(reason);
        aggregator.markDefault(loanId, terms);
        vm.warp(START + 33 days);
        vm.expectRevert(reason);
        aggregator.markDefault(loanId, terms);
        vm.warp(START + 33 days + 1);
        aggregator.markDefault(loanId, terms);
    }

    function test_RevertsForPaidInstallment() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pay(loanId, terms, 106.7e6);
        vm.warp(START + 63 days);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotInDefault.selector, loanId, START + 63 days));
        aggregator.markDefault(loanId, terms);
    }

    function test_RevertsForOtherTerms() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.warp(START + 34 days);
        terms.asset = address(this);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.TermsMismatch.selector, loanId));
        aggregator.markDefault(loanId, terms);
    }

    function test_RevertsWhenRepaidOrDefaulted() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pay(loanId, terms, type(uint256).max);
        vm.warp(START + 34 days);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, loanId, Status.Repaid));
        aggregator.markDefault(loanId, terms);

        Offer memory offer = baseOffer();
        offer.nonce = 8;
        (loanId, terms) = open(offer);
        vm.warp(block.timestamp + 34 days);
        aggregator.markDefault(loanId, terms);
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, loanId, Status.Defaulted);
        vm.expectRevert(reason);
        aggregator.markDefault(loanId, terms);
        vm.expectRevert(reason);
        aggregator.repay(loanId, terms, 1e6);
    }

    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_SeizesForTheLender(uint256 parts, uint256 wait) external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        uint256 met = bound(parts, 0, 11);
        if (met != 0) pay(loanId, terms, met * 106.7e6);
        uint256 outstanding = aggregator.loan(loanId).outstanding;
        vm.warp(START + (met + 1) * 30 days + 3 days + bound(wait, 1, 10_000 days));
        uint256 before = collateral.balanceOf(lender);
        pauseAsset(true);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit ICreditAggregator.Defaulted(loanId, outstanding, 1e18, 0);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - before, 1e18, "seized");
        eq(collateral.balanceOf(address(manager)), 0, "custody");
        Loan memory state = aggregator.loan(loanId);
        eq(state.status, Status.Defaulted, "status");
        eq(state.outstanding, outstanding, "what was not paid stays on record");
        eq(state.installmentsPaid, met, "count");
    }

    /// @dev The second slot goes with the loan: what was added is seized too, what was paid in part counts no more.
    function test_SeizesWhatWasAddedAndForgetsTheCredit() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        pay(loanId, terms, 50e6);
        vm.prank(borrower);
        aggregator.addCollateral(loanId, terms, 2e18);
        uint256 before = collateral.balanceOf(lender);
        vm.warp(START + 34 days);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Defaulted(loanId, 1_150e6, 3e18, 0);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - before, 3e18, "all that was held");
        eq(collateral.balanceOf(address(manager)), 0, "custody");
        eq(aggregator.installmentCredit(loanId), 0, "no credit");
        eq(aggregator.collateralOf(loanId, terms), 0, "no collateral");
        require(!aggregator.loan(loanId).hasSide, "the slot was given back");
        vm.prank(borrower);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimCollateral(loanId, terms, borrower);
    }

    /// @dev What reached the lender must not wait for it a second time.
    function test_NothingIsKeptOfWhatArrived() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.warp(START + 34 days);
        aggregator.markDefault(loanId, terms);
        eq(aggregator.keptPayment(lender, address(collateral)), 0, "kept");
        vm.prank(lender);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimPayment(address(collateral), lender);
    }

    // --- with a price

    function priced() private returns (bytes32 loanId, LoanTerms memory terms, uint256 debt) {
        (loanId, terms) = open(pricedOffer());
        vm.warp(START + 34 days);
        debt = aggregator.payoffAmount(loanId, terms, block.timestamp);
    }

    function test_WithAPriceTheLenderGetsTheDebtAndTheBorrowerTheRest() external {
        (bytes32 loanId, LoanTerms memory terms, uint256 debt) = priced();
        uint256 seized = (debt * 1e36 + PRICE - 1) / PRICE;
        uint256 lenderBefore = collateral.balanceOf(lender);
        uint256 borrowerBefore = collateral.balanceOf(borrower);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit ICreditAggregator.Defaulted(loanId, 1_200e6, seized, 1e18 - seized);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - lenderBefore, seized, "worth the debt, rounded up");
        eq(collateral.balanceOf(borrower) - borrowerBefore, 1e18 - seized, "the rest");
    }

    function test_WithAPriceTheLenderGetsAllWhenItIsWorthLess() external {
        (bytes32 loanId, LoanTerms memory terms,) = priced();
        oracle.set(PRICE / 2);
        uint256 lenderBefore = collateral.balanceOf(lender);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - lenderBefore, 1e18, "all of it");
    }

    /// @dev A lender cannot choose the hour in which the oracle is out; after thirty days it need not wait any more.
    function test_WithoutAnAnswerOfTheOracleItTakesThirtyDaysMore() external {
        (bytes32 loanId, LoanTerms memory terms,) = priced();
        oracle.set(type(uint256).max);
        vm.expectRevert(SettablePrice.NoPrice.selector);
        aggregator.markDefault(loanId, terms);
        vm.warp(START + 33 days + 30 days);
        vm.expectRevert(SettablePrice.NoPrice.selector);
        aggregator.markDefault(loanId, terms);
        vm.warp(START + 33 days + 30 days + 1);
        uint256 before = collateral.balanceOf(lender);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - before, 1e18, "all of it");
    }

    function test_AnOracleThatAnswersLateStillDecides() external {
        (bytes32 loanId, LoanTerms memory terms,) = priced();
        vm.warp(START + 70 days);
        aggregator.markDefault(loanId, terms);
        require(collateral.balanceOf(address(manager)) == 0, "nothing stays");
        require(collateral.balanceOf(borrower) > 1e40 - 1e18, "the borrower got a part");
    }

    function test_APriceOfZeroCountsAsNoAnswer() external {
        (bytes32 loanId, LoanTerms memory terms,) = priced();
        oracle.set(0);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("price")));
        aggregator.markDefault(loanId, terms);
        vm.warp(START + 64 days);
        uint256 before = collateral.balanceOf(lender);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - before, 1e18, "all of it");
    }

    function test_APauseOfLiquidationsHoldsDefaultsByPriceAlone() external {
        (bytes32 loanId, LoanTerms memory terms,) = priced();
        Offer memory offer = baseOffer();
        offer.nonce = 8;
        (bytes32 plain, LoanTerms memory plainTerms) = open(offer);
        vm.warp(START + 70 days);
        vm.prank(GUARDIAN);
        aggregator.pauseLiquidation();
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LiquidationPaused.selector, uint40(START + 77 days)));
        aggregator.markDefault(loanId, terms);
        aggregator.markDefault(plain, plainTerms);
        vm.warp(START + 77 days);
        aggregator.markDefault(loanId, terms);
    }

    function test_RefusedCollateralWaitsForTheLender() external {
        BlockingToken token = new BlockingToken();
        token.mint(borrower, 1e18);
        vm.prank(borrower);
        token.approve(address(aggregator), type(uint256).max);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        token.setBlocked(lender, true);
        vm.warp(START + 34 days);
        aggregator.markDefault(loanId, terms);
        eq(aggregator.loan(loanId).status, Status.Defaulted, "ended");
        eq(aggregator.keptPayment(lender, address(token)), 1e18, "waits");
        vm.prank(lender);
        aggregator.claimPayment(address(token), RECIPIENT);
        eq(token.balanceOf(RECIPIENT), 1e18, "claimed elsewhere");
    }
}

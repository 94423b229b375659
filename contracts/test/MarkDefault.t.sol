// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

contract MarkDefaultTest is Base {
    event Defaulted(bytes32 indexed loanId, uint256 outstanding);

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
        terms.lender = address(this);
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
        vm.prank(ADMIN);
        aggregator.setOriginationPaused(true);
        vm.expectEmit(true, false, false, true, address(aggregator));
        emit Defaulted(loanId, outstanding);
        aggregator.markDefault(loanId, terms);
        eq(collateral.balanceOf(lender) - before, 1e18, "seized");
        eq(collateral.balanceOf(address(manager)), 0, "custody");
        Loan memory state = aggregator.loan(loanId);
        eq(state.status, Status.Defaulted, "status");
        eq(state.outstanding, outstanding, "what was not paid stays on record");
        eq(state.installmentsPaid, met, "count");
    }
}

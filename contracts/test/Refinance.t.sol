// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { DevToken } from "../src/dev/DevToken.sol";
import { Base } from "./Base.sol";

contract RefinanceTest is Base {
    uint256 private constant OTHER_KEY = 0xC0FFEE;

    address private other = vm.addr(OTHER_KEY);
    bytes32 private oldId;
    LoanTerms private oldTerms;

    function setUp() public override {
        super.setUp();
        fund(other);
        (oldId, oldTerms) = open(baseOffer());
    }

    /// @dev A cheaper offer of another lender over the same amount.
    function cheaper() private view returns (Offer memory offer) {
        offer = baseOffer();
        offer.lender = other;
        offer.ratePpm = 60_000;
        offer.originationFeeBps = 0;
        offer.nonce = 3;
    }

    function wish(Offer memory offer, int256 minReceived) private view returns (Intent memory intent) {
        intent = intentFor(offer, borrower);
        intent.refinances = oldId;
        intent.minReceived = minReceived;
    }

    function refinance(Offer memory offer, Intent memory intent) private returns (bytes32) {
        return refinance(OTHER_KEY, offer, intent);
    }

    function refinance(uint256 key, Offer memory offer, Intent memory intent) private returns (bytes32) {
        bytes memory lenderSignature = signWith(key, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        return aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
    }

    function refinanceReverting(Offer memory offer, Intent memory intent, bytes memory reason) private {
        bytes memory lenderSignature = signWith(OTHER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert(reason);
        aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
        eq(aggregator.loan(oldId).status, Status.Active, "the old loan is untouched");
    }

    function mismatch(bytes32 name) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.RefinanceMismatch.selector, name);
    }

    // --- refusals

    function test_RevertWhen_TheIntentNamesAnotherLoan() external {
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        intent.refinances = bytes32(uint256(1));
        refinanceReverting(offer, intent, mismatch("refinances"));
        intent.refinances = 0;
        refinanceReverting(offer, intent, mismatch("refinances"));
    }

    /// @dev An intent to refinance must not open a second loan beside the first.
    function test_RevertWhen_OriginatedInstead() external {
        Offer memory offer = cheaper();
        submitReverting(signBy(OTHER_KEY, BORROWER_KEY, offer, wish(offer, 0)), mismatch("refinances"));
    }

    function test_RevertWhen_TermsAreNotTheOldLoans() external {
        oldTerms.amounts += 1;
        Offer memory offer = cheaper();
        refinanceReverting(
            offer, wish(offer, 0), abi.encodeWithSelector(ICreditAggregator.TermsMismatch.selector, oldId)
        );
    }

    function test_RevertWhen_TheOldLoanHasEnded() external {
        pay(oldId, oldTerms, type(uint256).max);
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        bytes memory lenderSignature = signWith(OTHER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, oldId, Status.Repaid));
        aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
    }

    function test_RevertWhen_AnotherAsset() external {
        Offer memory offer = cheaper();
        offer.asset = address(new DevToken("Else", "ELS", 6));
        list(offer.asset);
        refinanceReverting(offer, wish(offer, 0), mismatch("asset"));
    }

    function test_RevertWhen_AnotherCollateralToken() external {
        Offer memory offer = cheaper();
        offer.collateral = address(new DevToken("Else", "ELS", 18));
        refinanceReverting(offer, wish(offer, 0), mismatch("collateral"));
    }

    function test_RevertWhen_AnotherBorrower() external {
        Offer memory offer = cheaper();
        offer.borrower = address(0);
        Intent memory intent = wish(offer, 0);
        intent.borrower = other;
        bytes memory lenderSignature = signWith(OTHER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(OTHER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert(mismatch("borrower"));
        aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
    }

    function test_RevertWhen_LessArrivesThanWanted() external {
        Offer memory offer = cheaper();
        offer.principal = 1_500e6;
        refinanceReverting(
            offer,
            wish(offer, 300e6 + 1),
            abi.encodeWithSelector(ICreditAggregator.ReceivedTooLittle.selector, int256(300e6), int256(300e6 + 1))
        );
    }

    function test_RevertWhen_TheBorrowerWouldPayMoreThanAllowed() external {
        Offer memory offer = cheaper();
        offer.principal = 1_000e6;
        refinanceReverting(
            offer,
            wish(offer, -200e6 + 1),
            abi.encodeWithSelector(ICreditAggregator.ReceivedTooLittle.selector, int256(-200e6), int256(-200e6 + 1))
        );
    }

    function test_RevertWhen_TheNewLenderDidNotSign() external {
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        bytes memory forged = signWith(LENDER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert(
            abi.encodeWithSelector(ICreditAggregator.InvalidSignature.selector, other, aggregator.hashOffer(offer))
        );
        aggregator.refinance(oldId, oldTerms, offer, forged, intent, borrowerSignature);
    }

    function test_RevertWhen_TheNewLenderCannotPay() external {
        vm.prank(other);
        asset.approve(address(aggregator), 0);
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        bytes memory lenderSignature = signWith(OTHER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert();
        aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
        eq(aggregator.loan(oldId).status, Status.Active, "all or nothing");
    }

    function test_RevertWhen_UsedTwice() external {
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        bytes32 id = refinance(offer, intent);
        bytes memory lenderSignature = signWith(OTHER_KEY, aggregator.hashOffer(offer));
        bytes memory borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(intent));
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.AlreadySettled.selector, id));
        aggregator.refinance(oldId, oldTerms, offer, lenderSignature, intent, borrowerSignature);
    }

    // --- what it does

    /// @dev A fee of all the principal leaves nothing of it for the old lender: the borrower pays the payoff alone.
    function test_AFeeOfEverythingLeavesThePayoffToTheBorrower() external {
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        Offer memory offer = cheaper();
        offer.originationFeeBps = 10_000;
        uint256[4] memory before = [
            asset.balanceOf(lender), asset.balanceOf(other), asset.balanceOf(borrower), asset.balanceOf(FEE_RECIPIENT)
        ];
        refinance(offer, wish(offer, -int256(payoff)));
        eq(asset.balanceOf(lender), before[0] + payoff, "old lender");
        eq(asset.balanceOf(other), before[1] - 1_200e6, "new lender");
        eq(asset.balanceOf(borrower), before[2] - payoff, "borrower");
        eq(asset.balanceOf(FEE_RECIPIENT), before[3] + 1_200e6, "fee");
    }

    function test_OldLenderIsPaidAndTheCollateralStays() external {
        vm.warp(START + 10 days);
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, -100e6);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        uint256 oldLenderBefore = asset.balanceOf(lender);
        uint256 newLenderBefore = asset.balanceOf(other);
        uint256 borrowerBefore = asset.balanceOf(borrower);
        uint256 pledgedBefore = collateral.balanceOf(borrower);
        bytes32 id = refinance(offer, intent);

        eq(asset.balanceOf(lender) - oldLenderBefore, payoff, "the old lender gets the payoff");
        eq(newLenderBefore - asset.balanceOf(other), 1_200e6, "the new one lends the principal");
        eq(borrowerBefore - asset.balanceOf(borrower), payoff - 1_200e6, "the borrower adds the interest");
        eq(collateral.balanceOf(borrower), pledgedBefore, "no collateral moved");
        eq(collateral.balanceOf(address(manager)), 1e18, "nor left custody");
        Loan memory old = aggregator.loan(oldId);
        eq(old.status, Status.Refinanced, "the old one ended");
        eq(old.outstanding, 0, "with nothing owed");
        Loan memory next = aggregator.loan(id);
        eq(next.status, Status.Active, "the new one lives");
        eq(next.outstanding, 1_200e6, "with its principal");
        (LoanTerms memory terms,) = aggregator.termsOf(offer, intent);
        pay(id, terms, type(uint256).max);
        eq(collateral.balanceOf(borrower) - pledgedBefore, 1e18, "and releases the collateral in the end");
    }

    function test_EventsOfBothLoans() external {
        Offer memory offer = cheaper();
        Intent memory intent = wish(offer, 0);
        (LoanTerms memory terms, bytes32 id) = aggregator.termsOf(offer, intent);
        bytes32 offerHash = aggregator.hashOffer(offer);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Repaid(oldId, borrower, 0, 0, 1_200e6, 0);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Refinanced(oldId, id);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Originated(id, other, borrower, offerHash, 1_200e6, 0, terms);
        eq(refinance(offer, intent), id, "the id that was announced");
    }

    function test_MoreMoneyGoesToTheRecipientLessTheFee() external {
        Offer memory offer = cheaper();
        offer.principal = 2_000e6;
        offer.installmentAmount = 200e6;
        offer.originationFeeBps = 100;
        refinance(offer, wish(offer, 780e6));
        eq(
            asset.balanceOf(RECIPIENT),
            1_188e6 + 780e6,
            "new principal less fee less payoff, beside the first loan's money"
        );
        eq(asset.balanceOf(FEE_RECIPIENT), 12e6 + 20e6, "fees of both");
    }

    function test_TheSameLenderMayLendAgain() external {
        Offer memory offer = cheaper();
        offer.lender = lender;
        offer.principal = 1_500e6;
        offer.installmentAmount = 150e6;
        uint256 before = asset.balanceOf(lender);
        refinance(LENDER_KEY, offer, wish(offer, 300e6));
        eq(before - asset.balanceOf(lender), 300e6, "only the difference");
    }

    function test_MoreCollateralComesFromTheBorrower() external {
        Offer memory offer = cheaper();
        offer.collateralAmount = 1.5e18;
        uint256 before = collateral.balanceOf(borrower);
        refinance(offer, wish(offer, 0));
        eq(before - collateral.balanceOf(borrower), 0.5e18, "the difference");
        eq(collateral.balanceOf(address(manager)), 1.5e18, "custody");
    }

    function test_LessCollateralGoesBack() external {
        vm.prank(borrower);
        aggregator.addCollateral(oldId, oldTerms, 1e18);
        Offer memory offer = cheaper();
        offer.collateralAmount = 0.7e18;
        uint256 before = collateral.balanceOf(borrower);
        refinance(offer, wish(offer, 0));
        eq(collateral.balanceOf(borrower) - before, 1.3e18, "added collateral counts as held");
        eq(collateral.balanceOf(address(manager)), 0.7e18, "custody");
    }

    /// @dev The new loan is checked like any other.
    function test_RevertWhen_TheNewLoanWouldBeUnhealthy() external {
        Offer memory offer = cheaper();
        offer.oracle = address(oracle);
        offer.liquidationLtvBps = 5_000;
        refinanceReverting(
            offer, wish(offer, 0), abi.encodeWithSelector(ICreditAggregator.CollateralTooLow.selector, 6_000, 5_000)
        );
    }

    function test_ATrippedBreakerLeavesTheOldLoan() external {
        vm.prank(ADMIN);
        aggregator.setAssetCap(address(asset), 1_300e6);
        Offer memory offer = cheaper();
        uint256 before = asset.balanceOf(other);
        // 1,200 of the first loan were lent within the hour already.
        eq(refinance(offer, wish(offer, 0)), 0, "refused without a revert");
        eq(aggregator.loan(oldId).status, Status.Active, "the old loan goes on");
        require(aggregator.policyOf(address(asset)).paused, "and the asset is paused");
        eq(asset.balanceOf(other), before, "nothing moved");
        require(!aggregator.isNonceUsed(other, offer.nonce), "nor was the offer used");
        pay(oldId, oldTerms, type(uint256).max);
    }

    /// @dev 14: atomic, collateral in custody throughout, the parties' balances differ by exactly the difference.
    function testFuzz_MoneyAndCollateralAddUp(uint256 principal, uint256 pledge, uint256 time, uint256 paid) external {
        time = bound(time, 0, 300 days);
        vm.warp(START + time);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        paid = bound(paid, payoff - 1_200e6, payoff - 1);
        if (paid != 0) pay(oldId, oldTerms, paid);
        payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        Offer memory offer = cheaper();
        offer.principal = uint128(bound(principal, 1e6, 1e12));
        offer.installmentAmount = offer.principal;
        offer.collateralAmount = uint128(bound(pledge, 1, 1e20));
        uint256[4] memory before = [
            asset.balanceOf(lender),
            asset.balanceOf(other),
            asset.balanceOf(borrower) + asset.balanceOf(RECIPIENT),
            collateral.balanceOf(borrower)
        ];
        refinance(offer, wish(offer, type(int256).min));
        eq(asset.balanceOf(lender), before[0] + payoff, "old lender");
        eq(asset.balanceOf(other), before[1] - offer.principal, "new lender");
        eq(
            asset.balanceOf(borrower) + asset.balanceOf(RECIPIENT) + payoff,
            before[2] + offer.principal,
            "borrower's side"
        );
        eq(collateral.balanceOf(borrower) + offer.collateralAmount, before[3] + 1e18, "pledge");
        eq(collateral.balanceOf(address(manager)), offer.collateralAmount, "custody");
        eq(asset.balanceOf(address(aggregator)), 0, "nothing is left behind");
    }
}

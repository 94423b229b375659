// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";
import { RejectingSigner } from "./Doubles.sol";

contract OriginateTest is Base {
    function invalid(bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, field);
    }

    function refuse(Offer memory offer, bytes memory reason) private {
        submitReverting(signed(offer), reason);
    }

    function test_RevertsWhenSettledBefore() external {
        Signed memory s = signed(baseOffer());
        bytes32 loanId = submit(s);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.AlreadySettled.selector, loanId));
    }

    function test_SettledBeforeWinsOverEveryLaterReason() external {
        Signed memory s = signed(baseOffer());
        bytes32 loanId = submit(s);
        pauseAsset(true);
        vm.prank(lender);
        aggregator.bumpEpoch();
        vm.warp(s.offer.expiry + 1);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.AlreadySettled.selector, loanId));
    }

    function test_RevertsWhenPaused() external {
        Signed memory s = signed(baseOffer());
        pauseAsset(true);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.OriginationPaused.selector, address(asset)));
        pauseAsset(false);
        submit(s);
    }

    function test_RevertsAfterExpiryButNotAtIt() external {
        Signed memory s = signed(baseOffer());
        s.intent.deadline = type(uint40).max;
        s = signBy(LENDER_KEY, BORROWER_KEY, s.offer, s.intent);
        vm.warp(s.offer.expiry + 1);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.OfferExpired.selector, s.offer.expiry));
        vm.warp(s.offer.expiry);
        submit(s);
    }

    function test_RevertsForAnotherEpoch() external {
        Signed memory old = signed(baseOffer());
        Offer memory offer = baseOffer();
        offer.epoch = 1;
        refuse(offer, abi.encodeWithSelector(ICreditAggregator.StaleEpoch.selector, 1, 0));
        vm.prank(lender);
        aggregator.bumpEpoch();
        submitReverting(old, abi.encodeWithSelector(ICreditAggregator.StaleEpoch.selector, 0, 1));
        open(offer);
    }

    function test_RevertsForAnotherOfferHash() external {
        Offer memory offer = baseOffer();
        Intent memory intent = intentFor(offer, borrower);
        intent.offerHash = bytes32(uint256(1));
        submitReverting(
            signBy(LENDER_KEY, BORROWER_KEY, offer, intent),
            abi.encodeWithSelector(
                ICreditAggregator.OfferHashMismatch.selector, aggregator.hashOffer(offer), intent.offerHash
            )
        );
    }

    function test_RevertsAfterDeadlineButNotAtIt() external {
        Offer memory offer = baseOffer();
        Intent memory intent = intentFor(offer, borrower);
        intent.deadline = uint40(block.timestamp + 10);
        Signed memory s = signBy(LENDER_KEY, BORROWER_KEY, offer, intent);
        vm.warp(START + 11);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.IntentExpired.selector, intent.deadline));
        vm.warp(START + 10);
        submit(s);
    }

    function test_RevertsForAnotherBorrower() external {
        Offer memory offer = baseOffer();
        offer.borrower = address(0xBEEF);
        refuse(offer, abi.encodeWithSelector(ICreditAggregator.BorrowerMismatch.selector, address(0xBEEF), borrower));
    }

    function test_RevertsForNoRecipient() external {
        Offer memory offer = baseOffer();
        Intent memory intent = intentFor(offer, borrower);
        intent.recipient = address(0);
        submitReverting(signBy(LENDER_KEY, BORROWER_KEY, offer, intent), invalid("recipient"));
    }

    function test_RevertsForUnsoundTerms() external {
        Offer memory offer = baseOffer();
        offer.collateral = address(0);
        refuse(offer, invalid("collateral"));
        offer = baseOffer();
        offer.principal = 0;
        refuse(offer, invalid("principal"));
        offer = baseOffer();
        offer.collateralAmount = 0;
        refuse(offer, invalid("collateralAmount"));
        offer = baseOffer();
        offer.lateFeeBps = 10_001;
        refuse(offer, invalid("lateFeeBps"));
        offer = baseOffer();
        offer.originationFeeBps = 10_001;
        refuse(offer, invalid("originationFeeBps"));
        offer = baseOffer();
        offer.feeRecipient = address(0);
        refuse(offer, invalid("feeRecipient"));
        offer = baseOffer();
        offer.installments = 0;
        refuse(offer, invalid("installments"));
        offer = baseOffer();
        offer.period = 0;
        refuse(offer, invalid("period"));
    }

    function test_RevertsForTokenWithoutCode() external {
        Signed memory s = signed(baseOffer());
        s.offer.asset = address(0);
        s = signed(s.offer);
        vm.expectRevert();
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    /// @notice The longest schedule still ends inside 40 bits; the clock near their end makes it not.
    function test_RevertsForScheduleBeyondTime() external {
        vm.warp(uint256(type(uint40).max) - 12 * 30 days - 3 days + 1);
        Offer memory offer = baseOffer();
        refuse(offer, invalid("period"));
        vm.warp(uint256(type(uint40).max) - 12 * 30 days - 3 days);
        offer = baseOffer();
        open(offer);
    }

    function test_RevertsWhenInstallmentDoesNotAmortize() external {
        Offer memory offer = baseOffer();
        // 1,200e6 * 12 % * 30 / 365, rounded up.
        uint256 minimum = 11_835_617;
        offer.installmentAmount = uint128(minimum - 1);
        refuse(offer, abi.encodeWithSelector(ICreditAggregator.InstallmentBelowInterest.selector, minimum - 1, minimum));
        offer.ratePpm = 0;
        offer.installmentAmount = 0;
        refuse(offer, abi.encodeWithSelector(ICreditAggregator.InstallmentBelowInterest.selector, 0, 1));
        offer = baseOffer();
        offer.installmentAmount = uint128(minimum);
        open(offer);
    }

    function test_SingleInstallmentNeedsNoAmount() external {
        Offer memory offer = baseOffer();
        offer.installments = 1;
        offer.installmentAmount = 0;
        open(offer);
    }

    /// @notice Changing any word after signing must break the settlement.
    /// forge-config: ci.fuzz.runs = 3000
    function testFuzz_EveryWordOfTheOfferIsSigned(uint256 index, uint256 bit) external {
        Signed memory s = signed(baseOffer());
        bytes memory call_ =
            abi.encodeCall(ICreditAggregator.originate, (s.offer, s.lenderSignature, s.intent, s.borrowerSignature));
        // 22 words of the offer; 8 words of the intent after the head of the signature.
        index = bound(index, 0, 29);
        uint256 at = 4 + 32 * (index < 22 ? index : index + 1) + (31 - bound(bit, 0, 255) / 8);
        call_[at] = bytes1(uint8(call_[at]) ^ uint8(1 << (bit % 8)));
        (bool ok,) = address(aggregator).call(call_);
        require(!ok, "a changed word settled");
    }

    function test_RevertsForCancelledNonce() external {
        Signed memory s = signed(baseOffer());
        vm.prank(lender);
        aggregator.cancelOffer(s.offer.nonce);
        submitReverting(s, abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, lender, s.offer.nonce));
    }

    /// forge-config: ci.fuzz.runs = 1000
    function testFuzz_OpenOfferIsTakenOnce(uint256 nonce) external {
        uint256 otherKey = 0xC0FFEE;
        address other = vm.addr(otherKey);
        fund(other);
        Offer memory offer = baseOffer();
        offer.nonce = nonce;
        offer.borrower = address(0);
        Signed memory second = signBy(LENDER_KEY, otherKey, offer, intentFor(offer, other));
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        submitReverting(second, abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, lender, nonce));
        pay(loanId, terms, type(uint256).max);
        submitReverting(second, abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, lender, nonce));
    }

    function test_RevertsWhenLessThanMinReceived() external {
        Offer memory offer = baseOffer();
        Intent memory intent = intentFor(offer, borrower);
        intent.minReceived = 1_188e6 + 1;
        submitReverting(
            signBy(LENDER_KEY, BORROWER_KEY, offer, intent),
            abi.encodeWithSelector(ICreditAggregator.ReceivedTooLittle.selector, int256(1_188e6), int256(1_188e6 + 1))
        );
        intent.minReceived = 1_188e6;
        submit(signBy(LENDER_KEY, BORROWER_KEY, offer, intent));
    }

    function test_RevertsWithoutFundsOrApproval() external {
        Signed memory s = signed(baseOffer());
        vm.prank(lender);
        asset.approve(address(aggregator), 0);
        vm.expectRevert();
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        vm.prank(lender);
        asset.approve(address(aggregator), type(uint256).max);
        vm.prank(borrower);
        collateral.approve(address(aggregator), 0);
        vm.expectRevert();
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        require(!aggregator.isNonceUsed(lender, 7), "a failed origination uses nothing");
    }

    /// @notice One signature settles on one chain only.
    function test_RevertsOnAnotherChain() external {
        Signed memory s = signed(baseOffer());
        vm.chainId(4242);
        vm.expectRevert();
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    function test_RevertsOnTheImplementation() external {
        bytes32 slot = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
        address implementation = address(uint160(uint256(vm.load(address(aggregator), slot))));
        Signed memory s = signed(baseOffer());
        vm.expectRevert();
        ICreditAggregator(implementation).originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    /// forge-config: ci.fuzz.runs = 3000
    function testFuzz_MovesExactlyTheSignedAmounts(
        uint128 principal,
        uint128 collateralAmount,
        uint16 feeBps,
        uint256 nonce,
        bool open_
    ) external {
        Offer memory offer = baseOffer();
        // At most what an hour may lend of an asset.
        offer.principal = uint128(bound(principal, 1, MAX_CAP));
        offer.installmentAmount = type(uint128).max;
        offer.collateralAmount = uint128(bound(collateralAmount, 1, type(uint128).max));
        offer.originationFeeBps = uint16(bound(feeBps, 0, 10_000));
        offer.nonce = nonce;
        if (open_) offer.borrower = address(0);
        uint256 lenderBefore = asset.balanceOf(lender);
        uint256 borrowerBefore = collateral.balanceOf(borrower);
        Signed memory s = signed(offer);
        bytes32 loanId = submitExpectingTheEvent(s);
        (LoanTerms memory terms,) = aggregator.termsOf(s.offer, s.intent);

        uint256 fee = uint256(offer.principal) * offer.originationFeeBps / 10_000;
        eq(lenderBefore - asset.balanceOf(lender), offer.principal, "lender gives the principal");
        eq(asset.balanceOf(RECIPIENT), offer.principal - fee, "recipient");
        eq(asset.balanceOf(FEE_RECIPIENT), fee, "fee");
        eq(borrowerBefore - collateral.balanceOf(borrower), offer.collateralAmount, "borrower gives collateral");
        eq(collateral.balanceOf(address(manager)), offer.collateralAmount, "custody");
        require(aggregator.isNonceUsed(lender, nonce), "nonce");
        Loan memory state = aggregator.loan(loanId);
        eq(state.outstanding, offer.principal, "outstanding");
        eq(state.start, block.timestamp, "start");
        eq(state.lastAccrual, block.timestamp, "accrual");
        eq(state.installmentsPaid, 0, "paid");
        eq(state.status, Status.Active, "status");
        eq(aggregator.payoffAmount(loanId, terms, block.timestamp), offer.principal, "terms are accepted");
    }

    function submitExpectingTheEvent(Signed memory s) private returns (bytes32 loanId) {
        (LoanTerms memory terms, bytes32 id) = aggregator.termsOf(s.offer, s.intent);
        uint256 fee = uint256(s.offer.principal) * s.offer.originationFeeBps / 10_000;
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Originated(id, lender, borrower, s.intent.offerHash, s.offer.principal, fee, terms);
        loanId = submit(s);
        eq(loanId, id, "id");
        eq(loanId, keccak256(abi.encode(terms)), "the hash of the words");
    }

    function test_TheIdIsTheHashOfTheTerms() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        eq(aggregator.loanIdOf(terms), loanId, "that of the loan");
        terms.amounts += 1;
        eq(aggregator.loanIdOf(terms), keccak256(abi.encode(terms)), "of any terms");
    }

    /// @notice An account that delegates to code (EIP-7702) still signs with its key.
    function test_AccountWithCodeSignsWithItsKey() external {
        vm.etch(lender, address(new RejectingSigner()).code);
        open(baseOffer());
    }

    // --- security, price and attestation

    function test_RevertsForAnUnsecuredLoanWithoutAttestation() external {
        Offer memory offer = baseOffer();
        (offer.collateral, offer.collateralAmount) = (address(0), 0);
        refuse(offer, invalid("collateral"));
    }

    function test_RevertsForUnsoundSecurity() external {
        Offer memory offer = baseOffer();
        offer.liquidationLtvBps = 8_000;
        refuse(offer, invalid("oracle"));
        offer = pricedOffer();
        offer.liquidationLtvBps = 0;
        refuse(offer, invalid("oracle"));
        offer = pricedOffer();
        offer.liquidationBonusBps = 2_001;
        refuse(offer, invalid("liquidationBonusBps"));
        // At the limit the collateral must still pay debt and bonus: 9,524 and 5 % are above it.
        offer = pricedOffer();
        offer.liquidationLtvBps = 9_524;
        refuse(offer, invalid("liquidationLtvBps"));
        offer.liquidationLtvBps = 9_523;
        open(offer);
    }

    function test_RevertsForDebtAboveTheLimit() external {
        Offer memory offer = pricedOffer();
        offer.liquidationLtvBps = 5_999;
        refuse(offer, abi.encodeWithSelector(ICreditAggregator.CollateralTooLow.selector, 6_000, 5_999));
        offer.liquidationLtvBps = 6_000;
        open(offer);
    }

    function test_RevertsForAnIntentThatRefinances() external {
        Offer memory offer = baseOffer();
        Intent memory intent = intentFor(offer, borrower);
        intent.refinances = bytes32(uint256(1));
        submitReverting(
            signBy(LENDER_KEY, BORROWER_KEY, offer, intent),
            abi.encodeWithSelector(ICreditAggregator.RefinanceMismatch.selector, bytes32("refinances"))
        );
    }
}

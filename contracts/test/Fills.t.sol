// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice Offers that may be taken in parts, by one borrower or by many.
contract FillsTest is Base {
    uint256 private constant OTHER_KEY = 0xC0FFEE;

    address private other = vm.addr(OTHER_KEY);

    function setUp() public override {
        super.setUp();
        fund(other);
    }

    function reusable() private view returns (Offer memory offer) {
        offer = baseOffer();
        offer.borrower = address(0);
        offer.minFill = 100e6;
        offer.originationFeeBps = 0;
    }

    function part(Offer memory offer, uint256 key, uint128 principal) private view returns (Signed memory) {
        Intent memory intent = intentFor(offer, vm.addr(key));
        intent.principal = principal;
        return signBy(LENDER_KEY, key, offer, intent);
    }

    function outOfRange(uint256 asked, uint256 left) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.FillOutOfRange.selector, asked, left);
    }

    function test_RevertWhen_APlainOfferIsTakenInParts() external {
        Offer memory offer = baseOffer();
        submitReverting(part(offer, BORROWER_KEY, 1_200e6 - 1), outOfRange(1_200e6 - 1, 1_200e6));
        submitReverting(part(offer, BORROWER_KEY, 1_200e6 + 1), outOfRange(1_200e6 + 1, 1_200e6));
    }

    function test_RevertWhen_ThePartIsTooSmallOrTooLarge() external {
        Offer memory offer = reusable();
        submitReverting(part(offer, BORROWER_KEY, 100e6 - 1), outOfRange(100e6 - 1, 1_200e6));
        submitReverting(part(offer, BORROWER_KEY, 1_200e6 + 1), outOfRange(1_200e6 + 1, 1_200e6));
        submit(part(offer, BORROWER_KEY, 800e6));
        submitReverting(part(offer, OTHER_KEY, 400e6 + 1), outOfRange(400e6 + 1, 400e6));
        submit(part(offer, OTHER_KEY, 400e6));
        submitReverting(part(offer, OTHER_KEY, 100e6), outOfRange(100e6, 0));
    }

    function test_RevertWhen_NothingIsBorrowed() external {
        Offer memory offer = reusable();
        submitReverting(
            part(offer, BORROWER_KEY, 0),
            abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("principal"))
        );
    }

    function test_RevertWhen_TheReusableOfferWasCancelled() external {
        Offer memory offer = reusable();
        submit(part(offer, BORROWER_KEY, 200e6));
        require(!aggregator.isNonceUsed(lender, offer.nonce), "taking a part leaves the nonce");
        vm.prank(lender);
        aggregator.cancelOffer(offer.nonce);
        submitReverting(
            part(offer, OTHER_KEY, 200e6),
            abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, lender, offer.nonce)
        );
    }

    function test_PartsScaleCollateralAndInstallmentUp() external {
        Offer memory offer = reusable();
        Signed memory s = part(offer, BORROWER_KEY, 700e6);
        (LoanTerms memory terms, bytes32 id) = aggregator.termsOf(s.offer, s.intent);
        uint256 before = collateral.balanceOf(borrower);
        eq(submit(s), id, "id");
        // 7/12 of one unit and of 106.7, both rounded up.
        eq(collateralIn(terms), 583_333_333_333_333_334, "collateral");
        eq(installmentIn(terms), 62_241_667, "installment");
        eq(before - collateral.balanceOf(borrower), 583_333_333_333_333_334, "taken");
        eq(aggregator.loan(id).outstanding, 700e6, "owed");
        eq(aggregator.filledOf(aggregator.hashOffer(offer)), 700e6, "counted");
    }

    function test_OneBorrowerTakesTwoParts() external {
        Offer memory offer = reusable();
        bytes32 first = submit(part(offer, BORROWER_KEY, 300e6));
        Intent memory intent = intentFor(offer, borrower);
        intent.principal = 300e6;
        submitReverting(
            signBy(LENDER_KEY, BORROWER_KEY, offer, intent),
            abi.encodeWithSelector(ICreditAggregator.AlreadySettled.selector, first)
        );
        intent.deadline -= 1;
        bytes32 second = submit(signBy(LENDER_KEY, BORROWER_KEY, offer, intent));
        require(second != 0 && second != first, "another intent is another loan");
        eq(aggregator.filledOf(aggregator.hashOffer(offer)), 600e6, "both count");
    }

    /// @dev 3: however it is cut, an offer lends at most its principal, and no part has less collateral than its share.
    function testFuzz_NeverMoreThanThePrincipal(uint128 whole, uint128 smallest, uint128[4] calldata asked) external {
        Offer memory offer = reusable();
        offer.principal = uint128(bound(whole, 1e6, 1e15));
        offer.installmentAmount = offer.principal;
        offer.minFill = uint128(bound(smallest, 1, offer.principal));
        bytes32 hash = aggregator.hashOffer(offer);
        uint256 filled;
        for (uint256 i = 0; i < 4; ++i) {
            uint128 amount = uint128(bound(asked[i], 1, offer.principal));
            Intent memory intent = intentFor(offer, borrower);
            intent.principal = amount;
            intent.deadline -= uint40(i);
            Signed memory s = signBy(LENDER_KEY, BORROWER_KEY, offer, intent);
            if (amount < offer.minFill || filled + amount > offer.principal) {
                submitReverting(s, outOfRange(amount, offer.principal - filled));
            } else {
                uint256 held = collateral.balanceOf(address(manager));
                submit(s);
                held = collateral.balanceOf(address(manager)) - held;
                require(held * offer.principal >= uint256(offer.collateralAmount) * amount, "its share at least");
                require((held - 1) * offer.principal < uint256(offer.collateralAmount) * amount, "and no more");
                filled += amount;
            }
        }
        eq(aggregator.filledOf(hash), filled, "counted");
        require(filled <= offer.principal, "never more");
    }
}

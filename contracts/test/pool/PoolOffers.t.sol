// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Offer } from "../../src/ICreditAggregator.sol";
import { CollateralLimits, ICreditPool, LendingPolicy } from "../../src/pool/ICreditPool.sol";
import { PoolBase } from "./PoolBase.sol";
import { FakeAggregator } from "./PoolDoubles.sol";

/// @notice Which offers are the pool's: signed by the underwriter and within the policy at the moment they settle.
contract PoolOffersTest is PoolBase {
    bytes4 private constant VALID = 0x1626ba7e;
    bytes4 private constant INVALID = 0xffffffff;

    function setUp() public override {
        super.setUp();
        fill();
    }

    // --- signature

    function test_RefusesAnotherHash() external {
        Offer memory offer = baseOffer();
        bytes memory signature = abi.encode(offer, sign(offer));
        requireAnswer(keccak256("another"), signature, INVALID);
        // An underwriter's signature of another message does not make this offer valid.
        bytes32 hash = keccak256("another");
        requireAnswer(hash, abi.encode(offer, signWith(UNDERWRITER_KEY, hash)), INVALID);
    }

    function test_RefusesAnotherOffersSignature() external {
        Offer memory offer = baseOffer();
        Offer memory other = baseOffer();
        requireAnswer(core.hashOffer(offer), abi.encode(offer, sign(other)), INVALID);
        requireAnswer(core.hashOffer(offer), abi.encode(other, sign(offer)), INVALID);
    }

    function test_RefusesOtherSigners() external {
        Offer memory offer = baseOffer();
        bytes32 hash = core.hashOffer(offer);
        requireAnswer(hash, abi.encode(offer, signWith(0xBAD, hash)), INVALID);
        requireAnswer(hash, abi.encode(offer, new bytes(65)), INVALID);
        requireAnswer(hash, abi.encode(offer, new bytes(64)), INVALID);
        requireAnswer(hash, abi.encode(offer, ""), INVALID);
    }

    function test_RefusesWhatIsNoOffer() external {
        vm.expectRevert();
        pool.isValidSignature(0, "");
        vm.expectRevert();
        pool.isValidSignature(0, new bytes(65));
    }

    function test_WithoutAnUnderwriterNothingIsValid() external {
        Offer memory offer = baseOffer();
        bytes32 hash = core.hashOffer(offer);
        bytes memory signature = abi.encode(offer, sign(offer));
        vm.prank(GUARDIAN);
        pool.setUnderwriter(address(0));
        requireAnswer(hash, signature, INVALID);
        requireAnswer(hash, abi.encode(offer, new bytes(65)), INVALID);
    }

    function test_ANewUnderwriterEndsTheFormersOffers() external {
        Offer memory offer = baseOffer();
        bytes32 hash = core.hashOffer(offer);
        vm.prank(OWNER);
        pool.setUnderwriter(vm.addr(0xBEE));
        requireAnswer(hash, abi.encode(offer, sign(offer)), INVALID);
        requireAnswer(hash, abi.encode(offer, signWith(0xBEE, hash)), VALID);
    }

    function test_AcceptsAnOfferWithinThePolicy() external {
        Offer memory offer = baseOffer();
        require(check(offer) == 0, "no clause broken");
        core.originate(offer, sign(offer));
        eq(asset.balanceOf(BORROWER), 10_000e6, "lent");
    }

    // --- each clause, at its bound and just past it

    function test_Paused() external {
        vm.prank(GUARDIAN);
        pool.setLendingPaused(true);
        requireRefused(baseOffer(), "paused");
    }

    function test_Lender() external {
        Offer memory offer = baseOffer();
        offer.lender = ALICE;
        requireRefused(offer, "lender");
    }

    function test_Asset() external {
        Offer memory offer = baseOffer();
        offer.asset = address(collateral);
        requireRefused(offer, "asset");
    }

    function test_BorrowerMustBeNamed() external {
        Offer memory offer = baseOffer();
        offer.borrower = address(0);
        requireRefused(offer, "borrower");
    }

    function test_OffersAreUsedOnce() external {
        Offer memory offer = baseOffer();
        offer.minFill = 1;
        requireRefused(offer, "minFill");
    }

    function test_Rate() external {
        Offer memory offer = baseOffer();
        offer.ratePpm = 80_000;
        requireAccepted(offer);
        offer.ratePpm = 79_999;
        requireRefused(offer, "rate");
    }

    function test_TermCountsTheGracePeriod() external {
        Offer memory offer = baseOffer();
        offer.grace = 40 days;
        requireAccepted(offer);
        ++offer.grace;
        requireRefused(offer, "term");
        (offer.installments, offer.period, offer.grace) = (type(uint16).max, type(uint32).max, type(uint32).max);
        requireRefused(offer, "term");
    }

    function test_Principal() external {
        Offer memory offer = baseOffer();
        offer.principal = 100_000e6;
        offer.collateralAmount = 1_000e18;
        requireAccepted(offer);
        ++offer.principal;
        requireRefused(offer, "principal");
    }

    function test_FeeOnlyForItsRecipient() external {
        Offer memory offer = baseOffer();
        offer.feeRecipient = ALICE;
        requireRefused(offer, "fee");
        offer.originationFeeBps = 0;
        requireAccepted(offer);
    }

    function test_CollateralMustBeListed() external {
        Offer memory offer = baseOffer();
        offer.collateral = address(asset);
        requireRefused(offer, "collateral");
        // Also beside an attestation: nothing that the pool cannot sell.
        offer.attestationPolicy = 3;
        offer.principal = 5_000e6;
        requireRefused(offer, "collateral");
        offer.collateral = address(collateral);
        requireAccepted(offer);
        vm.prank(GUARDIAN);
        pool.setCollateralLimits(address(collateral), CollateralLimits(0, 8_000));
        requireRefused(offer, "collateral");
    }

    function test_OracleIsThePools() external {
        Offer memory offer = baseOffer();
        offer.oracle = address(0);
        requireRefused(offer, "oracle");
        offer.oracle = ALICE;
        requireRefused(offer, "oracle");
        // Also beside an attestation.
        offer.attestationPolicy = 3;
        offer.principal = 5_000e6;
        requireRefused(offer, "oracle");
        offer.oracle = address(0);
        requireAccepted(offer);
    }

    function test_NoPriceNoLoan() external {
        prices.set(address(collateral), 0);
        requireRefused(baseOffer(), "oracle");
        prices.set(address(collateral), type(uint256).max);
        requireRefused(baseOffer(), "ltv");
    }

    function test_Attestation() external {
        Offer memory offer = unsecured();
        requireAccepted(offer);
        ++offer.principal;
        requireRefused(offer, "attestation");
        --offer.principal;
        offer.attestationPolicy = 4;
        requireRefused(offer, "attestation");
        offer.attestationPolicy = 0;
        requireRefused(offer, "attestation");
        offer.principal = 0;
        requireRefused(offer, "attestation");
    }

    /// @notice Collateral makes up for an attestation that does not suffice.
    function test_AboveTheUnsecuredLimitCollateralCounts() external {
        Offer memory offer = baseOffer();
        offer.attestationPolicy = 3;
        requireAccepted(offer);
        offer.collateralAmount = 1;
        requireRefused(offer, "ltv");
    }

    function test_LiquidationLtv() external {
        Offer memory offer = baseOffer();
        offer.liquidationLtvBps = 8_001;
        requireRefused(offer, "liquidationLtv");
    }

    function test_LtvAtOrigination() external {
        Offer memory offer = baseOffer();
        // 70 % of 10 units at 2,000.
        offer.principal = 14_000e6;
        requireAccepted(offer);
        ++offer.principal;
        requireRefused(offer, "ltv");
        offer.principal = 14_000e6;
        prices.set(address(collateral), PRICE - 1);
        requireRefused(offer, "ltv");
        // No price is too high to be multiplied.
        prices.set(address(collateral), type(uint256).max - 1);
        requireAccepted(offer);
    }

    function test_ExposureOfOneBorrower() external {
        deposit(junior, BOB, 100_000e6);
        Offer memory offer = big();
        core.originate(offer, sign(offer));
        offer = big();
        offer.principal = 50_000e6 + 1;
        requireRefused(offer, "exposure");
        --offer.principal;
        bytes32 loanId = core.originate(offer, sign(offer));
        eq(pool.exposureOf(BORROWER), 150_000e6, "full");
        requireRefused(baseOffer(), "exposure");
        offer = baseOffer();
        offer.borrower = CAROL;
        requireAccepted(offer);
        core.repay(loanId, 10_000e6, 0);
        requireAccepted(baseOffer());
    }

    function test_LimitOfTheChain() external {
        deposit(junior, BOB, 600_000e6);
        core.lend(pool, CAROL, 590_000e6);
        requireAccepted(baseOffer());
        Offer memory offer = baseOffer();
        ++offer.principal;
        requireRefused(offer, "limit");
        core.lend(pool, CAROL, 1);
        requireRefused(baseOffer(), "limit");
    }

    function test_CashMustBeThere() external {
        core.lend(pool, CAROL, 110_000e6);
        requireAccepted(baseOffer());
        core.lend(pool, CAROL, 1);
        requireRefused(baseOffer(), "cash");
        // What was sent here by mistake is no cash.
        asset.mint(address(pool), 100);
        requireRefused(baseOffer(), "cash");
    }

    function test_CashThatTheQueueIsOwedIsNotLent() external {
        core.lend(pool, CAROL, 100_000e6);
        requireAccepted(baseOffer());
        request(senior, ALICE, 10_000e12);
        requireAccepted(baseOffer());
        request(junior, BOB, 1e6);
        requireRefused(baseOffer(), "cash");
        pool.processQueue(9);
        requireRefused(baseOffer(), "cash");
    }

    /// @notice A loan is valid if and only if each bound of the policy holds.
    /// forge-config: ci.fuzz.runs = 2000
    function testFuzz_PolicyHoldsForEveryLoan(uint256 principal, uint256 pledge, uint256 rate, uint256 price) external {
        deposit(junior, BOB, 1_000_000e6);
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, 200_000e6));
        offer.collateralAmount = uint128(bound(pledge, 1, 200e18));
        offer.ratePpm = uint32(bound(rate, 0, 160_000));
        price = bound(price, 1, 2 * PRICE);
        prices.set(address(collateral), price);
        uint256 worth = offer.collateralAmount * price / 1e36;
        bool fits = offer.principal <= 100_000e6 && offer.ratePpm >= 80_000
            && uint256(offer.principal) * 10_000 <= worth * 7_000;
        require((check(offer) == 0) == fits, "policy");
    }

    function test_AnyFieldChangedEndsTheSignature() external {
        Offer memory offer = baseOffer();
        bytes memory signature = sign(offer);
        offer.lateFeeBps = 499;
        requireAnswer(core.hashOffer(offer), abi.encode(offer, signature), INVALID);
    }

    /// @notice The same offer at another aggregator has another digest.
    function test_AnotherAggregatorsDigestIsInvalid() external {
        FakeAggregator other = new FakeAggregator();
        Offer memory offer = baseOffer();
        bytes32 hash = other.hashOffer(offer);
        requireAnswer(hash, abi.encode(offer, signWith(UNDERWRITER_KEY, hash)), INVALID);
    }

    // --- parts

    function unsecured() private returns (Offer memory offer) {
        offer = baseOffer();
        (offer.collateral, offer.collateralAmount, offer.oracle) = (address(0), 0, address(0));
        (offer.liquidationLtvBps, offer.liquidationBonusBps, offer.attestationPolicy) = (0, 0, 3);
        offer.principal = 5_000e6;
    }

    function big() private returns (Offer memory offer) {
        offer = baseOffer();
        offer.principal = 100_000e6;
        offer.collateralAmount = 1_000e18;
    }

    function requireAccepted(Offer memory offer) private view {
        require(check(offer) == 0, "must be accepted");
    }

    function requireRefused(Offer memory offer, bytes32 clause) private view {
        eq(check(offer), clause, string.concat("refused for another reason than ", string(abi.encodePacked(clause))));
    }

    /// @dev The broken clause; the signature is valid exactly when there is none.
    function check(Offer memory offer) private view returns (bytes32 clause) {
        clause = pool.refusalOf(offer);
        requireAnswer(core.hashOffer(offer), abi.encode(offer, sign(offer)), clause == 0 ? VALID : INVALID);
    }

    function requireAnswer(bytes32 hash, bytes memory signature, bytes4 expected) private view {
        eq(pool.isValidSignature(hash, signature), expected, "answer");
    }
}

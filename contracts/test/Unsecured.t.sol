// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { AttestationPolicy, CreditAttestation, ICreditScoringOracle } from "../src/ICreditScoringOracle.sol";
import { Base } from "./Base.sol";

/// @notice Loans for which an attestation stands instead of collateral.
contract UnsecuredTest is Base {
    uint256 private constant ATTESTER_KEY = 0xA77;
    uint32 private constant POLICY = 3;

    function setUp() public override {
        super.setUp();
        vm.startPrank(ADMIN);
        scoring.setAttester(vm.addr(ATTESTER_KEY), true);
        scoring.setThreshold(1);
        scoring.setPolicy(POLICY, AttestationPolicy(1, 3, 1 days, true));
        scoring.setAssetClass(address(asset), 1, 6);
        vm.stopPrank();
    }

    function unsecuredOffer() private view returns (Offer memory offer) {
        offer = baseOffer();
        (offer.collateral, offer.collateralAmount, offer.attestationPolicy) = (address(0), 0, POLICY);
    }

    /// @notice 1,500 in band 2 of class 1.
    function attestation() private view returns (CreditAttestation memory) {
        return
            CreditAttestation(borrower, 1_500e18, 1, 2, uint40(START), uint40(START + 1 days), scoring.epoch(), "one");
    }

    function present() private {
        CreditAttestation memory shown = attestation();
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signWith(ATTESTER_KEY, scoring.hashAttestation(shown));
        aggregator.presentAttestation(shown, signatures);
    }

    function intentOf(Offer memory offer) private view returns (Intent memory intent) {
        intent = intentFor(offer, borrower);
        intent.attestation = scoring.hashAttestation(attestation());
    }

    function openUnsecured() private returns (bytes32 loanId, LoanTerms memory terms) {
        present();
        Offer memory offer = unsecuredOffer();
        return open(offer, intentOf(offer));
    }

    function refuse(Offer memory offer, bytes memory reason) private {
        submitReverting(signBy(LENDER_KEY, BORROWER_KEY, offer, intentOf(offer)), reason);
    }

    function invalid(bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, field);
    }

    // --- refusals

    function test_RevertWhen_AnAmountOfNoCollateralIsNamed() external {
        present();
        Offer memory offer = unsecuredOffer();
        offer.collateralAmount = 1;
        refuse(offer, invalid("collateralAmount"));
    }

    function test_RevertWhen_AnOracleHasNothingToValue() external {
        present();
        Offer memory offer = unsecuredOffer();
        (offer.oracle, offer.liquidationLtvBps) = (address(oracle), 8_000);
        refuse(offer, invalid("oracle"));
    }

    function test_RevertWhen_TheAttestationIsNotPresented() external {
        Offer memory offer = unsecuredOffer();
        bytes32 digest = intentOf(offer).attestation;
        refuse(offer, abi.encodeWithSelector(ICreditScoringOracle.NotPresented.selector, digest));
        require(!aggregator.isNonceUsed(lender, offer.nonce), "a failed origination uses nothing");
    }

    function test_RevertWhen_CollateralIsAdded() external {
        (bytes32 loanId, LoanTerms memory terms) = openUnsecured();
        vm.expectRevert(invalid("collateral"));
        aggregator.addCollateral(loanId, terms, 1);
    }

    function test_RevertWhen_CollateralIsWithdrawn() external {
        (bytes32 loanId, LoanTerms memory terms) = openUnsecured();
        vm.prank(borrower);
        vm.expectRevert(invalid("amount"));
        aggregator.withdrawCollateral(loanId, terms, 1, borrower);
    }

    // --- the loan

    function test_OnlyMoneyMoves() external {
        uint256 before = collateral.balanceOf(borrower);
        (bytes32 loanId, LoanTerms memory terms) = openUnsecured();
        eq(asset.balanceOf(RECIPIENT), 1_188e6, "the principal less the fee");
        eq(aggregator.collateralOf(loanId, terms), 0, "nothing held");
        pay(loanId, terms, type(uint256).max);
        eq(aggregator.loan(loanId).status, Status.Repaid, "repaid");
        eq(collateral.balanceOf(borrower), before, "nothing was asked for");
    }

    /// @dev With an attestation beside it collateral may be lent on beyond what pays debt and bonus at the limit.
    function test_AnAttestationAllowsALimitWithoutMargin() external {
        present();
        Offer memory offer = pricedOffer();
        (offer.liquidationLtvBps, offer.attestationPolicy) = (9_524, POLICY);
        (bytes32 loanId,) = open(offer, intentOf(offer));
        eq(aggregator.loan(loanId).status, Status.Active, "settled");
    }

    function test_DefaultSeizesNothing() external {
        (bytes32 loanId, LoanTerms memory terms) = openUnsecured();
        vm.warp(START + 33 days + 1);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Defaulted(loanId, 1_200e6, 0, 0);
        aggregator.markDefault(loanId, terms);
        eq(aggregator.loan(loanId).status, Status.Defaulted, "on record");
    }
}

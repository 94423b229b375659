// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditServicing } from "../../src/CreditServicing.sol";
import { Intent, Offer, Status } from "../../src/ICreditAggregator.sol";
import { PackedLoan, PackedLoanFields } from "../../src/PackedLoan.sol";
import { PackedPolicy, PackedPolicyFields } from "../../src/PackedPolicy.sol";
import { LoanTerms } from "../../src/PackedTerms.sol";

/// @notice What is packed comes out as it went in, and a change of one field leaves the others; proved by halmos.
contract PackingProofs {
    CreditServicing private immutable SERVICING = new CreditServicing(address(0), address(0));

    // --- the loan

    function check_ANewLoanHasItsFields(uint128 principal, uint40 time) external pure {
        PackedLoan loan = PackedLoanFields.create(principal, time);
        assert(loan.outstanding() == principal && loan.lastAccrual() == time && loan.start() == time);
        assert(loan.installmentsPaid() == 0 && loan.isActive() && loan.status() == Status.Active);
        assert(!loan.hasSide() && !loan.hasHook() && loan.exists());
    }

    function check_APaymentChangesWhatItSays(
        PackedLoan loan,
        uint128 outstanding,
        uint40 time,
        uint16 installmentsPaid,
        uint8 status
    ) external pure {
        if (status > uint8(type(Status).max)) return;
        PackedLoan next = loan.afterPayment(outstanding, time, installmentsPaid, Status(status));
        assert(next.outstanding() == outstanding && next.lastAccrual() == time);
        assert(next.installmentsPaid() == installmentsPaid && next.status() == Status(status));
        assert(next.start() == loan.start() && next.hasHook() == loan.hasHook() && !next.hasSide());
    }

    function check_ADefaultChangesTheStatusAlone(PackedLoan loan) external pure {
        PackedLoan next = loan.defaulted();
        assert(next.status() == Status.Defaulted && !next.isActive() && !next.hasSide());
        assert(next.outstanding() == loan.outstanding() && next.lastAccrual() == loan.lastAccrual());
        assert(next.start() == loan.start() && next.installmentsPaid() == loan.installmentsPaid());
        assert(next.hasHook() == loan.hasHook());
    }

    function check_FlagsChangeThemselvesAlone(PackedLoan loan) external pure {
        uint256 word = PackedLoan.unwrap(loan);
        assert(loan.withSide().hasSide() && !loan.withSide().withoutSide().hasSide() && loan.withHook().hasHook());
        assert(PackedLoan.unwrap(loan.withSide()) ^ word == (loan.hasSide() ? 0 : 1 << 232));
        assert(PackedLoan.unwrap(loan.withoutSide()) ^ word == (loan.hasSide() ? 1 << 232 : 0));
        assert(PackedLoan.unwrap(loan.withHook()) ^ word == (loan.hasHook() ? 0 : 1 << 233));
    }

    // --- the terms

    /// @notice The terms of a loan say what the offer and the intent said; a single-use offer is not scaled.
    function check_TermsSayWhatWasSigned(Offer calldata offer, Intent calldata intent) external view {
        if (intent.principal != offer.principal) return;
        (LoanTerms memory terms, bytes32 loanId) = SERVICING.termsOf(offer, intent);
        assert(terms.intentHash == SERVICING.hashIntent(intent) && loanId == SERVICING.loanIdOf(terms));
        this.compareParties(terms, offer, intent);
        this.compareFigures(terms, offer);
    }

    function compareParties(LoanTerms calldata terms, Offer calldata offer, Intent calldata intent) external pure {
        assert(terms.lender() == offer.lender && terms.borrower() == intent.borrower);
        assert(terms.asset == offer.asset && terms.collateral == offer.collateral && terms.oracle == offer.oracle);
    }

    function compareFigures(LoanTerms calldata terms, Offer calldata offer) external pure {
        assert(terms.ratePpm() == offer.ratePpm && terms.installments() == offer.installments);
        assert(terms.period() == offer.period && terms.grace() == offer.grace);
        assert(terms.lateFeeBps() == offer.lateFeeBps);
        assert(terms.liquidationLtvBps() == offer.liquidationLtvBps);
        assert(terms.liquidationBonusBps() == offer.liquidationBonusBps);
        assert(terms.collateralAmount() == offer.collateralAmount);
        assert(terms.installmentAmount() == offer.installmentAmount);
    }

    // --- the breaker

    function check_ACapChangesItselfAlone(PackedPolicy policy, uint104 cap) external pure {
        PackedPolicy next = policy.withCap(cap);
        assert(next.cap() == cap && next.used() == policy.used());
        assert(next.windowStart() == policy.windowStart() && next.isPaused() == policy.isPaused());
    }

    function check_APauseChangesItselfAlone(PackedPolicy policy, bool paused) external pure {
        PackedPolicy next = policy.withPause(paused);
        assert(next.isPaused() == paused && next.cap() == policy.cap());
        assert(next.used() == policy.used() && next.windowStart() == policy.windowStart());
    }

    function check_MoreLentIsCountedAndNothingElse(PackedPolicy policy, uint104 amount) external pure {
        if (policy.used() + amount > type(uint104).max) return;
        PackedPolicy next = policy.withMore(amount);
        assert(next.used() == policy.used() + amount && next.cap() == policy.cap());
        assert(next.windowStart() == policy.windowStart() && next.isPaused() == policy.isPaused());
    }

    /// @notice An hour that is over starts again at zero; a running one is not touched. Cap and pause outlive both.
    function check_TheHourRolls(PackedPolicy policy, uint40 time) external pure {
        PackedPolicy next = policy.rolledTo(time);
        bool over = time >= policy.windowStart() + PackedPolicyFields.WINDOW;
        assert(next.used() == (over ? 0 : policy.used()));
        assert(next.windowStart() == (over ? time : policy.windowStart()));
        assert(next.cap() == policy.cap() && next.isPaused() == policy.isPaused());
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { LoanMath, Payment } from "../../src/LoanMath.sol";
import { PackedLoan } from "../../src/PackedLoan.sol";
import { LoanTerms } from "../../src/PackedTerms.sol";

/// @notice What holds for every payment and for every place in the schedule, proved by halmos.
contract WaterfallProofs {
    // --- the waterfall. Late fees have at most 160 bits (an installment for each of 2^16 - 1), interest at most 161.

    /// @notice Nothing of a payment is lost or made: its three parts are what was taken, and no more than asked or owed.
    function check_PartsOfAPaymentAddUp(uint160 lateFee, uint160 interest, uint128 outstanding, uint256 amount)
        external
        pure
    {
        Payment memory p = LoanMath.waterfall(lateFee, interest, outstanding, amount);
        unchecked {
            assert(p.debt == uint256(lateFee) + interest + outstanding);
            assert(p.charges == uint256(lateFee) + interest);
            assert(p.lateFee + p.interest + p.principal == p.paid);
            assert(p.paid == (amount < p.debt ? amount : p.debt));
        }
    }

    /// @notice No part exceeds what is owed of it, so the unpaid principal never rises and never wraps.
    function check_NoPartExceedsWhatIsOwed(uint160 lateFee, uint160 interest, uint128 outstanding, uint256 amount)
        external
        pure
    {
        Payment memory p = LoanMath.waterfall(lateFee, interest, outstanding, amount);
        assert(p.lateFee <= lateFee && p.interest <= interest && p.principal <= outstanding);
    }

    /// @notice Late fees first, interest second, principal last.
    function check_LaterPartsWaitForEarlierOnes(uint160 lateFee, uint160 interest, uint128 outstanding, uint256 amount)
        external
        pure
    {
        Payment memory p = LoanMath.waterfall(lateFee, interest, outstanding, amount);
        assert(p.interest == 0 || p.lateFee == lateFee);
        assert(p.principal == 0 || p.interest == interest && p.lateFee == lateFee);
    }

    /// @notice Who pays more owes no more of anything.
    function check_MoreMoneyPaysMore(uint160 lateFee, uint160 interest, uint128 outstanding, uint256 less, uint256 more)
        external
        pure
    {
        if (less > more) return;
        Payment memory a = LoanMath.waterfall(lateFee, interest, outstanding, less);
        Payment memory b = LoanMath.waterfall(lateFee, interest, outstanding, more);
        assert(a.paid <= b.paid && a.lateFee <= b.lateFee && a.interest <= b.interest && a.principal <= b.principal);
    }

    /// @notice Everything is paid exactly when all three parts are.
    function check_TheDebtEndsWithItsParts(uint160 lateFee, uint160 interest, uint128 outstanding, uint256 amount)
        external
        pure
    {
        Payment memory p = LoanMath.waterfall(lateFee, interest, outstanding, amount);
        bool all = p.lateFee == lateFee && p.interest == interest && p.principal == outstanding;
        assert((p.paid == p.debt) == all);
    }

    // --- the schedule

    /// @notice A payment meets no installment but those before the last, and takes none back.
    function check_AdvanceStaysWithinTheSchedule(
        PackedLoan state,
        LoanTerms calldata terms,
        uint168 toSchedule,
        uint128 credit
    ) external pure {
        if (!sound(state, terms)) return;
        (uint256 met, uint256 left) = LoanMath.advance(state, terms, toSchedule, credit);
        assert(met >= state.installmentsPaid() && met < terms.installments());
        assert(left == 0 || left < terms.installmentAmount());
    }

    /// @notice Before the last installment no unit of a payment is forgotten.
    function check_AdvanceCountsEveryUnit(
        PackedLoan state,
        LoanTerms calldata terms,
        uint168 toSchedule,
        uint128 credit
    ) external pure {
        if (!sound(state, terms)) return;
        (uint256 met, uint256 left) = LoanMath.advance(state, terms, toSchedule, credit);
        if (met + 1 == terms.installments()) return;
        unchecked {
            uint256 counted = (met - state.installmentsPaid()) * terms.installmentAmount() + left;
            assert(counted == uint256(toSchedule) + credit);
        }
    }

    /// @notice Missed installments only become more with time, and are never more than there are.
    function check_MissedInstallmentsGrowUpToAll(
        PackedLoan state,
        LoanTerms calldata terms,
        uint40 sooner,
        uint40 later
    ) external pure {
        if (!sound(state, terms) || sooner > later) return;
        uint256 before = LoanMath.dueWithGrace(state, terms, sooner);
        uint256 after_ = LoanMath.dueWithGrace(state, terms, later);
        assert(before <= after_ && after_ <= terms.installments());
    }

    /// @notice Within the grace period of the next installment nothing is late.
    function check_NoLateFeeWithinGrace(PackedLoan state, LoanTerms calldata terms, uint40 at) external pure {
        if (!sound(state, terms) || at > LoanMath.graceEnd(state, terms)) return;
        assert(LoanMath.lateFeesUp(state, terms, at) == 0);
    }

    /// @notice What a payment settled is not charged again: at the time of the last payment nothing is owed but principal.
    function check_NothingAccruesInNoTime(PackedLoan state, LoanTerms calldata terms, uint40 at) external pure {
        if (at > state.lastAccrual()) return;
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, at);
        assert(lateFee == 0 && interest == 0);
    }

    /// @notice As an active loan that origination accepted.
    function sound(PackedLoan state, LoanTerms calldata terms) private pure returns (bool) {
        return terms.installments() != 0 && terms.period() != 0 && state.installmentsPaid() < terms.installments()
            && (terms.installments() == 1 || terms.installmentAmount() != 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Loan, LoanTerms } from "./ICreditAggregator.sol";

/// @notice What a loan owes and how a payment is spread over it. Pure: every fact comes in as an argument.
/// @dev Inputs are bounded by their types (128-bit amounts, 32-bit rate and period, 40-bit times), so that no product here
/// exceeds 208 bits; arithmetic stays checked all the same.
library LoanMath {
    uint256 internal constant BPS = 10_000;
    /// @dev Parts per million times the seconds of a 365-day year.
    uint256 internal constant RATE_DENOMINATOR = 1_000_000 * 365 days;

    /// @notice How one payment is spent and where it leaves the schedule.
    struct Payment {
        uint256 lateFee;
        uint256 interest;
        uint256 principal;
        uint256 installmentsPaid;
        uint256 credit;
    }

    /// @notice Simple interest on `principal` over `elapsed` seconds, rounded up to one base unit.
    function interestUp(uint256 principal, uint256 ratePpm, uint256 elapsed) internal pure returns (uint256) {
        uint256 product = principal * ratePpm * elapsed;
        return (product + RATE_DENOMINATOR - 1) / RATE_DENOMINATOR;
    }

    /// @notice Installments whose due date and grace period lie before time `at`, whether they were paid or not.
    function dueWithGrace(LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        uint256 firstMiss = uint256(terms.start) + terms.period + terms.grace;
        if (at <= firstMiss) return 0;
        uint256 count = (at - firstMiss - 1) / terms.period + 1;
        return count < terms.installments ? count : terms.installments;
    }

    /// @notice Late fees owed at `at`, rounded up per installment.
    /// @dev Each payment settles the late fees of its time, so those missed before `lastAccrual` are paid already.
    function lateFeesUp(Loan memory state, LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        uint256 missed = dueWithGrace(terms, at);
        if (missed <= state.installmentsPaid) return 0;
        uint256 settled = dueWithGrace(terms, state.lastAccrual);
        if (settled < state.installmentsPaid) settled = state.installmentsPaid;
        if (missed <= settled) return 0;
        uint256 fee = (uint256(terms.installmentAmount) * terms.lateFeeBps + BPS - 1) / BPS;
        return (missed - settled) * fee;
    }

    /// @notice Late fees and interest owed at `at`; a time before the last payment counts as that time.
    function chargesUp(Loan memory state, LoanTerms calldata terms, uint256 at)
        internal
        pure
        returns (uint256 lateFee, uint256 interest)
    {
        if (at <= state.lastAccrual) return (0, 0);
        lateFee = lateFeesUp(state, terms, at);
        interest = interestUp(state.outstanding, terms.ratePpm, at - state.lastAccrual);
    }

    /// @notice The waterfall of every payment short of the payoff: late fees, interest, principal. All but the late fees
    /// counts toward the schedule.
    /// @param amount At least the charges and less than the payoff.
    /// @param credit Part of the next installment paid before.
    function apply_(
        Loan memory state,
        LoanTerms calldata terms,
        uint256 amount,
        uint256 lateFee,
        uint256 interest,
        uint256 credit
    ) internal pure returns (Payment memory payment) {
        payment.lateFee = lateFee;
        payment.interest = interest;
        payment.principal = amount - lateFee - interest;

        uint256 last = uint256(terms.installments) - 1;
        payment.installmentsPaid = state.installmentsPaid;
        if (payment.installmentsPaid == last) return payment;
        uint256 toSchedule = credit + amount - lateFee;
        payment.installmentsPaid += toSchedule / terms.installmentAmount;
        payment.credit = toSchedule % terms.installmentAmount;
        // The last installment is everything left, so nothing can be credited toward it.
        if (payment.installmentsPaid >= last) {
            payment.installmentsPaid = last;
            payment.credit = 0;
        }
    }
}

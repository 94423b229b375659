// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { LoanTerms } from "./ICreditAggregator.sol";
import { PackedLoan } from "./PackedLoan.sol";

/// @notice What a loan owes and how a payment is spread over it. Pure: every fact comes in as an argument.
/// @dev Unchecked where the types bound the result: amounts have 128 bits, rate, period and grace 32, installment counts and
/// basis points 16, times 40, so no product here exceeds 200 bits.
library LoanMath {
    uint256 internal constant BPS = 10_000;
    /// @dev Parts per million times the seconds of a 365-day year.
    uint256 internal constant RATE_DENOMINATOR = 1_000_000 * 365 days;

    /// @notice Simple interest on `principal` over `elapsed` seconds, rounded up to one base unit.
    function interestUp(uint256 principal, uint256 ratePpm, uint256 elapsed) internal pure returns (uint256) {
        unchecked {
            return (principal * ratePpm * elapsed + RATE_DENOMINATOR - 1) / RATE_DENOMINATOR;
        }
    }

    /// @notice `bps` ten-thousandths of `amount`, rounded down.
    function partDown(uint256 amount, uint256 bps) internal pure returns (uint256) {
        unchecked {
            return amount * bps / BPS;
        }
    }

    /// @notice `bps` ten-thousandths of `amount`, rounded up.
    function partUp(uint256 amount, uint256 bps) internal pure returns (uint256) {
        unchecked {
            return (amount * bps + BPS - 1) / BPS;
        }
    }

    /// @notice When the next unpaid installment is due.
    function nextDue(PackedLoan state, LoanTerms calldata terms) internal pure returns (uint256) {
        unchecked {
            return state.start() + (state.installmentsPaid() + 1) * terms.period;
        }
    }

    /// @notice The last second at which the next installment is not yet missed.
    function graceEnd(PackedLoan state, LoanTerms calldata terms) internal pure returns (uint256) {
        unchecked {
            return nextDue(state, terms) + terms.grace;
        }
    }

    /// @notice Installments whose due date and grace period lie before time `at`, whether they were paid or not.
    function dueWithGrace(LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        unchecked {
            uint256 firstMiss = uint256(terms.start) + terms.period + terms.grace;
            if (at <= firstMiss) return 0;
            uint256 count = (at - firstMiss - 1) / terms.period + 1;
            return count < terms.installments ? count : terms.installments;
        }
    }

    /// @notice Late fees owed at `at`, rounded up per installment.
    /// @dev Each payment settles the late fees of its time, so those missed before `lastAccrual` are paid already.
    function lateFeesUp(PackedLoan state, LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        if (at <= graceEnd(state, terms)) return 0;
        uint256 settled = dueWithGrace(terms, state.lastAccrual());
        if (settled < state.installmentsPaid()) settled = state.installmentsPaid();
        return (dueWithGrace(terms, at) - settled) * partUp(terms.installmentAmount, terms.lateFeeBps);
    }

    /// @notice A time beyond 40 bits, which only a view can be asked about, cut to them.
    function cutTime(uint256 at) internal pure returns (uint256) {
        return at < type(uint40).max ? at : type(uint40).max;
    }

    /// @notice Late fees and interest owed at `at`; a time before the last payment counts as that time.
    function chargesUp(PackedLoan state, LoanTerms calldata terms, uint256 at)
        internal
        pure
        returns (uint256 lateFee, uint256 interest)
    {
        if (at <= state.lastAccrual()) return (0, 0);
        lateFee = lateFeesUp(state, terms, at);
        unchecked {
            interest = interestUp(state.outstanding(), terms.ratePpm, at - state.lastAccrual());
        }
    }

    /// @notice Where a payment leaves the schedule.
    /// @param toSchedule The payment without late fees; interest and principal count alike.
    /// @param credit Part of the next installment paid before.
    /// @return installmentsPaid At most all but the last: that one is everything left, so only the payoff meets it.
    /// @return creditAfter Paid toward the installment after those.
    function advance(PackedLoan state, LoanTerms calldata terms, uint256 toSchedule, uint256 credit)
        internal
        pure
        returns (uint256 installmentsPaid, uint256 creditAfter)
    {
        uint256 last = uint256(terms.installments) - 1;
        if (state.installmentsPaid() == last) return (last, 0);
        uint256 total = credit + toSchedule;
        installmentsPaid = state.installmentsPaid() + total / terms.installmentAmount;
        if (installmentsPaid >= last) return (last, 0);
        creditAfter = total % terms.installmentAmount;
    }
}

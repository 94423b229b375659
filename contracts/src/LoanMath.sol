// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { PackedLoan } from "./PackedLoan.sol";
import { LoanTerms } from "./PackedTerms.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice How one payment is spread over a debt, in base units of the asset.
/// @param paid What is taken: the amount offered, but not more than the debt.
/// @param lateFee Part of it for late fees.
/// @param interest Part of it for interest.
/// @param principal Part of it that lowers the unpaid principal.
/// @param charges Late fees and interest that were owed.
/// @param debt Everything that was owed.
struct Payment {
    uint256 paid;
    uint256 lateFee;
    uint256 interest;
    uint256 principal;
    uint256 charges;
    uint256 debt;
}

/// @notice What a loan owes, how a payment is spread over it, and what its collateral is worth. Pure: every fact comes in as an
/// argument.
/// @dev Unchecked where the types bound the result: amounts have 128 bits, rate, period and grace 32, installment counts and
/// basis points 16, times 40, so no product here exceeds 200 bits. A debt has less than 161 bits.
library LoanMath {
    uint256 internal constant BPS = 10_000;
    /// @dev Parts per million times the seconds of a 365-day year.
    uint256 internal constant RATE_DENOMINATOR = 1_000_000 * 365 days;
    /// @dev Of prices, see {IPriceOracle}.
    uint256 internal constant PRICE_SCALE = 1e36;
    /// @dev A higher price counts as this one, in the lender's favor; it keeps the products below 256 bits.
    uint256 internal constant MAX_PRICE = PRICE_SCALE << 120;

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

    /// @notice `amount` in the proportion of `part` to `whole`, rounded up; each has at most 128 bits.
    function shareUp(uint256 amount, uint256 part, uint256 whole) internal pure returns (uint256) {
        unchecked {
            // (2^128 - 1)^2 + 2^128 is below 2^256.
            return (amount * part + whole - 1) / whole;
        }
    }

    /// @notice When the next unpaid installment is due.
    function nextDue(PackedLoan state, LoanTerms calldata terms) internal pure returns (uint256) {
        unchecked {
            return state.start() + (state.installmentsPaid() + 1) * terms.period();
        }
    }

    /// @notice The last second at which the next installment is not yet missed.
    function graceEnd(PackedLoan state, LoanTerms calldata terms) internal pure returns (uint256) {
        unchecked {
            return nextDue(state, terms) + terms.grace();
        }
    }

    /// @notice Installments whose due date and grace period lie before time `at`, whether they were paid or not.
    function dueWithGrace(PackedLoan state, LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        unchecked {
            uint256 firstMiss = state.start() + terms.period() + terms.grace();
            if (at <= firstMiss) return 0;
            uint256 count = (at - firstMiss - 1) / terms.period() + 1;
            return count < terms.installments() ? count : terms.installments();
        }
    }

    /// @notice Late fees owed at `at`, rounded up per installment.
    /// @dev Each payment settles the late fees of its time, so those missed before `lastAccrual` are paid already.
    function lateFeesUp(PackedLoan state, LoanTerms calldata terms, uint256 at) internal pure returns (uint256) {
        if (at <= graceEnd(state, terms)) return 0;
        uint256 settled = dueWithGrace(state, terms, state.lastAccrual());
        if (settled < state.installmentsPaid()) settled = state.installmentsPaid();
        return (dueWithGrace(state, terms, at) - settled) * partUp(terms.installmentAmount(), terms.lateFeeBps());
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
            interest = interestUp(state.outstanding(), terms.ratePpm(), at - state.lastAccrual());
        }
    }

    /// @notice The waterfall: what `amount` pays of late fees, then of interest, then of principal.
    function waterfall(uint256 lateFee, uint256 interest, uint256 outstanding, uint256 amount)
        internal
        pure
        returns (Payment memory payment)
    {
        // Three terms of less than 161 bits; each part is at most what it is taken from.
        unchecked {
            payment.charges = lateFee + interest;
            payment.debt = lateFee + interest + outstanding;
            if (amount > payment.debt) amount = payment.debt;
            payment.paid = amount;
            payment.lateFee = amount < lateFee ? amount : lateFee;
            amount -= payment.lateFee;
            payment.interest = amount < interest ? amount : interest;
            payment.principal = amount - payment.interest;
        }
    }

    /// @notice The waterfall of what is owed at `at`.
    function paymentOf(PackedLoan state, LoanTerms calldata terms, uint256 at, uint256 amount)
        internal
        pure
        returns (Payment memory)
    {
        (uint256 lateFee, uint256 interest) = chargesUp(state, terms, at);
        return waterfall(lateFee, interest, state.outstanding(), amount);
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
        uint256 last = terms.installments() - 1;
        if (state.installmentsPaid() == last) return (last, 0);
        uint256 total = credit + toSchedule;
        uint256 installment = terms.installmentAmount();
        installmentsPaid = state.installmentsPaid() + total / installment;
        if (installmentsPaid >= last) return (last, 0);
        creditAfter = total % installment;
    }

    /// @notice Base units of asset that `collateral` is worth, rounded down.
    /// @param price Of {IPriceOracle}, at most {MAX_PRICE}.
    function valueDown(uint256 collateral, uint256 price) internal pure returns (uint256) {
        return Math.mulDiv(collateral, price, PRICE_SCALE);
    }

    /// @notice Debt over value in 1/10,000, rounded up; all ones when the collateral is worth nothing.
    function ltvBpsUp(uint256 debt, uint256 collateral, uint256 price) internal pure returns (uint256) {
        uint256 value = valueDown(collateral, price);
        if (value == 0) return type(uint256).max;
        unchecked {
            // 161 and 14 bits; the value is not zero.
            return (debt * BPS + value - 1) / value;
        }
    }

    /// @notice Collateral worth the debt, rounded up, or all of it when it is worth less.
    function coverUp(uint256 debt, uint256 collateral, uint256 price) internal pure returns (uint256) {
        if (valueDown(collateral, price) <= debt) return collateral;
        return Math.mulDiv(debt, PRICE_SCALE, price, Math.Rounding.Ceil);
    }

    /// @notice What a liquidator pays and gets.
    /// @param amount Most that it pays; at most the debt.
    /// @return repaid `amount`, or the least that buys all of the collateral.
    /// @return seized Collateral worth `repaid` and the bonus, rounded down; all of it only at that least amount.
    function seizure(uint256 amount, uint256 collateral, uint256 price, uint256 bonusBps)
        internal
        pure
        returns (uint256 repaid, uint256 seized)
    {
        // A price has at most 240 bits, a factor in basis points 14.
        uint256 buys;
        uint256 costs;
        unchecked {
            buys = PRICE_SCALE * (BPS + bonusBps);
            costs = price * BPS;
        }
        uint256 all = Math.mulDiv(collateral, costs, buys, Math.Rounding.Ceil);
        if (amount >= all) return (all, collateral);
        return (amount, Math.mulDiv(amount, buys, costs));
    }
}

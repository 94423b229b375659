// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { LoanMath } from "../../src/LoanMath.sol";

/// @notice What holds for the value of collateral and for what is seized of it, proved by halmos. The widths keep products within 256
/// bits: beyond them OpenZeppelin's division of 512-bit products is trusted. Prices are times 1e36.
contract LiquidationProofs {
    /// @notice No more collateral is seized than there is, and no more paid than offered.
    function check_SeizureStaysWithinItsBounds(uint120 amount, uint128 collateral, uint112 price, uint16 bonusBps)
        external
        pure
    {
        if (price == 0 || bonusBps > 2_000) return;
        (uint256 repaid, uint256 seized) = LoanMath.seizure(amount, collateral, price, bonusBps);
        assert(seized <= collateral && repaid <= amount);
    }

    /// @notice A part of the collateral is seized only for the whole payment.
    function check_APartIsSeizedForTheWholePayment(uint120 amount, uint128 collateral, uint112 price, uint16 bonusBps)
        external
        pure
    {
        if (price == 0 || bonusBps > 2_000) return;
        (uint256 repaid, uint256 seized) = LoanMath.seizure(amount, collateral, price, bonusBps);
        assert(seized == collateral || repaid == amount);
    }

    /// @notice What is seized is worth at most the payment and the bonus.
    function check_SeizedIsWorthAtMostPaymentAndBonus(
        uint120 amount,
        uint128 collateral,
        uint112 price,
        uint16 bonusBps
    ) external pure {
        if (price == 0 || bonusBps > 2_000) return;
        (uint256 repaid, uint256 seized) = LoanMath.seizure(amount, collateral, price, bonusBps);
        unchecked {
            // 128 + 112 + 14 bits beside 120 + 134.
            assert(seized * price * LoanMath.BPS <= repaid * LoanMath.PRICE_SCALE * (LoanMath.BPS + bonusBps));
        }
    }

    /// @notice A liquidator of a part gets all but less than one base unit of what its payment buys.
    function check_SeizedIsRoundedByLessThanOne(uint120 amount, uint128 collateral, uint112 price, uint16 bonusBps)
        external
        pure
    {
        if (price == 0 || bonusBps > 2_000) return;
        (uint256 repaid, uint256 seized) = LoanMath.seizure(amount, collateral, price, bonusBps);
        if (seized == collateral) return;
        unchecked {
            assert((seized + 1) * price * LoanMath.BPS > repaid * LoanMath.PRICE_SCALE * (LoanMath.BPS + bonusBps));
        }
    }

    /// @notice Collateral for a debt at default: never more than there is, and worth the debt when there is enough.
    function check_CoverIsWorthTheDebtOrIsAll(uint128 debt, uint128 collateral, uint128 price) external pure {
        if (price == 0) return;
        uint256 cover = LoanMath.coverUp(debt, collateral, price);
        assert(cover <= collateral);
        assert(cover == collateral || cover * price >= uint256(debt) * LoanMath.PRICE_SCALE);
    }

    /// @notice More debt or less collateral never lowers the loan-to-value.
    function check_LtvGrowsWithDebt(uint128 less, uint128 more, uint128 collateral, uint128 price) external pure {
        if (less > more) return;
        assert(LoanMath.ltvBpsUp(less, collateral, price) <= LoanMath.ltvBpsUp(more, collateral, price));
    }

    function check_WorthlessCollateralIsNeverHealthy(uint128 debt, uint128 collateral, uint128 price) external pure {
        if (LoanMath.valueDown(collateral, price) != 0) return;
        assert(LoanMath.ltvBpsUp(debt, collateral, price) == type(uint256).max);
    }
}

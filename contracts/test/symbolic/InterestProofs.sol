// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { LoanMath } from "../../src/LoanMath.sol";

/// @notice What holds for interest and for parts of an amount, proved for every argument that fits its type. Each `check_` is run by
/// halmos, see docs/contracts-evidence.md. The products below have at most 200 bits, so unchecked sums are exact.
contract InterestProofs {
    uint256 private constant YEAR = LoanMath.RATE_DENOMINATOR;

    /// @notice Rounded up, by less than one base unit.
    function check_InterestIsRoundedUpByLessThanOne(uint128 principal, uint32 ratePpm, uint40 elapsed) external pure {
        unchecked {
            uint256 exact = uint256(principal) * ratePpm * elapsed;
            uint256 interest = LoanMath.interestUp(principal, ratePpm, elapsed);
            assert(interest * YEAR >= exact);
            assert(interest * YEAR < exact + YEAR);
        }
    }

    function check_InterestGrowsWithTime(uint128 principal, uint32 ratePpm, uint40 sooner, uint40 later) external pure {
        if (sooner > later) return;
        assert(LoanMath.interestUp(principal, ratePpm, sooner) <= LoanMath.interestUp(principal, ratePpm, later));
    }

    function check_InterestGrowsWithPrincipal(uint128 less, uint128 more, uint32 ratePpm, uint40 elapsed)
        external
        pure
    {
        if (less > more) return;
        assert(LoanMath.interestUp(less, ratePpm, elapsed) <= LoanMath.interestUp(more, ratePpm, elapsed));
    }

    function check_InterestGrowsWithTheRate(uint128 principal, uint32 lower, uint32 higher, uint40 elapsed)
        external
        pure
    {
        if (lower > higher) return;
        assert(LoanMath.interestUp(principal, lower, elapsed) <= LoanMath.interestUp(principal, higher, elapsed));
    }

    /// @notice Nothing lent, no rate or no time: no interest; otherwise at least one base unit.
    function check_InterestIsZeroExactlyForNothing(uint128 principal, uint32 ratePpm, uint40 elapsed) external pure {
        bool nothing = principal == 0 || ratePpm == 0 || elapsed == 0;
        assert((LoanMath.interestUp(principal, ratePpm, elapsed) == 0) == nothing);
    }

    /// @notice Settling in between costs the payer at most one base unit more, and never less.
    function check_SettlingInBetweenCostsAtMostOneUnit(uint128 principal, uint32 ratePpm, uint32 first, uint32 second)
        external
        pure
    {
        unchecked {
            uint256 parts =
                LoanMath.interestUp(principal, ratePpm, first) + LoanMath.interestUp(principal, ratePpm, second);
            uint256 whole = LoanMath.interestUp(principal, ratePpm, uint256(first) + second);
            assert(parts >= whole);
            assert(parts <= whole + 1);
        }
    }

    function check_PartsAreRoundedByLessThanOne(uint128 amount, uint16 bps) external pure {
        unchecked {
            uint256 exact = uint256(amount) * bps;
            uint256 down = LoanMath.partDown(amount, bps);
            uint256 up = LoanMath.partUp(amount, bps);
            assert(down * LoanMath.BPS <= exact && exact < (down + 1) * LoanMath.BPS);
            assert(up * LoanMath.BPS >= exact && exact + LoanMath.BPS > up * LoanMath.BPS);
        }
    }

    /// @notice The origination fee never exceeds the principal, the late fee never the installment.
    function check_PartsAreAtMostTheWhole(uint128 amount, uint16 bps) external pure {
        if (bps > LoanMath.BPS) return;
        uint256 down = LoanMath.partDown(amount, bps);
        uint256 up = LoanMath.partUp(amount, bps);
        assert(down <= up && up <= amount && up <= down + 1);
    }

    /// @notice A fill pledges at least its share of the collateral, and at most all of it; all of it for the whole.
    function check_SharesAreRoundedUpWithinTheWhole(uint128 amount, uint128 part, uint128 whole) external pure {
        if (whole == 0 || part > whole) return;
        uint256 share = LoanMath.shareUp(amount, part, whole);
        assert(share <= amount);
        assert(part != whole || share == amount);
    }

    function check_SharesAreRoundedByLessThanOne(uint128 amount, uint128 part, uint128 whole) external pure {
        if (whole == 0 || part > whole) return;
        unchecked {
            uint256 exact = uint256(amount) * part;
            uint256 share = LoanMath.shareUp(amount, part, whole);
            assert(share * whole >= exact && share * whole - exact < whole);
        }
    }
}

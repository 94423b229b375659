// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditServicing } from "../../src/CreditServicing.sol";
import { Intent, Offer } from "../../src/ICreditAggregator.sol";
import { LoanMath, Payment } from "../../src/LoanMath.sol";
import { PackedLoan } from "../../src/PackedLoan.sol";
import { LoanTerms } from "../../src/PackedTerms.sol";

/// @notice Claims that are wrong by a hair. halmos must find a counterexample to each: a proof of one of them would show that
/// the proofs beside prove nothing.
contract Refutations {
    CreditServicing private immutable SERVICING = new CreditServicing(address(0), address(0));

    function check_InterestIsRoundedDown(uint128 principal, uint32 ratePpm, uint40 elapsed) external pure {
        unchecked {
            uint256 exact = uint256(principal) * ratePpm * elapsed;
            assert(LoanMath.interestUp(principal, ratePpm, elapsed) * LoanMath.RATE_DENOMINATOR <= exact);
        }
    }

    function check_SettlingInBetweenCostsNothing(uint16 principal, uint24 ratePpm, uint16 first, uint16 second)
        external
        pure
    {
        unchecked {
            uint256 parts =
                LoanMath.interestUp(principal, ratePpm, first) + LoanMath.interestUp(principal, ratePpm, second);
            assert(parts == LoanMath.interestUp(principal, ratePpm, uint256(first) + second));
        }
    }

    /// @dev Without the bound on basis points.
    function check_APartIsAtMostTheWholeForAnyPart(uint128 amount, uint16 bps) external pure {
        assert(LoanMath.partUp(amount, bps) <= amount);
    }

    function check_EveryPaymentLowersThePrincipal(
        uint160 lateFee,
        uint160 interest,
        uint128 outstanding,
        uint256 amount
    ) external pure {
        Payment memory p = LoanMath.waterfall(lateFee, interest, outstanding, amount);
        assert(amount == 0 || outstanding == 0 || p.principal != 0);
    }

    /// @dev Without the bound on the installments met before.
    function check_AdvanceNeverTakesAnInstallmentBack(
        PackedLoan state,
        LoanTerms calldata terms,
        uint168 toSchedule,
        uint128 credit
    ) external pure {
        if (terms.installments() == 0 || terms.installmentAmount() == 0) return;
        (uint256 met,) = LoanMath.advance(state, terms, toSchedule, credit);
        assert(met >= state.installmentsPaid());
    }

    /// @dev The side flag goes, the hook stays.
    function check_ADefaultKeepsAllFlags(PackedLoan loan) external pure {
        assert(loan.defaulted().hasSide() == loan.hasSide());
    }

    /// @dev Without a limit on the bonus, and a price that is not zero, a part can be all.
    function check_SeizureLeavesSomething(uint120 amount, uint128 collateral, uint112 price, uint16 bonusBps)
        external
        pure
    {
        if (price == 0 || bonusBps > 2_000 || collateral == 0) return;
        (, uint256 seized) = LoanMath.seizure(amount, collateral, price, bonusBps);
        assert(seized < collateral);
    }

    function check_TermsDoNotDependOnTheRate(Offer calldata offer, Intent calldata intent) external view {
        if (intent.principal != offer.principal) return;
        (LoanTerms memory terms,) = SERVICING.termsOf(offer, intent);
        assert(uint32(terms.lenderAndRates >> 160) == 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice The schedule as a whole, against figures computed here by other means.
contract ScheduleTest is Base {
    struct Model {
        uint256 outstanding;
        uint256 last;
        uint256 toward;
        uint256 met;
        mapping(uint256 installment => bool) charged;
    }

    Model private model;

    /// @notice Paying each due amount on its date ends at exactly zero after at most n payments, and after exactly n when the
    /// installments before the last do not cover the principal; for any rate, n, period and decimals.
    /// forge-config: ci.fuzz.runs = 2500
    function testFuzz_PayingOnTimeEndsAtZero(
        uint256 principal,
        uint256 ratePpm,
        uint256 n,
        uint256 period,
        uint256 extra
    ) external {
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, MAX_CAP));
        offer.ratePpm = uint32(bound(ratePpm, 0, 10_000_000));
        offer.installments = uint16(bound(n, 1, 48));
        offer.period = uint32(bound(period, 1, 90 days));
        offer.installmentAmount = amortizing(offer, extra);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);

        uint256 payments;
        uint256 left = offer.principal;
        while (left != 0) {
            (uint256 due, uint40 dueAt) = aggregator.installmentDue(loanId, terms, block.timestamp);
            vm.warp(dueAt);
            (due,) = aggregator.installmentDue(loanId, terms, dueAt);
            (, left) = pay(loanId, terms, due);
            ++payments;
            require(payments <= offer.installments, "too many payments");
            if (left != 0) eq(aggregator.loan(loanId).installmentsPaid, payments, "one by one");
        }
        bool covered = uint256(offer.installments - 1) * offer.installmentAmount >= offer.principal;
        if (!covered) eq(payments, offer.installments, "exactly n");
        eq(aggregator.loan(loanId).status, Status.Repaid, "closed");
        eq(collateral.balanceOf(address(manager)), 0, "released");
    }

    function amortizing(Offer memory offer, uint256 extra) private pure returns (uint128) {
        uint256 interest = interestUp(offer.principal, offer.ratePpm, offer.period);
        uint256 share = offer.principal / offer.installments;
        return uint128(interest + bound(extra, 0, 2 * share) + (interest == 0 ? 1 : 0));
    }

    /// @notice Late, early, partial and multiple payments against a model that walks the installments one by one.
    /// forge-config: ci.fuzz.runs = 2500
    function testFuzz_ChargesMatchTheModel(uint256 seed) external {
        Offer memory offer = baseOffer();
        offer.installments = uint16(bound(random(seed, 1), 1, 8));
        offer.grace = uint32(bound(random(seed, 2), 0, 45 days));
        offer.lateFeeBps = uint16(bound(random(seed, 3), 0, 10_000));
        offer.installmentAmount = uint128(bound(random(seed, 4), 20e6, 400e6));
        (bytes32 loanId, LoanTerms memory terms) = open(offer);

        model.outstanding = offer.principal;
        model.last = START;
        for (uint256 i = 0; i < 12 && model.outstanding != 0; ++i) {
            vm.warp(block.timestamp + bound(random(seed, 100 + i), 0, 70 days));
            uint256 fees = modelFees(terms);
            uint256 charges = fees + interestUp(model.outstanding, offer.ratePpm, block.timestamp - model.last);
            uint256 payoff = model.outstanding + charges;
            eq(aggregator.payoffAmount(loanId, terms, block.timestamp), payoff, "payoff");
            uint256 least = charges == 0 ? 1 : charges;
            uint256 amount = bound(random(seed, 200 + i), least, payoff < least + 500e6 ? payoff : least + 500e6);
            (, uint256 left) = pay(loanId, terms, amount);
            eq(left, payoff - amount, "outstanding");
            model.outstanding = left;
            model.last = block.timestamp;
            model.toward += amount - fees;
            checkSchedule(loanId, terms);
        }
    }

    function modelFees(LoanTerms memory terms) private returns (uint256 fees) {
        for (uint256 k = model.met + 1; k <= installmentsIn(terms); ++k) {
            if (block.timestamp <= START + k * periodIn(terms) + graceIn(terms) || model.charged[k]) continue;
            model.charged[k] = true;
            fees += (installmentIn(terms) * cut(terms.lenderAndRates, 208, 16) + 9_999) / 10_000;
        }
    }

    function checkSchedule(bytes32 loanId, LoanTerms memory terms) private {
        uint256 most = installmentsIn(terms) - 1;
        uint256 met = model.toward / installmentIn(terms);
        if (met > most) met = most;
        uint256 credit = met == most ? 0 : model.toward % installmentIn(terms);
        if (model.outstanding == 0) (met, credit) = (installmentsIn(terms), 0);
        model.met = met;
        eq(aggregator.loan(loanId).installmentsPaid, met, "installments met");
        eq(aggregator.installmentCredit(loanId), credit, "credit");
    }

    function interestUp(uint256 principal, uint256 ratePpm, uint256 elapsed) private pure returns (uint256) {
        uint256 product = principal * ratePpm * elapsed;
        uint256 unit = 1e6 * 365 days;
        return product / unit + (product % unit == 0 ? 0 : 1);
    }

    function random(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }
}

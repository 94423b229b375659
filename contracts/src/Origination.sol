// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditBase } from "./CreditBase.sol";
import { ICreditAggregator, Intent, Offer } from "./ICreditAggregator.sol";
import { ICreditHook } from "./ICreditHook.sol";
import { ICreditScoringOracle } from "./ICreditScoringOracle.sol";
import { LoanMath } from "./LoanMath.sol";
import { OfferHash } from "./OfferHash.sol";
import { PackedLoanFields } from "./PackedLoan.sol";
import { PackedPolicy, PackedPolicyFields } from "./PackedPolicy.sol";
import { LoanTerms } from "./PackedTerms.sol";
import { Signatures } from "./Signatures.sol";
import { Tokens } from "./Tokens.sol";

/// @notice How an offer and an intent become a loan, on their own or in place of an old one.
abstract contract Origination is CreditBase {
    /// @param lane The lender's lane as stored.
    /// @param mayHook The lender is a contract that vouched for itself.
    struct Deal {
        bytes32 loanId;
        bytes32 offerHash;
        uint256 principal;
        uint256 fee;
        uint256 lane;
        bool mayHook;
        LoanTerms terms;
    }

    uint256 internal constant MAX_BONUS_BPS = 2_000;

    // --- checks

    /// @dev Everything that can be wrong with the offer, the intent and their signatures; nothing is written.
    function _check(
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) internal view returns (Deal memory deal) {
        AggregatorStorage storage $ = _storage();
        bytes32 intentHash = _fill(deal, offer, intent);
        if ($.loans[deal.loanId].exists()) revert ICreditAggregator.AlreadySettled(deal.loanId);
        deal.lane = $.lanes[offer.lender];
        _requireMatch(offer, intent, deal);
        _requireSound(offer, deal);
        _requireOpen($, offer, deal);
        deal.mayHook = _requireLender(offer.lender, deal.offerHash, lenderSignature);
        if (intent.borrower != msg.sender && !Signatures.isValid(intent.borrower, intentHash, borrowerSignature)) {
            revert ICreditAggregator.InvalidSignature(intent.borrower, intentHash);
        }
        if (offer.oracle != address(0)) _requireCovered(offer, deal);
    }

    /// @dev Hashes, terms and the figures that follow from them.
    function _fill(Deal memory deal, Offer calldata offer, Intent calldata intent)
        internal
        view
        returns (bytes32 intentHash)
    {
        bytes32 separator = OfferHash.domainSeparator();
        deal.offerHash = OfferHash.digest(separator, OfferHash.structHash(offer));
        intentHash = OfferHash.digest(separator, OfferHash.structHash(intent));
        deal.principal = intent.principal;
        LoanTerms memory terms = deal.terms;
        terms.intentHash = intentHash;
        terms.lenderAndRates = uint256(uint160(offer.lender)) | uint256(offer.ratePpm) << 160
            | uint256(offer.installments) << 192 | uint256(offer.lateFeeBps) << 208 | uint256(offer.liquidationLtvBps)
            << 224 | uint256(offer.liquidationBonusBps) << 240;
        terms.borrowerAndTimes =
            uint256(uint160(intent.borrower)) | uint256(offer.period) << 160 | uint256(offer.grace) << 192;
        terms.asset = offer.asset;
        terms.collateral = offer.collateral;
        terms.oracle = offer.oracle;
        terms.amounts = _scaledAmounts(offer, deal.principal);
        deal.loanId = terms.idInMemory();
        deal.fee = LoanMath.partDown(deal.principal, offer.originationFeeBps);
    }

    /// @dev Collateral and installment for a part of the principal, as {LoanTerms} packs them.
    function _scaledAmounts(Offer calldata offer, uint256 principal) private pure returns (uint256) {
        uint256 whole = offer.principal;
        uint256 collateral = offer.collateralAmount;
        uint256 installment = offer.installmentAmount;
        if (principal != whole) {
            if (offer.minFill == 0 || principal > whole) {
                revert ICreditAggregator.FillOutOfRange(principal, whole);
            }
            collateral = LoanMath.shareUp(collateral, principal, whole);
            installment = LoanMath.shareUp(installment, principal, whole);
        }
        return collateral | installment << 128;
    }

    function _requireMatch(Offer calldata offer, Intent calldata intent, Deal memory deal) private view {
        if (block.timestamp > offer.expiry) revert ICreditAggregator.OfferExpired(offer.expiry);
        if (offer.epoch != _epochIn(deal.lane)) {
            revert ICreditAggregator.StaleEpoch(offer.epoch, _epochIn(deal.lane));
        }
        if (intent.offerHash != deal.offerHash) {
            revert ICreditAggregator.OfferHashMismatch(deal.offerHash, intent.offerHash);
        }
        if (block.timestamp > intent.deadline) revert ICreditAggregator.IntentExpired(intent.deadline);
        if (offer.borrower != address(0) && offer.borrower != intent.borrower) {
            revert ICreditAggregator.BorrowerMismatch(offer.borrower, intent.borrower);
        }
        if (intent.recipient == address(0)) revert ICreditAggregator.InvalidField("recipient");
    }

    /// @dev Between here and {_fill} every member of the offer is read, so that each word is known to fit its type.
    function _requireSound(Offer calldata offer, Deal memory deal) private view {
        if (deal.principal == 0) revert ICreditAggregator.InvalidField("principal");
        _requireSecurity(offer);
        if (offer.lateFeeBps > LoanMath.BPS) revert ICreditAggregator.InvalidField("lateFeeBps");
        if (offer.originationFeeBps > LoanMath.BPS) revert ICreditAggregator.InvalidField("originationFeeBps");
        if (offer.feeRecipient == address(0) && offer.originationFeeBps != 0) {
            revert ICreditAggregator.InvalidField("feeRecipient");
        }
        uint256 installments = offer.installments;
        uint256 period = offer.period;
        if (installments == 0) revert ICreditAggregator.InvalidField("installments");
        if (period == 0) revert ICreditAggregator.InvalidField("period");
        // 16 times 32 bits: cannot overflow.
        unchecked {
            if (block.timestamp + installments * period + offer.grace > type(uint40).max) {
                revert ICreditAggregator.InvalidField("period");
            }
        }
        if (installments == 1) return;
        uint256 minimum = LoanMath.interestUp(deal.principal, offer.ratePpm, period);
        if (minimum == 0) minimum = 1;
        uint256 installment = deal.terms.amounts >> 128;
        if (installment < minimum) revert ICreditAggregator.InstallmentBelowInterest(installment, minimum);
    }

    /// @dev A loan is secured by collateral, by an attestation, or by both.
    function _requireSecurity(Offer calldata offer) private pure {
        bool secured = offer.collateral != address(0);
        bool attested = offer.attestationPolicy != 0;
        if (!secured && !attested) revert ICreditAggregator.InvalidField("collateral");
        if (secured != (offer.collateralAmount != 0)) revert ICreditAggregator.InvalidField("collateralAmount");
        uint256 ltv = offer.liquidationLtvBps;
        uint256 bonus = offer.liquidationBonusBps;
        if ((offer.oracle != address(0)) != (ltv != 0) || ltv != 0 && !secured) {
            revert ICreditAggregator.InvalidField("oracle");
        }
        if (bonus > MAX_BONUS_BPS) revert ICreditAggregator.InvalidField("liquidationBonusBps");
        // Else a liquidation in time would leave a shortfall.
        if (!attested && ltv * (LoanMath.BPS + bonus) > LoanMath.BPS * LoanMath.BPS) {
            revert ICreditAggregator.InvalidField("liquidationLtvBps");
        }
    }

    /// @dev The offer was not cancelled, and has the asked principal left.
    function _requireOpen(AggregatorStorage storage $, Offer calldata offer, Deal memory deal) private view {
        if (_isNonceUsed($, offer.lender, offer.nonce, deal.lane)) {
            revert ICreditAggregator.NonceUsed(offer.lender, offer.nonce);
        }
        if (offer.minFill == 0) return;
        // No fill went beyond the principal.
        uint256 left = offer.principal - $.filled[deal.offerHash];
        if (deal.principal < offer.minFill || deal.principal > left) {
            revert ICreditAggregator.FillOutOfRange(deal.principal, left);
        }
    }

    /// @return Whether the lender is a contract that vouched for itself.
    function _requireLender(address lender, bytes32 offerHash, bytes calldata signature) private view returns (bool) {
        if (lender == msg.sender) return lender.code.length != 0;
        if (Signatures.isByKeyOrTree(lender, offerHash, signature)) return false;
        if (!Signatures.isByContract(lender, offerHash, signature)) {
            revert ICreditAggregator.InvalidSignature(lender, offerHash);
        }
        return true;
    }

    function _requireCovered(Offer calldata offer, Deal memory deal) private view {
        uint256 price = _price(offer.oracle, offer.collateral, offer.asset);
        uint256 ltv = LoanMath.ltvBpsUp(deal.principal, uint128(deal.terms.amounts), price);
        if (ltv > offer.liquidationLtvBps) {
            revert ICreditAggregator.CollateralTooLow(ltv, offer.liquidationLtvBps);
        }
    }

    // --- effects

    /// @dev Counts the principal toward the hour of the asset.
    /// @return False when it does not fit: then the asset is paused from now on. The lender must have the money, so that
    /// tripping the breaker takes as much capital as the loan would.
    function _admit(address asset, address lender, uint256 principal) internal returns (bool) {
        mapping(address => PackedPolicy) storage policies = _storage().policies;
        PackedPolicy policy = policies[asset];
        if (policy.isPaused()) revert ICreditAggregator.OriginationPaused(asset);
        uint256 cap = policy.cap();
        if (principal > cap) revert ICreditAggregator.AboveHourlyCap(asset, principal, cap);
        policy = policy.rolledTo(block.timestamp);
        uint256 used = policy.used();
        if (used + principal > cap) {
            if (!Tokens.canPull(asset, lender, principal)) revert ICreditAggregator.TransferFailed(asset, lender);
            policies[asset] = policy.withPause(true);
            emit ICreditAggregator.BreakerTripped(asset, used, principal, cap);
            return false;
        }
        policies[asset] = policy.withMore(principal);
        return true;
    }

    /// @dev Uses the offer, draws on the attestation, writes and publishes the loan.
    function _create(Offer calldata offer, Intent calldata intent, Deal memory deal) internal {
        AggregatorStorage storage $ = _storage();
        if (offer.minFill == 0) _useNonce($, offer.lender, offer.nonce, deal.lane);
        else $.filled[deal.offerHash] += deal.principal;
        // The time fits: the end of the schedule was checked to.
        $.loans[deal.loanId] = PackedLoanFields.create(deal.principal, block.timestamp);
        if (offer.attestationPolicy != 0) {
            ICreditScoringOracle(SCORING)
                .draw(intent.attestation, intent.borrower, offer.asset, deal.principal, offer.attestationPolicy);
        }
        emit ICreditAggregator.Originated(
            deal.loanId, offer.lender, intent.borrower, deal.offerHash, deal.principal, deal.fee, deal.terms
        );
    }

    /// @dev Asks a lender that is a contract whether it wants to be told of its loan, and remembers the answer.
    function _offerHook(Offer calldata offer, Intent calldata intent, Deal memory deal) internal {
        bytes32 answer = _tell(
            offer.lender, abi.encodeCall(ICreditHook.onOriginated, (deal.loanId, intent.borrower, deal.principal))
        );
        if (bytes4(answer) != ICreditHook.onOriginated.selector) return;
        AggregatorStorage storage $ = _storage();
        $.loans[deal.loanId] = $.loans[deal.loanId].withHook();
    }
}

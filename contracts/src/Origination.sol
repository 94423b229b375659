// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditBase } from "./CreditBase.sol";
import { ICreditAggregator } from "./ICreditAggregator.sol";
import { ICreditHook } from "./ICreditHook.sol";
import { ICreditScoringOracle } from "./ICreditScoringOracle.sol";
import { LoanMath } from "./LoanMath.sol";
import { OfferHash } from "./OfferHash.sol";
import { IntentWords, OfferWords, Words } from "./OfferWords.sol";
import { PackedLoan, PackedLoanFields } from "./PackedLoan.sol";
import { PackedPolicy, PackedPolicyFields } from "./PackedPolicy.sol";
import { Signatures } from "./Signatures.sol";
import { Tokens } from "./Tokens.sol";

/// @notice A loan in the making. From `offerHash` on these are the words of the `Originated` event, and from `intentHash` on
/// those of {LoanTerms}; no copy is made for either.
/// @param loanAt Where the loan lies, see {CreditBase-_loanAt}.
/// @param laneAt Where the lender's lane lies.
/// @param lane The lender's lane as stored.
/// @param mayHook The lender is a contract that vouched for itself.
struct Deal {
    bytes32 loanId;
    bytes32 loanAt;
    bytes32 laneAt;
    uint256 lane;
    bool mayHook;
    bytes32 offerHash;
    uint256 principal;
    uint256 fee;
    bytes32 intentHash;
    uint256 lenderAndRates;
    uint256 borrowerAndTimes;
    uint256 asset;
    uint256 collateral;
    uint256 oracle;
    uint256 amounts;
}

/// @notice How an offer and an intent become a loan, on their own or in place of an old one.
abstract contract Origination is CreditBase {
    using Words for uint256;

    uint256 private constant MAX_BONUS_BPS = 2_000;
    /// @dev Where in a {Deal} the event and the terms begin, and how long they are.
    uint256 private constant EVENT_AT = 0xa0;
    uint256 private constant EVENT_SIZE = 0x140;
    uint256 internal constant TERMS_AT = 0x100;
    uint256 private constant TERMS_SIZE = 0xe0;

    // --- checks

    /// @dev Everything that can be wrong with the offer, the intent and their signatures; nothing is written.
    function _check(
        OfferWords calldata offer,
        bytes calldata lenderSignature,
        IntentWords calldata intent,
        bytes calldata borrowerSignature
    ) internal view returns (Deal memory deal) {
        AggregatorStorage storage $ = _storage();
        _fill(deal, offer, intent);
        bytes32 loanAt = _loanAt($, deal.loanId);
        deal.loanAt = loanAt;
        if (PackedLoan.wrap(_load(loanAt)).exists()) revert ICreditAggregator.AlreadySettled(deal.loanId);
        bytes32 laneAt = _laneAt($, offer.lender.toAddress());
        deal.laneAt = laneAt;
        deal.lane = _load(laneAt);
        _requireMatch(offer, intent, deal);
        _requireSound(offer, deal);
        _requireOpen($, offer, deal);
        deal.mayHook = _requireLender(offer.lender.toAddress(), deal.offerHash, lenderSignature);
        _requireBorrower(intent.borrower.toAddress(), deal.intentHash, borrowerSignature);
        if (offer.oracle != 0) _requireCovered(offer, deal);
    }

    /// @dev Hashes, terms and the figures that follow from them.
    function _fill(Deal memory deal, OfferWords calldata offer, IntentWords calldata intent) internal view {
        bytes32 separator = OfferHash.domainSeparator();
        deal.offerHash = OfferHash.digest(separator, OfferHash.structHash(offer));
        deal.intentHash = OfferHash.digest(separator, OfferHash.structHash(intent));
        uint256 principal = intent.principal;
        deal.principal = principal;
        deal.fee = LoanMath.partDown(principal, offer.originationFeeBps);
        deal.lenderAndRates = offer.lender | offer.ratePpm << 160 | offer.installments << 192 | offer.lateFeeBps << 208
            | offer.liquidationLtvBps << 224 | offer.liquidationBonusBps << 240;
        deal.borrowerAndTimes = intent.borrower | offer.period << 160 | offer.grace << 192;
        deal.asset = offer.asset;
        deal.collateral = offer.collateral;
        deal.oracle = offer.oracle;
        deal.amounts = principal == offer.principal
            ? offer.collateralAmount | offer.installmentAmount << 128
            : _scaledAmounts(offer, principal);
        bytes32 loanId;
        assembly ("memory-safe") {
            loanId := keccak256(add(deal, TERMS_AT), TERMS_SIZE)
        }
        deal.loanId = loanId;
    }

    /// @dev Collateral and installment for a part of the principal, as the terms pack them.
    function _scaledAmounts(OfferWords calldata offer, uint256 principal) private pure returns (uint256) {
        uint256 whole = offer.principal;
        if (offer.minFill == 0 || principal > whole) revert ICreditAggregator.FillOutOfRange(principal, whole);
        return LoanMath.shareUp(offer.collateralAmount, principal, whole)
            | LoanMath.shareUp(offer.installmentAmount, principal, whole) << 128;
    }

    // The words were found to fit.
    // forge-lint: disable-next-item(unsafe-typecast)
    function _requireMatch(OfferWords calldata offer, IntentWords calldata intent, Deal memory deal) private view {
        if (block.timestamp > offer.expiry) revert ICreditAggregator.OfferExpired(uint40(offer.expiry));
        uint64 epoch = _epochIn(deal.lane);
        if (offer.epoch != epoch) revert ICreditAggregator.StaleEpoch(uint64(offer.epoch), epoch);
        if (intent.offerHash != deal.offerHash) {
            revert ICreditAggregator.OfferHashMismatch(deal.offerHash, intent.offerHash);
        }
        if (block.timestamp > intent.deadline) revert ICreditAggregator.IntentExpired(uint40(intent.deadline));
        if (offer.borrower != 0 && offer.borrower != intent.borrower) {
            revert ICreditAggregator.BorrowerMismatch(offer.borrower.toAddress(), intent.borrower.toAddress());
        }
        if (intent.recipient == 0) revert ICreditAggregator.InvalidField("recipient");
    }

    function _requireSound(OfferWords calldata offer, Deal memory deal) private view {
        uint256 principal = deal.principal;
        if (principal == 0) revert ICreditAggregator.InvalidField("principal");
        _requireSecurity(offer);
        if (offer.lateFeeBps > LoanMath.BPS) revert ICreditAggregator.InvalidField("lateFeeBps");
        if (offer.originationFeeBps != 0) {
            if (offer.originationFeeBps > LoanMath.BPS) revert ICreditAggregator.InvalidField("originationFeeBps");
            if (offer.feeRecipient == 0) revert ICreditAggregator.InvalidField("feeRecipient");
        }
        uint256 installments = offer.installments;
        uint256 period = offer.period;
        // 16 times 32 bits: cannot overflow.
        unchecked {
            uint256 length = installments * period;
            if (length == 0) {
                revert ICreditAggregator.InvalidField(installments == 0 ? bytes32("installments") : bytes32("period"));
            }
            if (block.timestamp + length + offer.grace > type(uint40).max) {
                revert ICreditAggregator.InvalidField("period");
            }
        }
        if (installments == 1) return;
        uint256 minimum = LoanMath.interestUp(principal, offer.ratePpm, period);
        if (minimum == 0) minimum = 1;
        uint256 installment = deal.amounts >> 128;
        if (installment < minimum) revert ICreditAggregator.InstallmentBelowInterest(installment, minimum);
    }

    /// @dev A loan is secured by collateral, by an attestation, or by both.
    function _requireSecurity(OfferWords calldata offer) private pure {
        if (offer.collateral == 0) {
            if (offer.attestationPolicy == 0) revert ICreditAggregator.InvalidField("collateral");
            if (offer.collateralAmount != 0) revert ICreditAggregator.InvalidField("collateralAmount");
            if (offer.oracle != 0) revert ICreditAggregator.InvalidField("oracle");
        } else if (offer.collateralAmount == 0) {
            revert ICreditAggregator.InvalidField("collateralAmount");
        }
        uint256 ltv = offer.liquidationLtvBps;
        uint256 bonus = offer.liquidationBonusBps;
        if (offer.oracle == 0) {
            if (ltv | bonus != 0) revert ICreditAggregator.InvalidField("oracle");
            return;
        }
        if (ltv == 0) revert ICreditAggregator.InvalidField("oracle");
        if (bonus > MAX_BONUS_BPS) revert ICreditAggregator.InvalidField("liquidationBonusBps");
        unchecked {
            // 16 times 14 bits. Above it even a liquidation in time would leave a shortfall.
            if (ltv * (LoanMath.BPS + bonus) > LoanMath.BPS * LoanMath.BPS && offer.attestationPolicy == 0) {
                revert ICreditAggregator.InvalidField("liquidationLtvBps");
            }
        }
    }

    /// @dev The offer was not cancelled, and has the asked principal left.
    function _requireOpen(AggregatorStorage storage $, OfferWords calldata offer, Deal memory deal) private view {
        address lender = offer.lender.toAddress();
        if (_isNonceUsed($, lender, offer.nonce, deal.lane)) {
            revert ICreditAggregator.NonceUsed(lender, offer.nonce);
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

    function _requireBorrower(address borrower, bytes32 intentHash, bytes calldata signature) private view {
        if (borrower != msg.sender && !Signatures.isValid(borrower, intentHash, signature)) {
            revert ICreditAggregator.InvalidSignature(borrower, intentHash);
        }
    }

    function _requireCovered(OfferWords calldata offer, Deal memory deal) private view {
        uint256 price = _price(offer.oracle.toAddress(), offer.collateral.toAddress(), offer.asset.toAddress());
        uint256 ltv = LoanMath.ltvBpsUp(deal.principal, _pledgedIn(deal), price);
        if (ltv > offer.liquidationLtvBps) {
            revert ICreditAggregator.CollateralTooLow(ltv, offer.liquidationLtvBps);
        }
    }

    // --- effects

    /// @dev Counts the principal toward the hour of the asset.
    /// @return False when it does not fit: then the asset is paused from now on. The lender must have the money, so that
    /// tripping the breaker takes as much capital as the loan would.
    function _admit(address asset, address lender, uint256 principal) internal returns (bool) {
        PolicySlot storage slot = _storage().policies[asset];
        PackedPolicy policy = slot.value;
        if (policy.isPaused()) revert ICreditAggregator.OriginationPaused(asset);
        uint256 cap = policy.cap();
        if (principal > cap) revert ICreditAggregator.AboveHourlyCap(asset, principal, cap);
        policy = policy.rolledTo(block.timestamp);
        uint256 used = policy.used();
        unchecked {
            // Both terms have 104 bits by now.
            if (used + principal > cap) {
                if (!Tokens.canPull(asset, lender, principal)) revert ICreditAggregator.TransferFailed(asset, lender);
                slot.value = policy.withPause(true);
                emit ICreditAggregator.BreakerTripped(asset, used, principal, cap);
                return false;
            }
        }
        slot.value = policy.withMore(principal);
        return true;
    }

    /// @dev Uses the offer, draws on the attestation, writes and publishes the loan.
    function _create(OfferWords calldata offer, IntentWords calldata intent, Deal memory deal) internal {
        AggregatorStorage storage $ = _storage();
        if (offer.minFill == 0) {
            _useNonce($, offer.lender.toAddress(), offer.nonce, deal.lane, deal.laneAt);
        } else {
            unchecked {
                // The sum was compared with the offer's principal.
                $.filled[deal.offerHash] += deal.principal;
            }
        }
        // The time fits: the end of the schedule was checked to.
        _store(deal.loanAt, PackedLoan.unwrap(PackedLoanFields.create(deal.principal, block.timestamp)));
        if (offer.attestationPolicy != 0) _draw(offer, intent, deal.principal);
        _emitOriginated(deal, offer.lender, intent.borrower);
    }

    function _draw(OfferWords calldata offer, IntentWords calldata intent, uint256 principal) private {
        ICreditScoringOracle(SCORING)
            .draw(
                intent.attestation,
                intent.borrower.toAddress(),
                offer.asset.toAddress(),
                principal,
                // The word was found to fit.
                // forge-lint: disable-next-line(unsafe-typecast)
                uint32(offer.attestationPolicy)
            );
    }

    function _emitOriginated(Deal memory deal, uint256 lender, uint256 borrower) private {
        bytes32 topic = ICreditAggregator.Originated.selector;
        assembly ("memory-safe") {
            log4(add(deal, EVENT_AT), EVENT_SIZE, topic, mload(deal), lender, borrower)
        }
    }

    /// @dev Asks a lender that is a contract whether it wants to be told of its loan, and remembers the answer.
    function _offerHook(address lender, address borrower, Deal memory deal) internal {
        bytes32 answer =
            _tell(lender, abi.encodeCall(ICreditHook.onOriginated, (deal.loanId, borrower, deal.principal)));
        if (bytes4(answer) != ICreditHook.onOriginated.selector) return;
        AggregatorStorage storage $ = _storage();
        $.loans[deal.loanId] = $.loans[deal.loanId].withHook();
    }

    /// @dev Collateral of the new loan.
    // forge-lint: disable-next-item(unsafe-typecast)
    function _pledgedIn(Deal memory deal) internal pure returns (uint256) {
        return uint128(deal.amounts);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "./ICollateralManager.sol";
import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "./ICreditAggregator.sol";
import { LoanMath } from "./LoanMath.sol";
import { OfferHash } from "./OfferHash.sol";
import { PackedLoan, PackedLoanFields } from "./PackedLoan.sol";
import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Credit settlement, see {ICreditAggregator}.
contract CreditAggregator is ICreditAggregator, IERC5267, Initializable, UUPSUpgradeable {
    using SafeERC20 for IERC20;

    /// @dev One slot, read by every origination.
    struct Policy {
        address owner;
        bool originationPaused;
    }

    /// @custom:storage-location erc7201:usance.storage.CreditAggregator
    struct AggregatorStorage {
        Policy policy;
        mapping(bytes32 loanId => PackedLoan) loans;
        mapping(bytes32 loanId => uint256) credits;
        /// @dev The lender's epoch in the low 64 bits and, above it, the used bits of the nonces 0 to 191 of that epoch.
        mapping(address lender => uint256) lanes;
        /// @dev The used bits of all other nonces.
        mapping(address lender => mapping(uint256 epoch => mapping(uint256 word => uint256))) nonceBitmap;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.CreditAggregator")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xdf085d8bedcaa44d0a131c26cc44decce713c5cdeb9f9a857b24481d1c0b7600;

    /// @dev Nonces below share the epoch's slot, which each origination reads anyway: 2,100 gas less.
    uint256 private constant LANE_NONCES = 192;
    uint256 private constant HALF_CURVE_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    address public immutable override collateralManager;

    modifier onlyOwner() {
        if (msg.sender != _storage().policy.owner) revert NotOwner(msg.sender);
        _;
    }

    /// @param collateralManager_ Custodian whose aggregator is the proxy of this implementation.
    constructor(address collateralManager_) {
        collateralManager = collateralManager_;
        _disableInitializers();
        // Only the proxy may hold loans: custody obeys no other address.
        _storage().policy.originationPaused = true;
    }

    /// @notice Sets the owner; called once, in the transaction that upgrades the proxy to this implementation.
    function initialize(address admin) external initializer {
        if (admin == address(0)) revert InvalidField("admin");
        _storage().policy.owner = admin;
    }

    function originate(
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external override returns (bytes32 loanId) {
        AggregatorStorage storage $ = _storage();
        bytes32 separator = OfferHash.domainSeparator();
        bytes32 offerHash = OfferHash.digest(separator, OfferHash.structHash(offer));
        address borrower = intent.borrower;
        loanId = loanIdOf(offerHash, borrower);

        if ($.loans[loanId].exists()) revert AlreadySettled(loanId);
        if ($.policy.originationPaused) revert OriginationPaused();
        if (block.timestamp > offer.expiry) revert OfferExpired(offer.expiry);
        address lender = offer.lender;
        uint256 lane = $.lanes[lender];
        if (offer.epoch != _epochIn(lane)) revert StaleEpoch(offer.epoch, _epochIn(lane));
        if (intent.offerHash != offerHash) revert OfferHashMismatch(offerHash, intent.offerHash);
        if (block.timestamp > intent.deadline) revert IntentExpired(intent.deadline);
        address named = offer.borrower;
        if (named != address(0) && named != borrower) revert BorrowerMismatch(named, borrower);
        if (intent.recipient == address(0)) revert InvalidField("recipient");
        _requireSound(offer);
        _requireSignature(lender, offerHash, lenderSignature);
        _requireSignature(borrower, OfferHash.digest(separator, OfferHash.structHash(intent)), borrowerSignature);

        _useNonce($, lender, offer.nonce, lane);
        _moveFunds(loanId, offerHash, offer, intent, lender, borrower);
        // The time fits: the end of the schedule was checked to.
        $.loans[loanId] = PackedLoanFields.create(offer.principal, block.timestamp);
        OfferHash.emitTerms(loanId, offer, borrower);
    }

    function repay(bytes32 loanId, LoanTerms calldata terms, uint256 maxAmount)
        external
        override
        returns (uint256 paid, uint256 outstandingAfter)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, block.timestamp);
        uint256 outstanding = state.outstanding();
        // Each term is below 2^161.
        unchecked {
            paid = lateFee + interest + outstanding;
        }
        if (maxAmount < paid) {
            paid = maxAmount;
            outstandingAfter = _payPart($, loanId, terms, state, paid, lateFee, interest);
            IERC20(terms.asset).safeTransferFrom(msg.sender, terms.lender, paid);
        } else {
            if (state.hasCredit()) delete $.credits[loanId];
            $.loans[loanId] = state.repaid(block.timestamp, terms.installments);
            emit Repaid(loanId, msg.sender, lateFee, interest, outstanding, 0);
            emit Closed(loanId);
            IERC20(terms.asset).safeTransferFrom(msg.sender, terms.lender, paid);
            ICollateralManager(collateralManager).release(terms.collateral, terms.borrower, terms.collateralAmount);
        }
    }

    function markDefault(bytes32 loanId, LoanTerms calldata terms) external override {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        uint256 graceEnd = LoanMath.graceEnd(state, terms);
        if (block.timestamp <= graceEnd) revert NotInDefault(loanId, graceEnd);
        $.loans[loanId] = state.defaulted();
        emit Defaulted(loanId, state.outstanding());
        ICollateralManager(collateralManager).seize(terms.collateral, terms.lender, terms.collateralAmount);
    }

    function cancelOffer(uint256 nonce) external override {
        AggregatorStorage storage $ = _storage();
        _useNonce($, msg.sender, nonce, $.lanes[msg.sender]);
        emit OfferCancelled(msg.sender, nonce);
    }

    function bumpEpoch() external override returns (uint64 epoch) {
        AggregatorStorage storage $ = _storage();
        epoch = _epochIn($.lanes[msg.sender]) + 1;
        // The new epoch starts with no nonce used: an offer of the former one cannot settle any more.
        $.lanes[msg.sender] = epoch;
        emit EpochBumped(msg.sender, epoch);
    }

    function setOriginationPaused(bool paused) external override onlyOwner {
        _storage().policy.originationPaused = paused;
        emit OriginationPausedSet(paused);
    }

    function hashOffer(Offer calldata offer) external view override returns (bytes32) {
        return OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(offer));
    }

    function hashIntent(Intent calldata intent) external view override returns (bytes32) {
        return OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(intent));
    }

    function payoffAmount(bytes32 loanId, LoanTerms calldata terms, uint256 at)
        external
        view
        override
        returns (uint256)
    {
        PackedLoan state = _activeLoan(_storage(), loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, LoanMath.cutTime(at));
        return lateFee + interest + state.outstanding();
    }

    function installmentDue(bytes32 loanId, LoanTerms calldata terms, uint256 at)
        external
        view
        override
        returns (uint256 amount, uint40 dueAt)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, LoanMath.cutTime(at));
        uint256 payoff = lateFee + interest + state.outstanding();
        // Fits: origination refused schedules that end beyond 40 bits.
        dueAt = uint40(LoanMath.nextDue(state, terms));
        if (state.installmentsPaid() + 1 == terms.installments) return (payoff, dueAt);
        uint256 rest = terms.installmentAmount - $.credits[loanId];
        amount = lateFee + (rest > interest ? rest : interest);
        if (amount > payoff) amount = payoff;
    }

    function loan(bytes32 loanId) external view override returns (Loan memory) {
        return _storage().loans[loanId].unpack();
    }

    function installmentCredit(bytes32 loanId) external view override returns (uint256) {
        return _storage().credits[loanId];
    }

    function isNonceUsed(address lender, uint256 nonce) external view override returns (bool) {
        AggregatorStorage storage $ = _storage();
        uint256 lane = $.lanes[lender];
        if (nonce < LANE_NONCES) return lane & _laneBit(nonce) != 0;
        return $.nonceBitmap[lender][_epochIn(lane)][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    function epochOf(address lender) external view override returns (uint64) {
        return _epochIn(_storage().lanes[lender]);
    }

    function originationPaused() external view override returns (bool) {
        return _storage().policy.originationPaused;
    }

    function owner() external view override returns (address) {
        return _storage().policy.owner;
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        override
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        // Name, version, chain id and verifying contract: bits 0 to 3.
        return (hex"0f", OfferHash.NAME, OfferHash.VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    function loanIdOf(bytes32 offerHash, address borrower) public pure override returns (bytes32) {
        return OfferHash.loanId(offerHash, borrower);
    }

    function _authorizeUpgrade(address) internal view override onlyOwner { }

    /// @dev Effects of a payment that leaves debt; returns the unpaid principal.
    function _payPart(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        PackedLoan state,
        uint256 paid,
        uint256 lateFee,
        uint256 interest
    ) private returns (uint256 outstandingAfter) {
        uint256 charges = lateFee + interest;
        if (paid < charges) revert PaymentTooSmall(paid, charges);
        if (paid == 0) revert PaymentTooSmall(0, 1);
        uint256 principal = paid - charges;
        outstandingAfter = state.outstanding() - principal;

        uint256 credit = state.hasCredit() ? $.credits[loanId] : 0;
        (uint256 installmentsPaid, uint256 creditAfter) = LoanMath.advance(state, terms, paid - lateFee, credit);
        if (creditAfter != credit) $.credits[loanId] = creditAfter;
        $.loans[loanId] = state.afterPayment(outstandingAfter, block.timestamp, installmentsPaid, creditAfter != 0);
        emit Repaid(loanId, msg.sender, lateFee, interest, principal, outstandingAfter);
    }

    /// @dev The interactions of an origination: collateral first, money after. The nonce is used by now and the loan does not
    /// exist yet, so a token that calls back finds nothing to take twice and nothing to release. What custody received is
    /// compared exactly: its balance is pooled, and one short transfer would be another borrower's loss. The money goes
    /// straight to the recipient who signed for that asset; comparing there too would cost every loan 1,700 gas.
    function _moveFunds(
        bytes32 loanId,
        bytes32 offerHash,
        Offer calldata offer,
        Intent calldata intent,
        address lender,
        address borrower
    ) private {
        uint256 principal = offer.principal;
        uint256 fee = LoanMath.partDown(principal, offer.originationFeeBps);
        uint256 disbursed = principal - fee;
        if (disbursed < intent.minReceived) revert ReceivedTooLittle(disbursed, intent.minReceived);
        emit Originated(loanId, lender, borrower, offerHash, disbursed, fee);

        IERC20 collateral = IERC20(offer.collateral);
        uint256 amount = offer.collateralAmount;
        uint256 expected = collateral.balanceOf(collateralManager) + amount;
        collateral.safeTransferFrom(borrower, collateralManager, amount);
        uint256 held = collateral.balanceOf(collateralManager);
        if (held != expected) revert CollateralMismatch(address(collateral), expected, held);

        IERC20 asset = IERC20(offer.asset);
        asset.safeTransferFrom(lender, intent.recipient, disbursed);
        if (fee != 0) asset.safeTransferFrom(lender, offer.feeRecipient, fee);
    }

    /// @param lane The lender's lane as stored.
    function _useNonce(AggregatorStorage storage $, address lender, uint256 nonce, uint256 lane) private {
        if (nonce < LANE_NONCES) {
            uint256 laneBit = _laneBit(nonce);
            if (lane & laneBit != 0) revert NonceUsed(lender, nonce);
            $.lanes[lender] = lane | laneBit;
            return;
        }
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = $.nonceBitmap[lender][_epochIn(lane)][nonce >> 8];
        if (word & bit != 0) revert NonceUsed(lender, nonce);
        $.nonceBitmap[lender][_epochIn(lane)][nonce >> 8] = word | bit;
    }

    /// @dev Signed with ECDSA first: an account that delegates to code (EIP-7702) keeps its key.
    function _requireSignature(address signer, bytes32 hash, bytes calldata signature) private view {
        if (signature.length == 65) {
            bool valid;
            assembly ("memory-safe") {
                let free := mload(0x40)
                let s := calldataload(add(signature.offset, 0x20))
                mstore(free, hash)
                mstore(add(free, 0x20), byte(0, calldataload(add(signature.offset, 0x40))))
                mstore(add(free, 0x40), calldataload(signature.offset))
                mstore(add(free, 0x60), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
                let recovered := mload(0x00)
                // The upper half of the curve order is refused, so that a signature has one form.
                valid := and(and(eq(recovered, signer), iszero(iszero(recovered))), iszero(gt(s, HALF_CURVE_ORDER)))
            }
            if (valid) return;
        }
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, hash, signature)) {
            revert InvalidSignature(signer, hash);
        }
    }

    /// @dev The loan's state, after the terms were proved to be the ones its id commits to.
    function _activeLoan(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms)
        private
        view
        returns (PackedLoan state)
    {
        bytes32 offerHash = OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(terms));
        if (OfferHash.loanId(offerHash, terms.borrower) != loanId) revert TermsMismatch(loanId);
        state = $.loans[loanId];
        if (!state.isActive()) revert LoanNotActive(loanId, state.status());
        if (terms.start != state.start()) revert TermsMismatch(loanId);
    }

    /// @dev Every member of the offer that no other code reads is read here, so that each word is known to fit its type.
    function _requireSound(Offer calldata offer) private view {
        if (offer.collateral == address(0)) revert InvalidField("collateral");
        if (offer.principal == 0) revert InvalidField("principal");
        if (offer.collateralAmount == 0) revert InvalidField("collateralAmount");
        if (offer.lateFeeBps > LoanMath.BPS) revert InvalidField("lateFeeBps");
        if (offer.originationFeeBps > LoanMath.BPS) revert InvalidField("originationFeeBps");
        if (offer.feeRecipient == address(0) && offer.originationFeeBps != 0) revert InvalidField("feeRecipient");
        uint256 installments = offer.installments;
        uint256 period = offer.period;
        if (installments == 0) revert InvalidField("installments");
        if (period == 0) revert InvalidField("period");
        // 16 times 32 bits: cannot overflow.
        unchecked {
            if (block.timestamp + installments * period + offer.grace > type(uint40).max) {
                revert InvalidField("period");
            }
        }
        uint256 installment = offer.installmentAmount;
        uint256 minimum = LoanMath.interestUp(offer.principal, offer.ratePpm, period);
        if (installments == 1) return;
        if (minimum == 0) minimum = 1;
        if (installment < minimum) revert InstallmentBelowInterest(installment, minimum);
    }

    function _epochIn(uint256 lane) private pure returns (uint64) {
        // The low 64 bits are the epoch.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(lane);
    }

    function _laneBit(uint256 nonce) private pure returns (uint256) {
        unchecked {
            return 1 << (64 + nonce);
        }
    }

    function _storage() private pure returns (AggregatorStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}

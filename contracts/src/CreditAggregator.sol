// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "./ICollateralManager.sol";
import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "./ICreditAggregator.sol";
import { LoanMath } from "./LoanMath.sol";
import { OfferHash } from "./OfferHash.sol";
import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Credit settlement, see {ICreditAggregator}.
contract CreditAggregator is ICreditAggregator, IERC5267, Initializable, UUPSUpgradeable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev One slot, read by every origination.
    struct Policy {
        address owner;
        bool originationPaused;
    }

    /// @custom:storage-location erc7201:usance.storage.CreditAggregator
    struct AggregatorStorage {
        Policy policy;
        mapping(bytes32 loanId => Loan) loans;
        mapping(bytes32 loanId => uint256) credits;
        mapping(address lender => mapping(uint256 word => uint256)) nonceBitmap;
        mapping(address lender => uint64) epochs;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.CreditAggregator")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xdf085d8bedcaa44d0a131c26cc44decce713c5cdeb9f9a857b24481d1c0b7600;

    address public immutable override collateralManager;

    modifier onlyOwner() {
        if (msg.sender != _storage().policy.owner) revert NotOwner(msg.sender);
        _;
    }

    /// @param collateralManager_ Custodian whose aggregator is the proxy of this implementation.
    constructor(address collateralManager_) {
        collateralManager = collateralManager_;
        _disableInitializers();
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
    ) external override nonReentrant returns (bytes32 loanId) {
        AggregatorStorage storage $ = _storage();
        bytes32 separator = OfferHash.domainSeparator();
        bytes32 offerHash = OfferHash.digest(separator, OfferHash.structHash(offer));
        address borrower = intent.borrower;
        loanId = loanIdOf(offerHash, borrower);

        if ($.loans[loanId].status != Status.None) revert AlreadySettled(loanId);
        if ($.policy.originationPaused) revert OriginationPaused();
        _requireFillable($, offer);
        if (intent.offerHash != offerHash) revert OfferHashMismatch(offerHash, intent.offerHash);
        if (block.timestamp > intent.deadline) revert IntentExpired(intent.deadline);
        if (offer.borrower != address(0) && offer.borrower != borrower) {
            revert BorrowerMismatch(offer.borrower, borrower);
        }
        if (intent.recipient == address(0)) revert InvalidField("recipient");
        _requireSound(offer);
        _requireSignature(offer.lender, offerHash, lenderSignature);
        _requireSignature(borrower, OfferHash.digest(separator, OfferHash.structHash(intent)), borrowerSignature);

        _useNonce($, offer.lender, offer.nonce);
        $.loans[loanId] = Loan({
            outstanding: offer.principal,
            lastAccrual: uint40(block.timestamp),
            start: uint40(block.timestamp),
            installmentsPaid: 0,
            status: Status.Active,
            hasCredit: false
        });
        _emitTerms(loanId, offer, borrower);
        _moveFunds(loanId, offerHash, offer, intent);
    }

    function repay(bytes32 loanId, LoanTerms calldata terms, uint256 maxAmount)
        external
        override
        nonReentrant
        returns (uint256 paid, uint256 outstandingAfter)
    {
        AggregatorStorage storage $ = _storage();
        Loan memory state = _activeLoan($, loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, block.timestamp);
        uint256 payoff = lateFee + interest + state.outstanding;
        if (maxAmount < payoff) {
            _requireCovers(maxAmount, lateFee + interest);
            paid = maxAmount;
            outstandingAfter = _applyPartial($, loanId, terms, state, paid, lateFee, interest);
        } else {
            paid = payoff;
            _applyPayoff($, loanId, terms, state, lateFee, interest);
        }
        IERC20(terms.asset).safeTransferFrom(msg.sender, terms.lender, paid);
        if (outstandingAfter == 0) {
            ICollateralManager(collateralManager).release(terms.collateral, terms.borrower, terms.collateralAmount);
        }
    }

    function markDefault(bytes32 loanId, LoanTerms calldata terms) external override nonReentrant {
        AggregatorStorage storage $ = _storage();
        Loan memory state = _activeLoan($, loanId, terms);
        if (LoanMath.dueWithGrace(terms, block.timestamp) <= state.installmentsPaid) {
            revert NotInDefault(loanId, uint256(_nextDue(state, terms)) + terms.grace);
        }
        $.loans[loanId].status = Status.Defaulted;
        emit Defaulted(loanId, state.outstanding);
        ICollateralManager(collateralManager).seize(terms.collateral, terms.lender, terms.collateralAmount);
    }

    function cancelOffer(uint256 nonce) external override {
        _useNonce(_storage(), msg.sender, nonce);
        emit OfferCancelled(msg.sender, nonce);
    }

    function bumpEpoch() external override returns (uint64 epoch) {
        epoch = ++_storage().epochs[msg.sender];
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
        Loan memory state = _activeLoan(_storage(), loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, at);
        return lateFee + interest + state.outstanding;
    }

    function installmentDue(bytes32 loanId, LoanTerms calldata terms, uint256 at)
        external
        view
        override
        returns (uint256 amount, uint40 dueAt)
    {
        AggregatorStorage storage $ = _storage();
        Loan memory state = _activeLoan($, loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, at);
        uint256 payoff = lateFee + interest + state.outstanding;
        dueAt = _nextDue(state, terms);
        if (state.installmentsPaid + 1 == terms.installments) return (payoff, dueAt);
        uint256 rest = terms.installmentAmount - $.credits[loanId];
        amount = lateFee + (rest > interest ? rest : interest);
        if (amount > payoff) amount = payoff;
    }

    function loan(bytes32 loanId) external view override returns (Loan memory) {
        return _storage().loans[loanId];
    }

    function installmentCredit(bytes32 loanId) external view override returns (uint256) {
        return _storage().credits[loanId];
    }

    function isNonceUsed(address lender, uint256 nonce) external view override returns (bool) {
        return _storage().nonceBitmap[lender][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    function epochOf(address lender) external view override returns (uint64) {
        return _storage().epochs[lender];
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
        return keccak256(abi.encode(offerHash, borrower));
    }

    function _authorizeUpgrade(address) internal view override onlyOwner { }

    /// @dev Effects of a payment that leaves debt; returns the unpaid principal.
    function _applyPartial(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        Loan memory state,
        uint256 paid,
        uint256 lateFee,
        uint256 interest
    ) private returns (uint256) {
        uint256 credit = state.hasCredit ? $.credits[loanId] : 0;
        LoanMath.Payment memory payment = LoanMath.apply_(state, terms, paid, lateFee, interest, credit);
        if (payment.credit != credit) $.credits[loanId] = payment.credit;

        // Each value shrinks or is bounded by a narrower term: principal < outstanding, installmentsPaid < installments.
        state.outstanding -= uint128(payment.principal);
        state.lastAccrual = uint40(block.timestamp);
        state.installmentsPaid = uint16(payment.installmentsPaid);
        state.hasCredit = payment.credit != 0;
        $.loans[loanId] = state;
        emit Repaid(loanId, msg.sender, lateFee, interest, payment.principal, state.outstanding);
        return state.outstanding;
    }

    /// @dev Effects of a payment of everything owed.
    function _applyPayoff(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        Loan memory state,
        uint256 lateFee,
        uint256 interest
    ) private {
        if (state.hasCredit) delete $.credits[loanId];
        emit Repaid(loanId, msg.sender, lateFee, interest, state.outstanding, 0);
        emit Closed(loanId);
        state.outstanding = 0;
        state.lastAccrual = uint40(block.timestamp);
        state.installmentsPaid = terms.installments;
        state.status = Status.Repaid;
        state.hasCredit = false;
        $.loans[loanId] = state;
    }

    /// @dev The interactions of an origination, in the order custody first, money after. The recipient's balance is compared,
    /// so that a token that charges on transfer is refused on this side too.
    function _moveFunds(bytes32 loanId, bytes32 offerHash, Offer calldata offer, Intent calldata intent) private {
        uint256 fee = uint256(offer.principal) * offer.originationFeeBps / LoanMath.BPS;
        uint256 disbursed = offer.principal - fee;
        if (disbursed < intent.minReceived) revert ReceivedTooLittle(disbursed, intent.minReceived);
        emit Originated(loanId, offer.lender, intent.borrower, offerHash, disbursed, fee);

        ICollateralManager(collateralManager).lock(offer.collateral, intent.borrower, offer.collateralAmount);

        IERC20 asset = IERC20(offer.asset);
        uint256 before = asset.balanceOf(intent.recipient);
        asset.safeTransferFrom(offer.lender, intent.recipient, disbursed);
        uint256 received = asset.balanceOf(intent.recipient) - before;
        if (received < disbursed) revert ReceivedTooLittle(received, disbursed);
        if (fee != 0) asset.safeTransferFrom(offer.lender, offer.feeRecipient, fee);
    }

    function _emitTerms(bytes32 loanId, Offer calldata offer, address borrower) private {
        emit Terms(
            loanId,
            LoanTerms({
                lender: offer.lender,
                borrower: borrower,
                asset: offer.asset,
                collateral: offer.collateral,
                principal: offer.principal,
                collateralAmount: offer.collateralAmount,
                installmentAmount: offer.installmentAmount,
                ratePpm: offer.ratePpm,
                installments: offer.installments,
                period: offer.period,
                grace: offer.grace,
                lateFeeBps: offer.lateFeeBps,
                originationFeeBps: offer.originationFeeBps,
                feeRecipient: offer.feeRecipient,
                expiry: offer.expiry,
                epoch: offer.epoch,
                nonce: offer.nonce,
                openOffer: offer.borrower == address(0),
                start: uint40(block.timestamp)
            })
        );
    }

    function _useNonce(AggregatorStorage storage $, address lender, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = $.nonceBitmap[lender][nonce >> 8];
        if (word & bit != 0) revert NonceUsed(lender, nonce);
        $.nonceBitmap[lender][nonce >> 8] = word | bit;
    }

    function _requireFillable(AggregatorStorage storage $, Offer calldata offer) private view {
        if (block.timestamp > offer.expiry) revert OfferExpired(offer.expiry);
        uint64 epoch = $.epochs[offer.lender];
        if (offer.epoch != epoch) revert StaleEpoch(offer.epoch, epoch);
    }

    /// @dev Signed with ECDSA first: an account that delegates to code (EIP-7702) keeps its key.
    function _requireSignature(address signer, bytes32 hash, bytes calldata signature) private view {
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(hash, signature);
        if (error == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, hash, signature)) {
            revert InvalidSignature(signer, hash);
        }
    }

    /// @dev The loan's state, after the terms were proved to be the ones its id commits to.
    function _activeLoan(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms)
        private
        view
        returns (Loan memory state)
    {
        bytes32 offerHash = OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(terms));
        state = $.loans[loanId];
        if (loanIdOf(offerHash, terms.borrower) != loanId) revert TermsMismatch(loanId);
        if (state.status != Status.Active) revert LoanNotActive(loanId, state.status);
        if (terms.start != state.start) revert TermsMismatch(loanId);
    }

    /// @dev Every member of the offer that no other code reads is read here, so that each word is known to fit its type.
    function _requireSound(Offer calldata offer) private view {
        if (offer.asset == address(0)) revert InvalidField("asset");
        if (offer.collateral == address(0)) revert InvalidField("collateral");
        if (offer.principal == 0) revert InvalidField("principal");
        if (offer.collateralAmount == 0) revert InvalidField("collateralAmount");
        if (offer.installments == 0) revert InvalidField("installments");
        if (offer.period == 0) revert InvalidField("period");
        if (offer.lateFeeBps > LoanMath.BPS) revert InvalidField("lateFeeBps");
        if (offer.originationFeeBps > LoanMath.BPS) revert InvalidField("originationFeeBps");
        if (offer.feeRecipient == address(0) && offer.originationFeeBps != 0) revert InvalidField("feeRecipient");
        uint256 end = block.timestamp + uint256(offer.installments) * offer.period + offer.grace;
        if (end > type(uint40).max) revert InvalidField("period");
        if (offer.installments == 1) return;
        uint256 minimum = LoanMath.interestUp(offer.principal, offer.ratePpm, offer.period);
        if (minimum == 0) minimum = 1;
        if (offer.installmentAmount < minimum) revert InstallmentBelowInterest(offer.installmentAmount, minimum);
    }

    function _requireCovers(uint256 amount, uint256 charges) private pure {
        if (amount < charges) revert PaymentTooSmall(amount, charges);
        if (amount == 0) revert PaymentTooSmall(0, 1);
    }

    function _nextDue(Loan memory state, LoanTerms calldata terms) private pure returns (uint40) {
        // Fits: origination refused schedules that end beyond 40 bits.
        return uint40(uint256(terms.start) + (uint256(state.installmentsPaid) + 1) * terms.period);
    }

    function _storage() private pure returns (AggregatorStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditBase } from "./CreditBase.sol";
import {
    AssetPolicy,
    ICreditAggregator,
    ILiquidateCallback,
    IRepayCallback,
    Intent,
    Loan,
    Offer,
    PermitSingle,
    Status
} from "./ICreditAggregator.sol";
import { ICreditHook } from "./ICreditHook.sol";
import { CreditAttestation, ICreditScoringOracle } from "./ICreditScoringOracle.sol";
import { IPriceOracle } from "./IPriceOracle.sol";
import { LoanMath, Payment } from "./LoanMath.sol";
import { OfferHash } from "./OfferHash.sol";
import { IntentWords, OfferWords, Words } from "./OfferWords.sol";
import { Deal, Origination } from "./Origination.sol";
import { PackedLoan } from "./PackedLoan.sol";
import { PackedPolicy } from "./PackedPolicy.sol";
import { LoanTerms } from "./PackedTerms.sol";
import { PERMIT2, Tokens } from "./Tokens.sol";
import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import { IERC20Permit } from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @dev The call of Permit2 that sets an allowance by signature.
interface IPermit2Allowance {
    function permit(address owner, PermitSingle calldata permitSingle, bytes calldata signature) external;
}

/// @title Credit settlement, see {ICreditAggregator}: what is called less often. Runs as code of the proxy alone; called
/// directly it has no loans, no listed asset and no owner.
contract CreditServicing is Origination, IERC5267 {
    using Words for uint256;

    /// @param held Collateral in custody.
    /// @param late Whether a missed installment allows the liquidation.
    struct Liquidation {
        PackedLoan state;
        uint256 credit;
        uint256 held;
        uint256 seized;
        bool late;
        bool ends;
        Payment payment;
    }

    /// @dev How long a default by price waits for a price.
    uint256 private constant ORACLE_PATIENCE = 30 days;
    uint256 private constant LIQUIDATION_PAUSE = 7 days;
    uint256 private constant LIQUIDATION_NOTICE = 1 hours;

    address private immutable SELF;

    modifier onlyGuardian() {
        _requireGuardian();
        _;
    }

    /// @param manager Custodian whose aggregator is the proxy.
    /// @param scoring The {ICreditScoringOracle} whose aggregator is the proxy.
    constructor(address manager, address scoring) CreditBase(manager, scoring) {
        SELF = address(this);
    }

    // --- origination

    /// @notice See {ICreditAggregator-refinance}.
    function refinance(
        bytes32 oldLoanId,
        LoanTerms calldata oldTerms,
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external returns (bytes32) {
        return _refinance(
            oldLoanId, oldTerms, Words.read(offer), lenderSignature, Words.read(intent), borrowerSignature
        );
    }

    /// @notice See {ICreditAggregator-cancelOffer}.
    function cancelOffer(uint256 nonce) external {
        AggregatorStorage storage $ = _storage();
        uint256 lane = $.lanes[msg.sender];
        if (_isNonceUsed($, msg.sender, nonce, lane)) revert ICreditAggregator.NonceUsed(msg.sender, nonce);
        _useNonce($, msg.sender, nonce, lane, _laneAt($, msg.sender));
        emit ICreditAggregator.OfferCancelled(msg.sender, nonce);
    }

    /// @notice See {ICreditAggregator-bumpEpoch}.
    function bumpEpoch() external returns (uint64 epoch) {
        AggregatorStorage storage $ = _storage();
        epoch = _epochIn($.lanes[msg.sender]) + 1;
        // The new epoch starts with no nonce used: an offer of the former one cannot settle any more.
        $.lanes[msg.sender] = epoch;
        emit ICreditAggregator.EpochBumped(msg.sender, epoch);
    }

    // --- servicing

    /// @notice See {ICreditAggregator-repayWithCollateral}.
    function repayWithCollateral(bytes32 loanId, LoanTerms calldata terms, address receiver, bytes calldata data)
        external
        returns (uint256 paid)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        if (msg.sender != terms.borrower()) revert ICreditAggregator.NotBorrower(msg.sender);
        Payment memory payment = LoanMath.paymentOf(state, terms, block.timestamp, type(uint256).max);
        (, uint256 held) = _sideOf($, loanId, terms, state);
        paid = payment.paid;
        _settleLast($, loanId, terms, state, payment, Status.Repaid, receiver);
        emit ICreditAggregator.Closed(loanId);
        _releaseOrFail(terms.collateral, receiver, held);
        // The answer proves that the receiver meant to pay: it may have given an allowance for other reasons.
        bytes4 answer =
            IRepayCallback(receiver).onCollateralReleased(loanId, terms.asset, paid, terms.collateral, held, data);
        if (answer != IRepayCallback.onCollateralReleased.selector) revert ICreditAggregator.InvalidField("receiver");
        _payLender(terms, receiver, paid);
        if (state.hasHook()) _tellRepaid(loanId, terms, payment);
    }

    /// @notice See {ICreditAggregator-liquidate}.
    function liquidate(
        bytes32 loanId,
        LoanTerms calldata terms,
        uint256 maxRepay,
        uint256 minCollateral,
        bytes calldata data
    ) external returns (uint256 repaid, uint256 seized) {
        Liquidation memory l = _liquidation(loanId, terms, maxRepay);
        (repaid, seized) = (l.payment.paid, l.seized);
        if (seized < minCollateral) revert ICreditAggregator.SeizedTooLittle(seized, minCollateral);
        _settleLiquidation(loanId, terms, l);
        _releaseOrFail(terms.collateral, msg.sender, seized);
        if (data.length != 0) {
            ILiquidateCallback(msg.sender).onLiquidation(loanId, terms.asset, repaid, terms.collateral, seized, data);
        }
        _payLender(terms, msg.sender, repaid);
        if (l.ends) _releaseToBorrower(_storage(), loanId, terms, l.held - seized);
        if (l.state.hasHook()) {
            _tellRepaid(loanId, terms, l.payment);
            uint256 lost = l.state.outstanding() - l.payment.principal;
            if (l.ends && lost != 0) _tellLost(loanId, terms, lost, address(0), 0);
        }
    }

    /// @notice See {ICreditAggregator-markDefault}.
    function markDefault(bytes32 loanId, LoanTerms calldata terms) external {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        uint256 graceEnd = LoanMath.graceEnd(state, terms);
        if (block.timestamp <= graceEnd) revert ICreditAggregator.NotInDefault(loanId, graceEnd);
        (, uint256 held) = _sideOf($, loanId, terms, state);
        uint256 seized = terms.oracle == address(0) ? held : _seizedAtDefault(terms, state, held, graceEnd);
        if (state.hasSide()) delete $.sides[loanId];
        $.loans[loanId] = state.defaulted();
        emit ICreditAggregator.Defaulted(loanId, state.outstanding(), seized, held - seized);

        bool arrived = seized != 0 && _release(terms.collateral, terms.lender(), seized);
        if (seized != 0 && !arrived) _keep(terms.lender(), terms.collateral, seized);
        _releaseToBorrower($, loanId, terms, held - seized);
        if (state.hasHook()) {
            _tellLost(loanId, terms, state.outstanding(), terms.collateral, arrived ? seized : 0);
        }
    }

    /// @notice See {ICreditAggregator-addCollateral}.
    function addCollateral(bytes32 loanId, LoanTerms calldata terms, uint128 amount) external {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        if (terms.collateral == address(0)) revert ICreditAggregator.InvalidField("collateral");
        if (amount == 0) revert ICreditAggregator.InvalidField("amount");
        (uint256 credit, uint256 held) = _sideOf($, loanId, terms, state);
        held += amount;
        if (held > type(uint128).max) revert ICreditAggregator.InvalidField("amount");
        _store($, loanId, terms, state.withoutSide(), state.hasSide(), credit, held);
        emit ICreditAggregator.CollateralChanged(loanId, msg.sender, held);
        _pullIntoCustody(terms.collateral, msg.sender, amount);
    }

    /// @notice See {ICreditAggregator-withdrawCollateral}.
    function withdrawCollateral(bytes32 loanId, LoanTerms calldata terms, uint128 amount, address to) external {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        if (msg.sender != terms.borrower()) revert ICreditAggregator.NotBorrower(msg.sender);
        if (to == address(0)) revert ICreditAggregator.InvalidField("to");
        if (block.timestamp > LoanMath.graceEnd(state, terms)) revert ICreditAggregator.InstallmentMissed(loanId);
        (uint256 credit, uint256 held) = _sideOf($, loanId, terms, state);
        if (amount == 0 || amount > held) revert ICreditAggregator.InvalidField("amount");
        unchecked {
            // Just compared.
            held -= amount;
        }
        if (terms.oracle == address(0)) {
            if (held < terms.collateralAmount()) revert ICreditAggregator.InvalidField("amount");
        } else {
            uint256 ltv = _ltvOf(terms, state, held);
            uint256 limit = terms.liquidationLtvBps() * 9 / 10;
            if (ltv > limit) revert ICreditAggregator.CollateralTooLow(ltv, limit);
        }
        _store($, loanId, terms, state.withoutSide(), state.hasSide(), credit, held);
        emit ICreditAggregator.CollateralChanged(loanId, msg.sender, held);
        _releaseOrFail(terms.collateral, to, amount);
    }

    /// @notice See {ICreditAggregator-claimCollateral}.
    function claimCollateral(bytes32 loanId, LoanTerms calldata terms, address to) external returns (uint256 amount) {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _knownLoan($, loanId, terms);
        if (msg.sender != terms.borrower()) revert ICreditAggregator.NotBorrower(msg.sender);
        if (state.isActive() || !state.hasSide()) revert ICreditAggregator.NothingToClaim();
        amount = $.sides[loanId] >> 128;
        delete $.sides[loanId];
        $.loans[loanId] = state.withoutSide();
        emit ICreditAggregator.CollateralClaimed(loanId, to, amount);
        _releaseOrFail(terms.collateral, to, amount);
    }

    /// @notice See {ICreditAggregator-claimPayment}.
    function claimPayment(address asset, address to) external returns (uint256 amount) {
        mapping(address => uint256) storage kept = _storage().kept[msg.sender];
        amount = kept[asset];
        if (amount == 0) revert ICreditAggregator.NothingToClaim();
        delete kept[asset];
        emit ICreditAggregator.PaymentClaimed(msg.sender, asset, to, amount);
        _releaseOrFail(asset, to, amount);
    }

    // --- steps of one transaction

    /// @notice See {ICreditAggregator-multicall}.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            // The proxy itself, which finds the function; the sender stays.
            (bool ok, bytes memory result) = address(this).delegatecall(calls[i]);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            results[i] = result;
        }
    }

    /// @notice See {ICreditAggregator-permit}.
    function permit(address token, address owner_, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        _tryCall(token, abi.encodeCall(IERC20Permit.permit, (owner_, address(this), value, deadline, v, r, s)));
    }

    /// @notice See {ICreditAggregator-permit2}.
    function permit2(address owner_, PermitSingle calldata permitSingle, bytes calldata signature) external {
        _tryCall(PERMIT2, abi.encodeCall(IPermit2Allowance.permit, (owner_, permitSingle, signature)));
    }

    /// @notice See {ICreditAggregator-presentAttestation}.
    function presentAttestation(CreditAttestation calldata attestation, bytes[] calldata signatures) external {
        ICreditScoringOracle(SCORING).present(attestation, signatures);
    }

    // --- administration

    /// @notice See {ICreditAggregator-setAssetCap}.
    function setAssetCap(address asset, uint104 cap) external {
        AggregatorStorage storage $ = _storage();
        PackedPolicy policy = $.policies[asset].value;
        if (msg.sender != $.policy.owner && (msg.sender != $.guard.guardian || cap >= policy.cap())) {
            revert ICreditAggregator.NotGuardian(msg.sender);
        }
        $.policies[asset].value = policy.withCap(cap);
        emit ICreditAggregator.AssetCapSet(asset, cap);
    }

    /// @notice See {ICreditAggregator-pauseOrigination}.
    function pauseOrigination(address[] calldata assets) external onlyGuardian {
        _setPaused(assets, true);
    }

    /// @notice See {ICreditAggregator-resumeOrigination}.
    function resumeOrigination(address[] calldata assets) external onlyOwner {
        _setPaused(assets, false);
    }

    /// @notice See {ICreditAggregator-pauseLiquidation}.
    function pauseLiquidation() external onlyGuardian {
        _requireLiquidationTime();
        _setLiquidationResumesAt(block.timestamp + LIQUIDATION_PAUSE);
    }

    /// @notice See {ICreditAggregator-resumeLiquidation}.
    function resumeLiquidation() external onlyGuardian {
        uint256 time = block.timestamp + LIQUIDATION_NOTICE;
        uint256 before = _storage().guard.liquidationResumesAt;
        _setLiquidationResumesAt(time < before ? time : before);
    }

    /// @notice See {ICreditAggregator-setGuardian}.
    function setGuardian(address guardian_) external onlyOwner {
        _storage().guard.guardian = guardian_;
        emit ICreditAggregator.GuardianSet(guardian_);
    }

    /// @notice See {ICreditAggregator-transferOwnership}.
    function transferOwnership(address to) external onlyOwner {
        if (to == address(0)) revert ICreditAggregator.InvalidField("owner");
        _storage().policy.owner = to;
        emit ICreditAggregator.OwnershipTransferred(msg.sender, to);
    }

    // --- views

    /// @notice See {ICreditAggregator-termsOf}.
    function termsOf(Offer calldata offer, Intent calldata intent)
        external
        view
        returns (LoanTerms memory terms, bytes32)
    {
        Deal memory deal;
        _fill(deal, Words.read(offer), Words.read(intent));
        assembly ("memory-safe") {
            terms := add(deal, TERMS_AT)
        }
        return (terms, deal.loanId);
    }

    /// @notice See {ICreditAggregator-loanIdOf}.
    function loanIdOf(LoanTerms calldata terms) external pure returns (bytes32) {
        return terms.id();
    }

    /// @notice See {ICreditAggregator-hashOffer}.
    function hashOffer(Offer calldata offer) external view returns (bytes32) {
        return OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(Words.read(offer)));
    }

    /// @notice See {ICreditAggregator-hashOfferTree}.
    function hashOfferTree(bytes32 root) external pure returns (bytes32) {
        return OfferHash.treeDigest(root);
    }

    /// @notice See {ICreditAggregator-hashIntent}.
    function hashIntent(Intent calldata intent) external view returns (bytes32) {
        return OfferHash.digest(OfferHash.domainSeparator(), OfferHash.structHash(Words.read(intent)));
    }

    /// @notice See {ICreditAggregator-payoffAmount}.
    function payoffAmount(bytes32 loanId, LoanTerms calldata terms, uint256 at) external view returns (uint256) {
        PackedLoan state = _activeLoan(_storage(), loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, LoanMath.cutTime(at));
        return lateFee + interest + state.outstanding();
    }

    /// @notice See {ICreditAggregator-installmentDue}.
    function installmentDue(bytes32 loanId, LoanTerms calldata terms, uint256 at)
        external
        view
        returns (uint256 amount, uint40 dueAt)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        (uint256 lateFee, uint256 interest) = LoanMath.chargesUp(state, terms, LoanMath.cutTime(at));
        uint256 payoff = lateFee + interest + state.outstanding();
        // Fits: origination refused schedules that end beyond 40 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        dueAt = uint40(LoanMath.nextDue(state, terms));
        if (state.installmentsPaid() + 1 == terms.installments()) return (payoff, dueAt);
        (uint256 credit,) = _sideOf($, loanId, terms, state);
        uint256 rest = terms.installmentAmount() - credit;
        amount = lateFee + (rest > interest ? rest : interest);
        if (amount > payoff) amount = payoff;
    }

    /// @notice See {ICreditAggregator-healthOf}.
    function healthOf(bytes32 loanId, LoanTerms calldata terms) external view returns (uint256 ltvBps, bool late) {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        if (terms.oracle == address(0)) revert ICreditAggregator.InvalidField("oracle");
        (, uint256 held) = _sideOf($, loanId, terms, state);
        return (_ltvOf(terms, state, held), block.timestamp > LoanMath.graceEnd(state, terms));
    }

    /// @notice See {ICreditAggregator-loan}.
    function loan(bytes32 loanId) external view returns (Loan memory) {
        return _storage().loans[loanId].unpack();
    }

    /// @notice See {ICreditAggregator-collateralOf}.
    function collateralOf(bytes32 loanId, LoanTerms calldata terms) external view returns (uint256 held) {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _knownLoan($, loanId, terms);
        // An ended loan has a side slot only for what is left to claim.
        if (state.isActive() || state.hasSide()) (, held) = _sideOf($, loanId, terms, state);
    }

    /// @notice See {ICreditAggregator-installmentCredit}.
    function installmentCredit(bytes32 loanId) external view returns (uint256) {
        return uint128(_storage().sides[loanId]);
    }

    /// @notice See {ICreditAggregator-keptPayment}.
    function keptPayment(address lender, address asset) external view returns (uint256) {
        return _storage().kept[lender][asset];
    }

    /// @notice See {ICreditAggregator-filledOf}.
    function filledOf(bytes32 offerHash) external view returns (uint256) {
        return _storage().filled[offerHash];
    }

    /// @notice See {ICreditAggregator-isNonceUsed}.
    function isNonceUsed(address lender, uint256 nonce) external view returns (bool) {
        AggregatorStorage storage $ = _storage();
        return _isNonceUsed($, lender, nonce, $.lanes[lender]);
    }

    /// @notice See {ICreditAggregator-epochOf}.
    function epochOf(address lender) external view returns (uint64) {
        return _epochIn(_storage().lanes[lender]);
    }

    /// @notice See {ICreditAggregator-policyOf}.
    function policyOf(address asset) external view returns (AssetPolicy memory) {
        return _storage().policies[asset].value.unpack();
    }

    /// @notice See {ICreditAggregator-liquidationResumesAt}.
    function liquidationResumesAt() external view returns (uint40) {
        return _storage().guard.liquidationResumesAt;
    }

    /// @notice See {ICreditAggregator-owner}.
    function owner() external view returns (address) {
        return _storage().policy.owner;
    }

    /// @notice See {ICreditAggregator-guardian}.
    function guardian() external view returns (address) {
        return _storage().guard.guardian;
    }

    /// @notice See {ICreditAggregator-collateralManager}.
    function collateralManager() external view returns (address) {
        return MANAGER;
    }

    /// @notice See {ICreditAggregator-scoringOracle}.
    function scoringOracle() external view returns (address) {
        return SCORING;
    }

    /// @notice See {ICreditAggregator-servicing}.
    function servicing() external view returns (address) {
        return SELF;
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

    // --- parts of a refinancing

    function _refinance(
        bytes32 oldLoanId,
        LoanTerms calldata oldTerms,
        OfferWords calldata offer,
        bytes calldata lenderSignature,
        IntentWords calldata intent,
        bytes calldata borrowerSignature
    ) private returns (bytes32) {
        if (intent.refinances != oldLoanId) {
            revert ICreditAggregator.RefinanceMismatch("refinances");
        }
        Deal memory deal = _check(offer, lenderSignature, intent, borrowerSignature);
        PackedLoan state = _activeLoan(_storage(), oldLoanId, oldTerms);
        _requireSameParties(oldTerms, offer, intent);
        Payment memory payment = LoanMath.paymentOf(state, oldTerms, block.timestamp, type(uint256).max);
        int256 net = _netOf(deal, payment.paid);
        if (net < intent.minReceived) revert ICreditAggregator.ReceivedTooLittle(net, intent.minReceived);
        if (!_admit(oldTerms.asset, offer.lender.toAddress(), deal.principal)) return 0;

        uint256 held = _replace(oldLoanId, oldTerms, state, payment, deal.loanId);
        _create(offer, intent, deal);
        _moveCollateral(oldLoanId, oldTerms, held, _pledgedIn(deal));
        _moveMoney(oldTerms, offer, intent, payment.paid, net, deal.fee);
        // The new lender first: what the old one calls in its hook may already concern the new loan.
        if (deal.mayHook) _offerHook(offer.lender.toAddress(), intent.borrower.toAddress(), deal);
        if (state.hasHook()) _tellRepaid(oldLoanId, oldTerms, payment);
        return deal.loanId;
    }

    function _requireSameParties(LoanTerms calldata oldTerms, OfferWords calldata offer, IntentWords calldata intent)
        private
        pure
    {
        if (oldTerms.borrower() != intent.borrower.toAddress()) {
            revert ICreditAggregator.RefinanceMismatch("borrower");
        }
        if (oldTerms.asset != offer.asset.toAddress()) revert ICreditAggregator.RefinanceMismatch("asset");
        if (oldTerms.collateral != offer.collateral.toAddress()) {
            revert ICreditAggregator.RefinanceMismatch("collateral");
        }
    }

    /// @dev What the recipient gets, or, below zero, what the borrower must add. Both terms have less than 161 bits.
    // forge-lint: disable-next-item(unsafe-typecast)
    function _netOf(Deal memory deal, uint256 payoff) private pure returns (int256) {
        return int256(deal.principal - deal.fee) - int256(payoff);
    }

    /// @dev Ends the old loan.
    /// @return held Its collateral.
    function _replace(
        bytes32 oldLoanId,
        LoanTerms calldata oldTerms,
        PackedLoan state,
        Payment memory payment,
        bytes32 newLoanId
    ) private returns (uint256 held) {
        AggregatorStorage storage $ = _storage();
        (, held) = _sideOf($, oldLoanId, oldTerms, state);
        _settleLast($, oldLoanId, oldTerms, state, payment, Status.Refinanced, oldTerms.borrower());
        emit ICreditAggregator.Refinanced(oldLoanId, newLoanId);
    }

    /// @dev Only the difference moves.
    function _moveCollateral(bytes32 oldLoanId, LoanTerms calldata oldTerms, uint256 held, uint256 needed) private {
        if (needed > held) _pullIntoCustody(oldTerms.collateral, oldTerms.borrower(), needed - held);
        else _releaseToBorrower(_storage(), oldLoanId, oldTerms, held - needed);
    }

    /// @dev The old payoff to the old lender and the rest to the recipient, from the new lender as far as its principal less
    /// the fee reaches.
    // The casts keep values of 161 bits.
    // forge-lint: disable-next-item(unsafe-typecast)
    function _moveMoney(
        LoanTerms calldata oldTerms,
        OfferWords calldata offer,
        IntentWords calldata intent,
        uint256 payoff,
        int256 net,
        uint256 fee
    ) private {
        address lender = offer.lender.toAddress();
        uint256 missing = net < 0 ? uint256(-net) : 0;
        // A lender need not pay itself.
        if (lender != oldTerms.lender() && payoff != missing) _payLender(oldTerms, lender, payoff - missing);
        if (missing != 0) _payLender(oldTerms, oldTerms.borrower(), missing);
        if (net > 0) Tokens.pull(oldTerms.asset, lender, intent.recipient.toAddress(), uint256(net));
        if (fee != 0) Tokens.pull(oldTerms.asset, lender, offer.feeRecipient.toAddress(), fee);
    }

    // --- parts of a liquidation or default

    /// @dev Decides whether and how far the loan is liquidated; nothing is written.
    function _liquidation(bytes32 loanId, LoanTerms calldata terms, uint256 maxRepay)
        private
        view
        returns (Liquidation memory l)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        if (terms.oracle == address(0)) revert ICreditAggregator.InvalidField("oracle");
        _requireLiquidationTime();
        l.state = state;
        (l.credit, l.held) = _sideOf($, loanId, terms, state);
        l.late = block.timestamp > LoanMath.graceEnd(state, terms);
        Payment memory payment = LoanMath.paymentOf(state, terms, block.timestamp, maxRepay);
        uint256 price = _priceOf(terms);
        if (!l.late) {
            uint256 ltv = LoanMath.ltvBpsUp(payment.debt, l.held, price);
            uint256 limit = terms.liquidationLtvBps();
            if (ltv <= limit) revert ICreditAggregator.LoanHealthy(loanId, ltv, limit);
        }
        uint256 repaid;
        (repaid, l.seized) = LoanMath.seizure(payment.paid, l.held, price, terms.liquidationBonusBps());
        if (repaid != payment.paid) payment = LoanMath.paymentOf(state, terms, block.timestamp, repaid);
        l.ends = payment.paid == payment.debt || l.seized == l.held;
        l.payment = payment;
    }

    function _settleLiquidation(bytes32 loanId, LoanTerms calldata terms, Liquidation memory l) private {
        AggregatorStorage storage $ = _storage();
        uint256 returned;
        uint256 shortfall;
        if (l.ends) {
            _settleLast($, loanId, terms, l.state, l.payment, Status.Liquidated, msg.sender);
            returned = l.held - l.seized;
            shortfall = l.payment.debt - l.payment.paid;
        } else {
            _settlePart($, loanId, terms, l.state, l.payment, l.credit, l.held - l.seized);
        }
        emit ICreditAggregator.Liquidated(loanId, msg.sender, l.late, l.seized, returned, shortfall);
    }

    /// @dev Collateral worth the debt; all of it when the oracle has had no price for long.
    function _seizedAtDefault(LoanTerms calldata terms, PackedLoan state, uint256 held, uint256 graceEnd)
        private
        view
        returns (uint256)
    {
        _requireLiquidationTime();
        if (block.timestamp > graceEnd + ORACLE_PATIENCE) {
            try IPriceOracle(terms.oracle).price(terms.collateral, terms.asset) returns (uint256 price) {
                if (price == 0) return held;
            } catch {
                return held;
            }
        }
        uint256 debt = LoanMath.paymentOf(state, terms, block.timestamp, 0).debt;
        return LoanMath.coverUp(debt, held, _priceOf(terms));
    }

    function _ltvOf(LoanTerms calldata terms, PackedLoan state, uint256 held) private view returns (uint256) {
        uint256 debt = LoanMath.paymentOf(state, terms, block.timestamp, 0).debt;
        return LoanMath.ltvBpsUp(debt, held, _priceOf(terms));
    }

    function _requireLiquidationTime() private view {
        uint40 time = _storage().guard.liquidationResumesAt;
        if (block.timestamp < time) revert ICreditAggregator.LiquidationPaused(time);
    }

    function _tellLost(bytes32 loanId, LoanTerms calldata terms, uint256 lost, address collateral, uint256 seized)
        private
    {
        _tell(terms.lender(), abi.encodeCall(ICreditHook.onLost, (loanId, terms.borrower(), lost, collateral, seized)));
    }

    // --- the rest

    function _releaseOrFail(address token, address to, uint256 amount) private {
        if (amount != 0 && !_release(token, to, amount)) revert ICreditAggregator.TransferFailed(token, MANAGER);
    }

    /// @dev Failing is part of it: anyone may have used the signature before us, and the allowance counts, not this call.
    function _tryCall(address target, bytes memory data) private {
        assembly ("memory-safe") {
            pop(call(gas(), target, 0, add(data, 0x20), mload(data), 0x00, 0x00))
        }
    }

    function _setPaused(address[] calldata assets, bool paused) private {
        for (uint256 i = 0; i < assets.length; ++i) {
            PolicySlot storage slot = _storage().policies[assets[i]];
            slot.value = slot.value.withPause(paused);
            emit ICreditAggregator.OriginationPausedSet(assets[i], paused);
        }
    }

    function _setLiquidationResumesAt(uint256 time) private {
        // forge-lint: disable-next-line(unsafe-typecast)
        _storage().guard.liquidationResumesAt = uint40(time);
        // forge-lint: disable-next-line(unsafe-typecast)
        emit ICreditAggregator.LiquidationResumesAt(uint40(time));
    }

    function _requireGuardian() private view {
        AggregatorStorage storage $ = _storage();
        if (msg.sender != $.guard.guardian && msg.sender != $.policy.owner) {
            revert ICreditAggregator.NotGuardian(msg.sender);
        }
    }
}

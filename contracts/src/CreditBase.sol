// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "./ICollateralManager.sol";
import { ICreditAggregator, Status } from "./ICreditAggregator.sol";
import { HOOK_GAS, ICreditHook } from "./ICreditHook.sol";
import { IPriceOracle } from "./IPriceOracle.sol";
import { LoanMath, Payment } from "./LoanMath.sol";
import { PackedLoan } from "./PackedLoan.sol";
import { PackedPolicy } from "./PackedPolicy.sol";
import { LoanTerms } from "./PackedTerms.sol";
import { Tokens } from "./Tokens.sol";

/// @notice What the two contracts behind the proxy have in common: storage, and the ways in which debts, collateral and money
/// move.
/// @dev Reentrancy: each call writes its effects before its transfers, and what comes into custody is compared exactly, so a call
/// from within a transfer finds books that are right or makes the outer call fail.
abstract contract CreditBase {
    /// @dev `unused` is where a pause of all origination was.
    struct Policy {
        address owner;
        bool unused;
    }

    struct Guard {
        address guardian;
        uint40 liquidationResumesAt;
    }

    /// @dev A struct, so that the place of the slot is computed once.
    struct PolicySlot {
        PackedPolicy value;
    }

    /// @custom:storage-location erc7201:usance.storage.CreditAggregator
    struct AggregatorStorage {
        Policy policy;
        mapping(bytes32 loanId => PackedLoan) loans;
        /// @dev Credit toward the next installment in the low 128 bits, collateral held above; counts when the loan says so.
        mapping(bytes32 loanId => uint256) sides;
        /// @dev The lender's epoch in the low 64 bits and, above it, the used bits of the nonces 0 to 191 of that epoch.
        mapping(address lender => uint256) lanes;
        /// @dev The used bits of all other nonces.
        mapping(address lender => mapping(uint256 epoch => mapping(uint256 word => uint256))) nonceBitmap;
        mapping(bytes32 offerHash => uint256) filled;
        mapping(address asset => PolicySlot) policies;
        mapping(address lender => mapping(address asset => uint256)) kept;
        Guard guard;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.CreditAggregator")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xdf085d8bedcaa44d0a131c26cc44decce713c5cdeb9f9a857b24481d1c0b7600;

    /// @dev Nonces below share the epoch's slot, which each origination reads anyway: 2,100 gas less.
    uint256 internal constant LANE_NONCES = 192;
    /// @dev A call passes on at most 63 of 64 parts of the gas, after it paid for the access to a cold account.
    uint256 internal constant GAS_BEFORE_HOOK = HOOK_GAS + HOOK_GAS / 63 + 5_000;

    address internal immutable MANAGER;
    address internal immutable SCORING;

    modifier onlyOwner() {
        _requireOwner();
        _;
    }

    constructor(address manager, address scoring) {
        MANAGER = manager;
        SCORING = scoring;
    }

    // --- the debt

    /// @dev The loan's state, after the terms were proved to be the ones its id commits to.
    function _activeLoan(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms)
        internal
        view
        returns (PackedLoan state)
    {
        state = _knownLoan($, loanId, terms);
        if (!state.isActive()) revert ICreditAggregator.LoanNotActive(loanId, state.status());
    }

    /// @dev The same, whatever became of the loan.
    function _knownLoan(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms)
        internal
        view
        returns (PackedLoan)
    {
        if (terms.id() != loanId) revert ICreditAggregator.TermsMismatch(loanId);
        return $.loans[loanId];
    }

    /// @dev Of an active loan: what was paid toward the next installment, and the collateral in custody.
    function _sideOf(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms, PackedLoan state)
        internal
        view
        returns (uint256 credit, uint256 held)
    {
        if (!state.hasSide()) return (0, terms.collateralAmount());
        uint256 side = $.sides[loanId];
        return (uint128(side), side >> 128);
    }

    /// @dev Writes both slots of an active loan; `state` comes without the flag of the side slot.
    function _store(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        PackedLoan state,
        bool hadSide,
        uint256 credit,
        uint256 held
    ) internal {
        if (credit != 0 || held != terms.collateralAmount()) {
            $.sides[loanId] = credit | held << 128;
            state = state.withSide();
        } else if (hadSide) {
            delete $.sides[loanId];
        }
        $.loans[loanId] = state;
    }

    /// @dev Effects of a payment that leaves debt: interest and late fees must be met.
    /// @param held Collateral after the payment.
    function _settlePart(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        PackedLoan state,
        Payment memory payment,
        uint256 credit,
        uint256 held
    ) internal {
        if (payment.paid < payment.charges) {
            revert ICreditAggregator.PaymentTooSmall(payment.paid, payment.charges);
        }
        if (payment.paid == 0) revert ICreditAggregator.PaymentTooSmall(0, 1);
        uint256 installmentsPaid;
        (installmentsPaid, credit) = LoanMath.advance(state, terms, payment.paid - payment.lateFee, credit);
        uint256 outstanding = state.outstanding() - payment.principal;
        PackedLoan next = state.afterPayment(outstanding, block.timestamp, installmentsPaid, Status.Active);
        _store($, loanId, terms, next, state.hasSide(), credit, held);
        _emitRepaid(loanId, msg.sender, payment, outstanding);
    }

    /// @dev Effects of a payment that ends the loan. All installments are met when nothing is left to pay.
    function _settleLast(
        AggregatorStorage storage $,
        bytes32 loanId,
        LoanTerms calldata terms,
        PackedLoan state,
        Payment memory payment,
        Status status,
        address payer
    ) internal {
        uint256 outstanding = state.outstanding() - payment.principal;
        uint256 installmentsPaid = payment.paid == payment.debt ? terms.installments() : state.installmentsPaid();
        if (state.hasSide()) delete $.sides[loanId];
        $.loans[loanId] = state.afterPayment(outstanding, block.timestamp, installmentsPaid, status);
        _emitRepaid(loanId, payer, payment, outstanding);
    }

    function _emitRepaid(bytes32 loanId, address payer, Payment memory payment, uint256 outstanding) private {
        emit ICreditAggregator.Repaid(loanId, payer, payment.lateFee, payment.interest, payment.principal, outstanding);
    }

    // --- collateral and money

    /// @dev What custody received is compared exactly: its balance is pooled, and one short transfer would be another
    /// borrower's loss.
    function _pullIntoCustody(address token, address from, uint256 amount) internal {
        uint256 expected;
        unchecked {
            // A balance that this makes wrap around is not the one after it.
            expected = Tokens.balanceOf(token, MANAGER) + amount;
        }
        Tokens.pull(token, from, MANAGER, amount);
        uint256 held = Tokens.balanceOf(token, MANAGER);
        if (held != expected) revert ICreditAggregator.CollateralMismatch(token, expected, held);
    }

    function _release(address token, address to, uint256 amount) internal returns (bool) {
        return ICollateralManager(MANAGER).release(token, to, amount);
    }

    /// @dev Collateral of an ended loan; the side slot remembers what the token refuses to give back.
    function _releaseToBorrower(AggregatorStorage storage $, bytes32 loanId, LoanTerms calldata terms, uint256 amount)
        internal
    {
        if (amount == 0 || _release(terms.collateral, terms.borrower(), amount)) return;
        $.sides[loanId] = amount << 128;
        $.loans[loanId] = $.loans[loanId].withSide();
        emit ICreditAggregator.CollateralKept(loanId, amount);
    }

    /// @dev A payment to a lender; custody keeps what the asset refuses to give it.
    function _payLender(LoanTerms calldata terms, address payer, uint256 amount) internal {
        if (!Tokens.tryPull(terms.asset, payer, terms.lender(), amount)) {
            _pullIntoCustody(terms.asset, payer, amount);
            _keep(terms.lender(), terms.asset, amount);
        }
    }

    /// @dev Books what custody holds for a lender.
    function _keep(address lender, address token, uint256 amount) internal {
        _storage().kept[lender][token] += amount;
        emit ICreditAggregator.PaymentKept(lender, token, amount);
    }

    // --- prices

    function _priceOf(LoanTerms calldata terms) internal view returns (uint256) {
        return _price(terms.oracle, terms.collateral, terms.asset);
    }

    function _price(address oracle, address collateral, address asset) internal view returns (uint256 price) {
        price = IPriceOracle(oracle).price(collateral, asset);
        if (price == 0) revert ICreditAggregator.InvalidField("price");
        if (price > LoanMath.MAX_PRICE) price = LoanMath.MAX_PRICE;
    }

    // --- the lender's hook

    function _tellRepaid(bytes32 loanId, LoanTerms calldata terms, Payment memory payment) internal {
        _tell(
            terms.lender(),
            abi.encodeCall(
                ICreditHook.onRepaid, (loanId, terms.borrower(), payment.principal, payment.lateFee + payment.interest)
            )
        );
    }

    /// @dev Whatever the hook does, the call goes on; but it gets the gas that it was promised.
    /// @return answer The first word of what it returned; zero when it failed.
    function _tell(address lender, bytes memory data) internal returns (bytes32 answer) {
        if (gasleft() < GAS_BEFORE_HOOK) revert ICreditAggregator.GasTooLow(GAS_BEFORE_HOOK);
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let ok := call(HOOK_GAS, lender, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            answer := mul(ok, mload(0x00))
        }
    }

    // --- nonces

    function _isNonceUsed(AggregatorStorage storage $, address lender, uint256 nonce, uint256 lane)
        internal
        view
        returns (bool)
    {
        if (nonce < LANE_NONCES) return lane & _laneBit(nonce) != 0;
        return $.nonceBitmap[lender][_epochIn(lane)][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @param lane The lender's lane as stored.
    /// @param laneAt See {_laneAt}.
    function _useNonce(AggregatorStorage storage $, address lender, uint256 nonce, uint256 lane, bytes32 laneAt)
        internal
    {
        if (nonce < LANE_NONCES) _store(laneAt, lane | _laneBit(nonce));
        else $.nonceBitmap[lender][_epochIn(lane)][nonce >> 8] |= 1 << (nonce & 0xff);
    }

    /// @dev Where the lender's lane lies; hashed once for reading and writing.
    function _laneAt(AggregatorStorage storage $, address lender) internal view returns (bytes32 at) {
        mapping(address => uint256) storage lanes = $.lanes;
        assembly ("memory-safe") {
            mstore(0x00, lender)
            mstore(0x20, lanes.slot)
            at := keccak256(0x00, 0x40)
        }
    }

    /// @dev Where the loan lies; hashed once for reading and writing.
    function _loanAt(AggregatorStorage storage $, bytes32 loanId) internal view returns (bytes32 at) {
        mapping(bytes32 => PackedLoan) storage loans = $.loans;
        assembly ("memory-safe") {
            mstore(0x00, loanId)
            mstore(0x20, loans.slot)
            at := keccak256(0x00, 0x40)
        }
    }

    function _load(bytes32 at) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(at)
        }
    }

    function _store(bytes32 at, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(at, word)
        }
    }

    function _epochIn(uint256 lane) internal pure returns (uint64) {
        // The low 64 bits are the epoch.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(lane);
    }

    function _laneBit(uint256 nonce) private pure returns (uint256) {
        unchecked {
            return 1 << (64 + nonce);
        }
    }

    // --- the rest

    function _requireOwner() private view {
        if (msg.sender != _storage().policy.owner) revert ICreditAggregator.NotOwner(msg.sender);
    }

    function _storage() internal pure returns (AggregatorStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}

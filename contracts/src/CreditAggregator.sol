// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditBase } from "./CreditBase.sol";
import { ICreditAggregator, Intent, Offer, Status } from "./ICreditAggregator.sol";
import { LoanMath, Payment } from "./LoanMath.sol";
import { IntentWords, OfferWords, Words } from "./OfferWords.sol";
import { Deal, Origination } from "./Origination.sol";
import { PackedLoan } from "./PackedLoan.sol";
import { LoanTerms } from "./PackedTerms.sol";
import { Tokens } from "./Tokens.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title Credit settlement, see {ICreditAggregator}: what is called often. {CreditServicing} answers everything else.
contract CreditAggregator is Origination, Initializable, UUPSUpgradeable {
    using Words for uint256;

    address private immutable SERVICING;

    /// @param manager Custodian whose aggregator is the proxy of this implementation.
    /// @param scoring The {ICreditScoringOracle} whose aggregator is that proxy.
    /// @param servicing_ {CreditServicing} with the same two.
    constructor(address manager, address scoring, address servicing_) CreditBase(manager, scoring) {
        SERVICING = servicing_;
        // Only the proxy may hold loans, since custody obeys no other address: here no asset is ever listed.
        _disableInitializers();
    }

    /// @notice Sets who administers; called once, in the transaction that upgrades the proxy to this implementation.
    /// @param owner_ See {ICreditAggregator-owner}.
    /// @param guardian_ See {ICreditAggregator-guardian}; may be zero.
    function initialize(address owner_, address guardian_) external initializer {
        if (owner_ == address(0)) revert ICreditAggregator.InvalidField("owner");
        AggregatorStorage storage $ = _storage();
        $.policy.owner = owner_;
        $.guard.guardian = guardian_;
        emit ICreditAggregator.OwnershipTransferred(address(0), owner_);
        emit ICreditAggregator.GuardianSet(guardian_);
    }

    /// @dev Everything that has no function here runs the code of {CreditServicing} on this storage.
    fallback() external {
        address servicing_ = SERVICING;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let ok := delegatecall(gas(), servicing_, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(ok) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }

    /// @notice See {ICreditAggregator-originate}.
    function originate(
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external returns (bytes32) {
        return _originate(Words.read(offer), lenderSignature, Words.read(intent), borrowerSignature);
    }

    /// @notice See {ICreditAggregator-repay}.
    function repay(bytes32 loanId, LoanTerms calldata terms, uint256 maxAmount)
        external
        returns (uint256 paid, uint256 outstandingAfter)
    {
        AggregatorStorage storage $ = _storage();
        PackedLoan state = _activeLoan($, loanId, terms);
        Payment memory payment = LoanMath.paymentOf(state, terms, block.timestamp, maxAmount);
        (uint256 credit, uint256 held) = _sideOf($, loanId, terms, state);
        paid = payment.paid;
        outstandingAfter = state.outstanding() - payment.principal;
        if (paid == payment.debt) {
            _settleLast($, loanId, terms, state, payment, Status.Repaid, msg.sender);
            emit ICreditAggregator.Closed(loanId);
            _payLender(terms, msg.sender, paid);
            _releaseToBorrower($, loanId, terms, held);
        } else {
            _settlePart($, loanId, terms, state, payment, credit, held);
            _payLender(terms, msg.sender, paid);
        }
        if (state.hasHook()) _tellRepaid(loanId, terms, payment);
    }

    function _originate(
        OfferWords calldata offer,
        bytes calldata lenderSignature,
        IntentWords calldata intent,
        bytes calldata borrowerSignature
    ) private returns (bytes32) {
        if (intent.refinances != 0) {
            revert ICreditAggregator.RefinanceMismatch("refinances");
        }
        Deal memory deal = _check(offer, lenderSignature, intent, borrowerSignature);
        uint256 disbursed;
        unchecked {
            // The fee is a part of the principal.
            disbursed = deal.principal - deal.fee;
        }
        // An amount of 128 bits fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (int256(disbursed) < intent.minReceived) {
            // forge-lint: disable-next-line(unsafe-typecast)
            revert ICreditAggregator.ReceivedTooLittle(int256(disbursed), intent.minReceived);
        }
        address asset = offer.asset.toAddress();
        address lender = offer.lender.toAddress();
        if (!_admit(asset, lender, deal.principal)) return 0;
        _create(offer, intent, deal);

        // Collateral first: while money moves, the loan is whole. The money goes straight to the recipient who signed for
        // that asset; comparing what arrives there too would cost every loan 1,700 gas.
        uint256 pledged = _pledgedIn(deal);
        if (pledged != 0) _pullIntoCustody(offer.collateral.toAddress(), intent.borrower.toAddress(), pledged);
        Tokens.pull(asset, lender, intent.recipient.toAddress(), disbursed);
        if (deal.fee != 0) Tokens.pull(asset, lender, offer.feeRecipient.toAddress(), deal.fee);
        if (deal.mayHook) _offerHook(lender, intent.borrower.toAddress(), deal);
        return deal.loanId;
    }

    function _authorizeUpgrade(address) internal view override onlyOwner { }
}

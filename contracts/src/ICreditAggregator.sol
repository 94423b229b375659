// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice What a lender signs (EIP-712). One offer settles at most once, on one chain, in one contract.
/// @param lender Who pays the principal and receives every repayment; an account or an ERC-1271 contract.
/// @param borrower Who may take the offer; zero means anyone.
/// @param asset Token lent and repaid. It must not charge on transfer nor rebase.
/// @param collateral Token held until the debt is paid; zero (unsecured) is refused.
/// @param principal Base units of `asset` owed at the start, the fee included.
/// @param collateralAmount Base units of `collateral`.
/// @param installmentAmount Base units of `asset` due each period; the last installment is everything that is left.
/// @param ratePpm Simple yearly rate in parts per million, actual/365 counted by the second.
/// @param installments Number of installments, at least one.
/// @param period Seconds between due dates, counted from the start of the loan.
/// @param grace Seconds after a due date before an unpaid installment is missed.
/// @param lateFeeBps Part of the installment, in 1/10,000, owed once for each missed installment.
/// @param originationFeeBps Part of the principal, in 1/10,000, withheld from the borrower for `feeRecipient`.
/// @param feeRecipient Who receives the origination fee; may be zero only when there is no fee.
/// @param expiry Last second at which the offer can settle, Unix time.
/// @param epoch The lender's epoch; raising it cancels every offer signed under the former one.
/// @param nonce Any number not used before by this lender in this epoch; order is free. Those below 192 cost 2,100 gas less.
struct Offer {
    address lender;
    address borrower;
    address asset;
    address collateral;
    uint128 principal;
    uint128 collateralAmount;
    uint128 installmentAmount;
    uint32 ratePpm;
    uint16 installments;
    uint32 period;
    uint32 grace;
    uint16 lateFeeBps;
    uint16 originationFeeBps;
    address feeRecipient;
    uint40 expiry;
    uint64 epoch;
    uint256 nonce;
}

/// @notice What a borrower signs (EIP-712) to accept exactly one offer.
/// @param offerHash EIP-712 digest of the offer, see {ICreditAggregator-hashOffer}.
/// @param borrower Who gives the collateral and owes the debt.
/// @param recipient Who receives the money.
/// @param minReceived Least base units of `asset` that must reach `recipient`.
/// @param deadline Last second at which the intent can settle, Unix time.
struct Intent {
    bytes32 offerHash;
    address borrower;
    address recipient;
    uint256 minReceived;
    uint40 deadline;
}

/// @notice The terms of a live loan: the offer word for word, with the actual borrower, then two words of its own. They are
/// not stored: the loan id commits to them, the {ICreditAggregator-Terms} event publishes them, callers pass them back.
/// @param borrower The actual borrower, also when the offer was open to anyone.
/// @param openOffer True when the offer named no borrower.
/// @param start Time of origination, Unix time.
struct LoanTerms {
    address lender;
    address borrower;
    address asset;
    address collateral;
    uint128 principal;
    uint128 collateralAmount;
    uint128 installmentAmount;
    uint32 ratePpm;
    uint16 installments;
    uint32 period;
    uint32 grace;
    uint16 lateFeeBps;
    uint16 originationFeeBps;
    address feeRecipient;
    uint40 expiry;
    uint64 epoch;
    uint256 nonce;
    bool openOffer;
    uint40 start;
}

/// @notice A loan only moves from `None` to `Active` and from there to one final status.
enum Status {
    None,
    Active,
    Repaid,
    Defaulted
}

/// @notice The one storage slot of a loan.
/// @param outstanding Unpaid principal in base units of `asset`; accrued interest and late fees come on top.
/// @param lastAccrual Time up to which interest and late fees are settled.
/// @param start Time of origination.
/// @param installmentsPaid Installments met so far; all of them once the loan is repaid.
/// @param status See {Status}.
/// @param hasCredit True when part of the next installment is already paid, see {ICreditAggregator-installmentCredit}.
struct Loan {
    uint128 outstanding;
    uint40 lastAccrual;
    uint40 start;
    uint16 installmentsPaid;
    Status status;
    bool hasCredit;
}

/// @title Credit settlement: what was quoted is what is executed, or nothing is.
/// @notice Matches a lender's signed offer with a borrower's signed intent: collateral goes into custody and the principal to
/// the borrower in one transaction; repayments go straight to the lender and the last one frees the collateral.
/// @dev Everybody approves this contract: the lender for the principal, the borrower for the collateral, whoever repays for the
/// payment. Amounts are base units of the token, times are Unix seconds.
///
/// Assumptions on tokens: a transfer moves exactly the amount asked, balances change only by transfers, and calls do not
/// consume unbounded gas. A token without a return value works. Collateral that charges on transfer is refused at origination;
/// an asset that does is not detected, and its charge is borne by whoever receives.
/// A token whose issuer blocks the lender or the borrower can stop that one loan from closing, and no other.
///
/// Rounding: interest is rounded up at each payment, in favor of the lender, by less than one base unit. The origination
/// fee is rounded down, the late fee up.
interface ICreditAggregator {
    event Originated(
        bytes32 indexed loanId,
        address indexed lender,
        address indexed borrower,
        bytes32 offerHash,
        uint256 disbursed,
        uint256 fee
    );
    /// @notice Emitted beside `Originated`; the only publication of the terms that later calls must bring.
    event Terms(bytes32 indexed loanId, LoanTerms terms);
    /// @param outstanding Unpaid principal after this payment.
    event Repaid(
        bytes32 indexed loanId, address payer, uint256 lateFee, uint256 interest, uint256 principal, uint256 outstanding
    );
    /// @notice The debt is zero and the collateral is back with the borrower.
    event Closed(bytes32 indexed loanId);
    /// @param outstanding Unpaid principal at default; the collateral went to the lender.
    event Defaulted(bytes32 indexed loanId, uint256 outstanding);
    event OfferCancelled(address indexed lender, uint256 nonce);
    event EpochBumped(address indexed lender, uint64 epoch);
    event OriginationPausedSet(bool paused);

    /// @notice This offer was already taken by this borrower; the first settlement stands.
    error AlreadySettled(bytes32 loanId);
    /// @notice The offer was cancelled, or taken by another borrower.
    error NonceUsed(address lender, uint256 nonce);
    error StaleEpoch(uint64 given, uint64 current);
    error OriginationPaused();
    error OfferExpired(uint40 expiry);
    error IntentExpired(uint40 deadline);
    error OfferHashMismatch(bytes32 expected, bytes32 given);
    error BorrowerMismatch(address expected, address given);
    /// @param name The refused field as a left-aligned ASCII word, such as "principal".
    error InvalidField(bytes32 name);
    /// @notice The installment would not even pay the interest of one period.
    error InstallmentBelowInterest(uint256 installment, uint256 minimum);
    /// @notice The token charged on transfer or moved another amount than asked; figures are custody's balances after it.
    error CollateralMismatch(address token, uint256 expected, uint256 held);
    error ReceivedTooLittle(uint256 received, uint256 minimum);
    /// @notice Neither an ECDSA signature by `signer` nor accepted by it under ERC-1271.
    error InvalidSignature(address signer, bytes32 digest);
    /// @notice The terms passed in are not those of this loan.
    error TermsMismatch(bytes32 loanId);
    error LoanNotActive(bytes32 loanId, Status status);
    /// @notice Every payment must settle the late fees and the interest accrued so far.
    error PaymentTooSmall(uint256 offered, uint256 minimum);
    error NotInDefault(bytes32 loanId, uint256 graceEnds);
    error NotOwner(address caller);

    /// @notice Settles one offer with one intent: collateral from the borrower into custody, principal less fee from the lender
    /// to the recipient, fee from the lender to the fee recipient. Anyone may submit it; both signatures are always needed.
    /// @dev A signature is tried as a 65-byte ECDSA signature first and through ERC-1271 after.
    /// @return loanId See {loanIdOf}.
    function originate(
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external returns (bytes32 loanId);

    /// @notice Pays `min(maxAmount, payoff)` from the caller to the lender: late fees first, then interest, then principal. What
    /// exceeds the late fees counts toward the schedule, also ahead of time; it may meet several installments at once.
    /// Paying the whole payoff closes the loan and releases the collateral to the borrower. Never pausable.
    /// @dev Use `type(uint256).max` to pay off without knowing the exact second of inclusion.
    /// @return paid Base units taken from the caller.
    /// @return outstandingAfter Unpaid principal after the payment; zero means closed.
    function repay(bytes32 loanId, LoanTerms calldata terms, uint256 maxAmount)
        external
        returns (uint256 paid, uint256 outstandingAfter);

    /// @notice Once the next installment is unpaid after its due date and the grace period: the collateral goes to the lender
    /// and the loan ends. Anyone may call it.
    /// @dev The whole collateral is seized, whatever part of the debt was paid.
    function markDefault(bytes32 loanId, LoanTerms calldata terms) external;

    /// @notice Makes the caller's offers of the present epoch with this nonce worthless; reverts with `NonceUsed` when it comes too late.
    function cancelOffer(uint256 nonce) external;

    /// @notice Makes every offer of the caller signed under an older epoch worthless.
    /// @return The epoch that new offers must carry.
    function bumpEpoch() external returns (uint64);

    /// @notice Stops or resumes new loans; live loans are not touched. Only for the owner.
    function setOriginationPaused(bool paused) external;

    /// @notice keccak256 of the ABI encoding of both arguments.
    function loanIdOf(bytes32 offerHash, address borrower) external pure returns (bytes32);

    /// @notice EIP-712 digest that the lender signs.
    function hashOffer(Offer calldata offer) external view returns (bytes32);

    /// @notice EIP-712 digest that the borrower signs.
    function hashIntent(Intent calldata intent) external view returns (bytes32);

    /// @notice Everything owed at time `at` by an active loan: late fees, interest and unpaid principal.
    /// @dev A time before the last payment counts as the time of the last payment.
    function payoffAmount(bytes32 loanId, LoanTerms calldata terms, uint256 at) external view returns (uint256);

    /// @notice What meets the next unpaid installment when paid at time `at`, late fees and accrued interest included.
    /// @return amount Base units of `asset`; the payoff when it is the last installment.
    /// @return dueAt When that installment is due; the loan can be defaulted after `dueAt + grace`.
    function installmentDue(bytes32 loanId, LoanTerms calldata terms, uint256 at)
        external
        view
        returns (uint256 amount, uint40 dueAt);

    function loan(bytes32 loanId) external view returns (Loan memory);

    /// @notice Base units already paid toward the next installment; zero unless a payment met only part of one.
    function installmentCredit(bytes32 loanId) external view returns (uint256);

    /// @notice Whether the nonce was taken or cancelled in the lender's present epoch.
    function isNonceUsed(address lender, uint256 nonce) external view returns (bool);

    function epochOf(address lender) external view returns (uint64);

    function originationPaused() external view returns (bool);

    /// @notice May pause originations and upgrade; has no power over live loans or balances but through an upgrade.
    function owner() external view returns (address);

    /// @notice The custodian that holds the collateral.
    function collateralManager() external view returns (address);
}

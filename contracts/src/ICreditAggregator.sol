// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditAttestation } from "./ICreditScoringOracle.sol";
import { LoanTerms } from "./PackedTerms.sol";

/// @notice What a lender signs (EIP-712): one offer, on one chain, in one contract.
/// @param lender Who pays the principal and receives every repayment; an account or an ERC-1271 contract.
/// @param borrower Who may take the offer; zero means anyone.
/// @param asset Token lent and repaid. It must not charge on transfer nor rebase.
/// @param collateral Token held until the debt is paid; zero when the loan is unsecured.
/// @param oracle {IPriceOracle} that values the collateral; zero when no rule of the loan depends on a price.
/// @param principal Base units of `asset` owed at the start, the fee included; of a reusable offer, the most lent in all.
/// @param minFill Zero: the offer settles once and whole. Otherwise it may settle in parts, each of at least this principal, with
/// collateral and installment in proportion, rounded up.
/// @param collateralAmount Base units of `collateral` for the whole principal.
/// @param installmentAmount Base units of `asset` due each period for the whole principal; the last installment is everything
/// that is left.
/// @param ratePpm Simple yearly rate in parts per million, actual/365 counted by the second.
/// @param installments Number of installments, at least one.
/// @param period Seconds between due dates, counted from the start of the loan.
/// @param grace Seconds after a due date before an unpaid installment is missed.
/// @param lateFeeBps Part of the installment, in 1/10,000, owed once for each missed installment.
/// @param originationFeeBps Part of the principal, in 1/10,000, withheld from the borrower for `feeRecipient`.
/// @param liquidationLtvBps Debt over value of the collateral, in 1/10,000, above which anyone may liquidate; zero exactly when
/// there is no oracle.
/// @param liquidationBonusBps What a liquidator gets above what it repays, in 1/10,000, at most 2,000; zero without an oracle.
/// @param attestationPolicy Policy of {ICreditScoringOracle} that an attestation must meet; zero means none is needed.
/// @param feeRecipient Who receives the origination fee; may be zero only when there is no fee.
/// @param expiry Last second at which the offer can settle, Unix time.
/// @param epoch The lender's epoch; raising it cancels every offer signed under the former one.
/// @param nonce Any number not used before by this lender in this epoch; order is free. Those below 192 cost 2,100 gas less. A
/// reusable offer leaves it unused; cancelling it ends the offer.
struct Offer {
    address lender;
    address borrower;
    address asset;
    address collateral;
    address oracle;
    uint128 principal;
    uint128 minFill;
    uint128 collateralAmount;
    uint128 installmentAmount;
    uint32 ratePpm;
    uint16 installments;
    uint32 period;
    uint32 grace;
    uint16 lateFeeBps;
    uint16 originationFeeBps;
    uint16 liquidationLtvBps;
    uint16 liquidationBonusBps;
    uint32 attestationPolicy;
    address feeRecipient;
    uint40 expiry;
    uint64 epoch;
    uint256 nonce;
}

/// @notice What a borrower signs (EIP-712) to take one offer once.
/// @param offerHash EIP-712 digest of the offer, see {ICreditAggregator-hashOffer}.
/// @param borrower Who gives the collateral and owes the debt.
/// @param recipient Who receives the money.
/// @param principal Base units of `asset` to borrow: the offer's whole principal, or a part of a reusable offer.
/// @param minReceived Least base units of `asset` that must reach `recipient`. Below zero, for a refinancing only: the most that the
/// borrower pays in.
/// @param deadline Last second at which the intent can settle, Unix time.
/// @param attestation Id of the attestation to draw on; zero when the offer asks for none.
/// @param refinances Loan that the new one repays; zero for a loan of its own.
struct Intent {
    bytes32 offerHash;
    address borrower;
    address recipient;
    uint128 principal;
    int256 minReceived;
    uint40 deadline;
    bytes32 attestation;
    bytes32 refinances;
}

/// @notice A loan only moves from `None` to `Active` and from there to one final status.
enum Status {
    None,
    Active,
    Repaid,
    Defaulted,
    Liquidated,
    Refinanced
}

/// @notice The storage slot of a loan.
/// @param outstanding Unpaid principal in base units of `asset`; accrued interest and late fees come on top. What a final loan
/// still shows is the lender's loss.
/// @param lastAccrual Time up to which interest and late fees are settled.
/// @param start Time of origination.
/// @param installmentsPaid Installments met so far; all of them once the loan is repaid.
/// @param status See {Status}.
/// @param hasSide True when the second slot counts: a part of the next installment is paid already, or the collateral held is
/// not that of the terms.
/// @param hasHook True when the lender is a contract that wants to be told, see {ICreditHook}.
struct Loan {
    uint128 outstanding;
    uint40 lastAccrual;
    uint40 start;
    uint16 installmentsPaid;
    Status status;
    bool hasSide;
    bool hasHook;
}

/// @notice The breaker of an asset.
/// @param cap Most base units that may be lent within an hour; zero: the asset is not listed.
/// @param used Lent since `windowStart`.
/// @param windowStart When the present hour began, Unix time.
/// @param paused No new loan of this asset; set by the guardian, or by the breaker itself.
struct AssetPolicy {
    uint104 cap;
    uint104 used;
    uint40 windowStart;
    bool paused;
}

/// @notice Permit2's `PermitDetails` and `PermitSingle`, word for word.
struct PermitDetails {
    address token;
    uint160 amount;
    uint48 expiration;
    uint48 nonce;
}

struct PermitSingle {
    PermitDetails details;
    address spender;
    uint256 sigDeadline;
}

/// @title Credit settlement: what was quoted is what is executed, or nothing is.
/// @notice Matches a lender's signed offer with a borrower's signed intent: collateral goes into custody and the principal to
/// the borrower in one transaction; repayments go straight to the lender and the last one frees the collateral.
/// @dev Everybody approves this contract, directly or through Permit2: the lender for the principal, the borrower for the
/// collateral, whoever repays for the payment. Amounts are base units of the token, times are Unix seconds.
///
/// Two contracts stand behind the proxy: {CreditAggregator} with what is called often, and {CreditServicing}, to which it passes
/// on everything else. Callers see one interface at one address.
///
/// Signatures: the party that sends the transaction needs none. Others sign by ECDSA (65 bytes), by ERC-1271, or, a lender only,
/// one tree of offers for many chains: 65 bytes of an ECDSA signature of `OfferTree(bytes32 root)` in a domain of name and
/// version alone, followed by the proof of the offer's digest, 32 bytes for each level, pairs sorted.
///
/// Assumptions on tokens: a transfer moves exactly the amount asked, balances change only by transfers, and calls do not
/// consume unbounded gas. A token without a return value works. Collateral that charges on transfer is refused at origination;
/// an asset that does is not detected, and its charge is borne by whoever receives. A token that refuses to pay out to the
/// borrower or to the lender does not keep the loan from closing: custody keeps the amount until they claim it elsewhere.
///
/// Rounding: interest is rounded up at each payment, in favor of the lender, by less than one base unit. The origination
/// fee is rounded down, the late fee up.
interface ICreditAggregator {
    /// @notice A loan began; the only publication of the terms that later calls must bring.
    /// @param fee Withheld from `principal` for the fee recipient.
    event Originated(
        bytes32 indexed loanId,
        address indexed lender,
        address indexed borrower,
        bytes32 offerHash,
        uint256 principal,
        uint256 fee,
        LoanTerms terms
    );
    /// @param outstanding Unpaid principal after this payment.
    event Repaid(
        bytes32 indexed loanId, address payer, uint256 lateFee, uint256 interest, uint256 principal, uint256 outstanding
    );
    /// @notice The debt is zero and the collateral is back with the borrower, or waits to be claimed.
    event Closed(bytes32 indexed loanId);
    /// @notice The old loan ended by the new one; its payment is a `Repaid` beside this event.
    event Refinanced(bytes32 indexed loanId, bytes32 indexed newLoanId);
    /// @notice A liquidator paid; the payment is a `Repaid` beside this event.
    /// @param late True when a missed installment allowed it; false when the value of the collateral did.
    /// @param seized Base units of collateral to the liquidator.
    /// @param returned Base units of collateral back to the borrower; only when the loan ended.
    /// @param shortfall Debt that nothing is left to pay, charges included; above zero only when the loan ended.
    event Liquidated(
        bytes32 indexed loanId,
        address indexed liquidator,
        bool late,
        uint256 seized,
        uint256 returned,
        uint256 shortfall
    );
    /// @param outstanding Unpaid principal at default.
    /// @param seized Base units of collateral to the lender.
    /// @param returned Base units of collateral back to the borrower.
    event Defaulted(bytes32 indexed loanId, uint256 outstanding, uint256 seized, uint256 returned);
    /// @param held Base units of collateral of the loan after the change.
    event CollateralChanged(bytes32 indexed loanId, address indexed by, uint256 held);
    /// @notice The collateral token refused the borrower; see {claimCollateral}.
    event CollateralKept(bytes32 indexed loanId, uint256 amount);
    event CollateralClaimed(bytes32 indexed loanId, address to, uint256 amount);
    /// @notice The asset refused the lender; see {claimPayment}.
    event PaymentKept(address indexed lender, address indexed asset, uint256 amount);
    event PaymentClaimed(address indexed lender, address indexed asset, address to, uint256 amount);
    event OfferCancelled(address indexed lender, uint256 nonce);
    event EpochBumped(address indexed lender, uint64 epoch);
    event AssetCapSet(address indexed asset, uint256 cap);
    event OriginationPausedSet(address indexed asset, bool paused);
    /// @notice The loan that would have exceeded the hour's cap did not settle, and none will until the owner resumes.
    event BreakerTripped(address indexed asset, uint256 used, uint256 refused, uint256 cap);
    /// @notice Liquidations and defaults by price are possible again from that time on.
    event LiquidationResumesAt(uint40 time);
    event GuardianSet(address guardian);
    event OwnershipTransferred(address indexed from, address indexed to);

    /// @notice This intent was settled before; the first settlement stands.
    error AlreadySettled(bytes32 loanId);
    /// @notice The offer was cancelled, or taken by another borrower.
    error NonceUsed(address lender, uint256 nonce);
    error StaleEpoch(uint64 given, uint64 current);
    error OriginationPaused(address asset);
    /// @notice One loan above what may be lent within an hour; an asset that is not listed has a cap of zero.
    error AboveHourlyCap(address asset, uint256 principal, uint256 cap);
    error OfferExpired(uint40 expiry);
    error IntentExpired(uint40 deadline);
    error OfferHashMismatch(bytes32 expected, bytes32 given);
    error BorrowerMismatch(address expected, address given);
    /// @notice The intent asks for a principal that the offer does not allow; `left` is what it still lends.
    error FillOutOfRange(uint256 asked, uint256 left);
    /// @param name The refused field as a left-aligned ASCII word, such as "principal".
    error InvalidField(bytes32 name);
    /// @notice The installment would not even pay the interest of one period.
    error InstallmentBelowInterest(uint256 installment, uint256 minimum);
    /// @notice The token charged on transfer or moved another amount than asked; figures are custody's balances after it.
    error CollateralMismatch(address token, uint256 expected, uint256 held);
    error ReceivedTooLittle(int256 received, int256 minimum);
    /// @notice Neither an ECDSA signature by `signer`, of the digest or of a tree with it, nor accepted by it under ERC-1271.
    error InvalidSignature(address signer, bytes32 digest);
    /// @notice Neither the allowance of this contract nor that of Permit2 let the token be taken.
    error TransferFailed(address token, address from);
    /// @notice The terms passed in are not those of this loan.
    error TermsMismatch(bytes32 loanId);
    error LoanNotActive(bytes32 loanId, Status status);
    /// @notice Every payment must settle the late fees and the interest accrued so far.
    error PaymentTooSmall(uint256 offered, uint256 minimum);
    error NotInDefault(bytes32 loanId, uint256 graceEnds);
    /// @notice No installment is missed, and the debt is within `limitBps` of the value of the collateral.
    error LoanHealthy(bytes32 loanId, uint256 ltvBps, uint256 limitBps);
    /// @notice The collateral would be worth too little for the debt.
    error CollateralTooLow(uint256 ltvBps, uint256 limitBps);
    /// @notice Collateral stays while an installment is unpaid after its grace period.
    error InstallmentMissed(bytes32 loanId);
    error LiquidationPaused(uint40 until);
    error SeizedTooLittle(uint256 seized, uint256 minimum);
    /// @notice A refinancing keeps borrower, asset and collateral token.
    error RefinanceMismatch(bytes32 name);
    error NothingToClaim();
    error NotBorrower(address caller);
    error NotOwner(address caller);
    /// @notice The guardian may only lower a cap, pause, or end a pause of liquidations.
    error NotGuardian(address caller);
    /// @notice So little gas that the lender's hook could fail for want of it.
    error GasTooLow(uint256 needed);

    // --- origination

    /// @notice Settles an offer with an intent: collateral from the borrower into custody, principal less fee from the lender
    /// to the recipient, fee from the lender to the fee recipient. Anyone may submit it.
    /// @return loanId See {loanIdOf}. Zero: the loan would have exceeded the hour's cap; nothing moved, and the asset is paused.
    function originate(
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external returns (bytes32 loanId);

    /// @notice A new loan repays an old one of the same borrower, asset and collateral token in the same transaction. The
    /// collateral stays in custody; only a difference between what the old loan holds and the new one needs moves. Of the new
    /// principal less fee, the old lender gets the old payoff and the recipient the rest; the borrower pays what is missing, at
    /// most `-intent.minReceived`.
    /// @param oldLoanId Must be `intent.refinances`.
    function refinance(
        bytes32 oldLoanId,
        LoanTerms calldata oldTerms,
        Offer calldata offer,
        bytes calldata lenderSignature,
        Intent calldata intent,
        bytes calldata borrowerSignature
    ) external returns (bytes32 loanId);

    /// @notice Makes the caller's offers of the present epoch with this nonce worthless; reverts with `NonceUsed` when it comes too late.
    function cancelOffer(uint256 nonce) external;

    /// @notice Makes every offer of the caller signed under an older epoch worthless.
    /// @return The epoch that new offers must carry.
    function bumpEpoch() external returns (uint64);

    // --- servicing

    /// @notice Pays `min(maxAmount, payoff)` from the caller to the lender: late fees first, then interest, then principal. What
    /// exceeds the late fees counts toward the schedule, also ahead of time; it may meet several installments at once.
    /// Paying the whole payoff closes the loan and releases the collateral to the borrower. Never pausable; anyone may pay.
    /// @dev Use `type(uint256).max` to pay off without knowing the exact second of inclusion.
    /// @return paid Base units taken from the caller.
    /// @return outstandingAfter Unpaid principal after the payment; zero means closed.
    function repay(bytes32 loanId, LoanTerms calldata terms, uint256 maxAmount)
        external
        returns (uint256 paid, uint256 outstandingAfter);

    /// @notice Pays the whole payoff with the help of the collateral: releases it to `receiver`, calls
    /// {IRepayCallback-onCollateralReleased} there, then takes the payoff from `receiver`. Only for the borrower.
    function repayWithCollateral(bytes32 loanId, LoanTerms calldata terms, address receiver, bytes calldata data)
        external
        returns (uint256 paid);

    /// @notice Takes up to `maxRepay` of the debt from the caller for the lender and gives the caller collateral of that value plus
    /// the bonus. Allowed when an installment is missed past its grace period, or when debt over value exceeds
    /// `liquidationLtvBps`. Paying the whole debt ends the loan and returns the rest of the collateral to the borrower; so does
    /// taking all of the collateral, and what is unpaid then is the lender's shortfall. Only loans with an oracle.
    /// @param minCollateral Least base units of collateral to receive.
    /// @param data When not empty, {ILiquidateCallback-onLiquidation} of the caller runs between collateral and payment.
    /// @return repaid Base units of asset taken from the caller.
    /// @return seized Base units of collateral given to the caller.
    function liquidate(
        bytes32 loanId,
        LoanTerms calldata terms,
        uint256 maxRepay,
        uint256 minCollateral,
        bytes calldata data
    ) external returns (uint256 repaid, uint256 seized);

    /// @notice Once the next installment is unpaid after its due date and the grace period: the loan ends. Anyone may call it.
    /// @dev Without an oracle the whole collateral goes to the lender. With one, collateral worth the debt does, and the rest
    /// returns to the borrower; should the oracle have no price for 30 days past the grace period, the whole goes to the lender.
    function markDefault(bytes32 loanId, LoanTerms calldata terms) external;

    /// @notice Adds collateral from the caller to an active loan.
    function addCollateral(bytes32 loanId, LoanTerms calldata terms, uint128 amount) external;

    /// @notice Gives back collateral of an active loan with no missed installment. Only for the borrower.
    /// @dev With an oracle the debt must stay within nine tenths of `liquidationLtvBps`; without one the collateral must stay at
    /// or above that of the terms.
    function withdrawCollateral(bytes32 loanId, LoanTerms calldata terms, uint128 amount, address to) external;

    /// @notice Collateral of an ended loan that the token refused to give the borrower. Only for the borrower.
    function claimCollateral(bytes32 loanId, LoanTerms calldata terms, address to) external returns (uint256 amount);

    /// @notice Payments to the caller that the asset refused; custody holds them.
    function claimPayment(address asset, address to) external returns (uint256 amount);

    // --- steps of one transaction

    /// @notice Runs several calls of this contract as one, all or none; results in order.
    function multicall(bytes[] calldata calls) external returns (bytes[] memory results);

    /// @notice ERC-2612 permit for this contract; does not revert when it fails, since anyone may have used it before us.
    function permit(address token, address owner, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;

    /// @notice Permit2 allowance for this contract; does not revert when it fails.
    function permit2(address owner, PermitSingle calldata permitSingle, bytes calldata signature) external;

    /// @notice Presents an attestation to the scoring oracle for an origination later in this transaction.
    function presentAttestation(CreditAttestation calldata attestation, bytes[] calldata signatures) external;

    // --- administration: no call here reaches a live loan, a balance or a signed offer

    /// @notice Most base units of `asset` that may be lent within an hour. The owner sets any; the guardian only lowers.
    function setAssetCap(address asset, uint104 cap) external;

    /// @notice Stops new loans of these assets. For the guardian and the owner.
    function pauseOrigination(address[] calldata assets) external;

    /// @notice Only for the owner: also after the breaker tripped.
    function resumeOrigination(address[] calldata assets) external;

    /// @notice Stops liquidations, and defaults of loans with an oracle, for seven days; a running pause cannot be prolonged. For the
    /// guardian and the owner.
    function pauseLiquidation() external;

    /// @notice Ends such a pause after one hour, in which borrowers can add collateral. For the guardian and the owner.
    function resumeLiquidation() external;

    /// @notice Only for the owner.
    function setGuardian(address guardian) external;

    /// @notice Only for the owner.
    function transferOwnership(address to) external;

    // --- views

    /// @notice The terms and the id that this offer and this intent give.
    function termsOf(Offer calldata offer, Intent calldata intent)
        external
        view
        returns (LoanTerms memory terms, bytes32 loanId);

    /// @notice keccak256 of the words of the terms.
    function loanIdOf(LoanTerms calldata terms) external pure returns (bytes32);

    /// @notice EIP-712 digest that the lender signs.
    function hashOffer(Offer calldata offer) external view returns (bytes32);

    /// @notice EIP-712 digest of a tree of offers for many chains, the same on all of them.
    function hashOfferTree(bytes32 root) external pure returns (bytes32);

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

    /// @notice Debt over value of the collateral now, in 1/10,000, rounded up; reverts when the oracle has no price.
    /// @return ltvBps All ones when the collateral is worth nothing.
    /// @return late Whether an installment is missed past its grace period.
    function healthOf(bytes32 loanId, LoanTerms calldata terms) external view returns (uint256 ltvBps, bool late);

    function loan(bytes32 loanId) external view returns (Loan memory);

    /// @notice Base units of collateral that custody holds for the loan.
    function collateralOf(bytes32 loanId, LoanTerms calldata terms) external view returns (uint256);

    /// @notice Base units already paid toward the next installment; zero unless a payment met only part of one.
    function installmentCredit(bytes32 loanId) external view returns (uint256);

    /// @notice Payments to `lender` that custody holds, see {claimPayment}.
    function keptPayment(address lender, address asset) external view returns (uint256);

    /// @notice Principal of a reusable offer lent so far.
    function filledOf(bytes32 offerHash) external view returns (uint256);

    /// @notice Whether the nonce was taken or cancelled in the lender's present epoch.
    function isNonceUsed(address lender, uint256 nonce) external view returns (bool);

    function epochOf(address lender) external view returns (uint64);

    function policyOf(address asset) external view returns (AssetPolicy memory);

    /// @notice From when on liquidations are possible; a time in the past means now.
    function liquidationResumesAt() external view returns (uint40);

    /// @notice May raise caps, resume and upgrade: meant to be a timelock. It has no power over live loans or balances but through an
    /// upgrade.
    function owner() external view returns (address);

    /// @notice May only reduce risk.
    function guardian() external view returns (address);

    /// @notice The custodian that holds the collateral.
    function collateralManager() external view returns (address);

    /// @notice The {ICreditScoringOracle} that attestations are presented to.
    function scoringOracle() external view returns (address);

    /// @notice The {CreditServicing} that answers what {CreditAggregator} does not.
    function servicing() external view returns (address);
}

/// @notice A swap adapter or a wallet that repays a loan out of its collateral.
interface IRepayCallback {
    /// @notice The collateral is here; `owed` base units of `asset` are taken from this contract when the call returns.
    /// @dev Any borrower may name this contract as the receiver: one with an allowance or money of its own must check for whom it
    /// pays.
    /// @return The selector of this function: without it the call fails, since the receiver did not agree to pay.
    function onCollateralReleased(
        bytes32 loanId,
        address asset,
        uint256 owed,
        address collateral,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4);
}

/// @notice A liquidator that sells the collateral before it pays.
interface ILiquidateCallback {
    /// @notice The collateral is here; `owed` base units of `asset` are taken from this contract when the call returns.
    function onLiquidation(
        bytes32 loanId,
        address asset,
        uint256 owed,
        address collateral,
        uint256 amount,
        bytes calldata data
    ) external;
}

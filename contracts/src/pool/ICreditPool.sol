// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Offer } from "../ICreditAggregator.sol";
import { ICreditHook } from "../ICreditHook.sol";
import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice How a pool begins. What has no setter stays for ever.
/// @param asset Token that lenders deposit and that the pool lends; 0 to 24 decimals. It must not charge on transfer nor rebase.
/// @param owner Sets policy and terms of the tranches: meant to be a timelock.
/// @param guardian May only reduce risk; zero means nobody.
/// @param underwriter Key whose signature makes an offer one of the pool's; zero means nobody.
/// @param oracle {IPriceOracle} that every secured offer must name and that prices seized collateral; may be zero.
/// @param seniorRatePpm Target of the senior tranche, parts per million a year, at most 1,000,000.
/// @param minJuniorBps Least part of the pool's value that is junior, in 1/10,000, 1 to 9,999.
/// @param saleDiscountBps What a buyer of seized collateral pays less than the oracle's price, in 1/10,000, at most 2,000.
/// @param smoothing Seconds over which income reaches the price of junior shares, 1 to 90 days.
/// @param label Last word of the names of the share tokens, such as "USDC".
struct PoolConfig {
    address asset;
    address owner;
    address guardian;
    address underwriter;
    address oracle;
    uint32 seniorRatePpm;
    uint16 minJuniorBps;
    uint16 saleDiscountBps;
    uint32 smoothing;
    string label;
}

/// @notice What the pool lends to. Amounts are base units of the asset. All zero lends nothing.
/// @param maxPrincipal Most principal of one loan.
/// @param maxExposure Most unpaid principal of one borrower.
/// @param lendingLimit Most unpaid principal of all loans of this pool, which is on one chain.
/// @param minRatePpm Least yearly rate, parts per million.
/// @param maxTerm Most seconds from origination to the end of the last grace period.
/// @param feeRecipient The only recipient of an origination fee; zero means offers with a fee are refused.
struct LendingPolicy {
    uint128 maxPrincipal;
    uint128 maxExposure;
    uint128 lendingLimit;
    uint32 minRatePpm;
    uint32 maxTerm;
    address feeRecipient;
}

/// @notice Bounds for one collateral token, in 1/10,000; zero `maxLtvBps` means that it is not accepted.
/// @param maxLtvBps Most principal over value of the collateral at origination.
/// @param maxLiquidationLtvBps Highest liquidation limit that an offer may grant.
struct CollateralLimits {
    uint16 maxLtvBps;
    uint16 maxLiquidationLtvBps;
}

/// @notice Shares that wait to be redeemed.
/// @param owner Who asked and may cancel; zero once it is paid or cancelled.
/// @param sequence Place in the order of all requests of the pool.
/// @param receiver Who gets the money.
/// @param shares What is still unpaid of the request.
struct Request {
    address owner;
    uint64 sequence;
    address receiver;
    uint256 shares;
}

/// @title Liquidity of many lenders, lent through the same offers as anyone's.
/// @notice Lenders hold shares of one of two tranches. The senior one earns a target rate, the junior one what is left, and
/// losses reach the senior one only when the junior one is gone. Offers are signed by the underwriter's key and become valid
/// by ERC-1271, as long as they keep to the policy at the moment they settle.
/// @dev Books: value = cash + lent, both counted by the pool itself, so tokens sent to it never move a price. A loan counts at
/// par until it is paid or lost; income counts when it is paid. Senior is worth the lesser of value and its claim (capital and
/// simple interest by time), junior the rest, of which recent income enters the price of junior shares evenly over `smoothing`
/// seconds: otherwise a borrower could buy junior shares, pay interest and sell them in one transaction, and take its own
/// interest back. While seized collateral waits to be sold, whose value the books do not show, junior takes no deposits.
///
/// `cash` includes payments that the asset refused to deliver and the aggregator's custody keeps; {collectKept} fetches them.
///
/// The aggregator calls the hooks with enough gas or reverts, so no loan can slip past the books, and there is no repair of them.
///
/// No reentrancy lock: every function first takes what comes in, then reads and writes the books, then sends, so that a token
/// that calls back finds nothing half done. Hooks could not be locked anyway, since what they revert with is ignored.
///
/// Clones of one implementation, never upgraded.
interface ICreditPool is ICreditHook, IERC1271 {
    event Deposited(bool indexed senior, uint256 assets);
    event Withdrawn(bool indexed senior, address indexed receiver, uint256 assets);
    event LoanAdded(bytes32 indexed loanId, address indexed borrower, uint256 principal);
    event LoanPaid(bytes32 indexed loanId, address indexed borrower, uint256 principal, uint256 income);
    event LoanLost(
        bytes32 indexed loanId, address indexed borrower, uint256 lost, address indexed collateral, uint256 seized
    );
    event RedeemRequested(
        bool indexed senior, uint256 indexed index, address indexed owner, address receiver, uint256 shares
    );
    event RedeemCancelled(bool indexed senior, uint256 indexed index, uint256 shares);
    /// @param assets Base units of asset for the shares; part of a request may be paid.
    event RedeemPaid(bool indexed senior, uint256 indexed index, uint256 shares, uint256 assets);
    /// @notice The asset refused the receiver of a request; see {claim}.
    event PaymentHeld(address indexed owner, uint256 assets);
    event PaymentClaimed(address indexed owner, address to, uint256 assets);
    event CollateralSold(address indexed token, address indexed buyer, uint256 amount, uint256 paid);
    event CollateralTaken(address indexed token, address indexed seller, uint256 amount);
    event Recovered(address indexed token, address indexed seller, uint256 amount, uint256 proceeds);
    event KeptCollected(address indexed token, uint256 amount);
    event LendingPolicySet(LendingPolicy policy);
    event CollateralLimitsSet(address indexed token, CollateralLimits limits);
    event UnsecuredLimitSet(uint32 indexed attestationPolicy, uint256 maxPrincipal);
    event SeniorRateSet(uint256 ratePpm);
    event MinJuniorSet(uint256 bps);
    event SaleDiscountSet(uint256 bps);
    event OracleSet(address oracle);
    event UnderwriterSet(address underwriter);
    event LendingPausedSet(bool paused);
    event DepositsPausedSet(bool paused);
    event GuardianSet(address guardian);
    event OwnershipTransferred(address indexed from, address indexed to);

    /// @param name The refused field as a left-aligned ASCII word.
    error InvalidField(bytes32 name);
    error NotOwner(address caller);
    /// @notice The guardian may only lower limits, pause, cancel offers and remove the underwriter.
    error NotGuardian(address caller);
    error NotUnderwriter(address caller);
    error NotAggregator(address caller);
    error NotTranche(address caller);
    error NotSeller(address caller);
    error NotRequestOwner(address caller);
    /// @notice Less of the asset arrived than the books expect: it charges on transfer, or custody keeps a payment.
    error AssetMissing(uint256 expected, uint256 held);
    error NothingToClaim();
    error NotForSale(address token, uint256 asked, uint256 available);
    error PriceTooHigh(uint256 cost, uint256 maximum);
    /// @notice Collateral that the oracle prices is sold by {buyCollateral} alone.
    error OracleWorks(address token, uint256 price);
    /// @notice So little gas that the oracle could fail for want of it.
    error GasTooLow(uint256 needed);

    /// @notice Makes the tranches and lets the aggregator take the asset; called once, in the transaction that makes the clone.
    function initialize(PoolConfig calldata config) external;

    // --- lending

    /// @notice The clause of the policy that this offer breaks now, as a left-aligned ASCII word; zero when there is none.
    /// @dev In this order: paused, lender, asset, borrower, minFill, rate, term, principal, fee, collateral, oracle, attestation,
    /// liquidationLtv, ltv, exposure, limit, cash. An offer keeps to the policy either by collateral that the oracle values, or by an
    /// attestation policy that the pool accepts unsecured. Limits count a loan that the offer would refinance still as open.
    function refusalOf(Offer calldata offer) external view returns (bytes32 clause);

    /// @notice ERC-1271: whether `hash` is the aggregator's digest of an offer that the underwriter signed and the policy allows.
    /// @param signature abi.encode(Offer offer, bytes underwriterSignature), the latter 65 bytes of ECDSA over the digest.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4);

    /// @notice Makes the offers of the present epoch with this nonce worthless. For the underwriter, the guardian and the owner.
    function cancelOffer(uint256 nonce) external;

    /// @notice Makes every offer signed so far worthless. For the underwriter, the guardian and the owner.
    function bumpEpoch() external returns (uint64);

    // --- tranches

    /// @notice Books `assets` base units that the calling tranche moved here.
    function booked(uint256 assets) external;

    /// @notice Pays `assets` base units for `shares` of `supply` that the calling tranche burned.
    function payOut(uint256 assets, uint256 shares, uint256 supply, address receiver) external;

    /// @notice Queues shares that the calling tranche moved here.
    /// @return index Place in the queue of that tranche.
    function enqueue(address owner, address receiver, uint256 shares) external returns (uint256 index);

    /// @notice Takes a request of `owner` out of the queue of the calling tranche, which gives back the shares.
    function dequeue(address owner, uint256 index) external returns (uint256 shares);

    /// @notice Base units that the shares of a tranche are worth together, rounded down.
    function trancheAssets(bool senior) external view returns (uint256);

    /// @notice Most that may be deposited now. Zero while deposits are paused or losses have reached senior; senior: what the junior
    /// share allows; junior: zero also while seized collateral is unsold or a share has lost 99.9 % of its first price.
    function depositLimit(bool senior) external view returns (uint256);

    /// @notice Most that may be withdrawn at once: cash; of junior, what its least share allows. Zero while a request waits that
    /// only lacks cash: nobody overtakes the queue.
    function withdrawLimit(bool senior) external view returns (uint256);

    // --- queue

    /// @notice Pays waiting requests from cash, each at the price of this moment, the oldest first; of one that the cash does not
    /// reach for, a part. A junior request that the least junior share forbids lets later senior ones pass. Anyone may call it.
    /// @param max Most requests to look at.
    /// @return steps Requests looked at.
    function processQueue(uint256 max) external returns (uint256 steps);

    /// @notice Money of the caller's requests that the asset refused to deliver to their receiver.
    function claim(address to) external returns (uint256 assets);

    /// @notice Requests at places `head` to `tail - 1` wait, some may be cancelled; `shares` wait in all.
    function queueOf(bool senior) external view returns (uint256 head, uint256 tail, uint256 shares);

    function requestOf(bool senior, uint256 index) external view returns (Request memory);

    /// @notice Base units held for the owner of paid requests, see {claim}.
    function claimable(address owner) external view returns (uint256);

    // --- seized collateral

    /// @notice Sells seized collateral to anyone at the oracle's price less the discount, rounded up. The caller approves the pool.
    /// @param maxCost Most base units of asset to pay.
    function buyCollateral(address token, uint256 amount, uint256 maxCost, address to) external returns (uint256 cost);

    /// @notice What {buyCollateral} would ask for.
    function saleCost(address token, uint256 amount) external view returns (uint256);

    /// @notice Gives seized collateral that the oracle has no price for to `seller`, who brings the proceeds by {recover}. For the owner.
    function takeCollateral(address token, uint256 amount, address seller) external;

    /// @notice Brings `proceeds` base units of asset from the caller for `amount` of what `seller` took. For the seller and the
    /// owner.
    function recover(address token, address seller, uint256 amount, uint256 proceeds) external;

    /// @notice Fetches what the aggregator's custody keeps for the pool. Anyone may call it.
    function collectKept(address token) external returns (uint256 amount);

    /// @notice Base units of a seized token that are for sale.
    function forSale(address token) external view returns (uint256);

    /// @notice Base units of a seized token that `seller` took and did not account for.
    function takenBy(address token, address seller) external view returns (uint256);

    // --- administration

    /// @notice The owner sets any; the guardian only a stricter one, with the fee recipient as it was or zero.
    function setLendingPolicy(LendingPolicy calldata policy) external;

    /// @notice The owner sets any up to 10,000, the liquidation limit not below the other; the guardian only lowers.
    function setCollateralLimits(address token, CollateralLimits calldata limits) external;

    /// @notice Most principal of one loan without collateral under an attestation policy; zero means none. The guardian only lowers.
    function setUnsecuredLimit(uint32 attestationPolicy, uint256 maxPrincipal) external;

    /// @notice Only for the owner; what accrued before stays.
    function setSeniorRate(uint256 ratePpm) external;

    /// @notice Only for the owner.
    function setMinJunior(uint256 bps) external;

    /// @notice Only for the owner.
    function setSaleDiscount(uint256 bps) external;

    /// @notice Only for the owner; live loans keep the oracle of their terms.
    function setOracle(address oracle) external;

    /// @notice The owner sets any; the guardian only removes.
    function setUnderwriter(address underwriter) external;

    /// @notice No offer is valid while paused. The guardian only pauses.
    function setLendingPaused(bool paused) external;

    /// @notice The guardian only pauses. Withdrawals cannot be paused.
    function setDepositsPaused(bool paused) external;

    /// @notice Only for the owner.
    function setGuardian(address guardian) external;

    /// @notice Only for the owner.
    function transferOwnership(address to) external;

    // --- views

    /// @notice cash + lent.
    function value() external view returns (uint256);

    /// @notice The lesser of value and the senior claim.
    function seniorAssets() external view returns (uint256);

    /// @notice Value less senior, income that does not yet count in the price of shares included.
    function juniorAssets() external view returns (uint256);

    /// @notice What senior would be worth if nothing had been lost, rounded down.
    function seniorClaim() external view returns (uint256);

    /// @notice Income that does not yet count in the price of junior shares, rounded up.
    function pendingIncome() external view returns (uint256);

    function cash() external view returns (uint256);

    /// @notice Cash that no waiting request needs at present prices.
    function freeCash() external view returns (uint256);

    /// @notice Unpaid principal of all loans.
    function lent() external view returns (uint256);

    function exposureOf(address borrower) external view returns (uint256);

    function lendingPolicy() external view returns (LendingPolicy memory);

    function collateralLimits(address token) external view returns (CollateralLimits memory);

    function unsecuredLimit(uint32 attestationPolicy) external view returns (uint256);

    function seniorRate() external view returns (uint256);

    function minJuniorBps() external view returns (uint256);

    function saleDiscountBps() external view returns (uint256);

    function smoothing() external view returns (uint256);

    function lendingPaused() external view returns (bool);

    function depositsPaused() external view returns (bool);

    function asset() external view returns (address);

    function oracle() external view returns (address);

    function underwriter() external view returns (address);

    function owner() external view returns (address);

    function guardian() external view returns (address);

    function aggregator() external view returns (address);

    function seniorTranche() external view returns (address);

    function juniorTranche() external view returns (address);
}

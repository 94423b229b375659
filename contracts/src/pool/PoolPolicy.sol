// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Offer } from "../ICreditAggregator.sol";
import { IPriceOracle } from "../IPriceOracle.sol";
import { LoanMath } from "../LoanMath.sol";
import { CollateralLimits, LendingPolicy } from "./ICreditPool.sol";
import { PoolQueue } from "./PoolQueue.sol";
import { IERC1271 } from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Who may do what, and which offers are the pool's.
abstract contract PoolPolicy is PoolQueue {
    uint256 private constant MAX_SENIOR_RATE = 1_000_000;
    uint256 private constant MAX_SALE_DISCOUNT = 2_000;

    /// @dev The proxy of the aggregator, the same for every clone.
    address public immutable override aggregator;

    address public override owner;
    address public override guardian;
    address public override underwriter;
    bool public override lendingPaused;
    address public override oracle;
    uint256 public override saleDiscountBps;
    LendingPolicy private _policy;
    mapping(address token => CollateralLimits) private _collaterals;
    mapping(uint32 attestationPolicy => uint256) public override unsecuredLimit;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    /// @param aggregator_ The proxy of the aggregator.
    constructor(address aggregator_) {
        aggregator = aggregator_;
    }

    // --- offers

    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        (Offer memory offer, bytes memory byUnderwriter) = abi.decode(signature, (Offer, bytes));
        (address signer,,) = ECDSA.tryRecover(hash, byUnderwriter);
        bool valid = signer != address(0) && signer == underwriter
            && ICreditAggregator(aggregator).hashOffer(offer) == hash && _refusalOf(offer) == 0;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function refusalOf(Offer calldata offer) external view override returns (bytes32) {
        return _refusalOf(offer);
    }

    function cancelOffer(uint256 nonce) external override {
        _requireSigningSide();
        ICreditAggregator(aggregator).cancelOffer(nonce);
    }

    function bumpEpoch() external override returns (uint64) {
        _requireSigningSide();
        return ICreditAggregator(aggregator).bumpEpoch();
    }

    // --- administration

    function setLendingPolicy(LendingPolicy calldata next) external override {
        LendingPolicy memory p = _policy;
        bool stricter = next.maxPrincipal <= p.maxPrincipal && next.maxExposure <= p.maxExposure
            && next.lendingLimit <= p.lendingLimit && next.minRatePpm >= p.minRatePpm && next.maxTerm <= p.maxTerm
            && (next.feeRecipient == p.feeRecipient || next.feeRecipient == address(0));
        _requireOwnerUnless(stricter);
        // A fee to the pool itself would be in no book.
        if (next.feeRecipient == address(this)) revert InvalidField("feeRecipient");
        _policy = next;
        emit LendingPolicySet(next);
    }

    function setCollateralLimits(address token, CollateralLimits calldata next) external override {
        CollateralLimits memory c = _collaterals[token];
        _requireOwnerUnless(next.maxLtvBps <= c.maxLtvBps && next.maxLiquidationLtvBps <= c.maxLiquidationLtvBps);
        if (token == asset) revert InvalidField("token");
        if (next.maxLiquidationLtvBps > LoanMath.BPS) revert InvalidField("maxLiquidationLtvBps");
        if (next.maxLtvBps > next.maxLiquidationLtvBps) revert InvalidField("maxLtvBps");
        _collaterals[token] = next;
        emit CollateralLimitsSet(token, next);
    }

    function setUnsecuredLimit(uint32 attestationPolicy, uint256 maxPrincipal) external override {
        _requireOwnerUnless(maxPrincipal <= unsecuredLimit[attestationPolicy]);
        if (attestationPolicy == 0) revert InvalidField("attestationPolicy");
        unsecuredLimit[attestationPolicy] = maxPrincipal;
        emit UnsecuredLimitSet(attestationPolicy, maxPrincipal);
    }

    function setSeniorRate(uint256 ratePpm) external override onlyOwner {
        _accrue();
        _setSeniorRate(ratePpm);
    }

    function setMinJunior(uint256 bps) external override onlyOwner {
        _setMinJunior(bps);
    }

    function setSaleDiscount(uint256 bps) external override onlyOwner {
        _setSaleDiscount(bps);
    }

    function setOracle(address oracle_) external override onlyOwner {
        _setOracle(oracle_);
    }

    function setUnderwriter(address underwriter_) external override {
        _requireOwnerUnless(underwriter_ == address(0));
        _setUnderwriter(underwriter_);
    }

    function setLendingPaused(bool paused) external override {
        _requireOwnerUnless(paused);
        lendingPaused = paused;
        emit LendingPausedSet(paused);
    }

    function setDepositsPaused(bool paused) external override {
        _requireOwnerUnless(paused);
        depositsPaused = paused;
        emit DepositsPausedSet(paused);
    }

    function setGuardian(address guardian_) external override onlyOwner {
        _setGuardian(guardian_);
    }

    function transferOwnership(address to) external override onlyOwner {
        _setOwner(to);
    }

    // --- views

    function lendingPolicy() external view override returns (LendingPolicy memory) {
        return _policy;
    }

    function collateralLimits(address token) external view override returns (CollateralLimits memory) {
        return _collaterals[token];
    }

    // --- parts

    function _setSeniorRate(uint256 ratePpm) internal {
        if (ratePpm > MAX_SENIOR_RATE) revert InvalidField("seniorRatePpm");
        // forge-lint: disable-next-line(unsafe-typecast)
        _senior.ratePpm = uint32(ratePpm);
        emit SeniorRateSet(ratePpm);
    }

    function _setMinJunior(uint256 bps) internal {
        if (bps == 0 || bps >= LoanMath.BPS) revert InvalidField("minJuniorBps");
        // forge-lint: disable-next-line(unsafe-typecast)
        _senior.minJuniorBps = uint16(bps);
        emit MinJuniorSet(bps);
    }

    function _setSaleDiscount(uint256 bps) internal {
        if (bps > MAX_SALE_DISCOUNT) revert InvalidField("saleDiscountBps");
        saleDiscountBps = bps;
        emit SaleDiscountSet(bps);
    }

    function _setOracle(address oracle_) internal {
        oracle = oracle_;
        emit OracleSet(oracle_);
    }

    function _setUnderwriter(address underwriter_) internal {
        underwriter = underwriter_;
        emit UnderwriterSet(underwriter_);
    }

    function _setGuardian(address guardian_) internal {
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    function _setOwner(address to) internal {
        if (to == address(0)) revert InvalidField("owner");
        emit OwnershipTransferred(owner, to);
        owner = to;
    }

    /// @dev The owner, or the guardian for what only reduces risk.
    function _requireOwnerUnless(bool reducesRisk) private view {
        if (msg.sender == owner) return;
        if (msg.sender != guardian) revert NotOwner(msg.sender);
        if (!reducesRisk) revert NotGuardian(msg.sender);
    }

    function _requireSigningSide() private view {
        if (msg.sender != underwriter && msg.sender != guardian && msg.sender != owner) {
            revert NotUnderwriter(msg.sender);
        }
    }

    function _refusalOf(Offer memory offer) private view returns (bytes32) {
        LendingPolicy memory p = _policy;
        if (lendingPaused) return "paused";
        if (offer.lender != address(this)) return "lender";
        if (offer.asset != asset) return "asset";
        // Exposure is counted by borrower, so the offer must name one.
        if (offer.borrower == address(0)) return "borrower";
        if (offer.minFill != 0) return "minFill";
        if (offer.ratePpm < p.minRatePpm) return "rate";
        if (uint256(offer.installments) * offer.period + offer.grace > p.maxTerm) return "term";
        if (offer.principal > p.maxPrincipal) return "principal";
        if (offer.originationFeeBps != 0 && offer.feeRecipient != p.feeRecipient) return "fee";
        bytes32 unsafe = _securityRefusal(offer);
        if (unsafe != 0) return unsafe;
        if (_exposure[offer.borrower] + offer.principal > p.maxExposure) return "exposure";
        if (uint256(_books.lent) + offer.principal > p.lendingLimit) return "limit";
        if (offer.principal > freeCash()) return "cash";
        return 0;
    }

    /// @dev Either an attestation that suffices by itself, or collateral by the oracle.
    function _securityRefusal(Offer memory offer) private view returns (bytes32) {
        CollateralLimits memory c = _collaterals[offer.collateral];
        if (offer.collateral != address(0) && c.maxLtvBps == 0) return "collateral";
        if (offer.oracle != address(0) && offer.oracle != oracle) return "oracle";
        if (offer.attestationPolicy != 0 && offer.principal <= unsecuredLimit[offer.attestationPolicy]) return 0;
        if (offer.collateral == address(0)) return "attestation";
        if (offer.oracle == address(0)) return "oracle";
        if (offer.liquidationLtvBps > c.maxLiquidationLtvBps) return "liquidationLtv";
        try IPriceOracle(oracle).price(offer.collateral, asset) returns (uint256 price) {
            uint256 ltv =
                LoanMath.ltvBpsUp(offer.principal, offer.collateralAmount, Math.min(price, LoanMath.MAX_PRICE));
            return ltv > c.maxLtvBps ? bytes32("ltv") : bytes32(0);
        } catch {
            return "oracle";
        }
    }
}

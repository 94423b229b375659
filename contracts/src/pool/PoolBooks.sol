// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { LoanMath } from "../LoanMath.sol";
import { ICreditPool } from "./ICreditPool.sol";
import { ShareMath } from "./ShareMath.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What the pool owns, and which part of it is whose.
/// @dev Senior accrues by time on its capital alone, so a hook never touches its books.
abstract contract PoolBooks is ICreditPool {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev One slot, written by every hook. `sales` counts the seized tokens for sale and those taken by each seller.
    struct Books {
        uint120 cash;
        uint120 lent;
        uint16 sales;
    }

    /// @dev `accrued` is interest in base units times {LoanMath-RATE_DENOMINATOR}: nothing is rounded away however often it is
    /// touched.
    struct Senior {
        uint112 capital;
        uint40 accruedAt;
        uint32 ratePpm;
        uint16 minJuniorBps;
        uint256 accrued;
    }

    /// @dev `amount` at `from` falls evenly to zero at `until`.
    struct Pending {
        uint128 amount;
        uint40 from;
        uint40 until;
        uint32 smoothing;
    }

    /// @dev Far below where any sum of the books would overflow.
    uint256 internal constant MAX_VALUE = type(uint112).max;
    /// @dev Junior is closed below one part in so many of its first price: the number of shares stays bounded.
    uint256 private constant DEAD_PRICE = 1_000;

    Books internal _books;
    Senior internal _senior;
    Pending internal _pending;
    mapping(address borrower => uint256) internal _exposure;

    address public override asset;
    bool public override depositsPaused;
    address public override seniorTranche;
    address public override juniorTranche;

    // --- views

    function value() public view override returns (uint256) {
        return uint256(_books.cash) + _books.lent;
    }

    function seniorClaim() public view override returns (uint256) {
        return _senior.capital + _accruedNow() / LoanMath.RATE_DENOMINATOR;
    }

    function seniorAssets() public view override returns (uint256) {
        return Math.min(value(), seniorClaim());
    }

    function juniorAssets() public view override returns (uint256) {
        return value() - seniorAssets();
    }

    function pendingIncome() public view override returns (uint256) {
        Pending memory p = _pending;
        if (block.timestamp >= p.until) return 0;
        return Math.ceilDiv(uint256(p.amount) * (p.until - block.timestamp), p.until - p.from);
    }

    function trancheAssets(bool senior) public view override returns (uint256) {
        return senior ? seniorAssets() : Math.saturatingSub(juniorAssets(), pendingIncome());
    }

    function depositLimit(bool senior) external view override returns (uint256) {
        uint256 total = value();
        uint256 claim = seniorClaim();
        if (depositsPaused || total < claim || total >= MAX_VALUE) return 0;
        if (!senior) return _books.sales != 0 || _isJuniorDead() ? 0 : MAX_VALUE - total;
        // The value at which junior, as it is, would be just enough.
        uint256 most = (total - claim) * LoanMath.BPS / _senior.minJuniorBps;
        return Math.saturatingSub(Math.min(most, MAX_VALUE), total);
    }

    function cash() external view override returns (uint256) {
        return _books.cash;
    }

    function lent() external view override returns (uint256) {
        return _books.lent;
    }

    function exposureOf(address borrower) external view override returns (uint256) {
        return _exposure[borrower];
    }

    function seniorRate() external view override returns (uint256) {
        return _senior.ratePpm;
    }

    function minJuniorBps() external view override returns (uint256) {
        return _senior.minJuniorBps;
    }

    function smoothing() external view override returns (uint256) {
        return _pending.smoothing;
    }

    // --- parts

    function _trancheOf(bool senior) internal view returns (address) {
        return senior ? seniorTranche : juniorTranche;
    }

    /// @dev What may be withdrawn of junior until only its least share is left; never more than its shares are worth.
    function _juniorRoom() internal view returns (uint256) {
        uint256 least = _senior.minJuniorBps;
        uint256 room = Math.saturatingSub(juniorAssets() * LoanMath.BPS, value() * least) / (LoanMath.BPS - least);
        return Math.min(room, trancheAssets(false));
    }

    function _accrue() internal {
        _senior.accrued = _accruedNow();
        _senior.accruedAt = uint40(block.timestamp);
    }

    /// @dev Both tranches: money that a depositor has brought.
    function _deposit(bool senior, uint256 assets) internal {
        if (senior) {
            _accrue();
            _senior.capital = (_senior.capital + assets).toUint112();
        }
        _receive(assets);
        emit Deposited(senior, assets);
    }

    /// @dev Takes `assets` for burned shares out of the books; the caller sends them.
    /// @param supply Shares before they were burned.
    function _withdraw(bool senior, uint256 assets, uint256 shares, uint256 supply) internal {
        if (senior) _lowerClaim(assets, shares, supply);
        _books.cash = (_books.cash - assets).toUint120();
    }

    /// @dev Cash that has arrived already.
    function _receive(uint256 assets) internal {
        uint256 expected = _books.cash + assets;
        uint256 held = IERC20(asset).balanceOf(address(this));
        if (held < expected) revert AssetMissing(expected, held);
        _books.cash = expected.toUint120();
    }

    /// @dev Income joins what is pending; the end is the average of both ends, weighted by amount.
    function _addIncome(uint256 income) internal {
        if (income == 0) return;
        Pending memory p = _pending;
        uint256 left = pendingIncome();
        uint256 total = left + income;
        uint256 time = Math.saturatingSub(p.until, block.timestamp) * left + income * p.smoothing;
        p.amount = total.toUint128();
        p.from = uint40(block.timestamp);
        p.until = (block.timestamp + time / total).toUint40();
        _pending = p;
    }

    /// @dev A loss is first taken from income that no price has taken in yet.
    function _lowerPending(uint256 lost) internal {
        uint256 left = pendingIncome();
        if (left == 0) return;
        _pending.amount = Math.saturatingSub(left, lost).toUint128();
        _pending.from = uint40(block.timestamp);
    }

    /// @dev While senior is whole its claim falls by what it was paid, after losses by the part of its shares that left. Capital and
    /// interest fall alike, capital rounded up.
    function _lowerClaim(uint256 assets, uint256 shares, uint256 supply) private {
        _accrue();
        uint256 claim = seniorClaim();
        uint256 capital = _senior.capital;
        uint256 less = value() < claim ? Math.mulDiv(claim, shares, supply) : assets;
        if (less == 0) return;
        uint256 lessCapital = Math.mulDiv(capital, less, claim, Math.Rounding.Ceil);
        _senior.capital = (capital - lessCapital).toUint112();
        _senior.accrued -= (less - lessCapital) * LoanMath.RATE_DENOMINATOR;
    }

    function _accruedNow() private view returns (uint256) {
        Senior storage s = _senior;
        return s.accrued + uint256(s.capital) * s.ratePpm * (block.timestamp - s.accruedAt);
    }

    function _isJuniorDead() private view returns (bool) {
        uint256 supply = IERC20(juniorTranche).totalSupply();
        return (trancheAssets(false) + 1) * ShareMath.VIRTUAL_SHARES * DEAD_PRICE < supply + ShareMath.VIRTUAL_SHARES;
    }
}

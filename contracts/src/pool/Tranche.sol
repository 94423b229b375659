// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditPool } from "./ICreditPool.sol";
import { ITranche } from "./ITranche.sol";
import { ShareMath } from "./ShareMath.sol";
import { IERC20Metadata } from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Shares of one tranche, see {ITranche}.
/// @dev A clone that its pool makes. It holds no money and no books: what its shares are worth, and what may be deposited or
/// withdrawn, the pool says.
contract Tranche is ITranche, ERC20, Initializable {
    using SafeERC20 for IERC20;

    address public override pool;
    bool private _senior;
    uint8 private _decimals;
    address private _asset;
    string private _name;
    string private _symbol;

    modifier onlyPool() {
        if (msg.sender != pool) revert NotPool(msg.sender);
        _;
    }

    /// @dev The bare implementation stays without a pool.
    constructor() ERC20("", "") {
        _disableInitializers();
    }

    function initialize(address asset_, uint8 assetDecimals, bool senior_, string calldata label)
        external
        override
        initializer
    {
        (pool, _asset, _senior) = (msg.sender, asset_, senior_);
        _decimals = assetDecimals + ShareMath.DECIMALS_OFFSET;
        _name = string.concat(senior_ ? "Usance Senior " : "Usance Junior ", label);
        _symbol = string.concat(label, senior_ ? "-S" : "-J");
    }

    // --- deposits and withdrawals

    function deposit(uint256 assets, address receiver) external override returns (uint256 shares) {
        _take(assets, receiver);
        shares = previewDeposit(assets);
        _issue(receiver, assets, shares);
    }

    function mint(uint256 shares, address receiver) external override returns (uint256 assets) {
        uint256 max = maxMint(receiver);
        if (shares > max) revert ERC4626ExceededMaxMint(receiver, shares, max);
        assets = previewMint(shares);
        _take(assets, receiver);
        _issue(receiver, assets, shares);
    }

    function withdraw(uint256 assets, address receiver, address owner) external override returns (uint256 shares) {
        uint256 max = maxWithdraw(owner);
        if (assets > max) revert ERC4626ExceededMaxWithdraw(owner, assets, max);
        shares = previewWithdraw(assets);
        _redeem(receiver, owner, assets, shares);
    }

    function redeem(uint256 shares, address receiver, address owner) external override returns (uint256 assets) {
        uint256 max = maxRedeem(owner);
        if (shares > max) revert ERC4626ExceededMaxRedeem(owner, shares, max);
        assets = previewRedeem(shares);
        _redeem(receiver, owner, assets, shares);
    }

    // --- queue

    function requestRedeem(uint256 shares, address receiver) external override returns (uint256 index) {
        if (shares == 0) revert ZeroShares();
        _transfer(msg.sender, pool, shares);
        return ICreditPool(pool).enqueue(msg.sender, receiver, shares);
    }

    function cancelRequest(uint256 index) external override returns (uint256 shares) {
        shares = ICreditPool(pool).dequeue(msg.sender, index);
        _transfer(pool, msg.sender, shares);
    }

    function burnQueued(uint256 shares) external override onlyPool {
        _burn(msg.sender, shares);
    }

    // --- views

    /// @notice The price of shares rests on this: junior income of late counts in part only, see {ICreditPool}.
    function totalAssets() public view override returns (uint256) {
        return ICreditPool(pool).trancheAssets(_senior);
    }

    function convertToShares(uint256 assets) external view override returns (uint256) {
        return _toShares(assets, Math.Rounding.Floor);
    }

    function convertToAssets(uint256 shares) external view override returns (uint256) {
        return _toAssets(shares, Math.Rounding.Floor);
    }

    /// @notice See {ICreditPool-depositLimit}; the same for every receiver.
    function maxDeposit(address) public view override returns (uint256) {
        return ICreditPool(pool).depositLimit(_senior);
    }

    function maxMint(address receiver) public view override returns (uint256) {
        return _toShares(maxDeposit(receiver), Math.Rounding.Floor);
    }

    /// @notice See {ICreditPool-withdrawLimit}.
    function maxWithdraw(address owner) public view override returns (uint256) {
        return Math.min(_toAssets(balanceOf(owner), Math.Rounding.Floor), ICreditPool(pool).withdrawLimit(_senior));
    }

    function maxRedeem(address owner) public view override returns (uint256) {
        uint256 limit = ICreditPool(pool).withdrawLimit(_senior);
        return ShareMath.sharesWithin(balanceOf(owner), limit, totalAssets(), totalSupply());
    }

    function previewDeposit(uint256 assets) public view override returns (uint256) {
        return _toShares(assets, Math.Rounding.Floor);
    }

    function previewMint(uint256 shares) public view override returns (uint256) {
        return _toAssets(shares, Math.Rounding.Ceil);
    }

    function previewWithdraw(uint256 assets) public view override returns (uint256) {
        return _toShares(assets, Math.Rounding.Ceil);
    }

    function previewRedeem(uint256 shares) public view override returns (uint256) {
        return _toAssets(shares, Math.Rounding.Floor);
    }

    function asset() external view override returns (address) {
        return _asset;
    }

    function name() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return _name;
    }

    function symbol() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return _symbol;
    }

    /// @notice Six more than those of the asset.
    function decimals() public view override(ERC20, IERC20Metadata) returns (uint8) {
        return _decimals;
    }

    // --- parts

    /// @dev First what comes in, then the limit and the books: a token that calls back finds nothing half done.
    function _take(uint256 assets, address receiver) private {
        IERC20(_asset).safeTransferFrom(msg.sender, pool, assets);
        uint256 max = maxDeposit(receiver);
        if (assets > max) revert ERC4626ExceededMaxDeposit(receiver, assets, max);
    }

    function _issue(address receiver, uint256 assets, uint256 shares) private {
        ICreditPool(pool).booked(assets);
        _mint(receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    function _redeem(address receiver, address owner, uint256 assets, uint256 shares) private {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        uint256 supply = totalSupply();
        _burn(owner, shares);
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
        ICreditPool(pool).payOut(assets, shares, supply, receiver);
    }

    function _toShares(uint256 assets, Math.Rounding rounding) private view returns (uint256) {
        return ShareMath.toShares(assets, totalAssets(), totalSupply(), rounding);
    }

    function _toAssets(uint256 shares, Math.Rounding rounding) private view returns (uint256) {
        return ShareMath.toAssets(shares, totalAssets(), totalSupply(), rounding);
    }
}

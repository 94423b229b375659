// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator } from "../ICreditAggregator.sol";
import { ICreditHook } from "../ICreditHook.sol";
import { IPriceOracle } from "../IPriceOracle.sol";
import { LoanMath } from "../LoanMath.sol";
import { PoolConfig } from "./ICreditPool.sol";
import { ITranche } from "./ITranche.sol";
import { PoolPolicy } from "./PoolPolicy.sol";
import { IERC20Metadata } from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import { Clones } from "@openzeppelin/contracts/proxy/Clones.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Liquidity of many lenders, see {ICreditPool}.
contract CreditPool is PoolPolicy, Initializable {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 private constant MIN_SMOOTHING = 1 days;
    uint256 private constant MAX_SMOOTHING = 90 days;
    uint256 private constant MAX_DECIMALS = 24;
    /// @dev Far more than an oracle needs.
    uint256 private constant ORACLE_GAS = 1_000_000;

    /// @dev What its clones are cloned from for the tranches.
    address private immutable TRANCHE;

    mapping(address token => uint256) public override forSale;
    mapping(address token => mapping(address seller => uint256)) public override takenBy;

    modifier onlyAggregator() {
        if (msg.sender != aggregator) revert NotAggregator(msg.sender);
        _;
    }

    /// @dev The bare implementation stays without an asset and an owner.
    /// @param aggregator_ The proxy of the aggregator.
    /// @param tranche Implementation of the share tokens.
    constructor(address aggregator_, address tranche) PoolPolicy(aggregator_) {
        TRANCHE = tranche;
        _disableInitializers();
    }

    function initialize(PoolConfig calldata config) external override initializer {
        uint8 decimals = IERC20Metadata(config.asset).decimals();
        if (decimals > MAX_DECIMALS) revert InvalidField("decimals");
        if (config.smoothing < MIN_SMOOTHING || config.smoothing > MAX_SMOOTHING) revert InvalidField("smoothing");
        asset = config.asset;
        _pending.smoothing = config.smoothing;
        _senior.accruedAt = uint40(block.timestamp);
        _setOwner(config.owner);
        _setGuardian(config.guardian);
        _setUnderwriter(config.underwriter);
        _setOracle(config.oracle);
        _setSeniorRate(config.seniorRatePpm);
        _setMinJunior(config.minJuniorBps);
        _setSaleDiscount(config.saleDiscountBps);
        seniorTranche = _makeTranche(decimals, true, config.label);
        juniorTranche = _makeTranche(decimals, false, config.label);
        IERC20(config.asset).forceApprove(aggregator, type(uint256).max);
    }

    // --- hooks

    /// @dev Books what is owed by now: where a token calls back, a part may have been paid since the loan began, which came as
    /// plain money.
    function onOriginated(bytes32 loanId, address borrower, uint256) external override onlyAggregator returns (bytes4) {
        uint256 principal = ICreditAggregator(msg.sender).loan(loanId).outstanding;
        Books memory books = _books;
        // The money has left. Should a withdrawal have come between the check and this call, donations paid the rest of the loan: it
        // must be in the books all the same.
        books.cash = Math.saturatingSub(books.cash, principal).toUint120();
        books.lent = (books.lent + principal).toUint120();
        _books = books;
        _exposure[borrower] += principal;
        emit LoanAdded(loanId, borrower, principal);
        return ICreditHook.onOriginated.selector;
    }

    function onRepaid(bytes32 loanId, address borrower, uint256 principal, uint256 income)
        external
        override
        onlyAggregator
    {
        Books memory books = _books;
        books.cash = (books.cash + principal + income).toUint120();
        books.lent = (books.lent - principal).toUint120();
        _books = books;
        _exposure[borrower] -= principal;
        _addIncome(income);
        emit LoanPaid(loanId, borrower, principal, income);
    }

    function onLost(bytes32 loanId, address borrower, uint256 lost, address collateral, uint256 seized)
        external
        override
        onlyAggregator
    {
        _books.lent = (_books.lent - lost).toUint120();
        _exposure[borrower] -= lost;
        _lowerPending(lost);
        _addForSale(collateral, seized);
        emit LoanLost(loanId, borrower, lost, collateral, seized);
    }

    // --- tranches

    function booked(uint256 assets) external override {
        _deposit(_callerIsSenior(), assets);
    }

    function payOut(uint256 assets, uint256 shares, uint256 supply, address receiver) external override {
        bool senior = _callerIsSenior();
        _withdraw(senior, assets, shares, supply);
        emit Withdrawn(senior, receiver, assets);
        IERC20(asset).safeTransfer(receiver, assets);
    }

    function enqueue(address owner_, address receiver, uint256 shares) external override returns (uint256) {
        return _enqueue(_callerIsSenior(), owner_, receiver, shares);
    }

    function dequeue(address owner_, uint256 index) external override returns (uint256) {
        return _dequeue(_callerIsSenior(), owner_, index);
    }

    // --- seized collateral

    function buyCollateral(address token, uint256 amount, uint256 maxCost, address to)
        external
        override
        returns (uint256 cost)
    {
        cost = saleCost(token, amount);
        if (cost > maxCost) revert PriceTooHigh(cost, maxCost);
        _recover(cost);
        _lowerForSale(token, amount);
        emit CollateralSold(token, msg.sender, amount, cost);
        IERC20(token).safeTransfer(to, amount);
    }

    function saleCost(address token, uint256 amount) public view override returns (uint256) {
        uint256 price = IPriceOracle(oracle).price(token, asset);
        if (price == 0) revert InvalidField("price");
        uint256 worth = Math.mulDiv(amount, price, LoanMath.PRICE_SCALE, Math.Rounding.Ceil);
        return Math.mulDiv(worth, LoanMath.BPS - saleDiscountBps, LoanMath.BPS, Math.Rounding.Ceil);
    }

    function takeCollateral(address token, uint256 amount, address seller) external override onlyOwner {
        _requireNoPrice(token);
        if (amount == 0) revert InvalidField("amount");
        if (takenBy[token][seller] == 0) ++_books.sales;
        _lowerForSale(token, amount);
        takenBy[token][seller] += amount;
        emit CollateralTaken(token, seller, amount);
        IERC20(token).safeTransfer(seller, amount);
    }

    function recover(address token, address seller, uint256 amount, uint256 proceeds) external override {
        if (msg.sender != seller && msg.sender != owner) revert NotSeller(msg.sender);
        _recover(proceeds);
        uint256 taken = takenBy[token][seller];
        if (amount == 0 || amount > taken) revert NotForSale(token, amount, taken);
        takenBy[token][seller] = taken - amount;
        if (amount == taken) --_books.sales;
        emit Recovered(token, seller, amount, proceeds);
    }

    function collectKept(address token) external override returns (uint256 amount) {
        amount = ICreditAggregator(aggregator).claimPayment(token, address(this));
        // The asset is in the books since the hook.
        if (token != asset) _addForSale(token, amount);
        emit KeptCollected(token, amount);
    }

    // --- parts

    function _makeTranche(uint8 decimals, bool senior, string calldata label) private returns (address tranche) {
        tranche = Clones.clone(TRANCHE);
        ITranche(tranche).initialize(asset, decimals, senior, label);
    }

    function _callerIsSenior() private view returns (bool senior) {
        senior = msg.sender == seniorTranche;
        if (!senior && msg.sender != juniorTranche) revert NotTranche(msg.sender);
    }

    /// @dev Proceeds from the caller are income.
    function _recover(uint256 proceeds) private {
        IERC20(asset).safeTransferFrom(msg.sender, address(this), proceeds);
        _receive(proceeds);
        _addIncome(proceeds);
    }

    function _addForSale(address token, uint256 amount) private {
        if (amount == 0) return;
        uint256 held = forSale[token];
        if (held == 0) ++_books.sales;
        forSale[token] = held + amount;
    }

    function _lowerForSale(address token, uint256 amount) private {
        uint256 held = forSale[token];
        if (amount == 0 || amount > held) revert NotForSale(token, amount, held);
        forSale[token] = held - amount;
        if (amount == held) --_books.sales;
    }

    /// @dev The owner may not make the oracle fail by giving it too little gas.
    function _requireNoPrice(address token) private view {
        if (gasleft() < ORACLE_GAS) revert GasTooLow(ORACLE_GAS);
        (bool ok, bytes memory answer) = oracle.staticcall(abi.encodeCall(IPriceOracle.price, (token, asset)));
        if (!ok || answer.length < 32) return;
        uint256 price = abi.decode(answer, (uint256));
        if (price != 0) revert OracleWorks(token, price);
    }
}

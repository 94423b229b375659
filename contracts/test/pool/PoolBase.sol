// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Offer } from "../../src/ICreditAggregator.sol";
import { DevToken } from "../../src/dev/DevToken.sol";
import { CollateralLimits, ICreditPool, LendingPolicy, PoolConfig } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { Vm, shippedCode } from "../Vm.sol";
import { FakeAggregator, FakeOracle } from "./PoolDoubles.sol";

interface IPoolFactory {
    event PoolCreated(
        address indexed asset, address indexed pool, address indexed owner, address seniorTranche, address juniorTranche
    );

    function implementation() external view returns (address);
    function createPool(PoolConfig calldata config, bytes32 salt) external returns (address pool);
    function poolOf(PoolConfig calldata config, bytes32 salt) external view returns (address);
}

/// @notice A pool of 6-decimal money as it is deployed, before an aggregator that is a double.
abstract contract PoolBase {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant START = 1_900_000_000;
    uint256 internal constant UNDERWRITER_KEY = 0x5161;
    address internal constant OWNER = address(0xAD);
    address internal constant GUARDIAN = address(0x6A6D);
    address internal constant STRANGER = address(0x57A);
    address internal constant FEE_RECIPIENT = address(0xFEE);
    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);
    address internal constant CAROL = address(0xCA401);
    address internal constant BORROWER = address(0xB0440);
    uint256 internal constant VIRTUAL_SHARES = 1e6;
    /// @dev One whole unit of collateral, 18 decimals, is worth 2,000 whole units of asset, 6 decimals.
    uint256 internal constant PRICE = 2_000e6 * 1e36 / 1e18;

    FakeAggregator internal core;
    FakeOracle internal prices;
    IPoolFactory internal factory;
    DevToken internal asset;
    DevToken internal collateral;
    ICreditPool internal pool;
    ITranche internal senior;
    ITranche internal junior;
    address internal underwriter = vm.addr(UNDERWRITER_KEY);
    uint256 private nonce;

    function setUp() public virtual {
        vm.warp(START);
        core = new FakeAggregator();
        prices = new FakeOracle();
        collateral = new DevToken("Collateral", "COL", 18);
        prices.set(address(collateral), PRICE);
        factory = makeFactory(address(core));
        open(makeAsset());
    }

    function makeAsset() internal virtual returns (DevToken) {
        return new DevToken("Asset", "AST", 6);
    }

    function makeFactory(address aggregator) internal returns (IPoolFactory) {
        address tranche = ship("Tranche", "");
        address implementation = ship("CreditPool", abi.encode(aggregator, tranche));
        return IPoolFactory(ship("PoolFactory", abi.encode(implementation)));
    }

    /// @notice Makes the pool of this token, with a policy that lends.
    function open(DevToken token) internal {
        asset = token;
        pool = ICreditPool(factory.createPool(baseConfig(), 0));
        senior = ITranche(pool.seniorTranche());
        junior = ITranche(pool.juniorTranche());
        vm.startPrank(OWNER);
        pool.setLendingPolicy(basePolicy());
        pool.setCollateralLimits(address(collateral), CollateralLimits(7_000, 8_000));
        pool.setUnsecuredLimit(3, 5_000e6);
        vm.stopPrank();
    }

    function baseConfig() internal view returns (PoolConfig memory) {
        return PoolConfig({
            asset: address(asset),
            owner: OWNER,
            guardian: GUARDIAN,
            underwriter: underwriter,
            oracle: address(prices),
            seniorRatePpm: 50_000,
            minJuniorBps: 2_000,
            saleDiscountBps: 500,
            smoothing: 30 days,
            label: "AST"
        });
    }

    function basePolicy() internal pure returns (LendingPolicy memory) {
        return LendingPolicy({
            maxPrincipal: 100_000e6,
            maxExposure: 150_000e6,
            lendingLimit: 600_000e6,
            minRatePpm: 80_000,
            maxTerm: 400 days,
            feeRecipient: FEE_RECIPIENT
        });
    }

    /// @notice 10,000 against 10 units of collateral, which is an LTV of 50 %.
    function baseOffer() internal returns (Offer memory) {
        return Offer({
            lender: address(pool),
            borrower: BORROWER,
            asset: address(asset),
            collateral: address(collateral),
            oracle: address(prices),
            principal: 10_000e6,
            minFill: 0,
            collateralAmount: 10e18,
            installmentAmount: 900e6,
            ratePpm: 120_000,
            installments: 12,
            period: 30 days,
            grace: 3 days,
            lateFeeBps: 500,
            originationFeeBps: 100,
            liquidationLtvBps: 8_000,
            liquidationBonusBps: 500,
            attestationPolicy: 0,
            feeRecipient: FEE_RECIPIENT,
            expiry: uint40(block.timestamp + 1 hours),
            epoch: 0,
            nonce: ++nonce
        });
    }

    function sign(Offer memory offer) internal view returns (bytes memory) {
        return signWith(UNDERWRITER_KEY, core.hashOffer(offer));
    }

    function signWith(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // --- depositors

    function approveAll(address who) internal {
        vm.startPrank(who);
        asset.approve(address(senior), type(uint256).max);
        asset.approve(address(junior), type(uint256).max);
        asset.approve(address(pool), type(uint256).max);
        vm.stopPrank();
    }

    function deposit(ITranche tranche, address who, uint256 assets) internal returns (uint256) {
        asset.mint(who, assets);
        approveAll(who);
        vm.prank(who);
        return tranche.deposit(assets, who);
    }

    function redeem(ITranche tranche, address who, uint256 shares) internal returns (uint256) {
        vm.prank(who);
        return tranche.redeem(shares, who, who);
    }

    function request(ITranche tranche, address who, uint256 shares) internal returns (uint256) {
        vm.prank(who);
        return tranche.requestRedeem(shares, who);
    }

    /// @notice Alice has 80,000 senior, Bob 40,000 junior.
    function fill() internal {
        deposit(junior, BOB, 40_000e6);
        deposit(senior, ALICE, 80_000e6);
    }

    /// @notice A loan that the policy is not asked about.
    function lend(uint256 principal) internal returns (bytes32) {
        return core.lend(pool, BORROWER, principal);
    }

    /// @notice Base units that a whole senior, or junior, share of the first price is worth, times 1e12.
    function priceOf(ITranche tranche) internal view returns (uint256) {
        return (tranche.totalAssets() + 1) * 1e18 / (tranche.totalSupply() + VIRTUAL_SHARES);
    }

    // --- tools

    /// @notice Deploys the bytecode that ships; a revert of the constructor is passed on.
    function ship(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = shippedCode(vm, name);
        bytes memory init = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(init, 0x20), mload(init))
            if iszero(deployed) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    /// @notice `x` folded into [low, high]; an edge now and then.
    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (x % 16 == 0) return low;
        if (x % 16 == 1) return high;
        return low + x % (high - low + 1);
    }

    function eq(uint256 left, uint256 right, string memory what) internal pure {
        require(left == right, what);
    }

    function eq(address left, address right, string memory what) internal pure {
        require(left == right, what);
    }

    function eq(bytes32 left, bytes32 right, string memory what) internal pure {
        require(left == right, what);
    }

    /// @notice `left` is `right`, or below it by at most `slack`.
    function below(uint256 left, uint256 right, uint256 slack, string memory what) internal pure {
        require(left <= right && right - left <= slack, what);
    }
}

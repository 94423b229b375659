// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevToken } from "../../src/dev/DevToken.sol";
import { CollateralLimits, ICreditPool, LendingPolicy, PoolConfig } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { IPoolFactory, PoolBase } from "./PoolBase.sol";
import { NoDecimals } from "./PoolDoubles.sol";

/// @notice How a pool begins, and who may change what.
contract PoolAdminTest is PoolBase {
    // --- beginning

    function test_BareImplementationsStayUnusable() external {
        ICreditPool bare = ICreditPool(factory.implementation());
        vm.expectRevert(abi.encodeWithSignature("InvalidInitialization()"));
        bare.initialize(baseConfig());
        eq(bare.owner(), address(0), "no owner");
        ITranche tranche = ITranche(ship("Tranche", ""));
        vm.expectRevert(abi.encodeWithSignature("InvalidInitialization()"));
        tranche.initialize(address(asset), 6, true, "AST");
        eq(tranche.pool(), address(0), "no pool");
    }

    function test_PoolAndTranchesAreInitialisedOnce() external {
        vm.expectRevert(abi.encodeWithSignature("InvalidInitialization()"));
        pool.initialize(baseConfig());
        vm.expectRevert(abi.encodeWithSignature("InvalidInitialization()"));
        senior.initialize(address(asset), 6, true, "AST");
    }

    function test_InitializeRefusesFields() external {
        PoolConfig memory config = baseConfig();
        config.owner = address(0);
        refuse(config, "owner");
        config = baseConfig();
        config.seniorRatePpm = 1_000_001;
        refuse(config, "seniorRatePpm");
        config = baseConfig();
        config.minJuniorBps = 0;
        refuse(config, "minJuniorBps");
        config.minJuniorBps = 10_000;
        refuse(config, "minJuniorBps");
        config = baseConfig();
        config.saleDiscountBps = 2_001;
        refuse(config, "saleDiscountBps");
        config = baseConfig();
        config.smoothing = 1 days - 1;
        refuse(config, "smoothing");
        config.smoothing = 90 days + 1;
        refuse(config, "smoothing");
        config = baseConfig();
        config.asset = address(new DevToken("Fine", "FIN", 25));
        refuse(config, "decimals");
    }

    function test_InitializeRefusesAnAssetWithoutDecimals() external {
        PoolConfig memory config = baseConfig();
        config.asset = address(new NoDecimals());
        vm.expectRevert();
        factory.createPool(config, 0);
    }

    function test_TheSamePoolIsMadeOnce() external {
        vm.expectRevert(abi.encodeWithSignature("FailedDeployment()"));
        factory.createPool(baseConfig(), 0);
    }

    function test_PoolIsWhereItsConfigurationSays() external {
        eq(factory.poolOf(baseConfig(), 0), address(pool), "the first");
        PoolConfig memory config = baseConfig();
        config.owner = STRANGER;
        address other = factory.poolOf(config, 0);
        require(other != address(pool), "another owner, another address");
        require(factory.poolOf(baseConfig(), bytes32(uint256(1))) != address(pool), "another salt, another address");
        vm.expectEmit(true, true, true, false, address(factory));
        emit IPoolFactory.PoolCreated(address(asset), other, STRANGER, address(0), address(0));
        eq(factory.createPool(config, 0), other, "as foretold");
    }

    function test_InitializeTakesTheEdges() external {
        PoolConfig memory config = baseConfig();
        config.asset = address(new DevToken("Fine", "FIN", 24));
        (config.seniorRatePpm, config.minJuniorBps, config.saleDiscountBps) = (1_000_000, 9_999, 2_000);
        config.smoothing = 90 days;
        ICreditPool made = ICreditPool(factory.createPool(config, 0));
        eq(made.smoothing(), 90 days, "longest");
        eq(ITranche(made.juniorTranche()).decimals(), 30, "decimals");
        (config.seniorRatePpm, config.minJuniorBps, config.saleDiscountBps) = (0, 1, 0);
        config.smoothing = 1 days;
        made = ICreditPool(factory.createPool(config, 0));
        eq(made.smoothing(), 1 days, "shortest");
        eq(made.seniorRate() + made.saleDiscountBps(), 0, "least");
        eq(made.minJuniorBps(), 1, "least junior");
    }

    function test_PoolBeginsAsConfigured() external view {
        eq(pool.asset(), address(asset), "asset");
        eq(pool.owner(), OWNER, "owner");
        eq(pool.guardian(), GUARDIAN, "guardian");
        eq(pool.underwriter(), underwriter, "underwriter");
        eq(pool.oracle(), address(prices), "oracle");
        eq(pool.aggregator(), address(core), "aggregator");
        eq(pool.seniorRate(), 50_000, "rate");
        eq(pool.minJuniorBps(), 2_000, "junior");
        eq(pool.saleDiscountBps(), 500, "discount");
        eq(pool.smoothing(), 30 days, "smoothing");
        eq(asset.allowance(address(pool), address(core)), type(uint256).max, "allowance");
        eq(pool.value() + pool.seniorClaim() + pool.pendingIncome() + pool.freeCash(), 0, "empty");
        require(!pool.lendingPaused() && !pool.depositsPaused(), "open");
        eq(senior.pool(), address(pool), "senior's pool");
        eq(junior.asset(), address(asset), "junior's asset");
        eq(keccak256(bytes(senior.name())), keccak256("Usance Senior AST"), "name");
        eq(keccak256(bytes(junior.name())), keccak256("Usance Junior AST"), "name of junior");
        eq(keccak256(bytes(senior.symbol())), keccak256("AST-S"), "symbol");
        eq(keccak256(bytes(junior.symbol())), keccak256("AST-J"), "symbol of junior");
        eq(senior.decimals(), 12, "decimals");
    }

    function test_ANewPoolLendsNothing() external {
        PoolConfig memory config = baseConfig();
        config.label = "new";
        ICreditPool made = ICreditPool(factory.createPool(config, 0));
        eq(keccak256(abi.encode(made.lendingPolicy())), keccak256(new bytes(192)), "no policy");
    }

    // --- the owner

    function test_OnlyTheOwnerSets() external {
        address[3] memory others = [STRANGER, GUARDIAN, underwriter];
        for (uint256 i = 0; i < others.length; ++i) {
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setSeniorRate, (1)));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setMinJunior, (9_000)));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setSaleDiscount, (0)));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setOracle, (address(0))));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setGuardian, (others[i])));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.transferOwnership, (others[i])));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.takeCollateral, (address(collateral), 1, others[i])));
        }
    }

    function test_OthersMayNotEvenReduceRisk() external {
        address[2] memory others = [STRANGER, underwriter];
        LendingPolicy memory none;
        for (uint256 i = 0; i < others.length; ++i) {
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setLendingPolicy, (none)));
            refuseNotOwner(
                others[i],
                abi.encodeCall(ICreditPool.setCollateralLimits, (address(collateral), CollateralLimits(0, 0)))
            );
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setUnsecuredLimit, (3, 0)));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setUnderwriter, (address(0))));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setLendingPaused, (true)));
            refuseNotOwner(others[i], abi.encodeCall(ICreditPool.setDepositsPaused, (true)));
        }
    }

    function test_SettersRefuseFields() external {
        vm.startPrank(OWNER);
        refuseField("seniorRatePpm", abi.encodeCall(ICreditPool.setSeniorRate, (1_000_001)));
        refuseField("minJuniorBps", abi.encodeCall(ICreditPool.setMinJunior, (0)));
        refuseField("minJuniorBps", abi.encodeCall(ICreditPool.setMinJunior, (10_000)));
        refuseField("saleDiscountBps", abi.encodeCall(ICreditPool.setSaleDiscount, (2_001)));
        refuseField("owner", abi.encodeCall(ICreditPool.transferOwnership, (address(0))));
        refuseField("attestationPolicy", abi.encodeCall(ICreditPool.setUnsecuredLimit, (0, 1)));
        LendingPolicy memory policy = basePolicy();
        policy.feeRecipient = address(pool);
        refuseField("feeRecipient", abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        refuseLimits("token", address(asset), 1, 1);
        refuseLimits("maxLiquidationLtvBps", address(collateral), 1, 10_001);
        refuseLimits("maxLtvBps", address(collateral), 8_001, 8_000);
    }

    function test_TheOwnerSetsAll() external {
        vm.startPrank(OWNER);
        expectFromPool();
        emit ICreditPool.SeniorRateSet(1_000_000);
        pool.setSeniorRate(1_000_000);
        expectFromPool();
        emit ICreditPool.MinJuniorSet(9_999);
        pool.setMinJunior(9_999);
        expectFromPool();
        emit ICreditPool.SaleDiscountSet(2_000);
        pool.setSaleDiscount(2_000);
        expectFromPool();
        emit ICreditPool.OracleSet(STRANGER);
        pool.setOracle(STRANGER);
        expectFromPool();
        emit ICreditPool.UnderwriterSet(ALICE);
        pool.setUnderwriter(ALICE);
        expectFromPool();
        emit ICreditPool.CollateralLimitsSet(ALICE, CollateralLimits(10_000, 10_000));
        pool.setCollateralLimits(ALICE, CollateralLimits(10_000, 10_000));
        expectFromPool();
        emit ICreditPool.UnsecuredLimitSet(9, 77);
        pool.setUnsecuredLimit(9, 77);
        LendingPolicy memory policy = LendingPolicy(1, 2, 3, 4, 5, ALICE);
        expectFromPool();
        emit ICreditPool.LendingPolicySet(policy);
        pool.setLendingPolicy(policy);
        expectFromPool();
        emit ICreditPool.GuardianSet(BOB);
        pool.setGuardian(BOB);
        expectFromPool();
        emit ICreditPool.OwnershipTransferred(OWNER, CAROL);
        pool.transferOwnership(CAROL);

        eq(pool.seniorRate(), 1_000_000, "rate");
        eq(pool.minJuniorBps(), 9_999, "junior");
        eq(pool.saleDiscountBps(), 2_000, "discount");
        eq(pool.oracle(), STRANGER, "oracle");
        eq(pool.underwriter(), ALICE, "underwriter");
        eq(pool.collateralLimits(ALICE).maxLtvBps, 10_000, "limits");
        eq(pool.unsecuredLimit(9), 77, "unsecured");
        eq(keccak256(abi.encode(pool.lendingPolicy())), keccak256(abi.encode(policy)), "policy");
        eq(pool.guardian(), BOB, "guardian");
        eq(pool.owner(), CAROL, "owner");
    }

    // --- the guardian

    function test_TheGuardianMayNotRaise() external {
        LendingPolicy memory policy = basePolicy();
        ++policy.maxPrincipal;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        policy = basePolicy();
        ++policy.maxExposure;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        policy = basePolicy();
        ++policy.lendingLimit;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        policy = basePolicy();
        --policy.minRatePpm;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        policy = basePolicy();
        ++policy.maxTerm;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        policy = basePolicy();
        policy.feeRecipient = GUARDIAN;
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPolicy, (policy)));
        address token = address(collateral);
        refuseGuardian(abi.encodeCall(ICreditPool.setCollateralLimits, (token, CollateralLimits(7_001, 8_000))));
        refuseGuardian(abi.encodeCall(ICreditPool.setCollateralLimits, (token, CollateralLimits(7_000, 8_001))));
        refuseGuardian(abi.encodeCall(ICreditPool.setUnsecuredLimit, (3, 5_000e6 + 1)));
        refuseGuardian(abi.encodeCall(ICreditPool.setUnderwriter, (GUARDIAN)));
        refuseGuardian(abi.encodeCall(ICreditPool.setLendingPaused, (false)));
        refuseGuardian(abi.encodeCall(ICreditPool.setDepositsPaused, (false)));
    }

    function test_TheGuardianReducesRisk() external {
        vm.startPrank(GUARDIAN);
        LendingPolicy memory policy = basePolicy();
        pool.setLendingPolicy(policy);
        policy = LendingPolicy(
            policy.maxPrincipal - 1,
            policy.maxExposure - 1,
            policy.lendingLimit - 1,
            policy.minRatePpm + 1,
            policy.maxTerm - 1,
            address(0)
        );
        pool.setLendingPolicy(policy);
        eq(keccak256(abi.encode(pool.lendingPolicy())), keccak256(abi.encode(policy)), "policy");
        pool.setCollateralLimits(address(collateral), CollateralLimits(7_000, 8_000));
        pool.setCollateralLimits(address(collateral), CollateralLimits(0, 0));
        eq(pool.collateralLimits(address(collateral)).maxLiquidationLtvBps, 0, "delisted");
        pool.setUnsecuredLimit(3, 5_000e6);
        pool.setUnsecuredLimit(3, 0);
        eq(pool.unsecuredLimit(3), 0, "nothing unsecured");
        pool.setUnderwriter(address(0));
        eq(pool.underwriter(), address(0), "nobody signs");
        expectFromPool();
        emit ICreditPool.LendingPausedSet(true);
        pool.setLendingPaused(true);
        expectFromPool();
        emit ICreditPool.DepositsPausedSet(true);
        pool.setDepositsPaused(true);
        require(pool.lendingPaused() && pool.depositsPaused(), "paused");
        vm.stopPrank();
        vm.startPrank(OWNER);
        pool.setLendingPaused(false);
        pool.setDepositsPaused(false);
        require(!pool.lendingPaused() && !pool.depositsPaused(), "resumed by the owner");
    }

    /// @notice The guardian gets exactly those policies through of which no field is looser.
    function testFuzz_TheGuardianOnlyTightens(uint8 looser, uint32 by) external {
        LendingPolicy memory next = basePolicy();
        uint32 step = 1 + by % 10_000;
        if (looser & 1 == 0) next.maxPrincipal -= step;
        else next.maxPrincipal += step;
        if (looser & 2 == 0) next.maxExposure -= step;
        else next.maxExposure += step;
        if (looser & 4 == 0) next.lendingLimit -= step;
        else next.lendingLimit += step;
        if (looser & 8 == 0) next.minRatePpm += step;
        else next.minRatePpm -= step;
        if (looser & 16 == 0) next.maxTerm -= step;
        else next.maxTerm += step;
        if (looser & 32 != 0) next.feeRecipient = address(0);
        vm.prank(GUARDIAN);
        try pool.setLendingPolicy(next) {
            require(looser & 31 == 0, "a looser policy passed");
        } catch {
            require(looser & 31 != 0, "a stricter policy was refused");
            eq(keccak256(abi.encode(pool.lendingPolicy())), keccak256(abi.encode(basePolicy())), "unchanged");
        }
    }

    function test_ThoseWhoSignOrGuardCancelOffers() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotUnderwriter.selector, STRANGER));
        vm.prank(STRANGER);
        pool.cancelOffer(1);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotUnderwriter.selector, STRANGER));
        vm.prank(STRANGER);
        pool.bumpEpoch();
        address[3] memory who = [underwriter, GUARDIAN, OWNER];
        for (uint256 i = 0; i < who.length; ++i) {
            vm.startPrank(who[i]);
            pool.cancelOffer(10 + i);
            eq(core.cancelled(address(pool)), 10 + i, "cancelled");
            eq(pool.bumpEpoch(), i + 1, "bumped");
            vm.stopPrank();
        }
    }

    // --- parts

    function refuse(PoolConfig memory config, bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.InvalidField.selector, field));
        factory.createPool(config, 0);
    }

    function refuseNotOwner(address who, bytes memory data) private {
        vm.prank(who);
        refuseCall(abi.encodeWithSelector(ICreditPool.NotOwner.selector, who), data);
    }

    function refuseGuardian(bytes memory data) private {
        vm.prank(GUARDIAN);
        refuseCall(abi.encodeWithSelector(ICreditPool.NotGuardian.selector, GUARDIAN), data);
    }

    function refuseField(bytes32 field, bytes memory data) private {
        refuseCall(abi.encodeWithSelector(ICreditPool.InvalidField.selector, field), data);
    }

    function refuseLimits(bytes32 field, address token, uint16 ltv, uint16 liquidation) private {
        refuseField(field, abi.encodeCall(ICreditPool.setCollateralLimits, (token, CollateralLimits(ltv, liquidation))));
    }

    function refuseCall(bytes memory reason, bytes memory data) private {
        (bool ok, bytes memory answer) = address(pool).call(data);
        require(!ok, "must be refused");
        eq(keccak256(answer), keccak256(reason), "for that reason");
    }

    function expectFromPool() private {
        vm.expectEmit(true, true, true, true, address(pool));
    }
}

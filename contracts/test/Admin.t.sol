// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "../src/ICollateralManager.sol";
import { ICreditAggregator, Intent, Loan, LoanTerms, Offer } from "../src/ICreditAggregator.sol";
import { Bootstrap } from "../src/deploy/Bootstrap.sol";
import { DevToken } from "../src/dev/DevToken.sol";
import { Base } from "./Base.sol";
import { ShippedAggregator } from "./ShippedAggregator.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @notice Deployment, ownership, custody's door, and what the signatures are made of.
contract AdminTest is Base {
    function test_StrangersMayDoNothing() external {
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.NotOwner.selector, address(this));
        address[] memory none = new address[](0);
        vm.expectRevert(reason);
        aggregator.resumeOrigination(none);
        vm.expectRevert(reason);
        aggregator.setGuardian(address(this));
        vm.expectRevert(reason);
        aggregator.transferOwnership(address(this));
        reason = abi.encodeWithSelector(ICreditAggregator.NotGuardian.selector, address(this));
        vm.expectRevert(reason);
        aggregator.pauseOrigination(none);
        vm.expectRevert(reason);
        aggregator.pauseLiquidation();
        vm.expectRevert(reason);
        aggregator.resumeLiquidation();
        vm.expectRevert(reason);
        aggregator.setAssetCap(address(asset), 0);
        reason = abi.encodeWithSelector(ICreditAggregator.NotOwner.selector, address(this));
        address next = deployImplementation();
        vm.expectRevert(reason);
        aggregator.upgradeToAndCall(next, "");
        vm.prank(ADMIN);
        aggregator.upgradeToAndCall(next, "");
        eq(aggregator.owner(), ADMIN, "owner");
    }

    function test_InitializesOnce() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        aggregator.initialize(address(this), address(0));
        ShippedAggregator implementation = ShippedAggregator(deployImplementation());
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        implementation.initialize(address(this), address(0));
    }

    function test_BootstrapObeysItsOwnerOnly() external {
        Bootstrap bootstrap = Bootstrap(deployBootstrap());
        vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        bootstrap.initialize(address(this));
        Bootstrap proxy = Bootstrap(proxyOf(address(bootstrap), address(this)));
        eq(proxy.owner(), address(this), "owner");
        vm.expectRevert(abi.encodeWithSelector(Bootstrap.AlreadyInitialized.selector, address(this)));
        proxy.initialize(ADMIN);
        vm.prank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(Bootstrap.NotOwner.selector, ADMIN));
        proxy.upgradeToAndCall(address(bootstrap), "");
        vm.expectRevert(Bootstrap.ZeroOwner.selector);
        this.proxyOf(address(bootstrap), address(0));
    }

    function proxyOf(address bootstrap, address owner) public returns (address) {
        return deployProxy(bootstrap, owner);
    }

    function test_InitializeRefusesNoOwner() external {
        Bootstrap proxy = Bootstrap(proxyOf(deployBootstrap(), address(this)));
        address implementation = deployImplementation();
        bytes memory init = abi.encodeCall(ShippedAggregator.initialize, (address(0), GUARDIAN));
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("owner")));
        proxy.upgradeToAndCall(implementation, init);
    }

    function test_InitializationIsPublished() external {
        Bootstrap proxy = Bootstrap(proxyOf(deployBootstrap(), address(this)));
        address implementation = deployImplementation();
        vm.expectEmit(true, true, true, true, address(proxy));
        emit ICreditAggregator.OwnershipTransferred(address(0), ADMIN);
        vm.expectEmit(true, true, true, true, address(proxy));
        emit ICreditAggregator.GuardianSet(GUARDIAN);
        proxy.upgradeToAndCall(implementation, abi.encodeCall(ShippedAggregator.initialize, (ADMIN, GUARDIAN)));
    }

    function test_CustodyObeysOnlyTheAggregator() external {
        eq(manager.aggregator(), address(aggregator), "wired");
        eq(aggregator.collateralManager(), address(manager), "wired back");
        bytes memory reason = abi.encodeWithSelector(ICollateralManager.NotAggregator.selector, address(this));
        vm.expectRevert(reason);
        manager.release(address(collateral), address(this), 1);
    }

    /// @notice No admin call changes a live loan, a balance or a signed offer.
    function test_AdminCannotTouchLoans() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        bytes32 before = keccak256(abi.encode(aggregator.loan(loanId)));
        uint256 held = collateral.balanceOf(address(manager));
        pauseAsset(true);
        pauseAsset(false);
        vm.startPrank(ADMIN);
        aggregator.setAssetCap(address(asset), 0);
        aggregator.pauseLiquidation();
        aggregator.resumeLiquidation();
        aggregator.setGuardian(address(this));
        aggregator.upgradeToAndCall(deployImplementation(), "");
        aggregator.transferOwnership(address(this));
        vm.stopPrank();
        eq(keccak256(abi.encode(aggregator.loan(loanId))), before, "loan");
        eq(collateral.balanceOf(address(manager)), held, "custody");
        pay(loanId, terms, 106.7e6);
    }

    function test_DomainIsPublished() external view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        ) = aggregator.eip712Domain();
        require(fields == hex"0f", "fields");
        eq(keccak256(bytes(name)), keccak256("Usance CreditAggregator"), "name");
        eq(keccak256(bytes(version)), keccak256("1"), "version");
        eq(chainId, block.chainid, "chain");
        eq(verifyingContract, address(aggregator), "contract");
        eq(salt, bytes32(0), "salt");
        eq(extensions.length, 0, "extensions");
    }

    /// @notice The digests as the standard writes them, by plain Solidity.
    function testFuzz_DigestsFollowEip712(Offer calldata offer, Intent calldata intent) external view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Usance CreditAggregator"),
                keccak256("1"),
                block.chainid,
                address(aggregator)
            )
        );
        bytes32 offerType = keccak256(
            "Offer(address lender,address borrower,address asset,address collateral,address oracle,uint128 principal,uint128 minFill,uint128 collateralAmount,uint128 installmentAmount,uint32 ratePpm,uint16 installments,uint32 period,uint32 grace,uint16 lateFeeBps,uint16 originationFeeBps,uint16 liquidationLtvBps,uint16 liquidationBonusBps,uint32 attestationPolicy,address feeRecipient,uint40 expiry,uint64 epoch,uint256 nonce)"
        );
        bytes32 intentType = keccak256(
            "Intent(bytes32 offerHash,address borrower,address recipient,uint128 principal,int256 minReceived,uint40 deadline,bytes32 attestation,bytes32 refinances)"
        );
        bytes32 offerHash = keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(offerType, offer))));
        bytes32 intentHash = keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(intentType, intent))));
        eq(aggregator.hashOffer(offer), offerHash, "offer");
        eq(aggregator.hashIntent(intent), intentHash, "intent");
    }

    /// @notice A word that its type cannot hold is refused, never cut: what is hashed is what is used.
    function test_RevertWhen_AWordDoesNotFit() external view {
        uint16[22] memory ofOffer =
            [160, 160, 160, 160, 160, 128, 128, 128, 128, 32, 16, 32, 32, 16, 16, 16, 16, 32, 160, 40, 64, 256];
        bytes memory data = abi.encodeCall(ICreditAggregator.hashOffer, (baseOffer()));
        for (uint256 i = 0; i < ofOffer.length; ++i) {
            requireFits(data, i, ofOffer[i]);
        }
        uint16[8] memory ofIntent = [256, 160, 160, 128, 256, 40, 256, 256];
        data = abi.encodeCall(ICreditAggregator.hashIntent, (intentFor(baseOffer(), borrower)));
        for (uint256 i = 0; i < ofIntent.length; ++i) {
            requireFits(data, i, ofIntent[i]);
        }
    }

    /// @dev The largest value of `bits` passes, the lowest bit above does not.
    function requireFits(bytes memory data, uint256 index, uint256 bits) private view {
        uint256 at = 36 + 32 * index;
        uint256 before;
        assembly ("memory-safe") {
            before := mload(add(data, at))
            mstore(add(data, at), sub(shl(bits, 1), 1))
        }
        (bool ok,) = address(aggregator).staticcall(data);
        require(ok, "the largest value fits");
        if (bits < 256) {
            assembly ("memory-safe") {
                mstore(add(data, at), shl(bits, 1))
            }
            (ok,) = address(aggregator).staticcall(data);
            require(!ok, "a bit more does not");
        }
        assembly ("memory-safe") {
            mstore(add(data, at), before)
        }
    }

    // --- the administration of liquidations

    function test_PausesOfLiquidationsEndByThemselves() external {
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.LiquidationResumesAt(uint40(START + 7 days));
        vm.prank(GUARDIAN);
        aggregator.pauseLiquidation();
        eq(aggregator.liquidationResumesAt(), START + 7 days, "at most seven days");
        // Not extended while it lasts.
        vm.warp(START + 1 days);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LiquidationPaused.selector, uint40(START + 7 days)));
        aggregator.pauseLiquidation();
    }

    function test_ResumingGivesAnHourAndNeverMore() external {
        vm.startPrank(GUARDIAN);
        aggregator.pauseLiquidation();
        vm.warp(START + 1 days);
        aggregator.resumeLiquidation();
        eq(aggregator.liquidationResumesAt(), START + 1 days + 1 hours, "an hour to add collateral");
        vm.warp(START + 1 days + 30 minutes);
        aggregator.resumeLiquidation();
        eq(aggregator.liquidationResumesAt(), START + 1 days + 1 hours, "not pushed on");
        vm.stopPrank();
    }

    function test_RolesMoveByTheOwnerAlone() external {
        vm.startPrank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("owner")));
        aggregator.transferOwnership(address(0));
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.GuardianSet(STRANGER);
        aggregator.setGuardian(STRANGER);
        eq(aggregator.guardian(), STRANGER, "guardian");
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.OwnershipTransferred(ADMIN, STRANGER);
        aggregator.transferOwnership(STRANGER);
        eq(aggregator.owner(), STRANGER, "owner");
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotOwner.selector, ADMIN));
        aggregator.setGuardian(ADMIN);
        vm.stopPrank();
    }

    function test_TheTwoContractsAreWired() external view {
        eq(aggregator.scoringOracle(), address(scoring), "scoring oracle");
        require(aggregator.servicing().code.length != 0, "servicing");
        eq(scoring.aggregator(), address(aggregator), "obeys the proxy");
    }

    function test_StorageIsNamespaced() external view {
        bytes32 slot =
            keccak256(abi.encode(uint256(keccak256("usance.storage.CreditAggregator")) - 1)) & ~bytes32(uint256(0xff));
        eq(vm.load(address(aggregator), slot), bytes32(uint256(uint160(ADMIN))), "policy slot");
        bytes32 bootstrapSlot =
            keccak256(abi.encode(uint256(keccak256("usance.storage.Bootstrap")) - 1)) & ~bytes32(uint256(0xff));
        eq(vm.load(address(aggregator), bootstrapSlot), bytes32(uint256(uint160(address(this)))), "bootstrap slot");
    }

    function test_DevToken() external {
        DevToken token = new DevToken("Six", "SIX", 6);
        eq(token.decimals(), 6, "decimals");
        token.mint(address(this), 5);
        eq(token.totalSupply(), 5, "supply");
    }
}

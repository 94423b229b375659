// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditScoringOracle } from "../../src/CreditScoringOracle.sol";
import { AttestationPolicy, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";
import { ERC1967Proxy } from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @notice Who may change what in {CreditScoringOracle}: the guardian only takes away.
// Field names are short words.
// forge-lint: disable-next-item(unsafe-typecast)
contract ScoringAdminTest is ScoringBase {
    bytes32 private constant SOME = keccak256("an attestation");

    function setUp() external {
        vm.warp(START);
        deploy();
    }

    function invalid(bytes32 field) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.InvalidField.selector, field));
    }

    function notEnough(uint256 given, uint256 needed) private {
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotEnoughAttesters.selector, given, needed));
    }

    // --- refusals

    function test_InitializesOnceAndNeverBare() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        oracle.initialize(STRANGER, STRANGER);
        CreditScoringOracle bare = bareScoring();
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        bare.initialize(STRANGER, STRANGER);
        bytes memory init = abi.encodeCall(CreditScoringOracle.initialize, (address(0), GUARDIAN));
        invalid("owner");
        new ERC1967Proxy(address(bare), init);
    }

    function test_NobodyButTheOwner() external {
        address next = address(new CreditScoringOracle(AGGREGATOR));
        address[2] memory others = [GUARDIAN, STRANGER];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory reason = abi.encodeWithSelector(ICreditScoringOracle.NotOwner.selector, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(reason);
            oracle.setThreshold(1);
            vm.expectRevert(reason);
            oracle.setAssetClass(USDC, 9, 9);
            vm.expectRevert(reason);
            oracle.setGuardian(others[i]);
            vm.expectRevert(reason);
            oracle.transferOwnership(others[i]);
            vm.expectRevert(reason);
            oracle.upgradeToAndCall(next, "");
            vm.stopPrank();
        }
    }

    function test_NobodyButTheGuardianAndTheOwner() external {
        bytes memory reason = abi.encodeWithSelector(ICreditScoringOracle.NotGuardian.selector, STRANGER);
        AttestationPolicy memory policy = oracle.policyOf(POLICY);
        vm.startPrank(STRANGER);
        vm.expectRevert(reason);
        oracle.revoke(SOME);
        vm.expectRevert(reason);
        oracle.raiseEpoch();
        vm.expectRevert(reason);
        oracle.setAttester(attesters[0], false);
        vm.expectRevert(reason);
        oracle.setAttester(STRANGER, true);
        vm.expectRevert(reason);
        oracle.setPolicy(POLICY, policy);
        policy.active = false;
        vm.expectRevert(reason);
        oracle.setPolicy(POLICY, policy);
        vm.stopPrank();
    }

    function test_GuardianAddsNothing() external {
        bytes memory reason = abi.encodeWithSelector(ICreditScoringOracle.NotOwner.selector, GUARDIAN);
        AttestationPolicy memory policy = oracle.policyOf(POLICY);
        vm.startPrank(GUARDIAN);
        vm.expectRevert(reason);
        oracle.setAttester(STRANGER, true);
        vm.expectRevert(reason);
        oracle.setPolicy(POLICY, policy);
        vm.stopPrank();
    }

    /// @notice Nobody removes an attester whom the threshold needs, not even the guardian in one step after the other.
    function test_AttestersNeverFallBelowTheThreshold() external {
        vm.startPrank(GUARDIAN);
        oracle.setAttester(attesters[0], false);
        notEnough(1, 2);
        oracle.setAttester(attesters[1], false);
        vm.stopPrank();
        vm.startPrank(OWNER);
        notEnough(1, 2);
        oracle.setAttester(attesters[1], false);
        oracle.setThreshold(1);
        oracle.setAttester(attesters[1], false);
        notEnough(0, 1);
        oracle.setAttester(attesters[2], false);
        vm.stopPrank();
        eq(oracle.attesterCount(), 1, "count");
    }

    function test_SetAttesterRefusesFields() external {
        vm.startPrank(OWNER);
        invalid("attester");
        oracle.setAttester(address(0), true);
        invalid("active");
        oracle.setAttester(attesters[0], true);
        invalid("active");
        oracle.setAttester(STRANGER, false);
        vm.stopPrank();
        eq(oracle.attesterCount(), 3, "count");
    }

    function test_SetThresholdRefusesFields() external {
        vm.startPrank(OWNER);
        invalid("threshold");
        oracle.setThreshold(0);
        notEnough(3, 4);
        oracle.setThreshold(4);
        notEnough(3, 2 ** 32 + 1);
        oracle.setThreshold(2 ** 32 + 1);
        vm.stopPrank();
    }

    function test_SetPolicyRefusesFields() external {
        vm.startPrank(OWNER);
        invalid("policy");
        oracle.setPolicy(0, AttestationPolicy(1, 1, 1, true));
        invalid("assetClass");
        oracle.setPolicy(1, AttestationPolicy(0, 1, 1, true));
        invalid("worstBand");
        oracle.setPolicy(1, AttestationPolicy(1, 0, 1, true));
        invalid("maxAge");
        oracle.setPolicy(1, AttestationPolicy(1, 1, 0, true));
        vm.stopPrank();
    }

    function test_SetAssetClassRefusesFields() external {
        vm.startPrank(OWNER);
        invalid("asset");
        oracle.setAssetClass(address(0), 1, 6);
        invalid("decimals");
        oracle.setAssetClass(USDC, 1, 25);
        vm.stopPrank();
    }

    function test_TransferOwnershipRefusesNobody() external {
        invalid("owner");
        vm.prank(OWNER);
        oracle.transferOwnership(address(0));
    }

    // --- behavior

    function test_StartsAsInitialized() external {
        CreditScoringOracle fresh = deployScoring();
        eq(fresh.owner(), OWNER, "owner");
        eq(fresh.guardian(), GUARDIAN, "guardian");
        eq(fresh.aggregator(), AGGREGATOR, "aggregator");
        eq(fresh.threshold(), 1, "threshold");
        eq(fresh.attesterCount(), 0, "attesters");
        eq(fresh.epoch(), 0, "epoch");
    }

    function test_OwnerSetsAndTakesAway() external {
        vm.startPrank(OWNER);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AttesterSet(STRANGER, true);
        oracle.setAttester(STRANGER, true);
        require(oracle.isAttester(STRANGER), "added");
        eq(oracle.attesterCount(), 4, "count");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.ThresholdSet(4);
        oracle.setThreshold(4);
        eq(oracle.threshold(), 4, "threshold");

        AttestationPolicy memory policy = AttestationPolicy(5, 6, 7, true);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.PolicySet(type(uint32).max, policy);
        oracle.setPolicy(type(uint32).max, policy);
        eq(keccak256(abi.encode(oracle.policyOf(type(uint32).max))), keccak256(abi.encode(policy)), "policy");
        oracle.setPolicy(type(uint32).max, AttestationPolicy(0, 0, 0, false));
        require(!oracle.policyOf(type(uint32).max).active, "switched off");

        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AssetClassSet(STRANGER, 65_535, 24);
        oracle.setAssetClass(STRANGER, 65_535, 24);
        (uint16 class, uint8 decimals) = oracle.classOf(STRANGER);
        require(class == 65_535 && decimals == 24, "class");
        oracle.revoke(SOME);
        require(oracle.isRevoked(SOME), "revoked");
        eq(oracle.raiseEpoch(), 1, "epoch");
        vm.stopPrank();
    }

    function test_GuardianTakesAway() external {
        vm.startPrank(GUARDIAN);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AttestationRevoked(SOME);
        oracle.revoke(SOME);
        require(oracle.isRevoked(SOME), "revoked");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.EpochRaised(1);
        eq(oracle.raiseEpoch(), 1, "answers the epoch");
        eq(oracle.epoch(), 1, "epoch");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AttesterSet(attesters[2], false);
        oracle.setAttester(attesters[2], false);
        require(!oracle.isAttester(attesters[2]), "removed");
        eq(oracle.attesterCount(), 2, "count");
        vm.stopPrank();
    }

    /// @notice Whatever fields the guardian passes, it only switches off.
    function test_GuardianSwitchesPoliciesOff() external {
        AttestationPolicy memory expected = AttestationPolicy(CLASS, 3, 30 days, false);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.PolicySet(POLICY, expected);
        vm.prank(GUARDIAN);
        oracle.setPolicy(POLICY, AttestationPolicy(9, 255, type(uint32).max, false));
        eq(keccak256(abi.encode(oracle.policyOf(POLICY))), keccak256(abi.encode(expected)), "policy");
    }

    function test_OwnerHandsOver() external {
        vm.startPrank(OWNER);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.GuardianSet(STRANGER);
        oracle.setGuardian(STRANGER);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.OwnershipTransferred(OWNER, STRANGER);
        oracle.transferOwnership(STRANGER);
        vm.stopPrank();
        eq(oracle.guardian(), STRANGER, "guardian");
        eq(oracle.owner(), STRANGER, "owner");
        vm.prank(STRANGER);
        oracle.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotGuardian.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
    }

    function test_UpgradeKeepsStorage() external {
        address next = address(new CreditScoringOracle(STRANGER));
        vm.prank(OWNER);
        oracle.upgradeToAndCall(next, "");
        eq(oracle.attesterCount(), 3, "attesters");
        eq(oracle.owner(), OWNER, "owner");
        eq(oracle.aggregator(), STRANGER, "the immutable is of the implementation");
    }

    function test_StorageIsNamespaced() external view {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("usance.storage.CreditScoringOracle")) - 1))
            & ~bytes32(uint256(0xff));
        uint256 settings = uint256(uint160(OWNER)) | (2 << 192) | (3 << 224);
        eq(vm.load(address(oracle), slot), bytes32(settings), "settings slot");
        eq(vm.load(address(oracle), bytes32(uint256(slot) + 1)), bytes32(uint256(uint160(GUARDIAN))), "guardian slot");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditScoringOracle } from "../../src/CreditScoringOracle.sol";
import { CreditAttestation, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";

/// @notice {CreditScoringOracle-present}: every refusal, then what it accepts, and what is signed.
// Field names are short words; fuzzed numbers are cut to the types that take them.
// forge-lint: disable-next-item(unsafe-typecast)
contract ScoringPresentTest is ScoringBase {
    uint256 private constant CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function setUp() external {
        vm.warp(START);
        deploy();
    }

    function refuse(CreditAttestation memory attestation, bytes[] memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.present(attestation, signatures);
    }

    function refuse(CreditAttestation memory attestation, bytes memory reason) private {
        refuse(attestation, signedBy(3, attestation), reason);
    }

    // --- refusals

    function test_RefusesNoClassAndNoBand() external {
        CreditAttestation memory a = baseAttestation();
        a.assetClass = 0;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.InvalidField.selector, bytes32("assetClass")));
        a = baseAttestation();
        a.scoreBand = 0;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.InvalidField.selector, bytes32("scoreBand")));
    }

    function test_RefusesAnyOtherEpoch() external {
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
        CreditAttestation memory a = baseAttestation();
        a.epoch = 0;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.StaleAttestationEpoch.selector, 0, 1));
        a.epoch = 2;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.StaleAttestationEpoch.selector, 2, 1));
        a.epoch = 1;
        present(a);
    }

    function test_RefusesTheFuture() external {
        CreditAttestation memory a = baseAttestation();
        a.issuedAt = uint40(START) + 1;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.AttestationFromFuture.selector, START + 1));
        a.issuedAt = uint40(START);
        present(a);
    }

    function test_RefusesTheExpired() external {
        CreditAttestation memory a = baseAttestation();
        a.expiresAt = uint40(START) - 1;
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.AttestationExpired.selector, START - 1));
        a.expiresAt = uint40(START);
        present(a);
    }

    function test_RefusesTheRevoked() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 digest = oracle.hashAttestation(a);
        vm.prank(GUARDIAN);
        oracle.revoke(digest);
        refuse(a, abi.encodeWithSelector(ICreditScoringOracle.RevokedAttestation.selector, digest));
    }

    function test_RefusesTooFewSignatures() external {
        CreditAttestation memory a = baseAttestation();
        bytes4 error = ICreditScoringOracle.NotEnoughAttesters.selector;
        refuse(a, signedBy(0, a), abi.encodeWithSelector(error, 0, 2));
        refuse(a, signedBy(4, a), abi.encodeWithSelector(error, 1, 2));
    }

    /// @notice A threshold counts distinct attesters: order makes a signature count once.
    function test_RefusesRepeatedAndUnsortedSigners() external {
        CreditAttestation memory a = baseAttestation();
        bytes4 error = ICreditScoringOracle.SignersNotSorted.selector;
        bytes[] memory list = signedBy(3, a);
        (bytes memory low, bytes memory high) = (list[0], list[1]);
        list[1] = low;
        refuse(a, list, abi.encodeWithSelector(error, attesters[0], attesters[0]));
        (list[0], list[1]) = (high, low);
        refuse(a, list, abi.encodeWithSelector(error, attesters[1], attesters[0]));
    }

    function test_RefusesUnknownSigners() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(7, a);
        list[2] = sign(0xBAD, oracle.hashAttestation(a));
        bytes4 error = ICreditScoringOracle.UnknownAttester.selector;
        // Beyond the threshold too: every signature must count.
        refuse(a, list, abi.encodeWithSelector(error, vm.addr(0xBAD)));
        list = signedBy(3, a);
        vm.prank(GUARDIAN);
        oracle.setAttester(attesters[1], false);
        refuse(a, list, abi.encodeWithSelector(error, attesters[1]));
    }

    /// @notice One signature has one form: no short ones, no upper half of the curve, no other length.
    function test_RefusesMalformedSignatures() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 digest = oracle.hashAttestation(a);
        bytes memory nobody = abi.encodeWithSelector(ICreditScoringOracle.UnknownAttester.selector, address(0));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[0], digest);
        bytes[] memory list = signedBy(3, a);
        list[0] = "";
        refuse(a, list, nobody);
        list[0] = abi.encodePacked(r, s, v, uint8(0));
        refuse(a, list, nobody);
        list[0] = abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        refuse(a, list, nobody);
        list[0] = abi.encodePacked(r, bytes32(CURVE_ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        refuse(a, list, nobody);
        list[0] = abi.encodePacked(r, s, uint8(0));
        refuse(a, list, nobody);
    }

    /// @notice What was signed for one contract on one chain is worth nothing elsewhere.
    function test_RefusesAnotherChain() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        vm.chainId(block.chainid + 1);
        vm.expectRevert();
        oracle.present(a, list);
    }

    function test_RefusesAnotherContract() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        deploy();
        vm.expectRevert();
        oracle.present(a, list);
    }

    /// @notice Nothing passes where no attester was set: the threshold starts at one, on the bare implementation too.
    function test_RefusesWithoutAttesters() external {
        CreditScoringOracle[2] memory fresh = [deployScoring(), bareScoring()];
        CreditAttestation memory a = baseAttestation();
        for (uint256 i = 0; i < 2; ++i) {
            eq(fresh[i].threshold(), 1, "threshold");
            vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotEnoughAttesters.selector, 0, 1));
            fresh[i].present(a, new bytes[](0));
        }
    }

    // --- behavior

    function test_AnyonePresentsManyTimes() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(5, a);
        vm.startPrank(STRANGER);
        bytes32 digest = oracle.present(a, list);
        eq(oracle.present(a, signedBy(7, a)), digest, "again, by others");
        vm.stopPrank();
        eq(digest, oracle.hashAttestation(a), "its digest");
        eq(oracle.usedOf(digest), 0, "nothing drawn");
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
        ) = oracle.eip712Domain();
        require(fields == hex"0f", "fields");
        eq(keccak256(bytes(name)), keccak256("Usance CreditScoringOracle"), "name");
        eq(keccak256(bytes(version)), keccak256("1"), "version");
        eq(chainId, block.chainid, "chain");
        eq(verifyingContract, address(oracle), "contract");
        eq(salt, bytes32(0), "salt");
        eq(extensions.length, 0, "extensions");
    }
}

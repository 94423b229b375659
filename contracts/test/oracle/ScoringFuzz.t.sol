// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationPolicy, CreditAttestation, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";

/// @notice What is signed, by how many, and how draws are counted, over all values.
// Fuzzed numbers are cut to the types that take them.
// forge-lint: disable-next-item(unsafe-typecast)
contract ScoringFuzzTest is ScoringBase {
    function setUp() external {
        vm.warp(START);
        deploy();
    }

    function refuse(CreditAttestation memory attestation, bytes[] memory signatures, bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.present(attestation, signatures);
    }

    function refuseDraw(bytes32 digest, address asset, uint256 amount, bytes memory reason) private {
        vm.expectRevert(reason);
        draw(digest, asset, amount);
    }

    /// @notice The digest as the standard writes it, by plain Solidity.
    function testFuzz_DigestFollowsEip712(CreditAttestation memory a) external view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Usance CreditScoringOracle"),
                keccak256("1"),
                block.chainid,
                address(oracle)
            )
        );
        bytes32 typeHash = keccak256(
            "CreditAttestation(address borrower,uint256 limit,uint16 assetClass,uint8 scoreBand,uint40 issuedAt,uint40 expiresAt,uint32 epoch,bytes32 id)"
        );
        bytes32 members = keccak256(
            abi.encode(typeHash, a.borrower, a.limit, a.assetClass, a.scoreBand, a.issuedAt, a.expiresAt, a.epoch, a.id)
        );
        eq(oracle.hashAttestation(a), keccak256(abi.encodePacked(hex"1901", domain, members)), "digest");
    }

    /// @notice m of n: accepted exactly when at least the threshold of the active attesters signed, and no other did.
    function testFuzz_Threshold(uint256 mask, uint256 removed, uint256 threshold) external {
        mask &= 7;
        threshold = bound(threshold, 1, 3);
        removed %= 4;
        if (removed != 3 && threshold == 3) threshold = 2;
        vm.startPrank(OWNER);
        oracle.setThreshold(threshold);
        if (removed != 3) oracle.setAttester(attesters[removed], false);
        vm.stopPrank();
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(mask, a);
        if (list.length < threshold) {
            refuse(
                a,
                list,
                abi.encodeWithSelector(ICreditScoringOracle.NotEnoughAttesters.selector, list.length, threshold)
            );
        } else if (removed != 3 && (mask >> removed) & 1 != 0) {
            refuse(a, list, abi.encodeWithSelector(ICreditScoringOracle.UnknownAttester.selector, attesters[removed]));
        } else {
            eq(oracle.present(a, list), oracle.hashAttestation(a), "accepted");
        }
    }

    /// @notice Every field is signed: an attestation with another value for any of them is not what the attesters attested.
    function testFuzz_EveryFieldIsSigned(uint8 field, uint256 change) external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        bytes32 before = oracle.hashAttestation(a);
        field %= 8;
        if (field == 0) a.borrower = address(uint160(change));
        if (field == 1) a.limit = change;
        if (field == 2) a.assetClass = uint16(bound(change, 1, type(uint16).max));
        if (field == 3) a.scoreBand = uint8(bound(change, 1, type(uint8).max));
        if (field == 4) a.issuedAt = uint40(bound(change, 0, START));
        if (field == 5) a.expiresAt = uint40(bound(change, START, type(uint40).max));
        if (field == 6) a.epoch = uint32(change);
        if (field == 7) a.id = bytes32(change);
        if (oracle.hashAttestation(a) == before) return;
        vm.expectRevert();
        oracle.present(a, list);
    }

    /// @notice The amount in 18 decimals, rounded up by less than one, for any decimals; above the limit nothing is drawn.
    function testFuzz_Units(uint256 amount, uint8 decimals, uint256 limit, uint8 shift) external {
        decimals %= 25;
        amount >>= shift;
        CreditAttestation memory a = baseAttestation();
        a.limit = limit;
        bytes32 digest = present(a);
        vm.prank(OWNER);
        oracle.setAssetClass(STRANGER, CLASS, decimals);
        uint256 most = limit > type(uint248).max ? type(uint248).max : limit;
        uint256 wanted;
        if (decimals > 18) {
            uint256 unit = 10 ** (decimals - 18);
            wanted = amount / unit + (amount % unit == 0 ? 0 : 1);
        } else {
            uint256 factor = 10 ** (18 - decimals);
            wanted = amount > type(uint256).max / factor ? type(uint256).max : amount * factor;
        }
        if (wanted > most) {
            bytes4 error = ICreditScoringOracle.LimitExceeded.selector;
            refuseDraw(digest, STRANGER, amount, abi.encodeWithSelector(error, digest, wanted, most));
            eq(oracle.usedOf(digest), 0, "unchanged");
        } else {
            draw(digest, STRANGER, amount);
            eq(oracle.usedOf(digest), wanted, "used");
        }
    }

    /// @notice A policy is met exactly when class, band and age are.
    function testFuzz_Policy(uint16 class, uint8 band, uint32 age, AttestationPolicy memory policy) external {
        class = uint16(bound(class, 1, 3));
        band = uint8(bound(band, 1, type(uint8).max));
        policy.assetClass = uint16(bound(policy.assetClass, 1, 3));
        policy.worstBand = uint8(bound(policy.worstBand, 1, type(uint8).max));
        policy.maxAge = uint32(bound(policy.maxAge, 1, 100));
        age = uint32(bound(age, 0, 120));
        vm.startPrank(OWNER);
        oracle.setPolicy(POLICY, policy);
        oracle.setAssetClass(USDC, class, 6);
        vm.stopPrank();
        CreditAttestation memory a = baseAttestation();
        a.assetClass = class;
        a.scoreBand = band;
        a.issuedAt = uint40(START - age);
        bytes32 digest = present(a);
        bool met = policy.active && policy.assetClass == class && band <= policy.worstBand && age <= policy.maxAge;
        if (met) draw(digest, USDC, 1);
        else refuseDraw(digest, USDC, 1, abi.encodeWithSelector(ICreditScoringOracle.PolicyNotMet.selector, POLICY));
    }
}

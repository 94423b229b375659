// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationPolicy, CreditAttestation, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";

/// @notice {CreditScoringOracle-draw}: every refusal, then units, rounding and the limit.
// Fuzzed numbers are cut to the types that take them.
// forge-lint: disable-next-item(unsafe-typecast)
contract ScoringDrawTest is ScoringBase {
    address private constant OTHER_CLASS = address(0x07);

    function setUp() external {
        vm.warp(START);
        deploy();
        vm.prank(OWNER);
        oracle.setAssetClass(OTHER_CLASS, 2, 6);
    }

    function refuse(bytes32 digest, address asset, uint256 amount, uint32 policy, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(AGGREGATOR);
        oracle.draw(digest, BORROWER, asset, amount, policy);
    }

    function refusePolicy(bytes32 digest, address asset, uint32 policy) private {
        refuse(digest, asset, 1, policy, abi.encodeWithSelector(ICreditScoringOracle.PolicyNotMet.selector, policy));
    }

    function setPolicy(uint16 assetClass, uint8 worstBand, uint32 maxAge, bool active) private {
        vm.prank(OWNER);
        oracle.setPolicy(POLICY, AttestationPolicy(assetClass, worstBand, maxAge, active));
    }

    // --- refusals

    function test_RefusesEveryoneButTheAggregator() external {
        bytes32 digest = present(baseAttestation());
        address[3] memory others = [OWNER, GUARDIAN, BORROWER];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotAggregator.selector, others[i]));
            vm.prank(others[i]);
            oracle.draw(digest, BORROWER, USDC, 1, POLICY);
        }
    }

    function test_RefusesWhatWasNotPresented() external {
        bytes32 digest = oracle.hashAttestation(baseAttestation());
        bytes4 error = ICreditScoringOracle.NotPresented.selector;
        refuse(digest, USDC, 1, POLICY, abi.encodeWithSelector(error, digest));
        refuse(0, USDC, 1, POLICY, abi.encodeWithSelector(error, 0));
        present(baseAttestation());
        refuse(0, USDC, 1, POLICY, abi.encodeWithSelector(error, 0));
    }

    /// @notice The limit lies in the word after the facts: a limit that reads as facts of the borrower gives nothing.
    function test_RefusesTheWordBesideAnAttestation() external {
        CreditAttestation memory a = baseAttestation();
        a.limit = uint256(uint160(BORROWER)) | (uint256(CLASS) << 160) | (1 << 176) | (START << 184);
        bytes32 beside = bytes32(uint256(present(a)) + 1);
        refuse(
            beside,
            USDC,
            1,
            POLICY,
            abi.encodeWithSelector(ICreditScoringOracle.LimitExceeded.selector, beside, 1e12, 0)
        );
    }

    function test_RefusesAnotherBorrower() external {
        CreditAttestation memory a = baseAttestation();
        a.borrower = STRANGER;
        bytes32 digest = present(a);
        bytes4 error = ICreditScoringOracle.WrongBorrower.selector;
        refuse(digest, USDC, 1, POLICY, abi.encodeWithSelector(error, STRANGER, BORROWER));
    }

    /// @notice Also between its presentation and its draw in one transaction.
    function test_RefusesTheRevoked() external {
        bytes32 digest = present(baseAttestation());
        draw(digest, USDC, 1);
        vm.prank(GUARDIAN);
        oracle.revoke(digest);
        bytes4 error = ICreditScoringOracle.RevokedAttestation.selector;
        refuse(digest, USDC, 1, POLICY, abi.encodeWithSelector(error, digest));
    }

    function test_RefusesAFormerEpoch() external {
        bytes32 digest = present(baseAttestation());
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
        bytes4 error = ICreditScoringOracle.StaleAttestationEpoch.selector;
        refuse(digest, USDC, 1, POLICY, abi.encodeWithSelector(error, 0, 1));
    }

    function test_RefusesPoliciesThatAreNotThere() external {
        bytes32 digest = present(baseAttestation());
        refusePolicy(digest, USDC, 0);
        refusePolicy(digest, USDC, POLICY + 1);
        setPolicy(CLASS, 3, 30 days, false);
        refusePolicy(digest, USDC, POLICY);
    }

    /// @notice The attestation, the policy and the asset must all be of one class.
    function test_RefusesOtherClasses() external {
        bytes32 digest = present(baseAttestation());
        refusePolicy(digest, OTHER_CLASS, POLICY);
        refusePolicy(digest, STRANGER, POLICY);
        setPolicy(2, 3, 30 days, true);
        refusePolicy(digest, USDC, POLICY);
        refusePolicy(digest, OTHER_CLASS, POLICY);
        CreditAttestation memory a = baseAttestation();
        a.assetClass = 2;
        digest = present(a);
        refusePolicy(digest, USDC, POLICY);
        draw(digest, OTHER_CLASS, 1);
        setPolicy(CLASS, 3, 30 days, true);
        refusePolicy(digest, USDC, POLICY);
        vm.prank(OWNER);
        oracle.setAssetClass(OTHER_CLASS, 0, 6);
        refusePolicy(digest, OTHER_CLASS, POLICY);
    }

    function test_RefusesAWorseBand() external {
        CreditAttestation memory a = baseAttestation();
        a.scoreBand = 4;
        refusePolicy(present(a), USDC, POLICY);
        a.scoreBand = 3;
        draw(present(a), USDC, 1);
    }

    function test_RefusesAnOlderAttestation() external {
        CreditAttestation memory a = baseAttestation();
        a.issuedAt = uint40(START - 30 days - 1);
        refusePolicy(present(a), USDC, POLICY);
        a.issuedAt = uint40(START - 30 days);
        draw(present(a), USDC, 1);
    }

    function test_RefusesAboveTheLimit() external {
        bytes32 digest = present(baseAttestation());
        bytes4 error = ICreditScoringOracle.LimitExceeded.selector;
        refuse(digest, USDC, 1_000e6 + 1, POLICY, abi.encodeWithSelector(error, digest, 1_000e18 + 1e12, 1_000e18));
        draw(digest, USDC, 999e6);
        refuse(digest, USDC, 1e6 + 1, POLICY, abi.encodeWithSelector(error, digest, 1e18 + 1e12, 1e18));
        draw(digest, USDC, 1e6);
        refuse(digest, WIDE, 1, POLICY, abi.encodeWithSelector(error, digest, 1, 0));
        refuse(digest, USDC, type(uint256).max, POLICY, abi.encodeWithSelector(error, digest, type(uint256).max, 0));
    }

    /// @notice A limit beyond what the slot holds ends there.
    function test_RefusesAboveTheSlot() external {
        CreditAttestation memory a = baseAttestation();
        a.limit = type(uint256).max;
        bytes32 digest = present(a);
        vm.prank(OWNER);
        oracle.setAssetClass(STRANGER, CLASS, 18);
        bytes4 error = ICreditScoringOracle.LimitExceeded.selector;
        uint256 most = type(uint248).max;
        refuse(digest, STRANGER, most + 1, POLICY, abi.encodeWithSelector(error, digest, most + 1, most));
        draw(digest, STRANGER, most);
        eq(oracle.usedOf(digest), most, "used");
        refuse(digest, STRANGER, 1, POLICY, abi.encodeWithSelector(error, digest, 1, 0));
    }

    // --- behavior

    function test_DrawsUseTheLimitUp() external {
        bytes32 digest = present(baseAttestation());
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AttestationDrawn(digest, BORROWER, USDC, 400e6, 400e18);
        draw(digest, USDC, 400e6);
        vm.expectEmit(true, true, true, true, address(oracle));
        emit ICreditScoringOracle.AttestationDrawn(digest, BORROWER, WIDE, 600e24, 1_000e18);
        draw(digest, WIDE, 600e24);
        eq(oracle.usedOf(digest), 1_000e18, "used");
    }

    /// @notice Two attestations of one transaction do not mix.
    function test_AttestationsAreCountedApart() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 first = present(a);
        a.id = "two";
        a.limit = 7e18;
        bytes32 second = present(a);
        draw(first, USDC, 1_000e6);
        draw(second, USDC, 7e6);
        eq(oracle.usedOf(first), 1_000e18, "first");
        eq(oracle.usedOf(second), 7e18, "second");
    }

    /// @notice A unit of 10^-24 counts as one of 10^-18.
    function test_RoundsUp() external {
        bytes32 digest = present(baseAttestation());
        draw(digest, WIDE, 1);
        eq(oracle.usedOf(digest), 1, "up");
        draw(digest, WIDE, 1e6);
        eq(oracle.usedOf(digest), 2, "exact");
        draw(digest, WIDE, 1e6 + 1);
        eq(oracle.usedOf(digest), 4, "up again");
        draw(digest, WIDE, 0);
        eq(oracle.usedOf(digest), 4, "nothing");
    }

    /// @notice What was presented keeps its epoch whole, beside the fields that share its word.
    function test_DrawsInALaterEpoch() external {
        vm.startPrank(OWNER);
        for (uint256 i = 0; i < 5; ++i) {
            oracle.raiseEpoch();
        }
        vm.stopPrank();
        bytes32 digest = present(baseAttestation());
        draw(digest, USDC, 1e6);
        vm.prank(OWNER);
        oracle.raiseEpoch();
        bytes4 error = ICreditScoringOracle.StaleAttestationEpoch.selector;
        refuse(digest, USDC, 1e6, POLICY, abi.encodeWithSelector(error, 5, 6));
    }

    /// @notice A unit has 18 decimals: at 17 nine make ninety, at 18 nine, at 19 one, rounded up.
    function test_UnitsAroundEighteenDecimals() external {
        uint256[3] memory used = [uint256(90), 9, 1];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(OWNER);
            oracle.setAssetClass(STRANGER, CLASS, uint8(17 + i));
            CreditAttestation memory a = baseAttestation();
            (a.id, a.limit) = (bytes32(i), used[i] - 1);
            bytes32 digest = present(a);
            bytes4 error = ICreditScoringOracle.LimitExceeded.selector;
            refuse(digest, STRANGER, 9, POLICY, abi.encodeWithSelector(error, digest, used[i], used[i] - 1));
            (a.id, a.limit) = (bytes32(i + 3), used[i]);
            draw(present(a), STRANGER, 9);
        }
    }
}

/// @notice What was presented is forgotten with its transaction: `setUp` is one, each test another.
contract ScoringTransactionTest is ScoringBase {
    bytes32 private presented;

    function setUp() external {
        vm.warp(START);
        deploy();
        presented = present(baseAttestation());
        draw(presented, USDC, 400e6);
    }

    function test_RefusesToDrawInALaterTransaction() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotPresented.selector, presented));
        draw(presented, USDC, 1);
    }

    function test_UsageOutlivesTheTransaction() external {
        eq(oracle.usedOf(presented), 400e18, "kept");
        present(baseAttestation());
        draw(presented, USDC, 600e6);
        eq(oracle.usedOf(presented), 1_000e18, "added");
    }
}

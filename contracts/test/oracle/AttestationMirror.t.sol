// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationMirror, IEas } from "../../src/AttestationMirror.sol";
import { CreditAttestation, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";

/// @notice What these tests read of the Ethereum Attestation Service and its registry of schemas.
interface IEasReader {
    struct Attestation {
        bytes32 uid;
        bytes32 schema;
        uint64 time;
        uint64 expirationTime;
        uint64 revocationTime;
        bytes32 refUID;
        address recipient;
        address attester;
        bool revocable;
        bytes data;
    }

    function getAttestation(bytes32 uid) external view returns (Attestation memory);
}

interface ISchemaRegistry {
    function register(string calldata schema, address resolver, bool revocable) external returns (bytes32);
}

/// @notice Keeps what it is told, by the rules of the real service that matter here.
// Times fit 64 bits.
// forge-lint: disable-next-item(unsafe-typecast)
contract EasDouble {
    mapping(bytes32 uid => IEasReader.Attestation) private kept;
    uint256 private count;

    error InvalidExpirationTime();
    error AlreadyRevoked();
    error AccessDenied();

    function attest(IEas.AttestationRequest calldata request) external payable returns (bytes32 uid) {
        IEas.AttestationRequestData calldata data = request.data;
        if (data.expirationTime != 0 && data.expirationTime <= block.timestamp) revert InvalidExpirationTime();
        uid = bytes32(++count);
        kept[uid] = IEasReader.Attestation(
            uid,
            request.schema,
            uint64(block.timestamp),
            data.expirationTime,
            0,
            data.refUID,
            data.recipient,
            msg.sender,
            data.revocable,
            data.data
        );
    }

    function revoke(IEas.RevocationRequest calldata request) external payable {
        IEasReader.Attestation storage attestation = kept[request.data.uid];
        if (attestation.attester != msg.sender || attestation.schema != request.schema) revert AccessDenied();
        if (attestation.revocationTime != 0) revert AlreadyRevoked();
        attestation.revocationTime = uint64(block.timestamp);
    }

    function getAttestation(bytes32 uid) external view returns (IEasReader.Attestation memory) {
        return kept[uid];
    }
}

/// @notice The cheatcodes that fetch the real service, when there is one.
interface EnvVm {
    function envOr(string calldata name, bytes calldata otherwise) external view returns (bytes memory);
    function skip(bool yes) external;
}

/// @notice {AttestationMirror}; subclasses say before which service.
abstract contract AttestationMirrorTests is ScoringBase {
    AttestationMirror internal mirror;
    address internal eas;
    bytes32 internal schema;

    function setUpMirror() internal {
        vm.warp(START);
        deploy();
        mirror = new AttestationMirror(oracle, IEas(eas), schema);
    }

    function revoke(bytes32 digest) private {
        vm.prank(GUARDIAN);
        oracle.revoke(digest);
    }

    // --- refusals

    function test_RefusesWhatIsNotSigned() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(1, a);
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.NotEnoughAttesters.selector, 1, 2));
        mirror.mirror(a, list);
    }

    function test_RefusesASecondCopy() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        bytes32 uid = mirror.mirror(a, list);
        vm.expectRevert(
            abi.encodeWithSelector(AttestationMirror.AlreadyMirrored.selector, oracle.hashAttestation(a), uid)
        );
        mirror.mirror(a, list);
    }

    function test_RefusesTheRevoked() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        bytes32 digest = oracle.hashAttestation(a);
        revoke(digest);
        vm.expectRevert(abi.encodeWithSelector(ICreditScoringOracle.RevokedAttestation.selector, digest));
        mirror.mirror(a, list);
    }

    function test_RefusesTheDrawnThatWasRevoked() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 digest = present(a);
        draw(digest, USDC, 1);
        revoke(digest);
        vm.expectRevert(abi.encodeWithSelector(AttestationMirror.Revoked.selector, digest));
        mirror.mirror(a, new bytes[](0));
        a.id = "two";
        digest = present(a);
        draw(digest, USDC, 1);
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
        vm.expectRevert(abi.encodeWithSelector(AttestationMirror.Revoked.selector, digest));
        mirror.mirror(a, new bytes[](0));
    }

    function test_RefusesTheDrawnThatExpired() external {
        CreditAttestation memory a = baseAttestation();
        draw(present(a), USDC, 1);
        vm.warp(a.expiresAt);
        vm.expectRevert();
        mirror.mirror(a, new bytes[](0));
    }

    function test_UnmirrorRefusesWhatStands() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 digest = oracle.hashAttestation(a);
        vm.expectRevert(abi.encodeWithSelector(AttestationMirror.NotMirrored.selector, digest));
        mirror.unmirror(a);
        mirror.mirror(a, signedBy(3, a));
        vm.expectRevert(abi.encodeWithSelector(AttestationMirror.NotRevoked.selector, digest));
        mirror.unmirror(a);
    }

    function test_UnmirrorsOnce() external {
        CreditAttestation memory a = baseAttestation();
        mirror.mirror(a, signedBy(3, a));
        revoke(oracle.hashAttestation(a));
        mirror.unmirror(a);
        vm.expectRevert();
        mirror.unmirror(a);
    }

    // --- behavior

    function test_AnyoneMirrorsWhatIsSigned() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(6, a);
        vm.prank(STRANGER);
        requireCopy(a, mirror.mirror(a, list));
    }

    function test_MirrorsTheDrawnWithoutSignatures() external {
        CreditAttestation memory a = baseAttestation();
        draw(present(a), USDC, 1);
        requireCopy(a, mirror.mirror(a, new bytes[](0)));
    }

    function test_AnyoneEndsTheCopyOfTheRevoked() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 digest = oracle.hashAttestation(a);
        bytes32 uid = mirror.mirror(a, signedBy(3, a));
        revoke(digest);
        vm.expectEmit(true, true, true, true, address(mirror));
        emit AttestationMirror.Unmirrored(digest, uid);
        vm.prank(STRANGER);
        mirror.unmirror(a);
        eq(IEasReader(eas).getAttestation(uid).revocationTime, START, "revoked there");
        eq(mirror.uidOf(digest), uid, "no second copy");
    }

    function test_AnyoneEndsTheCopyOfAFormerEpoch() external {
        CreditAttestation memory a = baseAttestation();
        bytes32 uid = mirror.mirror(a, signedBy(3, a));
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
        mirror.unmirror(a);
        eq(IEasReader(eas).getAttestation(uid).revocationTime, START, "revoked there");
    }

    function test_MirrorPublishesItsParts() external view {
        eq(address(mirror.scoring()), address(oracle), "scoring");
        eq(address(mirror.eas()), eas, "service");
        eq(mirror.schema(), schema, "schema");
    }

    function requireCopy(CreditAttestation memory a, bytes32 uid) private view {
        bytes32 digest = oracle.hashAttestation(a);
        eq(mirror.uidOf(digest), uid, "remembered");
        require(uid != 0, "uid");
        IEasReader.Attestation memory copy = IEasReader(eas).getAttestation(uid);
        eq(copy.schema, schema, "schema");
        eq(copy.recipient, BORROWER, "recipient");
        eq(copy.attester, address(mirror), "attester");
        eq(copy.expirationTime, a.expiresAt, "expiry");
        eq(copy.revocationTime, 0, "stands");
        require(copy.revocable, "revocable");
        eq(
            keccak256(copy.data),
            keccak256(abi.encode(digest, oracle, a.limit, a.assetClass, a.scoreBand, a.issuedAt, a.epoch)),
            "data in the order of the schema"
        );
    }
}

contract AttestationMirrorTest is AttestationMirrorTests {
    function setUp() external {
        eas = address(new EasDouble());
        schema = keccak256("schema");
        setUpMirror();
    }

    function test_MirrorTellsOfACopy() external {
        CreditAttestation memory a = baseAttestation();
        bytes[] memory list = signedBy(3, a);
        vm.expectEmit(true, true, true, true, address(mirror));
        emit AttestationMirror.Mirrored(oracle.hashAttestation(a), bytes32(uint256(1)));
        mirror.mirror(a, list);
    }
}

/// @notice The same before the bytecode of the real service, which scripts/contracts-eas.sh passes in; skipped without it.
contract AttestationMirrorRealTest is AttestationMirrorTests {
    function setUp() external {
        EnvVm env = EnvVm(address(vm));
        bytes memory registryCode = env.envOr("EAS_SCHEMA_REGISTRY_CODE", bytes(""));
        bytes memory easCode = env.envOr("EAS_CODE", bytes(""));
        if (easCode.length == 0) {
            env.skip(true);
            return;
        }
        address registry = create(registryCode);
        eas = create(bytes.concat(easCode, abi.encode(registry)));
        string memory text = new AttestationMirror(oracle, IEas(eas), 0).SCHEMA();
        schema = ISchemaRegistry(registry).register(text, address(0), true);
        setUpMirror();
    }

    function create(bytes memory init) private returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(init, 0x20), mload(init))
        }
        require(deployed != address(0), "not deployed");
    }
}

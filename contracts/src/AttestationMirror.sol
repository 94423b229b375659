// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditAttestation, ICreditScoringOracle } from "./ICreditScoringOracle.sol";

/// @notice What {AttestationMirror} asks of an instance of the Ethereum Attestation Service.
interface IEas {
    struct AttestationRequestData {
        address recipient;
        uint64 expirationTime;
        bool revocable;
        bytes32 refUID;
        bytes data;
        uint256 value;
    }

    struct AttestationRequest {
        bytes32 schema;
        AttestationRequestData data;
    }

    struct RevocationRequestData {
        bytes32 uid;
        uint256 value;
    }

    struct RevocationRequest {
        bytes32 schema;
        RevocationRequestData data;
    }

    function attest(AttestationRequest calldata request) external payable returns (bytes32 uid);

    function revoke(RevocationRequest calldata request) external payable;
}

/// @title Publishes credit attestations in the Ethereum Attestation Service, where others find them.
/// @notice Off the path of a loan and without any power: nothing reads what it writes but the public. Anyone may mirror an attestation that is
/// valid or was drawn on, once, and end the copy when the original was revoked.
contract AttestationMirror {
    /// @notice The schema to register (revocable, no resolver), whose uid the constructor takes. `oracle` is the verifying contract of `attestation`.
    string public constant SCHEMA =
        "bytes32 attestation,address oracle,uint256 limit,uint16 assetClass,uint8 scoreBand,uint40 issuedAt,uint32 epoch";

    ICreditScoringOracle public immutable scoring;
    IEas public immutable eas;
    bytes32 public immutable schema;

    /// @notice The uid of the copy of an attestation; zero when there is none.
    mapping(bytes32 attestation => bytes32 uid) public uidOf;

    event Mirrored(bytes32 indexed attestation, bytes32 indexed uid);
    event Unmirrored(bytes32 indexed attestation, bytes32 indexed uid);

    error AlreadyMirrored(bytes32 attestation, bytes32 uid);
    error NotMirrored(bytes32 attestation);
    error NotRevoked(bytes32 attestation);
    error Revoked(bytes32 attestation);

    constructor(ICreditScoringOracle scoring_, IEas eas_, bytes32 schema_) {
        scoring = scoring_;
        eas = eas_;
        schema = schema_;
    }

    /// @notice Attests to the borrower, until the original expires.
    /// @param signatures Of the attesters; not read when the attestation was drawn on, which proves that it was valid.
    /// @return uid Of the copy.
    function mirror(CreditAttestation calldata attestation, bytes[] calldata signatures)
        external
        returns (bytes32 uid)
    {
        bytes32 digest = scoring.hashAttestation(attestation);
        if (uidOf[digest] != 0) revert AlreadyMirrored(digest, uidOf[digest]);
        if (scoring.usedOf(digest) == 0) {
            scoring.present(attestation, signatures);
        } else if (_isRevoked(attestation, digest)) {
            revert Revoked(digest);
        }
        IEas.AttestationRequestData memory data = IEas.AttestationRequestData({
            recipient: attestation.borrower,
            expirationTime: attestation.expiresAt,
            revocable: true,
            refUID: 0,
            data: abi.encode(
                digest,
                scoring,
                attestation.limit,
                attestation.assetClass,
                attestation.scoreBand,
                attestation.issuedAt,
                attestation.epoch
            ),
            value: 0
        });
        uid = eas.attest(IEas.AttestationRequest(schema, data));
        uidOf[digest] = uid;
        emit Mirrored(digest, uid);
    }

    /// @notice Revokes the copy of an attestation that was revoked, by itself or with its epoch.
    function unmirror(CreditAttestation calldata attestation) external {
        bytes32 digest = scoring.hashAttestation(attestation);
        bytes32 uid = uidOf[digest];
        if (uid == 0) revert NotMirrored(digest);
        if (!_isRevoked(attestation, digest)) revert NotRevoked(digest);
        emit Unmirrored(digest, uid);
        eas.revoke(IEas.RevocationRequest(schema, IEas.RevocationRequestData(uid, 0)));
    }

    function _isRevoked(CreditAttestation calldata attestation, bytes32 digest) private view returns (bool) {
        return scoring.isRevoked(digest) || scoring.epoch() != attestation.epoch;
    }
}

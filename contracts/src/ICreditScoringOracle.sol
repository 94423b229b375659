// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice What attesters sign (EIP-712, domain "Usance CreditScoringOracle" version "1" of this chain and contract): this
/// borrower may owe so much without full collateral. It carries a band, never a score.
/// @param borrower Whose credit is attested.
/// @param limit Most that may be originated under it in all, in units of the asset class with 18 decimals. It is used up, not
/// revolving: repayment does not restore it.
/// @param assetClass Class of assets that the limit counts, see {ICreditScoringOracle-classOf}; never zero.
/// @param scoreBand 1 is the best.
/// @param issuedAt Unix time; attestations from the future are refused.
/// @param expiresAt Last second of its life, Unix time.
/// @param epoch Epoch of the oracle; raising it revokes every attestation of the former ones.
/// @param id Chosen by the issuer, unique; usage and revocation are counted by the digest of the whole attestation.
struct CreditAttestation {
    address borrower;
    uint256 limit;
    uint16 assetClass;
    uint8 scoreBand;
    uint40 issuedAt;
    uint40 expiresAt;
    uint32 epoch;
    bytes32 id;
}

/// @notice What an offer may ask of an attestation.
/// @param assetClass The class that the attestation must name.
/// @param worstBand The largest band that is accepted.
/// @param maxAge Seconds since `issuedAt` that are accepted.
/// @param active False when the policy is not there, or was switched off.
struct AttestationPolicy {
    uint16 assetClass;
    uint8 worstBand;
    uint32 maxAge;
    bool active;
}

/// @title Credit attestations: m of n attesters sign, each attestation is drawn on up to its limit.
/// @notice Attesters and policies are set by the owner (a timelock); the guardian revokes attestations and attesters, switches policies
/// off and raises the epoch, and nothing else.
/// @dev An attestation is presented and drawn on within one transaction: what {present} checked lives in transient storage, only
/// what was drawn is stored.
interface ICreditScoringOracle {
    event AttestationDrawn(
        bytes32 indexed attestation, address indexed borrower, address asset, uint256 amount, uint256 used
    );
    event AttestationRevoked(bytes32 indexed attestation);
    event EpochRaised(uint32 epoch);
    event AttesterSet(address indexed attester, bool active);
    event ThresholdSet(uint256 threshold);
    event PolicySet(uint32 indexed policy, AttestationPolicy value);
    event AssetClassSet(address indexed asset, uint16 assetClass, uint8 decimals);
    event GuardianSet(address guardian);
    event OwnershipTransferred(address indexed from, address indexed to);

    error NotOwner(address caller);
    error NotGuardian(address caller);
    error NotAggregator(address caller);
    /// @param name The refused field as a left-aligned ASCII word.
    error InvalidField(bytes32 name);
    /// @notice Fewer than the threshold of distinct, active attesters signed.
    error NotEnoughAttesters(uint256 given, uint256 needed);
    /// @notice Signatures must come in ascending order of their signers, which makes them distinct.
    error SignersNotSorted(address before, address after_);
    error UnknownAttester(address signer);
    error AttestationExpired(uint40 expiresAt);
    error AttestationFromFuture(uint40 issuedAt);
    error StaleAttestationEpoch(uint32 given, uint32 current);
    error RevokedAttestation(bytes32 attestation);
    /// @notice It was not presented in this transaction.
    error NotPresented(bytes32 attestation);
    error WrongBorrower(address attested, address borrower);
    error PolicyNotMet(uint32 policy);
    error LimitExceeded(bytes32 attestation, uint256 wanted, uint256 left);

    /// @notice Checks an attestation and remembers it until the end of the transaction. Anyone may call it.
    /// @param signatures 65 bytes each, ascending by signer.
    /// @return attestation Its EIP-712 digest: the id by which it is drawn on and revoked.
    function present(CreditAttestation calldata attestation, bytes[] calldata signatures) external returns (bytes32);

    /// @notice Draws `amount` base units of `asset` on a presented attestation; reverts when it does not meet the policy or does
    /// not reach. Only for the aggregator.
    function draw(bytes32 attestation, address borrower, address asset, uint256 amount, uint32 policy) external;

    /// @notice For the guardian and the owner; cannot be undone.
    function revoke(bytes32 attestation) external;

    /// @notice Revokes every attestation of the present epoch. For the guardian and the owner.
    function raiseEpoch() external returns (uint32);

    /// @notice The owner adds and removes; the guardian only removes, and never below the threshold.
    function setAttester(address attester, bool active) external;

    /// @notice Only for the owner: between 1 and the number of attesters.
    function setThreshold(uint256 threshold) external;

    /// @notice The owner sets any; the guardian only switches off. Policy 0 cannot be set.
    function setPolicy(uint32 policy, AttestationPolicy calldata value) external;

    /// @notice Only for the owner: the class of an asset and its decimals (0 to 24); class 0 takes the asset out.
    function setAssetClass(address asset, uint16 assetClass, uint8 decimals) external;

    function hashAttestation(CreditAttestation calldata attestation) external view returns (bytes32);

    /// @notice Drawn so far, in units with 18 decimals.
    function usedOf(bytes32 attestation) external view returns (uint256);

    function isRevoked(bytes32 attestation) external view returns (bool);

    function isAttester(address attester) external view returns (bool);

    function attesterCount() external view returns (uint256);

    function threshold() external view returns (uint256);

    function epoch() external view returns (uint32);

    function policyOf(uint32 policy) external view returns (AttestationPolicy memory);

    function classOf(address asset) external view returns (uint16 assetClass, uint8 decimals);

    function owner() external view returns (address);

    function guardian() external view returns (address);

    function aggregator() external view returns (address);
}

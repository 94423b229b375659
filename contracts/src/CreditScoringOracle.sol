// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationPolicy, CreditAttestation, ICreditScoringOracle } from "./ICreditScoringOracle.sol";
import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { MessageHashUtils } from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Credit attestations, see {ICreditScoringOracle}.
/// @dev Attesters are accounts that sign by ECDSA. One must stay to meet the threshold: who is the last needed can only be replaced
/// by adding another first, or by lowering the threshold.
contract CreditScoringOracle is ICreditScoringOracle, IERC5267, Initializable, UUPSUpgradeable {
    /// @dev One slot, read by every presentation.
    struct Settings {
        address owner;
        uint32 epoch;
        uint32 threshold;
        uint32 attesterCount;
    }

    /// @dev One slot, so that drawing learns of a revocation for free. Above 2^248 a limit cannot be used.
    struct Usage {
        uint248 used;
        bool revoked;
    }

    struct AssetClass {
        uint16 assetClass;
        uint8 decimals;
    }

    /// @custom:storage-location erc7201:usance.storage.CreditScoringOracle
    struct ScoringStorage {
        Settings settings;
        address guardian;
        mapping(address attester => bool) attesters;
        mapping(bytes32 attestation => Usage) usage;
        mapping(uint32 policy => AttestationPolicy) policies;
        mapping(address asset => AssetClass) classes;
    }

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "CreditAttestation(address borrower,uint256 limit,uint16 assetClass,uint8 scoreBand,uint40 issuedAt,uint40 expiresAt,uint32 epoch,bytes32 id)"
    );
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant NAME = "Usance CreditScoringOracle";
    string private constant VERSION = "1";

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.CreditScoringOracle")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0xb71e3fe6e61fe934a296382edb0cd93e8b235cf639cb865bd899ad663adbeb00;

    /// @dev Decimals of limits and usage.
    uint256 private constant UNIT_DECIMALS = 18;
    uint256 private constant MAX_DECIMALS = 24;

    address public immutable override aggregator;

    modifier onlyOwner() {
        if (msg.sender != _storage().settings.owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyGuardianOrOwner() {
        if (!_isGuardianOrOwner()) revert NotGuardian(msg.sender);
        _;
    }

    /// @param aggregator_ The only one that may draw.
    constructor(address aggregator_) {
        aggregator = aggregator_;
        _disableInitializers();
        // Nothing can be presented to the bare implementation.
        _storage().settings.threshold = 1;
    }

    /// @notice Called once, by the constructor of the proxy. The threshold starts at one, with no attester.
    /// @param guardian_ May be zero: then there is none.
    function initialize(address owner_, address guardian_) external initializer {
        _storage().settings.threshold = 1;
        _setOwner(owner_);
        _setGuardian(guardian_);
    }

    function present(CreditAttestation calldata attestation, bytes[] calldata signatures)
        external
        override
        returns (bytes32 digest)
    {
        ScoringStorage storage $ = _storage();
        if (attestation.assetClass == 0) revert InvalidField("assetClass");
        if (attestation.scoreBand == 0) revert InvalidField("scoreBand");
        uint32 current = $.settings.epoch;
        if (attestation.epoch != current) revert StaleAttestationEpoch(attestation.epoch, current);
        if (attestation.issuedAt > block.timestamp) revert AttestationFromFuture(attestation.issuedAt);
        if (attestation.expiresAt < block.timestamp) revert AttestationExpired(attestation.expiresAt);
        digest = hashAttestation(attestation);
        if ($.usage[digest].revoked) revert RevokedAttestation(digest);
        _requireAttesters($, digest, signatures);

        uint256 limit = attestation.limit;
        uint256 facts = uint256(uint160(attestation.borrower)) | (uint256(attestation.assetClass) << 160)
            | (uint256(attestation.scoreBand) << 176) | (uint256(attestation.issuedAt) << 184)
            | (uint256(attestation.epoch) << 224);
        // Nothing else uses transient storage here. Who draws on the word after a digest finds a limit of zero beside it.
        assembly ("memory-safe") {
            tstore(digest, facts)
            tstore(add(digest, 1), limit)
        }
    }

    function draw(bytes32 attestation, address borrower, address asset, uint256 amount, uint32 policy)
        external
        override
    {
        if (msg.sender != aggregator) revert NotAggregator(msg.sender);
        ScoringStorage storage $ = _storage();
        uint256 facts;
        uint256 limit;
        assembly ("memory-safe") {
            facts := tload(attestation)
            limit := tload(add(attestation, 1))
        }
        // The asset class of what was presented is not zero.
        if (facts == 0) revert NotPresented(attestation);
        // Each cast cuts a field out of the word.
        // forge-lint: disable-next-item(unsafe-typecast)
        {
            address attested = address(uint160(facts));
            if (attested != borrower) revert WrongBorrower(attested, borrower);
            uint32 epoch_ = uint32(facts >> 224);
            if (epoch_ != $.settings.epoch) revert StaleAttestationEpoch(epoch_, $.settings.epoch);
        }
        Usage memory usage = $.usage[attestation];
        if (usage.revoked) revert RevokedAttestation(attestation);
        AssetClass memory class = $.classes[asset];
        _requirePolicy($, facts, class.assetClass, policy);

        uint256 wanted = _unitsUp(amount, class.decimals);
        limit = Math.min(limit, type(uint248).max);
        // What was drawn never exceeded the limit, which the digest fixes.
        uint256 left = limit - usage.used;
        if (wanted > left) revert LimitExceeded(attestation, wanted, left);
        // At most the limit.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint248 used = usage.used + uint248(wanted);
        $.usage[attestation].used = used;
        emit AttestationDrawn(attestation, borrower, asset, amount, used);
    }

    function revoke(bytes32 attestation) external override onlyGuardianOrOwner {
        _storage().usage[attestation].revoked = true;
        emit AttestationRevoked(attestation);
    }

    function raiseEpoch() external override onlyGuardianOrOwner returns (uint32 raised) {
        raised = ++_storage().settings.epoch;
        emit EpochRaised(raised);
    }

    function setAttester(address attester, bool active) external override {
        ScoringStorage storage $ = _storage();
        if (!_isGuardianOrOwner()) revert NotGuardian(msg.sender);
        if (active && msg.sender != $.settings.owner) revert NotOwner(msg.sender);
        if (attester == address(0)) revert InvalidField("attester");
        if ($.attesters[attester] == active) revert InvalidField("active");
        uint32 count = $.settings.attesterCount;
        // The threshold never exceeds the number, but for the one of the beginning: only a removal can be refused.
        count = active ? count + 1 : count - 1;
        if (count < $.settings.threshold) revert NotEnoughAttesters(count, $.settings.threshold);
        $.settings.attesterCount = count;
        $.attesters[attester] = active;
        emit AttesterSet(attester, active);
    }

    function setThreshold(uint256 threshold_) external override onlyOwner {
        Settings storage settings = _storage().settings;
        if (threshold_ == 0) revert InvalidField("threshold");
        if (threshold_ > settings.attesterCount) revert NotEnoughAttesters(settings.attesterCount, threshold_);
        // At most the number of attesters.
        // forge-lint: disable-next-line(unsafe-typecast)
        settings.threshold = uint32(threshold_);
        emit ThresholdSet(threshold_);
    }

    /// @dev Of what the guardian gives only `active` counts, which must be false: the stored policy keeps its other fields.
    function setPolicy(uint32 policy, AttestationPolicy calldata value) external override {
        ScoringStorage storage $ = _storage();
        if (policy == 0) revert InvalidField("policy");
        AttestationPolicy storage stored = $.policies[policy];
        if (msg.sender == $.settings.owner) {
            if (value.active) {
                if (value.assetClass == 0) revert InvalidField("assetClass");
                if (value.worstBand == 0) revert InvalidField("worstBand");
                if (value.maxAge == 0) revert InvalidField("maxAge");
            }
            $.policies[policy] = value;
        } else {
            if (msg.sender != $.guardian) revert NotGuardian(msg.sender);
            if (value.active) revert NotOwner(msg.sender);
            stored.active = false;
        }
        emit PolicySet(policy, stored);
    }

    function setAssetClass(address asset, uint16 assetClass, uint8 decimals) external override onlyOwner {
        if (asset == address(0)) revert InvalidField("asset");
        if (decimals > MAX_DECIMALS) revert InvalidField("decimals");
        _storage().classes[asset] = AssetClass(assetClass, decimals);
        emit AssetClassSet(asset, assetClass, decimals);
    }

    /// @notice Only for the owner; zero means none.
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    /// @notice Only for the owner.
    function transferOwnership(address to) external onlyOwner {
        _setOwner(to);
    }

    function usedOf(bytes32 attestation) external view override returns (uint256) {
        return _storage().usage[attestation].used;
    }

    function isRevoked(bytes32 attestation) external view override returns (bool) {
        return _storage().usage[attestation].revoked;
    }

    function isAttester(address attester) external view override returns (bool) {
        return _storage().attesters[attester];
    }

    function attesterCount() external view override returns (uint256) {
        return _storage().settings.attesterCount;
    }

    function threshold() external view override returns (uint256) {
        return _storage().settings.threshold;
    }

    function epoch() external view override returns (uint32) {
        return _storage().settings.epoch;
    }

    function policyOf(uint32 policy) external view override returns (AttestationPolicy memory) {
        return _storage().policies[policy];
    }

    function classOf(address asset) external view override returns (uint16 assetClass, uint8 decimals) {
        AssetClass memory class = _storage().classes[asset];
        return (class.assetClass, class.decimals);
    }

    function owner() external view override returns (address) {
        return _storage().settings.owner;
    }

    function guardian() external view override returns (address) {
        return _storage().guardian;
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        override
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        // Name, version, chain id and verifying contract: bits 0 to 3.
        return (hex"0f", NAME, VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    function hashAttestation(CreditAttestation calldata attestation) public view override returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
        return MessageHashUtils.toTypedDataHash(separator, keccak256(abi.encode(ATTESTATION_TYPEHASH, attestation)));
    }

    function _authorizeUpgrade(address) internal view override onlyOwner { }

    function _setOwner(address to) private {
        if (to == address(0)) revert InvalidField("owner");
        Settings storage settings = _storage().settings;
        emit OwnershipTransferred(settings.owner, to);
        settings.owner = to;
    }

    function _setGuardian(address guardian_) private {
        _storage().guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    function _isGuardianOrOwner() private view returns (bool) {
        ScoringStorage storage $ = _storage();
        return msg.sender == $.guardian || msg.sender == $.settings.owner;
    }

    /// @dev Every signature must count, also those beyond the threshold.
    function _requireAttesters(ScoringStorage storage $, bytes32 digest, bytes[] calldata signatures) private view {
        uint256 needed = $.settings.threshold;
        if (signatures.length < needed) revert NotEnoughAttesters(signatures.length, needed);
        address before;
        for (uint256 i = 0; i < signatures.length; ++i) {
            // What does not recover is the zero address, which is no attester.
            (address signer,,) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (!$.attesters[signer]) revert UnknownAttester(signer);
            if (signer <= before) revert SignersNotSorted(before, signer);
            before = signer;
        }
    }

    /// @param facts As {present} packed them.
    /// @param class Class of the asset that is lent.
    function _requirePolicy(ScoringStorage storage $, uint256 facts, uint256 class, uint32 policy) private view {
        AttestationPolicy memory wanted = $.policies[policy];
        // Each cast cuts a field out of the word.
        // forge-lint: disable-next-item(unsafe-typecast)
        bool met = wanted.active && uint16(facts >> 160) == class && wanted.assetClass == class
            && uint8(facts >> 176) <= wanted.worstBand && block.timestamp - uint40(facts >> 184) <= wanted.maxAge;
        if (!met) revert PolicyNotMet(policy);
    }

    /// @dev Base units in units with 18 decimals, rounded up; all ones for what takes more than 256 bits, which no limit allows.
    function _unitsUp(uint256 amount, uint256 decimals) private pure returns (uint256) {
        if (decimals > UNIT_DECIMALS) return Math.ceilDiv(amount, 10 ** (decimals - UNIT_DECIMALS));
        return Math.saturatingMul(amount, 10 ** (UNIT_DECIMALS - decimals));
    }

    function _storage() private pure returns (ScoringStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}

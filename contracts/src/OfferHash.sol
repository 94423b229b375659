// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IntentWords, OfferWords } from "./OfferWords.sol";

/// @notice EIP-712 hashes of what the parties sign.
/// @dev The types are static structs, so their ABI words in calldata are the EIP-712 encoding of their members.
library OfferHash {
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address lender,address borrower,address asset,address collateral,address oracle,uint128 principal,uint128 minFill,uint128 collateralAmount,uint128 installmentAmount,uint32 ratePpm,uint16 installments,uint32 period,uint32 grace,uint16 lateFeeBps,uint16 originationFeeBps,uint16 liquidationLtvBps,uint16 liquidationBonusBps,uint32 attestationPolicy,address feeRecipient,uint40 expiry,uint64 epoch,uint256 nonce)"
    );
    bytes32 internal constant INTENT_TYPEHASH = keccak256(
        "Intent(bytes32 offerHash,address borrower,address recipient,uint128 principal,int256 minReceived,uint40 deadline,bytes32 attestation,bytes32 refinances)"
    );
    bytes32 internal constant TREE_TYPEHASH = keccak256("OfferTree(bytes32 root)");
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant TREE_DOMAIN_TYPEHASH = keccak256("EIP712Domain(string name,string version)");
    string internal constant NAME = "Usance CreditAggregator";
    string internal constant VERSION = "1";
    bytes32 private constant NAME_HASH = keccak256("Usance CreditAggregator");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @dev 22 members of 32 bytes.
    uint256 private constant OFFER_SIZE = 0x2c0;
    /// @dev 8 members of 32 bytes.
    uint256 private constant INTENT_SIZE = 0x100;

    function structHash(OfferWords calldata offer) internal pure returns (bytes32 hash) {
        bytes32 typeHash = OFFER_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), offer, OFFER_SIZE)
            hash := keccak256(free, add(OFFER_SIZE, 0x20))
        }
    }

    function structHash(IntentWords calldata intent) internal pure returns (bytes32 hash) {
        bytes32 typeHash = INTENT_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), intent, INTENT_SIZE)
            hash := keccak256(free, add(INTENT_SIZE, 0x20))
        }
    }

    /// @notice Digest of a tree of offers, alike on all chains: its domain names neither chain nor contract, each leaf does.
    function treeDigest(bytes32 root) internal pure returns (bytes32) {
        bytes32 separator = keccak256(abi.encode(TREE_DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH));
        return digest(separator, keccak256(abi.encode(TREE_TYPEHASH, root)));
    }

    /// @notice Of the calling contract on the present chain; computing it costs less than reading it from storage.
    function domainSeparator() internal view returns (bytes32 separator) {
        bytes32 typeHash = DOMAIN_TYPEHASH;
        bytes32 nameHash = NAME_HASH;
        bytes32 versionHash = VERSION_HASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 0x20), nameHash)
            mstore(add(free, 0x40), versionHash)
            mstore(add(free, 0x60), chainid())
            mstore(add(free, 0x80), address())
            separator := keccak256(free, 0xa0)
        }
    }

    /// @notice keccak256("\x19\x01" || separator || hash).
    function digest(bytes32 separator, bytes32 hash) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hex"1901")
            mstore(add(free, 0x02), separator)
            mstore(add(free, 0x22), hash)
            result := keccak256(free, 0x42)
        }
    }
}

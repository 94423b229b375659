// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { OfferHash } from "./OfferHash.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @notice Who signed what: ECDSA first, so that an account which delegates to code (EIP-7702) keeps its key, ERC-1271 after.
library Signatures {
    uint256 private constant HALF_CURVE_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant ECDSA_LENGTH = 65;
    /// @dev A signature and a proof for a tree of 2^20 offers.
    uint256 private constant MAX_TREE_LENGTH = 65 + 20 * 32;

    /// @notice Whether the first 65 bytes of `signature` are by the key of `signer`; never true for the zero address.
    function isByKey(address signer, bytes32 hash, bytes calldata signature) internal view returns (bool valid) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let s := calldataload(add(signature.offset, 0x20))
            mstore(free, hash)
            mstore(add(free, 0x20), byte(0, calldataload(add(signature.offset, 0x40))))
            mstore(add(free, 0x40), calldataload(signature.offset))
            mstore(add(free, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, free, 0x80, 0x00, 0x20))
            let recovered := mload(0x00)
            // The upper half of the curve order is refused, so that a signature has one form.
            valid := and(and(eq(recovered, signer), iszero(iszero(recovered))), iszero(gt(s, HALF_CURVE_ORDER)))
        }
    }

    function isByContract(address signer, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, hash, signature);
    }

    /// @notice A signature of the digest itself, by key or by contract.
    function isValid(address signer, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        if (signature.length == ECDSA_LENGTH && isByKey(signer, hash, signature)) return true;
        return isByContract(signer, hash, signature);
    }

    /// @notice A signature by key of the digest of an offer, or of a tree that the proof behind the signature leads to.
    function isByKeyOrTree(address signer, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        uint256 length = signature.length;
        if (length == ECDSA_LENGTH) return isByKey(signer, hash, signature);
        if (length < ECDSA_LENGTH || length > MAX_TREE_LENGTH) return false;
        unchecked {
            // Not less than the signature's length.
            if ((length - ECDSA_LENGTH) % 32 != 0) return false;
        }
        return isByKey(signer, OfferHash.treeDigest(rootOf(hash, signature)), signature);
    }

    /// @notice Root of the tree; pairs are hashed in ascending order.
    /// @dev A leaf is the hash of 66 bytes and a node that of 64, so neither passes for the other.
    function rootOf(bytes32 leaf, bytes calldata signature) private pure returns (bytes32 root) {
        assembly ("memory-safe") {
            root := leaf
            let end := add(signature.offset, signature.length)
            for { let at := add(signature.offset, ECDSA_LENGTH) } lt(at, end) { at := add(at, 0x20) } {
                let other := calldataload(at)
                let swap := shl(5, gt(root, other))
                mstore(swap, root)
                mstore(xor(swap, 0x20), other)
                root := keccak256(0x00, 0x40)
            }
        }
    }
}

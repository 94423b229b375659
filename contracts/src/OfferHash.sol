// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Intent, LoanTerms, Offer } from "./ICreditAggregator.sol";

/// @notice EIP-712 hashes of what the parties sign.
/// @dev The types are static structs, so their ABI words in calldata are the EIP-712 encoding of their members. Words are
/// hashed as they came; the caller must read each member through Solidity, which refuses a word outside its type.
library OfferHash {
    bytes32 internal constant OFFER_TYPEHASH = keccak256(
        "Offer(address lender,address borrower,address asset,address collateral,uint128 principal,uint128 collateralAmount,uint128 installmentAmount,uint32 ratePpm,uint16 installments,uint32 period,uint32 grace,uint16 lateFeeBps,uint16 originationFeeBps,address feeRecipient,uint40 expiry,uint64 epoch,uint256 nonce)"
    );
    bytes32 internal constant INTENT_TYPEHASH =
        keccak256("Intent(bytes32 offerHash,address borrower,address recipient,uint256 minReceived,uint40 deadline)");
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string internal constant NAME = "Usance CreditAggregator";
    string internal constant VERSION = "1";

    /// @dev 17 members of 32 bytes.
    uint256 private constant OFFER_SIZE = 0x220;
    /// @dev 5 members of 32 bytes.
    uint256 private constant INTENT_SIZE = 0xa0;

    function structHash(Offer calldata offer) internal pure returns (bytes32 hash) {
        bytes32 typeHash = OFFER_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), offer, OFFER_SIZE)
            hash := keccak256(free, add(OFFER_SIZE, 0x20))
        }
    }

    /// @notice Hash of the offer that these terms came from.
    function structHash(LoanTerms calldata terms) internal pure returns (bytes32 hash) {
        bytes32 typeHash = OFFER_TYPEHASH;
        bool openOffer = terms.openOffer;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), terms, OFFER_SIZE)
            // The second member is the borrower.
            if openOffer { mstore(add(free, 0x40), 0) }
            hash := keccak256(free, add(OFFER_SIZE, 0x20))
        }
    }

    function structHash(Intent calldata intent) internal pure returns (bytes32 hash) {
        bytes32 typeHash = INTENT_TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), intent, INTENT_SIZE)
            hash := keccak256(free, add(INTENT_SIZE, 0x20))
        }
    }

    /// @notice Of the calling contract on the present chain; computed each time, which is cheaper than reading it.
    function domainSeparator() internal view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
    }

    function digest(bytes32 separator, bytes32 hash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, hash));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The terms of a loan as the contracts take them back: seven words, small numbers beside the addresses. They are not
/// stored; the loan id is their hash, the `Originated` event publishes them, callers pass them on as they are.
/// @param intentHash EIP-712 digest of the borrower's intent, which names the lender's offer by its digest.
/// @param lenderAndRates From the lowest bit: lender 160, ratePpm 32, installments 16, lateFeeBps 16, liquidationLtvBps 16,
/// liquidationBonusBps 16.
/// @param borrowerAndTimes From the lowest bit: borrower 160, period 32, grace 32; 32 are zero.
/// @param asset Token lent and repaid.
/// @param collateral Token held; zero when unsecured.
/// @param oracle Values the collateral; may be zero.
/// @param amounts From the lowest bit: collateralAmount 128, installmentAmount 128.
struct LoanTerms {
    bytes32 intentHash;
    uint256 lenderAndRates;
    uint256 borrowerAndTimes;
    address asset;
    address collateral;
    address oracle;
    uint256 amounts;
}

using PackedTerms for LoanTerms global;

/// @notice Reads the fields of terms in calldata.
// Cutting a field out of its word is what the casts are for.
// forge-lint: disable-next-item(unsafe-typecast)
library PackedTerms {
    /// @dev 7 words.
    uint256 private constant SIZE = 0xe0;

    /// @notice The loan id: keccak256 of the words as they came.
    function id(LoanTerms calldata self) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, self, SIZE)
            result := keccak256(free, SIZE)
        }
    }

    function lender(LoanTerms calldata self) internal pure returns (address) {
        return _cutAddress(self.lenderAndRates);
    }

    function ratePpm(LoanTerms calldata self) internal pure returns (uint256) {
        return uint32(self.lenderAndRates >> 160);
    }

    function installments(LoanTerms calldata self) internal pure returns (uint256) {
        return uint16(self.lenderAndRates >> 192);
    }

    function lateFeeBps(LoanTerms calldata self) internal pure returns (uint256) {
        return uint16(self.lenderAndRates >> 208);
    }

    function liquidationLtvBps(LoanTerms calldata self) internal pure returns (uint256) {
        return uint16(self.lenderAndRates >> 224);
    }

    function liquidationBonusBps(LoanTerms calldata self) internal pure returns (uint256) {
        return self.lenderAndRates >> 240;
    }

    function borrower(LoanTerms calldata self) internal pure returns (address) {
        return _cutAddress(self.borrowerAndTimes);
    }

    function period(LoanTerms calldata self) internal pure returns (uint256) {
        return uint32(self.borrowerAndTimes >> 160);
    }

    function grace(LoanTerms calldata self) internal pure returns (uint256) {
        return uint32(self.borrowerAndTimes >> 192);
    }

    function collateralAmount(LoanTerms calldata self) internal pure returns (uint256) {
        return uint128(self.amounts);
    }

    function installmentAmount(LoanTerms calldata self) internal pure returns (uint256) {
        return self.amounts >> 128;
    }

    /// @dev {Tokens} passes addresses on from assembly, where a cast alone promises nothing about the bits above.
    function _cutAddress(uint256 word) private pure returns (address account) {
        assembly ("memory-safe") {
            account := and(word, 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }
}

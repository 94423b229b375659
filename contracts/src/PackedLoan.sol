// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Loan, Status } from "./ICreditAggregator.sol";

/// @notice A loan's state in one word, read and written at once and never spread over memory on the way.
/// @dev From the lowest bit: outstanding 128, lastAccrual 40, start 40, installmentsPaid 16, status 8, hasCredit 8. Bits 240 to
/// 255 are free. Packing trusts its arguments to fit their fields.
type PackedLoan is uint256;

using PackedLoanFields for PackedLoan global;

// Cutting a field out of the word is what the casts are for.
// forge-lint: disable-next-item(unsafe-typecast)
library PackedLoanFields {
    uint256 private constant LAST_ACCRUAL = 128;
    uint256 private constant START = 168;
    uint256 private constant INSTALLMENTS_PAID = 208;
    uint256 private constant STATUS = 224;
    uint256 private constant HAS_CREDIT = 232;

    /// @notice A loan that starts at `time` with nothing paid.
    function create(uint256 principal, uint256 time) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(principal | time << LAST_ACCRUAL | time << START | uint256(Status.Active) << STATUS);
    }

    /// @notice The active loan after a payment at `time`.
    function afterPayment(
        PackedLoan self,
        uint256 outstanding_,
        uint256 time,
        uint256 installmentsPaid_,
        bool hasCredit_
    ) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(
            outstanding_ | time << LAST_ACCRUAL | self.start() << START | installmentsPaid_ << INSTALLMENTS_PAID
                | uint256(Status.Active) << STATUS | uint256(hasCredit_ ? 1 : 0) << HAS_CREDIT
        );
    }

    /// @notice The loan after everything was paid at `time`.
    function repaid(PackedLoan self, uint256 time, uint256 installments) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(
            time << LAST_ACCRUAL | self.start() << START | installments << INSTALLMENTS_PAID | uint256(Status.Repaid)
                << STATUS
        );
    }

    /// @notice The loan after its collateral was seized; all else stays as the last payment left it.
    function defaulted(PackedLoan self) internal pure returns (PackedLoan) {
        uint256 cleared = PackedLoan.unwrap(self) & ~(uint256(type(uint8).max) << STATUS);
        return PackedLoan.wrap(cleared | uint256(Status.Defaulted) << STATUS);
    }

    function exists(PackedLoan self) internal pure returns (bool) {
        return PackedLoan.unwrap(self) != 0;
    }

    function outstanding(PackedLoan self) internal pure returns (uint256) {
        return uint128(PackedLoan.unwrap(self));
    }

    function lastAccrual(PackedLoan self) internal pure returns (uint256) {
        return uint40(PackedLoan.unwrap(self) >> LAST_ACCRUAL);
    }

    function start(PackedLoan self) internal pure returns (uint256) {
        return uint40(PackedLoan.unwrap(self) >> START);
    }

    function installmentsPaid(PackedLoan self) internal pure returns (uint256) {
        return uint16(PackedLoan.unwrap(self) >> INSTALLMENTS_PAID);
    }

    function status(PackedLoan self) internal pure returns (Status) {
        return Status(uint8(PackedLoan.unwrap(self) >> STATUS));
    }

    /// @dev Without the range check of the enum.
    function isActive(PackedLoan self) internal pure returns (bool) {
        return uint8(PackedLoan.unwrap(self) >> STATUS) == uint8(Status.Active);
    }

    function hasCredit(PackedLoan self) internal pure returns (bool) {
        return uint8(PackedLoan.unwrap(self) >> HAS_CREDIT) != 0;
    }

    function unpack(PackedLoan self) internal pure returns (Loan memory) {
        return Loan({
            outstanding: uint128(self.outstanding()),
            lastAccrual: uint40(self.lastAccrual()),
            start: uint40(self.start()),
            installmentsPaid: uint16(self.installmentsPaid()),
            status: self.status(),
            hasCredit: self.hasCredit()
        });
    }
}

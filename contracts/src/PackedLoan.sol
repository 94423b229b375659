// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Loan, Status } from "./ICreditAggregator.sol";

/// @notice A loan's state in one word, read and written at once and never spread over memory on the way.
/// @dev From the lowest bit: outstanding 128, lastAccrual 40, start 40, installmentsPaid 16, status 8, flags 8 (side, hook). Bits
/// 240 to 255 are free. Packing trusts its arguments to fit their fields.
type PackedLoan is uint256;

using PackedLoanFields for PackedLoan global;

// Cutting a field out of the word is what the casts are for.
// forge-lint: disable-next-item(unsafe-typecast)
library PackedLoanFields {
    uint256 private constant LAST_ACCRUAL = 128;
    uint256 private constant START = 168;
    uint256 private constant INSTALLMENTS_PAID = 208;
    uint256 private constant STATUS = 224;
    uint256 private constant SIDE_FLAG = 1 << 232;
    uint256 private constant HOOK_FLAG = 1 << 233;
    /// @dev What no payment changes: the start and the hook.
    uint256 private constant FIXED = uint256(type(uint40).max) << START | HOOK_FLAG;

    /// @notice A loan that starts at `time` with nothing paid.
    function create(uint256 principal, uint256 time) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(principal | time << LAST_ACCRUAL | time << START | uint256(Status.Active) << STATUS);
    }

    /// @notice The loan after a payment at `time`, without a side slot.
    function afterPayment(
        PackedLoan self,
        uint256 outstanding_,
        uint256 time,
        uint256 installmentsPaid_,
        Status status_
    ) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(
            outstanding_ | time << LAST_ACCRUAL | installmentsPaid_ << INSTALLMENTS_PAID | uint256(status_) << STATUS
                | PackedLoan.unwrap(self) & FIXED
        );
    }

    /// @notice The loan after a default, without a side slot; all else stays as the last payment left it.
    function defaulted(PackedLoan self) internal pure returns (PackedLoan) {
        uint256 cleared = PackedLoan.unwrap(self) & ~(uint256(type(uint8).max) << STATUS | SIDE_FLAG);
        return PackedLoan.wrap(cleared | uint256(Status.Defaulted) << STATUS);
    }

    function withSide(PackedLoan self) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(PackedLoan.unwrap(self) | SIDE_FLAG);
    }

    function withoutSide(PackedLoan self) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(PackedLoan.unwrap(self) & ~SIDE_FLAG);
    }

    function withHook(PackedLoan self) internal pure returns (PackedLoan) {
        return PackedLoan.wrap(PackedLoan.unwrap(self) | HOOK_FLAG);
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

    function hasSide(PackedLoan self) internal pure returns (bool) {
        return PackedLoan.unwrap(self) & SIDE_FLAG != 0;
    }

    function hasHook(PackedLoan self) internal pure returns (bool) {
        return PackedLoan.unwrap(self) & HOOK_FLAG != 0;
    }

    function unpack(PackedLoan self) internal pure returns (Loan memory) {
        return Loan({
            outstanding: uint128(self.outstanding()),
            lastAccrual: uint40(self.lastAccrual()),
            start: uint40(self.start()),
            installmentsPaid: uint16(self.installmentsPaid()),
            status: self.status(),
            hasSide: self.hasSide(),
            hasHook: self.hasHook()
        });
    }
}

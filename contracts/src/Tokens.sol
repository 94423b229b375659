// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator } from "./ICreditAggregator.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @dev The parts of Permit2 that are used here.
interface IPermit2 {
    function transferFrom(address from, address to, uint160 amount, address token) external;
    function allowance(address owner, address token, address spender)
        external
        view
        returns (uint160 amount, uint48 expiration, uint48 nonce);
}

/// @dev Its address on every chain.
address constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

/// @notice Transfers of tokens that may revert, answer false or answer nothing, by their own allowance or by that of Permit2.
/// @dev Addresses reach the assembly clean: each was cut or checked to fit by whoever read it.
library Tokens {
    /// @notice Takes tokens, or reverts with the reason that the token gave.
    function pull(address token, address from, address to, uint256 amount) internal {
        if (!_transferFrom(token, from, to, amount)) {
            bytes memory reason = _returned();
            if (!_transferByPermit2(token, from, to, amount)) _fail(reason, token, from);
        }
    }

    /// @notice Takes tokens, or says that it could not.
    function tryPull(address token, address from, address to, uint256 amount) internal returns (bool) {
        return _transferFrom(token, from, to, amount) || _transferByPermit2(token, from, to, amount);
    }

    /// @notice Gives tokens of this contract, or says that it could not.
    function tryPush(address token, address to, uint256 amount) internal returns (bool ok) {
        bytes4 selector = IERC20.transfer.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), to)
            mstore(add(free, 0x24), amount)
            ok := call(gas(), token, 0, free, 0x44, 0x00, 0x20)
            if ok {
                switch returndatasize()
                case 0 { ok := iszero(iszero(extcodesize(token))) }
                default { ok := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)) }
            }
        }
    }

    /// @notice Zero also when the token does not answer: whatever is compared with it then fails.
    function balanceOf(address token, address account) internal view returns (uint256 amount) {
        bytes4 selector = IERC20.balanceOf.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), account)
            let ok := staticcall(gas(), token, free, 0x24, 0x00, 0x20)
            amount := mul(and(ok, gt(returndatasize(), 0x1f)), mload(0x00))
        }
    }

    /// @notice Whether `from` has the amount and lets this contract take it.
    function canPull(address token, address from, uint256 amount) internal view returns (bool) {
        if (balanceOf(token, from) < amount) return false;
        if (IERC20(token).allowance(from, address(this)) >= amount) return true;
        if (PERMIT2.code.length == 0 || IERC20(token).allowance(from, PERMIT2) < amount) return false;
        (uint160 allowed, uint48 expiration,) = IPermit2(PERMIT2).allowance(from, token, address(this));
        return allowed >= amount && block.timestamp <= expiration;
    }

    /// @dev No answer from an account with code means success, as does `true`; anything else is a failure.
    function _transferFrom(address token, address from, address to, uint256 amount) private returns (bool ok) {
        bytes4 selector = IERC20.transferFrom.selector;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            mstore(add(free, 0x04), from)
            mstore(add(free, 0x24), to)
            mstore(add(free, 0x44), amount)
            ok := call(gas(), token, 0, free, 0x64, 0x00, 0x20)
            if ok {
                switch returndatasize()
                case 0 { ok := iszero(iszero(extcodesize(token))) }
                default { ok := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1)) }
            }
        }
    }

    function _transferByPermit2(address token, address from, address to, uint256 amount) private returns (bool) {
        if (amount > type(uint160).max || PERMIT2.code.length == 0) return false;
        // The bound was checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        try IPermit2(PERMIT2).transferFrom(from, to, uint160(amount), token) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev What the last call returned.
    function _returned() private pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, returndatasize())
            returndatacopy(add(data, 0x20), 0x00, returndatasize())
            mstore(0x40, and(add(add(data, 0x3f), returndatasize()), not(0x1f)))
        }
    }

    /// @dev An answer of at most one word was no revert with a reason, but `false` or the like.
    function _fail(bytes memory reason, address token, address from) private pure {
        if (reason.length == 0 || reason.length == 32) revert ICreditAggregator.TransferFailed(token, from);
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}

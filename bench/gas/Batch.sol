// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The least smart account that sends several calls in one transaction: what a protocol costs without the base price of each
/// transaction. For measuring only: anyone may use it.
contract Batch {
    error CallFailed(uint256 at, bytes reason);

    function run(address[] calldata targets, bytes[] calldata calls) external {
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool done, bytes memory reason) = targets[i].call(calls[i]);
            if (!done) revert CallFailed(i, reason);
        }
    }
}

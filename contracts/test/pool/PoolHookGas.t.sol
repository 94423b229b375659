// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { HOOK_GAS, ICreditHook } from "../../src/ICreditHook.sol";
import { PoolBase } from "./PoolBase.sol";

/// @notice Hooks take far less than the {HOOK_GAS} that they get. Each test is a transaction of its own, so every account and slot
/// is cold, and it measures the dearest case: every slot that can be is empty before.
contract PoolHookGasTest is PoolBase {
    bytes32 private loanId;

    function setUp() public override {
        super.setUp();
        fill();
        loanId = lend(10_000e6);
        // Income is pending, which a loss has to lower.
        core.repay(loanId, 1e6, 100e6);
        vm.warp(START + 1 days);
    }

    function test_OnOriginated() external {
        measure(abi.encodeCall(ICreditHook.onOriginated, (loanId, CAROL, 1e6)), 45_000);
    }

    function test_OnRepaid() external {
        measure(abi.encodeCall(ICreditHook.onRepaid, (loanId, BORROWER, 1e6, 1e6)), 28_000);
    }

    function test_OnLost() external {
        bytes memory data = abi.encodeCall(ICreditHook.onLost, (loanId, BORROWER, 1e6, address(collateral), 1e18));
        measure(data, 50_000);
    }

    /// @param most Somewhat above what it takes, so that a growth is seen.
    function measure(bytes memory data, uint256 most) private {
        address hooked = address(pool);
        vm.prank(address(core));
        uint256 before = gasleft();
        (bool ok,) = hooked.call{ gas: HOOK_GAS }(data);
        uint256 used = before - gasleft();
        require(ok, "failed");
        require(used < most && most < HOOK_GAS / 2, "takes too much");
    }
}

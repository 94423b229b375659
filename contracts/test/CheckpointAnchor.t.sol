// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CheckpointAnchor } from "../src/CheckpointAnchor.sol";
import { Vm, shippedCode } from "./Vm.sol";

contract CheckpointAnchorTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant START = 1_900_000_000;
    address private constant OTHER = address(0x07E4);
    bytes32 private constant LOG = keccak256("log");

    event Anchored(address indexed sender, bytes32 indexed origin, uint64 indexed size, bytes32 root);

    CheckpointAnchor private anchors;

    function setUp() public {
        vm.warp(START);
        bytes memory code = shippedCode(vm, "CheckpointAnchor");
        address at;
        assembly ("memory-safe") {
            at := create(0, add(code, 0x20), mload(code))
        }
        anchors = CheckpointAnchor(at);
    }

    function test_KeepsTheNewestRootAndTells() external {
        check(address(this), LOG, 0, 0, 0);
        vm.expectEmit(true, true, true, true, address(anchors));
        emit Anchored(address(this), LOG, 7, bytes32(uint256(1)));
        anchors.anchor(LOG, 7, bytes32(uint256(1)));
        check(address(this), LOG, 7, START, bytes32(uint256(1)));
        vm.warp(START + 10);
        anchors.anchor(LOG, 8, bytes32(uint256(2)));
        check(address(this), LOG, 8, START + 10, bytes32(uint256(2)));
    }

    function test_ALogThatDidNotGrowIsRefused() external {
        anchors.anchor(LOG, 7, bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(CheckpointAnchor.NotLarger.selector, 7));
        anchors.anchor(LOG, 7, bytes32(uint256(2)));
        vm.expectRevert(abi.encodeWithSelector(CheckpointAnchor.NotLarger.selector, 7));
        anchors.anchor(LOG, 6, bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(CheckpointAnchor.NotLarger.selector, 0));
        anchors.anchor(keccak256("empty"), 0, bytes32(uint256(1)));
        check(address(this), LOG, 7, START, bytes32(uint256(1)));
    }

    function test_NobodyAnchorsForAnother() external {
        anchors.anchor(LOG, 7, bytes32(uint256(1)));
        vm.prank(OTHER);
        anchors.anchor(LOG, 9, bytes32(uint256(3)));
        check(address(this), LOG, 7, START, bytes32(uint256(1)));
        check(OTHER, LOG, 9, START, bytes32(uint256(3)));
    }

    function testFuzz_OnlyGrowthIsKept(uint64 first, uint64 second, bytes32 log, bytes32 root) external {
        vm.assume(first > 0);
        anchors.anchor(log, first, root);
        if (second <= first) vm.expectRevert(abi.encodeWithSelector(CheckpointAnchor.NotLarger.selector, first));
        anchors.anchor(log, second, ~root);
        check(address(this), log, second > first ? second : first, START, second > first ? ~root : root);
    }

    function check(address sender, bytes32 log, uint256 size, uint256 at, bytes32 root) private view {
        CheckpointAnchor.Checkpoint memory found = anchors.latest(sender, log);
        require(found.size == size && found.at == at && found.root == root, "checkpoint");
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice The cheatcodes these tests use.
interface Vm {
    function envOr(string calldata name, string calldata fallback_) external view returns (string memory);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 time) external;
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
    function expectRevert() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata data) external;
    function expectEmit(bool first, bool second, bool third, bool data, address emitter) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function etch(address target, bytes calldata code) external;
}

/// @notice Creation code of a contract that ships. `USANCE_ARTIFACTS` names another folder than that of the shipped build; empty, it
/// means the build of the tests themselves, which is the one whose coverage is measured.
function shippedCode(Vm vm, string memory name) view returns (bytes memory) {
    string memory folder = vm.envOr("USANCE_ARTIFACTS", "target/forge/out");
    if (bytes(folder).length == 0) return vm.getCode(string.concat(name, ".sol:", name));
    return vm.getCode(string.concat(folder, "/", name, ".sol/", name, ".json"));
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator } from "../src/ICreditAggregator.sol";
import { IERC5267 } from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @notice All that the deployed aggregator answers to. Tests know the implementation by this alone: they deploy the bytecode
/// that ships instead of compiling it once more.
interface ShippedAggregator is ICreditAggregator, IERC5267 {
    function initialize(address owner, address guardian) external;
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

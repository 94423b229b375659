// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Compiles the stock timelock with our settings, so that its bytecode is published beside ours.
import { TimelockController } from "@openzeppelin/contracts/governance/TimelockController.sol";

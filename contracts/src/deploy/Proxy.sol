// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// Compiles the stock proxy with our settings, so that its bytecode is published beside ours.
import { ERC1967Proxy } from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "./ICollateralManager.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Custody of collateral, see {ICollateralManager}.
contract CollateralManager is ICollateralManager {
    using SafeERC20 for IERC20;

    address public immutable override aggregator;

    modifier onlyAggregator() {
        if (msg.sender != aggregator) revert NotAggregator(msg.sender);
        _;
    }

    constructor(address aggregator_) {
        aggregator = aggregator_;
    }

    function release(address token, address to, uint256 amount) external override onlyAggregator {
        IERC20(token).safeTransfer(to, amount);
    }

    function seize(address token, address to, uint256 amount) external override onlyAggregator {
        IERC20(token).safeTransfer(to, amount);
    }
}

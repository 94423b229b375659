// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "./ICollateralManager.sol";
import { Tokens } from "./Tokens.sol";

/// @title Custody of collateral, see {ICollateralManager}.
contract CollateralManager is ICollateralManager {
    address public immutable override aggregator;

    /// @param aggregator_ The proxy of the aggregator.
    constructor(address aggregator_) {
        aggregator = aggregator_;
    }

    function release(address token, address to, uint256 amount) external override returns (bool) {
        if (msg.sender != aggregator) revert NotAggregator(msg.sender);
        return Tokens.tryPush(token, to, amount);
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditPool, PoolConfig } from "./ICreditPool.sol";
import { Clones } from "@openzeppelin/contracts/proxy/Clones.sol";

/// @title Makes pools: clones of one implementation, each initialised in the transaction that makes it.
/// @notice Anyone may make one; a pool's address depends on its whole configuration, so nobody can take the place of another's.
contract PoolFactory {
    event PoolCreated(
        address indexed asset, address indexed pool, address indexed owner, address seniorTranche, address juniorTranche
    );

    /// @notice The {CreditPool} that pools are clones of.
    address public immutable implementation;

    /// @param implementation_ A {CreditPool}.
    constructor(address implementation_) {
        implementation = implementation_;
    }

    /// @notice Makes a pool.
    /// @param salt Any number; the same configuration with the same number exists once.
    function createPool(PoolConfig calldata config, bytes32 salt) external returns (address pool) {
        pool = Clones.cloneDeterministic(implementation, _saltOf(config, salt));
        ICreditPool(pool).initialize(config);
        emit PoolCreated(
            config.asset, pool, config.owner, ICreditPool(pool).seniorTranche(), ICreditPool(pool).juniorTranche()
        );
    }

    /// @notice Where {createPool} puts, or has put, the pool.
    function poolOf(PoolConfig calldata config, bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddress(implementation, _saltOf(config, salt));
    }

    function _saltOf(PoolConfig calldata config, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(config, salt));
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title First implementation of a proxy whose address must be known before its real implementation can exist.
/// @notice The aggregator needs the custodian's address, and the custodian the proxy's. The proxy starts here, which only lets
/// its owner upgrade it. See contracts/README.md for the order of deployment.
contract Bootstrap is UUPSUpgradeable {
    /// @custom:storage-location erc7201:usance.storage.Bootstrap
    struct BootstrapStorage {
        address owner;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.Bootstrap")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x0468b633b1c21123c1abda442dc5ef30279e7bafe33e20fda3866f4002cc1400;

    error AlreadyInitialized(address owner);
    error NotOwner(address caller);
    error ZeroOwner();

    /// @notice Fixes who may upgrade; called once, by the constructor of the proxy.
    function initialize(address owner_) external onlyProxy {
        if (owner_ == address(0)) revert ZeroOwner();
        BootstrapStorage storage $ = _storage();
        if ($.owner != address(0)) revert AlreadyInitialized($.owner);
        $.owner = owner_;
    }

    function owner() external view returns (address) {
        return _storage().owner;
    }

    function _authorizeUpgrade(address) internal view override {
        if (msg.sender != _storage().owner) revert NotOwner(msg.sender);
    }

    function _storage() private pure returns (BootstrapStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}

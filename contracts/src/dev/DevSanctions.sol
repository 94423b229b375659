// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The sanctions oracle that Chainalysis publishes on public chains, as its callers see it, for development chains only.
/// @dev Anyone may list anybody here, so nothing of value may depend on it.
contract DevSanctions {
    mapping(address account => bool) private listed;

    event SanctionedAddress(address indexed addr);
    event NonSanctionedAddress(address indexed addr);
    event SanctionedAddressesAdded(address[] addrs);
    event SanctionedAddressesRemoved(address[] addrs);

    function name() external pure returns (string memory) {
        return "Development sanctions oracle";
    }

    /// @notice Development only: lists these accounts, whoever asks.
    function addToSanctionsList(address[] calldata newSanctions) external {
        for (uint256 i = 0; i < newSanctions.length; ++i) {
            listed[newSanctions[i]] = true;
        }
        emit SanctionedAddressesAdded(newSanctions);
    }

    /// @notice Development only: takes these accounts off the list, whoever asks.
    function removeFromSanctionsList(address[] calldata removeSanctions) external {
        for (uint256 i = 0; i < removeSanctions.length; ++i) {
            listed[removeSanctions[i]] = false;
        }
        emit SanctionedAddressesRemoved(removeSanctions);
    }

    /// @notice Whether an account is listed now.
    function isSanctioned(address addr) public view returns (bool) {
        return listed[addr];
    }

    /// @notice The same, told as an event too.
    function isSanctionedVerbose(address addr) external returns (bool) {
        bool found = isSanctioned(addr);
        if (found) emit SanctionedAddress(addr);
        else emit NonSanctionedAddress(addr);
        return found;
    }
}

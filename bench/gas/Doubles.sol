// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// What the measurements need beside the protocols. For measuring only.

/// @notice The least smart account that sends several calls in one transaction: what a protocol costs without the base price of each
/// transaction. Anyone may use it.
contract Batch {
    error CallFailed(uint256 at, bytes reason);

    function run(address[] calldata targets, bytes[] calldata calls) external {
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool done, bytes memory reason) = targets[i].call(calls[i]);
            if (!done) revert CallFailed(i, reason);
        }
    }
}

/// @notice A price in one storage slot, as the mocks that peers ship with their sources have it.
contract Price {
    uint256 private value;

    function set(uint256 to) external {
        value = to;
    }

    /// @return Base units of asset per base unit of collateral, times 1e36.
    function price(address, address) external view returns (uint256) {
        return value;
    }
}

/// @notice The least ERC-1271 lender: one key, no other rule. With `listens` it asks to be told of its loans, and does nothing then.
contract Wallet {
    address private immutable KEY;
    bool private immutable LISTENS;

    constructor(address key, bool listens) {
        KEY = key;
        LISTENS = listens;
    }

    function allow(address token, address spender) external {
        (bool done,) = token.call(abi.encodeWithSignature("approve(address,uint256)", spender, type(uint256).max));
        require(done);
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        address signer = ecrecover(hash, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer == KEY ? this.isValidSignature.selector : bytes4(0);
    }

    function onOriginated(bytes32, address, uint256) external view returns (bytes4) {
        return LISTENS ? this.onOriginated.selector : bytes4(0);
    }

    function onRepaid(bytes32, address, uint256, uint256) external { }

    function onLost(bytes32, address, uint256, address, uint256) external { }
}

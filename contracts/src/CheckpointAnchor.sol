// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title CheckpointAnchor
/// @notice Remembers the roots of logs, so that who keeps a log cannot write another history later. Anyone anchors under the own
/// address; a log only grows. Nobody owns this contract, it holds nothing and nothing of it can be changed.
contract CheckpointAnchor {
    /// @param size Number of entries.
    /// @param at Unix second of the block.
    /// @param root Root of the Merkle tree (RFC 6962) over the entries.
    struct Checkpoint {
        uint64 size;
        uint64 at;
        bytes32 root;
    }

    mapping(address sender => mapping(bytes32 origin => Checkpoint)) private newest;

    /// @param sender Who anchored.
    /// @param origin SHA-256 of the name of the log.
    /// @param size Number of entries.
    /// @param root Root of the tree over them.
    event Anchored(address indexed sender, bytes32 indexed origin, uint64 indexed size, bytes32 root);

    /// @notice The log of that sender has that many entries already.
    error NotLarger(uint64 size);

    /// @notice Anchors a root for good. Refused unless the log grew since the sender's last anchor of it.
    function anchor(bytes32 origin, uint64 size, bytes32 root) external {
        Checkpoint storage last = newest[msg.sender][origin];
        if (size <= last.size) revert NotLarger(last.size);
        last.size = size;
        last.at = uint64(block.timestamp);
        last.root = root;
        emit Anchored(msg.sender, origin, size, root);
    }

    /// @notice The newest anchor of a sender's log; all zero when there is none. Older ones are in the events.
    function latest(address sender, bytes32 origin) external view returns (Checkpoint memory) {
        return newest[sender][origin];
    }
}

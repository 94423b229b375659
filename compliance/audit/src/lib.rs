//! An audit trail that proves itself: Merkle tree, signed checkpoints, proofs, verification of exports.

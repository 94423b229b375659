//! The Merkle tree of RFC 6962: a leaf is SHA-256 of 0x00 and its bytes, a node SHA-256 of 0x01 and its two children.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasher;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256 of a leaf, a node or a root.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(#[serde(with = "crate::digits")] pub [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Hash {
    /// From 32 bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// Hash of a leaf of those bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(bytes);
    Hash(hash.finalize().into())
}

/// Hash of a node above those two.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// Place of a perfect subtree: `level` 0 are leaves, and a node covers the leaves `index << level` to `(index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height above the leaves.
    pub level: u8,
    /// From the left, from 0.
    pub index: u64,
}

/// Something that knows the hashes of perfect subtrees.
pub trait Nodes {
    /// The hash there; none when it is not known.
    fn get(&self, id: NodeId) -> Option<Hash>;
}

impl<S: BuildHasher> Nodes for HashMap<NodeId, Hash, S> {
    fn get(&self, id: NodeId) -> Option<Hash> {
        HashMap::get(self, &id).copied()
    }
}

/// The right edge of a tree: all that is needed to append and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees that the tree consists of, the largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of that size; none when the number of peaks does not fit it.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()) == Ok(peaks.len())).then_some(Self { size, peaks })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the perfect subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            // Each trailing one is a peak of the same height as what was made so far.
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node(left, &right))
    }
}

/// Places of the peaks of a tree of that size, the largest first.
pub fn peaks(size: u64) -> Vec<NodeId> {
    let (mut start, mut found) = (0, Vec::new());
    for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
        found.push(NodeId {
            level,
            index: start >> level,
        });
        start += 1 << level;
    }
    found
}

/// Hashes side by side at one height, out of which the hash of a perfect subtree can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Height above the leaves: 0, 8, 16, ...
    pub level: u8,
    /// Index of the first.
    pub from: u64,
    /// How many: a power of two, at most 128.
    pub count: u64,
}

/// Number of hashes of one stored height under one of the next.
pub const TILE: u64 = 256;

impl NodeId {
    /// What the node is made of when only leaves and the subtrees of 256, 65,536, ... leaves are stored.
    pub fn span(self) -> Span {
        let above = self.level % 8;
        Span {
            level: self.level - above,
            from: self.index << above,
            count: 1 << above,
        }
    }
}

/// Root over a power of two of hashes; none for another number.
pub fn fold(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect();
    }
    row.first().copied()
}

/// A proof cannot be made, or is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf or the smaller tree is not in the larger one.
    #[error("outside the tree")]
    Outside,
    /// A node that is needed is not known.
    #[error("node {index} at height {level} is not known", level = .0.level, index = .0.index)]
    Missing(NodeId),
    /// The proof has too many or too few hashes.
    #[error("the proof has the wrong length")]
    Length,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Hash of the leaves `from..to`, where `from` is a multiple of the largest power of two below the number of them.
fn range(nodes: &impl Nodes, from: u64, to: u64) -> Result<Hash, ProofError> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = u8::try_from(count.trailing_zeros()).unwrap_or(u8::MAX);
        let id = NodeId {
            level,
            index: from >> level,
        };
        return nodes.get(id).ok_or(ProofError::Missing(id));
    }
    let middle = from + split(count);
    Ok(node(&range(nodes, from, middle)?, &range(nodes, middle, to)?))
}

/// Largest power of two smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Proof that leaf `index` is in the tree of that size (RFC 6962 2.1.1), from the leaf up.
pub fn inclusion(nodes: &impl Nodes, index: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proof that the tree of `old` leaves is the beginning of that of `new` leaves (RFC 6962 2.1.2). Empty for equal sizes and for
/// an empty old tree.
pub fn consistency(nodes: &impl Nodes, old: u64, new: u64) -> Result<Vec<Hash>, ProofError> {
    if old > new {
        return Err(ProofError::Outside);
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let (mut from, mut to, mut whole, mut path) = (0, new, true, Vec::new());
    // `old` is within (from, to]; `whole` says that the old tree's part starts at the first leaf.
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range(nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(nodes, from, middle)?);
            from = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range(nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Places that [`inclusion`] asks for.
pub fn inclusion_nodes(index: u64, size: u64) -> Vec<NodeId> {
    let asked = Asked::default();
    // Every place is answered, so nothing is missing.
    let _ = inclusion(&asked, index, size);
    asked.0.into_inner()
}

/// Places that [`consistency`] asks for.
pub fn consistency_nodes(old: u64, new: u64) -> Vec<NodeId> {
    let asked = Asked::default();
    let _ = consistency(&asked, old, new);
    asked.0.into_inner()
}

#[derive(Default)]
struct Asked(std::cell::RefCell<Vec<NodeId>>);

impl Nodes for Asked {
    fn get(&self, id: NodeId) -> Option<Hash> {
        self.0.borrow_mut().push(id);
        Some(Hash([0; 32]))
    }
}

/// Checks that leaf `index` is in the tree of that size and root.
pub fn check_inclusion(leaf: Hash, (index, size): (u64, u64), proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `old` leaves with `old_root` is the beginning of that of `new` leaves with `new_root`.
pub fn check_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Outside);
    }
    if old == 0 || old == new {
        let same = old == 0 && *old_root == empty_root() || old == new && old_root == new_root;
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    // A whole tree of a power of two is itself the first hash of the proof.
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::Length)?;
        (*first, rest)
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut of_old, mut of_new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            of_old = node(sibling, &of_old);
            of_new = node(sibling, &of_new);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = node(&of_new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if of_old == *old_root && of_new == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

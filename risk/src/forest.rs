//! Trees over binned rows: complete, flat, eight walked at a time, added up in the order of training.
#![expect(
    clippy::float_arithmetic,
    reason = "leaves of a model are added up in the order of its training"
)]

use crate::binning::{Binner, Bins};
use crate::model::{MissingRule, Trees};

/// Trees walked side by side, so that their loads overlap.
const ABREAST: usize = 8;
/// The bin of a missing value that goes right: beyond every threshold.
const RIGHTMOST: u8 = 255;

/// A row as the nodes see it: the bin of each slot. 256 entries, so that a `u8` needs no bounds check.
pub(crate) type SlotBins = [u8; 256];

#[derive(Clone, Copy, Debug)]
struct Slot {
    feature: u8,
    /// The bin of a missing value.
    missing: u8,
}

/// Up to [`ABREAST`] trees of one depth.
#[derive(Clone, Copy, Debug)]
struct Block {
    depth: u32,
    trees: usize,
    nodes: usize,
    leaves: usize,
}

/// The evaluator.
#[derive(Clone, Debug)]
pub struct Forest {
    slots: Vec<Slot>,
    start: f64,
    blocks: Vec<Block>,
    /// `[slot, k]`, each tree from index 1 as a heap: the children of i are 2i and 2i + 1.
    nodes: Vec<[u8; 2]>,
    leaves: Vec<f64>,
}

/// One tree, for those who walk it themselves: node 1 is the root, from `leaves.len()` on an index is a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    pub nodes: &'a [[u8; 2]],
    pub leaves: &'a [f64],
}

impl Forest {
    /// Of checked trees.
    pub(crate) fn new(trees: &Trees, binner: &Binner) -> Self {
        let slot = |slot: &crate::model::Slot| Slot {
            feature: u8::try_from(slot.feature).unwrap_or(u8::MAX),
            missing: match slot.missing {
                MissingRule::Zero => binner.bin(slot.feature.into(), 0.0),
                MissingRule::Left => 0,
                MissingRule::Right => RIGHTMOST,
            },
        };
        let mut forest = Self {
            slots: trees.slots.iter().map(slot).collect(),
            start: trees.start,
            blocks: Vec::new(),
            nodes: Vec::new(),
            leaves: Vec::new(),
        };
        for block in trees.trees.chunks(ABREAST) {
            let depth = block.iter().map(|tree| tree.depth).max().unwrap_or(0);
            forest.blocks.push(Block {
                depth: depth.into(),
                trees: block.len(),
                nodes: forest.nodes.len(),
                leaves: forest.leaves.len(),
            });
            for tree in block {
                forest.push(tree, depth);
            }
            // A block is walked whole; trees that are not there are not added.
            let size = (ABREAST - block.len()) << depth;
            forest.nodes.extend(std::iter::repeat_n([0, RIGHTMOST], size));
        }
        forest
    }

    /// Adds a tree, made as deep as its block by repeating its leaves.
    fn push(&mut self, tree: &crate::model::Tree, depth: u8) {
        self.nodes.push([0, RIGHTMOST]);
        self.nodes.extend_from_slice(&tree.nodes);
        let size = 1_usize << depth;
        self.nodes
            .extend(std::iter::repeat_n([0, RIGHTMOST], size - (1 << tree.depth)));
        let copies = size >> tree.depth;
        let leaves = tree.leaves.iter();
        self.leaves
            .extend(leaves.flat_map(|leaf| std::iter::repeat_n(*leaf, copies)));
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.blocks.iter().map(|block| block.trees).sum()
    }

    /// The feature of a slot.
    pub(crate) fn feature(&self, slot: u8) -> usize {
        self.slots.get(usize::from(slot)).map_or(0, |slot| slot.feature.into())
    }

    /// The bins of a row by slot.
    pub(crate) fn slots(&self, row: &Bins) -> SlotBins {
        let mut bins = [0; 256];
        for (slot, bin) in self.slots.iter().zip(&mut bins) {
            let missing = row.missing >> (slot.feature & 63) & 1 == 1;
            *bin = if missing {
                slot.missing
            } else {
                row.bin[usize::from(slot.feature & 63)]
            };
        }
        bins
    }

    /// The sum of the leaves in the order of the trees.
    pub(crate) fn sum(&self, bins: &SlotBins) -> f64 {
        let mut sum = self.start;
        for block in &self.blocks {
            let size = 1_usize << block.depth;
            let nodes = &self.nodes[block.nodes..][..size * ABREAST];
            let leaves = &self.leaves[block.leaves..][..size * block.trees];
            sum = match block.depth {
                0 => leaves.iter().fold(sum, |sum, leaf| sum + leaf),
                1 => add::<1, 2>(sum, nodes, leaves, bins),
                2 => add::<2, 4>(sum, nodes, leaves, bins),
                3 => add::<3, 8>(sum, nodes, leaves, bins),
                4 => add::<4, 16>(sum, nodes, leaves, bins),
                5 => add::<5, 32>(sum, nodes, leaves, bins),
                6 => add::<6, 64>(sum, nodes, leaves, bins),
                7 => add::<7, 128>(sum, nodes, leaves, bins),
                8 => add::<8, 256>(sum, nodes, leaves, bins),
                9 => add::<9, 512>(sum, nodes, leaves, bins),
                _ => add::<10, 1_024>(sum, nodes, leaves, bins),
            };
        }
        sum
    }

    /// Every tree, in order.
    pub(crate) fn walks(&self) -> impl Iterator<Item = Walk<'_>> {
        self.blocks.iter().flat_map(|block| {
            let size = 1_usize << block.depth;
            let nodes = self.nodes[block.nodes..][..size * block.trees].chunks_exact(size);
            let leaves = self.leaves[block.leaves..][..size * block.trees].chunks_exact(size);
            nodes.zip(leaves).map(|(nodes, leaves)| Walk { nodes, leaves })
        })
    }
}

/// Adds the leaves that a block's trees reach. `SIZE` is 2^`DEPTH`: known to the compiler, so that no index needs a check.
#[inline]
fn add<const DEPTH: usize, const SIZE: usize>(mut sum: f64, nodes: &[[u8; 2]], leaves: &[f64], bins: &SlotBins) -> f64 {
    let (nodes, _) = nodes.as_chunks::<SIZE>();
    let Some(nodes) = nodes.first_chunk::<ABREAST>() else {
        return sum;
    };
    let mut at = [1_usize; ABREAST];
    for _ in 0..DEPTH {
        for (at, nodes) in at.iter_mut().zip(nodes) {
            let [slot, k] = nodes[*at % SIZE];
            *at = 2 * *at + usize::from(bins[usize::from(slot)] > k);
        }
    }
    let (leaves, _) = leaves.as_chunks::<SIZE>();
    for (at, leaves) in at.iter().zip(leaves) {
        sum += leaves[*at % SIZE];
    }
    sum
}

#[cfg(test)]
#[path = "forest_tests.rs"]
mod tests;

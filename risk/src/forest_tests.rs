//! The evaluator against one that follows the format word by word.
#![expect(clippy::float_arithmetic, reason = "the same sums, made slowly")]

use super::*;
use crate::model::samples::{Random, random_forest, random_row};
use crate::model::{Numbers, Tree};

/// `risk/FORMAT.md`, section `model.bin`, 3.
fn by_the_letter(thresholds: &[Vec<f64>], trees: &Trees, row: &[f64]) -> f64 {
    let bin = |slot: u8| {
        let slot = trees.slots[usize::from(slot)];
        let feature = usize::from(slot.feature);
        let below = |value: f64| {
            thresholds[feature]
                .iter()
                .filter(|threshold| **threshold < value)
                .count()
        };
        match (row[feature].is_nan(), slot.missing) {
            (false, _) => below(row[feature]),
            (true, MissingRule::Zero) => below(0.0),
            (true, MissingRule::Left) => 0,
            (true, MissingRule::Right) => 255,
        }
    };
    let leaf = |tree: &Tree| {
        let mut node = 0;
        while let Some([slot, k]) = tree.nodes.get(node) {
            node = 2 * node + if bin(*slot) <= usize::from(*k) { 1 } else { 2 };
        }
        tree.leaves[node - tree.nodes.len()]
    };
    trees.trees.iter().fold(trees.start, |sum, tree| sum + leaf(tree))
}

#[test]
fn sums_are_those_of_the_format_to_the_bit() {
    let mut random = Random(1);
    for _ in 0..300 {
        let draft = random_forest(&mut random, 10);
        let Numbers::Forest { thresholds, trees } = &draft.numbers else {
            panic!("a forest")
        };
        let binner = Binner::new(thresholds);
        let forest = Forest::new(trees, &binner);
        assert_eq!(forest.trees(), trees.trees.len());
        for _ in 0..20 {
            let row = random_row(&mut random, thresholds.len());
            let sum = forest.sum(&forest.slots(&binner.bins(&row)));
            assert_eq!(
                sum.to_bits(),
                by_the_letter(thresholds, trees, &row).to_bits(),
                "{row:?}"
            );
        }
    }
}

#[test]
fn a_single_leaf_of_minus_zero_keeps_its_sign() {
    let leaf = Tree {
        depth: 0,
        nodes: vec![],
        leaves: vec![-0.0],
    };
    let slot = crate::model::Slot {
        feature: 0,
        missing: MissingRule::Zero,
    };
    let trees = Trees {
        slots: vec![slot],
        start: -0.0,
        trees: vec![leaf],
    };
    let binner = Binner::new(&[vec![]]);
    let forest = Forest::new(&trees, &binner);
    assert_eq!(
        forest.sum(&forest.slots(&binner.bins(&[1.0]))).to_bits(),
        (-0.0_f64).to_bits()
    );
}

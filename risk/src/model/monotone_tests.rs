//! The check of signs against trying every bin.

use super::super::samples::{Random, additive, forest, random_forest};
use super::super::{Numbers, Trees};
use super::*;

fn leaf(tree: &Tree, slots: &[Slot], bins: &[u8]) -> f64 {
    let mut node = 0;
    while let Some([slot, k]) = tree.nodes.get(node) {
        let bin = bins[usize::from(slots[usize::from(*slot)].feature)];
        node = 2 * node + if bin <= *k { 1 } else { 2 };
    }
    tree.leaves[node - tree.nodes.len()]
}

/// All rows of bins of at most three features.
fn rows(thresholds: &[Vec<f64>]) -> Vec<Vec<u8>> {
    thresholds.iter().fold(vec![vec![]], |rows, own| {
        let ends = 0..=u8::try_from(own.len()).unwrap();
        let longer = |row: &Vec<u8>| {
            ends.clone()
                .map(move |bin| [row.as_slice(), &[bin]].concat())
                .collect::<Vec<_>>()
        };
        rows.iter().flat_map(longer).collect()
    })
}

fn rises(tree: &Tree, trees: &Trees, thresholds: &[Vec<f64>], feature: usize) -> bool {
    rows(thresholds).iter().all(|row| {
        let mut next = row.clone();
        next[feature] += 1;
        usize::from(next[feature]) > thresholds[feature].len()
            || leaf(tree, &trees.slots, row) <= leaf(tree, &trees.slots, &next)
    })
}

#[test]
fn a_tree_passes_exactly_when_no_step_of_any_row_breaks_the_sign() {
    let mut random = Random(8);
    let (mut passed, mut refused) = (0, 0);
    while passed + refused < 600 {
        let draft = random_forest(&mut random, 3);
        let Numbers::Forest { thresholds, trees } = &draft.numbers else {
            panic!("a forest")
        };
        if thresholds.len() > 3 {
            continue;
        }
        let feature = random.below(thresholds.len());
        let signs: Vec<_> = (0..thresholds.len())
            .map(|at| (at == feature).then_some(Monotone::Up))
            .collect();
        for tree in &trees.trees {
            let found = broken_in(tree, &trees.slots, &signs);
            let right = rises(tree, trees, thresholds, feature);
            assert_eq!(found, (!right).then_some(feature), "{tree:?}");
            if right { passed += 1 } else { refused += 1 }
        }
    }
    assert!(passed > 50 && refused > 50, "{passed} {refused}");
}

#[test]
fn a_table_or_a_tree_against_its_sign_is_refused_by_name() {
    for mut draft in [additive(), forest()] {
        assert_eq!(check(&draft.manifest.features, &draft.numbers), Ok(()));
        draft.manifest.features[0].monotone = Some(Monotone::Down);
        let error = check(&draft.manifest.features, &draft.numbers).unwrap_err();
        assert!(error.contains("LATE"), "{error}");
    }
}

#[test]
fn signs_with_trees_too_deep_to_check_are_refused() {
    let mut draft = forest();
    if let Numbers::Forest { trees, .. } = &mut draft.numbers {
        trees.trees[0] = Tree {
            depth: 9,
            nodes: vec![[0, ALWAYS_LEFT]; 511],
            leaves: vec![0.0; 512],
        };
    }
    assert!(
        check(&draft.manifest.features, &draft.numbers)
            .unwrap_err()
            .contains("deep")
    );
    draft.manifest.features[0].monotone = None;
    assert_eq!(check(&draft.manifest.features, &draft.numbers), Ok(()));
}

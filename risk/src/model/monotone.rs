//! Whether the numbers move with a feature as `model.json` says, exactly.
//!
//! A table is monotone when its values are. A tree is monotone in a feature when no two of its leaves stand the wrong way
//! round whose regions differ in this feature alone; a sum of such trees is monotone too.

use super::numbers::ALWAYS_LEFT;
use super::{Feature, MAX_FEATURES, Monotone, Numbers, Slot, Tree};

/// Pairs of leaves are compared, so deeper trees with signs are refused.
const MAX_SIGNED_DEPTH: u8 = 8;

/// Names the first feature whose sign is broken.
pub fn check(features: &[Feature], numbers: &Numbers) -> Result<(), String> {
    let signs: Vec<Option<Monotone>> = features.iter().map(|feature| feature.monotone).collect();
    let broken = |feature: usize| {
        let name = features.get(feature).map_or("", |feature| feature.name.as_str());
        format!("the risk does not move with {name} as its monotone sign says")
    };
    if signs.iter().all(Option::is_none) {
        return Ok(());
    }
    match numbers {
        Numbers::Additive { tables, .. } => {
            let wrong = |(table, sign): (&Vec<f64>, &Option<Monotone>)| {
                let bins = &table[..table.len().saturating_sub(1)];
                sign.is_some_and(|sign| bins.windows(2).any(|pair| !ordered(sign, pair[0], pair[1])))
            };
            match tables.iter().zip(&signs).position(wrong) {
                Some(feature) => Err(broken(feature)),
                None => Ok(()),
            }
        }
        Numbers::Forest { trees, .. } | Numbers::Isolation { trees, .. } => {
            for (number, tree) in trees.trees.iter().enumerate() {
                if tree.depth > MAX_SIGNED_DEPTH {
                    return Err(format!(
                        "tree {number} is {} deep; with monotone signs at most {MAX_SIGNED_DEPTH} is allowed",
                        tree.depth
                    ));
                }
                if let Some(feature) = broken_in(tree, &trees.slots, &signs) {
                    return Err(format!("tree {number}: {}", broken(feature)));
                }
            }
            Ok(())
        }
    }
}

/// Whether a value may stand at a lower bin than another.
fn ordered(sign: Monotone, low: f64, high: f64) -> bool {
    match sign {
        Monotone::Up => low <= high,
        Monotone::Down => low >= high,
    }
}

/// A leaf and the bins of each feature that reach it.
#[derive(Clone, Copy)]
struct Region {
    value: f64,
    low: [u8; MAX_FEATURES],
    high: [u8; MAX_FEATURES],
}

fn broken_in(tree: &Tree, slots: &[Slot], signs: &[Option<Monotone>]) -> Option<usize> {
    let mut regions = Vec::new();
    let whole = Region {
        value: 0.0,
        low: [0; MAX_FEATURES],
        high: [u8::MAX; MAX_FEATURES],
    };
    gather(tree, slots, 0, whole, &mut regions);
    for (number, one) in regions.iter().enumerate() {
        for other in &regions[number + 1..] {
            if let Some(feature) = only_difference(one, other, signs.len()) {
                let (low, high) = if one.high[feature] < other.low[feature] {
                    (one, other)
                } else {
                    (other, one)
                };
                if signs[feature].is_some_and(|sign| !ordered(sign, low.value, high.value)) {
                    return Some(feature);
                }
            }
        }
    }
    None
}

/// Regions of the leaves that can be reached.
fn gather(tree: &Tree, slots: &[Slot], node: usize, region: Region, regions: &mut Vec<Region>) {
    let Some([slot, k]) = tree.nodes.get(node).copied() else {
        let value = tree.leaves.get(node - tree.nodes.len()).copied().unwrap_or(0.0);
        regions.push(Region { value, ..region });
        return;
    };
    let feature = slots.get(usize::from(slot)).map_or(0, |slot| usize::from(slot.feature));
    let (mut left, mut right) = (region, region);
    if k != ALWAYS_LEFT {
        left.high[feature] = left.high[feature].min(k);
        right.low[feature] = right.low[feature].max(k + 1);
    }
    if left.low[feature] <= left.high[feature] {
        gather(tree, slots, 2 * node + 1, left, regions);
    }
    if k != ALWAYS_LEFT && right.low[feature] <= right.high[feature] {
        gather(tree, slots, 2 * node + 2, right, regions);
    }
}

/// The one feature in which two regions do not meet; none when there are more.
fn only_difference(one: &Region, other: &Region, features: usize) -> Option<usize> {
    let mut difference = None;
    for feature in 0..features {
        if one.high[feature] < other.low[feature] || other.high[feature] < one.low[feature] {
            if difference.is_some() {
                return None;
            }
            difference = Some(feature);
        }
    }
    difference
}

#[cfg(test)]
#[path = "monotone_tests.rs"]
mod tests;

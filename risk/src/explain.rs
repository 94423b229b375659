//! Why a score is what it is: what each reason group does to the log-odds of bad.
//!
//! The game has the reason groups as players: v(S) is the log-odds with the features of the groups in S at the applicant's
//! values and all others at their reference. For trees its Shapley values are found exactly in one walk of each tree: a leaf
//! that is reached by taking the applicant's side at the groups A and the reference's side at the groups B is worth
//! (|A|-1)! |B|! / (|A|+|B|)! of its value to each of A and -|A|! (|B|-1)! / (|A|+|B|)! to each of B. That is the value of the
//! game "all of A and none of B" (Lundberg et al. 2020, interventional tree values with one background row), and adds up to
//! the same as 2^g evaluations, which the tests compare.
#![expect(clippy::float_arithmetic, reason = "shares of a log-odds, never money")]

use crate::binning::Bins;
use crate::forest::{Forest, SlotBins, Walk};
use crate::model::{Artefact, Evaluator, Kind, MAX_GROUPS};

/// The most reasons that are told: more are of little help to an applicant (12 CFR 1002 Supplement I, 9(b)(2)-1).
pub const MAX_REASONS: usize = 4;
/// Values are compared in billionths of a log-odds, so that the order of additions decides nothing.
const GRAIN: f64 = 1e9;
/// More open branches than a tree has levels.
const STACK: usize = 16;

/// How the contribution of a group is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Exact baseline Shapley values over the groups; they add up to v(all) - v(none).
    Baseline,
    /// What putting this group alone to the reference would take away.
    OneAtATime,
    /// Values above those of the reference, for additive models: the same as [`Self::Baseline`], read off the tables.
    Additive,
    /// Values above the best that the tables have, for additive models.
    PointsBelowMaximum,
}

/// A model that cannot be explained by this method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a model of kind {kind:?} is not explained by the method {method:?}")]
pub struct MethodError {
    /// The model's kind.
    pub kind: Kind,
    /// What was asked for.
    pub method: Method,
}

/// What a reason group does to a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution<'a> {
    /// The code of the group.
    pub group: &'a str,
    /// Log-odds of bad; above 0 counts against the applicant.
    pub log_odds: f64,
    /// The same in points of the score, rounded: below 0 counts against the applicant.
    pub points: i32,
}

impl Contribution<'_> {
    /// Log-odds in billionths, rounded: what is compared.
    fn grains(&self) -> f64 {
        (self.log_odds * GRAIN).round()
    }
}

/// The groups that count against the applicant, the heaviest first, equal ones by code, at most four.
pub(crate) fn reasons(mut contributions: Vec<Contribution<'_>>) -> Vec<Contribution<'_>> {
    contributions.retain(|contribution| contribution.grains() > 0.0);
    contributions.sort_by(|a, b| b.grains().total_cmp(&a.grains()).then_with(|| a.group.cmp(b.group)));
    contributions.truncate(MAX_REASONS);
    contributions
}

pub(crate) fn explain<'a>(
    artefact: &'a Artefact,
    row: &Bins,
    method: Method,
) -> Result<Vec<Contribution<'a>>, MethodError> {
    let mut values = [0.0; MAX_GROUPS];
    match (&artefact.evaluator, method) {
        (Evaluator::Forest(forest), Method::Baseline) => shapley(artefact, forest, row, &mut values),
        (Evaluator::Forest(forest), Method::OneAtATime) => one_at_a_time(artefact, forest, row, &mut values),
        (Evaluator::Additive(additive), method) => {
            for feature in 0..artefact.schema().len() {
                let least = match method {
                    Method::PointsBelowMaximum => additive.least(feature),
                    _ => additive.value(feature, &artefact.reference),
                };
                values[group(artefact, feature)] += additive.value(feature, row) - least;
            }
        }
        _ => {
            let kind = artefact.kind();
            return Err(MethodError { kind, method });
        }
    }
    let contribution = |(group, value): (&'a String, f64)| {
        // Adding nothing turns -0.0 to 0.0.
        let log_odds = value * artefact.slope() + 0.0;
        Contribution {
            group,
            log_odds,
            points: artefact.scale().points(log_odds),
        }
    };
    Ok(artefact.groups.iter().zip(values).map(contribution).collect())
}

fn group(artefact: &Artefact, feature: usize) -> usize {
    usize::from(artefact.group_of[feature] & 7)
}

/// The groups of all slots, as bits.
fn bits_of_slots(artefact: &Artefact, forest: &Forest) -> SlotBins {
    let mut bits = [0; 256];
    for (slot, bit) in (0..=u8::MAX).zip(&mut bits) {
        *bit = 1 << group(artefact, forest.feature(slot));
    }
    bits
}

/// Everything that a walk looks up.
struct Game {
    applicant: SlotBins,
    reference: SlotBins,
    /// The group of a slot, as a bit.
    bit: SlotBins,
    /// `[a][b]`: the share of a leaf for each of the a groups on the applicant's side, and of the b on the reference's.
    share: [[(f64, f64); MAX_GROUPS + 1]; MAX_GROUPS + 1],
}

fn shapley(artefact: &Artefact, forest: &Forest, row: &Bins, values: &mut [f64; MAX_GROUPS]) {
    let game = Game {
        applicant: forest.slots(row),
        reference: forest.slots(&artefact.reference),
        bit: bits_of_slots(artefact, forest),
        share: shares(),
    };
    for tree in forest.walks() {
        game.walk(tree, values);
    }
}

impl Game {
    /// Adds what one tree gives to each group.
    fn walk(&self, tree: Walk<'_>, values: &mut [f64; MAX_GROUPS]) {
        let size = tree.leaves.len();
        let mut open = [(0_usize, 0_u8, 0_u8); STACK];
        let mut height = 0;
        let (mut node, mut ours, mut theirs) = (1_usize, 0_u8, 0_u8);
        loop {
            while node < size {
                let [slot, k] = tree.nodes[node];
                let slot = usize::from(slot);
                let right = usize::from(self.applicant[slot] > k);
                let other = usize::from(self.reference[slot] > k);
                let bit = self.bit[slot];
                if right == other || ours & bit != 0 {
                    node = 2 * node + right;
                } else if theirs & bit != 0 {
                    node = 2 * node + other;
                } else {
                    open[height % STACK] = (2 * node + other, ours, theirs | bit);
                    height += 1;
                    node = 2 * node + right;
                    ours |= bit;
                }
            }
            self.add(tree.leaves[node & (size - 1)], ours, theirs, values);
            if height == 0 {
                return;
            }
            height -= 1;
            (node, ours, theirs) = open[height % STACK];
        }
    }

    fn add(&self, leaf: f64, ours: u8, theirs: u8, values: &mut [f64; MAX_GROUPS]) {
        let (mine, other) = self.share[ours.count_ones() as usize][theirs.count_ones() as usize];
        let mut left = ours;
        while left != 0 {
            values[left.trailing_zeros() as usize & 7] += leaf * mine;
            left &= left - 1;
        }
        left = theirs;
        while left != 0 {
            values[left.trailing_zeros() as usize & 7] -= leaf * other;
            left &= left - 1;
        }
    }
}

fn shares() -> [[(f64, f64); MAX_GROUPS + 1]; MAX_GROUPS + 1] {
    const FACTORIALS: [f64; MAX_GROUPS + 1] = [1.0, 1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5_040.0, 40_320.0];
    let mut shares = [[(0.0, 0.0); MAX_GROUPS + 1]; MAX_GROUPS + 1];
    for a in 0..=MAX_GROUPS {
        for b in 0..=MAX_GROUPS - a {
            let all = FACTORIALS[a + b];
            let mine = if a == 0 {
                0.0
            } else {
                FACTORIALS[a - 1] * FACTORIALS[b] / all
            };
            let other = if b == 0 {
                0.0
            } else {
                FACTORIALS[a] * FACTORIALS[b - 1] / all
            };
            shares[a][b] = (mine, other);
        }
    }
    shares
}

fn one_at_a_time(artefact: &Artefact, forest: &Forest, row: &Bins, values: &mut [f64; MAX_GROUPS]) {
    let (applicant, reference) = (forest.slots(row), forest.slots(&artefact.reference));
    let bits = bits_of_slots(artefact, forest);
    let whole = forest.sum(&applicant);
    for (group, value) in values.iter_mut().enumerate().take(artefact.groups.len()) {
        let mut without = applicant;
        for ((bin, reference), bit) in without.iter_mut().zip(reference).zip(bits) {
            if bit == 1 << group {
                *bin = reference;
            }
        }
        *value = whole - forest.sum(&without);
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;

//! Counts of whole numbers in buckets that grow with the number: bounded, and two of them add up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Buckets of one power of two: 32, so that a value is known to within 1/64 of itself. Below 64 it is exact.
const SHIFT: u32 = 5;
const STEPS: u64 = 1 << SHIFT;

/// A histogram. It holds at most 3,780 buckets, whatever is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<i32, u64>);

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, value: i64) {
        *self.0.entry(bucket(value)).or_default() += 1;
    }

    /// Counts everything that `other` counted.
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            *self.0.entry(*bucket).or_default() += count;
        }
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// The value of that rank (nearest rank, so 500 is the median), to within 1/64 of itself; none without values.
    ///
    /// `permille` is 0 to 1000.
    pub fn quantile(&self, permille: u32) -> Option<i64> {
        let count = self.count();
        let rank = (u128::from(count) * u128::from(permille.min(1_000)))
            .div_ceil(1_000)
            .max(1);
        let mut seen = 0;
        for (bucket, in_it) in &self.0 {
            seen += u128::from(*in_it);
            if seen >= rank {
                return Some(middle(*bucket));
            }
        }
        None
    }
}

fn bucket(value: i64) -> i32 {
    let size = value.unsigned_abs();
    let index = match size.checked_ilog2() {
        Some(log) if log >= SHIFT => u64::from(log - SHIFT + 1) * STEPS + ((size >> (log - SHIFT)) & (STEPS - 1)),
        _ => size,
    };
    let index = i32::try_from(index).unwrap_or(i32::MAX);
    if value < 0 { -index } else { index }
}

fn middle(bucket: i32) -> i64 {
    let index = u64::from(bucket.unsigned_abs());
    let size = if index < STEPS {
        index
    } else {
        let shift = index / STEPS - 1;
        ((STEPS + index % STEPS) << shift) + ((1_u64 << shift) / 2)
    };
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if bucket < 0 { -size } else { size }
}

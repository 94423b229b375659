//! One table a feature: the score is the intercept plus one value of each, in order.
#![expect(
    clippy::float_arithmetic,
    reason = "values of a model are added up in the order of its features"
)]

use crate::binning::Bins;

/// The evaluator.
#[derive(Clone, Debug)]
pub struct Additive {
    intercept: f64,
    /// For each feature a value a bin, then the one of a missing value.
    tables: Vec<Vec<f64>>,
}

impl Additive {
    /// Of checked tables.
    pub(crate) fn new(intercept: f64, tables: Vec<Vec<f64>>) -> Self {
        Self { intercept, tables }
    }

    /// The value of a feature.
    pub(crate) fn value(&self, feature: usize, row: &Bins) -> f64 {
        let Some((missing, bins)) = self.tables.get(feature).and_then(|table| table.split_last()) else {
            return 0.0;
        };
        let bin = row.bin.get(feature).copied().unwrap_or(0);
        if row.missing >> feature & 1 == 1 {
            *missing
        } else {
            bins.get(usize::from(bin)).copied().unwrap_or(*missing)
        }
    }

    /// The smallest value of a feature: the least risk.
    pub(crate) fn least(&self, feature: usize) -> f64 {
        let table = self.tables.get(feature).map_or(&[][..], Vec::as_slice);
        table.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Intercept plus values, in order.
    pub(crate) fn sum(&self, row: &Bins) -> f64 {
        (0..self.tables.len()).fold(self.intercept, |sum, feature| sum + self.value(feature, row))
    }
}

//! Values to bins: each value is looked up among its feature's thresholds once, in `f64`; everything after works on `u8`.

use crate::model::MAX_FEATURES;

/// The bins of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bins {
    /// A feature's number of thresholds below the value; 0 where it is missing.
    pub bin: [u8; MAX_FEATURES],
    /// A bit for each feature that is missing.
    pub missing: u64,
}

/// The thresholds of all features, one after the other.
#[derive(Clone, Debug)]
pub struct Binner {
    thresholds: Vec<f64>,
    /// Where each feature begins, and the end.
    starts: Vec<usize>,
}

impl Binner {
    /// Of rising thresholds, at most 254 a feature.
    pub(crate) fn new(thresholds: &[Vec<f64>]) -> Self {
        let mut starts = vec![0];
        let mut all = Vec::new();
        for feature in thresholds {
            all.extend_from_slice(feature);
            starts.push(all.len());
        }
        Self {
            thresholds: all,
            starts,
        }
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.starts.len() - 1
    }

    /// The thresholds of a feature.
    pub fn thresholds(&self, feature: usize) -> &[f64] {
        match (self.starts.get(feature), self.starts.get(feature + 1)) {
            (Some(from), Some(to)) => &self.thresholds[*from..*to],
            _ => &[],
        }
    }

    /// The number of thresholds below the value: `value <= threshold[k]` exactly when the bin is at most k.
    pub fn bin(&self, feature: usize, value: f64) -> u8 {
        let below = self.thresholds(feature).partition_point(|threshold| *threshold < value);
        // At most 254 thresholds, checked when they were read.
        u8::try_from(below).unwrap_or(u8::MAX)
    }

    /// All features of a row. NaN is missing; an infinity lies beyond every threshold.
    ///
    /// # Panics
    /// When the row has another number of values than the model has features: a fault of the program, not of the data.
    pub fn bins(&self, row: &[f64]) -> Bins {
        assert_eq!(row.len(), self.features(), "one value for each feature");
        let mut bins = Bins {
            bin: [0; MAX_FEATURES],
            missing: 0,
        };
        for (feature, (value, bin)) in row.iter().zip(&mut bins.bin).enumerate() {
            if value.is_nan() {
                bins.missing |= 1 << feature;
            } else {
                *bin = self.bin(feature, *value);
            }
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_threshold_lies_left_of_it_and_one_ulp_more_right() {
        let binner = Binner::new(&[vec![-1.5, 0.0, 2.0], vec![], vec![7.0]]);
        let cases = [
            (f64::NEG_INFINITY, 0),
            (-1.5, 0),
            ((-1.5_f64).next_up(), 1),
            (-0.0, 1),
            (0.0, 1),
            (f64::MIN_POSITIVE, 2),
            (2.0, 2),
            (2.0_f64.next_up(), 3),
            (f64::INFINITY, 3),
        ];
        for (value, bin) in cases {
            assert_eq!(binner.bin(0, value), bin, "{value}");
        }
        let bins = binner.bins(&[f64::NAN, 5.0, -f64::NAN]);
        assert_eq!((bins.missing, bins.bin[1]), (0b101, 0));
    }

    #[test]
    #[should_panic(expected = "one value for each feature")]
    fn a_row_of_another_width_is_a_fault() {
        Binner::new(&[vec![1.0]]).bins(&[1.0, 2.0]);
    }
}

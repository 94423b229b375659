//! Whether the people who apply are still those of the training data: counters that deciding adds to, and what they say.
//!
//! A decision adds one relaxed atomic for its score and one for each feature. A snapshot is compared with the artefact's
//! baseline by the population stability index, sum of (a - e) ln(a / e) over the bins.
#![expect(clippy::float_arithmetic, reason = "shares of counts, never money")]

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::Artefact;

/// From here on a figure is worth a look.
pub const WATCH: f64 = 0.10;
/// From here on the population is another.
pub const ALARM: f64 = 0.25;
/// A share of nothing counts as this much, so that the logarithm is finite.
const LEAST_SHARE: f64 = 1e-4;

/// What an index says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Chance alone could make an index of 0.10 with so few rows.
    TooFew,
    /// Below 0.10.
    Stable,
    /// 0.10 to 0.25.
    Watch,
    /// 0.25 and above.
    Alarm,
}

/// Bins of one number and how the training population is spread over them.
#[derive(Clone, Debug)]
struct Spread {
    edges: Vec<f64>,
    /// One a bin, and for a feature the share of missing values at the end.
    expected: Vec<f64>,
    /// Where the counters begin: bins, then missing (features only).
    at: usize,
}

impl Spread {
    fn bin(&self, value: f64) -> usize {
        self.edges.partition_point(|edge| *edge < value)
    }
}

#[derive(Clone, Debug)]
struct FeatureSpread {
    name: String,
    spread: Spread,
    min: f64,
    max: f64,
    /// The counter of values outside of min to max.
    outside: usize,
}

/// The counters of one model. Threads share it; nothing blocks.
#[derive(Debug)]
pub struct Watch {
    score: Spread,
    features: Vec<FeatureSpread>,
    counts: Vec<AtomicU64>,
}

/// Counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(Vec<u64>);

/// What the counts say of one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Rows counted.
    pub rows: u64,
    /// Population stability index: 0 = spread as in training.
    pub psi: f64,
    /// The index that chance alone stays below in about 99 of 100 windows of so many rows.
    pub noise: f64,
    /// What it means.
    pub level: Level,
}

/// What the counts say of one feature.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureReport {
    /// The feature.
    pub name: String,
    /// Of its values, a missing one being a bin of its own (characteristic stability index).
    pub index: Index,
    /// Share of rows without a value.
    pub missing: f64,
    /// The same in training.
    pub missing_expected: f64,
    /// Share of rows with a value outside of the allowed range.
    pub outside: f64,
}

/// What the counts of a window say.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Of the score.
    pub score: Index,
    /// Of each feature, in the model's order.
    pub features: Vec<FeatureReport>,
}

impl Watch {
    /// Counters for a model; none when it has no baseline.
    pub fn new(artefact: &Artefact) -> Option<Self> {
        let drift = artefact.manifest.drift.as_ref()?;
        let score = Spread {
            edges: drift.score.edges.clone(),
            expected: drift.score.shares.clone(),
            at: 0,
        };
        let mut next = score.expected.len();
        let mut features = Vec::new();
        for feature in artefact.schema() {
            let baseline = drift.features.get(&feature.name)?;
            let present = 1.0 - baseline.missing;
            let shares = baseline.shares.iter().map(|share| share * present);
            let expected: Vec<f64> = shares.chain([baseline.missing]).collect();
            let outside = next + expected.len();
            features.push(FeatureSpread {
                name: feature.name.clone(),
                spread: Spread {
                    edges: baseline.edges.clone(),
                    expected,
                    at: next,
                },
                min: feature.min,
                max: feature.max,
                outside,
            });
            next = outside + 1;
        }
        let counts = (0..next).map(|_| AtomicU64::new(0)).collect();
        Some(Self {
            score,
            features,
            counts,
        })
    }

    /// Counts one decision.
    pub fn record(&self, row: &[f64], score: i32) {
        self.add(self.score.at + self.score.bin(score.into()));
        for (value, feature) in row.iter().zip(&self.features) {
            let spread = &feature.spread;
            if value.is_nan() {
                self.add(feature.outside - 1);
                continue;
            }
            self.add(spread.at + spread.bin(*value));
            if *value < feature.min || *value > feature.max {
                self.add(feature.outside);
            }
        }
    }

    fn add(&self, counter: usize) {
        if let Some(counter) = self.counts.get(counter) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts now, since the start of the process.
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts(self.counts.iter().map(load).collect())
    }

    /// What has been counted since the start.
    pub fn snapshot(&self) -> Report {
        self.report(&self.counts())
    }

    /// What the counts of a window say: those of its end less those of its beginning ([`Counts::since`]).
    pub fn report(&self, window: &Counts) -> Report {
        let features = self.features.iter().map(|feature| {
            let index = feature.spread.index(window);
            let of = |counter: usize| share(window.get(counter), index.rows);
            FeatureReport {
                name: feature.name.clone(),
                missing: of(feature.outside - 1),
                missing_expected: feature.spread.expected.last().copied().unwrap_or(0.0),
                outside: of(feature.outside),
                index,
            }
        });
        Report {
            score: self.score.index(window),
            features: features.collect(),
        }
    }
}

impl Counts {
    /// What was counted after an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let counts = self.0.iter().enumerate();
        Self(
            counts
                .map(|(at, count)| count.saturating_sub(earlier.get(at)))
                .collect(),
        )
    }

    /// The counters of several processes, or of several windows, as one.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let counts = self.0.iter().enumerate();
        Self(counts.map(|(at, count)| count.saturating_add(other.get(at))).collect())
    }

    /// The plain numbers, to be stored beside the artefact's digest.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// From stored numbers.
    pub fn of(numbers: Vec<u64>) -> Self {
        Self(numbers)
    }

    fn get(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or(0)
    }
}

impl Spread {
    fn index(&self, window: &Counts) -> Index {
        let counts: Vec<u64> = (0..self.expected.len()).map(|bin| window.get(self.at + bin)).collect();
        let rows = counts.iter().sum();
        let mut psi = 0.0;
        for (count, expected) in counts.iter().zip(&self.expected) {
            let (actual, expected) = (share(*count, rows).max(LEAST_SHARE), expected.max(LEAST_SHARE));
            psi += (actual - expected) * libm::log(actual / expected);
        }
        let noise = noise(counts.len(), rows);
        Index {
            rows,
            psi: if rows == 0 { 0.0 } else { psi },
            noise,
            level: level(psi, noise),
        }
    }
}

fn level(psi: f64, noise: f64) -> Level {
    if noise >= WATCH {
        Level::TooFew
    } else if psi >= ALARM {
        Level::Alarm
    } else if psi >= WATCH {
        Level::Watch
    } else {
        Level::Stable
    }
}

/// The index of n rows that do come from the training population is about chi-squared with bins - 1 degrees of freedom,
/// divided by n; its 99th percentile after Wilson and Hilferty (1931).
fn noise(bins: usize, rows: u64) -> f64 {
    const Z99: f64 = 2.326;
    let free = number(bins.saturating_sub(1).max(1) as u64);
    let spread = 2.0 / (9.0 * free);
    let root = 1.0 - spread + Z99 * spread.sqrt();
    free * root * root * root / number(rows.max(1))
}

fn share(count: u64, rows: u64) -> f64 {
    if rows == 0 { 0.0 } else { number(count) / number(rows) }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "drift_tests.rs"]
mod tests;

//! What is measured. Values are whole thousandths of the unit that is printed: nanoseconds for µs, microseconds for ms.

use std::time::Duration;

use async_trait::async_trait;

/// Figures of one round, in step with [`Figure::metrics`]; none where it cannot be measured here.
pub type Samples = Vec<Option<u64>>;

/// One number that a figure gives each round.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// What it is.
    pub what: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// The most it may be, thousandths of the unit; none when it is only reported.
    pub target: Option<u64>,
}

impl Metric {
    /// A number with a target.
    pub const fn target(what: &'static str, unit: &'static str, most: u64) -> Self {
        Self {
            what,
            unit,
            target: Some(most * 1_000),
        }
    }

    /// A number that is only reported.
    pub const fn report(what: &'static str, unit: &'static str) -> Self {
        Self {
            what,
            unit,
            target: None,
        }
    }
}

/// Something to measure.
#[async_trait]
pub trait Figure: Send {
    /// The name that `--only` takes.
    fn name(&self) -> &'static str;

    /// What each round gives.
    fn metrics(&self) -> &'static [Metric];

    /// Measures once.
    async fn round(&mut self) -> anyhow::Result<Samples>;
}

/// Nanoseconds: thousandths of a microsecond.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Microseconds: thousandths of a millisecond.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The value that `percent` of the sorted values do not exceed (nearest rank); 0 of none.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// The middle of these values; 0 of none.
pub fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    percentile(&values, 50)
}

/// p50, p99 and the largest of these latencies.
pub fn latencies(mut values: Vec<u64>) -> Samples {
    values.sort_unstable();
    let most = values.last().copied();
    vec![Some(percentile(&values, 50)), Some(percentile(&values, 99)), most]
}

/// What `whole` gives for each of `count`.
pub fn each(whole: u64, count: usize) -> u64 {
    u64::try_from(count)
        .ok()
        .and_then(|count| whole.checked_div(count))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (100, 198));
        assert_eq!(percentile(&values[..1], 99), 1);
        assert_eq!(percentile(&[], 99), 0);
        assert_eq!(median(vec![9, 1, 5]), 5);
    }
}

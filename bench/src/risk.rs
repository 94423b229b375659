//! The risk models: one row through a forest, and the reasons of one declined row.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use ::risk::explain::Method;
use ::risk::model::{
    Artefact, Draft, Files, Manifest, MissingRule, Numbers, Slot, Tree, Trees, TrustedKeys, development_key,
};
use anyhow::Context as _;
use async_trait::async_trait;

use crate::figure::{Figure, Metric, Samples, latencies, nanos};

/// Calls of a round, each timed by itself.
const SCORES: usize = 20_000;
const REASONS: usize = 4_000;
/// The size that the target is for.
const TREES: usize = 300;
const DEPTH: u8 = 6;

/// The shipped forest and the rows of its golden file.
fn taiwan() -> anyhow::Result<(Artefact, Vec<Vec<f64>>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../risk/models/taiwan");
    let files = Files::read(&folder)?;
    let model = Artefact::open(&files, &TrustedKeys::development())?;
    let golden = std::str::from_utf8(files.bytes("golden.jsonl"))?;
    let rows = golden.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let values = line["x"].as_array().context("a golden row without values")?.iter();
        let row = values.map(|value| Ok(value.as_str().unwrap_or_default().parse::<f64>()?));
        row.collect::<anyhow::Result<Vec<f64>>>()
    });
    let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
    Ok((model, rows))
}

/// 300 full trees of depth 6 in place of the shipped ones, each node at a random threshold: the features, thresholds,
/// groups and rows stay.
fn full_size(shipped: &Artefact) -> anyhow::Result<Artefact> {
    let mut manifest: Manifest = shipped.manifest().clone();
    manifest.features.iter_mut().for_each(|feature| feature.monotone = None);
    let thresholds: Vec<Vec<f64>> = (0..manifest.features.len())
        .map(|at| shipped.thresholds(at).to_vec())
        .collect();
    let used: Vec<u16> = (0..)
        .zip(&thresholds)
        .filter(|(_, own)| !own.is_empty())
        .map(|(at, _)| at)
        .collect();
    let slots: Vec<Slot> = used
        .iter()
        .map(|feature| Slot {
            feature: *feature,
            missing: MissingRule::Left,
        })
        .collect();
    let mut state = 1_u64;
    let mut below = |length: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % length.max(1)
    };
    let mut trees = Vec::new();
    for _ in 0..TREES {
        let mut node = || {
            let slot = below(slots.len());
            let bins = thresholds.get(usize::from(slots[slot].feature)).map_or(1, Vec::len);
            [u8::try_from(slot).unwrap_or(0), u8::try_from(below(bins)).unwrap_or(0)]
        };
        let nodes = (1..1_usize << DEPTH).map(|_| node()).collect();
        let leaf = |at: i32| f64::from(at % 7 - 3);
        let leaves = (0..1_i32 << DEPTH).map(leaf).collect();
        trees.push(Tree {
            depth: DEPTH,
            nodes,
            leaves,
        });
    }
    let trees = Trees {
        slots,
        start: 0.0,
        trees,
    };
    let reasons = shipped
        .groups()
        .iter()
        .map(|group| (group.clone(), group.clone()))
        .collect();
    let draft = Draft {
        manifest,
        numbers: Numbers::Forest { thresholds, trees },
        reasons,
        card: "Made for measuring\n".to_owned(),
    };
    Ok(Artefact::open(
        &draft.sign(&development_key())?,
        &TrustedKeys::development(),
    )?)
}

/// Each call timed by itself, rows in turn.
fn timed(calls: usize, rows: &[Vec<f64>], mut call: impl FnMut(&[f64])) -> Samples {
    let times = rows.iter().cycle().take(calls).map(|row| {
        let started = Instant::now();
        call(black_box(row));
        nanos(started.elapsed())
    });
    latencies(times.collect())
}

/// One row to raw score, log-odds, probability and points.
#[derive(Debug)]
pub struct Forest {
    name: &'static str,
    model: Artefact,
    rows: Vec<Vec<f64>>,
}

impl Forest {
    /// The shipped model, or one of the full size.
    pub fn new(name: &'static str, full: bool) -> anyhow::Result<Self> {
        let (shipped, rows) = taiwan()?;
        let model = if full { full_size(&shipped)? } else { shipped };
        eprintln!(
            "{name}: {} trees, {} features, {} rows",
            model.parts(),
            model.schema().len(),
            rows.len()
        );
        Ok(Self { name, model, rows })
    }
}

#[async_trait]
impl Figure for Forest {
    fn name(&self) -> &'static str {
        self.name
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::target("score of a row, p50", "µs", 3),
            Metric::target("score of a row, p99", "µs", 6),
            Metric::report("score of a row, largest", "µs"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        Ok(timed(SCORES, &self.rows, |row| {
            black_box(self.model.score(row));
        }))
    }
}

/// Exact Shapley values over the reason groups of one row.
#[derive(Debug)]
pub struct Explain {
    name: &'static str,
    model: Artefact,
    rows: Vec<Vec<f64>>,
}

impl Explain {
    /// The shipped model on its declined rows, or one of the full size on all.
    pub fn new(name: &'static str, full: bool) -> anyhow::Result<Self> {
        let (shipped, mut rows) = taiwan()?;
        let model = if full {
            full_size(&shipped)?
        } else {
            let cut_off = shipped.cut_off().context("a model without a cut-off")?;
            rows.retain(|row| shipped.score(row).score < cut_off);
            shipped
        };
        anyhow::ensure!(!rows.is_empty(), "no declined row");
        eprintln!(
            "{name}: {} trees, {} groups, {} rows",
            model.parts(),
            model.groups().len(),
            rows.len()
        );
        Ok(Self { name, model, rows })
    }
}

#[async_trait]
impl Figure for Explain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: &[Metric] = &[
            Metric::target("Shapley values of all groups, p50", "µs", 500),
            Metric::report("Shapley values of all groups, p99", "µs"),
            Metric::report("Shapley values of all groups, largest", "µs"),
        ];
        METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        Ok(timed(REASONS, &self.rows, |row| {
            // The methods of a forest were tried when it was opened: it answered its golden rows.
            black_box(self.model.explain(row, Method::Baseline).is_ok());
        }))
    }
}

//! `model.json`: what a model is.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::exact;

/// How a model's numbers are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Boosted trees.
    Forest,
    /// One table a feature.
    Additive,
    /// An anomaly score: trees whose leaves are path lengths. It predicts no default.
    Isolation,
}

/// Where a model's numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// From data.
    Trained,
    /// From people: not validated on outcomes.
    Expert,
}

/// How the risk moves with a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Monotone {
    /// Never falls as the value rises.
    Up,
    /// Never rises as the value rises.
    Down,
}

/// The whole of `model.json`. The meaning of each field is in `risk/FORMAT.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the files: 1.
    pub format: u32,
    /// Lower case letters, digits and hyphens.
    pub name: String,
    /// Three numbers with dots.
    pub version: String,
    /// How it is evaluated.
    pub kind: Kind,
    /// Trained or made by people.
    pub status: Status,
    /// What it is for, one sentence.
    pub purpose: String,
    /// The last day on which it may decide.
    pub expires: NaiveDate,
    /// How a file of rows looks.
    pub input: Input,
    /// In the order of the numbers and of every row.
    pub features: Vec<Feature>,
    /// Raw score to log-odds; none for [`Kind::Isolation`].
    #[serde(default)]
    pub calibration: Option<Calibration>,
    /// Log-odds to points; none for [`Kind::Isolation`].
    #[serde(default)]
    pub scale: Option<Scale>,
    /// The score from which an applicant is approved; none for [`Kind::Isolation`].
    #[serde(default)]
    pub cut_off: Option<i32>,
    /// What it was trained on; none when people made it.
    #[serde(default)]
    pub training: Option<Training>,
    /// Figures on held-out rows, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, Metric>,
    /// How the training population is spread; none when people made it.
    #[serde(default)]
    pub drift: Option<Drift>,
    /// Trees or rounds, for the card.
    pub iterations: u32,
}

/// How a file of rows looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// One character; a blank stands for a run of blanks.
    pub delimiter: String,
    /// Whether the first line holds the names.
    pub header: bool,
    /// Names of the columns, in order.
    pub columns: Vec<String>,
}

/// One input of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Unique in the model.
    pub name: String,
    /// For people.
    pub title: String,
    /// What the value is counted in.
    pub unit: String,
    /// The column of a file that it is made from.
    pub column: String,
    /// Set: the value is 1 for this text and 0 for another.
    pub category: Option<String>,
    /// Not empty: the value is the code of the text, and an unknown text is missing.
    #[serde(deserialize_with = "exact::map")]
    pub codes: BTreeMap<String, f64>,
    /// Texts that mean a missing value.
    pub missing: Vec<String>,
    /// Numbers that mean a missing value.
    #[serde(deserialize_with = "exact::list")]
    pub special: Vec<f64>,
    /// The least that was seen or is allowed.
    #[serde(deserialize_with = "exact::one")]
    pub min: f64,
    /// The most.
    #[serde(deserialize_with = "exact::one")]
    pub max: f64,
    /// How the risk has to move with it.
    pub monotone: Option<Monotone>,
    /// The code of its reason group.
    pub group: String,
    /// Its value at the marginal approval; none = missing.
    #[serde(deserialize_with = "exact::option")]
    pub reference: Option<f64>,
    /// The fact of a decision's feature set that fills it; none when the model is used on files alone.
    pub source: Option<String>,
}

/// Log-odds of bad = slope x raw + intercept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Above 0.
    #[serde(deserialize_with = "exact::one")]
    pub slope: f64,
    /// Log-odds.
    #[serde(deserialize_with = "exact::one")]
    pub intercept: f64,
}

/// Points of log-odds: `base_odds` to one good at `base_score`, doubled every `pdo` points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Points.
    pub base_score: i32,
    /// Good for one bad.
    #[serde(deserialize_with = "exact::one")]
    pub base_odds: f64,
    /// Points to double the odds.
    #[serde(deserialize_with = "exact::one")]
    pub pdo: f64,
    /// The lowest score.
    pub min_score: i32,
    /// The highest score.
    pub max_score: i32,
}

/// What a model was trained on, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Name of the file.
    pub data: String,
    /// Its SHA-256, hexadecimal.
    pub data_sha256: String,
    /// Rows used.
    pub rows: u64,
    /// Exact duplicates that were dropped.
    pub duplicates: u64,
    /// Share of bad rows, 0 to 1.
    #[serde(default, deserialize_with = "exact::option")]
    pub bad_rate: Option<f64>,
    /// The column that was predicted.
    #[serde(default)]
    pub target: Option<String>,
    /// How the rows were split.
    pub split: String,
    /// SHA-256 of the training code.
    pub code_sha256: String,
    /// SHA-256 of the locked requirements.
    pub requirements_sha256: String,
    /// Of every random choice.
    pub seed: u64,
}

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The figure.
    #[serde(deserialize_with = "exact::one")]
    pub value: f64,
    /// Lower end.
    #[serde(deserialize_with = "exact::one")]
    pub low: f64,
    /// Upper end.
    #[serde(deserialize_with = "exact::one")]
    pub high: f64,
}

/// The spread of the training population.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// Of the score.
    pub score: ScoreDrift,
    /// Of each feature, by name.
    pub features: BTreeMap<String, FeatureDrift>,
}

/// The spread of the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreDrift {
    /// Upper ends of all bins but the last, rising.
    #[serde(deserialize_with = "exact::list")]
    pub edges: Vec<f64>,
    /// Share of each bin; they add up to 1.
    #[serde(deserialize_with = "exact::list")]
    pub shares: Vec<f64>,
}

/// The spread of a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDrift {
    /// Upper ends of all bins but the last, rising.
    #[serde(deserialize_with = "exact::list")]
    pub edges: Vec<f64>,
    /// Share of each bin among the rows with a value; they add up to 1.
    #[serde(deserialize_with = "exact::list")]
    pub shares: Vec<f64>,
    /// Share of the rows without a value.
    #[serde(deserialize_with = "exact::one")]
    pub missing: f64,
}

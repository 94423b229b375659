//! A checked model: score, probability, points and reasons of a row.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::files::{CARD, MANIFEST, NUMBERS, REASONS};
use super::{
    ArtefactError, Calibration, Feature, Files, Kind, Manifest, Numbers, SIGNATURE, SUMS, Scale, Status, TrustedKeys,
    golden, manifest_check, monotone,
};
use crate::additive::Additive;
use crate::binning::{Binner, Bins};
use crate::explain::{self, Contribution, Method, MethodError};
use crate::forest::Forest;
use crate::scale;

/// The most features of a model.
pub const MAX_FEATURES: usize = 64;
/// The most reason groups of a model.
pub const MAX_GROUPS: usize = 8;

/// The answer of a model to a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Before calibration: the sum of the leaves or of the table values.
    pub raw: f64,
    /// Natural logarithm of the odds of bad.
    pub log_odds: f64,
    /// Probability of bad, 0 to 1.
    pub pd: f64,
    /// Points on the model's scale; higher is better.
    pub score: i32,
}

#[derive(Debug)]
pub(crate) enum Evaluator {
    Forest(Forest),
    Additive(Additive),
    Isolation { forest: Forest, constant: f64 },
}

/// A model that was checked whole. There is no other way to one.
#[derive(Debug)]
pub struct Artefact {
    pub(crate) manifest: Manifest,
    texts: BTreeMap<String, String>,
    card: String,
    digest: [u8; 32],
    signed_by: String,
    golden_rows: usize,
    pub(crate) binner: Binner,
    pub(crate) evaluator: Evaluator,
    calibration: Calibration,
    scale: Scale,
    log_base_odds: f64,
    /// Codes of the reason groups, by code.
    pub(crate) groups: Vec<String>,
    /// The group of each feature.
    pub(crate) group_of: [u8; MAX_FEATURES],
    /// The marginal approval.
    pub(crate) reference: Bins,
}

impl Artefact {
    /// Checks signature, digests, every field and number, and that this build answers the golden rows as written.
    pub fn open(files: &Files, keys: &TrustedKeys) -> Result<Self, ArtefactError> {
        let signed_by = keys.check(files.bytes(SIGNATURE), files.bytes(SUMS))?;
        files.check_sums()?;
        let mut artefact = Self::read(files)?;
        artefact.signed_by = signed_by;
        artefact.golden_rows = golden::check(files, &artefact)?;
        Ok(artefact)
    }

    /// Everything but the signature, the digests and the golden rows.
    pub(crate) fn read(files: &Files) -> Result<Self, ArtefactError> {
        let manifest = manifest_check::read(files.text(MANIFEST)?)?;
        let texts = manifest_check::read_reasons(files.text(REASONS)?, &manifest)?;
        let numbers = Numbers::read(files.bytes(NUMBERS))?;
        if numbers.kind() != manifest.kind || numbers.thresholds().len() != manifest.features.len() {
            let what = format!("is of another kind or has another number of features than {MANIFEST}");
            return Err(ArtefactError::inconsistent(NUMBERS, what));
        }
        monotone::check(&manifest.features, &numbers).map_err(|what| ArtefactError::inconsistent(NUMBERS, what))?;
        let binner = Binner::new(numbers.thresholds());
        let reference: Vec<f64> = (manifest.features.iter())
            .map(|feature| feature.reference.unwrap_or(f64::NAN))
            .collect();
        let groups: Vec<String> = texts.keys().cloned().collect();
        let mut group_of = [0; MAX_FEATURES];
        for (feature, group) in manifest.features.iter().zip(&mut group_of) {
            let found = groups.iter().position(|code| *code == feature.group);
            *group = found.and_then(|found| u8::try_from(found).ok()).unwrap_or(0);
        }
        let scoring = manifest.kind != Kind::Isolation;
        let scale = manifest.scale.filter(|_| scoring).unwrap_or(PERMILLE);
        Ok(Self {
            evaluator: evaluator(numbers, &binner),
            reference: binner.bins(&reference),
            binner,
            groups,
            group_of,
            texts,
            card: files.text(CARD)?.to_owned(),
            digest: Sha256::digest(files.bytes(SUMS)).into(),
            signed_by: String::new(),
            golden_rows: 0,
            calibration: manifest.calibration.filter(|_| scoring).unwrap_or(NO_CALIBRATION),
            log_base_odds: libm::log(scale.base_odds),
            scale,
            manifest,
        })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// Three numbers with dots.
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// How it is evaluated.
    pub fn kind(&self) -> Kind {
        self.manifest.kind
    }

    /// Trained, or made by people.
    pub fn status(&self) -> Status {
        self.manifest.status
    }

    /// The last day on which it may decide.
    pub fn expires(&self) -> NaiveDate {
        self.manifest.expires
    }

    /// The features, in the order of a row.
    pub fn schema(&self) -> &[Feature] {
        &self.manifest.features
    }

    /// All of `model.json`.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The scale of the score; of an isolation model 0 to 1,000.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// The score from which an applicant is approved; none for an isolation model.
    pub fn cut_off(&self) -> Option<i32> {
        self.manifest.cut_off.filter(|_| self.kind() != Kind::Isolation)
    }

    /// SHA-256 of `SHA256SUMS`: names these files and no others.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The id of the key that signed it.
    pub fn signed_by(&self) -> &str {
        &self.signed_by
    }

    /// How many golden rows came out as written.
    pub fn golden_rows(&self) -> usize {
        self.golden_rows
    }

    /// The thresholds that a feature's values are binned by, rising.
    pub fn thresholds(&self, feature: usize) -> &[f64] {
        self.binner.thresholds(feature)
    }

    /// The model card, Markdown.
    pub fn card(&self) -> &str {
        &self.card
    }

    /// The reason groups' codes, sorted.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// What an applicant is told of a reason group; none of a group that the model has not.
    pub fn reason_text(&self, group: &str) -> Option<&str> {
        self.texts.get(group).map(String::as_str)
    }

    /// The numbers of the model's evaluation: trees, or features of an additive model.
    pub fn parts(&self) -> usize {
        match &self.evaluator {
            Evaluator::Forest(forest) | Evaluator::Isolation { forest, .. } => forest.trees(),
            Evaluator::Additive(_) => self.binner.features(),
        }
    }

    /// Scores a row: one value a feature in the order of [`Self::schema`], NaN where it is missing. Nothing is allocated.
    ///
    /// An isolation model predicts nothing: its `log_odds` and `pd` are NaN and its score is 1,000 times the anomaly.
    ///
    /// # Panics
    /// When the row has another length than the schema.
    pub fn score(&self, row: &[f64]) -> Scored {
        self.score_bins(&self.binner.bins(row))
    }

    fn score_bins(&self, bins: &Bins) -> Scored {
        let raw = self.raw(bins);
        if let Evaluator::Isolation { .. } = self.evaluator {
            return Scored {
                raw,
                log_odds: f64::NAN,
                pd: f64::NAN,
                score: scale::permille(scale::anomaly(raw)),
            };
        }
        let log_odds = scale::log_odds(self.calibration, raw);
        Scored {
            raw,
            log_odds,
            pd: scale::probability(log_odds),
            score: self.scale.score_with(self.log_base_odds, log_odds),
        }
    }

    fn raw(&self, bins: &Bins) -> f64 {
        match &self.evaluator {
            Evaluator::Forest(forest) => forest.sum(&forest.slots(bins)),
            Evaluator::Additive(additive) => additive.sum(bins),
            Evaluator::Isolation { forest, constant } => scale::divided(forest.sum(&forest.slots(bins)), *constant),
        }
    }

    /// How strange a row is, 0 to 1, 0.5 being ordinary; none unless the model is an isolation forest.
    ///
    /// # Panics
    /// When the row has another length than the schema.
    pub fn anomaly(&self, row: &[f64]) -> Option<f64> {
        match self.evaluator {
            Evaluator::Isolation { .. } => Some(scale::anomaly(self.raw(&self.binner.bins(row)))),
            _ => None,
        }
    }

    /// What each reason group does to the log-odds of bad, in the order of [`Self::groups`].
    ///
    /// # Panics
    /// When the row has another length than the schema.
    pub fn explain(&self, row: &[f64], method: Method) -> Result<Vec<Contribution<'_>>, MethodError> {
        explain::explain(self, &self.binner.bins(row), method)
    }

    /// The groups that count against the applicant, by exact baseline Shapley values, the heaviest first, at most four.
    /// None for an isolation model.
    ///
    /// # Panics
    /// When the row has another length than the schema.
    pub fn reasons(&self, row: &[f64]) -> Vec<Contribution<'_>> {
        explain::reasons(self.explain(row, Method::Baseline).unwrap_or_default())
    }

    /// The row with the features of these groups at their reference.
    pub fn at_reference(&self, row: &[f64], groups: &[&str]) -> Vec<f64> {
        let features = self.manifest.features.iter();
        let value = |(feature, value): (&Feature, &f64)| {
            if groups.contains(&feature.group.as_str()) {
                feature.reference.unwrap_or(f64::NAN)
            } else {
                *value
            }
        };
        features.zip(row).map(value).collect()
    }

    /// The factor from raw score to log-odds.
    pub(crate) fn slope(&self) -> f64 {
        self.calibration.slope
    }
}

const NO_CALIBRATION: Calibration = Calibration {
    slope: 1.0,
    intercept: 0.0,
};
const PERMILLE: Scale = Scale {
    base_score: 500,
    base_odds: 1.0,
    pdo: 1.0,
    min_score: 0,
    max_score: 1_000,
};

fn evaluator(numbers: Numbers, binner: &Binner) -> Evaluator {
    match numbers {
        Numbers::Forest { trees, .. } => Evaluator::Forest(Forest::new(&trees, binner)),
        Numbers::Additive { intercept, tables, .. } => Evaluator::Additive(Additive::new(intercept, tables)),
        Numbers::Isolation { trees, constant, .. } => Evaluator::Isolation {
            forest: Forest::new(&trees, binner),
            constant,
        },
    }
}

#[cfg(test)]
#[path = "artefact_tests.rs"]
mod tests;

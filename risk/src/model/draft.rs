//! A model written from Rust: the expert tables of people, and the small models of tests.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use super::files::{CARD, GOLDEN, MANIFEST, NUMBERS, REASONS};
use super::golden::{LEAST_ROWS, answer};
use super::keys::sign;
use super::{Artefact, ArtefactError, Files, Manifest, Numbers, SIGNATURE, SUMS};

/// A model that is not written yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `model.json`.
    pub manifest: Manifest,
    /// `model.bin`.
    pub numbers: Numbers,
    /// Texts of the reason groups, by code.
    pub reasons: BTreeMap<String, String>,
    /// `MODEL_CARD.md`.
    pub card: String,
}

impl Draft {
    /// Checks the model, answers golden rows by it, and signs. Rows: the reference, all missing, every threshold of every
    /// feature and one unit in the last place to either side of it, and rows made from the thresholds by a fixed sequence.
    pub fn sign(&self, key: &SigningKey) -> Result<Files, ArtefactError> {
        let syntax = |error: serde_json::Error| ArtefactError::format(MANIFEST, error.to_string());
        let manifest = serde_json::to_string_pretty(&self.manifest).map_err(syntax)? + "\n";
        let texts = serde_json::to_string_pretty(&self.reasons).map_err(syntax)? + "\n";
        let numbers = self.numbers.write();
        let files = Files::of(&[
            (MANIFEST, manifest.as_bytes()),
            (REASONS, texts.as_bytes()),
            (NUMBERS, &numbers),
            (CARD, self.card.as_bytes()),
            (GOLDEN, b""),
            (SUMS, b""),
            (SIGNATURE, b""),
        ])?;
        let artefact = Artefact::read(&files)?;
        let mut golden = String::new();
        for row in rows(&artefact) {
            golden += &serde_json::to_string(&answer(&artefact, &row)).map_err(syntax)?;
            golden.push('\n');
        }
        Ok(files.with(GOLDEN, golden.into_bytes()).signed(key))
    }
}

impl Files {
    /// The same files under new digests and a new signature.
    #[must_use]
    pub fn signed(self, key: &SigningKey) -> Self {
        let sums = self.sums();
        let line = sign(key, sums.as_bytes());
        self.with(SUMS, sums.into_bytes()).with(SIGNATURE, line.into_bytes())
    }
}

fn rows(artefact: &Artefact) -> Vec<Vec<f64>> {
    let features = artefact.schema();
    let base: Vec<f64> = features
        .iter()
        .map(|feature| feature.reference.unwrap_or(f64::NAN))
        .collect();
    let mut rows = vec![base.clone(), vec![f64::NAN; features.len()]];
    // What each feature is tried at.
    let mut tried: Vec<Vec<f64>> = Vec::new();
    for (number, feature) in features.iter().enumerate() {
        let around = |threshold: &f64| [threshold.next_down(), *threshold, threshold.next_up()];
        let thresholds = artefact.binner.thresholds(number).iter().flat_map(around);
        let ends = [
            feature.min,
            feature.max,
            0.0,
            -0.0,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        let values: Vec<f64> = thresholds.chain(ends).collect();
        for value in &values {
            let mut row = base.clone();
            row[number] = *value;
            rows.push(row);
        }
        tried.push(values);
    }
    let mut state = 1_u64;
    while rows.len() < LEAST_ROWS {
        let pick = |values: &Vec<f64>| values[below(&mut state, values.len())];
        rows.push(tried.iter().map(pick).collect());
    }
    rows
}

/// The next of a fixed sequence (xorshift), below a length.
fn below(state: &mut u64, length: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    let length = u64::try_from(length).unwrap_or(1).max(1);
    usize::try_from((*state >> 11) % length).unwrap_or(0)
}

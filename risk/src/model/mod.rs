//! A trained model as data: a folder of files that is checked completely, tried on its own golden rows, or refused.
//!
//! `risk/FORMAT.md` is the format. [`Artefact::open`] is the only way to a model that scores, [`Draft`] the way to write
//! one from Rust; training writes the same files from Python.

mod artefact;
mod draft;
mod error;
mod exact;
mod files;
mod golden;
mod keys;
mod manifest;
mod manifest_check;
mod monotone;
mod numbers;
mod value;

pub(crate) use artefact::Evaluator;

pub use artefact::{Artefact, MAX_FEATURES, MAX_GROUPS, Scored};
pub use draft::Draft;
pub use error::ArtefactError;
pub use files::{FILES, Files, SIGNATURE, SUMS};
pub use keys::{TrustedKeys, development_key, key_id};
pub use manifest::{
    Calibration, Drift, Feature, FeatureDrift, Input, Kind, Manifest, Metric, Monotone, Scale, ScoreDrift, Status,
    Training,
};
pub use numbers::{MissingRule, Numbers, Slot, Tree, Trees};
pub use value::ValueError;

#[cfg(test)]
pub(crate) mod samples;

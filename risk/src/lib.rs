//! Pure risk decisions: facts to score, probability of default, limits and reasons.
//!
//! The model is data: an additive points table as a versioned artefact that is checked completely when it is loaded. A
//! decision is a pure function of model and facts, in integers, and replays to the same bytes. A trained model comes in
//! the same shape.

pub mod artefact;
pub mod decide;
pub mod facts;
pub mod features;
pub mod fraud;

pub mod additive;
pub mod binning;
pub mod drift;
pub mod explain;
pub mod forest;
pub mod model;
pub mod scale;

pub use artefact::{ArtefactError, Model};
pub use decide::{RiskDecision, decide, replay, to_canonical_json};
pub use facts::RiskFacts;
pub use features::{
    ChainFrame, Exposure, FEATURES_VERSION, Fact, FeatureSet, Known, MissingSource, Overruled, Source, Unit,
    WalletFacts,
};

//! Pure risk decisions: a feature set to score, probability of default, limit and reasons.
//!
//! Models, policy, wallet table and fraud rules are data, checked completely when they are loaded. A decision is a pure
//! function of them and of a [`FeatureSet`], stored in integers, and replays to the same bytes.

// What is known.
pub mod facts;
pub mod features;
pub mod fraud;
pub mod sources;

// What decides.
pub mod built_in;
pub mod decide;
pub mod engine;
pub mod limits;
pub mod models;
pub mod points;
pub mod policy;
pub mod record;
mod seat;
#[cfg(test)]
mod testing;
mod view;
pub mod wallet;

// The runtime of models.
pub mod additive;
pub mod binning;
pub mod drift;
pub mod explain;
pub mod forest;
pub mod model;
pub mod scale;

pub use decide::{ENGINE_VERSION, to_canonical_json};
pub use engine::{DecideError, Engine, EngineError, ReplayError, decide, decide_stored};
pub use facts::{Fact, Known, Overruled, Source, Unit};
pub use features::{ChainFrame, Exposure, FEATURES_VERSION, FeatureSet, MissingSource, WalletFacts};
pub use limits::{Bound, LimitDerivation};
pub use models::{Challenger, MOST_CHALLENGERS, ModelSet, Rules, SetError};
pub use policy::{Policy, RulesError, RulesRef};
pub use record::{AprBand, DECISION_FORMAT, RiskDecision, Routed, SetRef, Shadow};
pub use seat::{Explained, ModelRef, SeatError};
pub use wallet::{WalletResult, WalletTable};

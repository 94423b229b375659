//! The engine: the set that decides now, and what decided before, so that stored decisions can be made again.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use alloy_primitives::B256;
use arc_swap::ArcSwap;
use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest as _};
use serde::Deserialize;

use crate::decide::{decide_by, to_canonical_json};
use crate::features::{FEATURES_VERSION, FeatureSet};
use crate::fraud::FraudRules;
use crate::model::{Artefact, ArtefactError, Files, TrustedKeys};
use crate::models::{BuiltInRulesError, Challenger, ModelSet, Rules, SetError};
use crate::policy::Policy;
use crate::record::{RiskDecision, SetRef};
use crate::wallet::WalletTable;

/// How many models, and how many versions of each kind of rules, are kept for replay.
const WARM: usize = 16;

/// Why there is no engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// A model was refused.
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
    /// Rules were refused.
    #[error(transparent)]
    Rules(#[from] BuiltInRulesError),
    /// They do not fit together.
    #[error(transparent)]
    Set(#[from] SetError),
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The features are of a version that this build does not read.
    #[error("the feature set is of version {0}, this build reads {FEATURES_VERSION}")]
    Version(u32),
    /// The features cannot be written.
    #[error("the feature set cannot be written")]
    Unwritable(#[source] serde_json::Error),
}

/// Why a stored decision cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A row from before feature sets: it was decided by points table 1, which this build does not hold.
    #[error("the decision is of format {0}; only a build that reads that format makes it again")]
    OldFormat(u32),
    /// What is stored is not a feature set or a decision.
    #[error("the stored decision cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Something that decided is not here. Load it ([`Engine::keep`]) and replay again.
    #[error("{what} {name} with SHA-256 {digest} is needed and not loaded")]
    Unknown {
        /// Model, policy, wallet table or fraud rules.
        what: &'static str,
        /// Its name and version.
        name: String,
        /// Of its files.
        digest: String,
    },
    /// The parts are here but no longer fit together.
    #[error(transparent)]
    Set(#[from] SetError),
    /// The features cannot be decided about.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Everything that has decided in this process, newest last.
#[derive(Debug, Default)]
struct Library {
    artefacts: Vec<Arc<Artefact>>,
    policies: Vec<Arc<Policy>>,
    wallets: Vec<Arc<WalletTable>>,
    frauds: Vec<Arc<FraudRules>>,
}

fn add<T>(shelf: &mut Vec<Arc<T>>, item: &Arc<T>, same: impl Fn(&T, &T) -> bool) {
    if shelf.iter().any(|held| same(held, item)) {
        return;
    }
    if shelf.len() == WARM {
        shelf.remove(0);
    }
    shelf.push(Arc::clone(item));
}

impl Library {
    fn add_artefact(&mut self, artefact: &Arc<Artefact>) {
        add(&mut self.artefacts, artefact, |a, b| a.digest() == b.digest());
    }

    fn add_rules(&mut self, rules: &Rules) {
        add(&mut self.policies, &rules.policy, |a, b| a.name() == b.name());
        add(&mut self.wallets, &rules.wallet, |a, b| a.name() == b.name());
        add(&mut self.frauds, &rules.fraud, |a, b| a.version() == b.version());
    }

    fn add_set(&mut self, set: &ModelSet) {
        self.add_artefact(set.champion());
        for (artefact, _) in set.challengers() {
            self.add_artefact(artefact);
        }
        self.add_rules(set.rules());
    }

    fn artefact(&self, wanted: &crate::seat::ModelRef) -> Result<Arc<Artefact>, ReplayError> {
        let found = self.artefacts.iter().find(|held| held.digest() == wanted.digest.0);
        found.cloned().ok_or_else(|| ReplayError::Unknown {
            what: "model",
            name: format!("{} {}", wanted.name, wanted.version),
            digest: hex::encode(wanted.digest),
        })
    }

    /// The set that is named, made again of its parts.
    fn set(&self, wanted: &SetRef) -> Result<ModelSet, ReplayError> {
        let rules_gone = |what, rules: &crate::policy::RulesRef| ReplayError::Unknown {
            what,
            name: format!("{} {}", rules.id, rules.version),
            digest: hex::encode(rules.digest),
        };
        let policy = self.policies.iter().find(|held| *held.name() == wanted.policy);
        let wallet = self.wallets.iter().find(|held| *held.name() == wanted.wallet);
        let fraud = self.frauds.iter().find(|held| held.version() == wanted.fraud);
        let (name, digest) = wanted.fraud.split_once('@').unwrap_or((&wanted.fraud, ""));
        let rules = Rules {
            policy: policy.cloned().ok_or_else(|| rules_gone("policy", &wanted.policy))?,
            wallet: wallet
                .cloned()
                .ok_or_else(|| rules_gone("wallet table", &wanted.wallet))?,
            fraud: fraud.cloned().ok_or_else(|| ReplayError::Unknown {
                what: "fraud rules",
                name: name.to_owned(),
                digest: digest.to_owned(),
            })?,
        };
        let mut challengers = Vec::new();
        for routed in &wanted.challengers {
            challengers.push(Challenger {
                artefact: self.artefact(&routed.model)?,
                share_ppm: routed.share_ppm,
            });
        }
        Ok(ModelSet::new(self.artefact(&wanted.champion)?, challengers, rules)?)
    }
}

/// Decides by one set at a time; the set can be swapped while others decide.
#[derive(Debug)]
pub struct Engine {
    set: ArcSwap<ModelSet>,
    library: Mutex<Library>,
}

impl Engine {
    /// An engine that decides by this set.
    pub fn new(set: ModelSet) -> Arc<Self> {
        let set = Arc::new(set);
        let mut library = Library::default();
        library.add_set(&set);
        Arc::new(Self {
            set: ArcSwap::new(set),
            library: Mutex::new(library),
        })
    }

    /// The models and rules that ship with this build. Models are checked once a process.
    pub fn built_in() -> Result<Arc<Self>, EngineError> {
        static MODELS: OnceLock<Result<crate::built_in::Models, ArtefactError>> = OnceLock::new();
        let (champion, challengers) = MODELS.get_or_init(crate::built_in::models).clone()?;
        Ok(Self::new(assemble(champion, challengers)?))
    }

    /// Models from folders, the first as champion, the others as challengers with the policy's shares, under the rules
    /// of this build.
    pub fn load(folders: &[&Path], keys: &TrustedKeys) -> Result<Arc<Self>, EngineError> {
        let open = |folder: &&Path| Artefact::open(&Files::read(folder)?, keys).map(Arc::new);
        let mut models = folders.iter().map(open).collect::<Result<Vec<_>, ArtefactError>>()?;
        if models.is_empty() {
            return Err(SetError::Challengers.into());
        }
        let champion = models.remove(0);
        Ok(Self::new(assemble(champion, models)?))
    }

    /// The set that decides now. Held, it stays whole whatever is swapped in.
    pub fn current(&self) -> Arc<ModelSet> {
        self.set.load_full()
    }

    /// Puts another set in place. Decisions under way end by the set they began with; what decided before stays loaded
    /// for replay.
    pub fn swap(&self, next: ModelSet) -> Arc<ModelSet> {
        let next = Arc::new(next);
        self.library().add_set(&next);
        self.set.swap(next)
    }

    /// Loads a model for replay alone.
    pub fn keep(&self, artefact: &Arc<Artefact>) {
        self.library().add_artefact(artefact);
    }

    /// Loads rules for replay alone.
    pub fn keep_rules(&self, rules: &Rules) {
        self.library().add_rules(rules);
    }

    /// Decides by the present set.
    pub fn decide(&self, set: &FeatureSet) -> Result<RiskDecision, DecideError> {
        decide(&self.set.load(), set)
    }

    /// Decides by the present set, about features whose canonical bytes the caller has and stores.
    pub fn decide_stored(&self, set: &FeatureSet, bytes: &[u8]) -> Result<RiskDecision, DecideError> {
        decide_stored(&self.set.load(), set, bytes)
    }

    /// Decides again from what is stored: the bytes are those of the stored decision.
    pub fn replay(&self, features: &[u8], decision: &[u8]) -> Result<Vec<u8>, ReplayError> {
        #[derive(Deserialize)]
        struct Head {
            version: Option<u32>,
        }
        #[derive(Deserialize)]
        struct Decided {
            set: SetRef,
        }
        let head: Head = serde_json::from_slice(features).map_err(ReplayError::Unreadable)?;
        match head.version {
            Some(FEATURES_VERSION) => {}
            other => return Err(ReplayError::OldFormat(other.unwrap_or(1))),
        }
        let set: FeatureSet = serde_json::from_slice(features).map_err(ReplayError::Unreadable)?;
        let decided: Decided = serde_json::from_slice(decision).map_err(ReplayError::Unreadable)?;
        let current = self.current();
        let models = if *current.name() == decided.set {
            current
        } else {
            Arc::new(self.library().set(&decided.set)?)
        };
        to_canonical_json(&decide(&models, &set)?).map_err(ReplayError::Unreadable)
    }

    /// A poisoned library is as good as before: shelves are only added to.
    fn library(&self) -> std::sync::MutexGuard<'_, Library> {
        self.library.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decides by a set. Pure: equal sets and features give an equal decision.
pub fn decide(models: &ModelSet, set: &FeatureSet) -> Result<RiskDecision, DecideError> {
    let bytes = to_canonical_json(set).map_err(DecideError::Unwritable)?;
    decide_stored(models, set, &bytes)
}

/// The same for a caller who has the features' canonical bytes, because they are stored.
pub fn decide_stored(models: &ModelSet, set: &FeatureSet, bytes: &[u8]) -> Result<RiskDecision, DecideError> {
    if set.version != FEATURES_VERSION {
        return Err(DecideError::Version(set.version));
    }
    let hash = Blake2b::<U32>::digest(bytes);
    Ok(decide_by(models, set, B256::from_slice(&hash)))
}

/// A champion and challengers with the policy's shares, under the rules of this build.
fn assemble(champion: Arc<Artefact>, challengers: Vec<Arc<Artefact>>) -> Result<ModelSet, EngineError> {
    let rules = Rules::built_in()?;
    let challengers = challengers
        .into_iter()
        .map(|artefact| Challenger {
            share_ppm: rules.policy.share_ppm(artefact.name()),
            artefact,
        })
        .collect();
    Ok(ModelSet::new(champion, challengers, rules)?)
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

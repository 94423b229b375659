//! Every process decides by the models that the registry has in force, within a second or two of their approval.
//!
//! The registry's number is looked at every second. When it changed, the artefacts in force are opened from their stored bytes
//! with every check, and put in place together; when one of them is not what it says, the set before stays and an alarm is
//! raised. The champion before this one stays warm.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::risk::model::{Artefact, TrustedKeys};
use ::risk::models::{Challenger, MOST_CHALLENGERS, ModelSet};
use sqlx::PgConnection;

use super::models::{ModelState, SYSTEM, not_a_model, open, row_of, tell};
use super::proposals::former;
use crate::Aggregator;
use crate::api::Error;
use crate::store::corrupt;
use crate::store::risk::{self as rows, ModelRow};

/// Looks at an unchanged registry whose models were refused before they are tried again.
const PATIENCE: u32 = 60;

/// Figures of this part.
#[derive(Clone, Debug)]
pub struct RiskSettings {
    /// Who may sign models that are registered.
    pub keys: TrustedKeys,
    /// How long an officer's clearance lasts, days.
    pub clearance_days: u32,
}

impl Default for RiskSettings {
    fn default() -> Self {
        Self {
            keys: TrustedKeys::none(),
            clearance_days: 30,
        }
    }
}

/// What this process has of the registry.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    /// The number that the set in place is of.
    revision: Option<i32>,
    /// The number whose models were refused, and looks since.
    refused: Option<(i32, u32)>,
    /// Opened, by digest.
    artefacts: HashMap<[u8; 32], Arc<Artefact>>,
}

impl Registry {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether that number asks for something to be done.
    fn wants(&self, revision: i32) -> bool {
        let mut held = self.held();
        match &mut held.refused {
            Some((refused, looks)) if *refused == revision => {
                *looks += 1;
                *looks % PATIENCE == 0
            }
            _ => held.revision != Some(revision),
        }
    }
}

/// What decides, by the registry: the champion, the challengers, and the champion before.
struct InForce<'a> {
    champion: &'a ModelRow,
    challengers: Vec<&'a ModelRow>,
    former: Option<&'a ModelRow>,
}

fn in_force(all: &[ModelRow]) -> Option<InForce<'_>> {
    Some(InForce {
        champion: all.iter().find(|model| model.state == ModelState::Champion)?,
        challengers: all.iter().filter(|model| model.state == ModelState::Shadow).collect(),
        former: former(all),
    })
}

/// A stored artefact is not what its row says.
#[derive(Debug, thiserror::Error)]
#[error("the files of {0} are of another model")]
struct Swapped(String);

/// Refused when there are as many challengers as there may be.
pub(crate) async fn check_room(conn: &mut PgConnection) -> Result<(), Error> {
    let all = rows::models(conn).await?;
    let challengers = all.iter().filter(|model| model.state == ModelState::Shadow).count();
    if challengers < MOST_CHALLENGERS {
        return Ok(());
    }
    let text = format!("There are {MOST_CHALLENGERS} challengers already; withdraw one first.");
    Err(Error::refused("CHALLENGERS_FULL", text, Some("state")))
}

impl Aggregator {
    /// Registers the models that the program brings with it: on an empty registry as champion and challengers, later as drafts.
    /// Answers how many are new.
    pub async fn register_built_in(&self) -> Result<usize, Error> {
        let set = self.world.risk.current();
        let mut tx = self.world.db.begin().await?;
        rows::hold_registry(&mut tx).await?;
        let first = rows::models(&mut tx).await?.is_empty();
        let challengers = set.challengers().map(|(artefact, _)| (artefact, ModelState::Shadow));
        let mut added = 0;
        for (artefact, state) in [(set.champion(), ModelState::Champion)].into_iter().chain(challengers) {
            if rows::model_of_digest(&mut tx, &artefact.digest()).await?.is_some() {
                continue;
            }
            let Some(files) = ::risk::built_in::files(&artefact.digest()) else {
                continue;
            };
            let state = if first { state } else { ModelState::Draft };
            let mut row = row_of(artefact, state, (SYSTEM, self.world.clock.now(), self.world.ids.next()));
            let (uid, revision) = rows::next_revision(&mut tx).await?;
            row.revision = revision;
            let files: Vec<(&str, &[u8])> = files.iter().collect();
            rows::add_model(&mut tx, &row, &files).await?;
            let said = (uid, "RiskModelRegistered", SYSTEM, "came with the program");
            tell(&mut tx, &self.world, &row, said, serde_json::Value::Null).await?;
            added += 1;
        }
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(added)
    }

    /// Takes over what the registry has in force, if it changed; answers how many changes were taken over.
    pub async fn refresh_models(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let seen = rows::registry_revision(&mut conn).await?;
        drop(conn);
        if !self.models.wants(seen) {
            return Ok(0);
        }
        let mut tx = self
            .world
            .db
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        let revision = rows::registry_revision(&mut tx).await?;
        let all = rows::models(&mut tx).await?;
        let Some(force) = in_force(&all) else {
            return Ok(0);
        };
        match self.take_over(&mut tx, &force).await {
            Ok(()) => {
                let mut held = self.models.held();
                (held.revision, held.refused) = (Some(revision), None);
                metrics::gauge!("usance_risk_models_refused").set(0.0);
                metrics::gauge!("usance_risk_registry_revision").set(f64::from(revision));
                tracing::info!(
                    revision,
                    champion = force.champion.name,
                    version = force.champion.version,
                    challengers = force.challengers.len(),
                    "models in force were taken over"
                );
                Ok(1)
            }
            Err(error) => {
                let mut held = self.models.held();
                let looks = held
                    .refused
                    .filter(|(refused, _)| *refused == revision)
                    .map_or(0, |(_, looks)| looks);
                held.refused = Some((revision, looks));
                metrics::counter!("usance_risk_models_refused_total").increment(1);
                metrics::gauge!("usance_risk_models_refused").set(1.0);
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(revision, %error, ?cause, "models of the registry were refused; the set before decides on");
                Err(error)
            }
        }
    }

    /// The same right after a change of this process; a failure is told by the next look.
    pub(crate) async fn follow_registry(&self) {
        if let Err(error) = self.refresh_models().await {
            tracing::warn!(%error, "the registry of models was not taken over");
        }
    }

    async fn take_over(&self, conn: &mut PgConnection, force: &InForce<'_>) -> Result<(), Error> {
        let set = self.set_of(conn, force).await?;
        if let Some(former) = force.former {
            match self.artefact(conn, former).await {
                Ok(artefact) => self.world.risk.keep(&artefact),
                // It decides nothing; a way back that is broken must not keep the present from being put in place.
                Err(error) => tracing::error!(%error, model = former.name, "the former champion cannot be opened"),
            }
        }
        let needed: Vec<[u8; 32]> = [force.champion]
            .into_iter()
            .chain(force.challengers.iter().copied())
            .chain(force.former)
            .map(|row| row.digest)
            .collect();
        self.models.held().artefacts.retain(|digest, _| needed.contains(digest));
        if set.name() != self.world.risk.current().name() {
            self.world.risk.swap(set);
        }
        Ok(())
    }

    /// The set of what is in force, under the rules of this build.
    async fn set_of(&self, conn: &mut PgConnection, force: &InForce<'_>) -> Result<ModelSet, Error> {
        let champion = self.artefact(conn, force.champion).await?;
        let mut challengers = Vec::new();
        for row in &force.challengers {
            challengers.push(Challenger {
                artefact: self.artefact(conn, row).await?,
                share_ppm: u32::try_from(row.share_ppm).map_err(corrupt)?,
            });
        }
        let rules = self.world.risk.current().rules().clone();
        ModelSet::new(champion, challengers, rules)
            .map_err(|error| Error::refused("MODEL_UNFIT", error.to_string(), Some("model")))
    }

    /// A model of the registry, from memory or opened from its stored bytes.
    async fn artefact(&self, conn: &mut PgConnection, row: &ModelRow) -> Result<Arc<Artefact>, Error> {
        let current = self.world.risk.current();
        let mut at_hand =
            std::iter::once(current.champion()).chain(current.challengers().map(|(artefact, _)| artefact));
        if let Some(found) = at_hand.find(|artefact| artefact.digest() == row.digest) {
            return Ok(Arc::clone(found));
        }
        let held = self.models.held().artefacts.get(&row.digest).map(Arc::clone);
        if let Some(found) = held {
            return Ok(found);
        }
        let files = rows::model_files(conn, row.id).await?;
        let artefact = open(&self.world, files).await?.map_err(|error| not_a_model(&error))?;
        if artefact.digest() != row.digest || artefact.name() != row.name || artefact.version() != row.version {
            return Err(corrupt(Swapped(format!("{} {}", row.name, row.version))));
        }
        let artefact = Arc::new(artefact);
        self.models.held().artefacts.insert(row.digest, Arc::clone(&artefact));
        Ok(artefact)
    }

    /// The model of a digest for a replay; none when the registry has none.
    pub(crate) async fn artefact_of(
        &self,
        conn: &mut PgConnection,
        digest: &[u8; 32],
    ) -> Result<Option<Arc<Artefact>>, Error> {
        match rows::model_of_digest(conn, digest).await? {
            Some(row) => Ok(Some(self.artefact(conn, &row).await?)),
            None => Ok(None),
        }
    }

    /// Whether the set is sound once that model has that place. Refusals: `MODEL_UNFIT`, `MODEL_EXPIRED`, `MODEL_REFUSED`.
    pub(crate) async fn check_place(
        &self,
        conn: &mut PgConnection,
        model: &ModelRow,
        (state, share_ppm): (ModelState, i32),
    ) -> Result<(), Error> {
        if self.artefact(conn, model).await?.expires() < self.world.clock.now().date_naive() {
            let text = format!("{} {} has expired.", model.name, model.version);
            return Err(Error::refused("MODEL_EXPIRED", text, Some("model")));
        }
        let mut all = rows::models(conn).await?;
        if state == ModelState::Champion {
            all.retain(|other| other.state != ModelState::Champion);
        }
        all.retain(|other| other.id != model.id);
        all.push(ModelRow {
            state,
            share_ppm,
            champion_at: None,
            ..model.clone()
        });
        if let Some(force) = in_force(&all) {
            self.set_of(conn, &force).await?;
        }
        Ok(())
    }
}

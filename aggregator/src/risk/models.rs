//! The registry of models: what is known, what is in force, and who decided so.
//!
//! A model is registered as its files, tried on its golden rows, scored in the shadow of the champion, and promoted. What gives it
//! a say (promotion, a share of the subjects, a return to the former champion) is proposed by one officer and approved by
//! another; the database refuses it otherwise. Every change raises the registry's number, which each process looks at every second.

use std::collections::BTreeMap;

use ::risk::model::{Artefact, ArtefactError, Files, Kind, Status};
use chrono::{DateTime, Utc};
use domain::Principal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Deed, note, reason};
use crate::access::{Action, Class, Resource, check};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::risk::{self as rows, ModelRow};
use crate::store::{constraint, corrupt};
use crate::{Aggregator, World};

/// Who registers what the program brings with it.
pub(crate) const SYSTEM: &str = "system";

macro_rules! stored {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name as stored.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The one of that name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}
pub(crate) use stored;

stored! {
    /// Life of a model in the registry.
    ModelState {
        /// Registered: its files are what they say.
        Draft = "DRAFT",
        /// An officer looked at its card and figures.
        Validated = "VALIDATED",
        /// A challenger: scores beside the champion, and decides about its share of the subjects.
        Shadow = "SHADOW",
        /// Decides.
        Champion = "CHAMPION",
        /// No longer used; replays still find it.
        Retired = "RETIRED",
    }
}
stored! {
    /// What is proposed about a model.
    ProposalKind {
        /// A challenger becomes champion.
        Promote = "PROMOTE",
        /// A challenger decides about a share of the subjects.
        Share = "SHARE",
        /// The former champion returns.
        Rollback = "ROLLBACK",
    }
}
stored! {
    /// Where a proposal stands.
    ProposalState {
        /// Waits for another officer.
        Open = "OPEN",
        /// Done.
        Approved = "APPROVED",
        /// Not done.
        Rejected = "REJECTED",
    }
}

impl ModelState {
    /// What an officer may do alone. What gives a model a say is not among it.
    pub fn may_become(self, next: Self) -> bool {
        use ModelState::{Draft, Retired, Shadow, Validated};
        matches!(
            (self, next),
            (Draft | Shadow, Validated | Retired) | (Validated, Shadow | Retired)
        )
    }
}

/// A model as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// Id in the registry.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of its `SHA256SUMS`, hex.
    pub digest: String,
    /// `FOREST`, `ADDITIVE` or `ISOLATION`.
    pub kind: String,
    /// `TRAINED` or `EXPERT`.
    pub status: String,
    /// State.
    pub state: ModelState,
    /// Share of the subjects that it decides about as a challenger, parts per million.
    pub share_ppm: u32,
    /// The registry's number at its last change.
    pub revision: i32,
    /// When it became champion last.
    pub champion_at: Option<DateTime<Utc>>,
    /// Came with the program.
    pub built_in: bool,
    /// `system` or a principal.
    pub registered_by: String,
    /// When.
    pub registered_at: DateTime<Utc>,
}

impl From<ModelRow> for ModelView {
    fn from(row: ModelRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            version: row.version,
            digest: hex::encode(row.digest),
            kind: row.kind,
            status: row.status,
            state: row.state,
            share_ppm: u32::try_from(row.share_ppm).unwrap_or(0),
            revision: row.revision,
            champion_at: row.champion_at,
            built_in: row.built_in,
            registered_by: row.registered_by,
            registered_at: row.registered_at,
        }
    }
}

/// What a model's files say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPapers {
    /// `model.json`: features, scale, figures with their intervals.
    pub manifest: serde_json::Value,
    /// `MODEL_CARD.md`.
    pub card: String,
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Forest => "FOREST",
        Kind::Additive => "ADDITIVE",
        Kind::Isolation => "ISOLATION",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Trained => "TRAINED",
        Status::Expert => "EXPERT",
    }
}

/// The row of a new model.
pub(crate) fn row_of(artefact: &Artefact, state: ModelState, (by, now, id): (&str, DateTime<Utc>, Uuid)) -> ModelRow {
    ModelRow {
        id,
        name: artefact.name().to_owned(),
        version: artefact.version().to_owned(),
        digest: artefact.digest(),
        kind: kind(artefact.kind()).to_owned(),
        status: status(artefact.status()).to_owned(),
        state,
        share_ppm: 0,
        revision: 1,
        champion_at: (state == ModelState::Champion).then_some(now),
        built_in: by == SYSTEM,
        registered_by: by.to_owned(),
        registered_at: now,
    }
}

/// Why files are no model for us; the message names the file.
pub(crate) fn not_a_model(error: &ArtefactError) -> Error {
    Error::refused("MODEL_REFUSED", error.to_string(), Some("files"))
}

/// Something about models, which belong to the platform.
fn model(action: Action, caller: &Principal) -> Result<(), Error> {
    check(caller, action, &Resource::platform(Class::RiskModel))
}

/// Stores a changed model under a new number of the registry, with its event; answers the row as it is then.
pub(crate) async fn change(
    conn: &mut PgConnection,
    world: &World,
    row: &mut ModelRow,
    (event, by, why): (&'static str, &str, &str),
    more: serde_json::Value,
) -> Result<(), Error> {
    let (uid, revision) = rows::next_revision(conn).await?;
    row.revision = revision;
    rows::update_model(conn, row).await.map_err(refused_by_database)?;
    tell(conn, world, row, (uid, event, by, why), more).await
}

/// The rules stand in the database as well; a race between officers ends there.
fn refused_by_database(error: sqlx::Error) -> Error {
    match constraint(&error) {
        Some("model_transition" | "model_one_champion" | "model_four_eyes" | "model_share_of_challenger") => {
            Error::refused("MODEL_TRANSITION", "The model may not change this way now.", Some("id"))
        }
        _ => error.into(),
    }
}

pub(crate) async fn tell(
    conn: &mut PgConnection,
    world: &World,
    row: &ModelRow,
    (uid, event, by, why): (Uuid, &'static str, &str, &str),
    more: serde_json::Value,
) -> Result<(), Error> {
    let deed = Deed {
        aggregate: "risk_registry",
        aggregate_id: uid,
        version: row.revision,
        kind: event,
        subject: &format!("{} {}", row.name, row.version),
        by,
        reason: why,
        body: serde_json::json!({
            "model": row.id, "name": row.name, "version": row.version, "digest": hex::encode(row.digest),
            "state": row.state.as_str(), "sharePpm": row.share_ppm, "revision": row.revision, "by": by, "more": more,
        }),
    };
    note(conn, world, deed).await
}

impl Aggregator {
    /// Every model of the registry, for officers.
    pub async fn risk_models(&self, caller: &Principal) -> Result<Vec<ModelView>, Error> {
        model(Action::Read, caller)?;
        let mut conn = self.world.db.acquire().await?;
        Ok(rows::models(&mut conn)
            .await?
            .into_iter()
            .map(ModelView::from)
            .collect())
    }

    /// One model, for officers.
    pub async fn risk_model(&self, caller: &Principal, id: Uuid) -> Result<ModelView, Error> {
        model(Action::Read, caller)?;
        let mut conn = self.world.db.acquire().await?;
        Ok(rows::model(&mut conn, id).await?.ok_or(Error::NotFound)?.into())
    }

    /// What a model's files say of it, for officers.
    pub async fn risk_model_papers(&self, caller: &Principal, id: Uuid) -> Result<ModelPapers, Error> {
        model(Action::Read, caller)?;
        let mut conn = self.world.db.acquire().await?;
        let files: BTreeMap<String, Vec<u8>> = rows::model_files(&mut conn, id).await?.into_iter().collect();
        let manifest = files.get("model.json").ok_or(Error::NotFound)?;
        let card = files.get("MODEL_CARD.md").ok_or(Error::NotFound)?;
        Ok(ModelPapers {
            manifest: serde_json::from_slice(manifest).map_err(corrupt)?,
            card: String::from_utf8_lossy(card).into_owned(),
        })
    }

    /// Registers a model as a draft. Its digests, its signature and every golden row are checked before.
    ///
    /// Refusals: `MODEL_REFUSED` with the file and the cause, `MODEL_EXISTS`.
    pub async fn register_model(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<ModelView, Error> {
        model(Action::Create, caller)?;
        let digests: Vec<(&str, String)> = files
            .iter()
            .map(|(name, bytes)| (name.as_str(), hex::encode(Sha256::digest(bytes))))
            .collect();
        let call = Call::new(caller, key, "registerModel", &digests)?;
        let artefact = open(&self.world, files.clone())
            .await?
            .map_err(|error| not_a_model(&error))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let by = caller.id.to_string();
        let new = (by.as_str(), self.world.clock.now(), self.world.ids.next());
        let mut row = row_of(&artefact, ModelState::Draft, new);
        let (uid, revision) = rows::next_revision(&mut tx).await?;
        row.revision = revision;
        let parts: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        rows::add_model(&mut tx, &row, &parts)
            .await
            .map_err(|error| match constraint(&error) {
                Some("model_once" | "model_name_version") => {
                    let text = format!("{} {} is registered already.", row.name, row.version);
                    Error::refused("MODEL_EXISTS", text, Some("files"))
                }
                _ => error.into(),
            })?;
        let said = (uid, "RiskModelRegistered", by.as_str(), "registered");
        tell(&mut tx, &self.world, &row, said, serde_json::Value::Null).await?;
        let view = ModelView::from(row);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Moves a model where an officer may move it alone: `VALIDATED` (its files are opened again from the database), `SHADOW`,
    /// back to `VALIDATED`, `RETIRED`.
    ///
    /// Refusals: `MODEL_TRANSITION`, `MODEL_REFUSED`.
    pub async fn change_model_state(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, state): (Uuid, ModelState),
        why: &str,
    ) -> Result<ModelView, Error> {
        model(Action::Change, caller)?;
        let why = reason("reason", why)?;
        let call = Call::new(caller, key, "changeModelState", &(id, state, why))?;
        let mut conn = self.world.db.acquire().await?;
        let files = rows::model_files(&mut conn, id).await?;
        drop(conn);
        if files.is_empty() {
            return Err(Error::NotFound);
        }
        if state != ModelState::Retired {
            open(&self.world, files).await?.map_err(|error| not_a_model(&error))?;
        }
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        rows::hold_registry(&mut tx).await?;
        let mut row = rows::model(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if !row.state.may_become(state) {
            let text = format!(
                "{} {} is {} and cannot become {} this way.",
                row.name,
                row.version,
                row.state.as_str(),
                state.as_str()
            );
            return Err(Error::refused("MODEL_TRANSITION", text, Some("state")));
        }
        if state == ModelState::Shadow {
            super::sets::check_room(&mut tx).await?;
            self.check_place(&mut tx, &row, (state, 0)).await?;
        }
        let event = match state {
            ModelState::Shadow => "RiskModelShadowed",
            ModelState::Retired => "RiskModelRetired",
            _ if row.state == ModelState::Shadow => "RiskModelWithdrawn",
            _ => "RiskModelValidated",
        };
        (row.state, row.share_ppm) = (state, 0);
        let by = caller.id.to_string();
        change(
            &mut tx,
            &self.world,
            &mut row,
            (event, &by, why),
            serde_json::Value::Null,
        )
        .await?;
        let view = ModelView::from(row);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        self.follow_registry().await;
        Ok(view)
    }
}

/// Opens an artefact from its files: digests, signature, every golden row. Off the async threads, it takes a while.
pub(crate) async fn open(
    world: &World,
    files: Vec<(String, Vec<u8>)>,
) -> Result<Result<Artefact, ArtefactError>, Error> {
    let keys = world.settings.risk.keys.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let parts: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        Artefact::open(&Files::of(&parts)?, &keys)
    });
    opened.await.map_err(corrupt)
}

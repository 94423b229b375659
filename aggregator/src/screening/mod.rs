//! Sanctions screening in the life of the product: lists from a folder, the index of the day, customers asked again after a change, and
//! the wallets of every settlement looked at when money is about to move.

pub mod folder;
pub(crate) mod hits;
#[cfg(test)]
mod hits_tests;
mod officers;
pub(crate) mod release;
mod rescreen;
#[cfg(test)]
mod tests;
pub(crate) mod wallets;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::screening::lists::{ListInfo, NoticeKind, Snapshot};
use compliance::decide::ScreeningVerdict;
use compliance::screening::{Lists, Screening};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::Aggregator;
use crate::api::Error;
use crate::store::{corrupt, from_json, screening as rows, to_json};
use crate::workers::periodic;

pub use officers::Refreshed;
pub use wallets::WalletSettings;

/// Where lists come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScreeningSettings {
    /// Folder with list files; the lists of this build when none is named.
    pub folder: Option<PathBuf>,
    /// Lists with a missing part are taken. Production refuses them: people would pass by their other names.
    pub allow_partial: bool,
}

/// Pause between two looks at the folder.
pub(crate) const LOOK: Duration = Duration::from_secs(30);

/// Looks at the folder until cancelled. In every process: each decides by its own lists.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    let step = || async { aggregator.refresh_lists().await.map(usize::from) };
    periodic("lists", LOOK, &cancel, step).await;
}

/// What came of the last look at the folder.
#[derive(Debug, Default)]
pub(crate) struct Looked(Mutex<Option<String>>);

impl Looked {
    fn set(&self, refusal: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    fn refusal(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How screening stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScreeningStatus {
    /// Hash of the lists that decide in this process.
    pub version: String,
    /// Those lists.
    pub lists: Vec<ListInfo>,
    /// Oddities by kind.
    pub notices: BTreeMap<String, usize>,
    /// Why the lists that lie in the folder now were refused, when they were.
    pub refused: Option<String>,
    /// The pass over all customers by these lists.
    pub pass: Option<PassView>,
}

/// A pass over all customers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PassView {
    /// Requests looked at.
    pub looked: i64,
    /// Results graver than the one before.
    pub raised: i64,
    /// Results milder than the one before.
    pub lapsed: i64,
    /// When it began.
    pub started_at: chrono::DateTime<chrono::Utc>,
    /// When it ended; none while it goes on.
    pub finished_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// What a screening comes to. What could not be looked at is never clear.
fn verdict(found: &Screening, wallet_given: bool) -> &'static str {
    match compliance::decide::verdict(found) {
        ScreeningVerdict::Block => "BLOCK",
        ScreeningVerdict::Clear if !wallet_given || found.wallet_screened => "CLEAR",
        ScreeningVerdict::Clear | ScreeningVerdict::Review => "REVIEW",
    }
}

impl Aggregator {
    /// Looks at the folder, and decides by its lists when they are others than before. What is refused leaves the former lists in place.
    /// Answers whether the lists changed.
    pub async fn refresh_lists(&self) -> Result<bool, Error> {
        let before = self.world.screening.current();
        let Some(folder) = self.world.settings.screening.folder.clone() else {
            self.remember(&before).await?;
            return Ok(false);
        };
        let partial = self.world.settings.screening.allow_partial;
        let known = before.version().to_owned();
        // Reading and indexing take a second of a core.
        let read = tokio::task::spawn_blocking(move || -> Result<Option<Lists>, String> {
            let snapshot = folder::load(&folder).map_err(|error| error.to_string())?;
            if snapshot.version == known {
                return Ok(None);
            }
            if let Some(info) = snapshot.lists.iter().find(|info| info.partial && !partial) {
                return Err(format!("{} lacks a part, such as the alternate names", info.list));
            }
            Ok(Some(Lists::build(snapshot)))
        });
        match read.await.map_err(corrupt)? {
            Ok(lists) => {
                self.lists_looked.set(None);
                let changed = lists.is_some();
                let lists = lists.map_or(before, Arc::new);
                self.remember(&lists).await?;
                if changed {
                    metrics::counter!("usance_screening_lists_changed_total").increment(1);
                    tracing::info!(
                        version = lists.version(),
                        entries = lists.snapshot().entities.len(),
                        "lists changed"
                    );
                    self.world.screening.replace(lists);
                }
                Ok(changed)
            }
            Err(why) => {
                metrics::counter!("usance_screening_lists_refused_total").increment(1);
                tracing::error!(
                    why,
                    "the lists in the folder were refused; the former ones go on deciding"
                );
                self.lists_looked.set(Some(why));
                Ok(false)
            }
        }
    }

    /// Stores which lists decide, before they do.
    async fn remember(&self, lists: &Lists) -> Result<(), Error> {
        let snapshot = lists.snapshot();
        let mut conn = self.world.db.acquire().await?;
        if rows::pass(&mut conn, &snapshot.version).await?.is_some() {
            return Ok(());
        }
        drop(conn);
        let mut tx = self.world.db.begin().await?;
        let new = rows::NewSnapshot {
            version: &snapshot.version,
            lists: &to_json(&snapshot.lists)?,
            notices: &to_json(&kinds(snapshot))?,
            entries: i32::try_from(snapshot.entities.len()).map_err(corrupt)?,
        };
        rows::begin_pass(&mut tx, &new, self.world.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How screening stands, for officers.
    pub async fn screening_status(&self) -> Result<ScreeningStatus, Error> {
        let lists = self.world.screening.current();
        let mut conn = self.world.db.acquire().await?;
        let pass = rows::pass(&mut conn, lists.version()).await?;
        Ok(ScreeningStatus {
            version: lists.version().to_owned(),
            lists: lists.snapshot().lists.clone(),
            notices: named(lists.snapshot())?,
            refused: self.lists_looked.refusal(),
            pass: pass.map(|pass| PassView {
                looked: pass.looked,
                raised: pass.raised,
                lapsed: pass.lapsed,
                started_at: pass.started_at,
                finished_at: pass.finished_at,
            }),
        })
    }
}

/// The same with the names of the kinds.
fn named(snapshot: &Snapshot) -> Result<BTreeMap<String, usize>, Error> {
    from_json(&to_json(&kinds(snapshot))?)
}

fn kinds(snapshot: &Snapshot) -> BTreeMap<NoticeKind, usize> {
    let mut counts = BTreeMap::new();
    for notice in &snapshot.notices {
        *counts.entry(notice.kind).or_default() += 1;
    }
    counts
}

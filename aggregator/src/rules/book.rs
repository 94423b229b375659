//! The set of rules that decides, swapped whole; and every set that decided before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use chrono::{DateTime, NaiveDate};
use compliance::{Document, RuleSet, RulesError};
use sqlx::PgConnection;

use crate::Aggregator;
use crate::api::Error;
use crate::rules::publish::{Approved, SYSTEM};
use crate::store::{Unreadable, corrupt, from_json, rules as rows, to_json};

/// The set in force and those that were read.
#[derive(Debug)]
pub struct RuleBook {
    running: ArcSwap<RuleSet>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By hash.
    sets: HashMap<String, Arc<RuleSet>>,
    /// The registry's number and the day that the running set is of.
    seen: Option<(i32, NaiveDate)>,
}

impl RuleBook {
    /// A book that begins with the rules that ship with this build.
    pub fn built_in() -> Result<Arc<Self>, RulesError> {
        Ok(Arc::new(Self::of(RuleSet::built_in()?)))
    }

    /// A book that begins with that set.
    pub fn of(set: Arc<RuleSet>) -> Self {
        let mut kept = Kept::default();
        kept.sets.insert(set.sha256().to_owned(), Arc::clone(&set));
        Self {
            running: ArcSwap::new(set),
            kept: Mutex::new(kept),
        }
    }

    /// The set that decides now. Hold it for one decision, so that it is made by one set.
    pub fn running(&self) -> Arc<RuleSet> {
        self.running.load_full()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, sha256: &str) -> Option<Arc<RuleSet>> {
        self.kept().sets.get(sha256).map(Arc::clone)
    }
}

impl Aggregator {
    /// Keeps the rules that the program brings with it: on an empty registry they are in force at once, later they are proposed.
    /// Answers whether they are new.
    pub async fn register_rules(&self) -> Result<bool, Error> {
        let documents = RuleSet::built_in_documents();
        let set = RuleSet::built_in().map_err(corrupt)?;
        let mut tx = self.world.db.begin().await?;
        rows::hold_registry(&mut tx).await?;
        if rows::is_published(&mut tx, set.sha256()).await? {
            return Ok(false);
        }
        let now = self.world.clock.now();
        rows::keep_set(&mut tx, (set.sha256(), &to_json(&documents)?), now).await?;
        let first = rows::publications(&mut tx, 1).await?.is_empty();
        let how = if first { Approved::AtOnce } else { Approved::NotYet };
        let from = if first {
            DateTime::UNIX_EPOCH.date_naive()
        } else {
            now.date_naive()
        };
        self.publish(&mut tx, &set, (SYSTEM, "came with the program", from), how)
            .await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(true)
    }

    /// Takes over what is in force today, if that changed; answers how many sets were taken over.
    pub async fn refresh_rules(&self) -> Result<usize, Error> {
        let today = self.world.clock.now().date_naive();
        let mut conn = self.world.db.acquire().await?;
        let now = (rows::revision(&mut conn).await?, today);
        if self.world.rules.kept().seen == Some(now) {
            return Ok(0);
        }
        let in_force = rows::in_force(&mut conn, today).await?;
        let set = match &in_force {
            Some(row) => Some(self.rule_set(&mut conn, &row.sha256).await?),
            None => None,
        };
        self.world.rules.kept().seen = Some(now);
        let Some(set) = set else { return Ok(0) };
        if set.sha256() == self.world.rules.running().sha256() {
            return Ok(0);
        }
        tracing::info!(sha256 = set.sha256(), "a set of rules was taken over");
        self.world.rules.running.store(set);
        Ok(1)
    }

    /// The same right after a change of this process; a failure is told by the next look.
    pub(crate) async fn follow_rules(&self) {
        if let Err(error) = self.refresh_rules().await {
            tracing::warn!(%error, "the published rules were not taken over");
        }
    }

    /// A set by its hash: the running one, one that was read before, or one that is stored.
    pub(crate) async fn rule_set(&self, conn: &mut PgConnection, sha256: &str) -> Result<Arc<RuleSet>, Error> {
        if let Some(set) = self.world.rules.find(sha256) {
            return Ok(set);
        }
        let stored = rows::documents_of(conn, sha256).await?;
        let stored = stored.ok_or_else(|| corrupt(Unreadable("set of rules")))?;
        let documents: Vec<Document> = from_json(&stored)?;
        let set = Arc::new(RuleSet::load(&documents).map_err(corrupt)?);
        if set.sha256() != sha256 {
            return Err(corrupt(Unreadable("hash of a set of rules")));
        }
        self.world.rules.kept().sets.insert(sha256.to_owned(), Arc::clone(&set));
        Ok(set)
    }
}

//! Publication with four eyes: one officer proposes a set of rules, another approves it, and it decides from its day on.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use compliance::{Document, RuleSet};
use domain::Principal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::shadow::ShadowView;
use super::{Deed, note};
use crate::Aggregator;
use crate::access::{Action, Class, may_ever, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::risk::reason;
use crate::store::rules::{self as rows, PublicationRow};
use crate::store::{constraint, to_json};

/// Who proposes what the program brings with it.
pub(crate) const SYSTEM: &str = "system";
/// Most files and bytes of a set.
const MOST_FILES: usize = 200;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Decisions of so many days are decided again by a proposed set.
const SHADOW_DAYS: i64 = 30;

/// Where a publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PublicationState {
    /// Waits for another officer.
    Proposed,
    /// Decides from its day on, until a later one does.
    Approved,
    /// Never decides.
    Rejected,
}

impl PublicationState {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "PROPOSED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Proposed, Self::Approved, Self::Rejected]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A set of rules to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// Its files.
    pub documents: Vec<Document>,
    /// First day on which it decides: today or later.
    pub effective_from: NaiveDate,
    /// Why.
    pub reason: String,
}

/// A publication as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationView {
    /// Id.
    pub id: Uuid,
    /// Hash of the set.
    pub sha256: String,
    /// First day on which it decides.
    pub effective_from: NaiveDate,
    /// Where it stands.
    pub state: PublicationState,
    /// It decides now, in this process.
    pub running: bool,
    /// Came with the program.
    pub built_in: bool,
    /// Versions of rules in it.
    pub rules: u32,
    /// Those of them that nobody verified.
    pub unverified: u32,
    /// Why.
    pub reason: String,
    /// `system` or a principal.
    pub proposed_by: String,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why so.
    pub decision_reason: Option<String>,
    /// What it would have decided.
    pub shadow: Option<ShadowView>,
}

/// Whether a publication decides without another pair of eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Approved {
    /// The first set of all, which the program brings with it.
    AtOnce,
    /// Every other.
    NotYet,
}

fn refused(code: &str, text: impl Into<String>, field: &str) -> Error {
    Error::refused(code, text, Some(field))
}

/// Reads a set; what is wrong with it is told with file, rule and field.
fn read(documents: &[Document]) -> Result<Arc<RuleSet>, Error> {
    let bytes: usize = documents.iter().map(|document| document.text.len()).sum();
    if documents.is_empty() || documents.len() > MOST_FILES || bytes > MOST_BYTES {
        return Err(Error::invalid("documents", "1 to 200 files of at most 4 MiB together"));
    }
    let mut names: Vec<&str> = documents.iter().map(|document| document.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let fits = |name: &&str| (1..=100).contains(&name.len()) && !name.chars().any(char::is_control);
    if names.len() != documents.len() || !names.iter().all(fits) {
        return Err(Error::invalid("documents", "each file has a name of its own"));
    }
    let set = RuleSet::load(documents).map_err(|error| refused("RULES_REFUSED", error.to_string(), "documents"))?;
    Ok(Arc::new(set))
}

impl Aggregator {
    /// Publications, newest first, 1 to 100, for officers.
    pub async fn rule_publications(&self, caller: &Principal, first: u32) -> Result<Vec<PublicationView>, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        if !(1..=100).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let mut views = Vec::new();
        for row in rows::publications(&mut conn, i64::from(first)).await? {
            views.push(self.publication_view(&mut conn, row).await?);
        }
        Ok(views)
    }

    /// One publication, for officers.
    pub async fn rule_publication(&self, caller: &Principal, id: Uuid) -> Result<PublicationView, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        let mut conn = self.world.db.acquire().await?;
        let row = rows::publication(&mut conn, id).await?.ok_or(Error::NotFound)?;
        self.publication_view(&mut conn, row).await
    }

    /// Proposes a set of rules. What took effect before stands in it word for word; a correction is a new version.
    ///
    /// Refusals: `RULES_REFUSED` with file, rule and field, `RULES_REWRITTEN`, `RULES_PUBLISHED`, `PROPOSAL_OPEN`.
    pub async fn propose_rules(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewRules,
    ) -> Result<PublicationView, Error> {
        platform(caller, Action::Propose, Class::RuleVersion)?;
        let why = reason("reason", &new.reason)?;
        let call = Call::new(caller, key, "proposeRules", &new)?;
        let set = read(&new.documents)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        rows::hold_registry(&mut tx).await?;
        self.may_follow(&mut tx, &set, new.effective_from).await?;
        if rows::is_published(&mut tx, set.sha256()).await? {
            return Err(refused(
                "RULES_PUBLISHED",
                "This very set was published or proposed before.",
                "documents",
            ));
        }
        let documents = to_json(&new.documents)?;
        rows::keep_set(&mut tx, (set.sha256(), &documents), self.world.clock.now()).await?;
        let by = caller.id.to_string();
        let wish = (by.as_str(), why, new.effective_from);
        let row = self.publish(&mut tx, &set, wish, Approved::NotYet).await?;
        let view = self.publication_view(&mut tx, row).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Approves or rejects a proposed set. Who proposed it may reject it, not approve it.
    ///
    /// Refusals: `FOUR_EYES`, `PROPOSAL_DECIDED`, `RULES_REWRITTEN`, `PROPOSAL_STALE` when its day has passed.
    pub async fn decide_rules(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, approve): (Uuid, bool),
        why: &str,
    ) -> Result<PublicationView, Error> {
        let action = if approve { Action::Approve } else { Action::Reject };
        may_ever(caller, action, Class::RuleVersion)?;
        platform(caller, Action::Read, Class::RuleVersion)?;
        let why = reason("reason", why)?;
        let call = Call::new(caller, key, "decideRules", &(id, approve, why))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        rows::hold_registry(&mut tx).await?;
        let mut row = rows::publication(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if row.state != PublicationState::Proposed {
            return Err(refused("PROPOSAL_DECIDED", "This proposal was decided already.", "id"));
        }
        let by = caller.id.to_string();
        if approve && row.proposed_by == by {
            return Err(four_eyes());
        }
        if approve {
            if row.effective_from < self.world.clock.now().date_naive() && !row.built_in {
                return Err(refused(
                    "PROPOSAL_STALE",
                    "Its first day has passed; propose it again.",
                    "id",
                ));
            }
            let set = self.rule_set(&mut tx, &row.sha256).await?;
            if !row.built_in {
                self.may_follow(&mut tx, &set, row.effective_from).await?;
            }
        }
        row.state = if approve {
            PublicationState::Approved
        } else {
            PublicationState::Rejected
        };
        let kind = if approve { "RulesApproved" } else { "RulesRejected" };
        row.decided_by = Some(by.clone());
        row.decided_at = Some(self.world.clock.now());
        row.decision_reason = Some(why.to_owned());
        let (uid, revision) = rows::next_revision(&mut tx).await?;
        row.revision = revision;
        rows::decide_publication(&mut tx, &row)
            .await
            .map_err(|error| match constraint(&error) {
                Some("publication_four_eyes") => four_eyes(),
                _ => error.into(),
            })?;
        self.tell(&mut tx, &row, (uid, kind, &by, why)).await?;
        let view = self.publication_view(&mut tx, row).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        self.follow_rules().await;
        Ok(view)
    }

    /// Whether the set may follow the one that decides on its first day.
    async fn may_follow(&self, conn: &mut PgConnection, set: &RuleSet, from: NaiveDate) -> Result<(), Error> {
        let today = self.world.clock.now().date_naive();
        if from < today {
            return Err(Error::invalid("effectiveFrom", "today or later"));
        }
        let before = match rows::in_force(conn, from).await? {
            Some(row) => self.rule_set(conn, &row.sha256).await?,
            None => self.world.rules.running(),
        };
        before
            .may_be_followed_by(set, today)
            .map_err(|error| refused("RULES_REWRITTEN", error.to_string(), "documents"))
    }

    /// Adds a publication with its shadow run, in the caller's transaction.
    pub(super) async fn publish(
        &self,
        conn: &mut PgConnection,
        set: &RuleSet,
        (by, why, from): (&str, &str, NaiveDate),
        how: Approved,
    ) -> Result<PublicationRow, Error> {
        let now = self.world.clock.now();
        let (uid, revision) = rows::next_revision(conn).await?;
        let decided = (how == Approved::AtOnce).then_some(());
        let row = PublicationRow {
            id: self.world.ids.next(),
            sha256: set.sha256().to_owned(),
            effective_from: from,
            state: if decided.is_some() {
                PublicationState::Approved
            } else {
                PublicationState::Proposed
            },
            built_in: by == SYSTEM,
            revision,
            reason: why.to_owned(),
            proposed_by: by.to_owned(),
            proposed_at: now,
            decided_by: decided.map(|()| by.to_owned()),
            decided_at: decided.map(|()| now),
            decision_reason: decided.map(|()| why.to_owned()),
        };
        rows::add_publication(conn, &row)
            .await
            .map_err(|error| match constraint(&error) {
                Some("publication_one_open") => {
                    refused("PROPOSAL_OPEN", "Another set waits to be decided.", "documents")
                }
                _ => error.into(),
            })?;
        if decided.is_none() {
            rows::shadow::begin(conn, row.id, now - chrono::Duration::days(SHADOW_DAYS)).await?;
        }
        let kind = if decided.is_some() {
            "RulesApproved"
        } else {
            "RulesProposed"
        };
        self.tell(conn, &row, (uid, kind, by, why)).await?;
        Ok(row)
    }

    async fn tell(
        &self,
        conn: &mut PgConnection,
        row: &PublicationRow,
        (uid, kind, by, why): (Uuid, &'static str, &str, &str),
    ) -> Result<(), Error> {
        let deed = Deed {
            aggregate: ("rules_registry", uid, row.revision),
            kind,
            subject: &row.sha256,
            by,
            reason: why,
            body: json!({
                "publication": row.id, "sha256": row.sha256, "effectiveFrom": row.effective_from,
                "state": row.state.as_str(), "revision": row.revision, "by": by,
            }),
        };
        note(conn, &self.world, deed).await
    }

    async fn publication_view(&self, conn: &mut PgConnection, row: PublicationRow) -> Result<PublicationView, Error> {
        let set = self.rule_set(conn, &row.sha256).await?;
        let unverified = set
            .all()
            .filter(|rule| rule.status != compliance::rules::Status::Verified)
            .count();
        Ok(PublicationView {
            running: row.state == PublicationState::Approved && self.world.rules.running().sha256() == row.sha256,
            rules: u32::try_from(set.all().count()).unwrap_or(u32::MAX),
            unverified: u32::try_from(unverified).unwrap_or(u32::MAX),
            shadow: rows::shadow::of(conn, row.id).await?.map(Into::into),
            id: row.id,
            sha256: row.sha256,
            effective_from: row.effective_from,
            state: row.state,
            built_in: row.built_in,
            reason: row.reason,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            decision_reason: row.decision_reason,
        })
    }
}

fn four_eyes() -> Error {
    refused(
        "FOUR_EYES",
        "Another officer than the one who proposed it has to approve it.",
        "id",
    )
}

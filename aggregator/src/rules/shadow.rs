//! Shadow runs: a proposed set decides beside, over the decisions of the last days and over new ones as they are stored, until it is
//! decided about. Nothing waits for it, and it decides nothing.

use chrono::{DateTime, Duration, Utc};
use compliance::decide::Difference;
use compliance::{ComplianceDecision, RuleSet, difference, replay_acceptance, replay_offer, replay_request};
use domain::Principal;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::Error;
use crate::store::rules::shadow::{self as rows, ShadowRow};
use crate::store::{decisions, from_json, to_json};

/// Decisions in one step.
const AT_ONCE: i64 = 500;
/// A decision is read when nothing older can still be committed.
const SETTLED: Duration = Duration::seconds(60);

/// How a shadow run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowView {
    /// Decisions since then.
    pub since: DateTime<Utc>,
    /// How far it is.
    pub until: DateTime<Utc>,
    /// Decided beside.
    pub decided: u64,
    /// Of them, those that would have come out otherwise.
    pub differing: u64,
    /// Stored facts that this build cannot read any more.
    pub failed: u64,
}

impl From<ShadowRow> for ShadowView {
    fn from(row: ShadowRow) -> Self {
        Self {
            since: row.since,
            until: row.cursor_at,
            decided: row.decided.unsigned_abs(),
            differing: row.differing.unsigned_abs(),
            failed: row.failed.unsigned_abs(),
        }
    }
}

/// A decision that would have come out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceView {
    /// The decision.
    pub decision: Uuid,
    /// `REQUEST`, `OFFER` or `ACCEPTANCE`.
    pub kind: String,
    /// What changes.
    pub difference: Difference,
}

impl Aggregator {
    /// Decisions that a proposed set would have made otherwise, 1 to 100, for officers.
    pub async fn rule_differences(
        &self,
        caller: &Principal,
        publication: Uuid,
        first: u32,
    ) -> Result<Vec<DifferenceView>, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        if !(1..=100).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        rows::of(&mut conn, publication).await?.ok_or(Error::NotFound)?;
        let found = rows::differences(&mut conn, publication, i64::from(first)).await?;
        found
            .into_iter()
            .map(|row| {
                Ok(DifferenceView {
                    decision: row.decision_id,
                    kind: row.kind,
                    difference: from_json(&row.difference)?,
                })
            })
            .collect()
    }

    /// Takes every proposed set a step further over the stored decisions; answers how many decisions were made beside.
    pub async fn shadow_rules(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let open = rows::open(&mut conn).await?;
        drop(conn);
        let mut done = 0;
        for (publication, sha256) in open {
            let mut tx = self.world.db.begin().await?;
            let set = self.rule_set(&mut tx, &sha256).await?;
            if let Some(row) = rows::hold_open(&mut tx, publication).await? {
                done += self.shadow_step(&mut tx, row, &set).await?;
                tx.commit().await?;
            }
        }
        Ok(done)
    }

    async fn shadow_step(&self, conn: &mut PgConnection, mut row: ShadowRow, set: &RuleSet) -> Result<usize, Error> {
        let until = self.world.clock.now() - SETTLED;
        let stored = decisions::of_rules_after(conn, (row.cursor_at, row.cursor_id), until, AT_ONCE).await?;
        for decision in &stored {
            (row.cursor_at, row.cursor_id) = (decision.decided_at, decision.id);
            match beside(decision, set) {
                Ok(found) => {
                    row.decided += 1;
                    if let Some(difference) = found {
                        row.differing += 1;
                        let text = to_json(&difference)?;
                        rows::add_difference(conn, row.publication_id, (decision.id, &decision.kind, &text)).await?;
                    }
                }
                Err(error) => {
                    row.failed += 1;
                    tracing::warn!(decision = %decision.id, %error, "a stored decision cannot be made beside");
                }
            }
        }
        if !stored.is_empty() {
            rows::advance(conn, &row).await?;
        }
        Ok(stored.len())
    }
}

/// What another set makes of a stored decision.
fn beside(decision: &decisions::RulesRow, set: &RuleSet) -> Result<Option<Difference>, serde_json::Error> {
    let facts = decision.facts.as_bytes();
    let again = match (decision.kind.as_str(), &decision.screening) {
        ("REQUEST", Some(screening)) => replay_request(facts, screening.as_bytes(), set)?,
        ("OFFER", _) => replay_offer(facts, set)?,
        _ => replay_acceptance(facts, set)?,
    };
    let was: ComplianceDecision = serde_json::from_str(&decision.result)?;
    let other: ComplianceDecision = serde_json::from_slice(&again)?;
    Ok(difference(&was, &other))
}

//! The rules themselves, as officers read them.

use chrono::NaiveDate;
use compliance::rules::{Changed, Deadline, Effect, Rule};
use domain::Principal;
use domain::ids::RequestId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::Error;
use crate::decisions::{DecisionKind, DecisionReplay};
use crate::store::rules as rows;

/// One version of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// Id of its chain.
    pub id: String,
    /// Version.
    pub version: u32,
    /// File.
    pub file: String,
    /// What it is about.
    pub topic: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// `seed`, `unverified` or `verified`.
    pub status: String,
    /// First day in force.
    pub effective_from: NaiveDate,
    /// Last day in force.
    pub effective_to: Option<NaiveDate>,
    /// First day on which we knew of it.
    pub known_from: NaiveDate,
    /// The version that it corrects.
    pub supersedes: Option<u32>,
    /// Where it stands.
    pub citation: String,
    /// `PASS`, `DECLINE` with its code, or `IDENTITY` with its level.
    pub outcome: String,
    /// What it obliges to, each with its deadline.
    pub obligations: Vec<String>,
    /// How long its evidence is kept.
    pub retention: String,
    /// What the borrower is told.
    pub message: String,
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        let outcome = match &rule.effect {
            Effect::Pass => "PASS".to_owned(),
            Effect::Decline(code) => format!("DECLINE {code}"),
            Effect::Identity(level) => format!("IDENTITY {}", level.as_str()),
        };
        let duty = |duty: &compliance::rules::Duty| match duty.deadline {
            Deadline::Before { event } => format!("{} before {}", duty.code, event.as_str()),
            Deadline::Within { days, of, event } => {
                format!("{} within {days} {} days of {}", duty.code, of.as_str(), event.as_str())
            }
        };
        Self {
            id: rule.id.clone(),
            version: rule.version,
            file: rule.file.clone(),
            topic: rule.topic.as_str().to_owned(),
            jurisdiction: rule.scope.place.text(),
            status: rule.status.as_str().to_owned(),
            effective_from: rule.effective_from,
            effective_to: rule.effective_to,
            known_from: rule.known_from,
            supersedes: rule.supersedes,
            citation: rule.citation.clone(),
            outcome,
            obligations: rule.duties.iter().map(duty).collect(),
            retention: rule.retention.as_str().to_owned(),
            message: rule.message.clone(),
        }
    }
}

/// What a published set changes of the one that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Rule.
    pub id: String,
    /// Version.
    pub version: u32,
    /// `ADDED`, `REMOVED` or `CHANGED`.
    pub what: String,
    /// Fields that differ.
    pub fields: Vec<String>,
}

impl Aggregator {
    /// The rules of a publication, or of the set that decides, for officers.
    pub async fn rules(&self, caller: &Principal, publication: Option<Uuid>) -> Result<Vec<RuleView>, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        let set = match publication {
            None => self.world.rules.running(),
            Some(id) => {
                let mut conn = self.world.db.acquire().await?;
                let row = rows::publication(&mut conn, id).await?.ok_or(Error::NotFound)?;
                self.rule_set(&mut conn, &row.sha256).await?
            }
        };
        Ok(set.all().map(RuleView::from).collect())
    }

    /// What a publication changes of the set that decides, for officers.
    pub async fn rule_changes(&self, caller: &Principal, publication: Uuid) -> Result<Vec<ChangeView>, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        let mut conn = self.world.db.acquire().await?;
        let row = rows::publication(&mut conn, publication)
            .await?
            .ok_or(Error::NotFound)?;
        let set = self.rule_set(&mut conn, &row.sha256).await?;
        let changes = self.world.rules.running().diff(&set);
        Ok(changes
            .into_iter()
            .map(|change| {
                let (what, fields) = match change.what {
                    Changed::Added => ("ADDED", Vec::new()),
                    Changed::Removed => ("REMOVED", Vec::new()),
                    Changed::Fields(fields) => ("CHANGED", fields.into_iter().map(str::to_owned).collect()),
                };
                ChangeView {
                    id: change.rule.id,
                    version: change.rule.version,
                    what: what.to_owned(),
                    fields,
                }
            })
            .collect())
    }

    /// Every decision of the rules about a request, made again by the set that made it, for officers.
    pub async fn replay_rules(&self, caller: &Principal, request: RequestId) -> Result<Vec<DecisionReplay>, Error> {
        platform(caller, Action::Read, Class::RuleVersion)?;
        let all = self.replay_decisions(request).await?;
        let rules = |replay: &DecisionReplay| {
            matches!(
                replay.kind,
                DecisionKind::Request | DecisionKind::Offer | DecisionKind::Acceptance
            )
        };
        Ok(all.into_iter().filter(rules).collect())
    }
}

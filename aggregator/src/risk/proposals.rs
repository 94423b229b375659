//! Four eyes: what gives a model a say is proposed by one officer and approved by another.

use ::access::Denial;
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::PrincipalId;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::models::{ModelState, ModelView, ProposalKind, ProposalState, change};
use super::{Deed, note, reason};
use crate::Aggregator;
use crate::access::{self, Action, Class, Resource, check, check_told, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::risk::{self as rows, ModelRow, ProposalRow};
use crate::store::{constraint, from_json, to_json};

/// Most proposals that are shown.
const SHOWN: u32 = 100;

/// Figures that speak for a model, as measured by whoever proposes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// AUC less that of the champion on the same held-out rows.
    pub auc_difference: Option<Decimal>,
    /// Lower end of its 95 % interval.
    pub auc_low: Option<Decimal>,
    /// Upper end.
    pub auc_high: Option<Decimal>,
    /// Profit less that of the champion at an equal approval rate, as a share of the champion's.
    pub profit_difference: Option<Decimal>,
    /// Where the figures are from.
    pub source: Option<String>,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProposal {
    /// What.
    pub kind: ProposalKind,
    /// The model; none for a rollback, which is to the former champion.
    pub model: Option<Uuid>,
    /// The share of a challenger, parts per million; none otherwise.
    pub share_ppm: Option<u32>,
    /// Why.
    pub reason: String,
    /// Figures.
    pub evidence: Option<Evidence>,
}

/// A proposal as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    /// Id.
    pub id: Uuid,
    /// What.
    pub kind: ProposalKind,
    /// The model.
    pub model: ModelView,
    /// Share, parts per million.
    pub share_ppm: Option<u32>,
    /// Why.
    pub reason: String,
    /// Figures.
    pub evidence: Option<Evidence>,
    /// Where it stands.
    pub state: ProposalState,
    /// One officer decided, because drift said ACT.
    pub under_alarm: bool,
    /// By whom.
    pub proposed_by: PrincipalId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<PrincipalId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why so.
    pub decision_reason: Option<String>,
}

fn refused(code: &str, text: &str, field: &str) -> Error {
    Error::refused(code, text, Some(field))
}

impl Aggregator {
    /// Proposals, newest first, 1 to 100, for officers.
    pub async fn model_proposals(&self, caller: &Principal, first: u32) -> Result<Vec<ProposalView>, Error> {
        check(caller, Action::Read, &Resource::platform(Class::ModelProposal))?;
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let mut views = Vec::new();
        for row in rows::proposals(&mut conn, i64::from(first)).await? {
            views.push(view(&mut conn, row).await?);
        }
        Ok(views)
    }

    /// Proposes a promotion, a share or a rollback. A rollback while drift says ACT is done at once.
    ///
    /// Refusals: `PROPOSAL_OPEN`, `NOT_A_CHALLENGER`, `NO_FORMER_CHAMPION`, `MODEL_EXPIRED`, `MODEL_UNFIT`.
    pub async fn propose_model(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewProposal,
    ) -> Result<ProposalView, Error> {
        check(caller, Action::Propose, &Resource::platform(Class::ModelProposal))?;
        let why = reason("reason", &new.reason)?;
        check_share(&new)?;
        let call = Call::new(caller, key, "proposeModel", &new)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        rows::hold_registry(&mut tx).await?;
        let model = subject(&mut tx, &new).await?;
        self.check_fit(&mut tx, &model, (new.kind, new.share_ppm)).await?;
        let mut row = ProposalRow {
            id: self.world.ids.next(),
            kind: new.kind,
            model: model.id,
            share_ppm: new.share_ppm.and_then(|share| i32::try_from(share).ok()),
            reason: why.to_owned(),
            evidence: new.evidence.as_ref().map(to_json).transpose()?,
            state: ProposalState::Open,
            under_alarm: false,
            proposed_by: caller.id.0,
            proposed_at: self.world.clock.now(),
            decided_by: None,
            decided_at: None,
            decision_reason: None,
        };
        rows::add_proposal(&mut tx, &row)
            .await
            .map_err(|error| match constraint(&error) {
                Some("proposal_one_open") => refused(
                    "PROPOSAL_OPEN",
                    "Another proposal about this model waits to be decided.",
                    "model",
                ),
                _ => error.into(),
            })?;
        self.tell_proposal(&mut tx, &row, &model, ("RiskProposalMade", 1, why))
            .await?;
        if new.kind == ProposalKind::Rollback && rows::champion_acts(&mut tx).await? {
            row.under_alarm = true;
            self.settle_proposal(&mut tx, &mut row, model, (caller, true, why))
                .await?;
        }
        let view = view(&mut tx, row).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        self.follow_registry().await;
        Ok(view)
    }

    /// Approves or rejects a proposal. Who proposed it may reject it, not approve it.
    ///
    /// Refusals: `FOUR_EYES`, `PROPOSAL_DECIDED`, and those of [`Self::propose_model`].
    pub async fn decide_model_proposal(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, approve): (Uuid, bool),
        why: &str,
    ) -> Result<ProposalView, Error> {
        let action = if approve { Action::Approve } else { Action::Reject };
        may_ever(caller, action, Class::ModelProposal)?;
        check(caller, Action::Read, &Resource::platform(Class::ModelProposal))?;
        let why = reason("reason", why)?;
        let call = Call::new(caller, key, "decideModelProposal", &(id, approve, why))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        rows::hold_registry(&mut tx).await?;
        let mut row = rows::hold_proposal(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if row.state != ProposalState::Open {
            return Err(refused("PROPOSAL_DECIDED", "This proposal was decided already.", "id"));
        }
        let proposal = Resource::platform(Class::ModelProposal).made_by(PrincipalId(row.proposed_by));
        check_told(caller, action, &proposal).map_err(|denial| match denial {
            Denial::Forbid("maker-is-not-checker") => refused(
                "FOUR_EYES",
                "Another one than the one who proposed it has to approve it.",
                "id",
            ),
            other => access::error(other),
        })?;
        let model = rows::model(&mut tx, row.model).await?.ok_or(Error::NotFound)?;
        if approve {
            let share = row.share_ppm.and_then(|share| u32::try_from(share).ok());
            self.check_fit(&mut tx, &model, (row.kind, share)).await?;
        }
        self.settle_proposal(&mut tx, &mut row, model, (caller, approve, why))
            .await?;
        let view = view(&mut tx, row).await?;
        finish(&mut tx, &call, &view).await?;
        fail::fail_point!("risk::before_promotion_commit");
        tx.commit().await?;
        self.wake.events.notify_one();
        self.follow_registry().await;
        Ok(view)
    }

    /// Whether the model may get that say now.
    async fn check_fit(
        &self,
        conn: &mut PgConnection,
        model: &ModelRow,
        (kind, share_ppm): (ProposalKind, Option<u32>),
    ) -> Result<(), Error> {
        let from = match kind {
            ProposalKind::Promote | ProposalKind::Share => ModelState::Shadow,
            ProposalKind::Rollback => ModelState::Retired,
        };
        if model.state != from {
            let text = format!("{} {} is {}.", model.name, model.version, model.state.as_str());
            return Err(refused("NOT_A_CHALLENGER", &text, "model"));
        }
        let share = share_ppm.and_then(|share| i32::try_from(share).ok()).unwrap_or(0);
        let place = match kind {
            ProposalKind::Share => (ModelState::Shadow, share),
            ProposalKind::Promote | ProposalKind::Rollback => (ModelState::Champion, 0),
        };
        self.check_place(conn, model, place).await
    }

    /// Decides a proposal and does what it allows, in the caller's transaction.
    async fn settle_proposal(
        &self,
        conn: &mut PgConnection,
        row: &mut ProposalRow,
        model: ModelRow,
        (caller, approve, why): (&Principal, bool, &str),
    ) -> Result<(), Error> {
        row.state = if approve {
            ProposalState::Approved
        } else {
            ProposalState::Rejected
        };
        row.decided_by = Some(caller.id.0);
        row.decided_at = Some(self.world.clock.now());
        row.decision_reason = Some(why.to_owned());
        rows::decide_proposal(conn, row)
            .await
            .map_err(|error| match constraint(&error) {
                Some("proposal_four_eyes") => refused("FOUR_EYES", "Another officer has to approve it.", "id"),
                _ => error.into(),
            })?;
        let event = if approve {
            "RiskProposalApproved"
        } else {
            "RiskProposalRejected"
        };
        self.tell_proposal(conn, row, &model, (event, 2, why)).await?;
        if approve {
            self.put_in_place(conn, row, model, (&caller.id.to_string(), why))
                .await?;
        }
        Ok(())
    }

    async fn put_in_place(
        &self,
        conn: &mut PgConnection,
        row: &ProposalRow,
        mut model: ModelRow,
        (by, why): (&str, &str),
    ) -> Result<(), Error> {
        let more = json!({ "proposal": row.id, "underAlarm": row.under_alarm });
        if row.kind == ProposalKind::Share {
            model.share_ppm = row.share_ppm.unwrap_or(0);
            return change(conn, &self.world, &mut model, ("RiskShareChanged", by, why), more).await;
        }
        let champion = rows::models(conn)
            .await?
            .into_iter()
            .find(|m| m.state == ModelState::Champion);
        let former = champion.as_ref().map(|champion| champion.id);
        if let Some(mut champion) = champion {
            // Kept warm: the way back.
            champion.state = ModelState::Retired;
            rows::update_model(conn, &champion).await?;
        }
        (model.state, model.share_ppm) = (ModelState::Champion, 0);
        model.champion_at = Some(self.world.clock.now());
        let event = match row.kind {
            ProposalKind::Rollback => "RiskModelRolledBack",
            ProposalKind::Promote | ProposalKind::Share => "RiskModelPromoted",
        };
        let more = json!({ "proposal": row.id, "underAlarm": row.under_alarm, "former": former });
        change(conn, &self.world, &mut model, (event, by, why), more).await?;
        metrics::counter!("usance_risk_promotions_total", "kind" => row.kind.as_str()).increment(1);
        Ok(())
    }

    async fn tell_proposal(
        &self,
        conn: &mut PgConnection,
        row: &ProposalRow,
        model: &ModelRow,
        (kind, version, why): (&'static str, i32, &str),
    ) -> Result<(), Error> {
        let by = row.decided_by.unwrap_or(row.proposed_by).to_string();
        let deed = Deed {
            aggregate: "risk_proposal",
            aggregate_id: row.id,
            version,
            kind,
            subject: &row.id.to_string(),
            by: &by,
            reason: why,
            body: json!({
                "proposal": row.id, "kind": row.kind.as_str(), "model": model.id, "name": model.name, "version": model.version,
                "sharePpm": row.share_ppm, "state": row.state.as_str(), "underAlarm": row.under_alarm, "by": by,
            }),
        };
        note(conn, &self.world, deed).await
    }
}

fn check_share(new: &NewProposal) -> Result<(), Error> {
    match (new.kind, new.share_ppm) {
        (ProposalKind::Share, Some(0..=1_000_000)) | (ProposalKind::Promote | ProposalKind::Rollback, None) => Ok(()),
        (ProposalKind::Share, _) => Err(Error::invalid("sharePpm", "0 to 1000000")),
        (ProposalKind::Promote | ProposalKind::Rollback, Some(_)) => {
            Err(Error::invalid("sharePpm", "only a share of a challenger has one"))
        }
    }
}

/// The model that a proposal is about: the named one, or the champion before this one.
async fn subject(conn: &mut PgConnection, new: &NewProposal) -> Result<ModelRow, Error> {
    if new.kind == ProposalKind::Rollback {
        if new.model.is_some() {
            return Err(Error::invalid("model", "a rollback is to the former champion"));
        }
        return former(&rows::models(conn).await?)
            .cloned()
            .ok_or_else(|| refused("NO_FORMER_CHAMPION", "There is no former champion.", "kind"));
    }
    let id = new.model.ok_or_else(|| Error::invalid("model", "name the model"))?;
    rows::model(conn, id).await?.ok_or(Error::NotFound)
}

/// The champion before this one.
pub(crate) fn former(all: &[ModelRow]) -> Option<&ModelRow> {
    all.iter()
        .filter(|model| model.state == ModelState::Retired && model.champion_at.is_some())
        .max_by_key(|model| model.champion_at)
}

async fn view(conn: &mut PgConnection, row: ProposalRow) -> Result<ProposalView, Error> {
    let model = rows::model(conn, row.model).await?.ok_or(Error::NotFound)?;
    Ok(ProposalView {
        id: row.id,
        kind: row.kind,
        model: model.into(),
        share_ppm: row.share_ppm.and_then(|share| u32::try_from(share).ok()),
        reason: row.reason,
        evidence: row.evidence.as_deref().map(from_json).transpose()?,
        state: row.state,
        under_alarm: row.under_alarm,
        proposed_by: PrincipalId(row.proposed_by),
        proposed_at: row.proposed_at,
        decided_by: row.decided_by.map(PrincipalId),
        decided_at: row.decided_at,
        decision_reason: row.decision_reason,
    })
}

//! Risk, for officers: models and proposals about them, reviews, limits, drift, and records of decisions.

use aggregator::Error;
use aggregator::risk::drift::{DriftIndex, DriftView};
use aggregator::risk::limits::{LimitPolicyView, LimitView};
use aggregator::risk::models::{ModelPapers, ModelView};
use aggregator::risk::proposals::{Evidence, ProposalView};
use aggregator::risk::records::{Inside, RecordView, ReplayView};
use aggregator::risk::reviews::ReviewView;
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::value::{JsonOut, MoneyOut, ReasonOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// Life of a model in the registry.
    RiskModelState = "aggregator::risk::models::ModelState" {
        /// Registered: its files are what they say.
        Draft,
        /// An officer looked at its card and figures.
        Validated,
        /// A challenger: scores beside the champion, and decides about its share of the subjects.
        Shadow,
        /// Decides.
        Champion,
        /// No longer used; replays still find it.
        Retired,
    }
}
mirror! {
    /// What is proposed about a model.
    RiskProposalKind = "aggregator::risk::models::ProposalKind" {
        /// A challenger becomes champion.
        Promote,
        /// A challenger decides about a share of the subjects.
        Share,
        /// The former champion returns.
        Rollback,
    }
}
mirror! {
    /// Where a proposal stands.
    RiskProposalState = "aggregator::risk::models::ProposalState" {
        /// Waits for another officer.
        Open,
        /// Done.
        Approved,
        /// Not done.
        Rejected,
    }
}
mirror! {
    /// Where a review stands.
    RiskReviewState = "aggregator::risk::reviews::ReviewState" {
        /// Waits for an officer.
        Open,
        /// The borrower passes for some days.
        Cleared,
        /// The borrower does not pass.
        Declined,
    }
}
mirror! {
    /// How limits bind.
    LimitMode = "aggregator::risk::limits::LimitMode" {
        /// What passes a limit is noted, and goes on.
        Advise,
        /// What passes a limit is refused.
        Enforce,
    }
}
mirror! {
    /// What an index of drift says.
    RiskDriftLevel = "aggregator::risk::drift::DriftLevel" {
        /// Below 0.10.
        Stable,
        /// 0.10 to 0.25: worth a look.
        Look,
        /// 0.25 and above: another population.
        Act,
    }
}
mirror! {
    /// What was decided.
    RiskOutcome = "domain::Outcome" {
        /// Credit may be offered as asked.
        Offer,
        /// Credit may be offered on other terms.
        Counter,
        /// Refused.
        Decline,
        /// More facts, or a look by a person, are needed.
        MoreInfo,
    }
}

/// `system` or a principal's id.
fn actor(by: &str) -> String {
    Uuid::parse_str(by).map_or_else(|_| by.to_owned(), |id| encode(Kind::Principal, id))
}

/// A model of the registry.
#[derive(Clone, Debug)]
pub struct RiskModelOut(pub ModelView);

#[Object(name = "RiskModel")]
impl RiskModelOut {
    /// Id in the registry.
    async fn id(&self) -> ID {
        ID(encode(Kind::Model, self.0.id))
    }

    /// Name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Version.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// SHA-256 of its `SHA256SUMS`, hex.
    async fn digest(&self) -> &str {
        &self.0.digest
    }

    /// `FOREST`, `ADDITIVE` or `ISOLATION`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// `TRAINED`, or `EXPERT`: a table that people made, not validated on outcomes.
    async fn status(&self) -> &str {
        &self.0.status
    }

    /// State.
    async fn state(&self) -> RiskModelState {
        self.0.state.into()
    }

    /// Share of the subjects that it decides about as a challenger, parts per million.
    async fn share_ppm(&self) -> u32 {
        self.0.share_ppm
    }

    /// The registry's number at its last change.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// When it became champion last.
    async fn champion_at(&self) -> Option<DateTime<Utc>> {
        self.0.champion_at
    }

    /// Came with the program.
    async fn built_in(&self) -> bool {
        self.0.built_in
    }

    /// `system` or a principal's id.
    async fn registered_by(&self) -> String {
        actor(&self.0.registered_by)
    }

    /// When it was registered.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.0.registered_at
    }

    /// What its files say of it.
    #[graphql(complexity = "100 + child_complexity")]
    async fn papers(&self, ctx: &Context<'_>) -> Result<ModelPapersOut> {
        let read = api(ctx)?.aggregator.risk_model_papers(caller(ctx)?, self.0.id);
        Ok(Box::pin(read).await.map_err(fail)?.into())
    }
}

/// What a model's files say of it.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskModelPapers")]
pub struct ModelPapersOut {
    /// `model.json`: features, scale, figures with their intervals.
    manifest: JsonOut,
    /// `MODEL_CARD.md`.
    card: String,
}

impl From<ModelPapers> for ModelPapersOut {
    fn from(papers: ModelPapers) -> Self {
        Self {
            manifest: Json(papers.manifest),
            card: papers.card,
        }
    }
}

/// Figures that speak for a model, decimals.
#[derive(SimpleObject, InputObject, Deserialize, Clone, Debug)]
#[graphql(name = "RiskEvidence", input_name = "RiskEvidenceInput")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceOut {
    /// AUC less that of the champion on the same held-out rows: `0.004`.
    auc_difference: Option<String>,
    /// Lower end of its 95 % interval.
    auc_low: Option<String>,
    /// Upper end.
    auc_high: Option<String>,
    /// Profit less that of the champion at an equal approval rate, as a share of the champion's.
    profit_difference: Option<String>,
    /// Where the figures are from, up to 500 characters.
    source: Option<String>,
}

impl EvidenceOut {
    pub(super) fn read(self) -> std::result::Result<Evidence, Error> {
        let decimal = |field: &str, text: Option<String>| {
            let wrong = |_| Error::invalid(&format!("evidence.{field}"), "a decimal number");
            text.map(|text| text.parse::<Decimal>().map_err(wrong)).transpose()
        };
        if self.source.as_ref().is_some_and(|text| text.chars().count() > 500) {
            return Err(Error::invalid("evidence.source", "up to 500 characters"));
        }
        Ok(Evidence {
            auc_difference: decimal("aucDifference", self.auc_difference)?,
            auc_low: decimal("aucLow", self.auc_low)?,
            auc_high: decimal("aucHigh", self.auc_high)?,
            profit_difference: decimal("profitDifference", self.profit_difference)?,
            source: self.source,
        })
    }
}

impl From<Evidence> for EvidenceOut {
    fn from(evidence: Evidence) -> Self {
        let text = |number: Option<Decimal>| number.map(|number| number.to_string());
        Self {
            auc_difference: text(evidence.auc_difference),
            auc_low: text(evidence.auc_low),
            auc_high: text(evidence.auc_high),
            profit_difference: text(evidence.profit_difference),
            source: evidence.source,
        }
    }
}

/// What is proposed about a model.
#[derive(InputObject, Clone, Debug)]
#[graphql(name = "RiskProposalInput")]
pub struct ProposalInput {
    /// What.
    pub(super) kind: RiskProposalKind,
    /// The model; not for a rollback, which is to the former champion.
    pub(super) model: Option<ID>,
    /// The share of a challenger, parts per million; with `SHARE` alone.
    pub(super) share_ppm: Option<u32>,
    /// Why; kept for good. 1 to 500 characters.
    pub(super) reason: String,
    /// Figures that speak for it.
    pub(super) evidence: Option<EvidenceOut>,
}

/// A proposal about a model: made by one officer, approved by another.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskProposal")]
pub struct ProposalOut {
    /// Id.
    id: ID,
    /// What.
    kind: RiskProposalKind,
    /// The model.
    model: RiskModelOut,
    /// The share that is proposed, parts per million.
    share_ppm: Option<u32>,
    /// Why.
    reason: String,
    /// Figures that speak for it.
    evidence: Option<EvidenceOut>,
    /// Where it stands.
    state: RiskProposalState,
    /// One officer decided, because drift said ACT.
    under_alarm: bool,
    /// By whom.
    proposed_by: ID,
    /// When.
    proposed_at: DateTime<Utc>,
    /// Who decided.
    decided_by: Option<ID>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// Why so.
    decision_reason: Option<String>,
}

impl From<ProposalView> for ProposalOut {
    fn from(view: ProposalView) -> Self {
        Self {
            id: ID(encode(Kind::Proposal, view.id)),
            kind: view.kind.into(),
            model: RiskModelOut(view.model),
            share_ppm: view.share_ppm,
            reason: view.reason,
            evidence: view.evidence.map(Into::into),
            state: view.state.into(),
            under_alarm: view.under_alarm,
            proposed_by: ID(encode(Kind::Principal, view.proposed_by.0)),
            proposed_at: view.proposed_at,
            decided_by: view.decided_by.map(|by| ID(encode(Kind::Principal, by.0))),
            decided_at: view.decided_at,
            decision_reason: view.decision_reason,
        }
    }
}

/// A decision that a person has to look at.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskReview")]
pub struct ReviewOut {
    /// Id.
    id: ID,
    /// The decision.
    decision: ID,
    /// Its request.
    request: ID,
    /// The borrower's tenant.
    tenant: ID,
    /// The borrower.
    borrower: ID,
    /// Where it stands.
    state: RiskReviewState,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// Who decided.
    decided_by: Option<ID>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// Why so.
    note: Option<String>,
    /// Until when the borrower passes.
    cleared_until: Option<DateTime<Utc>>,
    /// Score of the decision.
    score: i32,
    /// What the borrower was told.
    reasons: Vec<ReasonOut>,
    /// Fraud checks: outcome, rules that fired with weights and reasons, typologies. Internal.
    fraud: JsonOut,
    /// What was known: facts with source and time, wallet, exposure, fraud facts.
    features: JsonOut,
}

impl From<ReviewView> for ReviewOut {
    fn from(view: ReviewView) -> Self {
        Self {
            id: ID(encode(Kind::Review, view.id)),
            decision: ID(encode(Kind::Decision, view.decision.0)),
            request: ID(encode(Kind::Request, view.request.0)),
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            borrower: ID(encode(Kind::Principal, view.borrower.0)),
            state: view.state.into(),
            opened_at: view.opened_at,
            decided_by: view.decided_by.map(|by| ID(encode(Kind::Principal, by.0))),
            decided_at: view.decided_at,
            note: view.note,
            cleared_until: view.cleared_until,
            score: view.score,
            reasons: view.reasons.into_iter().map(Into::into).collect(),
            fraud: Json(view.fraud),
            features: Json(view.features),
        }
    }
}

/// What a borrower may owe in a currency.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "SpendingLimit")]
pub struct LimitOut {
    /// The borrower's tenant.
    tenant: ID,
    /// The borrower.
    borrower: ID,
    /// The limit; null when no decision assigned one: lenders decide.
    limit: Option<MoneyOut>,
    /// Accepted, not paid out yet.
    reserved: MoneyOut,
    /// Paid out, not repaid yet.
    committed: MoneyOut,
    /// Left, never below zero; null without a limit.
    free: Option<MoneyOut>,
    /// The decision that assigned the limit.
    decision: Option<ID>,
    /// How it binds.
    mode: LimitMode,
    /// When it changed last.
    changed_at: DateTime<Utc>,
}

impl From<LimitView> for LimitOut {
    fn from(view: LimitView) -> Self {
        Self {
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            borrower: ID(encode(Kind::Principal, view.borrower.0)),
            limit: view.limit.map(MoneyOut),
            reserved: MoneyOut(view.reserved),
            committed: MoneyOut(view.committed),
            free: view.free.map(MoneyOut),
            decision: view.decision.map(|id| ID(encode(Kind::Decision, id.0))),
            mode: view.mode.into(),
            changed_at: view.changed_at,
        }
    }
}

/// How the limits of a tenant's borrowers bind.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LimitPolicy")]
pub struct LimitPolicyOut {
    /// The tenant.
    tenant: ID,
    /// How.
    mode: LimitMode,
    /// Number of changes so far; 0 when nobody said: then limits are advised.
    revision: i32,
}

impl From<LimitPolicyView> for LimitPolicyOut {
    fn from(view: LimitPolicyView) -> Self {
        Self {
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            mode: view.mode.into(),
            revision: view.revision,
        }
    }
}

/// What the counts of a window say of one number. Indices and shares are parts per million.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskDriftIndex")]
pub struct DriftIndexOut {
    /// `SCORE`, or the feature.
    subject: String,
    /// Rows counted.
    rows: u64,
    /// Population stability index.
    psi_ppm: i64,
    /// What chance alone stays below in about 99 of 100 windows of so many rows.
    noise_ppm: i64,
    /// What it means; null when there are too few rows to say.
    level: Option<RiskDriftLevel>,
    /// Share of rows without a value; null for the score.
    missing_ppm: Option<i64>,
    /// The same in training.
    missing_expected_ppm: Option<i64>,
    /// Share of rows with a value outside of what training saw; null for the score.
    outside_ppm: Option<i64>,
}

impl From<DriftIndex> for DriftIndexOut {
    fn from(index: DriftIndex) -> Self {
        Self {
            subject: index.subject,
            rows: index.rows,
            psi_ppm: index.psi_ppm,
            noise_ppm: index.noise_ppm,
            level: index.level.map(Into::into),
            missing_ppm: index.missing_ppm,
            missing_expected_ppm: index.missing_expected_ppm,
            outside_ppm: index.outside_ppm,
        }
    }
}

/// Whether those who apply are still the people whom a model learned from.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskDrift")]
pub struct DriftOut {
    /// Name of the model.
    model: String,
    /// Version.
    version: String,
    /// SHA-256 of its `SHA256SUMS`, hex.
    digest: String,
    /// Whether it is the champion.
    champion: bool,
    /// Days of the window.
    days: u32,
    /// The score first, then each feature; empty when the model has no baseline.
    indices: Vec<DriftIndexOut>,
}

impl From<DriftView> for DriftOut {
    fn from(view: DriftView) -> Self {
        Self {
            model: view.model,
            version: view.version,
            digest: view.digest,
            champion: view.champion,
            days: view.days,
            indices: view.indices.into_iter().map(Into::into).collect(),
        }
    }
}

/// A decision about risk.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskDecision")]
pub struct RecordOut {
    /// Id.
    id: ID,
    /// The request.
    request: ID,
    /// The borrower's tenant.
    tenant: ID,
    /// The borrower.
    borrower: ID,
    /// When.
    decided_at: DateTime<Utc>,
    /// What came of it.
    outcome: RiskOutcome,
    /// What the borrower was told.
    reasons: Vec<ReasonOut>,
    /// The rest; null for everybody but officers.
    inside: Option<InsideOut>,
}

/// What only officers see of a decision.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskDecisionInside")]
pub struct InsideOut {
    /// Score.
    score: i32,
    /// Probability of default, parts per million.
    pd_ppm: u32,
    /// Highest exposure.
    limit: MoneyOut,
    /// What of it was free.
    available: MoneyOut,
    /// The model that decided: name and version.
    model: String,
    /// SHA-256 of its `SHA256SUMS`, hex.
    model_digest: String,
    /// The review of it.
    review: Option<ID>,
    /// Where that stands.
    review_state: Option<RiskReviewState>,
    /// As stored: `decision` (limit derivation, values of reason groups, shadow scores, fraud, wallet, models and rules with their
    /// hashes) and `features` (facts with source and time, wallet, exposure, sources that gave nothing).
    record: JsonOut,
    /// Facts with value, source and age in whole days.
    facts: JsonOut,
}

impl From<Inside> for InsideOut {
    fn from(inside: Inside) -> Self {
        Self {
            score: inside.score,
            pd_ppm: inside.pd_ppm,
            limit: MoneyOut(inside.limit),
            available: MoneyOut(inside.available),
            model: inside.model,
            model_digest: inside.model_digest,
            review: inside.review.map(|(id, _)| ID(encode(Kind::Review, id))),
            review_state: inside.review.map(|(_, state)| state.into()),
            record: Json(inside.record),
            facts: Json(inside.ages),
        }
    }
}

impl From<RecordView> for RecordOut {
    fn from(view: RecordView) -> Self {
        Self {
            id: ID(encode(Kind::Decision, view.id.0)),
            request: ID(encode(Kind::Request, view.request.0)),
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            borrower: ID(encode(Kind::Principal, view.borrower.0)),
            decided_at: view.decided_at,
            outcome: view.outcome.into(),
            reasons: view.reasons.into_iter().map(Into::into).collect(),
            inside: view.inside.map(Into::into),
        }
    }
}

/// Whether a stored decision comes out the same again.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RiskReplay")]
pub struct ReplayOut {
    /// The decision.
    id: ID,
    /// Byte for byte the same.
    same: bool,
    /// Why it could not be made again; null when it was.
    failure: Option<String>,
    /// SHA-256 of the stored bytes, hex.
    stored_sha256: String,
    /// SHA-256 of the bytes made now, hex.
    replayed_sha256: Option<String>,
}

impl From<ReplayView> for ReplayOut {
    fn from(view: ReplayView) -> Self {
        Self {
            id: ID(encode(Kind::Decision, view.id.0)),
            same: view.same,
            failure: view.failure,
            stored_sha256: view.stored_sha256,
            replayed_sha256: view.replayed_sha256,
        }
    }
}

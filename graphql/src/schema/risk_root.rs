//! Reads and writes about risk. All but a borrower's own limits and decisions are for officers.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::risk::proposals::NewProposal;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::ids::{DecisionId, PrincipalId, RequestId, TenantId};
use uuid::Uuid;

use super::mutation::{payload, refusal};
use super::query::{ROOT_COST, present};
use super::risk::{
    DriftOut, EvidenceOut, LimitMode, LimitOut, LimitPolicyOut, ProposalInput, ProposalOut, RecordOut, ReplayOut,
    ReviewOut, RiskModelOut, RiskModelState, RiskReviewState,
};
use super::value::RefusalOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// Reads about risk.
#[derive(Clone, Copy, Debug)]
pub struct RiskQuery;

fn all<T, O: From<T>>(found: std::result::Result<Vec<T>, Error>) -> Result<Vec<O>> {
    Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
}

fn optional<T: From<Uuid>>(kind: Kind, field: &str, id: Option<ID>) -> std::result::Result<Option<T>, Error> {
    id.map(|id| decode(kind, field, &id)).transpose()
}

#[Object]
impl RiskQuery {
    /// Every model of the registry. For officers.
    #[graphql(complexity = "ROOT_COST + 100 * child_complexity")]
    async fn risk_models(&self, ctx: &Context<'_>) -> Result<Vec<RiskModelOut>> {
        let found = Box::pin(api(ctx)?.aggregator.risk_models(caller(ctx)?)).await;
        Ok(found.map_err(fail)?.into_iter().map(RiskModelOut).collect())
    }

    /// A model of the registry. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn risk_model(&self, ctx: &Context<'_>, id: ID) -> Result<Option<RiskModelOut>> {
        let id = decode(Kind::Model, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.risk_model(caller(ctx)?, id)).await)?.map(RiskModelOut))
    }

    /// Proposals about models, newest first; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn risk_proposals(&self, ctx: &Context<'_>, first: Option<u32>) -> Result<Vec<ProposalOut>> {
        let read = api(ctx)?.aggregator.model_proposals(caller(ctx)?, first.unwrap_or(20));
        all(Box::pin(read).await)
    }

    /// Reviews, the oldest open ones first; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn risk_reviews(
        &self,
        ctx: &Context<'_>,
        state: Option<RiskReviewState>,
        first: Option<u32>,
    ) -> Result<Vec<ReviewOut>> {
        let read = api(ctx)?
            .aggregator
            .risk_reviews(caller(ctx)?, state.map(Into::into), first.unwrap_or(20));
        all(Box::pin(read).await)
    }

    /// A review. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn risk_review(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ReviewOut>> {
        let id = decode(Kind::Review, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.risk_review(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// What a borrower may owe, by currency; the caller's own when nobody is named.
    #[graphql(complexity = "ROOT_COST + 20 * child_complexity")]
    async fn spending_limits(&self, ctx: &Context<'_>, borrower: Option<ID>) -> Result<Vec<LimitOut>> {
        let caller = caller(ctx)?;
        let borrower: Option<PrincipalId> = optional(Kind::Principal, "borrower", borrower).map_err(fail)?;
        let read = api(ctx)?.aggregator.risk_limits(caller, borrower.unwrap_or(caller.id));
        all(Box::pin(read).await)
    }

    /// How the limits of a tenant bind; the caller's own tenant when none is named. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn limit_policy(&self, ctx: &Context<'_>, tenant: Option<ID>) -> Result<LimitPolicyOut> {
        let caller = caller(ctx)?;
        let tenant: Option<TenantId> = optional(Kind::Tenant, "tenant", tenant).map_err(fail)?;
        let read = api(ctx)?
            .aggregator
            .limit_policy(caller, tenant.unwrap_or(caller.tenant));
        Ok(Box::pin(read).await.map_err(fail)?.into())
    }

    /// Drift of the models in force over the last days, 1 to 28; 7 when left out. For officers.
    #[graphql(complexity = "ROOT_COST + 5 * child_complexity")]
    async fn risk_drift(&self, ctx: &Context<'_>, days: Option<u32>) -> Result<Vec<DriftOut>> {
        let read = api(ctx)?.aggregator.risk_drift(caller(ctx)?, days.unwrap_or(7));
        all(Box::pin(read).await)
    }

    /// Decisions about risk, newest first, before that one, of one request or of all; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn risk_decisions(
        &self,
        ctx: &Context<'_>,
        first: Option<u32>,
        before: Option<ID>,
        request: Option<ID>,
    ) -> Result<Vec<RecordOut>> {
        let before: Option<DecisionId> = optional(Kind::Decision, "before", before).map_err(fail)?;
        let request: Option<RequestId> = optional(Kind::Request, "request", request).map_err(fail)?;
        let read = api(ctx)?
            .aggregator
            .risk_decisions(caller(ctx)?, (before, request), first.unwrap_or(20));
        all(Box::pin(read).await)
    }

    /// A decision about risk: whole for officers, outcome and reasons for its borrower.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn risk_decision(&self, ctx: &Context<'_>, id: ID) -> Result<Option<RecordOut>> {
        let id = decode(Kind::Decision, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.risk_decision(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// Makes a stored decision again from its stored facts. For officers.
    #[graphql(complexity = "2 * ROOT_COST + child_complexity")]
    async fn risk_replay(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ReplayOut>> {
        let id = decode(Kind::Decision, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.replay_risk(caller(ctx)?, id)).await)?.map(Into::into))
    }
}

payload! {
    /// Answer to `changeRiskModelState`.
    RiskModelPayload { model: RiskModelOut }
}
payload! {
    /// Answer to `proposeRiskModel` and `decideRiskProposal`.
    RiskProposalPayload { proposal: ProposalOut }
}
payload! {
    /// Answer to `decideRiskReview`.
    RiskReviewPayload { review: ReviewOut }
}
payload! {
    /// Answer to `setLimitPolicy`.
    LimitPolicyPayload { policy: LimitPolicyOut }
}

/// Writes about risk.
#[derive(Clone, Copy, Debug)]
pub struct RiskMutation;

#[Object]
impl RiskMutation {
    /// Moves a model where one officer may move it: validated, shadow, back, retired. For officers.
    async fn change_risk_model_state(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        state: RiskModelState,
        reason: String,
    ) -> Result<RiskModelPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::Model, "id", &id)?;
            let wish = (id, state.into());
            api.aggregator.change_model_state(caller, &key, wish, &reason).await
        };
        RiskModelPayload::of(Box::pin(made).await, RiskModelOut)
    }

    /// Proposes a promotion, a share of the subjects, or a return to the former champion; another officer approves. A rollback
    /// while drift says ACT is done at once. For officers.
    async fn propose_risk_model(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: ProposalInput,
    ) -> Result<RiskProposalPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let new = NewProposal {
                kind: input.kind.into(),
                model: optional(Kind::Model, "model", input.model)?,
                share_ppm: input.share_ppm,
                reason: input.reason,
                evidence: input.evidence.map(EvidenceOut::read).transpose()?,
            };
            api.aggregator.propose_model(caller, &key, new).await
        };
        RiskProposalPayload::of(Box::pin(made).await, Into::into)
    }

    /// Approves or rejects a proposal; who proposed it cannot approve it. For officers.
    async fn decide_risk_proposal(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        approve: bool,
        reason: String,
    ) -> Result<RiskProposalPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Proposal, "id", &id)?, approve);
            api.aggregator.decide_model_proposal(caller, &key, wish, &reason).await
        };
        RiskProposalPayload::of(Box::pin(made).await, Into::into)
    }

    /// Clears or declines the borrower of a review. For officers.
    async fn decide_risk_review(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        clear: bool,
        note: String,
    ) -> Result<RiskReviewPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Review, "id", &id)?, clear);
            api.aggregator.decide_review(caller, &key, wish, &note).await
        };
        RiskReviewPayload::of(Box::pin(made).await, Into::into)
    }

    /// Says how the limits of a tenant's borrowers bind from now on; the caller's own tenant when none is named. For officers.
    async fn set_limit_policy(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        tenant: Option<ID>,
        mode: LimitMode,
        reason: String,
    ) -> Result<LimitPolicyPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let set = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let tenant: Option<TenantId> = optional(Kind::Tenant, "tenant", tenant)?;
            let wish = (tenant.unwrap_or(caller.tenant), mode.into());
            api.aggregator.set_limit_policy(caller, &key, wish, &reason).await
        };
        LimitPolicyPayload::of(Box::pin(set).await, Into::into)
    }
}

//! Reads and writes about cases, for officers, and about reports, for the AML group.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use domain::ids::PrincipalId;
use uuid::Uuid;

use super::cases::{CaseGround, CaseOut, CaseReportKind, CaseState, DraftOut, ReportOut};
use super::mutation::{payload, refusal};
use super::query::{ROOT_COST, present};
use super::value::{JsonOut, RefusalOut};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// Reads about cases.
#[derive(Clone, Copy, Debug)]
pub struct CaseQuery;

#[Object]
impl CaseQuery {
    /// Cases, open ones before closed ones, blocks first, the most urgent first; 20 when left out, at most 100. `mine`: assigned to
    /// the caller. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        state: Option<CaseState>,
        #[graphql(default)] mine: bool,
        first: Option<u32>,
    ) -> Result<Vec<CaseOut>> {
        let which = (state.map(Into::into), mine);
        let read = api(ctx)?.aggregator.cases(caller(ctx)?, which, first.unwrap_or(20));
        let found = Box::pin(read).await.map_err(fail)?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// A case. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn case(&self, ctx: &Context<'_>, id: ID) -> Result<Option<CaseOut>> {
        let id = decode(Kind::Case, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.case(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// Reports of a case; null for everyone outside of the AML group.
    #[graphql(complexity = "ROOT_COST + 10 * child_complexity")]
    async fn case_reports(&self, ctx: &Context<'_>, case: ID) -> Result<Option<Vec<ReportOut>>> {
        let id = decode(Kind::Case, "case", &case).map_err(fail)?;
        let found = present(Box::pin(api(ctx)?.aggregator.case_reports(caller(ctx)?, id)).await)?;
        Ok(found.map(|reports| reports.into_iter().map(Into::into).collect()))
    }
}

payload! {
    /// Answer to `assignCase`, `decideCase` and `checkCase`.
    CasePayload { case: CaseOut }
}
payload! {
    /// Answer to `draftReport`.
    CaseReportDraftPayload { draft: DraftOut }
}
payload! {
    /// Answer to `releaseReport`.
    CaseReportPayload { report: ReportOut }
}

/// Writes about cases.
#[derive(Clone, Copy, Debug)]
pub struct CaseMutation;

#[Object]
impl CaseMutation {
    /// Assigns a case to an officer; to nobody when none is named. For officers.
    async fn assign_case(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        assignee: Option<ID>,
    ) -> Result<CasePayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id: Uuid = decode(Kind::Case, "id", &id)?;
            let to: Option<PrincipalId> = assignee
                .map(|to| decode(Kind::Principal, "assignee", &to))
                .transpose()?;
            api.aggregator.assign_case(caller, &key, (id, to)).await
        };
        CasePayload::of(Box::pin(made).await, Into::into)
    }

    /// Decides a case on a ground. Clearing a block is only proposed: another officer has to agree. For officers.
    async fn decide_case(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        ground: CaseGround,
    ) -> Result<CasePayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Case, "id", &id)?, ground.into());
            api.aggregator.decide_case(caller, &key, wish).await
        };
        CasePayload::of(Box::pin(made).await, Into::into)
    }

    /// Agrees with the proposal to clear a block, or returns the case to the queue; not for who proposed it. For officers.
    async fn check_case(&self, ctx: &Context<'_>, idempotency_key: String, id: ID, agree: bool) -> Result<CasePayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Case, "id", &id)?, agree);
            api.aggregator.check_case(caller, &key, wish).await
        };
        CasePayload::of(Box::pin(made).await, Into::into)
    }

    /// Drafts a report from a case and shows its file, which is kept nowhere. For the AML group; to others the case has no reports.
    async fn draft_report(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        case: ID,
        kind: CaseReportKind,
        facts: JsonOut,
    ) -> Result<CaseReportDraftPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let Json(facts) = facts;
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Case, "case", &case)?, kind.into(), &facts);
            api.aggregator.draft_report(caller, &key, wish).await
        };
        CaseReportDraftPayload::of(Box::pin(made).await, Into::into)
    }

    /// Releases a draft for filing, or withdraws it, by the hash of the file that the caller read; not for who drafted it. For the
    /// AML group.
    async fn release_report(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        release: bool,
        sha256: String,
    ) -> Result<CaseReportPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Report, "id", &id)?, release, sha256.as_str());
            api.aggregator.release_report(caller, &key, wish).await
        };
        CaseReportPayload::of(Box::pin(made).await, Into::into)
    }
}

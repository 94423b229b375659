//! Personal data: what a person may ask about their own, and what officers do with holds and keys.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::privacy::erasure::{ErasureView, Kept};
use aggregator::privacy::holds::HoldView;
use aggregator::privacy::retention::PolicyView;
use aggregator::privacy::rotation::RotationView;
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{PrincipalId, TenantId};

use super::mutation::{payload, refusal};
use super::query::ROOT_COST;
use super::value::{JsonOut, RefusalOut};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, encode};

/// Everything that we hold of a person.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "PersonalDataExport")]
pub struct ExportOut {
    /// The person.
    subject: ID,
    /// The document, format `usance/personal-data/1`.
    document: JsonOut,
}

/// A class of records that is kept, and why.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "KeptRecords")]
pub struct KeptOut {
    /// Class of records.
    class: String,
    /// `HOLD`, `LIVE_CREDIT` or `LAW`.
    code: String,
    /// In words.
    because: String,
    /// Until when, where that is known.
    until: Option<DateTime<Utc>>,
}

impl From<Kept> for KeptOut {
    fn from(kept: Kept) -> Self {
        Self {
            class: kept.class,
            code: kept.code,
            because: kept.because,
            until: kept.until,
        }
    }
}

/// A request to be forgotten.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ErasureRequest")]
pub struct ErasureOut {
    /// Id, starts with `era_`.
    id: ID,
    /// The person's tenant.
    tenant: ID,
    /// The person.
    subject: ID,
    /// `ACCEPTED`: about to be done; `DONE`; `REFUSED`: everything has to be kept.
    state: String,
    /// Classes of records that are erased.
    erases: Vec<String>,
    /// Classes of records that are kept.
    kept: Vec<KeptOut>,
    /// Who asked.
    asked_by: ID,
    /// When.
    asked_at: DateTime<Utc>,
    /// When it was done.
    done_at: Option<DateTime<Utc>>,
}

impl From<ErasureView> for ErasureOut {
    fn from(view: ErasureView) -> Self {
        Self {
            id: encode(Kind::Erasure, view.id).into(),
            tenant: encode(Kind::Tenant, view.tenant.0).into(),
            subject: encode(Kind::Principal, view.subject.0).into(),
            state: view.state,
            erases: view.erases,
            kept: view.kept.into_iter().map(Into::into).collect(),
            asked_by: encode(Kind::Principal, view.asked_by.0).into(),
            asked_at: view.asked_at,
            done_at: view.done_at,
        }
    }
}

/// A legal hold: nothing of the person is erased while it binds.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LegalHold")]
pub struct HoldOut {
    /// Id, starts with `hld_`.
    id: ID,
    /// The person's tenant.
    tenant: ID,
    /// The person.
    subject: ID,
    /// Class of records; null means everything.
    class: Option<String>,
    /// Why.
    reason: String,
    /// Who placed it.
    placed_by: ID,
    /// When.
    placed_at: DateTime<Utc>,
    /// Who ended it: another officer.
    released_by: Option<ID>,
    /// When.
    released_at: Option<DateTime<Utc>>,
    /// Why.
    release_reason: Option<String>,
}

impl From<HoldView> for HoldOut {
    fn from(view: HoldView) -> Self {
        let who = |id: PrincipalId| -> ID { encode(Kind::Principal, id.0).into() };
        Self {
            id: encode(Kind::Hold, view.id).into(),
            tenant: encode(Kind::Tenant, view.tenant.0).into(),
            subject: who(view.subject),
            class: view.class,
            reason: view.reason,
            placed_by: who(view.placed_by),
            placed_at: view.placed_at,
            released_by: view.released_by.map(who),
            released_at: view.released_at,
            release_reason: view.release_reason,
        }
    }
}

/// How long a class of records is kept, by which law.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RetentionPolicy")]
pub struct PolicyOut {
    /// Class of records.
    class: String,
    /// ISO 3166-1 country, `EU`, or `*`.
    jurisdiction: String,
    /// The law, or that it is a rule of the house.
    basis: String,
    /// Calendar months.
    months: u32,
    /// `RECORDED` or `RELATION_ENDED`.
    counts_from: String,
    /// A law asks to keep it so long, whatever the person asks.
    binding: bool,
    /// In force from.
    effective_at: DateTime<Utc>,
}

impl From<PolicyView> for PolicyOut {
    fn from(view: PolicyView) -> Self {
        Self {
            class: view.class,
            jurisdiction: view.jurisdiction,
            basis: view.basis,
            months: view.months,
            counts_from: view.counts_from,
            binding: view.binding,
            effective_at: view.effective_at,
        }
    }
}

/// A rotation of keys that was ordered; the work follows.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "KeyRotation")]
pub struct RotationOut {
    /// The tenant whose key is replaced, or whose person's keys are.
    tenant: ID,
    /// The person whose keys are replaced; null: the tenant's.
    subject: Option<ID>,
    /// When it was ordered.
    at: DateTime<Utc>,
}

impl From<RotationView> for RotationOut {
    fn from(view: RotationView) -> Self {
        Self {
            tenant: encode(Kind::Tenant, view.tenant.0).into(),
            subject: view.subject.map(|id| encode(Kind::Principal, id.0).into()),
            at: view.at,
        }
    }
}

/// Reads about personal data.
#[derive(Clone, Copy, Debug)]
pub struct PrivacyQuery;

fn person(field: &str, id: Option<ID>) -> std::result::Result<Option<PrincipalId>, Error> {
    id.map(|id| decode(Kind::Principal, field, &id)).transpose()
}

#[Object]
impl PrivacyQuery {
    /// Everything that we hold of a person: the caller when nobody is named, anybody for officers. Every value that is read for it is
    /// noted.
    #[graphql(complexity = "4 * ROOT_COST + child_complexity")]
    async fn personal_data_export(&self, ctx: &Context<'_>, subject: Option<ID>) -> Result<ExportOut> {
        let caller = caller(ctx)?;
        let subject = person("subject", subject).map_err(fail)?.unwrap_or(caller.id);
        let export = Box::pin(api(ctx)?.aggregator.export_person(caller, subject)).await;
        Ok(ExportOut {
            subject: encode(Kind::Principal, subject.0).into(),
            document: Json(export.map_err(fail)?),
        })
    }

    /// Requests to be forgotten, newest first: of the person named; of the caller when nobody is, of all for officers. 20 when
    /// left out, at most 100.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn erasure_requests(
        &self,
        ctx: &Context<'_>,
        subject: Option<ID>,
        first: Option<u32>,
    ) -> Result<Vec<ErasureOut>> {
        let subject = person("subject", subject).map_err(fail)?;
        let read = api(ctx)?
            .aggregator
            .erasures(caller(ctx)?, subject, first.unwrap_or(20));
        Ok(Box::pin(read)
            .await
            .map_err(fail)?
            .into_iter()
            .map(Into::into)
            .collect())
    }

    /// Legal holds, newest first: those that bind, or every one. 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn legal_holds(
        &self,
        ctx: &Context<'_>,
        subject: Option<ID>,
        active: Option<bool>,
        first: Option<u32>,
    ) -> Result<Vec<HoldOut>> {
        let subject = person("subject", subject).map_err(fail)?;
        let wish = (active.unwrap_or(true), first.unwrap_or(20));
        let read = api(ctx)?.aggregator.legal_holds(caller(ctx)?, subject, wish);
        Ok(Box::pin(read)
            .await
            .map_err(fail)?
            .into_iter()
            .map(Into::into)
            .collect())
    }

    /// How long records are kept, by which law. For officers.
    #[graphql(complexity = "ROOT_COST + 50 * child_complexity")]
    async fn retention_policies(&self, ctx: &Context<'_>) -> Result<Vec<PolicyOut>> {
        let read = api(ctx)?.aggregator.retention_policies(caller(ctx)?);
        Ok(Box::pin(read)
            .await
            .map_err(fail)?
            .into_iter()
            .map(Into::into)
            .collect())
    }
}

payload! {
    /// Answer to `requestErasure`.
    ErasurePayload { erasure: ErasureOut }
}
payload! {
    /// Answer to `placeLegalHold` and `releaseLegalHold`.
    LegalHoldPayload { hold: HoldOut }
}
payload! {
    /// Answer to `rotatePersonalKeys`.
    KeyRotationPayload { rotation: RotationOut }
}

/// Writes about personal data.
#[derive(Clone, Copy, Debug)]
pub struct PrivacyMutation;

#[Object]
impl PrivacyMutation {
    /// Asks to forget a person: the caller when nobody is named. What a law keeps is named with its day.
    async fn request_erasure(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        subject: Option<ID>,
    ) -> Result<ErasurePayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let asked = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let subject = person("subject", subject)?.unwrap_or(caller.id);
            api.aggregator.request_erasure(caller, &key, subject).await
        };
        ErasurePayload::of(Box::pin(asked).await, Into::into)
    }

    /// Keeps a person's records, of a class or all, whatever else says otherwise. For officers.
    async fn place_legal_hold(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        subject: ID,
        class: Option<String>,
        reason: String,
    ) -> Result<LegalHoldPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let placed = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Principal, "subject", &subject)?, class.as_deref());
            api.aggregator.place_hold(caller, &key, wish, &reason).await
        };
        LegalHoldPayload::of(Box::pin(placed).await, Into::into)
    }

    /// Ends a hold that another officer placed. For officers.
    async fn release_legal_hold(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        reason: String,
    ) -> Result<LegalHoldPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let released = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Hold, "id", &id)?, reason.as_str());
            api.aggregator.release_hold(caller, &key, wish).await
        };
        LegalHoldPayload::of(Box::pin(released).await, Into::into)
    }

    /// Replaces the key of a tenant, or the keys of a person; everything stays readable. The caller's own tenant when none is
    /// named. For officers.
    async fn rotate_personal_keys(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        tenant: Option<ID>,
        subject: Option<ID>,
    ) -> Result<KeyRotationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let rotated = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let tenant: Option<TenantId> = tenant.map(|id| decode(Kind::Tenant, "tenant", &id)).transpose()?;
            let wish = (tenant.unwrap_or(caller.tenant), person("subject", subject)?);
            api.aggregator.rotate(caller, &key, wish).await
        };
        KeyRotationPayload::of(Box::pin(rotated).await, Into::into)
    }
}

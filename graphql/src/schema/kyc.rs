//! Identity verification: a borrower's sessions, and officers' reviews of them.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::kyc::{EventView, NewVerification, ReviewView, VerificationView};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::Role;
use domain::ids::PrincipalId;
use domain::ports::WebLink;

use super::mutation::{payload, refusal};
use super::query::{ROOT_COST, present};
use super::value::{RefusalOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, encode};

mirror! {
    /// How thoroughly somebody is verified. Each level includes those before it.
    VerificationLevel = "aggregator::kyc::IdentityLevel" {
        /// A document was read and its data agree with the applicant.
        Basic,
        /// Also: the holder was seen to be present and to be its owner.
        Standard,
        /// Also: address and source of funds were evidenced, or a person looked.
        Enhanced,
    }
}
mirror! {
    /// Where a verification stands.
    VerificationState = "aggregator::kyc::SessionState" {
        /// Asked for.
        Created,
        /// Waits for the borrower.
        Open,
        /// Is being checked.
        Pending,
        /// The vendor wants a person to look.
        OnHold,
        /// The borrower may try again.
        Retry,
        /// Our officers look.
        Review,
        /// Verified.
        Verified,
        /// Refused.
        Rejected,
        /// Over.
        Expired,
        /// Forgotten on demand.
        Erased,
    }
}

/// A verification.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Verification")]
pub struct VerificationOut {
    /// Id.
    id: ID,
    /// The borrower's tenant.
    tenant: ID,
    /// The borrower.
    borrower: ID,
    /// Who verifies.
    vendor: String,
    /// How thoroughly.
    level: VerificationLevel,
    /// Where it stands.
    state: VerificationState,
    /// When it was begun.
    created_at: DateTime<Utc>,
    /// When it came to where it stands.
    changed_at: DateTime<Utc>,
    /// Until when the borrower is verified.
    verified_until: Option<DateTime<Utc>>,
    /// What the borrower may mend; of every rejection for officers.
    labels: Vec<String>,
    /// Why it stands there; for officers.
    reason: Option<String>,
    /// How often the borrower handed in; for officers.
    attempts: Option<u32>,
    /// The newest review; for officers.
    review: Option<VerificationReviewOut>,
    /// What the vendor told; for officers who ask for one verification.
    events: Vec<VerificationEventOut>,
}

impl From<VerificationView> for VerificationOut {
    fn from(view: VerificationView) -> Self {
        Self {
            id: ID(encode(Kind::Verification, view.id)),
            tenant: ID(encode(Kind::Tenant, view.tenant.0)),
            borrower: ID(encode(Kind::Principal, view.borrower.0)),
            vendor: view.vendor.to_string(),
            level: view.level.into(),
            state: view.state.into(),
            created_at: view.created_at,
            changed_at: view.changed_at,
            verified_until: view.verified_until,
            labels: view.labels,
            reason: view.reason,
            attempts: view.attempts,
            review: view.review.map(Into::into),
            events: view.events.into_iter().map(Into::into).collect(),
        }
    }
}

/// A review of a verification by two officers.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "VerificationReview")]
pub struct VerificationReviewOut {
    /// Id.
    id: ID,
    /// To approve; else to reject.
    approve: bool,
    /// `OPEN`, `CONFIRMED` or `DECLINED`.
    state: String,
    /// Why so.
    note: String,
    /// Who proposed.
    proposed_by: ID,
    /// When.
    proposed_at: DateTime<Utc>,
    /// Who decided.
    decided_by: Option<ID>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// Why so.
    decision_note: Option<String>,
}

impl From<ReviewView> for VerificationReviewOut {
    fn from(view: ReviewView) -> Self {
        Self {
            id: ID(encode(Kind::VerificationReview, view.id)),
            approve: view.approve,
            state: view.state,
            note: view.note,
            proposed_by: ID(encode(Kind::Principal, view.proposed_by.0)),
            proposed_at: view.proposed_at,
            decided_by: view.decided_by.map(|by| ID(encode(Kind::Principal, by.0))),
            decided_at: view.decided_at,
            decision_note: view.decision_note,
        }
    }
}

/// Something that a vendor told of a verification.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "VerificationEvent")]
pub struct VerificationEventOut {
    /// The vendor's word for it.
    kind: String,
    /// When it happened.
    at: Option<DateTime<Utc>>,
    /// When we heard of it.
    received_at: DateTime<Utc>,
    /// `QUEUED`, `APPLIED`, or `STALE`: older than what was applied before.
    state: String,
}

impl From<EventView> for VerificationEventOut {
    fn from(view: EventView) -> Self {
        Self {
            kind: view.kind,
            at: DateTime::from_timestamp_millis(view.at_ms),
            received_at: view.received_at,
            state: view.state,
        }
    }
}

/// A page of the vendor's for the borrower. Who has it can act as the borrower.
#[derive(SimpleObject, Clone)]
#[graphql(name = "VerificationLink")]
pub struct VerificationLinkOut {
    /// The page.
    url: String,
    /// Until when it can be opened.
    until: DateTime<Utc>,
}

impl std::fmt::Debug for VerificationLinkOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VerificationLink(until {})", self.until)
    }
}

impl From<WebLink> for VerificationLinkOut {
    fn from(link: WebLink) -> Self {
        Self {
            url: link.url,
            until: link.until,
        }
    }
}

/// A verification to begin.
#[derive(InputObject)]
pub struct StartVerificationInput {
    /// Made by the client; none lets us make one.
    id: Option<ID>,
    /// The borrower, when an integrator asks; none means the caller.
    borrower: Option<ID>,
    /// How thoroughly; none means what acceptance asks for.
    level: Option<VerificationLevel>,
    /// Full name, as on the identity document.
    full_name: String,
    /// Day of birth.
    born: Option<NaiveDate>,
    /// ISO 3166-1 alpha-2 of the residence.
    country: Option<String>,
    /// Subdivision without the country.
    region: Option<String>,
    /// The borrower consented to the processing of documents and face.
    consent: bool,
}

impl std::fmt::Debug for StartVerificationInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StartVerificationInput(personal data)")
    }
}

impl StartVerificationInput {
    fn read(self) -> std::result::Result<NewVerification, Error> {
        Ok(NewVerification {
            id: self.id.map(|id| decode(Kind::Verification, "id", &id)).transpose()?,
            borrower: principal(self.borrower)?,
            level: self.level.map(Into::into),
            full_name: self.full_name,
            born: self.born,
            country: self.country,
            region: self.region,
            consent: self.consent,
        })
    }
}

fn principal(id: Option<ID>) -> std::result::Result<Option<PrincipalId>, Error> {
    id.map(|id| decode(Kind::Principal, "borrower", &id)).transpose()
}

/// Reads about verifications.
#[derive(Clone, Copy, Debug)]
pub struct KycQuery;

#[Object]
impl KycQuery {
    /// A verification: for its borrower, the borrower's integrator, and officers.
    #[graphql(complexity = "2 * ROOT_COST + child_complexity")]
    async fn verification(&self, ctx: &Context<'_>, id: ID) -> Result<Option<VerificationOut>> {
        let id = decode(Kind::Verification, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.verification(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// For officers every verification in a state, 20 when `first` is left out, at most 100, those that wait for an officer first; for
    /// others their own, or those of a borrower of an integrator.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn verifications(
        &self,
        ctx: &Context<'_>,
        state: Option<VerificationState>,
        borrower: Option<ID>,
        first: Option<u32>,
    ) -> Result<Vec<VerificationOut>> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let read = async {
            if caller.role == Role::Officer {
                let state = state.map(Into::into);
                return api.aggregator.verifications(caller, state, first.unwrap_or(20)).await;
            }
            api.aggregator.own_verifications(caller, principal(borrower)?).await
        };
        let found = Box::pin(read).await.map_err(fail)?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}

payload! {
    /// Answer to `startVerification`, `proposeVerification` and `decideVerification`.
    VerificationPayload { verification: VerificationOut }
}
payload! {
    /// Answer to `verificationLink`.
    VerificationLinkPayload { link: VerificationLinkOut }
}

/// Writes about verifications.
#[derive(Clone, Copy, Debug)]
pub struct KycMutation;

#[Object]
impl KycMutation {
    /// Begins a verification of the caller, or of the borrower that an integrator names.
    async fn start_verification(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: StartVerificationInput,
    ) -> Result<VerificationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.start_verification(caller, &key, input.read()?).await
        };
        VerificationPayload::of(Box::pin(made).await, Into::into)
    }

    /// A fresh page of the vendor's for the borrower, who shows documents and face there. It is not kept: asked again, there is another one.
    async fn verification_link(&self, ctx: &Context<'_>, id: ID) -> Result<VerificationLinkPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let id = decode(Kind::Verification, "id", &id)?;
            api.aggregator.verification_link(caller, id).await
        };
        VerificationLinkPayload::of(Box::pin(made).await, Into::into)
    }

    /// Proposes to approve or to reject a person whom the vendor left to us or refused; another officer confirms. For officers.
    async fn propose_verification(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        approve: bool,
        note: String,
    ) -> Result<VerificationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::Verification, "id", &id)?, approve);
            api.aggregator.propose_verification(caller, &key, wish, &note).await
        };
        VerificationPayload::of(Box::pin(made).await, Into::into)
    }

    /// Confirms or declines what another officer proposed. For officers.
    async fn decide_verification(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        confirm: bool,
        note: String,
    ) -> Result<VerificationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::VerificationReview, "id", &id)?, confirm);
            api.aggregator.decide_verification(caller, &key, wish, &note).await
        };
        VerificationPayload::of(Box::pin(made).await, Into::into)
    }
}

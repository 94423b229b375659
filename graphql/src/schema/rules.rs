//! Rules, what they oblige us to, and documents.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::decisions::DecisionReplay;
use aggregator::rules::documents::{DisclosureView, DocumentView, ObligationView};
use aggregator::rules::publish::{NewRules, PublicationView};
use aggregator::rules::shadow::{DifferenceView, ShadowView};
use aggregator::rules::views::{ChangeView, RuleView};
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::RequestId;
use uuid::Uuid;

use super::mutation::{payload, refusal};
use super::query::{ROOT_COST, present};
use super::value::{JsonOut, RefusalOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, encode};

mirror! {
    /// Where a publication of rules stands.
    RulePublicationState = "aggregator::rules::publish::PublicationState" {
        /// Waits for another officer.
        Proposed,
        /// Decides from its day on, until a later one does.
        Approved,
        /// Never decides.
        Rejected,
    }
}

/// One version of one rule.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Rule")]
pub struct RuleOut {
    /// Id of its chain.
    id: String,
    /// Version.
    version: u32,
    /// File.
    file: String,
    /// What it is about.
    topic: String,
    /// Where it holds: `*`, a group, a country, a subdivision.
    jurisdiction: String,
    /// `seed`, `unverified` or `verified`.
    status: String,
    /// First day in force.
    effective_from: NaiveDate,
    /// Last day in force.
    effective_to: Option<NaiveDate>,
    /// First day on which we knew of it.
    known_from: NaiveDate,
    /// The version that it corrects.
    supersedes: Option<u32>,
    /// Where it stands.
    citation: String,
    /// `PASS`, `DECLINE` with its code, or `IDENTITY` with its level.
    outcome: String,
    /// What it obliges to, each with its deadline.
    obligations: Vec<String>,
    /// How long its evidence is kept.
    retention: String,
    /// What the borrower is told.
    message: String,
}

impl From<RuleView> for RuleOut {
    fn from(rule: RuleView) -> Self {
        Self {
            id: rule.id,
            version: rule.version,
            file: rule.file,
            topic: rule.topic,
            jurisdiction: rule.jurisdiction,
            status: rule.status,
            effective_from: rule.effective_from,
            effective_to: rule.effective_to,
            known_from: rule.known_from,
            supersedes: rule.supersedes,
            citation: rule.citation,
            outcome: rule.outcome,
            obligations: rule.obligations,
            retention: rule.retention,
            message: rule.message,
        }
    }
}

/// What a proposed set would have decided.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RuleShadow")]
pub struct ShadowOut {
    /// Decisions since then.
    since: DateTime<Utc>,
    /// How far it is.
    until: DateTime<Utc>,
    /// Decided beside.
    decided: u64,
    /// Of them, those that would have come out otherwise.
    differing: u64,
    /// Stored facts that could not be read.
    failed: u64,
}

impl From<ShadowView> for ShadowOut {
    fn from(shadow: ShadowView) -> Self {
        Self {
            since: shadow.since,
            until: shadow.until,
            decided: shadow.decided,
            differing: shadow.differing,
            failed: shadow.failed,
        }
    }
}

/// A publication of a set of rules.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RulePublication")]
pub struct PublicationOut {
    /// Id, starts with `rul_`.
    id: ID,
    /// Hash of the set.
    sha256: String,
    /// First day on which it decides.
    effective_from: NaiveDate,
    /// Where it stands.
    state: RulePublicationState,
    /// It decides now.
    running: bool,
    /// Came with the program.
    built_in: bool,
    /// Versions of rules in it.
    rules: u32,
    /// Those of them that nobody verified.
    unverified: u32,
    /// Why.
    reason: String,
    /// `system` or a principal.
    proposed_by: String,
    /// When.
    proposed_at: DateTime<Utc>,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<DateTime<Utc>>,
    /// Why so.
    decision_reason: Option<String>,
    /// What it would have decided; null for a set that was never proposed.
    shadow: Option<ShadowOut>,
}

/// `system` or a principal's id.
fn actor(by: &str) -> String {
    Uuid::parse_str(by).map_or_else(|_| by.to_owned(), |id| encode(Kind::Principal, id))
}

impl From<PublicationView> for PublicationOut {
    fn from(view: PublicationView) -> Self {
        Self {
            id: ID(encode(Kind::RuleSet, view.id)),
            sha256: view.sha256,
            effective_from: view.effective_from,
            state: view.state.into(),
            running: view.running,
            built_in: view.built_in,
            rules: view.rules,
            unverified: view.unverified,
            reason: view.reason,
            proposed_by: actor(&view.proposed_by),
            proposed_at: view.proposed_at,
            decided_by: view.decided_by.as_deref().map(actor),
            decided_at: view.decided_at,
            decision_reason: view.decision_reason,
            shadow: view.shadow.map(Into::into),
        }
    }
}

/// What a publication changes of the set that decides.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RuleChange")]
pub struct ChangeOut {
    /// Rule.
    id: String,
    /// Version.
    version: u32,
    /// `ADDED`, `REMOVED` or `CHANGED`.
    what: String,
    /// Fields that differ.
    fields: Vec<String>,
}

impl From<ChangeView> for ChangeOut {
    fn from(change: ChangeView) -> Self {
        Self {
            id: change.id,
            version: change.version,
            what: change.what,
            fields: change.fields,
        }
    }
}

/// A decision that a proposed set would have made otherwise.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RuleDifference")]
pub struct DifferenceOut {
    /// The decision.
    decision: ID,
    /// `REQUEST`, `OFFER` or `ACCEPTANCE`.
    kind: String,
    /// Outcomes, and codes of reasons and obligations that come and go.
    difference: JsonOut,
}

impl TryFrom<DifferenceView> for DifferenceOut {
    type Error = async_graphql::Error;

    fn try_from(found: DifferenceView) -> Result<Self> {
        Ok(Self {
            decision: ID(encode(Kind::Decision, found.decision)),
            kind: found.kind,
            difference: Json(serde_json::to_value(found.difference)?),
        })
    }
}

/// A stored decision beside the same decision made again by the set that made it.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RuleReplay")]
pub struct ReplayOut {
    /// The decision.
    id: ID,
    /// `REQUEST`, `OFFER` or `ACCEPTANCE`.
    kind: String,
    /// Every byte is the same.
    same: bool,
    /// As stored.
    stored: String,
    /// As made again.
    replayed: String,
}

impl From<DecisionReplay> for ReplayOut {
    fn from(replay: DecisionReplay) -> Self {
        Self {
            id: ID(encode(Kind::Decision, replay.id.0)),
            kind: replay.kind.as_str().to_owned(),
            same: replay.stored == replay.replayed,
            stored: String::from_utf8_lossy(&replay.stored).into_owned(),
            replayed: String::from_utf8_lossy(&replay.replayed).into_owned(),
        }
    }
}

/// Something that has to be done by a day.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Obligation")]
pub struct ObligationOut {
    /// Id, starts with `obl_`.
    id: ID,
    /// What, for example `ADVERSE_ACTION_NOTICE`.
    code: String,
    /// The request that it belongs to.
    request: ID,
    /// The rule that asks for it, with its version.
    rule: String,
    /// How long its evidence is kept.
    retention: String,
    /// When it arose.
    opened_at: DateTime<Utc>,
    /// Last day.
    due_on: NaiveDate,
    /// `OPEN`, `DONE` or `LAPSED`.
    state: String,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// Why.
    closed_why: Option<String>,
    /// The document that closed it.
    document: Option<ID>,
}

impl From<ObligationView> for ObligationOut {
    fn from(view: ObligationView) -> Self {
        Self {
            id: ID(encode(Kind::Obligation, view.id)),
            code: view.code,
            request: ID(encode(Kind::Request, view.request.0)),
            rule: view.rule,
            retention: view.retention,
            opened_at: view.opened_at,
            due_on: view.due_on,
            state: view.state,
            closed_at: view.closed_at,
            closed_why: view.closed_why,
            document: view.document.map(|id| ID(encode(Kind::Document, id))),
        }
    }
}

/// A document of a quote or a request. Its contents are read by `document`, or by `GET /v1/documents/{id}`.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Disclosure")]
pub struct DisclosureOut {
    /// Id, starts with `doc_`.
    id: ID,
    /// What it is: `REGZ`, `SECCI`, `SECCI_CCD2`, `KFS`, `ADVERSE_ACTION_NOTICE`, `COUNTEROFFER_NOTICE`.
    kind: String,
    /// Title.
    title: String,
    /// SHA-256 of the PDF.
    sha256: String,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<DisclosureView> for DisclosureOut {
    fn from(view: DisclosureView) -> Self {
        Self {
            id: ID(encode(Kind::Document, view.id)),
            kind: view.code,
            title: view.title,
            sha256: view.sha256,
            created_at: view.created_at,
        }
    }
}

/// A document with its contents.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Document")]
pub struct DocumentOut {
    /// What it is.
    about: DisclosureOut,
    /// One self-contained page.
    html: String,
    /// SHA-256 of the page.
    html_sha256: String,
    /// The file, base64.
    pdf: String,
}

impl From<DocumentView> for DocumentOut {
    fn from(view: DocumentView) -> Self {
        Self {
            about: view.about.into(),
            html: view.html,
            html_sha256: view.html_sha256,
            pdf: STANDARD.encode(view.pdf),
        }
    }
}

/// A rule file.
#[derive(InputObject, Clone, Debug)]
pub struct RuleDocumentInput {
    /// Name.
    pub name: String,
    /// TOML.
    pub text: String,
}

/// A set of rules to publish.
#[derive(InputObject, Clone, Debug)]
pub struct ProposeRulesInput {
    /// Its files.
    pub documents: Vec<RuleDocumentInput>,
    /// First day on which it decides: today or later.
    pub effective_from: NaiveDate,
    /// Why; kept for good.
    pub reason: String,
}

impl From<ProposeRulesInput> for NewRules {
    fn from(input: ProposeRulesInput) -> Self {
        let document = |one: RuleDocumentInput| aggregator::rules::Document {
            name: one.name,
            text: one.text,
        };
        Self {
            documents: input.documents.into_iter().map(document).collect(),
            effective_from: input.effective_from,
            reason: input.reason,
        }
    }
}

/// Reads about rules. All but a borrower's own documents are for officers.
#[derive(Clone, Copy, Debug)]
pub struct RulesQuery;

fn all<T, O: From<T>>(found: std::result::Result<Vec<T>, Error>) -> Result<Vec<O>> {
    Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
}

#[Object]
impl RulesQuery {
    /// The rules of a publication; those that decide when none is named. For officers.
    #[graphql(complexity = "ROOT_COST + 200 * child_complexity")]
    async fn rules(&self, ctx: &Context<'_>, publication: Option<ID>) -> Result<Vec<RuleOut>> {
        let publication = publication.map(|id| decode(Kind::RuleSet, "publication", &id));
        let publication = publication.transpose().map_err(fail)?;
        all(Box::pin(api(ctx)?.aggregator.rules(caller(ctx)?, publication)).await)
    }

    /// Publications of sets, newest first; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn rule_publications(&self, ctx: &Context<'_>, first: Option<u32>) -> Result<Vec<PublicationOut>> {
        let read = api(ctx)?
            .aggregator
            .rule_publications(caller(ctx)?, first.unwrap_or(20));
        all(Box::pin(read).await)
    }

    /// A publication. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn rule_publication(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PublicationOut>> {
        let id = decode(Kind::RuleSet, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.rule_publication(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// What a publication changes of the set that decides. For officers.
    #[graphql(complexity = "ROOT_COST + 200 * child_complexity")]
    async fn rule_changes(&self, ctx: &Context<'_>, publication: ID) -> Result<Vec<ChangeOut>> {
        let id = decode(Kind::RuleSet, "publication", &publication).map_err(fail)?;
        all(Box::pin(api(ctx)?.aggregator.rule_changes(caller(ctx)?, id)).await)
    }

    /// Decisions that a proposed set would have made otherwise; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn rule_differences(
        &self,
        ctx: &Context<'_>,
        publication: ID,
        first: Option<u32>,
    ) -> Result<Vec<DifferenceOut>> {
        let id = decode(Kind::RuleSet, "publication", &publication).map_err(fail)?;
        let aggregator = &api(ctx)?.aggregator;
        let found = Box::pin(aggregator.rule_differences(caller(ctx)?, id, first.unwrap_or(20))).await;
        found.map_err(fail)?.into_iter().map(DifferenceOut::try_from).collect()
    }

    /// Every decision of the rules about a request, made again by the set that made it. For officers.
    #[graphql(complexity = "2 * ROOT_COST + 20 * child_complexity")]
    async fn rule_replay(&self, ctx: &Context<'_>, request: ID) -> Result<Vec<ReplayOut>> {
        let id: RequestId = decode(Kind::Request, "request", &request).map_err(fail)?;
        all(Box::pin(api(ctx)?.aggregator.replay_rules(caller(ctx)?, id)).await)
    }

    /// What is owed, the most urgent first; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn obligations(
        &self,
        ctx: &Context<'_>,
        state: Option<String>,
        request: Option<ID>,
        first: Option<u32>,
    ) -> Result<Vec<ObligationOut>> {
        let request = request.map(|id| decode(Kind::Request, "request", &id));
        let request: Option<RequestId> = request.transpose().map_err(fail)?;
        let wanted = (state.as_deref(), request);
        let aggregator = &api(ctx)?.aggregator;
        all(Box::pin(aggregator.obligations(caller(ctx)?, wanted, first.unwrap_or(20))).await)
    }

    /// Notices about a request, for who asked.
    #[graphql(complexity = "ROOT_COST + 2 * child_complexity")]
    async fn notices(&self, ctx: &Context<'_>, request: ID) -> Result<Vec<DisclosureOut>> {
        let id: RequestId = decode(Kind::Request, "request", &request).map_err(fail)?;
        all(Box::pin(api(ctx)?.aggregator.notices(caller(ctx)?, id)).await)
    }

    /// A document with its contents.
    #[graphql(complexity = "2 * ROOT_COST + child_complexity")]
    async fn document(&self, ctx: &Context<'_>, id: ID) -> Result<Option<DocumentOut>> {
        let id = decode(Kind::Document, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.document(caller(ctx)?, id)).await)?.map(Into::into))
    }
}

payload! {
    /// Answer to `proposeRules` and `decideRules`.
    RulePublicationPayload { publication: PublicationOut }
}

/// Writes about rules.
#[derive(Clone, Copy, Debug)]
pub struct RulesMutation;

#[Object]
impl RulesMutation {
    /// Proposes a set of rules; another officer approves it. For officers.
    async fn propose_rules(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: ProposeRulesInput,
    ) -> Result<RulePublicationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.propose_rules(caller, &key, input.into()).await
        };
        RulePublicationPayload::of(Box::pin(made).await, Into::into)
    }

    /// Approves or rejects a proposed set; who proposed it cannot approve it. For officers.
    async fn decide_rules(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        approve: bool,
        reason: String,
    ) -> Result<RulePublicationPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let wish = (decode(Kind::RuleSet, "id", &id)?, approve);
            api.aggregator.decide_rules(caller, &key, wish, &reason).await
        };
        RulePublicationPayload::of(Box::pin(made).await, Into::into)
    }
}

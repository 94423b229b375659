//! The audit trail, for officers: entries, proofs, checkpoints, anchors, exports.
//!
//! Ids of entries, actors, subjects and tenants are plain UUIDs here, as they stand in what is hashed and exported.

use aggregator::Error;
use aggregator::audit::{AnchorView, AuditFilter, CheckpointView, NumberedEntry};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use uuid::Uuid;

use super::query::ROOT_COST;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// Reads of the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct AuditQuery;

/// Which entries; what is left out does not restrict.
#[derive(InputObject, Clone, Debug, Default)]
#[graphql(name = "AuditFilter")]
pub struct FilterInput {
    /// Whose log, as UUID or `ten_...`; the caller's own tenant when left out. The nil UUID is the log of what concerns no tenant.
    tenant: Option<String>,
    /// Who acted, as UUID or `prn_...`.
    actor: Option<String>,
    /// Who is concerned, as UUID or `prn_...`.
    subject: Option<String>,
    /// What was done, for example `quote.accepted`.
    action: Option<String>,
    /// Kind of object, for example `settlement`.
    object_kind: Option<String>,
    /// Which object, as it stands in the entry.
    object_id: Option<String>,
    /// From that time on.
    from: Option<DateTime<Utc>>,
    /// Before that time.
    to: Option<DateTime<Utc>>,
}

/// An entry of the audit trail. It holds ids and codes alone.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AuditEntry")]
pub struct EntryOut {
    /// Its number in the log of its tenant, from 0, as decimal text.
    seq: String,
    /// Its id.
    id: ID,
    /// Whose log.
    tenant: ID,
    /// When.
    at: DateTime<Utc>,
    /// Who acted; the nil UUID is the system.
    actor: ID,
    /// As what.
    role: String,
    /// What.
    action: String,
    /// Kind of object.
    object_kind: String,
    /// Which object.
    object_id: String,
    /// Pseudonymous id of the person concerned.
    subject: Option<ID>,
    /// What came of it.
    decision: Option<String>,
    /// Version of the rules that decided.
    rules: Option<String>,
    /// Version of the lists that were screened.
    lists: Option<String>,
    /// Fields that the entry commits to.
    commitments: Vec<String>,
    /// Hash of the leaf, hexadecimal.
    leaf: String,
}

impl From<NumberedEntry> for EntryOut {
    fn from(found: NumberedEntry) -> Self {
        let (seq, entry) = (found.seq.to_string(), found.entry);
        let text = |code: Option<_>| code.as_ref().map(ToString::to_string);
        Self {
            seq,
            leaf: entry.leaf().to_string(),
            id: plain(entry.id),
            tenant: plain(entry.tenant),
            at: entry.at,
            actor: plain(entry.actor.id),
            role: entry.actor.role.to_string(),
            action: entry.action.to_string(),
            object_kind: entry.object.kind.to_string(),
            object_id: entry.object.id.to_string(),
            subject: entry.subject.map(plain),
            decision: text(entry.decision),
            rules: text(entry.rules),
            lists: text(entry.lists),
            commitments: entry.commitments.iter().map(|made| made.field.to_string()).collect(),
        }
    }
}

/// A line of JSON that proves itself: `usance audit verify` reads it.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AuditProof")]
pub struct ProofOut {
    /// The line, its line feed included.
    line: String,
}

/// A signed root of a log.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AuditCheckpoint")]
pub struct CheckpointOut {
    /// Whose log.
    tenant: ID,
    /// Number of entries, as decimal text.
    size: String,
    /// Root, hexadecimal.
    root: String,
    /// When it was signed.
    at: DateTime<Utc>,
    /// The signed note. Keep it where nobody who runs this service can change it.
    note: String,
}

impl From<CheckpointView> for CheckpointOut {
    fn from(view: CheckpointView) -> Self {
        Self {
            tenant: plain(view.tenant.0),
            size: view.size.to_string(),
            root: view.root.to_string(),
            at: view.at,
            note: view.note,
        }
    }
}

/// Where a checkpoint was copied to.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AuditAnchor")]
pub struct AnchorOut {
    /// Name of the log.
    origin: String,
    /// Number of entries, as decimal text.
    size: String,
    /// Root, hexadecimal.
    root: String,
    /// `eip155:CHAIN:CONTRACT` or `file:FOLDER`.
    place: String,
    /// Hash of the transaction, or name of the object; empty while it is not there.
    evidence: String,
    /// `WANTED`, `DONE` or `FAILED`.
    state: String,
    /// When it was wanted.
    wanted_at: DateTime<Utc>,
    /// When it was done or given up.
    done_at: Option<DateTime<Utc>>,
}

impl From<AnchorView> for AnchorOut {
    fn from(view: AnchorView) -> Self {
        Self {
            origin: view.anchor.origin,
            size: view.anchor.size.to_string(),
            root: view.anchor.root.to_string(),
            place: view.anchor.place,
            evidence: view.anchor.evidence,
            state: view.state,
            wanted_at: view.wanted_at,
            done_at: view.done_at,
        }
    }
}

/// A part of a log that proves itself.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "AuditExport")]
pub struct ExportOut {
    /// Lines of JSON: `usance audit verify` reads them.
    text: String,
    /// Number of the first entry after it, as decimal text: where the next part begins.
    to: String,
    /// Whether the log goes on.
    more: bool,
}

fn plain(id: Uuid) -> ID {
    ID(id.to_string())
}

/// A plain UUID, or a public id of that kind.
fn uuid(kind: Kind, field: &str, text: &str) -> std::result::Result<Uuid, Error> {
    text.parse().or_else(|_| decode(kind, field, text))
}

fn number(field: &str, text: Option<String>) -> std::result::Result<Option<u64>, Error> {
    let read = text.map(|text| text.parse().map_err(|_| Error::invalid(field, "a whole number")));
    read.transpose()
}

impl FilterInput {
    fn read(self) -> std::result::Result<AuditFilter, Error> {
        let id = |kind, field, text: Option<String>| text.map(|text| uuid(kind, field, &text)).transpose();
        Ok(AuditFilter {
            tenant: id(Kind::Tenant, "tenant", self.tenant)?.map(TenantId),
            actor: id(Kind::Principal, "actor", self.actor)?,
            subject: id(Kind::Principal, "subject", self.subject)?,
            action: self.action,
            object_kind: self.object_kind,
            object_id: self.object_id,
            from: self.from,
            to: self.to,
        })
    }
}

/// The log that is meant; the caller's own tenant's when none is named.
fn log(ctx: &Context<'_>, tenant: Option<String>) -> Result<TenantId> {
    let named = tenant
        .map(|text| uuid(Kind::Tenant, "tenant", &text))
        .transpose()
        .map_err(fail)?;
    Ok(named.map_or(caller(ctx)?.tenant, TenantId))
}

#[Object]
impl AuditQuery {
    /// Entries of one log, newest first, before that number; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        filter: Option<FilterInput>,
        before: Option<String>,
        first: Option<u32>,
    ) -> Result<Vec<EntryOut>> {
        let filter = filter.unwrap_or_default().read().map_err(fail)?;
        let page = (number("before", before).map_err(fail)?, first.unwrap_or(20));
        let found = Box::pin(api(ctx)?.aggregator.audit_entries(caller(ctx)?, &filter, page)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// One entry with the proof that it is under the newest checkpoint of its log. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn audit_proof(&self, ctx: &Context<'_>, entry: ID) -> Result<ProofOut> {
        let entry: Uuid = entry.parse().map_err(|_| fail(Error::invalid("entry", "a UUID")))?;
        let line = Box::pin(api(ctx)?.aggregator.audit_proof_line(caller(ctx)?, entry)).await;
        Ok(ProofOut {
            line: line.map_err(fail)?,
        })
    }

    /// The proof that a log only grew between two of its checkpoints, named by their sizes. For officers.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn audit_consistency(
        &self,
        ctx: &Context<'_>,
        tenant: Option<String>,
        from: String,
        to: String,
    ) -> Result<ProofOut> {
        let tenant = log(ctx, tenant)?;
        let size = |field: &str, text: String| number(field, Some(text)).map(Option::unwrap_or_default).map_err(fail);
        let sizes = (size("from", from)?, size("to", to)?);
        let line = Box::pin(api(ctx)?.aggregator.audit_consistency_line(caller(ctx)?, tenant, sizes)).await;
        Ok(ProofOut {
            line: line.map_err(fail)?,
        })
    }

    /// Checkpoints of a log, newest first, below that size; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn audit_checkpoints(
        &self,
        ctx: &Context<'_>,
        tenant: Option<String>,
        below: Option<String>,
        first: Option<u32>,
    ) -> Result<Vec<CheckpointOut>> {
        let tenant = log(ctx, tenant)?;
        let page = (number("below", below).map_err(fail)?, first.unwrap_or(20));
        let found = Box::pin(api(ctx)?.aggregator.audit_checkpoints(caller(ctx)?, tenant, page)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Where the checkpoints of a log were copied to, newest first; 20 when left out, at most 100. For officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn audit_anchors(
        &self,
        ctx: &Context<'_>,
        tenant: Option<String>,
        first: Option<u32>,
    ) -> Result<Vec<AnchorOut>> {
        let tenant = log(ctx, tenant)?;
        let found = Box::pin(
            api(ctx)?
                .aggregator
                .audit_anchors(caller(ctx)?, tenant, first.unwrap_or(20)),
        )
        .await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// The signed entries of a log from that number on, about 8,000 at a time, with everything that proves them. For officers; that it
    /// was exported is recorded.
    #[graphql(complexity = "ROOT_COST + 100 * child_complexity")]
    async fn audit_export(&self, ctx: &Context<'_>, tenant: Option<String>, from: Option<String>) -> Result<ExportOut> {
        let tenant = log(ctx, tenant)?;
        let from = number("from", from).map_err(fail)?.unwrap_or_default();
        let made = Box::pin(api(ctx)?.aggregator.audit_export(caller(ctx)?, tenant, from))
            .await
            .map_err(fail)?;
        Ok(ExportOut {
            text: made.text,
            to: made.to.to_string(),
            more: made.more,
        })
    }

    /// The public key that signs checkpoints, written `NAME+ID+KEY`.
    #[graphql(complexity = "ROOT_COST")]
    #[expect(clippy::unused_async, reason = "resolvers are asynchronous")]
    async fn audit_key(&self, ctx: &Context<'_>) -> Result<String> {
        let _known = caller(ctx)?;
        api(ctx)?.aggregator.audit_key().map_err(fail)
    }
}

//! What officers read of the audit trail: entries, proofs, checkpoints, anchors, exports.

use std::collections::{BTreeSet, HashMap};

use ::audit::export::{
    Anchor, CONSISTENCY, CheckpointLine, ConsistencyLine, EntryLine, Header, INCLUSION, InclusionLine, LOG, line,
};
use ::audit::note::origin;
use ::audit::tree::{NodeId, consistency, consistency_nodes, inclusion, inclusion_nodes, peaks};
use ::audit::{Code, Entry, Hash, Object, Record};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::actor;
use super::anchors::root;
use crate::Aggregator;
use crate::access::{Action, Class, platform};
use crate::api::Error;
use crate::store::audit::{self as rows, CheckpointRow};
use crate::store::corrupt;
use crate::store::lending::natural;

/// Most items of a page.
const SHOWN: u32 = 100;
/// Most entries of one export; the next one goes on where it ended.
const EXPORTED: u64 = 8_192;
/// Entries that are read at a time.
const CHUNK: u64 = 2_000;

/// Which entries are wanted; what is none does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Whose log; none is the caller's own tenant.
    pub tenant: Option<TenantId>,
    /// Who acted.
    pub actor: Option<Uuid>,
    /// Who is concerned.
    pub subject: Option<Uuid>,
    /// What was done, for example `quote.accepted`.
    pub action: Option<String>,
    /// Kind of object.
    pub object_kind: Option<String>,
    /// Which object.
    pub object_id: Option<String>,
    /// From that time on.
    pub from: Option<DateTime<Utc>>,
    /// Before that time.
    pub to: Option<DateTime<Utc>>,
}

/// An entry with its number.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NumberedEntry {
    /// Its number in the log of its tenant, from 0.
    pub seq: u64,
    /// The entry.
    pub entry: Entry,
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CheckpointView {
    /// Whose log.
    pub tenant: TenantId,
    /// Number of entries.
    pub size: u64,
    /// Root, hexadecimal.
    pub root: Hash,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// The signed note.
    pub note: String,
}

/// Where a checkpoint was copied to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AnchorView {
    /// Name of the log, size, root, place and evidence; the evidence is empty while it is not there.
    pub anchor: Anchor,
    /// `WANTED`, `DONE` or `FAILED`.
    pub state: String,
    /// When it was wanted.
    pub wanted_at: DateTime<Utc>,
    /// When it was done or given up.
    pub done_at: Option<DateTime<Utc>>,
}

/// A part of a log that proves itself, as lines of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditExport {
    /// The lines.
    pub text: String,
    /// Number of the first entry after it.
    pub to: u64,
    /// Whether the log goes on with signed entries.
    pub more: bool,
}

fn page(first: u32) -> Result<i64, Error> {
    if (1..=SHOWN).contains(&first) {
        Ok(i64::from(first))
    } else {
        Err(Error::invalid("first", "1 to 100"))
    }
}

impl CheckpointView {
    fn of(row: CheckpointRow) -> Result<Self, Error> {
        Ok(Self {
            tenant: row.tenant.into(),
            size: natural(row.size)?,
            root: root(&row.root)?,
            at: row.at,
            note: row.note,
        })
    }
}

impl Aggregator {
    /// Entries of one tenant, newest first, before that number: for officers. An entry is listed once it has its number.
    pub async fn audit_entries(
        &self,
        caller: &Principal,
        filter: &AuditFilter,
        (before, first): (Option<u64>, u32),
    ) -> Result<Vec<NumberedEntry>, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        let limit = page(first)?;
        let tenant = filter.tenant.unwrap_or(caller.tenant);
        let wanted = rows::Filter {
            actor: filter.actor,
            subject: filter.subject,
            action: filter.action.as_deref(),
            object_kind: filter.object_kind.as_deref(),
            object_id: filter.object_id.as_deref(),
            from: filter.from,
            to: filter.to,
        };
        let mut conn = self.world.db.acquire().await?;
        let found = rows::search(&mut conn, tenant.0, &wanted, (before, limit)).await?;
        Ok(found
            .into_iter()
            .map(|(seq, entry)| NumberedEntry { seq, entry })
            .collect())
    }

    /// One entry with the proof that it is under the newest checkpoint: for officers. `NOT_SIGNED_YET` until there is one.
    pub async fn audit_proof(&self, caller: &Principal, entry: Uuid) -> Result<InclusionLine, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        let mut conn = self.world.db.acquire().await?;
        let (tenant, seq) = rows::place_of(&mut conn, entry).await?.ok_or(Error::NotFound)?;
        let newest = rows::newest_checkpoints(&mut conn, tenant, None, 1).await?.pop();
        let signed = newest.filter(|row| u64::try_from(row.size).is_ok_and(|size| size > seq));
        let Some(checkpoint) = signed else {
            return Err(not_signed());
        };
        let size = natural(checkpoint.size)?;
        let found = rows::numbered(&mut conn, tenant, (seq, seq + 1)).await?.pop();
        let (_, entry) = found.ok_or(Error::NotFound)?;
        let nodes = load(&mut conn, tenant, inclusion_nodes(seq, size)).await?;
        Ok(InclusionLine {
            format: INCLUSION.to_owned(),
            seq,
            entry,
            proof: inclusion(&nodes, seq, size).map_err(corrupt)?,
            checkpoint: checkpoint.note,
            key: checkpoint.signer,
        })
    }

    /// The proof that a log only grew between two of its checkpoints: for officers.
    pub async fn audit_consistency(
        &self,
        caller: &Principal,
        tenant: TenantId,
        (old, new): (u64, u64),
    ) -> Result<ConsistencyLine, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        if old > new {
            return Err(Error::invalid("from", "not above `to`"));
        }
        let mut conn = self.world.db.acquire().await?;
        let (first, last) = (one(&mut conn, tenant, old).await?, one(&mut conn, tenant, new).await?);
        let nodes = load(&mut conn, tenant.0, consistency_nodes(old, new)).await?;
        let keys = BTreeSet::from([first.signer, last.signer]);
        Ok(ConsistencyLine {
            format: CONSISTENCY.to_owned(),
            old: first.note,
            new: last.note,
            proof: consistency(&nodes, old, new).map_err(corrupt)?,
            keys: keys.into_iter().collect(),
        })
    }

    /// [`Self::audit_proof`] as a line that verifies.
    pub async fn audit_proof_line(&self, caller: &Principal, entry: Uuid) -> Result<String, Error> {
        line(&self.audit_proof(caller, entry).await?).map_err(corrupt)
    }

    /// [`Self::audit_consistency`] as a line that verifies.
    pub async fn audit_consistency_line(
        &self,
        caller: &Principal,
        tenant: TenantId,
        sizes: (u64, u64),
    ) -> Result<String, Error> {
        line(&self.audit_consistency(caller, tenant, sizes).await?).map_err(corrupt)
    }

    /// Checkpoints of a tenant, newest first, below that size: for officers.
    pub async fn audit_checkpoints(
        &self,
        caller: &Principal,
        tenant: TenantId,
        (below, first): (Option<u64>, u32),
    ) -> Result<Vec<CheckpointView>, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        let limit = page(first)?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::newest_checkpoints(&mut conn, tenant.0, below, limit).await?;
        found.into_iter().map(CheckpointView::of).collect()
    }

    /// Where the checkpoints of a tenant were copied to, newest first: for officers.
    pub async fn audit_anchors(
        &self,
        caller: &Principal,
        tenant: TenantId,
        first: u32,
    ) -> Result<Vec<AnchorView>, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        let limit = page(first)?;
        let mut conn = self.world.db.acquire().await?;
        let log = origin(&self.world.settings.audit.operator, tenant.0);
        let view = |row: rows::AnchorRow| {
            let anchor = Anchor {
                origin: log.clone(),
                size: natural(row.size)?,
                root: root(&row.root)?,
                place: row.place,
                evidence: row.evidence.unwrap_or_default(),
            };
            Ok(AnchorView {
                anchor,
                state: row.state,
                wanted_at: row.wanted_at,
                done_at: row.done_at,
            })
        };
        let found = rows::anchors_of(&mut conn, tenant.0, limit).await?;
        found.into_iter().map(view).collect()
    }

    /// The signed entries of a tenant from that number on, about 8,000, with everything that proves them: for officers. That it
    /// was exported is itself recorded.
    pub async fn audit_export(&self, caller: &Principal, tenant: TenantId, from: u64) -> Result<AuditExport, Error> {
        platform(caller, Action::Read, Class::AuditTrail)?;
        let mut tx = self.world.db.begin().await?;
        let all = rows::checkpoints(&mut tx, tenant.0, (from, u64::MAX), i64::MAX).await?;
        let newest = all
            .last()
            .map(|row| natural(row.size))
            .transpose()?
            .ok_or_else(not_signed)?;
        let (fits, later): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|row| u64::try_from(row.size).is_ok_and(|size| size.saturating_sub(from) <= EXPORTED));
        // One checkpoint may be further away than what fits; then the export goes as far as that.
        let fits = if fits
            .iter()
            .any(|row| u64::try_from(row.size).is_ok_and(|size| size > from))
        {
            fits
        } else {
            fits.into_iter().chain(later.into_iter().take(1)).collect()
        };
        let to = fits
            .last()
            .map(|row| natural(row.size))
            .transpose()?
            .ok_or_else(not_signed)?;
        let mut edge = Vec::new();
        for id in peaks(from) {
            edge.push(rows::node(&mut tx, tenant.0, id).await?);
        }
        let header = Header {
            format: LOG.to_owned(),
            origin: origin(&self.world.settings.audit.operator, tenant.0),
            tenant: tenant.0,
            from,
            to,
            peaks: edge,
            checkpoints: fits.len() as u64,
            keys: signers(&fits),
        };
        let mut text = line(&header).map_err(corrupt)?;
        for row in fits {
            text += &line(&CheckpointLine { checkpoint: row.note }).map_err(corrupt)?;
        }
        let mut at = from;
        while at < to {
            let until = (at + CHUNK).min(to);
            for (seq, entry) in rows::numbered(&mut tx, tenant.0, (at, until)).await? {
                text += &line(&EntryLine { seq, entry }).map_err(corrupt)?;
            }
            at = until;
        }
        let object = Object::of(Code::of("audit_log"), tenant.0);
        let record = Record::new(tenant.0, actor(caller), Code::of("audit.exported"), object);
        super::record(&mut tx, &self.world, record).await?;
        tx.commit().await?;
        let more = to < newest;
        Ok(AuditExport { text, to, more })
    }

    /// The public key that signs checkpoints now, written.
    pub fn audit_key(&self) -> Result<String, Error> {
        let signer = self.world.settings.audit.signer.as_ref();
        Ok(signer.ok_or_else(not_signed)?.verifier().to_string())
    }
}

fn not_signed() -> Error {
    Error::refused(
        "NOT_SIGNED_YET",
        "No checkpoint covers this yet; ask again later.",
        None,
    )
}

async fn one(conn: &mut PgConnection, tenant: TenantId, size: u64) -> Result<CheckpointRow, Error> {
    let found = rows::checkpoints(conn, tenant.0, (size, size), 1).await?.pop();
    found.ok_or(Error::NotFound)
}

async fn load(conn: &mut PgConnection, tenant: Uuid, ids: Vec<NodeId>) -> Result<HashMap<NodeId, Hash>, Error> {
    let mut nodes = HashMap::with_capacity(ids.len());
    for id in ids {
        nodes.insert(id, rows::node(conn, tenant, id).await?);
    }
    Ok(nodes)
}

/// The keys that signed them, each once.
fn signers(rows: &[CheckpointRow]) -> Vec<String> {
    let keys: BTreeSet<&str> = rows.iter().map(|row| row.signer.as_str()).collect();
    keys.into_iter().map(str::to_owned).collect()
}

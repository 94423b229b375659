//! The registry of models: artefacts, their states, and proposals about them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::risk::models::{ModelState, ProposalKind, ProposalState};
use crate::store::{Unreadable, corrupt};

/// A model of the registry, without its files.
#[derive(Clone, Debug)]
pub(crate) struct ModelRow {
    pub id: Uuid,
    pub name: String,
    pub version: String,
    pub digest: [u8; 32],
    pub kind: String,
    pub status: String,
    pub state: ModelState,
    pub share_ppm: i32,
    pub revision: i32,
    pub champion_at: Option<DateTime<Utc>>,
    pub built_in: bool,
    pub registered_by: String,
    pub registered_at: DateTime<Utc>,
}

struct Raw {
    id: Uuid,
    name: String,
    version: String,
    digest: Vec<u8>,
    kind: String,
    status: String,
    state: String,
    share_ppm: i32,
    revision: i32,
    champion_at: Option<DateTime<Utc>>,
    built_in: bool,
    registered_by: String,
    registered_at: DateTime<Utc>,
}

impl TryFrom<Raw> for ModelRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        Ok(Self {
            id: raw.id,
            name: raw.name,
            version: raw.version,
            digest: raw
                .digest
                .try_into()
                .map_err(|_| corrupt(Unreadable("digest of a model")))?,
            kind: raw.kind,
            status: raw.status,
            state: ModelState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("state of a model")))?,
            share_ppm: raw.share_ppm,
            revision: raw.revision,
            champion_at: raw.champion_at,
            built_in: raw.built_in,
            registered_by: raw.registered_by,
            registered_at: raw.registered_at,
        })
    }
}

/// Every model, by name and version.
pub(crate) async fn models(conn: &mut PgConnection) -> Result<Vec<ModelRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select id, name, version, digest, kind, status, state, share_ppm, revision, champion_at, built_in, registered_by,
                registered_at
         from risk.model order by name, registered_at, version"
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ModelRow::try_from).collect()
}

/// One model.
pub(crate) async fn model(conn: &mut PgConnection, id: Uuid) -> Result<Option<ModelRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, name, version, digest, kind, status, state, share_ppm, revision, champion_at, built_in, registered_by,
                registered_at
         from risk.model where id = $1",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(ModelRow::try_from).transpose()
}

/// The model of that digest.
pub(crate) async fn model_of_digest(conn: &mut PgConnection, digest: &[u8; 32]) -> Result<Option<ModelRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select id, name, version, digest, kind, status, state, share_ppm, revision, champion_at, built_in, registered_by,
                registered_at
         from risk.model where digest = $1",
        &digest[..]
    )
    .fetch_optional(conn)
    .await?;
    row.map(ModelRow::try_from).transpose()
}

/// Adds a model with its files.
pub(crate) async fn add_model(
    conn: &mut PgConnection,
    row: &ModelRow,
    files: &[(&str, &[u8])],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.model (id, name, version, digest, kind, status, state, share_ppm, revision, champion_at, built_in,
                                 registered_by, registered_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        row.id,
        row.name,
        row.version,
        &row.digest[..],
        row.kind,
        row.status,
        row.state.as_str(),
        row.share_ppm,
        row.revision,
        row.champion_at,
        row.built_in,
        row.registered_by,
        row.registered_at,
    )
    .execute(&mut *conn)
    .await?;
    for (name, bytes) in files {
        sqlx::query!(
            "insert into risk.model_file (model_id, name, bytes) values ($1, $2, $3)",
            row.id,
            *name,
            *bytes,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The files of a model, by name.
pub(crate) async fn model_files(conn: &mut PgConnection, id: Uuid) -> Result<Vec<(String, Vec<u8>)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select name, bytes from risk.model_file where model_id = $1 order by name",
        id
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.bytes)).collect())
}

/// Stores a changed state or share.
pub(crate) async fn update_model(conn: &mut PgConnection, row: &ModelRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update risk.model set state = $2, share_ppm = $3, revision = $4, champion_at = $5 where id = $1",
        row.id,
        row.state.as_str(),
        row.share_ppm,
        row.revision,
        row.champion_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The registry's number now.
pub(crate) async fn registry_revision(conn: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!("select revision from risk.registry")
        .fetch_one(conn)
        .await
}

/// Holds the registry until the commit and counts a change; answers the aggregate of its events and its new number.
pub(crate) async fn next_revision(conn: &mut PgConnection) -> Result<(Uuid, i32), sqlx::Error> {
    let row = sqlx::query!("update risk.registry set revision = revision + 1 returning uid, revision")
        .fetch_one(conn)
        .await?;
    Ok((row.uid, row.revision))
}

/// A proposal about a model.
#[derive(Clone, Debug)]
pub(crate) struct ProposalRow {
    pub id: Uuid,
    pub kind: ProposalKind,
    pub model: Uuid,
    pub share_ppm: Option<i32>,
    pub reason: String,
    pub evidence: Option<String>,
    pub state: ProposalState,
    pub under_alarm: bool,
    pub proposed_by: Uuid,
    pub proposed_at: DateTime<Utc>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_reason: Option<String>,
}

struct RawProposal {
    id: Uuid,
    kind: String,
    model_id: Uuid,
    share_ppm: Option<i32>,
    reason: String,
    evidence: Option<String>,
    state: String,
    under_alarm: bool,
    proposed_by: Uuid,
    proposed_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    decision_reason: Option<String>,
}

impl TryFrom<RawProposal> for ProposalRow {
    type Error = Error;

    fn try_from(raw: RawProposal) -> Result<Self, Error> {
        let unreadable = || corrupt(Unreadable("proposal"));
        Ok(Self {
            id: raw.id,
            kind: ProposalKind::parse(&raw.kind).ok_or_else(unreadable)?,
            model: raw.model_id,
            share_ppm: raw.share_ppm,
            reason: raw.reason,
            evidence: raw.evidence,
            state: ProposalState::parse(&raw.state).ok_or_else(unreadable)?,
            under_alarm: raw.under_alarm,
            proposed_by: raw.proposed_by,
            proposed_at: raw.proposed_at,
            decided_by: raw.decided_by,
            decided_at: raw.decided_at,
            decision_reason: raw.decision_reason,
        })
    }
}

/// Adds an open proposal.
pub(crate) async fn add_proposal(conn: &mut PgConnection, row: &ProposalRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.proposal (id, kind, model_id, share_ppm, reason, evidence, state, proposed_by, proposed_at)
         values ($1, $2, $3, $4, $5, $6, 'OPEN', $7, $8)",
        row.id,
        row.kind.as_str(),
        row.model,
        row.share_ppm,
        row.reason,
        row.evidence,
        row.proposed_by,
        row.proposed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores the decision about a proposal.
pub(crate) async fn decide_proposal(conn: &mut PgConnection, row: &ProposalRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update risk.proposal set state = $2, under_alarm = $3, decided_by = $4, decided_at = $5, decision_reason = $6
         where id = $1",
        row.id,
        row.state.as_str(),
        row.under_alarm,
        row.decided_by,
        row.decided_at,
        row.decision_reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A proposal, held until the commit.
pub(crate) async fn hold_proposal(conn: &mut PgConnection, id: Uuid) -> Result<Option<ProposalRow>, Error> {
    let row = sqlx::query_as!(
        RawProposal,
        "select id, kind, model_id, share_ppm, reason, evidence, state, under_alarm, proposed_by, proposed_at, decided_by,
                decided_at, decision_reason
         from risk.proposal where id = $1 for update",
        id
    )
    .fetch_optional(conn)
    .await?;
    row.map(ProposalRow::try_from).transpose()
}

/// Proposals, newest first.
pub(crate) async fn proposals(conn: &mut PgConnection, first: i64) -> Result<Vec<ProposalRow>, Error> {
    let rows = sqlx::query_as!(
        RawProposal,
        "select id, kind, model_id, share_ppm, reason, evidence, state, under_alarm, proposed_by, proposed_at, decided_by,
                decided_at, decision_reason
         from risk.proposal order by proposed_at desc, id desc limit $1",
        first
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ProposalRow::try_from).collect()
}

/// Holds the registry until the commit: officers change it one after the other.
pub(crate) async fn hold_registry(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("select revision from risk.registry for update")
        .fetch_one(conn)
        .await?;
    Ok(())
}

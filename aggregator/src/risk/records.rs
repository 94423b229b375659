//! The record of a decision about risk: what was known, what decided, what came of it, and whether it comes out the same again.

use ::risk::ReplayError;
use ::risk::RiskDecision;
use chrono::{DateTime, Utc};
use domain::ids::{DecisionId, PrincipalId, RequestId, TenantId};
use domain::money::Money;
use domain::{Outcome, Principal, Reason};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::reviews::ReviewState;
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, listing, may_ever, shows};
use crate::api::Error;
use crate::store::decisions::{self as stored, RecordRow};
use crate::store::{corrupt, from_json, quoting, risk as rows};

/// Most decisions of a page.
const SHOWN: u32 = 100;

/// What a borrower and an officer see alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// Id.
    pub id: DecisionId,
    /// The request.
    pub request: RequestId,
    /// The borrower's tenant.
    pub tenant: TenantId,
    /// The borrower.
    pub borrower: PrincipalId,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// What came of it.
    pub outcome: Outcome,
    /// What the borrower was told.
    pub reasons: Vec<Reason>,
    /// The rest, for officers alone.
    pub inside: Option<Inside>,
}

/// What only officers see of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// Score.
    pub score: i32,
    /// Probability of default, parts per million.
    pub pd_ppm: u32,
    /// Highest exposure.
    pub limit: Money,
    /// What of it was free.
    pub available: Money,
    /// The model that decided: name and version.
    pub model: String,
    /// SHA-256 of its `SHA256SUMS`, hex.
    pub model_digest: String,
    /// The review of it.
    pub review: Option<(Uuid, ReviewState)>,
    /// Everything as stored: `decision` (limit derivation, values of reason groups, shadow scores, fraud, wallet, model and policy
    /// with their hashes) and `features` (facts with source and time, wallet, exposure, sources that gave nothing).
    pub record: Value,
    /// Facts with their age in whole days at the decision.
    pub ages: Value,
}

/// Whether a decision comes out the same again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayView {
    /// Which.
    pub id: DecisionId,
    /// Byte for byte the same.
    pub same: bool,
    /// Why it could not be made again; none when it was.
    pub failure: Option<String>,
    /// SHA-256 of the stored bytes, hex.
    pub stored_sha256: String,
    /// SHA-256 of the bytes made now, hex.
    pub replayed_sha256: Option<String>,
}

impl Aggregator {
    /// Decisions about risk, newest first, before that one, of one request or of all: for officers.
    pub async fn risk_decisions(
        &self,
        caller: &Principal,
        (before, request): (Option<DecisionId>, Option<RequestId>),
        first: u32,
    ) -> Result<Vec<RecordView>, Error> {
        let tenant = listing(caller, Class::RiskInside)?.tenant();
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let which = (before.map(|id| id.0), request, tenant);
        let mut views = Vec::new();
        for row in stored::of_risk(&mut conn, which, i64::from(first)).await? {
            // A row of an older format has another shape; it is listed by its request, not here.
            if let Some(view) = view(&mut conn, caller, row).await? {
                views.push(view);
            }
        }
        Ok(views)
    }

    /// One decision about risk: whole for officers, outcome and reasons for the borrower.
    pub async fn risk_decision(&self, caller: &Principal, id: DecisionId) -> Result<RecordView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = stored::one(&mut conn, id).await?.ok_or(Error::NotFound)?;
        view(&mut conn, caller, row).await?.ok_or(Error::NotFound)
    }

    /// Makes a stored decision again, for officers. A model that is not in memory is opened from the registry.
    pub async fn replay_risk(&self, caller: &Principal, id: DecisionId) -> Result<ReplayView, Error> {
        may_ever(caller, Action::Replay, Class::RiskInside)?;
        let mut conn = self.world.db.acquire().await?;
        let row = stored::one(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let asked = quoting::request(&mut conn, RequestId(row.request_id))
            .await?
            .ok_or(Error::NotFound)?
            .asked
            .request;
        let inside = Resource::about(Class::RiskInside, asked.tenant, asked.borrower);
        check(caller, Action::Replay, &inside)?;
        let made = self.replay_stored(&mut conn, &row.facts, &row.result).await?;
        let sha = |bytes: &[u8]| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes));
        let bytes = made.as_ref().ok();
        Ok(ReplayView {
            id,
            same: bytes.is_some_and(|bytes| bytes == row.result.as_bytes()),
            failure: made.as_ref().err().map(ToString::to_string),
            stored_sha256: sha(row.result.as_bytes()),
            replayed_sha256: bytes.map(|bytes| sha(bytes)),
        })
    }

    /// Makes a decision again; models that decided and are not in memory are opened from the registry.
    pub(crate) async fn replay_stored(
        &self,
        conn: &mut PgConnection,
        facts: &str,
        result: &str,
    ) -> Result<Result<Vec<u8>, ReplayError>, Error> {
        let engine = &self.world.risk;
        let made = engine.replay(facts.as_bytes(), result.as_bytes());
        if !matches!(made, Err(ReplayError::Unknown { .. })) {
            return Ok(made);
        }
        let decision: RiskDecision = from_json(result)?;
        let set = &decision.set;
        let models = std::iter::once(&set.champion).chain(set.challengers.iter().map(|routed| &routed.model));
        for model in models {
            if let Some(artefact) = self.artefact_of(conn, &model.digest.0).await? {
                engine.keep(&artefact);
            }
        }
        Ok(engine.replay(facts.as_bytes(), result.as_bytes()))
    }
}

async fn view(conn: &mut PgConnection, caller: &Principal, row: RecordRow) -> Result<Option<RecordView>, Error> {
    let Ok(decision) = serde_json::from_str::<RiskDecision>(&row.result) else {
        return Ok(None);
    };
    let request = RequestId(row.request_id);
    let asked = quoting::request(conn, request)
        .await?
        .ok_or(Error::NotFound)?
        .asked
        .request;
    let about = Resource::about(Class::RiskDecision, asked.tenant, asked.borrower);
    if check(caller, Action::Read, &about).is_err() {
        return Ok(None);
    }
    let inside = if shows(caller, &about.as_class(Class::RiskInside)) {
        Some(inside(conn, &row, &decision).await?)
    } else {
        None
    };
    Ok(Some(RecordView {
        id: DecisionId(row.id),
        request,
        tenant: asked.tenant,
        borrower: asked.borrower,
        decided_at: row.decided_at,
        outcome: decision.outcome,
        reasons: decision.reasons,
        inside,
    }))
}

async fn inside(conn: &mut PgConnection, row: &RecordRow, decision: &RiskDecision) -> Result<Inside, Error> {
    let review = rows::review_of(conn, row.id).await?;
    let features: Value = serde_json::from_str(&row.facts).map_err(corrupt)?;
    let record: Value = serde_json::from_str(&row.result).map_err(corrupt)?;
    Ok(Inside {
        score: decision.score,
        pd_ppm: decision.pd_ppm,
        limit: decision.limit,
        available: decision.available,
        model: format!("{} {}", decision.model.name, decision.model.version),
        model_digest: hex::encode(decision.model.digest),
        review: review.map(|review| (review.id, review.state)),
        ages: ages(&features, row.decided_at),
        record: json!({ "decision": record, "features": features }),
    })
}

/// Facts with value, source and age, by name.
fn ages(features: &Value, at: DateTime<Utc>) -> Value {
    let facts = features["facts"].as_object().into_iter().flatten();
    let read = facts.map(|(name, known)| {
        let since: Option<DateTime<Utc>> = known["as_of"].as_str().and_then(|text| text.parse().ok());
        let days = since.map(|since| (at - since).num_days());
        json!({ "fact": name, "value": known["value"], "source": known["source"], "days": days })
    });
    Value::Array(read.collect())
}

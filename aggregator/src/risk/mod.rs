//! What is kept of risk and what officers do with it: spending limits, the registry of models, reviews, drift, records.
//!
//! Decisions themselves are made by the crate `risk` and stored by [`crate::decisions`].

pub mod drift;
pub mod limits;
pub mod models;
pub mod proposals;
pub mod records;
pub mod reviews;
pub mod sets;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ::risk::{FeatureSet, RiskDecision};
use domain::Outcome;
use domain::ids::DecisionId;
use domain::request::CreditRequest;
use serde_json::Value;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::api::Error;
use crate::events::{Event, append};
use crate::store::risk::{self as rows, AccountKey, AuditRow, add_audit};
use crate::store::{corrupt, to_json};
use crate::workers::periodic;
use crate::{Aggregator, World};

/// Longest reason and note, characters.
const LONGEST: usize = 500;

/// A reason fit to keep: 1 to 500 characters, no control characters.
pub(crate) fn reason<'a>(field: &str, text: &'a str) -> Result<&'a str, Error> {
    let text = text.trim();
    let fits = (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then_some(text)
        .ok_or_else(|| Error::invalid(field, "1 to 500 characters"))
}

/// Something that somebody did: its event, and its line in the audit.
pub(crate) struct Deed<'a> {
    /// Kind of aggregate.
    pub aggregate: &'static str,
    pub aggregate_id: Uuid,
    pub version: i32,
    /// The event's kind.
    pub kind: &'static str,
    /// What it was done to, for people.
    pub subject: &'a str,
    pub by: &'a str,
    pub reason: &'a str,
    pub body: Value,
}

/// Notes a deed in the audit and tells the world, in the caller's transaction.
pub(crate) async fn note(conn: &mut PgConnection, world: &World, deed: Deed<'_>) -> Result<(), Error> {
    let body = to_json(&deed.body)?;
    let row = AuditRow {
        what: deed.kind,
        subject: deed.subject,
        by: deed.by,
        reason: deed.reason,
        body: &body,
        at: world.clock.now(),
    };
    add_audit(conn, &row).await?;
    let object = ::audit::Object::of(::audit::Code::of(deed.aggregate), deed.aggregate_id);
    crate::audit::deeds::governed(conn, world, (deed.by, deed.kind), object, &deed.body).await?;
    tracing::info!(
        kind = deed.kind,
        subject = deed.subject,
        by = deed.by,
        "risk was changed"
    );
    let event = Event {
        aggregate: deed.aggregate,
        aggregate_id: deed.aggregate_id,
        version: deed.version,
        kind: deed.kind,
        payload: deed.body,
    };
    append(conn, world, &[event]).await
}

/// A stored part of a decision as JSON.
pub(crate) fn json<T: serde::Serialize>(part: &T) -> Result<Value, Error> {
    serde_json::to_value(part).map_err(corrupt)
}

/// What follows of the decision that a request is quoted under, in the transaction that stores it: the borrower's limit, and a
/// review where one is needed.
pub(crate) async fn follow_decision(
    conn: &mut PgConnection,
    world: &World,
    request: &CreditRequest,
    (id, decision): (DecisionId, &RiskDecision),
) -> Result<(), Error> {
    if matches!(decision.outcome, Outcome::Offer | Outcome::Counter) {
        let limit = decision.derivation.as_ref().map(|derived| derived.limit_minor);
        limits::assign(conn, request, limit, id).await?;
    }
    reviews::follow(conn, world, request, (id, decision)).await
}

/// What the books and officers say of the borrower: what is out and reserved of its limit, and a clearance. What other sources of
/// exposure know is kept where it is more.
pub(crate) async fn standing(world: &World, request: &CreditRequest, features: &mut FeatureSet) -> Result<(), Error> {
    let mut conn = world.db.acquire().await?;
    let key = AccountKey {
        tenant: request.tenant,
        borrower: request.borrower,
        currency: request.amount.currency,
    };
    if let Some(account) = rows::limit_account(&mut conn, key).await? {
        let exposure = &mut features.exposure;
        exposure.outstanding_minor = exposure.outstanding_minor.max(account.committed_minor);
        exposure.reserved_minor = exposure.reserved_minor.max(account.reserved_minor);
    }
    let owner = (request.tenant, request.borrower);
    features.exposure.cleared_until = rows::cleared_until(&mut conn, owner).await?;
    Ok(())
}

/// Pause between two looks at the registry of models.
const LOOK: Duration = Duration::from_secs(1);
/// Pause between two writings of drift.
const DRIFT: Duration = Duration::from_mins(1);

/// Runs until cancelled, in every process: follows the registry of models, writes drift and tells its levels.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    let a = &aggregator;
    tokio::join!(
        periodic("models", LOOK, &cancel, || a.refresh_models()),
        periodic("roles", LOOK, &cancel, || a.refresh_roles()),
        periodic("drift", DRIFT, &cancel, || a.flush_drift()),
    );
}

//! What is kept of risk and what officers do with it: spending limits, the registry of models, reviews, drift, records.
//!
//! Decisions themselves are made by the crate `risk` and stored by [`crate::decisions`].

pub mod limits;
#[cfg(test)]
mod tests;

use ::risk::RiskDecision;
use domain::Outcome;
use domain::request::CreditRequest;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::World;
use crate::api::Error;
use crate::decisions::{Decided, DecisionKind};
use crate::events::{Event, append};
use crate::store::risk::{AuditRow, add_audit};
use crate::store::{from_json, to_json};

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

/// What follows of the decision that a request is quoted under, in the transaction that stores it.
pub(crate) async fn follow_decision(
    conn: &mut PgConnection,
    request: &CreditRequest,
    decisions: &[Decided],
) -> Result<(), Error> {
    let Some(decided) = decisions.iter().find(|d| d.kind == DecisionKind::Risk) else {
        return Ok(());
    };
    let decision: RiskDecision = from_json(&decided.result)?;
    if matches!(decision.outcome, Outcome::Offer | Outcome::Counter) {
        let owner = (request.tenant, request.borrower);
        limits::assign(conn, owner, decision.limit, decided.id, request.at).await?;
    }
    Ok(())
}

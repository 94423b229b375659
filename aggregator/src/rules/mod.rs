//! Rules in the life of the product: which set decides, how a new one is published, and what rules oblige us to.
//!
//! Decisions themselves are made by the crate `compliance` and stored by [`crate::decisions`].

pub mod book;
pub mod disclosures;
pub mod documents;
mod forms;
pub mod identity;
mod letters;
mod notices;
pub mod publish;
pub mod shadow;
#[cfg(test)]
mod tests;
pub mod views;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use compliance::Document;

pub use self::book::RuleBook;
pub(crate) use self::notices::{Applied, Refused, after_book, after_decline, lapse};
use crate::api::Error;
use crate::events::{Event, append};
use crate::store::rules as rows;
use crate::store::to_json;
use crate::workers::periodic;
use crate::{Aggregator, World};

/// What development may switch off. The default is what production has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSettings {
    /// Rules that nobody verified count as if somebody had.
    pub allow_unverified: bool,
    /// Nobody accepts before their identity is verified as the rules ask.
    pub identity_required: bool,
    /// Nobody accepts before the disclosures stand.
    pub disclosures_required: bool,
    /// Who sends notices and mediates credit.
    pub sender: ::documents::Party,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            allow_unverified: false,
            identity_required: true,
            disclosures_required: true,
            sender: ::documents::Party {
                address: vec!["The address is told on request".to_owned()],
                ..::documents::Party::named("Usance")
            },
        }
    }
}

impl RuleSettings {
    /// For development and tests: rules that nobody verified count, and nobody has to show who they are.
    pub fn lenient() -> Self {
        Self {
            allow_unverified: true,
            identity_required: false,
            ..Self::default()
        }
    }
}

/// Something that somebody did to the published rules.
struct Deed<'a> {
    aggregate: (&'static str, Uuid, i32),
    kind: &'static str,
    subject: &'a str,
    by: &'a str,
    reason: &'a str,
    body: Value,
}

/// Notes a deed in the audit and tells the world, in the caller's transaction.
async fn note(conn: &mut PgConnection, world: &World, deed: Deed<'_>) -> Result<(), Error> {
    let said = (deed.kind, deed.subject, deed.by, deed.reason);
    rows::add_audit(conn, said, &to_json(&deed.body)?, world.clock.now()).await?;
    tracing::info!(
        kind = deed.kind,
        subject = deed.subject,
        by = deed.by,
        "rules were changed"
    );
    let (aggregate, aggregate_id, version) = deed.aggregate;
    let event = Event {
        aggregate,
        aggregate_id,
        version,
        kind: deed.kind,
        payload: deed.body,
    };
    append(conn, world, &[event]).await
}

/// Pause between two looks at what is published.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until cancelled, in every process: decides by what is published.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    periodic("rules", LOOK, &cancel, || aggregator.refresh_rules()).await;
}

//! Where the verification of a borrower stands, for the decision about an acceptance.

use chrono::{DateTime, Utc};
use compliance::IdentityFact;
use domain::request::CreditRequest;
use sqlx::PgConnection;

use crate::api::Error;

/// What is known of the identity of who asked. Until a verifier is wired in nobody was asked, and so nobody passes where
/// identity is required.
#[expect(clippy::unused_async, reason = "a verifier reads it from the database")]
pub(crate) async fn of(
    _conn: &mut PgConnection,
    _request: &CreditRequest,
    _now: DateTime<Utc>,
) -> Result<IdentityFact, Error> {
    Ok(IdentityFact::NotAsked)
}

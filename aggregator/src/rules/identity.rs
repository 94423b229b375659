//! Where the verification of a borrower stands, for the decision about an acceptance.

use chrono::{DateTime, Utc};
use compliance::IdentityFact;
use domain::request::CreditRequest;
use sqlx::PgConnection;

use crate::api::Error;

/// What is known of the identity of who asked.
pub(crate) async fn of(
    conn: &mut PgConnection,
    request: &CreditRequest,
    now: DateTime<Utc>,
) -> Result<IdentityFact, Error> {
    crate::kyc::check::fact_of(conn, (request.tenant, request.borrower), now).await
}

//! Whether somebody is who they say, when it matters.

use chrono::{DateTime, Utc};
use compliance::IdentityFact;
use domain::ids::{PrincipalId, TenantId};
use domain::request::CreditRequest;
use sqlx::PgConnection;

use super::Required;
use super::names::NameKeys;
use super::state::{NameMatch, SessionState, Standing, fact};
use crate::World;
use crate::api::Error;
use crate::store::kyc as rows;

/// Where a borrower's identity stands now.
pub(crate) async fn fact_of(
    conn: &mut PgConnection,
    owner: (TenantId, PrincipalId),
    now: DateTime<Utc>,
) -> Result<IdentityFact, Error> {
    let found = rows::of_borrower(conn, owner).await?;
    let standing = found.iter().map(|row| Standing {
        state: row.state,
        level: row.level,
        decided_at: row.decided_at,
        verified_until: row.verified_until,
    });
    Ok(fact(&standing.collect::<Vec<_>>(), now))
}

/// Refuses an acceptance by somebody who is not verified, or not as the one who asked.
///
/// Refusals: `IDENTITY_REQUIRED`, `IDENTITY_PENDING`, `IDENTITY_REFUSED`, `IDENTITY_MISMATCH`.
pub(crate) async fn check_acceptance(
    conn: &mut PgConnection,
    world: &World,
    request: &CreditRequest,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let settings = &world.settings.kyc;
    if settings.required == Required::Off {
        return Ok(());
    }
    let owner = (request.tenant, request.borrower);
    let refused = |code: &str, text: &str| Err(Error::refused(code, text, None));
    match fact_of(conn, owner, now).await? {
        IdentityFact::Verified { level, .. } if level >= settings.level => {}
        IdentityFact::Verified { .. } | IdentityFact::NotAsked | IdentityFact::Expired => {
            return refused("IDENTITY_REQUIRED", "Verify your identity before you accept a quote.");
        }
        IdentityFact::Pending => {
            return refused(
                "IDENTITY_PENDING",
                "Your identity is being verified. Try again when it is.",
            );
        }
        IdentityFact::Rejected => return refused("IDENTITY_REFUSED", "This quote cannot be accepted."),
    }
    let asked = NameKeys::of(&settings.name_key, &request.applicant.full_name);
    let sessions = rows::of_borrower(conn, owner).await?;
    let counts = |row: &&rows::SessionRow| {
        row.state == SessionState::Verified
            && row.level >= settings.level
            && row.verified_until.is_some_and(|until| until > now)
    };
    let same = sessions.iter().filter(counts).any(|row| {
        let verified = NameKeys::from_bytes(row.verified_name.as_deref().unwrap_or_default());
        verified.compare(&asked) == NameMatch::Same
    });
    if same {
        Ok(())
    } else {
        refused(
            "IDENTITY_MISMATCH",
            "The request names another person than the one who was verified.",
        )
    }
}

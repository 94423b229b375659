//! Identity verification: sessions at vendors, what follows of their word, and people's reviews.
//!
//! A session is begun by the borrower or the integrator, who also says that the borrower consented. The vendor's webhooks are checked,
//! stored and answered; workers then ask the vendor and take the step that its answer leads to. A webhook alone never verifies anybody.

mod alert;
pub(crate) mod check;
mod hooks;
mod names;
mod officer;
mod start;
pub(crate) mod state;
mod view;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Vendor, Verifier};
use serde_json::json;
use sqlx::PgConnection;

use crate::World;
use crate::api::Error;
use crate::events::{Event, append};
use crate::store::kyc::{self as rows, Outcome, SessionRow};

pub use compliance::IdentityLevel;

pub use hooks::{HookProblem, Taken};
pub use start::NewVerification;
pub use state::SessionState;
pub use view::{EventView, ReviewView, VerificationView};

/// Where a verified identity is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Required {
    /// Nowhere; sessions may be begun all the same.
    #[default]
    Off,
    /// To accept a quote.
    Acceptance,
}

/// Figures and vendors of identity verification.
#[derive(Clone)]
pub struct KycSettings {
    /// Where it is needed.
    pub required: Required,
    /// How thoroughly.
    pub level: IdentityLevel,
    /// The vendors; new sessions go to the first one.
    pub verifiers: Vec<Arc<dyn Verifier>>,
    /// What a vendor calls our levels.
    pub levels: BTreeMap<(Vendor, IdentityLevel), String>,
    /// Days that a verification lasts.
    pub valid_days: u32,
    /// Tries before people look.
    pub max_attempts: u32,
    /// Life of a page for the borrower.
    pub link: Duration,
    /// Pause between two looks at the vendor when it says nothing: a lost webhook is made up for by then.
    pub look: Duration,
    /// Longest wait for a vendor.
    pub patience: Duration,
    /// Secret of the digests of names.
    pub name_key: Vec<u8>,
}

impl std::fmt::Debug for KycSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KycSettings")
            .field("required", &self.required)
            .field("level", &self.level)
            .field("verifiers", &self.verifiers.len())
            .finish_non_exhaustive()
    }
}

impl Default for KycSettings {
    fn default() -> Self {
        Self {
            required: Required::Off,
            level: IdentityLevel::Standard,
            verifiers: Vec::new(),
            levels: BTreeMap::new(),
            valid_days: 365,
            max_attempts: 3,
            link: Duration::from_mins(30),
            look: Duration::from_mins(15),
            patience: Duration::from_secs(10),
            name_key: Vec::new(),
        }
    }
}

impl KycSettings {
    /// The vendor of that name.
    pub(crate) fn verifier(&self, vendor: Vendor) -> Option<&Arc<dyn Verifier>> {
        self.verifiers.iter().find(|verifier| verifier.vendor() == vendor)
    }
}

/// Stores a session that took a step, notes the step and tells the world, in the caller's transaction. `row` has its new state.
pub(crate) async fn stepped(
    conn: &mut PgConnection,
    world: &World,
    (row, from): (&mut SessionRow, SessionState),
    by: &str,
) -> Result<(), Error> {
    row.version += 1;
    row.changed_at = world.clock.now();
    row.look_at = row.look_at.filter(|_| row.state.is_looked_at());
    rows::write_session(conn, row).await?;
    if row.state == SessionState::Review && from != SessionState::Review {
        alert::open_case(conn, world, row).await?;
    }
    tell(conn, world, row, Some(from), by).await
}

/// Notes where a session is and tells the world.
async fn tell(
    conn: &mut PgConnection,
    world: &World,
    row: &SessionRow,
    from: Option<SessionState>,
    by: &str,
) -> Result<(), Error> {
    let step = Outcome {
        session: row.id,
        version: row.version,
        from: from.map(SessionState::as_str),
        to: row.state.as_str(),
        reason: row.reason.as_deref(),
        by,
        at: row.changed_at,
    };
    rows::add_outcome(conn, &step).await?;
    metrics::counter!("usance_kyc_steps_total", "vendor" => row.vendor.as_str(), "state" => row.state.as_str())
        .increment(1);
    let event = Event {
        aggregate: "verification",
        aggregate_id: row.id,
        version: row.version,
        kind: kind(row.state),
        payload: json!({
            "tenant": row.tenant, "borrower": row.borrower, "verificationId": row.id, "vendor": row.vendor, "level": row.level,
            "state": row.state, "reason": row.reason, "verifiedUntil": row.verified_until,
        }),
    };
    append(conn, world, &[event]).await
}

fn kind(state: SessionState) -> &'static str {
    match state {
        SessionState::Created => "VerificationCreated",
        SessionState::Open => "VerificationOpened",
        SessionState::Pending => "VerificationPending",
        SessionState::OnHold => "VerificationOnHold",
        SessionState::Retry => "VerificationRetry",
        SessionState::Review => "VerificationReview",
        SessionState::Verified => "VerificationVerified",
        SessionState::Rejected => "VerificationRejected",
        SessionState::Expired => "VerificationExpired",
        SessionState::Erased => "VerificationErased",
    }
}

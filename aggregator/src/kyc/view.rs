//! Sessions as their owners and officers see them.

use chrono::{DateTime, Utc};
use compliance::IdentityLevel;
use domain::Principal;
use domain::ids::{PrincipalId, TenantId};
use domain::ports::Vendor;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::state::SessionState;
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, platform};
use crate::api::Error;
use crate::store::kyc::{self as rows, SessionRow};

/// Most sessions that are shown.
const SHOWN: u32 = 100;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationView {
    /// Id.
    pub id: Uuid,
    /// The borrower's tenant.
    pub tenant: TenantId,
    /// The borrower.
    pub borrower: PrincipalId,
    /// Who verifies.
    pub vendor: Vendor,
    /// How thoroughly.
    pub level: IdentityLevel,
    /// Where it stands.
    pub state: SessionState,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it came to where it stands.
    pub changed_at: DateTime<Utc>,
    /// Until when the borrower is verified.
    pub verified_until: Option<DateTime<Utc>>,
    /// What the borrower may mend: codes of a rejected try; of every rejection for officers.
    pub labels: Vec<String>,
    /// Why it stands there: a code; for officers.
    pub reason: Option<String>,
    /// How often the borrower handed in; for officers.
    pub attempts: Option<u32>,
    /// The newest review; for officers.
    pub review: Option<ReviewView>,
    /// What the vendor told; for officers, of one session.
    pub events: Vec<EventView>,
}

/// A review of a session by people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// Id.
    pub id: Uuid,
    /// To approve, or to reject.
    pub approve: bool,
    /// `OPEN`, `CONFIRMED` or `DECLINED`.
    pub state: String,
    /// Why so.
    pub note: String,
    /// Who proposed.
    pub proposed_by: PrincipalId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<PrincipalId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why so.
    pub decision_note: Option<String>,
}

/// Something that a vendor told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// The vendor's word for it.
    pub kind: String,
    /// When it happened, milliseconds since 1970.
    pub at_ms: i64,
    /// When we heard of it.
    pub received_at: DateTime<Utc>,
    /// `QUEUED`, `APPLIED` or `STALE`.
    pub state: String,
}

/// The view for that caller, without reviews and events.
pub(super) fn view(row: &SessionRow, caller: &Principal) -> VerificationView {
    let inside = caller.role.is_staff();
    VerificationView {
        id: row.id,
        tenant: TenantId(row.tenant),
        borrower: PrincipalId(row.borrower),
        vendor: row.vendor,
        level: row.level,
        state: row.state,
        created_at: row.created_at,
        changed_at: row.changed_at,
        verified_until: row.verified_until,
        labels: if inside || row.state == SessionState::Retry {
            row.labels.clone()
        } else {
            Vec::new()
        },
        reason: row.reason.clone().filter(|_| inside),
        attempts: u32::try_from(row.attempts).ok().filter(|_| inside),
        review: None,
        events: Vec::new(),
    }
}

/// The whole view.
pub(super) async fn whole(
    conn: &mut PgConnection,
    row: &SessionRow,
    caller: &Principal,
) -> Result<VerificationView, Error> {
    let mut seen = view(row, caller);
    if caller.role.is_staff() {
        seen.review = rows::newest_review(conn, row.id).await?.map(review);
        let events = rows::events(conn, row.id).await?;
        seen.events = events.into_iter().map(event).collect();
    }
    Ok(seen)
}

fn event(row: rows::EventRow) -> EventView {
    EventView {
        kind: row.kind,
        at_ms: row.at_ms,
        received_at: row.received_at,
        state: row.state,
    }
}

fn review(row: rows::ReviewRow) -> ReviewView {
    ReviewView {
        id: row.id,
        approve: row.verdict == "APPROVE",
        state: row.state,
        note: row.note,
        proposed_by: PrincipalId(row.proposed_by),
        proposed_at: row.proposed_at,
        decided_by: row.decided_by.map(PrincipalId),
        decided_at: row.decided_at,
        decision_note: row.decision_note,
    }
}

impl Aggregator {
    /// A session, for its borrower, the borrower's integrator, and officers.
    pub async fn verification(&self, caller: &Principal, id: Uuid) -> Result<VerificationView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = seen(rows::session(&mut conn, id).await?, caller)?;
        whole(&mut conn, &row, caller).await
    }

    /// The caller's own sessions, or those of the borrower that an integrator names, the newest first.
    pub async fn own_verifications(
        &self,
        caller: &Principal,
        borrower: Option<PrincipalId>,
    ) -> Result<Vec<VerificationView>, Error> {
        let borrower = borrower.unwrap_or(caller.id);
        check(
            caller,
            Action::Read,
            &Resource::about(Class::Verification, caller.tenant, borrower),
        )?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::of_borrower(&mut conn, (caller.tenant, borrower)).await?;
        Ok(found.iter().map(|row| view(row, caller)).collect())
    }

    /// Sessions in a state, 1 to 100, for officers: those that wait for one first.
    pub async fn verifications(
        &self,
        caller: &Principal,
        state: Option<SessionState>,
        first: u32,
    ) -> Result<Vec<VerificationView>, Error> {
        platform(caller, Action::Read, Class::Verification)?;
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let mut views = Vec::new();
        for row in rows::listed(&mut conn, state, i64::from(first)).await? {
            let mut one = view(&row, caller);
            one.review = rows::newest_review(&mut conn, row.id).await?.map(review);
            views.push(one);
        }
        Ok(views)
    }
}

/// Somebody else's session does not exist.
pub(super) fn seen(row: Option<SessionRow>, caller: &Principal) -> Result<SessionRow, Error> {
    let row = row.ok_or(Error::NotFound)?;
    check(caller, Action::Read, &about(&row))?;
    Ok(row)
}

/// A session as decisions about access know it.
pub(super) fn about(row: &SessionRow) -> Resource<'static> {
    Resource::about(Class::Verification, TenantId(row.tenant), PrincipalId(row.borrower))
}

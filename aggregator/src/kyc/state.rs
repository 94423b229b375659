//! Where a session stands, and where it goes from there. Pure.

use chrono::{DateTime, Utc};
use compliance::{IdentityFact, IdentityLevel};
use domain::ports::{RejectKind, Snapshot, VendorStatus};
use serde::{Deserialize, Serialize};

use crate::risk::models::stored;

stored! {
    /// Life of a session. The database knows the same transitions.
    SessionState {
        /// Asked for; the vendor does not know of it yet.
        Created = "CREATED",
        /// Waits for the borrower.
        Open = "OPEN",
        /// The vendor checks.
        Pending = "PENDING",
        /// The vendor wants a person to look; ours may.
        OnHold = "ON_HOLD",
        /// The borrower may try again.
        Retry = "RETRY",
        /// Our officers look.
        Review = "REVIEW",
        /// Verified, until it expires.
        Verified = "VERIFIED",
        /// Refused for good, unless two officers see it otherwise.
        Rejected = "REJECTED",
        /// Over: too old, or the borrower did not come.
        Expired = "EXPIRED",
        /// Forgotten on demand.
        Erased = "ERASED",
    }
}

impl SessionState {
    /// Neither decided nor over.
    pub fn is_running(self) -> bool {
        matches!(
            self,
            Self::Created | Self::Open | Self::Pending | Self::OnHold | Self::Retry | Self::Review
        )
    }

    /// Waits for the vendor or the borrower, so the vendor is asked now and then.
    pub(crate) fn is_looked_at(self) -> bool {
        matches!(
            self,
            Self::Created | Self::Open | Self::Pending | Self::OnHold | Self::Retry
        )
    }

    /// Officers may decide.
    pub fn may_be_reviewed(self) -> bool {
        matches!(self, Self::OnHold | Self::Review | Self::Rejected)
    }
}

/// How the name on the documents compares with the one that the borrower gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameMatch {
    /// They agree.
    Same,
    /// They do not.
    Different,
    /// There is nothing to compare.
    Unknown,
}

/// What a session's step depends on beside the vendor's word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before<'a> {
    pub state: SessionState,
    /// The vendor's level that was asked for.
    pub vendor_level: &'a str,
    pub name: NameMatch,
    pub max_attempts: u32,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub state: SessionState,
    /// Stable code; none where the state says all.
    pub reason: Option<&'static str>,
    pub labels: Vec<String>,
}

fn step(state: SessionState, reason: Option<&'static str>) -> Step {
    Step {
        state,
        reason,
        labels: Vec::new(),
    }
}

/// Where the vendor's word leads. None: it changes nothing.
pub(crate) fn next(before: &Before<'_>, said: &Snapshot) -> Option<Step> {
    use SessionState::{Created, Erased, Expired, OnHold, Open, Pending, Rejected, Retry, Review, Verified};
    let wished = wish(before, said);
    let now = before.state;
    let taken = match (now, wished.state) {
        // What people look at only gets worse without them.
        (Review, Rejected) => wished,
        // A rejected try stays so until the borrower hands in again; a verification stands until its end.
        (Created | Erased | Expired | Review, _)
        | (Retry, Open)
        | (Verified, Verified | Expired)
        | (Rejected, Open | Pending | OnHold | Retry | Expired | Rejected) => return None,
        (Rejected, Verified | Review) => step(Review, Some("VENDOR_REVERSED")),
        // Unless the vendor takes it back; then people look.
        (Verified, Open | Pending | OnHold | Retry) => step(Review, Some("VENDOR_REOPENED")),
        _ => wished,
    };
    (taken.state != now).then_some(taken)
}

fn wish(before: &Before<'_>, said: &Snapshot) -> Step {
    use SessionState::{Expired, OnHold, Open, Pending, Rejected, Retry, Review, Verified};
    match &said.status {
        VendorStatus::AwaitingUser => step(Open, None),
        VendorStatus::Pending => step(Pending, None),
        VendorStatus::OnHold => step(OnHold, Some("VENDOR_HOLD")),
        VendorStatus::Expired => step(Expired, Some("NOT_USED")),
        VendorStatus::Deleted => step(Expired, Some("VENDOR_DELETED")),
        VendorStatus::Approved(_) => {
            if said.level.as_deref().is_some_and(|level| level != before.vendor_level) {
                return step(Review, Some("LEVEL_MISMATCH"));
            }
            match before.name {
                NameMatch::Same => step(Verified, None),
                NameMatch::Different => step(Review, Some("NAME_MISMATCH")),
                NameMatch::Unknown => step(Review, Some("NAME_UNKNOWN")),
            }
        }
        VendorStatus::Rejected(rejection) => {
            let spent = said.attempts.is_some_and(|attempts| attempts >= before.max_attempts);
            let (state, reason) = match rejection.kind {
                RejectKind::Final => (Rejected, Some("VENDOR_REJECTED")),
                RejectKind::Retry if spent => (Review, Some("TOO_MANY_ATTEMPTS")),
                RejectKind::Retry => (Retry, Some("TRY_AGAIN")),
            };
            Step {
                labels: rejection.labels.clone(),
                ..step(state, reason)
            }
        }
    }
}

/// What counts of a session for the fact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub state: SessionState,
    pub level: IdentityLevel,
    pub decided_at: Option<DateTime<Utc>>,
    pub verified_until: Option<DateTime<Utc>>,
}

/// Where the borrower's identity stands. The newest word counts when it is a refusal; else the best verification that has not ended.
pub(crate) fn fact(sessions: &[Standing], now: DateTime<Utc>) -> IdentityFact {
    let decided = sessions.iter().filter(|session| session.decided_at.is_some());
    let newest = decided.max_by_key(|session| session.decided_at);
    if newest.is_some_and(|session| session.state == SessionState::Rejected) {
        return IdentityFact::Rejected;
    }
    let good = sessions.iter().filter_map(|session| {
        let until = session.verified_until.filter(|until| *until > now)?;
        (session.state == SessionState::Verified).then_some((session.level, until))
    });
    if let Some((level, until)) = good.max() {
        let until = until.date_naive();
        return IdentityFact::Verified { level, until };
    }
    if sessions.iter().any(|session| session.state.is_running()) {
        return IdentityFact::Pending;
    }
    let was = |session: &Standing| session.verified_until.is_some();
    if sessions.iter().any(was) {
        IdentityFact::Expired
    } else {
        IdentityFact::NotAsked
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::ports::Rejection;

    use super::*;
    use SessionState::{Erased, Expired, OnHold, Open, Pending, Rejected, Retry, Review, Verified};

    fn said(status: VendorStatus) -> Snapshot {
        Snapshot {
            status,
            attempts: Some(1),
            level: Some("l".into()),
        }
    }

    fn red(kind: RejectKind) -> VendorStatus {
        VendorStatus::Rejected(Rejection {
            kind,
            labels: vec!["FORGERY".into()],
            public_comment: None,
            private_comment: None,
        })
    }

    fn to(state: SessionState, name: NameMatch, said: &Snapshot) -> Option<(SessionState, Option<&'static str>)> {
        let before = Before {
            state,
            vendor_level: "l",
            name,
            max_attempts: 3,
        };
        next(&before, said).map(|step| (step.state, step.reason))
    }

    #[test]
    fn an_approval_verifies_only_the_person_and_the_level_that_were_asked_for() {
        let green = said(VendorStatus::Approved(None));
        assert_eq!(to(Open, NameMatch::Same, &green), Some((Verified, None)));
        assert_eq!(
            to(Pending, NameMatch::Different, &green),
            Some((Review, Some("NAME_MISMATCH")))
        );
        assert_eq!(
            to(OnHold, NameMatch::Unknown, &green),
            Some((Review, Some("NAME_UNKNOWN")))
        );
        let lower = Snapshot {
            level: Some("lower".into()),
            ..green
        };
        assert_eq!(
            to(Pending, NameMatch::Same, &lower),
            Some((Review, Some("LEVEL_MISMATCH")))
        );
    }

    #[test]
    fn a_vendor_alone_never_lifts_what_people_look_at_or_refused() {
        let green = said(VendorStatus::Approved(None));
        assert_eq!(to(Review, NameMatch::Same, &green), None);
        assert_eq!(
            to(Rejected, NameMatch::Same, &green),
            Some((Review, Some("VENDOR_REVERSED")))
        );
        assert_eq!(to(Erased, NameMatch::Same, &green), None);
        assert_eq!(to(Expired, NameMatch::Same, &green), None);
        let refused = said(red(RejectKind::Final));
        assert_eq!(
            to(Review, NameMatch::Unknown, &refused),
            Some((Rejected, Some("VENDOR_REJECTED")))
        );
        assert_eq!(
            to(Verified, NameMatch::Unknown, &refused),
            Some((Rejected, Some("VENDOR_REJECTED")))
        );
        assert_eq!(
            to(Verified, NameMatch::Same, &said(VendorStatus::Pending)),
            Some((Review, Some("VENDOR_REOPENED")))
        );
    }

    #[test]
    fn a_try_may_be_repeated_until_the_tries_are_spent() {
        let again = said(red(RejectKind::Retry));
        assert_eq!(
            to(Pending, NameMatch::Unknown, &again),
            Some((Retry, Some("TRY_AGAIN")))
        );
        let third = Snapshot {
            attempts: Some(3),
            ..again
        };
        assert_eq!(
            to(Pending, NameMatch::Unknown, &third),
            Some((Review, Some("TOO_MANY_ATTEMPTS")))
        );
        assert_eq!(to(Retry, NameMatch::Unknown, &said(VendorStatus::AwaitingUser)), None);
        assert_eq!(
            to(Retry, NameMatch::Unknown, &said(VendorStatus::Pending)),
            Some((Pending, None))
        );
    }

    #[test]
    fn the_newest_refusal_counts_and_a_verification_ends() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let verified = |decided: i64, until: i64| Standing {
            state: Verified,
            level: IdentityLevel::Standard,
            decided_at: Some(now + TimeDelta::days(decided)),
            verified_until: Some(now + TimeDelta::days(until)),
        };
        let other = |state, decided: Option<i64>| Standing {
            state,
            level: IdentityLevel::Basic,
            decided_at: decided.map(|days| now + TimeDelta::days(days)),
            verified_until: None,
        };
        let until = (now + TimeDelta::days(5)).date_naive();
        let good = IdentityFact::Verified {
            level: IdentityLevel::Standard,
            until,
        };
        assert_eq!(fact(&[], now), IdentityFact::NotAsked);
        assert_eq!(fact(&[verified(-9, 5), other(Open, None)], now), good);
        assert_eq!(fact(&[verified(-9, 5), other(Rejected, Some(-10))], now), good);
        assert_eq!(
            fact(&[verified(-9, 5), other(Rejected, Some(-8))], now),
            IdentityFact::Rejected
        );
        assert_eq!(fact(&[verified(-9, 0)], now), IdentityFact::Expired);
        assert_eq!(
            fact(&[verified(-9, 0), other(Pending, None)], now),
            IdentityFact::Pending
        );
        assert_eq!(fact(&[other(Expired, None)], now), IdentityFact::NotAsked);
    }
}

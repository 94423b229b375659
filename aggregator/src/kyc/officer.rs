//! Reviews by officers: one proposes, another one confirms.

use chrono::TimeDelta;
use domain::Principal;
use uuid::Uuid;

use super::state::SessionState;
use super::stepped;
use super::view::{VerificationView, whole};
use crate::Aggregator;
use crate::access::{Action, Class, may_ever, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::risk::reason;
use crate::store::constraint;
use crate::store::kyc::{self as rows, ReviewRow, SessionRow};

impl Aggregator {
    /// Proposes to approve or to reject a person whom the vendor left to us or refused, for officers. Another officer decides.
    ///
    /// Refusals: `VERIFICATION_NOT_REVIEWABLE`, `REVIEW_OPEN`.
    pub async fn propose_verification(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, approve): (Uuid, bool),
        note: &str,
    ) -> Result<VerificationView, Error> {
        platform(caller, Action::Propose, Class::Verification)?;
        let note = reason("note", note)?;
        let call = Call::new(caller, key, "proposeVerification", &(id, approve, note))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = rows::hold_session(&mut tx, id).await?.ok_or(Error::NotFound)?;
        // To reject again what is rejected says nothing.
        if !row.state.may_be_reviewed() || (row.state == SessionState::Rejected && !approve) {
            let text = "This verification cannot be reviewed now.";
            return Err(Error::refused("VERIFICATION_NOT_REVIEWABLE", text, Some("id")));
        }
        if rows::open_review(&mut tx, id).await?.is_some() {
            return Err(review_open());
        }
        if row.state == SessionState::OnHold {
            (row.state, row.reason) = (SessionState::Review, Some("OFFICER".to_owned()));
            stepped(
                &mut tx,
                &self.world,
                (&mut row, SessionState::OnHold),
                &caller.id.to_string(),
            )
            .await?;
        }
        let review = ReviewRow {
            id: self.world.ids.next(),
            session_id: id,
            verdict: if approve { "APPROVE" } else { "REJECT" }.to_owned(),
            state: "OPEN".to_owned(),
            note: note.to_owned(),
            proposed_by: caller.id.0,
            proposed_at: self.world.clock.now(),
            decided_by: None,
            decided_at: None,
            decision_note: None,
        };
        match rows::add_review(&mut tx, &review).await {
            Err(error) if constraint(&error) == Some("review_one_open") => return Err(review_open()),
            other => other?,
        }
        let view = whole(&mut tx, &row, caller).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Confirms or declines what another officer proposed.
    ///
    /// Refusals: `REVIEW_DECIDED`, `FOUR_EYES`, `VERIFICATION_NOT_REVIEWABLE`.
    pub async fn decide_verification(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (review, confirm): (Uuid, bool),
        note: &str,
    ) -> Result<VerificationView, Error> {
        let action = if confirm { Action::Approve } else { Action::Reject };
        may_ever(caller, action, Class::Verification)?;
        platform(caller, Action::Read, Class::Verification)?;
        let note = reason("note", note)?;
        let call = Call::new(caller, key, "decideVerification", &(review, confirm, note))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut review = rows::hold_review(&mut tx, review).await?.ok_or(Error::NotFound)?;
        if review.state != "OPEN" {
            let text = "This review was decided already.";
            return Err(Error::refused("REVIEW_DECIDED", text, Some("id")));
        }
        // To withdraw one's own proposal takes one officer.
        if confirm && review.proposed_by == caller.id.0 {
            let text = "Another officer has to confirm.";
            return Err(Error::refused("FOUR_EYES", text, Some("id")));
        }
        let mut row = rows::hold_session(&mut tx, review.session_id)
            .await?
            .ok_or(Error::NotFound)?;
        let approve = review.verdict == "APPROVE";
        if confirm { "CONFIRMED" } else { "DECLINED" }.clone_into(&mut review.state);
        review.decided_by = Some(caller.id.0);
        review.decided_at = Some(self.world.clock.now());
        review.decision_note = Some(note.to_owned());
        rows::decide_review(&mut tx, &review).await?;
        if confirm {
            if !row.state.may_be_reviewed() {
                let text = "This verification has changed since; look at it again.";
                return Err(Error::refused("VERIFICATION_NOT_REVIEWABLE", text, Some("id")));
            }
            let from = row.state;
            self.settle(&mut row, approve);
            if row.state != from {
                stepped(&mut tx, &self.world, (&mut row, from), &caller.id.to_string()).await?;
            }
            if approve {
                super::alert::close_case(&mut tx, &self.world, &row, (review.proposed_by, caller.id.0)).await?;
            }
        }
        let view = whole(&mut tx, &row, caller).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }

    /// What two officers decided. They vouch that the documents are of the person who was named.
    fn settle(&self, row: &mut SessionRow, approve: bool) {
        let now = self.world.clock.now();
        row.decided_at = Some(now);
        row.reason = Some("OFFICERS".to_owned());
        if approve {
            row.state = SessionState::Verified;
            row.verified_name = Some(row.claimed_name.clone());
            row.verified_until = Some(now + TimeDelta::days(i64::from(self.world.settings.kyc.valid_days)));
        } else {
            (row.state, row.verified_until) = (SessionState::Rejected, None);
        }
    }
}

fn review_open() -> Error {
    Error::refused("REVIEW_OPEN", "A proposal waits for another officer.", Some("id"))
}

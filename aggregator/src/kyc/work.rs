//! What workers do: begin what was not begun, apply what vendors told, look after what was not told, end what is over.

use chrono::TimeDelta;
use domain::ports::{ClaimedPerson, Snapshot, VendorStatus, VerifyError};
use uuid::Uuid;

use super::names::NameKeys;
use super::start::reference;
use super::state::{Before, NameMatch, SessionState, Step, next};
use super::stepped;
use crate::Aggregator;
use crate::api::Error;
use crate::store::kyc::{self as rows, SessionRow};

/// Sessions taken at a time.
const BATCH: i64 = 50;
/// Unreadable answers in a row after which people look.
const UNREADABLE: i32 = 3;
/// Longest pause after failures, seconds.
const MAX_PAUSE: i64 = 3_600;

impl Aggregator {
    /// Does what is due about identities; answers how much was done.
    pub async fn advance_identities(&self) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let mut conn = self.world.db.acquire().await?;
        let told = rows::sessions_with_events(&mut conn, now, BATCH).await?;
        let due = rows::to_look_at(&mut conn, now, BATCH).await?;
        let over = rows::to_expire(&mut conn, now, BATCH).await?;
        drop(conn);
        let mut done = 0;
        for id in told.iter().chain(due.iter().filter(|id| !told.contains(id))) {
            done += usize::from(self.ask_vendor(*id).await?);
        }
        for id in over {
            done += usize::from(self.expire_session(id).await?);
        }
        Ok(done)
    }

    /// Asks the vendor about a session and takes the step that the answer leads to, with the events that were there before the question:
    /// whatever comes in between waits for the next one.
    async fn ask_vendor(&self, id: Uuid) -> Result<bool, Error> {
        let mut conn = self.world.db.acquire().await?;
        let Some(row) = rows::session(&mut conn, id).await? else {
            return Ok(false);
        };
        let events = rows::queued(&mut conn, id).await?;
        drop(conn);
        if row.state == SessionState::Created {
            let opened = self.open_session(row.clone(), &ClaimedPerson::default()).await;
            if opened.is_err() {
                self.put_off(id, None).await?;
            }
            return Ok(opened.is_ok());
        }
        // Forgotten by us: nobody is asked any more, and what comes in leads nowhere.
        let said = if row.state == SessionState::Erased {
            None
        } else {
            let verifier = self.verifier_of(&row)?;
            match verifier.fetch(&reference(&row)?, self.kyc_deadline()).await {
                Ok(said) => Some(said),
                Err(error) => {
                    self.put_off(id, Some(&error)).await?;
                    return Ok(false);
                }
            }
        };
        let mut tx = self.world.db.begin().await?;
        let mut held = rows::hold_session(&mut tx, id).await?.ok_or(Error::NotFound)?;
        // Another worker was faster, or an officer: this answer may be older than what it led to.
        if held.version != row.version || held.run != row.run {
            return Ok(false);
        }
        let now = self.world.clock.now();
        let (seen, applied) = rows::finish_events(&mut tx, &events, held.last_event_ms, now).await?;
        held.last_event_ms = seen;
        held.failures = 0;
        let look = self.world.settings.kyc.look;
        held.look_at = held.state.is_looked_at().then(|| now + look);
        let from = held.state;
        let step = said.as_ref().and_then(|said| self.take_word(&mut held, said));
        if step.is_some() {
            held.look_at = held.state.is_looked_at().then(|| now + look);
            let by = held.vendor.as_str();
            stepped(&mut tx, &self.world, (&mut held, from), by).await?;
        } else {
            rows::write_session(&mut tx, &held).await?;
        }
        tx.commit().await?;
        if step.is_some() {
            self.wake.events.notify_one();
        }
        Ok(step.is_some() || applied > 0)
    }

    /// Puts the vendor's word into the session. None: it leads nowhere.
    fn take_word(&self, row: &mut SessionRow, said: &Snapshot) -> Option<Step> {
        let settings = &self.world.settings.kyc;
        if let Some(attempts) = said.attempts {
            row.attempts = i32::try_from(attempts).unwrap_or(i32::MAX);
        }
        let claimed = NameKeys::from_bytes(&row.claimed_name);
        let shown = match &said.status {
            VendorStatus::Approved(person) => person.as_ref().map(|p| NameKeys::of_person(&settings.name_key, p)),
            _ => None,
        };
        let before = Before {
            state: row.state,
            vendor_level: &row.vendor_level,
            name: shown
                .as_ref()
                .map_or(NameMatch::Unknown, |shown| claimed.compare(shown)),
            max_attempts: settings.max_attempts,
        };
        let step = next(&before, said)?;
        let now = self.world.clock.now();
        row.state = step.state;
        row.reason = step.reason.map(str::to_owned);
        row.labels.clone_from(&step.labels);
        match step.state {
            SessionState::Verified => {
                row.verified_name = shown.map(|shown| shown.to_bytes());
                row.decided_at = Some(now);
                row.verified_until = Some(now + TimeDelta::days(i64::from(settings.valid_days)));
            }
            SessionState::Rejected => (row.decided_at, row.verified_until) = (Some(now), None),
            // A verification that is doubted does not count while people look.
            SessionState::Review => row.verified_until = None,
            _ => {}
        }
        Some(step)
    }

    /// The vendor did not answer, or not readably: later again, and after some unreadable answers people look.
    async fn put_off(&self, id: Uuid, error: Option<&VerifyError>) -> Result<(), Error> {
        if let Some(error) = error {
            metrics::counter!("usance_kyc_failures_total", "code" => error.code()).increment(1);
            tracing::warn!(%error, "a vendor of identities did not answer");
        }
        let mut tx = self.world.db.begin().await?;
        let mut row = rows::hold_session(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let now = self.world.clock.now();
        row.failures = row.failures.saturating_add(1);
        let exponent = u32::try_from(row.failures).unwrap_or(12).min(12);
        let pause = TimeDelta::seconds((1_i64 << exponent).min(MAX_PAUSE));
        row.look_at = Some(now + pause);
        let unreadable = matches!(error, Some(VerifyError::Malformed { .. }));
        let doubted = matches!(row.state, SessionState::Verified | SessionState::Rejected);
        let reviewable = row.state.is_looked_at() && row.state != SessionState::Created;
        if unreadable && row.failures >= UNREADABLE && (reviewable || doubted) {
            let from = row.state;
            let events = rows::queued(&mut tx, id).await?;
            row.last_event_ms = rows::finish_events(&mut tx, &events, row.last_event_ms, now).await?.0;
            row.state = SessionState::Review;
            row.reason = Some("VENDOR_UNREADABLE".to_owned());
            row.verified_until = None;
            row.failures = 0;
            stepped(&mut tx, &self.world, (&mut row, from), "system").await?;
        } else {
            rows::write_session(&mut tx, &row).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn expire_session(&self, id: Uuid) -> Result<bool, Error> {
        let mut tx = self.world.db.begin().await?;
        let mut row = rows::hold_session(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let over = row.verified_until.is_some_and(|until| until <= self.world.clock.now());
        if row.state != SessionState::Verified || !over {
            return Ok(false);
        }
        row.state = SessionState::Expired;
        row.reason = Some("TOO_OLD".to_owned());
        stepped(&mut tx, &self.world, (&mut row, SessionState::Verified), "system").await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(true)
    }
}

//! Beginning of sessions, pages for the borrower, erasure at the vendor.

use std::time::Instant;

use chrono::NaiveDate;
use compliance::IdentityLevel;
use domain::Principal;
use domain::ids::PrincipalId;
use domain::ports::{
    Again, BiometricConsent, ClaimedPerson, DeviceToken, Entry, Vendor, VendorRef, Verifier, VerifyError, WebLink,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::names::NameKeys;
use super::state::SessionState;
use super::view::{VerificationView, about, seen, view};
use super::{stepped, tell};
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::constraint;
use crate::store::kyc::{self as rows, SessionRow};

/// A verification to begin.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVerification {
    /// Made by the client; none lets us make one.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// The borrower, when an integrator asks; none means the caller.
    #[serde(default)]
    pub borrower: Option<PrincipalId>,
    /// How thoroughly; none means what acceptance asks for.
    #[serde(default)]
    pub level: Option<IdentityLevel>,
    /// Full name, as on the identity document.
    pub full_name: String,
    /// Day of birth.
    #[serde(default)]
    pub born: Option<NaiveDate>,
    /// ISO 3166-1 alpha-2 of the residence.
    #[serde(default)]
    pub country: Option<String>,
    /// Subdivision without the country.
    #[serde(default)]
    pub region: Option<String>,
    /// The borrower consented to the processing of documents and face, now.
    pub consent: bool,
}

impl std::fmt::Debug for NewVerification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewVerification(personal data)")
    }
}

impl NewVerification {
    fn check(&self) -> Result<(), Error> {
        let name = self.full_name.trim();
        if !(1..=200).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(Error::invalid("fullName", "1 to 200 characters"));
        }
        let letters = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        if self.country.as_deref().is_some_and(|country| !letters(country)) {
            return Err(Error::invalid("country", "two letters of ISO 3166-1"));
        }
        let short = |text: &str| (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if self.region.as_deref().is_some_and(|region| !short(region)) {
            return Err(Error::invalid("region", "a subdivision of ISO 3166-2"));
        }
        if !self.consent {
            return Err(Error::invalid("consent", "the borrower has to consent first"));
        }
        Ok(())
    }

    fn claimed(&self) -> ClaimedPerson {
        ClaimedPerson {
            full_name: Some(self.full_name.trim().to_owned()),
            born: self.born,
            country: self.country.clone(),
        }
    }
}

impl Aggregator {
    /// Begins a verification of the caller, or of the borrower that an integrator names. The page for the borrower is asked for afterwards.
    ///
    /// Refusals: `VERIFICATION_RUNNING`, `VERIFICATION_FINAL`, `VERIFICATION_OFF`.
    pub async fn start_verification(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewVerification,
    ) -> Result<VerificationView, Error> {
        let borrower = new.borrower.unwrap_or(caller.id);
        check(
            caller,
            Action::Create,
            &Resource::about(Class::Verification, caller.tenant, borrower),
        )?;
        new.check()?;
        let settings = &self.world.settings.kyc;
        let level = new.level.unwrap_or(settings.level);
        let off = || Error::refused("VERIFICATION_OFF", "Identities are not verified here.", None);
        let verifier = settings.verifiers.first().ok_or_else(off)?;
        let vendor_level = settings.levels.get(&(verifier.vendor(), level));
        let vendor_level = vendor_level.ok_or_else(|| Error::invalid("level", "is not offered"))?;
        let call = Call::new(caller, key, "startVerification", &new)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let earlier = rows::of_borrower(&mut tx, (caller.tenant, borrower)).await?;
        let decided = earlier.iter().filter(|row| row.decided_at.is_some());
        let newest = decided.max_by_key(|row| row.decided_at);
        if newest.is_some_and(|row| row.state == SessionState::Rejected) {
            let text = "Your identity could not be verified. Contact us to have it looked at.";
            return Err(Error::refused("VERIFICATION_FINAL", text, None));
        }
        let row = self.born(caller, &new, (verifier.vendor(), level, vendor_level.as_str()));
        rows::add_session(&mut tx, &row).await.map_err(taken)?;
        tell(&mut tx, &self.world, &row, None, &caller.id.to_string()).await?;
        let made = view(&row, caller);
        finish(&mut tx, &call, &made).await?;
        fail::fail_point!("kyc::before_commit");
        tx.commit().await?;
        fail::fail_point!("kyc::after_commit");
        self.wake.events.notify_one();
        // At once, because only this call knows the name. What fails here is tried again by the worker, without it.
        if let Err(error) = self.open_session(row, &new.claimed()).await {
            tracing::warn!(%error, "a verification was not begun at its vendor yet");
        }
        // As a repeated call is answered: not open yet.
        Ok(made)
    }

    fn born(
        &self,
        caller: &Principal,
        new: &NewVerification,
        (vendor, level, vendor_level): (Vendor, IdentityLevel, &str),
    ) -> SessionRow {
        let now = self.world.clock.now();
        let settings = &self.world.settings.kyc;
        SessionRow {
            id: new.id.unwrap_or_else(|| self.world.ids.next()),
            tenant: caller.tenant.0,
            borrower: new.borrower.unwrap_or(caller.id).0,
            vendor,
            level,
            vendor_level: vendor_level.to_owned(),
            subject: None,
            run: None,
            state: SessionState::Created,
            version: 1,
            reason: None,
            labels: Vec::new(),
            attempts: 0,
            claimed_name: NameKeys::of(&settings.name_key, &new.full_name).to_bytes(),
            verified_name: None,
            consent_at: now,
            consent_country: new.country.clone(),
            consent_region: new.region.clone(),
            last_event_ms: 0,
            failures: 0,
            // The worker begins it at the vendor when this call does not come to it.
            look_at: Some(now + settings.patience * 2),
            created_at: now,
            changed_at: now,
            decided_at: None,
            verified_until: None,
        }
    }

    /// Begins a session at its vendor. Repeated, the vendor finds what the first call made.
    pub(super) async fn open_session(&self, row: SessionRow, claimed: &ClaimedPerson) -> Result<SessionRow, Error> {
        let verifier = self.verifier_of(&row)?;
        let consent = consent(&row);
        let new = domain::ports::NewVerification {
            session: row.id,
            level: &row.vendor_level,
            claimed,
            consent: &consent,
        };
        let begun = verifier.begin(&new, self.kyc_deadline()).await.map_err(failed)?;
        let mut tx = self.world.db.begin().await?;
        let mut row = rows::hold_session(&mut tx, row.id).await?.ok_or(Error::NotFound)?;
        if row.state != SessionState::Created {
            return Ok(row);
        }
        row.subject = Some(begun.reference.subject);
        row.run = begun.reference.run;
        (row.state, row.failures) = (SessionState::Open, 0);
        row.look_at = Some(self.world.clock.now() + self.world.settings.kyc.look);
        stepped(&mut tx, &self.world, (&mut row, SessionState::Created), "system").await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(row)
    }

    /// A fresh page of the vendor's for the borrower. It is not stored, and a repeated call gives another one.
    ///
    /// Refusals: `VERIFICATION_NOT_OPEN`.
    pub async fn verification_link(&self, caller: &Principal, id: Uuid) -> Result<WebLink, Error> {
        let row = self.enterable(caller, id).await?;
        let (reference, consent) = (reference(&row)?, consent(&row));
        let again = Again {
            of: &reference,
            consent: &consent,
        };
        let (ttl, deadline) = (self.world.settings.kyc.link, self.kyc_deadline());
        let Entry { reference, way } = self
            .verifier_of(&row)?
            .link(&again, ttl, deadline)
            .await
            .map_err(failed)?;
        self.note_run(row.id, &reference).await?;
        Ok(way)
    }

    /// A fresh token for the vendor's software on the borrower's device. Refusals as of [`Self::verification_link`].
    pub async fn verification_token(&self, caller: &Principal, id: Uuid) -> Result<DeviceToken, Error> {
        let row = self.enterable(caller, id).await?;
        let (reference, consent) = (reference(&row)?, consent(&row));
        let again = Again {
            of: &reference,
            consent: &consent,
        };
        let (ttl, deadline) = (self.world.settings.kyc.link, self.kyc_deadline());
        let Entry { reference, way } = self
            .verifier_of(&row)?
            .token(&again, ttl, deadline)
            .await
            .map_err(failed)?;
        self.note_run(row.id, &reference).await?;
        Ok(way)
    }

    async fn enterable(&self, caller: &Principal, id: Uuid) -> Result<SessionRow, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = seen(rows::session(&mut conn, id).await?, caller)?;
        check(caller, Action::Create, &about(&row))?;
        drop(conn);
        let row = if row.state == SessionState::Created {
            self.open_session(row, &ClaimedPerson::default()).await?
        } else {
            row
        };
        if matches!(
            row.state,
            SessionState::Open | SessionState::Pending | SessionState::Retry
        ) {
            return Ok(row);
        }
        let text = "This verification does not wait for you.";
        Err(Error::refused("VERIFICATION_NOT_OPEN", text, Some("id")))
    }

    /// Where the vendor began a new run, its callbacks count from now on and those of the old one do not.
    async fn note_run(&self, id: Uuid, reference: &VendorRef) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        let mut row = rows::hold_session(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if row.run != reference.run && row.state.is_running() {
            row.run.clone_from(&reference.run);
            rows::write_session(&mut tx, &row).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Has the vendors of a borrower forget the borrower, and forgets the names ourselves: for erasure. Repeating it changes nothing;
    /// what failed is reported, and repeated by the caller. Answers how many sessions were erased.
    pub async fn erase_verifications(&self, owner: (domain::TenantId, PrincipalId)) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let found = rows::of_borrower(&mut conn, owner).await?;
        drop(conn);
        let mut erased = 0;
        for row in found.into_iter().filter(|row| row.state != SessionState::Erased) {
            if row.subject.is_some() {
                let done = self
                    .verifier_of(&row)?
                    .delete(&reference(&row)?, self.kyc_deadline())
                    .await;
                done.map_err(failed)?;
            }
            let mut tx = self.world.db.begin().await?;
            let mut row = rows::hold_session(&mut tx, row.id).await?.ok_or(Error::NotFound)?;
            let from = row.state;
            if from != SessionState::Erased {
                row.state = SessionState::Erased;
                (row.subject, row.run, row.reason, row.verified_name) = (None, None, None, None);
                (row.claimed_name, row.labels) = (Vec::new(), Vec::new());
                stepped(&mut tx, &self.world, (&mut row, from), "system").await?;
                erased += 1;
            }
            tx.commit().await?;
        }
        self.wake.events.notify_one();
        Ok(erased)
    }

    pub(super) fn verifier_of(&self, row: &SessionRow) -> Result<&std::sync::Arc<dyn Verifier>, Error> {
        let found = self.world.settings.kyc.verifier(row.vendor);
        found.ok_or_else(|| failed(VerifyError::Unavailable("the vendor is not configured".into())))
    }

    pub(super) fn kyc_deadline(&self) -> Instant {
        Instant::now() + self.world.settings.kyc.patience
    }
}

fn taken(error: sqlx::Error) -> Error {
    match constraint(&error) {
        Some("session_one_running") => Error::refused("VERIFICATION_RUNNING", "A verification is under way.", None),
        Some("session_pkey") => Error::refused("ID_TAKEN", "This id is in use.", Some("id")),
        _ => error.into(),
    }
}

/// The vendor's names of a session.
pub(super) fn reference(row: &SessionRow) -> Result<VendorRef, Error> {
    let subject = row.subject.clone().ok_or(Error::NotFound)?;
    Ok(VendorRef {
        session: row.id,
        subject,
        run: row.run.clone(),
        level: row.vendor_level.clone(),
    })
}

/// The consent of a session.
pub(super) fn consent(row: &SessionRow) -> BiometricConsent {
    BiometricConsent {
        at: row.consent_at,
        ip: None,
        country: row.consent_country.clone(),
        region: row.consent_region.clone(),
    }
}

/// A vendor that does not answer is a dependency that does not.
pub(super) fn failed(error: VerifyError) -> Error {
    metrics::counter!("usance_kyc_failures_total", "code" => error.code()).increment(1);
    Error::Unavailable(Box::new(error))
}

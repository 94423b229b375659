//! The cookie of a session: 256 random bits, changed at every renewal.

use ::audit::Code;
use chrono::Duration;
use domain::Principal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::passwords::random;
use super::{People, SessionError, SignedIn};
use crate::api::Error;
use crate::store::sessions::{self as rows, LoginRow, SessionRow};

/// Value of a cookie. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(secret)")
    }
}

impl Ticket {
    fn fresh() -> Self {
        Self(hex::encode(random::<32>()))
    }

    /// The value of a cookie that came in; none when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        fits.then(|| Self(text.to_owned()))
    }

    /// The value, to be written into a cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl People<'_> {
    /// How long a session of that principal lives unused, and at all.
    fn lifetimes(&self, principal: &Principal) -> (Duration, Duration) {
        if principal.role == domain::Role::Borrower {
            self.settings.customers
        } else {
            self.settings.staff
        }
    }

    /// Begins a session; `how` is the code of the audit trail.
    pub(super) async fn begin_session(
        &self,
        (login, principal): (&LoginRow, Principal),
        name: String,
        how: Code,
    ) -> Result<SignedIn, SessionError> {
        if !::access::has_tokens(principal.role) {
            return Err(SessionError::Denied("WRONG_CREDENTIALS"));
        }
        let now = self.now();
        let (idle, whole) = self.lifetimes(&principal);
        let row = SessionRow {
            id: self.ids.next(),
            login_id: login.id,
            principal_id: principal.id.0,
            generation: 1,
            begun_at: now,
            rotated_at: now,
            idle_until: now + idle.min(whole),
            ends_at: now + whole,
            ended_at: None,
        };
        let ticket = Ticket::fresh();
        let mut tx = self.db.begin().await?;
        rows::add_session(&mut tx, &row).await?;
        rows::add_cookie(&mut tx, &ticket.digest(), (row.id, 1), now).await?;
        self.note(&mut tx, (&principal, row.id), (Code::of("session.begun"), how))
            .await?;
        tx.commit().await?;
        metrics::counter!("usance_sign_ins_total", "role" => principal.role.as_str()).increment(1);
        Ok(SignedIn {
            principal,
            name,
            ticket,
            keep_seconds: idle.min(whole).num_seconds(),
        })
    }

    /// Goes on with a session: the cookie is replaced. One that was replaced before, but for the last few seconds, ends the session.
    pub async fn renew(&self, ticket: &Ticket) -> Result<SignedIn, SessionError> {
        let gone = SessionError::Denied("NO_SESSION");
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let Some((session, generation)) = rows::hold_session(&mut tx, &ticket.digest()).await? else {
            return Err(gone);
        };
        if session.ended_at.is_some() || now >= session.idle_until || now >= session.ends_at {
            return Err(gone);
        }
        let principal = self.principal(&mut tx, session.principal_id).await?;
        let late = now - session.rotated_at > self.settings.grace;
        let newest = generation == session.generation;
        if !newest && (late || generation + 1 != session.generation) {
            rows::end_session(&mut tx, session.id, ("REUSED", now)).await?;
            let noted = (Code::of("session.ended"), Code::of("REUSED"));
            self.note(&mut tx, (&principal, session.id), noted).await?;
            tx.commit().await?;
            metrics::counter!("usance_sign_in_refused_total", "why" => "reuse").increment(1);
            tracing::warn!(session = %session.id, "a cookie that was replaced came again: its session is ended");
            return Err(gone);
        }
        let idle = self.lifetimes(&principal).0;
        let idle_until = session.ends_at.min(now + idle);
        if newest {
            rows::rotate(&mut tx, session.id, now, idle_until).await?;
        }
        // The other of two tabs gets a cookie beside the first one's: whichever the browser keeps is good.
        let next = Ticket::fresh();
        let generation = session.generation + i32::from(newest);
        rows::add_cookie(&mut tx, &next.digest(), (session.id, generation), now).await?;
        let login = rows::login_by_id(&mut tx, session.login_id).await?;
        tx.commit().await?;
        let login = login.ok_or(Error::NotFound)?;
        Ok(SignedIn {
            name: self.name(&login, &principal).await?,
            principal,
            ticket: next,
            keep_seconds: (idle_until - now).num_seconds(),
        })
    }

    /// Ends the session of a cookie, whichever of its cookies it is. Without a session nothing happens.
    pub async fn end(&self, ticket: &Ticket) -> Result<(), SessionError> {
        let mut tx = self.db.begin().await?;
        let found = rows::hold_session(&mut tx, &ticket.digest()).await?;
        let Some((session, _)) = found.filter(|(session, _)| session.ended_at.is_none()) else {
            return Ok(());
        };
        let principal = self.principal(&mut tx, session.principal_id).await?;
        rows::end_session(&mut tx, session.id, ("SIGNED_OUT", self.now())).await?;
        let noted = (Code::of("session.ended"), Code::of("SIGNED_OUT"));
        self.note(&mut tx, (&principal, session.id), noted).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends every session of a login.
    pub(super) async fn end_all(&self, conn: &mut sqlx::PgConnection, login: Uuid) -> Result<(), Error> {
        Ok(rows::end_sessions_of(conn, login, ("PASSWORD", self.now())).await?)
    }
}

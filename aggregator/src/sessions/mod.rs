//! People sign in: by password, or by a wallet (ERC-4361). A browser holds a random cookie that is changed at every use; access
//! tokens are made from it elsewhere.
//!
//! Logins are found by a keyed hash and named by a sealed value. Of cookies only digests are kept. A cookie that was replaced and comes
//! again ends its whole session: somebody has a copy.

mod cookies;
mod passwords;
mod people;
#[cfg(test)]
mod tests;
mod tries;
mod wallet;

use ::audit::{Code, Object, Record};
use ::privacy::{Pii, Place, Purpose, Whose};
use chrono::{DateTime, Duration, Utc};
use domain::Principal;
use domain::ids::TenantId;
use domain::ports::{Clock, Ids};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::Aggregator;
use crate::api::Error;
use crate::privacy::{Vault, VaultError};
use crate::store::sessions as rows;

pub use cookies::Ticket;
pub(crate) use passwords::random;
pub use passwords::{Hashing, LONGEST_PASSWORD, SHORTEST_PASSWORD};
pub use people::NewPerson;
pub use wallet::{Challenge, WalletSite};

/// Passwords of development begin so; production refuses them.
pub const DEVELOPMENT_PASSWORD: &str = "usance-dev-only-";

/// How long sessions live, and who may register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// The tenant that people who register become borrowers of; none: nobody registers.
    pub public_tenant: Option<TenantId>,
    /// Refuses the passwords that `usance dev` prints.
    pub refuse_development: bool,
    /// A session of a customer ends when it was not used for so long, and at the latest after so long.
    pub customers: (Duration, Duration),
    /// The same of staff, providers and integrators.
    pub staff: (Duration, Duration),
    /// A cookie that was replaced so lately still counts: two tabs raced, or an answer was lost.
    pub grace: Duration,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            public_tenant: None,
            refuse_development: true,
            customers: (Duration::days(14), Duration::days(30)),
            staff: (Duration::hours(2), Duration::hours(12)),
            grace: Duration::seconds(10),
        }
    }
}

/// Why nobody was signed in, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Not with that: sign in anew. With a code; nothing tells an unknown login from a wrong password.
    #[error("not signed in: {0}")]
    Denied(&'static str),
    /// Too often: wait so many seconds.
    #[error("too many tries, again in {seconds} s")]
    TooMany {
        /// Seconds until the next try counts.
        seconds: u32,
    },
    /// As everywhere else.
    #[error("signing in failed")]
    Failed(#[from] Error),
}

impl From<sqlx::Error> for SessionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<VaultError> for SessionError {
    fn from(error: VaultError) -> Self {
        Self::Failed(error.into())
    }
}

/// Somebody who is signed in, with what their browser is to keep.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub principal: Principal,
    /// What they signed in as: an e-mail address or a wallet.
    pub name: String,
    /// The cookie's value.
    pub ticket: Ticket,
    /// Seconds that the browser keeps it.
    pub keep_seconds: i64,
}

/// The use cases around signing in. They need no lender and no chain, so a command can run them on the database alone.
#[derive(Clone, Copy)]
pub struct People<'a> {
    /// Primary database.
    pub db: &'a PgPool,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub ids: &'a dyn Ids,
    /// Keys of logins and names.
    pub vault: &'a Vault,
    /// Figures.
    pub settings: &'a SessionSettings,
    /// Hashes passwords.
    pub hashing: &'a Hashing,
}

impl std::fmt::Debug for People<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Aggregator {
    /// Signing in.
    pub fn people(&self) -> People<'_> {
        People {
            db: &self.world.db,
            clock: self.world.clock.as_ref(),
            ids: self.world.ids.as_ref(),
            vault: &self.world.vault,
            settings: &self.world.settings.sessions,
            hashing: &self.hashing,
        }
    }

    /// Takes away tries, challenges and sessions that ended a day ago or earlier.
    pub async fn sweep_sessions(&self) -> Result<(), Error> {
        let mut conn = self.world.db.acquire().await?;
        Ok(rows::sweep(&mut conn, self.world.clock.now() - Duration::days(1)).await?)
    }
}

impl People<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The name of a login under its person's key, at its place.
    async fn seal_name(&self, whose: Whose, login: Uuid, name: &str) -> Result<Vec<u8>, VaultError> {
        let value = Pii::new(name.as_bytes().to_vec());
        let place = Place::new(&::privacy::places::LOGIN_NAME, login, 1);
        Ok(self.vault.seal(whose, place, &value).await?.into_bytes())
    }

    /// What a person signed in as. When the person was forgotten, the login is taken away and nobody is signed in.
    async fn name(&self, login: &rows::LoginRow, principal: &Principal) -> Result<String, SessionError> {
        let whose = crate::privacy::whose(principal.tenant, principal.id);
        let place = Place::new(&::privacy::places::LOGIN_NAME, login.id, 1);
        let sealed = ::privacy::Sealed::from_bytes(login.name_sealed.clone()).map_err(VaultError::from)?;
        let opened = match self.vault.open(whose, place, &sealed).await {
            Err(VaultError::Erased) => {
                let mut conn = self.db.acquire().await?;
                rows::remove_login(&mut conn, login.id).await?;
                return Err(SessionError::Denied("WRONG_CREDENTIALS"));
            }
            other => other?,
        };
        // Shown to nobody but the person.
        let exposed = opened.expose(Purpose::SubjectAccess);
        Ok(String::from_utf8_lossy(exposed.value()).into_owned())
    }

    async fn principal(&self, conn: &mut PgConnection, id: Uuid) -> Result<Principal, Error> {
        let row = crate::store::identity::principal(conn, id).await?;
        crate::identity::principal_of(row.ok_or(Error::NotFound)?)
    }

    /// Records what a person did with their session, in the caller's transaction.
    async fn note(
        &self,
        conn: &mut PgConnection,
        (principal, session): (&Principal, Uuid),
        (action, decision): (Code, Code),
    ) -> Result<(), Error> {
        let object = Object::of(Code::of("session"), session);
        let record = Record::new(principal.tenant.0, crate::audit::actor(principal), action, object);
        let entry = record
            .about(principal.id.0)
            .decided(decision)
            .at(self.ids.next(), self.now());
        crate::store::audit::insert_entries(conn, &[entry]).await
    }
}

//! Logins with passwords: registering, signing in, and people that an administrator adds.

use std::net::IpAddr;

use ::audit::Code;
use domain::ids::{PrincipalId, ProviderId, TenantId};
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use uuid::Uuid;

use super::passwords::{flaw, random_text};
use super::tries::Try;
use super::{DEVELOPMENT_PASSWORD, People, SessionError, SignedIn};
use crate::api::Error;
use crate::identity::{fits, put_principal};
use crate::store::sessions::{self as rows, LoginRow};

/// Longest login, characters.
const LONGEST_LOGIN: usize = 254;

/// A person whom an administrator adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// Id of the principal; none makes one.
    pub id: Option<PrincipalId>,
    /// What they sign in as.
    pub login: String,
    /// Tenant.
    pub tenant: TenantId,
    /// Role.
    pub role: Role,
    /// The lender that a provider speaks for.
    pub provider: Option<ProviderId>,
    /// Groups of staff.
    pub groups: Vec<Group>,
}

/// One way to write a login.
fn normal(login: &str) -> String {
    login.trim().to_lowercase()
}

/// Whether it looks like an address that mail can be sent to: enough to find a slip, nothing more.
fn is_email(login: &str) -> bool {
    let Some((local, domain)) = login.split_once('@') else {
        return false;
    };
    let plain = login.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty());
    plain && !local.is_empty() && dotted && !domain.contains('@')
}

fn taken() -> SessionError {
    let text = "This login is in use. Sign in, or use another.";
    Error::refused("LOGIN_TAKEN", text, Some("login")).into()
}

impl People<'_> {
    async fn hmac(&self, login: &str) -> Result<[u8; 32], SessionError> {
        Ok(self.vault.keyed("login", login.as_bytes()).await?)
    }

    fn check_password(&self, password: &str, login: &str) -> Result<(), Error> {
        if let Some(flaw) = flaw(password, login) {
            return Err(Error::invalid("password", flaw));
        }
        if self.settings.refuse_development && password.starts_with(DEVELOPMENT_PASSWORD) {
            return Err(Error::invalid("password", "a password of development is public"));
        }
        Ok(())
    }

    /// Signs in by password. An unknown login and a wrong password have the same answer and take as long.
    pub async fn sign_in(&self, login: &str, password: &str, from: Option<IpAddr>) -> Result<SignedIn, SessionError> {
        let hmac = self.hmac(&normal(login)).await?;
        self.count(Try::Password(hmac), from).await?;
        self.sign_in_as(hmac, password, from).await
    }

    async fn sign_in_as(&self, hmac: [u8; 32], password: &str, from: Option<IpAddr>) -> Result<SignedIn, SessionError> {
        let mut conn = self.db.acquire().await?;
        let row = rows::login(&mut conn, &hmac).await?;
        drop(conn);
        let public = self.settings.refuse_development && password.starts_with(DEVELOPMENT_PASSWORD);
        let stored = row.as_ref().and_then(|row| row.password.clone());
        let right = self.hashing.verify(password.to_owned(), stored).await? && !public;
        let Some(row) = row.filter(|_| right) else {
            metrics::counter!("usance_sign_in_refused_total", "why" => "credentials").increment(1);
            return Err(SessionError::Denied("WRONG_CREDENTIALS"));
        };
        self.forgive(hmac, from).await?;
        let mut conn = self.db.acquire().await?;
        let principal = self.principal(&mut conn, row.principal_id).await?;
        drop(conn);
        let name = self.name(&row, &principal).await?;
        self.begin_session((&row, principal), name, Code::of("PASSWORD")).await
    }

    /// Makes a borrower of the public tenant and signs them in. Somebody who is there with that password is signed in, so a repeated call
    /// is harmless.
    ///
    /// Refusals: `REGISTRATION_CLOSED`, `LOGIN_TAKEN`.
    pub async fn register(&self, login: &str, password: &str, from: Option<IpAddr>) -> Result<SignedIn, SessionError> {
        let tenant = self.public_tenant()?;
        let login = normal(login);
        if !is_email(&login) || login.chars().count() > LONGEST_LOGIN {
            return Err(Error::invalid("login", "an e-mail address").into());
        }
        self.check_password(password, &login)?;
        self.count(Try::Register, from).await?;
        let hmac = self.hmac(&login).await?;
        let mut conn = self.db.acquire().await?;
        let known = rows::login(&mut conn, &hmac).await?.is_some();
        drop(conn);
        if !known {
            let person = NewPerson {
                id: None,
                login,
                tenant,
                role: Role::Borrower,
                provider: None,
                groups: Vec::new(),
            };
            if let Some(signed_in) = self.enrol(&person, (hmac, password)).await? {
                return Ok(signed_in);
            }
        }
        self.count(Try::Password(hmac), from).await?;
        match self.sign_in_as(hmac, password, from).await {
            Err(SessionError::Denied(_)) => Err(taken()),
            other => other,
        }
    }

    /// None when the login came to be meanwhile.
    async fn enrol(
        &self,
        person: &NewPerson,
        (hmac, password): ([u8; 32], &str),
    ) -> Result<Option<SignedIn>, SessionError> {
        let Some((row, principal)) = self.store_person(person, (hmac, Some(password)), "PASSWORD").await? else {
            return Ok(None);
        };
        let signed_in = self.begin_session((&row, principal), person.login.clone(), Code::of("REGISTERED"));
        Ok(Some(signed_in.await?))
    }

    /// The tenant that people register with.
    pub(super) fn public_tenant(&self) -> Result<TenantId, Error> {
        let text = "Nobody registers here; ask for an account.";
        let closed = || Error::refused("REGISTRATION_CLOSED", text, None);
        self.settings.public_tenant.ok_or_else(closed)
    }

    /// Stores a principal with a login; none when another has the login.
    pub(super) async fn store_person(
        &self,
        person: &NewPerson,
        (hmac, password): ([u8; 32], Option<&str>),
        kind: &str,
    ) -> Result<Option<(LoginRow, Principal)>, SessionError> {
        let principal = Principal {
            id: person.id.unwrap_or_else(|| PrincipalId(self.ids.next())),
            tenant: person.tenant,
            role: person.role,
            provider: person.provider.clone(),
            standing: Standing::of(&person.groups),
        };
        fits(&principal)?;
        let id: Uuid = self.ids.next();
        let whose = crate::privacy::whose(principal.tenant, principal.id);
        let password = match password {
            Some(password) => Some(self.hashing.hash(password.to_owned()).await?),
            None => None,
        };
        // Sealed before the transaction begins, so that it waits for no key service.
        let row = LoginRow {
            id,
            principal_id: principal.id.0,
            kind: kind.to_owned(),
            password,
            name_sealed: self.seal_name(whose, id, &person.login).await?,
        };
        let now = self.now();
        let mut tx = self.db.begin().await?;
        put_principal(&mut tx, &principal, now).await?;
        if !rows::add_login(&mut tx, &row, &hmac, now).await? {
            return Ok(None);
        }
        let noted = (Code::of("person.added"), Code::of(principal.role.as_str()));
        self.note(&mut tx, (&principal, id), noted).await?;
        tx.commit().await?;
        Ok(Some((row, principal)))
    }

    /// Adds a person by an administrator, with that password or one that is made; answers the principal and the password that was made.
    ///
    /// Refusals: `LOGIN_TAKEN`, `NO_LOGIN`, `ID_TAKEN`.
    pub async fn add(
        &self,
        person: &NewPerson,
        password: Option<String>,
    ) -> Result<(Principal, Option<String>), SessionError> {
        let login = normal(&person.login);
        let length = login.chars().count();
        if !(1..=LONGEST_LOGIN).contains(&length) || login.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(Error::invalid("login", "1 to 254 characters without spaces").into());
        }
        if !::access::has_tokens(person.role) {
            let text = "A process of ours does not sign in.";
            return Err(Error::refused("NO_LOGIN", text, Some("role")).into());
        }
        let (password, made) = chosen(password);
        self.check_password(&password, &login)?;
        let hmac = self.hmac(&login).await?;
        let person = NewPerson {
            login,
            ..person.clone()
        };
        let stored = self.store_person(&person, (hmac, Some(&password)), "PASSWORD");
        let (_, principal) = stored.await?.ok_or_else(taken)?;
        Ok((principal, made))
    }

    /// Gives a login another password and ends its sessions; answers the password that was made. `NotFound` without such a login.
    pub async fn set_password(&self, login: &str, password: Option<String>) -> Result<Option<String>, SessionError> {
        let login = normal(login);
        let (password, made) = chosen(password);
        self.check_password(&password, &login)?;
        let row = self.known(&login).await?;
        let hash = self.hashing.hash(password).await?;
        let mut tx = self.db.begin().await?;
        let principal = self.principal(&mut tx, row.principal_id).await?;
        rows::set_password(&mut tx, row.id, &hash, self.now()).await?;
        self.end_all(&mut tx, row.id).await?;
        let noted = (Code::of("person.changed"), Code::of("PASSWORD"));
        self.note(&mut tx, (&principal, row.id), noted).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Takes a login away, and its sessions with it. The principal stays. `NotFound` without such a login.
    pub async fn remove(&self, login: &str) -> Result<(), SessionError> {
        let row = self.known(&normal(login)).await?;
        let mut tx = self.db.begin().await?;
        let principal = self.principal(&mut tx, row.principal_id).await?;
        rows::remove_login(&mut tx, row.id).await?;
        let noted = (Code::of("person.changed"), Code::of("REMOVED"));
        self.note(&mut tx, (&principal, row.id), noted).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn known(&self, login: &str) -> Result<LoginRow, SessionError> {
        let hmac = self.hmac(login).await?;
        let mut conn = self.db.acquire().await?;
        let row = rows::login(&mut conn, &hmac).await?;
        Ok(row.filter(|row| row.kind == "PASSWORD").ok_or(Error::NotFound)?)
    }
}

/// The password given, or one of 100 random bits and that it was made.
fn chosen(password: Option<String>) -> (String, Option<String>) {
    if let Some(password) = password {
        return (password, None);
    }
    let made = random_text(20);
    (made.clone(), Some(made))
}

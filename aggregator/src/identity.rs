//! Tenants, principals and API clients.

use chrono::{DateTime, Utc};
use domain::ids::{PrincipalId, ProviderId, TenantId};
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::api::Error;
use crate::store::{Unreadable, corrupt, identity as rows};
use crate::{Aggregator, store};

/// Shortest secret of an API client, bytes: 128 random bits as hexadecimal text.
const MIN_SECRET: usize = 32;

impl Aggregator {
    /// Adds a tenant. Repeating it changes nothing.
    pub async fn create_tenant(&self, id: TenantId, name: &str) -> Result<(), Error> {
        if !(1..=200).contains(&name.chars().count()) {
            return Err(Error::invalid("name", "1 to 200 characters"));
        }
        let mut conn = self.world.db.acquire().await?;
        Ok(rows::add_tenant(&mut conn, id.0, name, self.world.clock.now()).await?)
    }

    /// Adds a principal. Repeating it changes nothing; the same id with other facts is refused.
    pub async fn create_principal(&self, principal: &Principal) -> Result<(), Error> {
        fits(principal)?;
        let mut conn = self.world.db.acquire().await?;
        put_principal(&mut conn, principal, self.world.clock.now()).await
    }

    /// Adds an API client for a principal, or gives it a new secret. The secret is random, at least 128 bits, and only
    /// its digest is kept.
    pub async fn create_client(&self, client_id: &str, principal: PrincipalId, secret: &str) -> Result<(), Error> {
        let named = (1..=100).contains(&client_id.len()) && client_id.bytes().all(|b| b.is_ascii_graphic());
        if !named {
            return Err(Error::invalid("clientId", "1 to 100 visible ASCII characters"));
        }
        if secret.len() < MIN_SECRET {
            return Err(Error::invalid("secret", "at least 32 characters, made at random"));
        }
        if !::access::has_tokens(self.principal(principal).await?.role) {
            return Err(Error::refused(
                "NO_CLIENT",
                "A process of ours has no client.",
                Some("principal"),
            ));
        }
        let mut conn = self.world.db.acquire().await?;
        let now = self.world.clock.now();
        match rows::put_client(&mut conn, client_id, principal.0, &digest(secret), now).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::refused(
                "ID_TAKEN",
                "This client id is in use or revoked.",
                Some("clientId"),
            )),
            Err(e) if store::constraint(&e) == Some("client_principal_id_fkey") => Err(Error::NotFound),
            Err(e) => Err(e.into()),
        }
    }

    /// Revokes an API client for good.
    pub async fn revoke_client(&self, client_id: &str) -> Result<(), Error> {
        let mut conn = self.world.db.acquire().await?;
        let found = rows::revoke_client(&mut conn, client_id, self.world.clock.now()).await?;
        found.then_some(()).ok_or(Error::NotFound)
    }

    /// Who a client with that secret acts as; `NotFound` for an unknown client, a wrong secret and a revoked one alike.
    /// The comparison is of digests, so its timing tells nothing of the secret.
    pub async fn authenticate_client(&self, client_id: &str, secret: &str) -> Result<Principal, Error> {
        let mut conn = self.world.db.acquire().await?;
        let now = self.world.clock.now();
        let row = rows::client_principal(&mut conn, client_id, &digest(secret), now).await?;
        let principal = principal_of(row.ok_or(Error::NotFound)?)?;
        rows::clients::note_use(&mut conn, client_id, now).await?;
        Ok(principal)
    }

    /// A principal by id.
    pub async fn principal(&self, id: PrincipalId) -> Result<Principal, Error> {
        let mut conn = self.world.db.acquire().await?;
        principal_in(&mut conn, id).await
    }
}

/// Whether these facts of a principal go together.
pub(crate) fn fits(principal: &Principal) -> Result<(), Error> {
    if (principal.role == Role::Provider) != principal.provider.is_some() {
        let text = "a provider names its lender, nobody else does";
        return Err(Error::invalid("provider", text));
    }
    if !principal.role.is_staff() && principal.standing.groups().next().is_some() {
        return Err(Error::invalid("groups", "only staff are in groups"));
    }
    Ok(())
}

/// Stores a principal. Repeating it changes nothing; the same id with other facts is refused.
pub(crate) async fn put_principal(
    conn: &mut PgConnection,
    principal: &Principal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = rows::PrincipalRow {
        id: principal.id.0,
        tenant_id: principal.tenant.0,
        role: principal.role.as_str().to_owned(),
        provider_id: principal.provider.as_ref().map(|p| p.as_str().to_owned()),
        groups: group_names(principal.standing),
        revision: 0,
    };
    match rows::add_principal(conn, &row, now).await {
        Ok(true) => Ok(()),
        Ok(false) if principal_in(conn, principal.id).await? == *principal => Ok(()),
        Ok(false) => Err(Error::refused("ID_TAKEN", "This id is in use.", Some("id"))),
        Err(e) if store::constraint(&e) == Some("principal_tenant_id_fkey") => {
            Err(Error::invalid("tenant", "no such tenant"))
        }
        Err(e) => Err(e.into()),
    }
}

/// A principal by id.
pub(crate) async fn principal_in(conn: &mut PgConnection, id: PrincipalId) -> Result<Principal, Error> {
    principal_of(rows::principal(conn, id.0).await?.ok_or(Error::NotFound)?)
}

/// What is stored of a secret.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Names of groups as they are stored.
pub(crate) fn group_names(standing: Standing) -> Vec<String> {
    standing.groups().map(|group| group.as_str().to_owned()).collect()
}

pub(crate) fn principal_of(row: rows::PrincipalRow) -> Result<Principal, Error> {
    let groups: Option<Vec<Group>> = row.groups.iter().map(|name| Group::parse(name)).collect();
    let groups = groups.ok_or_else(|| corrupt(Unreadable("group")))?;
    Ok(Principal {
        standing: Standing::of(&groups).at(u32::try_from(row.revision).map_err(corrupt)?),
        id: row.id.into(),
        tenant: row.tenant_id.into(),
        role: Role::parse(&row.role).ok_or_else(|| corrupt(Unreadable("role")))?,
        provider: row.provider_id.map(ProviderId::try_from).transpose().map_err(corrupt)?,
    })
}

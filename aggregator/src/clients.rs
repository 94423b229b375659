//! API clients as integrators and lenders keep them: made, given a new secret, revoked.
//!
//! A client has a principal of its own with the role, the tenant and the lender of who made it, and so never more rights. Staff see and
//! revoke clients; they make none, because its secret would let them act as somebody else.

use ::access::Scope;
use ::audit::{Code, Object, Record};
use chrono::{DateTime, Duration, Utc};
use domain::ids::{PrincipalId, ProviderId, TenantId};
use domain::principal::Standing;
use domain::{Principal, Role};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::access::{Action, Class, Resource, check, listing, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::audit::deeds::PLATFORM;
use crate::audit::{actor, record};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::identity::{digest, put_principal};
use crate::sessions::random;
use crate::store::identity;
use crate::store::identity::clients::{self as rows, ClientRow, NewClientRow};
use crate::store::{Unreadable, corrupt};
use crate::{Aggregator, World};

/// How long the secret of before stays good when nothing else is asked, hours.
pub const OVERLAP_HOURS: u32 = 24;
/// Longest overlap, hours.
pub const LONGEST_OVERLAP_HOURS: u32 = 7 * 24;
/// Most clients of one owner that are not revoked.
const MOST: usize = 50;

/// A client without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// The client id of OAuth.
    pub id: String,
    /// Role that it acts in.
    pub role: Role,
    /// Its tenant.
    pub tenant: TenantId,
    /// The lender that it speaks for.
    pub provider: Option<ProviderId>,
    /// What its owner calls it.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last got a new secret.
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it last got a token, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret of before is good as well; none when it is not.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A client with the secret that it was just given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedClient {
    /// The client.
    pub client: ClientView,
    /// Shown once: none when a call is repeated, because the secret is stored nowhere.
    pub secret: Option<String>,
}

impl std::fmt::Debug for IssuedClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// A client of a lender belongs to the lender, any other to its tenant.
fn resource(view: &ClientView) -> Resource<'_> {
    match &view.provider {
        Some(provider) => Resource::platform(Class::ApiClient).with(Some(provider)),
        None => Resource::of_tenant(Class::ApiClient, view.tenant),
    }
}

fn view(row: ClientRow, now: DateTime<Utc>) -> Result<ClientView, Error> {
    Ok(ClientView {
        id: row.client_id,
        role: Role::parse(&row.role).ok_or_else(|| corrupt(Unreadable("role")))?,
        tenant: row.tenant_id.into(),
        provider: row.provider_id.map(ProviderId::try_from).transpose().map_err(corrupt)?,
        label: row.label,
        created_at: row.created_at,
        rotated_at: row.rotated_at,
        last_used_at: row.last_used_at,
        previous_until: row.previous_until.filter(|until| *until > now),
        revoked_at: row.revoked_at,
    })
}

/// A secret of 256 random bits, and what is stored of it.
fn fresh() -> (String, [u8; 32]) {
    let secret = hex::encode(random::<32>());
    let stored = digest(&secret);
    (secret, stored)
}

/// What an owner may call things: 1 to `longest` characters, none of them a control character.
pub(crate) fn named(field: &str, text: &str, longest: usize) -> Result<String, Error> {
    let text = text.trim();
    if !(1..=longest).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("1 to {longest} characters")));
    }
    Ok(text.to_owned())
}

/// The end of an overlap of that many hours; none for an end at once.
pub(crate) fn overlap(now: DateTime<Utc>, hours: Option<u32>) -> Result<Option<DateTime<Utc>>, Error> {
    let hours = hours.unwrap_or(OVERLAP_HOURS);
    if hours > LONGEST_OVERLAP_HOURS {
        return Err(Error::invalid("overlapHours", "0 to 168"));
    }
    Ok((hours > 0).then(|| now + Duration::hours(i64::from(hours))))
}

async fn note(
    conn: &mut PgConnection,
    world: &World,
    caller: &Principal,
    (action, row): (&'static str, &ClientRow),
) -> Result<(), Error> {
    let log = if row.provider_id.is_some() {
        PLATFORM
    } else {
        row.tenant_id
    };
    let object = Object::of(Code::of("api_client"), row.principal_id);
    record(conn, world, Record::new(log, actor(caller), Code::of(action), object)).await?;
    Ok(())
}

impl Aggregator {
    /// Clients that the caller may see: an integrator those of the integrators of its tenant, a lender its own, staff those within
    /// their reach. Borrowers' and staff's are in no list.
    pub async fn api_clients(&self, caller: &Principal) -> Result<Vec<ClientView>, Error> {
        let scope = listing(caller, Class::ApiClient)?;
        let provider = match scope {
            Scope::Lender(provider) => Some(provider.as_str()),
            _ => None,
        };
        let mut conn = self.world.db.acquire().await?;
        let found = rows::clients(&mut conn, scope.tenant().map(|t| t.0), provider).await?;
        let now = self.world.clock.now();
        found.into_iter().map(|row| view(row, now)).collect()
    }

    /// Makes a client with the caller's role, tenant and lender. Its secret is in this answer and nowhere else.
    ///
    /// Refusals: `TOO_MANY_CLIENTS`.
    pub async fn create_api_client(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        label: &str,
    ) -> Result<IssuedClient, Error> {
        may_ever(caller, Action::Create, Class::ApiClient)?;
        let label = named("label", label, 100)?;
        let call = Call::new(caller, key, "createApiClient", &label)?;
        let (principal, at) = (self.world.ids.next(), self.world.clock.now());
        let client_id = format!("cli_{}", principal.simple());
        let (secret, secret_sha256) = fresh();
        let acts = Principal {
            id: PrincipalId(principal),
            standing: Standing::of(&[]),
            ..caller.clone()
        };
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let known = rows::clients(
            &mut tx,
            (caller.provider.is_none()).then_some(caller.tenant.0),
            acts.provider.as_ref().map(ProviderId::as_str),
        )
        .await?;
        if known.iter().filter(|client| client.revoked_at.is_none()).count() >= MOST {
            let text = "There are 50 clients already: revoke one that is not used.";
            return Err(Error::refused("TOO_MANY_CLIENTS", text, None));
        }
        put_principal(&mut tx, &acts, at).await?;
        let new = NewClientRow {
            client_id: &client_id,
            principal,
            label: &label,
            secret_sha256: &secret_sha256,
            by: caller.id.0,
            at,
        };
        rows::add_client(&mut tx, &new).await?;
        let row = rows::hold_client(&mut tx, &client_id).await?.ok_or(Error::NotFound)?;
        note(&mut tx, &self.world, caller, ("api_client.created", &row)).await?;
        let client = view(row, at)?;
        check(caller, Action::Create, &resource(&client))?;
        let stored = IssuedClient { client, secret: None };
        finish(&mut tx, &call, &stored).await?;
        tx.commit().await?;
        Ok(IssuedClient {
            secret: Some(secret),
            ..stored
        })
    }

    /// Gives a client a new secret. The one of before stays good for `overlap_hours` (24 when none is said), or ends at once with 0;
    /// one that was still good from an earlier rotation ends now.
    ///
    /// Refusals: `CLIENT_REVOKED`.
    pub async fn rotate_api_client_secret(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: &str,
        overlap_hours: Option<u32>,
    ) -> Result<IssuedClient, Error> {
        may_ever(caller, Action::Change, Class::ApiClient)?;
        let now = self.world.clock.now();
        let until = overlap(now, overlap_hours)?;
        let call = Call::new(caller, key, "rotateApiClientSecret", &(id, overlap_hours))?;
        let (secret, secret_sha256) = fresh();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let row = rows::hold_client(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let client = view(row.clone(), now)?;
        check(caller, Action::Change, &resource(&client))?;
        if client.revoked_at.is_some() {
            let text = "A revoked client gets no secret; make another one.";
            return Err(Error::refused("CLIENT_REVOKED", text, Some("id")));
        }
        note(&mut tx, &self.world, caller, ("api_client.rotated", &row)).await?;
        rows::rotate_client(&mut tx, id, &secret_sha256, (until, now)).await?;
        let stored = IssuedClient {
            client: ClientView {
                rotated_at: Some(now),
                previous_until: until,
                ..client
            },
            secret: None,
        };
        finish(&mut tx, &call, &stored).await?;
        tx.commit().await?;
        Ok(IssuedClient {
            secret: Some(secret),
            ..stored
        })
    }

    /// Revokes a client for good, with every secret that it has. Tokens that it got before live for their 15 minutes. Revoking it
    /// again changes nothing.
    pub async fn revoke_api_client(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: &str,
    ) -> Result<ClientView, Error> {
        may_ever(caller, Action::Cancel, Class::ApiClient)?;
        let call = Call::new(caller, key, "revokeApiClient", &id)?;
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let row = rows::hold_client(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let seen = view(row, now)?;
        check(caller, Action::Cancel, &resource(&seen))?;
        if seen.revoked_at.is_none() {
            identity::revoke_client(&mut tx, id, now).await?;
        }
        let row = rows::hold_client(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if seen.revoked_at.is_none() {
            note(&mut tx, &self.world, caller, ("api_client.revoked", &row)).await?;
        }
        let client = view(row, now)?;
        finish(&mut tx, &call, &client).await?;
        tx.commit().await?;
        Ok(client)
    }
}

#[cfg(test)]
pub(crate) mod tests;

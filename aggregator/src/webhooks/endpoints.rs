//! Endpoints: made, changed, given a new secret, deleted by their owners.

use ::access::Scope;
use ::audit::{Code, Object, Record};
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::ProviderId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::catalogue::names;
use super::sign::secret_text;
use super::{Owner, WebhookSender};
use crate::access::{Action, Class, check, listing, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::audit::deeds::PLATFORM;
use crate::audit::{actor, record};
use crate::clients::overlap;
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::webhooks::{self as rows, EndpointRow};
use crate::store::{Unreadable, corrupt};
use crate::{Aggregator, World};

/// Most endpoints of one owner.
const MOST: usize = 20;

/// Whether an endpoint is told of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// Its owner asked for it.
    Disabled,
    /// It failed for five days.
    Failing,
    /// It answered 410.
    Gone,
}

/// An endpoint without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointView {
    /// Id.
    pub id: Uuid,
    /// Whose.
    pub owner: Owner,
    /// Where messages go.
    pub url: String,
    /// What its owner calls it; may be empty.
    pub description: String,
    /// Names of events; none: all that the owner may see.
    pub events: Vec<String>,
    /// Whether it is told of anything.
    pub state: EndpointState,
    /// How often its secret was given, 1 the first time.
    pub secret_version: u32,
    /// Until when the secret of before signs as well; none when it does not.
    pub previous_until: Option<DateTime<Utc>>,
    /// Since when every attempt failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An endpoint with the secret that it was just given.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedEndpoint {
    /// The endpoint.
    pub endpoint: EndpointView,
    /// `whsec_…`. A repeated call gets the same one.
    pub secret: String,
}

impl std::fmt::Debug for IssuedEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedEndpoint")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// An endpoint as its owner wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEndpoint {
    /// Where messages go.
    pub url: String,
    /// What its owner calls it; may be empty.
    pub description: String,
    /// Names of events; none: all.
    pub events: Vec<String>,
}

/// What changes of an endpoint; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndpointChange {
    /// Where messages go.
    pub url: Option<String>,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Names of events; empty: all.
    pub events: Option<Vec<String>>,
    /// Whether it is told of anything. Enabling it forgets that it failed; what waited is sent.
    pub enabled: Option<bool>,
}

impl EndpointRow {
    pub(super) fn owner(&self) -> Result<Owner, Error> {
        match (self.tenant_id, &self.provider_id) {
            (Some(tenant), None) => Ok(Owner::Tenant(tenant.into())),
            (None, Some(name)) => Ok(Owner::Lender(ProviderId::try_from(name.clone()).map_err(corrupt)?)),
            _ => Err(corrupt(Unreadable("owner of an endpoint"))),
        }
    }

    pub(super) fn view(self, now: DateTime<Utc>) -> Result<EndpointView, Error> {
        let state = match (self.state.as_str(), self.why.as_deref()) {
            ("ENABLED", None) => EndpointState::Enabled,
            ("DISABLED", Some("ASKED")) => EndpointState::Disabled,
            ("DISABLED", Some("FAILING")) => EndpointState::Failing,
            ("DISABLED", Some("GONE")) => EndpointState::Gone,
            _ => return Err(corrupt(Unreadable("state of an endpoint"))),
        };
        Ok(EndpointView {
            owner: self.owner()?,
            id: self.id,
            url: self.url,
            description: self.description,
            events: self.events,
            state,
            secret_version: u32::try_from(self.secret_version).map_err(corrupt)?,
            previous_until: self.previous_until.filter(|until| *until > now),
            failing_since: self.failing_since,
            created_at: self.created_at,
        })
    }
}

pub(super) async fn note(
    conn: &mut PgConnection,
    world: &World,
    caller: &Principal,
    (action, owner, id): (&'static str, &Owner, Uuid),
) -> Result<(), Error> {
    let log = match owner {
        Owner::Tenant(tenant) => tenant.0,
        Owner::Lender(_) => PLATFORM,
    };
    let object = Object::of(Code::of("webhook_endpoint"), id);
    record(conn, world, Record::new(log, actor(caller), Code::of(action), object)).await?;
    Ok(())
}

/// The endpoint, held until the commit, when the caller may do that to it.
pub(super) async fn held(
    conn: &mut PgConnection,
    caller: &Principal,
    (action, id): (Action, Uuid),
) -> Result<EndpointRow, Error> {
    let row = rows::hold_endpoint(conn, id).await?.ok_or(Error::NotFound)?;
    check(caller, action, &row.owner()?.resource())?;
    Ok(row)
}

fn description(text: &str) -> Result<String, Error> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    crate::clients::named("description", text, 200)
}

fn chosen(mut events: Vec<String>, owner: &Owner) -> Result<Vec<String>, Error> {
    let known = names(owner.is_lender());
    if let Some(unknown) = events.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::invalid("events", format!("no such event: {}", clipped(unknown))));
    }
    events.sort();
    events.dedup();
    Ok(events)
}

fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// A listing is narrowed by these.
pub(super) fn narrowed<'a>(scope: &Scope<'a>) -> (Option<Uuid>, Option<&'a str>) {
    match scope {
        Scope::Lender(provider) => (None, Some(provider.as_str())),
        other => (other.tenant().map(|t| t.0), None),
    }
}

impl Aggregator {
    /// Who sends webhooks. Refusals: `WEBHOOKS_OFF`.
    pub(super) fn webhook_sender(&self) -> Result<&dyn WebhookSender, Error> {
        let text = "This installation sends no webhooks.";
        let sender = self.world.settings.webhooks.sender.as_deref();
        sender.ok_or_else(|| Error::refused("WEBHOOKS_OFF", text, None))
    }

    fn webhook_url(&self, url: &str) -> Result<String, Error> {
        let url = url.trim();
        if !(1..=500).contains(&url.len()) {
            return Err(Error::invalid("url", "1 to 500 characters"));
        }
        let checked = self.webhook_sender()?.check(url);
        checked.map_err(|why| Error::invalid("url", why))?;
        Ok(url.to_owned())
    }

    /// The secret of an endpoint by version: derived from a key of the key store, stored nowhere.
    pub(super) async fn webhook_secret(&self, endpoint: Uuid, version: u32) -> Result<[u8; 32], Error> {
        let value = [endpoint.as_bytes().as_slice(), &version.to_be_bytes()].concat();
        Ok(self.world.vault.keyed("webhook-secret", &value).await?)
    }

    async fn issued(&self, endpoint: EndpointView) -> Result<IssuedEndpoint, Error> {
        let secret = self.webhook_secret(endpoint.id, endpoint.secret_version).await?;
        let secret = secret_text(&secret);
        Ok(IssuedEndpoint { endpoint, secret })
    }

    /// Names of the events that endpoints of the caller can listen to; for staff all.
    pub fn webhook_events(&self, caller: &Principal) -> Result<Vec<&'static str>, Error> {
        listing(caller, Class::Webhook)?;
        let mut found = names(caller.provider.is_some());
        if caller.role.is_staff() {
            found.extend(names(true));
            found.sort_unstable();
            found.dedup();
        }
        Ok(found)
    }

    /// Endpoints that the caller may see, oldest first.
    pub async fn webhook_endpoints(&self, caller: &Principal) -> Result<Vec<EndpointView>, Error> {
        let scope = listing(caller, Class::Webhook)?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::endpoints(&mut conn, narrowed(&scope)).await?;
        let now = self.world.clock.now();
        found.into_iter().map(|row| row.view(now)).collect()
    }

    /// Makes an endpoint of the caller's tenant or lender. Refusals: `WEBHOOKS_OFF`, `TOO_MANY_ENDPOINTS`.
    pub async fn create_webhook_endpoint(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewEndpoint,
    ) -> Result<IssuedEndpoint, Error> {
        may_ever(caller, Action::Create, Class::Webhook)?;
        let owner = Owner::of(caller);
        check(caller, Action::Create, &owner.resource())?;
        let call = Call::new(caller, key, "createWebhookEndpoint", &new)?;
        let url = self.webhook_url(&new.url)?;
        let now = self.world.clock.now();
        let (tenant_id, provider_id) = match &owner {
            Owner::Tenant(tenant) => (Some(tenant.0), None),
            Owner::Lender(provider) => (None, Some(provider.as_str().to_owned())),
        };
        let row = EndpointRow {
            id: self.world.ids.next(),
            tenant_id,
            provider_id,
            url,
            description: description(&new.description)?,
            events: chosen(new.events, &owner)?,
            state: "ENABLED".to_owned(),
            why: None,
            secret_version: 1,
            previous_until: None,
            failing_since: None,
            created_at: now,
        };
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            drop(tx);
            return self.issued(first).await;
        }
        let known = rows::endpoints(&mut tx, (row.tenant_id, row.provider_id.as_deref())).await?;
        if known.len() >= MOST {
            let text = "There are 20 endpoints already: delete one that is not used.";
            return Err(Error::refused("TOO_MANY_ENDPOINTS", text, None));
        }
        rows::add_endpoint(&mut tx, &row, caller.id.0).await?;
        note(&mut tx, &self.world, caller, ("webhook.created", &owner, row.id)).await?;
        let view = row.view(now)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.issued(view).await
    }

    /// Changes an endpoint. Refusals: `WEBHOOKS_OFF`.
    pub async fn update_webhook_endpoint(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: Uuid,
        change: EndpointChange,
    ) -> Result<EndpointView, Error> {
        may_ever(caller, Action::Change, Class::Webhook)?;
        let call = Call::new(caller, key, "updateWebhookEndpoint", &(id, &change))?;
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let mut row = held(&mut tx, caller, (Action::Change, id)).await?;
        let owner = row.owner()?;
        if let Some(url) = &change.url {
            row.url = self.webhook_url(url)?;
        }
        if let Some(text) = &change.description {
            row.description = description(text)?;
        }
        if let Some(events) = change.events {
            row.events = chosen(events, &owner)?;
        }
        match change.enabled {
            Some(true) => {
                (row.state, row.why) = ("ENABLED".to_owned(), None);
                row.failing_since = None;
            }
            Some(false) if row.state == "ENABLED" => {
                (row.state, row.why) = ("DISABLED".to_owned(), Some("ASKED".to_owned()));
            }
            _ => {}
        }
        rows::put_endpoint(&mut tx, &row, now).await?;
        note(&mut tx, &self.world, caller, ("webhook.updated", &owner, id)).await?;
        let view = row.view(now)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Gives an endpoint a new secret. The one of before signs as well for `overlap_hours` (24 when none is said), or ends at once with 0.
    pub async fn rotate_webhook_secret(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: Uuid,
        overlap_hours: Option<u32>,
    ) -> Result<IssuedEndpoint, Error> {
        may_ever(caller, Action::Create, Class::Webhook)?;
        let now = self.world.clock.now();
        let until = overlap(now, overlap_hours)?;
        let call = Call::new(caller, key, "rotateWebhookSecret", &(id, overlap_hours))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            drop(tx);
            return self.issued(first).await;
        }
        let mut row = held(&mut tx, caller, (Action::Create, id)).await?;
        row.secret_version += 1;
        row.previous_until = until;
        rows::put_endpoint(&mut tx, &row, now).await?;
        note(
            &mut tx,
            &self.world,
            caller,
            ("webhook.secret_rotated", &row.owner()?, id),
        )
        .await?;
        let view = row.view(now)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.issued(view).await
    }

    /// Deletes an endpoint; what waited for it is not sent any more.
    pub async fn delete_webhook_endpoint(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        id: Uuid,
    ) -> Result<EndpointView, Error> {
        may_ever(caller, Action::Change, Class::Webhook)?;
        let call = Call::new(caller, key, "deleteWebhookEndpoint", &id)?;
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(first) = begin(&mut tx, &self.world, &call).await? {
            return Ok(first);
        }
        let row = held(&mut tx, caller, (Action::Change, id)).await?;
        rows::delete_endpoint(&mut tx, id, now).await?;
        note(&mut tx, &self.world, caller, ("webhook.deleted", &row.owner()?, id)).await?;
        let view = row.view(now)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }
}

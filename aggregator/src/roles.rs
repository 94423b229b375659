//! Roles and groups of staff, and the tokens that end when they change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::Duration;
use domain::ids::{PrincipalId, TenantId};
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::events::{Event, append};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::identity::{group_names, principal_of};
use crate::store::identity::{self as rows, PrincipalRow, RoleChange};

/// Changes are remembered for longer than any token of before them lives.
const REMEMBERED: Duration = Duration::minutes(20);
/// Longest reason, characters.
const LONGEST: usize = 500;

/// Revisions of principals whose role changed lately. A token of an earlier revision is no longer good.
#[derive(Debug, Default)]
pub(crate) struct Revisions(RwLock<HashMap<PrincipalId, u32>>);

/// A principal as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalView {
    /// Id.
    pub id: PrincipalId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Role.
    pub role: Role,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// Number of changes of role and groups.
    pub revision: u32,
}

impl From<Principal> for PrincipalView {
    fn from(principal: Principal) -> Self {
        Self {
            id: principal.id,
            tenant: principal.tenant,
            role: principal.role,
            groups: group_names(principal.standing),
            revision: principal.standing.revision,
        }
    }
}

/// A change of role as an administrator wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewRole {
    /// Whose.
    pub principal: PrincipalId,
    /// The role from now on.
    pub role: Role,
    /// Names of all groups from now on.
    pub groups: Vec<String>,
}

/// A principal as access sees it: the one whom it is about is the principal itself.
fn resource(row: &PrincipalRow) -> Resource<'static> {
    Resource::about(Class::Principal, TenantId(row.tenant_id), PrincipalId(row.id))
}

impl Aggregator {
    /// A principal, for administrators.
    pub async fn principal_view(&self, caller: &Principal, id: PrincipalId) -> Result<PrincipalView, Error> {
        may_ever(caller, Action::Read, Class::Principal)?;
        let mut conn = self.world.db.acquire().await?;
        let row = rows::principal(&mut conn, id.0).await?.ok_or(Error::NotFound)?;
        check(caller, Action::Read, &resource(&row))?;
        Ok(principal_of(row)?.into())
    }

    /// Changes role and groups of a member of staff; its tokens end. Nobody changes their own, a customer stays a customer, and
    /// the group `platform` is given only by one who is in it.
    ///
    /// Refusals: `NOT_STAFF`, `ROLE_UNCHANGED`.
    pub async fn change_role(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewRole,
        reason: &str,
    ) -> Result<PrincipalView, Error> {
        may_ever(caller, Action::Change, Class::Principal)?;
        let reason = reason.trim();
        if !(1..=LONGEST).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
            return Err(Error::invalid("reason", "1 to 500 characters"));
        }
        let groups: Option<Vec<Group>> = new.groups.iter().map(|name| Group::parse(name)).collect();
        let groups = groups.ok_or_else(|| Error::invalid("groups", "platform, aml"))?;
        let standing = Standing::of(&groups);
        let call = Call::new(caller, key, "changeRole", &(&new, reason))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let before = rows::hold_principal(&mut tx, new.principal.0)
            .await?
            .ok_or(Error::NotFound)?;
        check(caller, Action::Change, &resource(&before))?;
        let after = after(caller, &before, (new.role, standing))?;
        let change = RoleChange {
            before: &before,
            after: &after,
            by: caller.id.0,
            reason,
            at: self.world.clock.now(),
        };
        rows::change_role(&mut tx, &change).await?;
        let told = Event {
            aggregate: "principal",
            aggregate_id: after.id,
            version: after.revision,
            kind: "RoleChanged",
            payload: json!({
                "principal": after.id, "tenant": after.tenant_id, "from": before.role, "to": after.role,
                "groups": after.groups, "by": caller.id, "revision": after.revision,
            }),
        };
        append(&mut tx, &self.world, &[told]).await?;
        let view = PrincipalView::from(principal_of(after)?);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.revisions.put(view.id, view.revision);
        self.wake.events.notify_one();
        Ok(view)
    }

    /// Whether role and groups of a caller are those in force, as far as this process knows: what another process changed is known
    /// within a second.
    pub fn is_current(&self, caller: &Principal) -> bool {
        self.revisions
            .of(caller.id)
            .is_none_or(|now| caller.standing.revision >= now)
    }

    /// Reads which roles changed lately.
    pub async fn refresh_roles(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let since = self.world.clock.now() - REMEMBERED;
        let found = rows::revisions_since(&mut conn, since).await?;
        let read = |(id, revision)| Some((PrincipalId(id), u32::try_from(revision).ok()?));
        self.revisions.take(found.into_iter().filter_map(read));
        Ok(0)
    }
}

impl Revisions {
    fn of(&self, id: PrincipalId) -> Option<u32> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).copied()
    }

    fn put(&self, id: PrincipalId, revision: u32) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let place = known.entry(id).or_default();
        *place = revision.max(*place);
    }

    /// No revision goes back: a change may have come between reading and this. There are as many entries as members of staff.
    fn take(&self, found: impl Iterator<Item = (PrincipalId, u32)>) {
        for (id, revision) in found {
            self.put(id, revision);
        }
    }
}

/// The principal after the change.
fn after(caller: &Principal, before: &PrincipalRow, (role, standing): (Role, Standing)) -> Result<PrincipalRow, Error> {
    let staff = Role::parse(&before.role).is_some_and(Role::is_staff) && role.is_staff();
    if !staff {
        let text = "Only staff change roles, and only to roles of staff.";
        return Err(Error::refused("NOT_STAFF", text, Some("role")));
    }
    let had = before.groups.iter().any(|group| group == Group::Platform.as_str());
    if standing.is_in(Group::Platform) && !had && !caller.standing.is_in(Group::Platform) {
        return Err(Error::Forbidden);
    }
    let groups = group_names(standing);
    if before.role == role.as_str() && before.groups == groups {
        return Err(Error::refused(
            "ROLE_UNCHANGED",
            "It has this role and these groups.",
            Some("role"),
        ));
    }
    Ok(PrincipalRow {
        id: before.id,
        tenant_id: before.tenant_id,
        role: role.as_str().to_owned(),
        provider_id: None,
        groups,
        revision: before.revision + 1,
    })
}

#[cfg(test)]
mod tests;

//! The decision: deny overrides, what is not granted is denied, what is not known does not hold.

use std::sync::LazyLock;

use domain::Principal;
use domain::ids::{PrincipalId, ProviderId, TenantId};
use domain::principal::{Group, Role};

use crate::matrix::{About, Condition, FORBIDS, Forbid, GRANTS, Grant};
use crate::resource::{Action, Band, Class, Resource};
use crate::roles::RoleSet;

/// Whether it may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// It may.
    Allow,
    /// It may not.
    Deny(Denial),
}

/// Why not, and so what the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// For this caller the object does not exist: told like one that is not there.
    Hidden,
    /// This role never does this.
    Role,
    /// A forbid, by its name.
    Forbid(&'static str),
    /// The role may do it, but this does not hold.
    Unmet(Condition),
}

impl Denial {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Role => "role",
            Self::Forbid(id) => id,
            Self::Unmet(condition) => condition.as_str(),
        }
    }
}

impl Decision {
    /// Whether it may happen.
    pub const fn allows(self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// First and one past the last grant of each class: the grants stand in the order of classes.
static RANGES: LazyLock<[(u8, u8); Class::ALL.len()]> = LazyLock::new(|| {
    Class::ALL.map(|class| {
        let start = GRANTS.partition_point(|g| g.class < class);
        let end = GRANTS.partition_point(|g| g.class <= class);
        (
            u8::try_from(start).unwrap_or(u8::MAX),
            u8::try_from(end).unwrap_or(u8::MAX),
        )
    })
});

fn grants(class: Class) -> &'static [Grant] {
    let (start, end) = RANGES[class as usize];
    &GRANTS[usize::from(start)..usize::from(end)]
}

/// Whether that caller may do that. Takes well under a microsecond and allocates nothing.
pub fn decide(caller: &Principal, action: Action, resource: &Resource<'_>) -> Decision {
    let forbidden = FORBIDS.iter().find(|forbid| forbids(forbid, caller, action, resource));
    if let Some(forbid) = forbidden {
        let seen = !forbid.hides && (is_platform(resource) || granted(caller, Action::Read, resource).is_ok());
        return Decision::Deny(if seen {
            Denial::Forbid(forbid.id)
        } else {
            Denial::Hidden
        });
    }
    match granted(caller, action, resource) {
        Ok(()) => Decision::Allow,
        Err(denial) => Decision::Deny(denial),
    }
}

fn granted(caller: &Principal, action: Action, resource: &Resource<'_>) -> Result<(), Denial> {
    let mut reads = false;
    let mut unmet = None;
    let mut has = false;
    for grant in grants(resource.class) {
        if !grant.roles.has(caller.role) {
            continue;
        }
        if grant.action == Action::Read {
            reads = reads || first_unmet(grant, caller, resource).is_none();
        }
        if grant.action != action {
            continue;
        }
        has = true;
        match first_unmet(grant, caller, resource) {
            None => return Ok(()),
            Some(condition) if !condition.is_scope() => unmet = Some(condition),
            Some(_) => {}
        }
    }
    if let Some(condition) = unmet {
        return Err(Denial::Unmet(condition));
    }
    if is_platform(resource) {
        return Err(if has {
            Denial::Unmet(Condition::Reach)
        } else {
            Denial::Role
        });
    }
    // An object that is not the caller's is not there; one that the caller sees is refused as what it is.
    Err(if has || !reads { Denial::Hidden } else { Denial::Role })
}

/// The first condition that does not hold; those about which objects exist stand first in every grant.
fn first_unmet(grant: &Grant, caller: &Principal, resource: &Resource<'_>) -> Option<Condition> {
    grant
        .when
        .iter()
        .copied()
        .find(|condition| !holds(*condition, caller, resource))
}

fn holds(condition: Condition, caller: &Principal, resource: &Resource<'_>) -> bool {
    let same_tenant = resource.tenant == Some(caller.tenant);
    match condition {
        Condition::Own => same_tenant && resource.borrower == Some(caller.id),
        Condition::OwnTenant => same_tenant,
        Condition::OwnLender => caller.provider.is_some() && caller.provider.as_ref() == resource.provider,
        Condition::Reach => same_tenant || caller.standing.is_in(Group::Platform),
        Condition::Assigned => resource.assignee == Some(caller.id),
        Condition::FourEyes => resource.maker.is_some_and(|maker| maker != caller.id),
        Condition::Purpose => resource.purpose.is_some(),
        Condition::StandardBand => resource.band == Some(Band::Standard),
    }
}

fn forbids(forbid: &Forbid, caller: &Principal, action: Action, resource: &Resource<'_>) -> bool {
    let concerns = (forbid.actions.is_empty() || forbid.actions.contains(&action))
        && (forbid.classes.is_empty() || forbid.classes.contains(&resource.class));
    concerns
        && match forbid.about {
            About::Roles(roles) => roles.has(caller.role),
            About::Outside(group) => !caller.standing.is_in(group),
            About::Maker => resource.maker == Some(caller.id),
            About::Subject => resource.borrower == Some(caller.id),
        }
}

const fn is_platform(resource: &Resource<'_>) -> bool {
    resource.tenant.is_none() && resource.provider.is_none() && resource.borrower.is_none()
}

/// The roles that may ever do that to something of that class, whatever else must hold.
pub fn ever(action: Action, class: Class) -> RoleSet {
    let granted = grants(class)
        .iter()
        .filter(|grant| grant.action == action)
        .fold(RoleSet::NONE, |all, grant| all.or(grant.roles));
    let concerning = FORBIDS.iter().filter(|forbid| {
        (forbid.actions.is_empty() || forbid.actions.contains(&action))
            && (forbid.classes.is_empty() || forbid.classes.contains(&class))
    });
    concerning.fold(granted, |left, forbid| match forbid.about {
        About::Roles(roles) => left.less(roles),
        _ => left,
    })
}

/// Which objects of a class a caller may do something to, for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// None.
    Nothing,
    /// Those about that borrower of that tenant.
    Own(TenantId, PrincipalId),
    /// Those of that tenant.
    Tenant(TenantId),
    /// Those with that lender.
    Lender(&'a ProviderId),
    /// All.
    All,
}

impl Scope<'_> {
    /// The tenant that a list is narrowed to; none when it is not narrowed by tenant.
    pub const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Own(tenant, _) | Self::Tenant(tenant) => Some(tenant),
            Self::Nothing | Self::Lender(_) | Self::All => None,
        }
    }
}

/// The objects of a class that a caller may do that to, as far as scope goes.
pub fn scope(caller: &Principal, action: Action, class: Class) -> Scope<'_> {
    if !ever(action, class).has(caller.role) {
        return Scope::Nothing;
    }
    let found = grants(class)
        .iter()
        .find(|grant| grant.action == action && grant.roles.has(caller.role));
    match (found.and_then(|grant| grant.when.first()), &caller.provider) {
        (Some(Condition::Own), _) => Scope::Own(caller.tenant, caller.id),
        (Some(Condition::OwnLender), Some(provider)) => Scope::Lender(provider),
        (Some(Condition::Reach), _) if caller.standing.is_in(Group::Platform) => Scope::All,
        (Some(Condition::OwnTenant | Condition::Reach), _) => Scope::Tenant(caller.tenant),
        _ => Scope::Nothing,
    }
}

/// Whether a role has tokens at all: our own processes have none.
pub const fn has_tokens(role: Role) -> bool {
    !matches!(role, Role::System)
}

#[cfg(test)]
mod tests;

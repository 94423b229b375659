//! Decisions about access as the use cases ask for them. Each is noted, with ids only.

use std::sync::OnceLock;

use ::access::{Decision, Denial, Scope, decide, ever, scope};
use domain::Principal;

pub use ::access::{Action, Band, Class, Resource};

use crate::api::Error;

/// A decision that was made, without personal data.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who asked.
    pub caller: &'a Principal,
    /// To do what.
    pub action: Action,
    /// To what.
    pub resource: &'a Resource<'a>,
    /// What was decided; none when it was allowed.
    pub denial: Option<Denial>,
}

/// Where decisions go. Must not block: whoever asked waits for it.
pub trait AccessLog: Send + Sync {
    /// Takes one decision.
    fn note(&self, entry: &Entry<'_>);
}

static LOG: OnceLock<Box<dyn AccessLog>> = OnceLock::new();

/// Sends the decisions of this process there as well; false when a log was set before. Metrics and traces get them in any case.
pub fn log_to(log: Box<dyn AccessLog>) -> bool {
    LOG.set(log).is_ok()
}

/// Counts a decision, traces a denial, and hands it to the log of the process.
pub fn note(entry: &Entry<'_>) {
    let (class, action) = (entry.resource.class.as_str(), entry.action.as_str());
    let role = entry.caller.role.as_str();
    let why = entry.denial.map_or("allowed", Denial::as_str);
    metrics::counter!("usance_access_decisions_total", "class" => class, "action" => action, "role" => role, "decision" => why)
        .increment(1);
    if entry.denial.is_some() {
        let (caller, tenant) = (entry.caller.id, entry.caller.tenant);
        tracing::info!(target: "usance::access", %caller, %tenant, role, action, class, why, "denied");
    } else {
        tracing::debug!(target: "usance::access", caller = %entry.caller.id, role, action, class, "allowed");
    }
    if let Some(log) = LOG.get() {
        log.note(entry);
    }
}

fn decided(caller: &Principal, action: Action, resource: &Resource<'_>) -> Result<(), Denial> {
    let denial = match decide(caller, action, resource) {
        Decision::Allow => None,
        Decision::Deny(denial) => Some(denial),
    };
    note(&Entry {
        caller,
        action,
        resource,
        denial,
    });
    denial.map_or(Ok(()), Err)
}

/// `NotFound` for what the caller may not know of, `Forbidden` for what it may not do.
pub(crate) fn check(caller: &Principal, action: Action, resource: &Resource<'_>) -> Result<(), Error> {
    decided(caller, action, resource).map_err(error)
}

/// The same of what belongs to the platform: rules, lists, the queues of its staff.
pub(crate) fn platform(caller: &Principal, action: Action, class: Class) -> Result<(), Error> {
    check(caller, action, &Resource::platform(class))
}

/// The same with the reason, for use cases that answer some of them by a refusal.
pub(crate) fn check_told(caller: &Principal, action: Action, resource: &Resource<'_>) -> Result<(), Denial> {
    decided(caller, action, resource)
}

/// What a caller is told of a denial.
pub(crate) fn error(denial: Denial) -> Error {
    match denial {
        Denial::Hidden => Error::NotFound,
        Denial::Role | Denial::Forbid(_) | Denial::Unmet(_) => Error::Forbidden,
    }
}

/// `Forbidden` for roles that never do that to that class. Asked before anything is looked up, so that a role which may not
/// know of a class of objects cannot tell those that exist from others.
pub(crate) fn may_ever(caller: &Principal, action: Action, class: Class) -> Result<(), Error> {
    if ever(action, class).has(caller.role) {
        return Ok(());
    }
    let resource = Resource::platform(class);
    note(&Entry {
        caller,
        action,
        resource: &resource,
        denial: Some(Denial::Role),
    });
    Err(Error::Forbidden)
}

/// The objects of a class that a caller may list; `Forbidden` for roles that may never see one.
pub(crate) fn listing(caller: &Principal, class: Class) -> Result<Scope<'_>, Error> {
    may_ever(caller, Action::Read, class)?;
    let found = scope(caller, Action::Read, class);
    let resource = Resource::platform(class);
    let denial = (found == Scope::Nothing).then_some(Denial::Role);
    note(&Entry {
        caller,
        action: Action::Read,
        resource: &resource,
        denial,
    });
    if denial.is_some() {
        Err(Error::Forbidden)
    } else {
        Ok(found)
    }
}

/// Whether the caller may see it: for filters, and for properties that are blanked. The reading of the whole is what is noted.
pub(crate) fn shows(caller: &Principal, resource: &Resource<'_>) -> bool {
    decide(caller, Action::Read, resource).allows()
}

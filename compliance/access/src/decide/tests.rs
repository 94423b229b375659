use std::collections::BTreeSet;

use domain::principal::Standing;

use super::*;
use crate::fields::{self, BLANKS};
use crate::resource::Purpose;
use crate::routes::ROUTES;

fn tenant(number: u128) -> TenantId {
    TenantId(number.to_string().repeat(32)[..32].parse().unwrap())
}

fn person(number: u128) -> PrincipalId {
    PrincipalId(format!("{number:032}").parse().unwrap())
}

fn caller(number: u128, role: Role, groups: &[Group]) -> Principal {
    Principal {
        id: person(number),
        tenant: tenant(1),
        role,
        provider: (role == Role::Provider).then(|| "harbor-bank".parse().unwrap()),
        standing: Standing::of(groups),
    }
}

const PLATFORM: &[Group] = &[Group::Platform];
const BOTH: &[Group] = &[Group::Platform, Group::Aml];

/// Everything known, and in favour of the caller.
fn best(class: Class, who: &Principal, lender: &'static ProviderId) -> Resource<'static> {
    Resource::about(class, who.tenant, who.id)
        .with(Some(lender))
        .made_by(person(99))
        .assigned_to(Some(who.id))
        .at_stake(Band::Standard)
        .for_purpose(Purpose::Case)
}

fn lender(name: &str) -> &'static ProviderId {
    Box::leak(Box::new(name.parse().unwrap()))
}

#[test]
fn the_grants_stand_in_the_order_of_classes_with_scope_first_and_none_twice() {
    assert!(GRANTS.is_sorted_by_key(|g| g.class));
    assert!(Class::ALL.is_sorted() && Class::ALL.iter().all(|c| Class::ALL[*c as usize] == *c));
    assert!(GRANTS.len() < usize::from(u8::MAX));
    let mut seen = BTreeSet::new();
    for grant in GRANTS {
        let scope: Vec<bool> = grant.when.iter().map(|c| !c.is_scope()).collect();
        assert!(scope.is_sorted(), "{grant:?}");
        for role in grant.roles.iter() {
            assert!(
                seen.insert((grant.class, grant.action, role)),
                "twice: {grant:?} {role:?}"
            );
            let unscoped = role == Role::System || grant.when.first().is_some_and(|c| c.is_scope());
            assert!(unscoped, "a grant to people says which objects: {grant:?}");
        }
    }
}

#[test]
fn what_no_grant_names_is_denied_to_every_role_whatever_is_known() {
    let lender = lender("harbor-bank");
    let mut allowed = 0;
    for role in Role::ALL {
        let who = caller(1, role, BOTH);
        for class in Class::ALL {
            for action in Action::ALL {
                let named = GRANTS
                    .iter()
                    .any(|g| g.class == class && g.action == action && g.roles.has(role));
                let resource = best(class, &who, lender);
                let decision = decide(&who, action, &resource);
                assert!(named || !decision.allows(), "{role:?} {action:?} {class:?}");
                assert!(
                    ever(action, class).has(role) || !decision.allows(),
                    "{role:?} {action:?} {class:?}"
                );
                allowed += usize::from(decision.allows());
            }
        }
    }
    assert!(allowed > 100, "{allowed}");
}

#[test]
fn each_condition_that_fails_turns_an_allowed_action_into_a_denial() {
    let (own, other) = (lender("harbor-bank"), lender("other-bank"));
    let mut turned = BTreeSet::new();
    for grant in GRANTS {
        for role in grant.roles.iter() {
            let who = caller(1, role, &[Group::Aml]);
            let good = Resource {
                borrower: None,
                ..best(grant.class, &who, own)
            };
            let good = if grant.when.contains(&Condition::Own) {
                best(grant.class, &who, own)
            } else {
                good
            };
            let allowed = decide(&who, grant.action, &good).allows();
            let forbidden = FORBIDS.iter().any(|f| forbids(f, &who, grant.action, &good));
            assert_eq!(allowed, !forbidden, "{grant:?} {role:?}");
            for condition in grant.when {
                let bad = match condition {
                    Condition::Own => Resource {
                        borrower: Some(person(2)),
                        ..good
                    },
                    Condition::OwnTenant | Condition::Reach => Resource {
                        tenant: Some(tenant(2)),
                        ..good
                    },
                    Condition::OwnLender => good.with(Some(other)),
                    Condition::Assigned => good.assigned_to(Some(person(2))),
                    Condition::FourEyes => good.made_by(who.id),
                    Condition::Purpose => Resource { purpose: None, ..good },
                    Condition::StandardBand => good.at_stake(Band::Large),
                };
                let decision = decide(&who, grant.action, &bad);
                assert!(!decision.allows(), "{condition:?} {grant:?} {role:?}");
                if condition.is_scope() {
                    assert_eq!(decision, Decision::Deny(Denial::Hidden), "{grant:?} {role:?}");
                }
                turned.insert(condition.as_str());
                let unknown = Resource::platform(grant.class);
                assert!(!decide(&who, grant.action, &unknown).allows(), "{grant:?} {role:?}");
            }
        }
    }
    assert_eq!(turned.len(), 8, "{turned:?}");
}

#[test]
fn only_the_group_platform_crosses_tenants() {
    let lender = lender("harbor-bank");
    for role in Role::ALL
        .into_iter()
        .filter(|r| *r != Role::System && *r != Role::Provider)
    {
        for class in Class::ALL {
            for action in Action::ALL {
                let who = caller(1, role, &[Group::Aml]);
                let theirs = Resource {
                    tenant: Some(tenant(2)),
                    ..best(class, &who, lender)
                };
                assert!(!decide(&who, action, &theirs).allows(), "{role:?} {action:?} {class:?}");
            }
        }
    }
    let resource = Resource::about(Class::Loan, tenant(2), person(2));
    assert!(decide(&caller(1, Role::Officer, PLATFORM), Action::Read, &resource).allows());
    // A group gives nothing to those who are not staff: they are never put in one, and no grant of theirs asks for it.
    for role in [Role::Borrower, Role::Integrator, Role::Provider] {
        assert!(!decide(&caller(1, role, BOTH), Action::Read, &resource).allows());
    }
}

#[test]
fn an_administrator_never_reads_personal_data() {
    let lender = lender("harbor-bank");
    let admin = caller(1, Role::Admin, BOTH);
    for class in Class::ALL {
        for action in [Action::Read, Action::Reveal, Action::Replay] {
            let allowed = decide(&admin, action, &best(class, &admin, lender)).allows();
            let harmless = [
                Class::Lender,
                Class::AssetPause,
                Class::RuleVersion,
                Class::ScreeningList,
                Class::AuditTrail,
                Class::Principal,
                Class::ApiClient,
                Class::Webhook,
            ];
            assert_eq!(
                allowed,
                harmless.contains(&class) && action == Action::Read,
                "{class:?}"
            );
        }
    }
}

#[test]
fn our_own_processes_approve_nothing() {
    let lender = lender("harbor-bank");
    let system = caller(1, Role::System, BOTH);
    for class in Class::ALL {
        for action in [
            Action::Approve,
            Action::Decide,
            Action::Release,
            Action::Accept,
            Action::Sign,
        ] {
            assert!(
                !decide(&system, action, &best(class, &system, lender)).allows(),
                "{class:?}"
            );
            assert!(!ever(action, class).has(Role::System));
        }
    }
    assert!(!has_tokens(Role::System));
}

#[test]
fn nobody_decides_what_they_made_or_what_is_about_them() {
    let lender = lender("harbor-bank");
    for role in Role::ALL {
        let who = caller(1, role, BOTH);
        for class in Class::ALL {
            for action in [Action::Approve, Action::Decide, Action::Release] {
                let made = Resource {
                    borrower: Some(person(2)),
                    ..best(class, &who, lender)
                }
                .made_by(who.id);
                assert!(!decide(&who, action, &made).allows(), "{role:?} {action:?} {class:?}");
                assert!(
                    !decide(&who, action, &best(class, &who, lender)).allows(),
                    "{role:?} {action:?} {class:?}"
                );
            }
        }
    }
    let proposal = Resource::platform(Class::ModelProposal).made_by(person(1));
    let head = caller(1, Role::CreditHead, PLATFORM);
    assert_eq!(
        decide(&head, Action::Approve, &proposal),
        Decision::Deny(Denial::Forbid("maker-is-not-checker"))
    );
    assert!(decide(&caller(2, Role::CreditHead, PLATFORM), Action::Approve, &proposal).allows());
    let own = Resource {
        borrower: Some(person(1)),
        ..Resource::of_tenant(Class::Principal, tenant(1))
    };
    let admin = caller(1, Role::Admin, PLATFORM);
    assert_eq!(
        decide(&admin, Action::Change, &own),
        Decision::Deny(Denial::Forbid("nobody-about-themselves"))
    );
}

#[test]
fn a_suspicious_activity_report_exists_for_the_aml_group_alone() {
    let report = Resource::about(Class::Sar, tenant(1), person(5)).made_by(person(9));
    for role in Role::ALL {
        for action in Action::ALL {
            let decision = decide(&caller(1, role, PLATFORM), action, &report);
            assert_eq!(decision, Decision::Deny(Denial::Hidden), "{role:?} {action:?}");
        }
    }
    assert!(decide(&caller(1, Role::Officer, BOTH), Action::Read, &report).allows());
    assert!(decide(&caller(1, Role::Manager, BOTH), Action::Release, &report).allows());
    // The borrower in the group by mistake still sees nothing.
    assert!(!decide(&caller(5, Role::Borrower, BOTH), Action::Read, &report).allows());
}

#[test]
fn a_denied_caller_learns_only_of_objects_that_it_may_read() {
    let theirs = Resource::about(Class::Settlement, tenant(1), person(2)).with(Some(lender("other-bank")));
    let borrower = caller(1, Role::Borrower, &[]);
    assert_eq!(
        decide(&borrower, Action::Cancel, &theirs),
        Decision::Deny(Denial::Hidden)
    );
    let officer = caller(1, Role::Officer, &[]);
    assert_eq!(decide(&officer, Action::Cancel, &theirs), Decision::Deny(Denial::Role));
    let bank = caller(1, Role::Provider, &[]);
    assert_eq!(decide(&bank, Action::Cancel, &theirs), Decision::Deny(Denial::Hidden));
}

#[test]
fn customers_see_their_own_lenders_theirs_and_staff_their_tenant() {
    let (own, other) = (lender("harbor-bank"), lender("other-bank"));
    let asks = |role, groups: &[Group]| caller(1, role, groups);
    let sees = |caller: &Principal, of, borrower, with| {
        let loan = Resource::about(Class::Loan, tenant(of), person(borrower)).with(with);
        decide(caller, Action::Read, &loan).allows()
    };
    assert!(sees(&asks(Role::Borrower, &[]), 1, 1, None));
    assert!(!sees(&asks(Role::Borrower, &[]), 1, 2, None));
    assert!(!sees(&asks(Role::Borrower, &[]), 2, 1, None));
    assert!(sees(&asks(Role::Integrator, &[]), 1, 2, None));
    assert!(sees(&asks(Role::Provider, &[]), 2, 2, Some(own)));
    assert!(!sees(&asks(Role::Provider, &[]), 1, 2, Some(other)));
    assert!(!sees(&asks(Role::Provider, &[]), 1, 2, None));
    assert!(sees(&asks(Role::Officer, &[]), 1, 2, None));
    assert!(!sees(&asks(Role::Officer, &[]), 2, 2, None));
    assert!(sees(&asks(Role::Officer, PLATFORM), 2, 2, None));
    assert!(!sees(&asks(Role::Admin, PLATFORM), 1, 2, None));
    for role in Role::ALL {
        let asked = Resource::about(Class::Request, tenant(1), person(1));
        let may = decide(&asks(role, BOTH), Action::Create, &asked).allows();
        assert_eq!(may, matches!(role, Role::Borrower | Role::Integrator), "{role:?}");
    }
}

#[test]
fn no_field_or_route_is_listed_twice_and_each_may_be_used_by_somebody() {
    let mut fields = BTreeSet::new();
    for rule in fields::all() {
        assert_ne!(rule.who.roles(), RoleSet::NONE, "{rule:?}");
        for field in rule.fields {
            assert!(
                fields.insert((rule.name, *field)),
                "{} {field} is listed twice",
                rule.name
            );
        }
    }
    for blank in BLANKS {
        assert!(fields.contains(&(blank.name, blank.field)), "{blank:?}");
    }
    let mut routes = BTreeSet::new();
    for rule in ROUTES {
        assert!(routes.insert((rule.method, rule.path)), "{rule:?}");
        assert_ne!(rule.gate.roles(), Some(RoleSet::NONE), "{rule:?}");
    }
    assert_eq!(crate::fields::roles("Loan", "secret"), RoleSet::NONE);
    assert_eq!(crate::routes::of("GET", "/v1/secrets"), None);
    assert_eq!(crate::routes::of("DELETE", "/v1/loans"), None);
}

#[test]
fn every_class_is_read_or_used_by_somebody_and_named_once() {
    let names: BTreeSet<_> = Class::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(names.len(), Class::ALL.len());
    for class in Class::ALL {
        assert!(GRANTS.iter().any(|g| g.class == class), "{class:?}");
    }
}

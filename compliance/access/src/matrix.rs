//! The matrix: grants, and forbids that beat them.

use domain::Role;
use domain::principal::Group;

use crate::resource::{Action, Class};
use crate::roles::RoleSet;

/// What must hold beside the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// It is about the caller, in the caller's tenant.
    Own,
    /// It is of the caller's tenant.
    OwnTenant,
    /// It is with the lender that the caller speaks for.
    OwnLender,
    /// It is of the caller's tenant, or the caller is in the group `platform`. What belongs to the platform needs the group.
    Reach,
    /// It is assigned to the caller.
    Assigned,
    /// Somebody else made it, and it is known who.
    FourEyes,
    /// A purpose is stated.
    Purpose,
    /// No more is at stake than the configured amount.
    StandardBand,
}

impl Condition {
    /// Whether it says which objects exist for the caller, rather than what may be done to them.
    pub const fn is_scope(self) -> bool {
        matches!(self, Self::Own | Self::OwnTenant | Self::OwnLender | Self::Reach)
    }

    /// The words of the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::OwnTenant => "own tenant",
            Self::OwnLender => "own lender",
            Self::Reach => "within reach",
            Self::Assigned => "assigned to them",
            Self::FourEyes => "made by another",
            Self::Purpose => "with a purpose",
            Self::StandardBand => "up to the amount",
        }
    }
}

/// Roles that may do something to a class when all conditions hold.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// What class.
    pub class: Class,
    /// What is done.
    pub action: Action,
    /// By whom.
    pub roles: RoleSet,
    /// All of these must hold.
    pub when: &'static [Condition],
}

/// Which callers and facts a forbid is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Callers of these roles.
    Roles(RoleSet),
    /// Callers outside of that group.
    Outside(Group),
    /// Callers who made the object.
    Maker,
    /// Callers whom the object is about.
    Subject,
}

/// What nobody of these may do, whatever was granted.
#[derive(Clone, Copy, Debug)]
pub struct Forbid {
    /// Name in logs and in the table.
    pub id: &'static str,
    /// Whom.
    pub about: About,
    /// What; all actions when empty.
    pub actions: &'static [Action],
    /// Which classes; all when empty.
    pub classes: &'static [Class],
    /// The object is not even said to exist.
    pub hides: bool,
    /// Why.
    pub why: &'static str,
}

const BORROWER: RoleSet = RoleSet::of(&[Role::Borrower]);
const INTEGRATOR: RoleSet = RoleSet::of(&[Role::Integrator]);
const LENDER: RoleSet = RoleSet::of(&[Role::Provider]);
const ADMIN: RoleSet = RoleSet::of(&[Role::Admin]);
const SYSTEM: RoleSet = RoleSet::of(&[Role::System]);
const OFFICER: RoleSet = RoleSet::of(&[Role::Officer]);
/// Officers and those above them.
const DESK: RoleSet = RoleSet::of(&[Role::Officer, Role::Manager, Role::CreditHead]);
/// The second pair of eyes.
const HEADS: RoleSet = RoleSet::of(&[Role::Manager, Role::CreditHead]);
const CREDIT_HEAD: RoleSet = RoleSet::of(&[Role::CreditHead]);
const RISK: RoleSet = RoleSet::of(&[Role::RiskManager, Role::CreditHead]);
/// Staff who work with borrowers' objects.
const STAFF: RoleSet = RoleSet::of(&[Role::Officer, Role::RiskManager, Role::Manager, Role::CreditHead]);

const fn grant(class: Class, action: Action, roles: RoleSet, when: &'static [Condition]) -> Grant {
    Grant {
        class,
        action,
        roles,
        when,
    }
}

use Action as A;
use Class as C;
use Condition::{Assigned, FourEyes, Own, OwnLender, OwnTenant, Purpose, Reach, StandardBand};

/// Everything that is allowed. In the order of classes.
pub static GRANTS: &[Grant] = &[
    grant(C::Request, A::Read, BORROWER, &[Own]),
    grant(C::Request, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Request, A::Read, STAFF, &[Reach]),
    grant(C::Request, A::Create, BORROWER, &[Own]),
    grant(C::Request, A::Create, INTEGRATOR, &[OwnTenant]),
    grant(C::Quote, A::Read, BORROWER, &[Own]),
    grant(C::Quote, A::Read, INTEGRATOR, &[OwnTenant]),
    // The quote behind a settlement of its own.
    grant(C::Quote, A::Read, LENDER, &[OwnLender]),
    grant(C::Quote, A::Read, STAFF, &[Reach]),
    grant(C::Quote, A::Accept, BORROWER, &[Own]),
    grant(C::Quote, A::Accept, INTEGRATOR, &[OwnTenant]),
    grant(C::Settlement, A::Read, BORROWER, &[Own]),
    grant(C::Settlement, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Settlement, A::Read, LENDER, &[OwnLender]),
    grant(C::Settlement, A::Read, STAFF, &[Reach]),
    grant(C::Settlement, A::Sign, BORROWER, &[Own]),
    grant(C::Settlement, A::Sign, INTEGRATOR, &[OwnTenant]),
    grant(C::Settlement, A::Cancel, BORROWER, &[Own]),
    grant(C::Settlement, A::Cancel, INTEGRATOR, &[OwnTenant]),
    grant(C::WalletCalls, A::Read, BORROWER, &[Own]),
    grant(C::WalletCalls, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Loan, A::Read, BORROWER, &[Own]),
    grant(C::Loan, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Loan, A::Read, LENDER, &[OwnLender]),
    grant(C::Loan, A::Read, STAFF, &[Reach]),
    grant(C::Repayment, A::Read, BORROWER, &[Own]),
    grant(C::Repayment, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Repayment, A::Read, LENDER, &[OwnLender]),
    grant(C::Repayment, A::Read, STAFF, &[Reach]),
    // Who received the money says so. Staff move no money.
    grant(C::Repayment, A::Record, INTEGRATOR, &[OwnTenant]),
    grant(C::Repayment, A::Record, LENDER, &[OwnLender]),
    grant(C::Lender, A::Read, LENDER, &[OwnLender]),
    grant(C::Lender, A::Read, STAFF, &[Reach]),
    grant(C::Lender, A::Read, ADMIN, &[Reach]),
    // Reports of the conformance kit: the word of who hands them in.
    grant(C::Lender, A::Record, LENDER, &[OwnLender]),
    grant(C::Lender, A::Record, DESK, &[Reach]),
    grant(C::Lender, A::Suspend, STAFF, &[Reach]),
    grant(C::Lender, A::Suspend, SYSTEM, &[]),
    grant(C::Lender, A::Resume, DESK, &[Reach]),
    grant(C::Lender, A::Change, DESK, &[Reach]),
    grant(C::AssetPause, A::Read, STAFF, &[Reach]),
    grant(C::AssetPause, A::Read, ADMIN, &[Reach]),
    grant(C::FraudCheck, A::Read, STAFF, &[Reach]),
    grant(C::RiskDecision, A::Read, BORROWER, &[Own]),
    grant(C::RiskDecision, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::RiskDecision, A::Read, STAFF, &[Reach]),
    grant(C::RiskInside, A::Read, STAFF, &[Reach]),
    grant(C::RiskInside, A::Replay, STAFF, &[Reach]),
    grant(C::Review, A::Read, STAFF, &[Reach]),
    grant(C::Review, A::Decide, OFFICER, &[Reach, StandardBand]),
    grant(C::Review, A::Decide, HEADS, &[Reach]),
    grant(C::RiskModel, A::Read, STAFF, &[Reach]),
    grant(C::RiskModel, A::Create, RISK, &[Reach]),
    grant(C::RiskModel, A::Change, RISK, &[Reach]),
    grant(C::ModelProposal, A::Read, STAFF, &[Reach]),
    grant(C::ModelProposal, A::Propose, RISK, &[Reach]),
    grant(C::ModelProposal, A::Approve, CREDIT_HEAD, &[Reach, FourEyes]),
    grant(C::ModelProposal, A::Reject, RISK, &[Reach]),
    grant(C::SpendingLimit, A::Read, BORROWER, &[Own]),
    grant(C::SpendingLimit, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::SpendingLimit, A::Read, STAFF, &[Reach]),
    grant(C::LimitPolicy, A::Read, STAFF, &[Reach]),
    grant(C::LimitPolicy, A::Change, HEADS, &[Reach]),
    grant(C::Drift, A::Read, STAFF, &[Reach]),
    grant(C::Verification, A::Read, BORROWER, &[Own]),
    grant(C::Verification, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Verification, A::Read, STAFF, &[Reach]),
    grant(C::Verification, A::Create, BORROWER, &[Own]),
    grant(C::Verification, A::Create, INTEGRATOR, &[OwnTenant]),
    grant(C::Verification, A::Propose, DESK, &[Reach]),
    grant(C::Verification, A::Approve, DESK, &[Reach, FourEyes]),
    grant(C::Verification, A::Reject, DESK, &[Reach]),
    grant(C::Screening, A::Read, STAFF, &[Reach]),
    grant(C::Screening, A::Create, DESK, &[Reach]),
    grant(C::Screening, A::Create, SYSTEM, &[]),
    grant(C::Case, A::Read, STAFF, &[Reach]),
    grant(C::Case, A::Create, DESK, &[Reach]),
    grant(C::Case, A::Create, SYSTEM, &[]),
    grant(C::Case, A::Change, DESK, &[Reach]),
    grant(C::Case, A::Propose, DESK, &[Reach, Assigned]),
    grant(C::Case, A::Decide, DESK, &[Reach, FourEyes]),
    grant(C::Sar, A::Read, DESK, &[Reach]),
    grant(C::Sar, A::Create, DESK, &[Reach]),
    grant(C::Sar, A::Release, HEADS, &[Reach, FourEyes]),
    grant(C::Filing, A::Read, STAFF, &[Reach]),
    grant(C::Filing, A::Create, DESK, &[Reach]),
    grant(C::Filing, A::Release, HEADS, &[Reach, FourEyes]),
    grant(C::RuleVersion, A::Read, STAFF.or(ADMIN), &[Reach]),
    grant(C::RuleVersion, A::Propose, STAFF, &[Reach]),
    grant(C::RuleVersion, A::Approve, HEADS, &[Reach, FourEyes]),
    grant(C::RuleVersion, A::Reject, STAFF, &[Reach]),
    grant(C::ScreeningList, A::Read, STAFF.or(ADMIN), &[Reach]),
    grant(C::ScreeningList, A::Change, DESK, &[Reach]),
    grant(C::ScreeningList, A::Change, SYSTEM, &[]),
    grant(C::Document, A::Read, BORROWER, &[Own]),
    grant(C::Document, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Document, A::Read, LENDER, &[OwnLender]),
    grant(C::Document, A::Read, STAFF, &[Reach]),
    grant(C::PersonalData, A::Reveal, BORROWER, &[Own, Purpose]),
    grant(C::PersonalData, A::Reveal, DESK, &[Reach, Assigned, Purpose]),
    grant(C::PersonalData, A::Reveal, SYSTEM, &[Purpose]),
    grant(C::LegalHold, A::Read, STAFF, &[Reach]),
    grant(C::LegalHold, A::Create, DESK, &[Reach]),
    grant(C::LegalHold, A::Release, HEADS, &[Reach, FourEyes]),
    grant(C::Erasure, A::Read, BORROWER, &[Own]),
    grant(C::Erasure, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Erasure, A::Read, STAFF, &[Reach]),
    grant(C::Erasure, A::Create, BORROWER, &[Own]),
    grant(C::Erasure, A::Create, INTEGRATOR, &[OwnTenant]),
    grant(C::Erasure, A::Create, DESK, &[Reach]),
    grant(C::Erasure, A::Approve, HEADS, &[Reach, FourEyes]),
    grant(C::Export, A::Read, BORROWER, &[Own]),
    grant(C::Export, A::Read, DESK, &[Reach]),
    grant(C::Export, A::Create, BORROWER, &[Own]),
    grant(C::Export, A::Create, DESK, &[Reach, Purpose]),
    grant(C::Export, A::Release, HEADS, &[Reach, FourEyes]),
    grant(C::AuditTrail, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::AuditTrail, A::Read, STAFF.or(ADMIN), &[Reach]),
    grant(C::Principal, A::Read, ADMIN, &[Reach]),
    grant(C::Principal, A::Create, ADMIN, &[Reach]),
    grant(C::Principal, A::Change, ADMIN, &[Reach]),
    // A client has the rights of who makes it. Staff stop clients and see no secret of one.
    grant(C::ApiClient, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::ApiClient, A::Read, LENDER, &[OwnLender]),
    grant(C::ApiClient, A::Read, STAFF.or(ADMIN), &[Reach]),
    grant(C::ApiClient, A::Create, INTEGRATOR, &[OwnTenant]),
    grant(C::ApiClient, A::Create, LENDER, &[OwnLender]),
    grant(C::ApiClient, A::Change, INTEGRATOR, &[OwnTenant]),
    grant(C::ApiClient, A::Change, LENDER, &[OwnLender]),
    grant(C::ApiClient, A::Cancel, INTEGRATOR, &[OwnTenant]),
    grant(C::ApiClient, A::Cancel, LENDER, &[OwnLender]),
    grant(C::ApiClient, A::Cancel, DESK.or(ADMIN), &[Reach]),
    grant(C::Webhook, A::Read, INTEGRATOR, &[OwnTenant]),
    grant(C::Webhook, A::Read, LENDER, &[OwnLender]),
    grant(C::Webhook, A::Read, STAFF.or(ADMIN), &[Reach]),
    grant(C::Webhook, A::Create, INTEGRATOR, &[OwnTenant]),
    grant(C::Webhook, A::Create, LENDER, &[OwnLender]),
    grant(C::Webhook, A::Change, INTEGRATOR, &[OwnTenant]),
    grant(C::Webhook, A::Change, LENDER, &[OwnLender]),
];

/// Decisions of one person about the work of another, or about a person.
const VERDICTS: &[Action] = &[A::Approve, A::Decide, A::Release];

/// What is denied whatever was granted.
pub static FORBIDS: &[Forbid] = &[
    Forbid {
        id: "sar-aml-only",
        about: About::Outside(Group::Aml),
        actions: &[],
        classes: &[C::Sar],
        hides: true,
        why: "the existence of a suspicious activity report is known to the AML group alone",
    },
    Forbid {
        id: "admin-no-personal-data",
        about: About::Roles(ADMIN),
        actions: &[],
        classes: &[
            C::PersonalData,
            C::Request,
            C::Quote,
            C::Settlement,
            C::WalletCalls,
            C::Loan,
            C::Repayment,
            C::FraudCheck,
            C::RiskDecision,
            C::RiskInside,
            C::Review,
            C::SpendingLimit,
            C::Verification,
            C::Screening,
            C::Case,
            C::Sar,
            C::Document,
            C::Export,
        ],
        hides: false,
        why: "who gives roles reads no personal data",
    },
    Forbid {
        id: "system-decides-nothing",
        about: About::Roles(SYSTEM),
        actions: &[
            A::Approve,
            A::Reject,
            A::Decide,
            A::Release,
            A::Resume,
            A::Accept,
            A::Sign,
        ],
        classes: &[],
        hides: false,
        why: "a person approves, clears and releases",
    },
    Forbid {
        id: "maker-is-not-checker",
        about: About::Maker,
        actions: VERDICTS,
        classes: &[],
        hides: false,
        why: "nobody approves what they proposed, clears a hit they raised or releases a report they wrote",
    },
    Forbid {
        id: "nobody-about-themselves",
        about: About::Subject,
        actions: &[A::Approve, A::Decide, A::Release, A::Change, A::Suspend, A::Resume],
        classes: &[],
        hides: false,
        why: "nobody decides about themselves or changes their own role",
    },
];

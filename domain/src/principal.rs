//! Who acts. Authentication makes a [`Principal`]; every use case checks it.

use serde::{Deserialize, Serialize};

use crate::ids::{PrincipalId, ProviderId, TenantId};

/// What a principal may do: one role each. What a role may do to what is in the crate `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks for credit, sees only their own requests and loans.
    Borrower,
    /// Acts for borrowers of its tenant.
    Integrator,
    /// A lender: sees the loans it granted.
    Provider,
    /// Staff: reviews, cases and lenders from day to day; moves no money.
    Officer,
    /// Staff: models and limits of risk.
    RiskManager,
    /// Staff: the second pair of eyes over officers.
    Manager,
    /// Staff: the last word about credit, approves what risk managers propose.
    CreditHead,
    /// Staff: principals and their roles; never sees personal data in clear.
    Admin,
    /// Our own processes. Has no token and approves nothing.
    System,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 9] = [
        Self::Borrower,
        Self::Integrator,
        Self::Provider,
        Self::Officer,
        Self::RiskManager,
        Self::Manager,
        Self::CreditHead,
        Self::Admin,
        Self::System,
    ];

    /// The name as stored and as written in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Borrower => "borrower",
            Self::Integrator => "integrator",
            Self::Provider => "provider",
            Self::Officer => "officer",
            Self::RiskManager => "risk_manager",
            Self::Manager => "manager",
            Self::CreditHead => "credit_head",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == name)
    }

    /// Whether it works for a tenant or for the platform, rather than for itself: only these have groups.
    pub const fn is_staff(self) -> bool {
        matches!(
            self,
            Self::Officer | Self::RiskManager | Self::Manager | Self::CreditHead | Self::Admin
        )
    }
}

/// A group that a member of staff may be in beside the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Works for the platform: crosses tenants. Staff without it stay within their own tenant.
    Platform,
    /// Fights money laundering: the only one for whom suspicious activity reports exist.
    Aml,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 2] = [Self::Platform, Self::Aml];

    /// The name as stored and as written in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Aml => "aml",
        }
    }

    /// The group of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.as_str() == name)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Platform => 1,
            Self::Aml => 2,
        }
    }
}

/// What a principal has beside its role, and how often that was changed. The default is a principal in no group, never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standing {
    groups: u8,
    /// Number of changes of role and groups so far. A token of an earlier number is no longer good.
    pub revision: u32,
}

impl Standing {
    /// In these groups, never changed.
    pub fn of(groups: &[Group]) -> Self {
        let groups = groups.iter().fold(0, |all, group| all | group.bit());
        Self { groups, revision: 0 }
    }

    /// The same at that number of changes.
    #[must_use]
    pub fn at(self, revision: u32) -> Self {
        Self { revision, ..self }
    }

    /// Whether it is in that group.
    pub const fn is_in(self, group: Group) -> bool {
        self.groups & group.bit() != 0
    }

    /// The groups it is in.
    pub fn groups(self) -> impl Iterator<Item = Group> {
        Group::ALL.into_iter().filter(move |group| self.is_in(*group))
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub id: PrincipalId,
    /// Whose data.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
    /// The lender that a `Provider` speaks for.
    pub provider: Option<ProviderId>,
    /// Groups of staff, and the number of changes.
    pub standing: Standing,
}

//! Who acts. Authentication makes a [`Principal`]; every use case checks it.

use serde::{Deserialize, Serialize};

use crate::ids::{PrincipalId, ProviderId, TenantId};

/// What a principal may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks for credit, sees only their own requests and loans.
    Borrower,
    /// Acts for borrowers of its tenant.
    Integrator,
    /// A lender: sees the loans it granted.
    Provider,
    /// Works for us: sees every tenant, moves no money.
    Officer,
}

impl Role {
    /// The name as stored and as written in tokens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Borrower => "borrower",
            Self::Integrator => "integrator",
            Self::Provider => "provider",
            Self::Officer => "officer",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Borrower, Self::Integrator, Self::Provider, Self::Officer]
            .into_iter()
            .find(|r| r.as_str() == name)
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
}

impl Principal {
    /// Whether this caller may see an object of that tenant and borrower. To everyone else the object does not exist.
    pub fn sees(&self, tenant: TenantId, borrower: PrincipalId, provider: Option<&ProviderId>) -> bool {
        match self.role {
            Role::Borrower => self.tenant == tenant && self.id == borrower,
            Role::Integrator => self.tenant == tenant,
            Role::Provider => self.provider.is_some() && self.provider.as_ref() == provider,
            Role::Officer => true,
        }
    }

    /// Whether this caller may act for that borrower.
    pub fn acts_for(&self, tenant: TenantId, borrower: PrincipalId) -> bool {
        match self.role {
            Role::Borrower => self.tenant == tenant && self.id == borrower,
            Role::Integrator => self.tenant == tenant,
            Role::Provider | Role::Officer => false,
        }
    }
}

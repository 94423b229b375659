//! Sets of roles.

use domain::Role;

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleSet(u16);

impl RoleSet {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everyone who can have a token.
    pub const CALLERS: Self = Self::of(&[
        Role::Borrower,
        Role::Integrator,
        Role::Provider,
        Role::Officer,
        Role::RiskManager,
        Role::Manager,
        Role::CreditHead,
        Role::Admin,
    ]);

    /// These roles.
    pub const fn of(roles: &[Role]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < roles.len() {
            set |= 1 << roles[at] as u16;
            at += 1;
        }
        Self(set)
    }

    /// Whether a role is in it.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }

    /// The roles of both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The roles that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The roles of this that are not in the other.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The roles in it.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

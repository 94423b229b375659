//! Who may do what to which object and field: one typed matrix.
//!
//! [`decide`] answers for a caller, an action and a resource. The matrix itself is data ([`matrix::GRANTS`],
//! [`matrix::FORBIDS`]): what no grant allows is denied, and a forbid beats every grant. [`fields`] and [`routes`] say which
//! action on which class each field of the schema and each route of the API is; what is not listed there is denied to everyone.

mod compliance_fields;
pub mod decide;
pub mod document;
pub mod fields;
mod list_fields;
pub mod matrix;
mod program_fields;
pub mod resource;
pub mod roles;
pub mod routes;

pub use decide::{Decision, Denial, Scope, decide, ever, has_tokens, scope};
pub use resource::{Action, Band, Class, Purpose, Resource};
pub use roles::RoleSet;

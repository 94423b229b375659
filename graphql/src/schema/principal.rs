//! Principals and their roles, for administrators.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::roles::{NewRole, PrincipalView};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use domain::Role;

use super::mutation::{payload, refusal};
use super::query::{ROOT_COST, present};
use super::value::RefusalOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, encode};

/// What a principal may do, as one word.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "PrincipalRole", remote = "Role")]
pub enum RoleOut {
    /// Asks for credit.
    Borrower,
    /// Acts for borrowers of its tenant.
    Integrator,
    /// A lender.
    Provider,
    /// Staff: reviews, cases and lenders from day to day.
    Officer,
    /// Staff: models and limits of risk.
    RiskManager,
    /// Staff: the second pair of eyes over officers.
    Manager,
    /// Staff: the last word about credit.
    CreditHead,
    /// Staff: principals and their roles; no personal data.
    Admin,
    /// Our own processes.
    System,
}

/// A principal.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Principal")]
pub struct PrincipalOut {
    /// Id, starts with `prn_`.
    id: ID,
    /// Its tenant.
    tenant: ID,
    /// Role.
    role: RoleOut,
    /// `platform`: crosses tenants. `aml`: fights money laundering.
    groups: Vec<String>,
    /// Number of changes of role and groups.
    revision: u32,
}

impl From<PrincipalView> for PrincipalOut {
    fn from(view: PrincipalView) -> Self {
        Self {
            id: encode(Kind::Principal, view.id.0).into(),
            tenant: encode(Kind::Tenant, view.tenant.0).into(),
            role: view.role.into(),
            groups: view.groups,
            revision: view.revision,
        }
    }
}

/// Reads about principals.
#[derive(Clone, Copy, Debug)]
pub struct PrincipalQuery;

#[Object]
impl PrincipalQuery {
    /// A principal. For administrators.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn principal(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PrincipalOut>> {
        let id = decode(Kind::Principal, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.principal_view(caller(ctx)?, id)).await)?.map(Into::into))
    }
}

payload! {
    /// Answer to `changeRole`.
    PrincipalPayload { principal: PrincipalOut }
}

/// Writes about principals.
#[derive(Clone, Copy, Debug)]
pub struct PrincipalMutation;

#[Object]
impl PrincipalMutation {
    /// Changes role and groups of a member of staff; its tokens end. Nobody changes their own. For administrators.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the interface")]
    async fn change_role(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        role: RoleOut,
        groups: Vec<String>,
        reason: String,
    ) -> Result<PrincipalPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let new = NewRole {
                principal: decode(Kind::Principal, "id", &id)?,
                role: role.into(),
                groups,
            };
            api.aggregator.change_role(caller, &key, new, &reason).await
        };
        PrincipalPayload::of(Box::pin(made).await, Into::into)
    }
}

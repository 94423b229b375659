//! Principals of a development marketplace. Their secrets are public: production has none of them.

use aggregator::Aggregator;
use anyhow::Result;
use domain::ids::{PrincipalId, ProviderId, TenantId};
use domain::principal::{Group, Principal, Role, Standing};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An API client of the development marketplace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DevClient {
    /// OAuth client id.
    pub client_id: String,
    /// Its secret, public knowledge.
    pub client_secret: String,
    /// What it may do.
    pub role: String,
}

fn client(name: &str, role: Role) -> DevClient {
    DevClient {
        client_id: format!("dev-{name}"),
        client_secret: format!("public-development-secret-of-{name}"),
        role: role.as_str().to_owned(),
    }
}

/// The clients, the borrower first.
pub fn clients() -> Vec<DevClient> {
    vec![
        client("borrower", Role::Borrower),
        client("integrator", Role::Integrator),
        client("harbor-bank", Role::Provider),
        client("officer", Role::Officer),
        client("other-borrower", Role::Borrower),
        client("second-officer", Role::Officer),
        client("risk-manager", Role::RiskManager),
        client("manager", Role::Manager),
        client("credit-head", Role::CreditHead),
        client("second-credit-head", Role::CreditHead),
        client("admin", Role::Admin),
        client("aml-officer", Role::Officer),
        client("second-borrower", Role::Borrower),
        client("tenant-officer", Role::Officer),
        client("other-officer", Role::Officer),
        client("other-integrator", Role::Integrator),
        client("desk-one", Role::Provider),
    ]
}

/// Everybody whose name starts with `other` belongs to the second tenant.
fn is_other(client: &DevClient) -> bool {
    client.client_id.starts_with("dev-other-")
}

/// Staff work for the platform, but for those who are named after a tenant.
fn standing(client: &DevClient, role: Role) -> Standing {
    let bound = is_other(client) || client.client_id == "dev-tenant-officer";
    match client.client_id.as_str() {
        "dev-aml-officer" => Standing::of(&[Group::Platform, Group::Aml]),
        _ if role.is_staff() && !bound => Standing::of(&[Group::Platform]),
        _ => Standing::default(),
    }
}

/// The lender that a client of one speaks for, by the name of the client.
fn lender(client: &DevClient, role: Role) -> Result<Option<ProviderId>> {
    let name = client.client_id.strip_prefix("dev-").filter(|_| role == Role::Provider);
    Ok(name.map(str::parse).transpose()?)
}

/// The tenants of the development marketplace.
pub const TENANTS: [TenantId; 2] = [TenantId(Uuid::from_u128(0xA1)), TenantId(Uuid::from_u128(0xA2))];

/// The clients with the principals that they act as.
pub fn principals() -> Result<Vec<(DevClient, Principal)>> {
    let made = (1u128..).zip(clients()).map(|(number, client)| {
        let role = Role::parse(&client.role).unwrap_or(Role::Borrower);
        let principal = Principal {
            id: PrincipalId(Uuid::from_u128(0xB0 + number)),
            tenant: TENANTS[usize::from(is_other(&client))],
            role,
            provider: lender(&client, role)?,
            standing: standing(&client, role),
        };
        Ok::<_, anyhow::Error>((client, principal))
    });
    made.collect()
}

/// Creates one tenant with a client of each role that has tokens, and a second tenant with people of its own.
pub async fn plant(aggregator: &Aggregator) -> Result<()> {
    for (tenant, name) in TENANTS.into_iter().zip(["Development", "Another tenant"]) {
        aggregator.create_tenant(tenant, name).await?;
    }
    for (client, principal) in principals()? {
        aggregator.create_principal(&principal).await?;
        aggregator
            .create_client(&client.client_id, principal.id, &client.client_secret)
            .await?;
    }
    Ok(())
}

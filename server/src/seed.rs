//! Principals of a development marketplace. Their secrets are public: production has none of them.

use aggregator::Aggregator;
use anyhow::Result;
use domain::ids::{PrincipalId, TenantId};
use domain::principal::{Principal, Role};
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
    ]
}

/// Creates one tenant with a client of each role, and a second tenant with a borrower of its own.
pub async fn plant(aggregator: &Aggregator) -> Result<()> {
    let (first, second) = (TenantId(Uuid::from_u128(0xA1)), TenantId(Uuid::from_u128(0xA2)));
    aggregator.create_tenant(first, "Development").await?;
    aggregator.create_tenant(second, "Another tenant").await?;
    for (number, client) in (1u128..).zip(clients()) {
        let role = Role::parse(&client.role).unwrap_or(Role::Borrower);
        let principal = Principal {
            id: PrincipalId(Uuid::from_u128(0xB0 + number)),
            tenant: if client.client_id == "dev-other-borrower" {
                second
            } else {
                first
            },
            role,
            provider: if role == Role::Provider {
                Some("harbor-bank".parse()?)
            } else {
                None
            },
        };
        aggregator.create_principal(&principal).await?;
        aggregator
            .create_client(&client.client_id, principal.id, &client.client_secret)
            .await?;
    }
    Ok(())
}

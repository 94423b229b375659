//! Programs of integrators and lenders: their API clients.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::clients::{ClientView, IssuedClient};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::mutation::{payload, refusal};
use super::principal::RoleOut;
use super::query::ROOT_COST;
use super::value::RefusalOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

/// Whether a client gets tokens.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiClientState {
    /// It does.
    Active,
    /// Never again.
    Revoked,
}

/// An API client: a pair of id and secret that a program gets tokens for.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ApiClient")]
pub struct ClientOut {
    /// The client id of OAuth.
    id: ID,
    /// Role that it acts in.
    role: RoleOut,
    /// Its tenant.
    tenant: ID,
    /// The lender that it speaks for.
    provider: Option<ID>,
    /// What its owner calls it.
    label: Option<String>,
    /// Whether it gets tokens.
    state: ApiClientState,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last got a new secret.
    rotated_at: Option<DateTime<Utc>>,
    /// When it last got a token, to the minute.
    last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret of before is good as well; null when it is not.
    previous_secret_until: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ClientView> for ClientOut {
    fn from(view: ClientView) -> Self {
        Self {
            id: view.id.into(),
            role: view.role.into(),
            tenant: encode(Kind::Tenant, view.tenant.0).into(),
            provider: view.provider.map(|provider| provider.to_string().into()),
            label: view.label,
            state: match view.revoked_at {
                Some(_) => ApiClientState::Revoked,
                None => ApiClientState::Active,
            },
            created_at: view.created_at,
            rotated_at: view.rotated_at,
            last_used_at: view.last_used_at,
            previous_secret_until: view.previous_until,
            revoked_at: view.revoked_at,
        }
    }
}

/// A client with the secret that it was just given.
#[derive(SimpleObject, Clone)]
#[graphql(name = "IssuedApiClient")]
pub struct IssuedClientOut {
    /// The client.
    client: ClientOut,
    /// Its secret, in this answer and nowhere else; null when a call is repeated with its key.
    secret: Option<String>,
}

impl std::fmt::Debug for IssuedClientOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedClientOut")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl From<IssuedClient> for IssuedClientOut {
    fn from(issued: IssuedClient) -> Self {
        Self {
            client: issued.client.into(),
            secret: issued.secret,
        }
    }
}

payload! {
    /// Answer to `createApiClient` and `rotateApiClientSecret`.
    ApiClientSecretPayload { issued: IssuedClientOut }
}
payload! {
    /// Answer to `revokeApiClient`.
    ApiClientPayload { client: ClientOut }
}

/// Reads about API clients.
#[derive(Clone, Copy, Debug)]
pub struct ProgramQuery;

#[Object]
impl ProgramQuery {
    /// API clients: an integrator's are those of its tenant, a lender's its own, staff's those within their reach.
    #[graphql(complexity = "ROOT_COST + 100 * child_complexity")]
    async fn api_clients(&self, ctx: &Context<'_>) -> Result<Vec<ClientOut>> {
        let found = Box::pin(api(ctx)?.aggregator.api_clients(caller(ctx)?)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }
}

/// Writes about API clients.
#[derive(Clone, Copy, Debug)]
pub struct ProgramMutation;

#[Object]
impl ProgramMutation {
    /// Makes a client with the caller's role, tenant and lender. The secret is shown once.
    async fn create_api_client(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        label: String,
    ) -> Result<ApiClientSecretPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.create_api_client(caller, &key, &label).await
        };
        ApiClientSecretPayload::of(Box::pin(made).await, Into::into)
    }

    /// Gives a client a new secret, shown once. The one of before stays good for 24 hours, or for `overlapHours`: 0 to 168.
    async fn rotate_api_client_secret(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        overlap_hours: Option<u32>,
    ) -> Result<ApiClientSecretPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let aggregator = &api.aggregator;
            aggregator
                .rotate_api_client_secret(caller, &key, &id, overlap_hours)
                .await
        };
        ApiClientSecretPayload::of(Box::pin(made).await, Into::into)
    }

    /// Revokes a client for good. Tokens that it has live for their 15 minutes.
    async fn revoke_api_client(&self, ctx: &Context<'_>, idempotency_key: String, id: ID) -> Result<ApiClientPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.revoke_api_client(caller, &key, &id).await
        };
        ApiClientPayload::of(Box::pin(made).await, Into::into)
    }
}

//! Root fields about webhooks.

use aggregator::api::IdempotencyKey;
use aggregator::webhooks::{DeliveryFilter, EndpointChange, NewEndpoint};
use async_graphql::{Context, ID, InputObject, Object, Result};

use super::query::ROOT_COST;
use super::webhook::{
    DeliveryOut, DeliveryStateOut, EndpointOut, WebhookDeliveryPayload, WebhookEndpointPayload, WebhookSecretPayload,
};
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// An endpoint as its owner wants it.
#[derive(InputObject, Clone, Debug)]
pub struct WebhookEndpointInput {
    /// Where messages go: https, without user, query and fragment; http on this machine in development.
    url: String,
    /// What its owner calls it, at most 200 characters.
    #[graphql(default)]
    description: String,
    /// Names of events; none: all that the owner may see.
    #[graphql(default)]
    events: Vec<String>,
}

/// What changes of an endpoint; what is left out stays.
#[derive(InputObject, Clone, Debug)]
pub struct WebhookEndpointChange {
    /// Where messages go.
    url: Option<String>,
    /// What its owner calls it.
    description: Option<String>,
    /// Names of events; empty: all.
    events: Option<Vec<String>>,
    /// Whether it is told of anything. Enabling sends what waited.
    enabled: Option<bool>,
}

/// Reads about webhooks.
#[derive(Clone, Copy, Debug)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// Names of the events that the caller's endpoints can listen to.
    #[graphql(complexity = "ROOT_COST")]
    #[expect(clippy::unused_async, reason = "resolvers are asynchronous")]
    async fn webhook_events(&self, ctx: &Context<'_>) -> Result<Vec<&'static str>> {
        api(ctx)?.aggregator.webhook_events(caller(ctx)?).map_err(fail)
    }

    /// Endpoints that the caller may see, oldest first.
    #[graphql(complexity = "ROOT_COST + 20 * child_complexity")]
    async fn webhook_endpoints(&self, ctx: &Context<'_>) -> Result<Vec<EndpointOut>> {
        let found = Box::pin(api(ctx)?.aggregator.webhook_endpoints(caller(ctx)?)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Deliveries to an endpoint, newest first, `first` at a time (20, at most 100), older than `before`.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn webhook_deliveries(
        &self,
        ctx: &Context<'_>,
        endpoint: ID,
        state: Option<DeliveryStateOut>,
        first: Option<u32>,
        before: Option<ID>,
    ) -> Result<Vec<DeliveryOut>> {
        let id = decode(Kind::WebhookEndpoint, "endpoint", &endpoint).map_err(fail)?;
        let before = before.map(|id| decode(Kind::WebhookDelivery, "before", &id));
        let filter = DeliveryFilter {
            state: state.map(Into::into),
            first,
            before: before.transpose().map_err(fail)?,
        };
        let found = Box::pin(api(ctx)?.aggregator.webhook_deliveries(caller(ctx)?, id, filter)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }
}

/// Writes about webhooks.
#[derive(Clone, Copy, Debug)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Makes an endpoint of the caller's tenant or lender. The secret is shown once.
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: WebhookEndpointInput,
    ) -> Result<WebhookSecretPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let new = NewEndpoint {
                url: input.url,
                description: input.description,
                events: input.events,
            };
            api.aggregator.create_webhook_endpoint(caller, &key, new).await
        };
        WebhookSecretPayload::of(Box::pin(made).await, Into::into)
    }

    /// Changes an endpoint.
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        change: WebhookEndpointChange,
    ) -> Result<WebhookEndpointPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::WebhookEndpoint, "id", &id)?;
            let change = EndpointChange {
                url: change.url,
                description: change.description,
                events: change.events,
                enabled: change.enabled,
            };
            api.aggregator.update_webhook_endpoint(caller, &key, id, change).await
        };
        WebhookEndpointPayload::of(Box::pin(made).await, Into::into)
    }

    /// Gives an endpoint a new secret, shown once. The one of before signs as well for 24 hours, or for `overlapHours`: 0 to 168.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        overlap_hours: Option<u32>,
    ) -> Result<WebhookSecretPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::WebhookEndpoint, "id", &id)?;
            let aggregator = &api.aggregator;
            aggregator.rotate_webhook_secret(caller, &key, id, overlap_hours).await
        };
        WebhookSecretPayload::of(Box::pin(made).await, Into::into)
    }

    /// Deletes an endpoint; what waited for it is not sent any more.
    async fn delete_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
    ) -> Result<WebhookEndpointPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::WebhookEndpoint, "id", &id)?;
            api.aggregator.delete_webhook_endpoint(caller, &key, id).await
        };
        WebhookEndpointPayload::of(Box::pin(made).await, Into::into)
    }

    /// Sends a delivery that ended once more, with the same `webhook-id` and body.
    async fn replay_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::WebhookDelivery, "id", &id)?;
            api.aggregator.replay_webhook_delivery(caller, &key, id).await
        };
        WebhookDeliveryPayload::of(Box::pin(made).await, Into::into)
    }

    /// Sends `webhook.test` to an endpoint, as an event would be sent.
    async fn send_test_webhook(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        endpoint: ID,
    ) -> Result<WebhookDeliveryPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::WebhookEndpoint, "endpoint", &endpoint)?;
            api.aggregator.send_test_webhook(caller, &key, id).await
        };
        WebhookDeliveryPayload::of(Box::pin(made).await, Into::into)
    }
}

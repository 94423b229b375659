//! Webhooks: endpoints and what was sent to them.

use aggregator::Error;
use aggregator::webhooks::{
    AttemptView, DeliveryState, DeliveryView, EndpointState, EndpointView, IssuedEndpoint, Owner,
};
use async_graphql::{Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::mutation::{payload, refusal};
use super::value::RefusalOut;
use crate::public_id::{Kind, encode};

/// Whether an endpoint is told of anything.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "WebhookEndpointState", remote = "EndpointState")]
pub enum EndpointStateOut {
    /// It is.
    Enabled,
    /// Not, because its owner asked for it.
    Disabled,
    /// Not, because it failed for five days.
    Failing,
    /// Not, because it answered 410.
    Gone,
}

/// Where a delivery is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(name = "WebhookDeliveryState", remote = "DeliveryState")]
pub enum DeliveryStateOut {
    /// To be sent, for the first time or again.
    Pending,
    /// A 2xx answered.
    Delivered,
    /// No attempt succeeded; it can be sent again by hand.
    Failed,
    /// Its endpoint was deleted.
    Cancelled,
}

/// Where events are sent.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "WebhookEndpoint")]
pub struct EndpointOut {
    /// Id, starts with `whe_`.
    id: ID,
    /// The lender whose it is; null when it is an integrator's.
    provider: Option<ID>,
    /// Where messages go.
    url: String,
    /// What its owner calls it; may be empty.
    description: String,
    /// Names of events; none: all that the owner may see.
    events: Vec<String>,
    /// Whether it is told of anything.
    state: EndpointStateOut,
    /// How often its secret was given.
    secret_version: u32,
    /// Until when the secret of before signs as well; null when it does not.
    previous_secret_until: Option<DateTime<Utc>>,
    /// Since when every attempt failed.
    failing_since: Option<DateTime<Utc>>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl From<EndpointView> for EndpointOut {
    fn from(view: EndpointView) -> Self {
        Self {
            id: encode(Kind::WebhookEndpoint, view.id).into(),
            provider: match view.owner {
                Owner::Lender(provider) => Some(provider.to_string().into()),
                Owner::Tenant(_) => None,
            },
            url: view.url,
            description: view.description,
            events: view.events,
            state: view.state.into(),
            secret_version: view.secret_version,
            previous_secret_until: view.previous_until,
            failing_since: view.failing_since,
            created_at: view.created_at,
        }
    }
}

/// An endpoint with the secret that it was just given.
#[derive(SimpleObject, Clone)]
#[graphql(name = "IssuedWebhookEndpoint")]
pub struct IssuedEndpointOut {
    /// The endpoint.
    endpoint: EndpointOut,
    /// `whsec_…`: its secret, in this answer and nowhere else.
    secret: String,
}

impl std::fmt::Debug for IssuedEndpointOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedEndpointOut")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl From<IssuedEndpoint> for IssuedEndpointOut {
    fn from(issued: IssuedEndpoint) -> Self {
        Self {
            endpoint: issued.endpoint.into(),
            secret: issued.secret,
        }
    }
}

/// One event to one endpoint.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "WebhookDelivery")]
pub struct DeliveryOut {
    /// Id, starts with `msg_`: the `webhook-id` of every attempt.
    id: ID,
    /// To which endpoint.
    endpoint: ID,
    /// Name of the event.
    event: String,
    /// The exact body.
    body: String,
    /// Where it is.
    state: DeliveryStateOut,
    /// When it is tried next; null when it is not.
    next_at: Option<DateTime<Utc>>,
    /// When it happened.
    occurred_at: DateTime<Utc>,
    /// When it ended.
    done_at: Option<DateTime<Utc>>,
    /// The newest 20 attempts, oldest first.
    attempts: Vec<AttemptOut>,
}

impl From<DeliveryView> for DeliveryOut {
    fn from(view: DeliveryView) -> Self {
        Self {
            id: encode(Kind::WebhookDelivery, view.id).into(),
            endpoint: encode(Kind::WebhookEndpoint, view.endpoint).into(),
            event: view.event,
            body: view.body,
            state: view.state.into(),
            next_at: view.next_at,
            occurred_at: view.occurred_at,
            done_at: view.done_at,
            attempts: view.attempts.into_iter().map(Into::into).collect(),
        }
    }
}

/// What came of one attempt.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "WebhookAttempt")]
pub struct AttemptOut {
    /// From 1. One that a crash cut off is missing.
    number: u32,
    /// When it began.
    at: DateTime<Utc>,
    /// How long it took, milliseconds.
    duration_ms: u32,
    /// HTTP status; null without an answer.
    status: Option<u32>,
    /// Why there was no answer.
    failure: Option<String>,
    /// The beginning of the answer, without control characters.
    answer: String,
}

impl From<AttemptView> for AttemptOut {
    fn from(view: AttemptView) -> Self {
        Self {
            number: view.number,
            at: view.at,
            duration_ms: view.duration_ms,
            status: view.status.map(u32::from),
            failure: view.failure,
            answer: view.answer,
        }
    }
}

payload! {
    /// Answer to `createWebhookEndpoint` and `rotateWebhookSecret`.
    WebhookSecretPayload { issued: IssuedEndpointOut }
}
payload! {
    /// Answer to `updateWebhookEndpoint` and `deleteWebhookEndpoint`.
    WebhookEndpointPayload { endpoint: EndpointOut }
}
payload! {
    /// Answer to `replayWebhookDelivery` and `sendTestWebhook`.
    WebhookDeliveryPayload { delivery: DeliveryOut }
}

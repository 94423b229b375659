//! Webhooks: integrators and lenders are told of events that they may see.
//!
//! A consumer of the outbox writes one delivery for each endpoint that listens, in the transaction that notes the event in its inbox.
//! A worker takes deliveries that are due by a lease, sends them through a port and writes down what came of it, so a delivery is made
//! at least once, always with the same `webhook-id`. Signatures are those of Standard Webhooks 1.0.0.

mod catalogue;
mod deliveries;
mod endpoints;
mod fan_out;
mod sign;
mod work;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Principal;
use domain::ids::{ProviderId, TenantId};

use crate::access::{Class, Resource};

pub use catalogue::{PREFIXES, names};
pub use deliveries::{AttemptView, DeliveryFilter, DeliveryState, DeliveryView};
pub use endpoints::{EndpointChange, EndpointState, EndpointView, IssuedEndpoint, NewEndpoint};
pub(crate) use fan_out::FanOut;
pub use sign::{sign, verifies};

/// Sends one message to one address. Names are resolved and checked by whoever implements it; it follows no redirects.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Whether an endpoint may have that address; otherwise why not, in words for its owner.
    fn check(&self, url: &str) -> Result<(), String>;

    /// Posts the message and reads the answer.
    async fn send(&self, message: &Message<'_>) -> Result<Reply, SendFailure>;
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Where to.
    pub url: &'a str,
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`: Unix seconds.
    pub timestamp: i64,
    /// `webhook-signature`: one or two signatures.
    pub signature: &'a str,
    /// JSON.
    pub body: &'a str,
    /// From now to the last byte of the answer.
    pub timeout: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// As it came; it is clipped and cleaned before it is kept.
    pub body: Vec<u8>,
    /// How long we are asked to wait.
    pub retry_after: Option<Duration>,
}

/// No answer, in words for the endpoint's owner: no address of ours, no detail of the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SendFailure(pub String);

/// How webhooks are sent. Without a sender there are none.
#[derive(Clone, Default)]
pub struct WebhookSettings {
    /// Sends them.
    pub sender: Option<Arc<dyn WebhookSender>>,
}

impl std::fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSettings({})", self.sender.is_some())
    }
}

/// Whose an endpoint is, and so what it is told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Owner {
    /// An integrator's: events of the tenant.
    Tenant(TenantId),
    /// A lender's: events of its business, of whatever tenant.
    Lender(ProviderId),
}

impl Owner {
    /// Who owns what that caller makes.
    fn of(caller: &Principal) -> Self {
        match &caller.provider {
            Some(provider) => Self::Lender(provider.clone()),
            None => Self::Tenant(caller.tenant),
        }
    }

    fn resource(&self) -> Resource<'_> {
        match self {
            Self::Tenant(tenant) => Resource::of_tenant(Class::Webhook, *tenant),
            Self::Lender(provider) => Resource::platform(Class::Webhook).with(Some(provider)),
        }
    }

    const fn is_lender(&self) -> bool {
        matches!(self, Self::Lender(_))
    }
}

#[cfg(test)]
mod tests;

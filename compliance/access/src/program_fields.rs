//! Fields about the programs of integrators and lenders: API clients and webhooks.

use crate::fields::{FieldRule, Who::May, rule};
use crate::resource::{Action as A, Class as C};

/// Roots first, then types by name.
pub(crate) static PROGRAMS: &[FieldRule] = &[
    rule("Query", May(A::Read, C::ApiClient), &["apiClients"]),
    rule("Query", May(A::Read, C::Webhook), &["webhookEvents"]),
    rule("Query", May(A::Read, C::Webhook), &["webhookEndpoints"]),
    rule("Query", May(A::Read, C::Webhook), &["webhookDeliveries"]),
    rule("Mutation", May(A::Create, C::ApiClient), &["createApiClient"]),
    rule("Mutation", May(A::Change, C::ApiClient), &["rotateApiClientSecret"]),
    rule("Mutation", May(A::Cancel, C::ApiClient), &["revokeApiClient"]),
    rule("Mutation", May(A::Create, C::Webhook), &["createWebhookEndpoint"]),
    rule("Mutation", May(A::Change, C::Webhook), &["updateWebhookEndpoint"]),
    rule("Mutation", May(A::Create, C::Webhook), &["rotateWebhookSecret"]),
    rule("Mutation", May(A::Change, C::Webhook), &["deleteWebhookEndpoint"]),
    rule("Mutation", May(A::Change, C::Webhook), &["replayWebhookDelivery"]),
    rule("Mutation", May(A::Change, C::Webhook), &["sendTestWebhook"]),
    rule(
        "ApiClient",
        May(A::Read, C::ApiClient),
        &[
            "id",
            "role",
            "tenant",
            "provider",
            "label",
            "state",
            "createdAt",
            "rotatedAt",
            "lastUsedAt",
            "previousSecretUntil",
            "revokedAt",
        ],
    ),
    rule(
        "ApiClientPayload",
        May(A::Cancel, C::ApiClient),
        &["client", "refusals"],
    ),
    rule(
        "ApiClientSecretPayload",
        May(A::Create, C::ApiClient),
        &["issued", "refusals"],
    ),
    rule("IssuedApiClient", May(A::Create, C::ApiClient), &["client", "secret"]),
    rule(
        "IssuedWebhookEndpoint",
        May(A::Create, C::Webhook),
        &["endpoint", "secret"],
    ),
    rule(
        "WebhookAttempt",
        May(A::Read, C::Webhook),
        &["number", "at", "durationMs", "status", "failure", "answer"],
    ),
    rule(
        "WebhookDelivery",
        May(A::Read, C::Webhook),
        &[
            "id",
            "endpoint",
            "event",
            "body",
            "state",
            "nextAt",
            "occurredAt",
            "doneAt",
            "attempts",
        ],
    ),
    rule(
        "WebhookDeliveryPayload",
        May(A::Change, C::Webhook),
        &["delivery", "refusals"],
    ),
    rule(
        "WebhookEndpoint",
        May(A::Read, C::Webhook),
        &[
            "id",
            "provider",
            "url",
            "description",
            "events",
            "state",
            "secretVersion",
            "previousSecretUntil",
            "failingSince",
            "createdAt",
        ],
    ),
    rule(
        "WebhookEndpointPayload",
        May(A::Change, C::Webhook),
        &["endpoint", "refusals"],
    ),
    rule(
        "WebhookSecretPayload",
        May(A::Create, C::Webhook),
        &["issued", "refusals"],
    ),
];

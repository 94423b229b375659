//! API clients and webhooks in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, write};

const DELIVERIES: &[(&str, &str)] = &[
    (
        "state",
        "PENDING, DELIVERED, FAILED or CANCELLED; all when it is left out.",
    ),
    ("first", "Size of the page, 1 to 100."),
    ("before", "Id of the delivery after the page: older ones follow."),
];

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    client_routes().into_iter().chain(webhook_routes()).collect()
}

fn client_routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        read("/v1/api-clients", "apiClients", "API clients", Many("ApiClient")),
        Route {
            body: Some("ApiClientInput"),
            status: "201",
            ..write(
                "/v1/api-clients",
                "createApiClient",
                "Make an API client; its secret is shown once",
                One("IssuedApiClient"),
            )
        },
        Route {
            body: Some("SecretRotationInput"),
            ..write(
                "/v1/api-clients/{id}/rotate",
                "rotateApiClientSecret",
                "Give an API client a new secret, shown once",
                One("IssuedApiClient"),
            )
        },
        write(
            "/v1/api-clients/{id}/revoke",
            "revokeApiClient",
            "Revoke an API client for good",
            One("ApiClient"),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "one list")]
fn webhook_routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        read(
            "/v1/webhook-events",
            "webhookEvents",
            "Names of the events that endpoints can listen to",
            Many("WebhookEventName"),
        ),
        read(
            "/v1/webhook-endpoints",
            "webhookEndpoints",
            "Endpoints of webhooks",
            Many("WebhookEndpoint"),
        ),
        Route {
            body: Some("WebhookEndpointInput"),
            status: "201",
            ..write(
                "/v1/webhook-endpoints",
                "createWebhookEndpoint",
                "Make an endpoint; its secret is shown once",
                One("IssuedWebhookEndpoint"),
            )
        },
        Route {
            body: Some("WebhookEndpointChange"),
            ..write(
                "/v1/webhook-endpoints/{id}",
                "updateWebhookEndpoint",
                "Change an endpoint",
                One("WebhookEndpoint"),
            )
        },
        write(
            "/v1/webhook-endpoints/{id}/delete",
            "deleteWebhookEndpoint",
            "Delete an endpoint",
            One("WebhookEndpoint"),
        ),
        Route {
            query: DELIVERIES,
            ..read(
                "/v1/webhook-endpoints/{id}/deliveries",
                "webhookDeliveries",
                "What was sent to an endpoint, newest first",
                Many("WebhookDelivery"),
            )
        },
        Route {
            body: Some("SecretRotationInput"),
            ..write(
                "/v1/webhook-endpoints/{id}/rotate-secret",
                "rotateWebhookSecret",
                "Give an endpoint a new secret, shown once",
                One("IssuedWebhookEndpoint"),
            )
        },
        Route {
            status: "202",
            ..write(
                "/v1/webhook-endpoints/{id}/test",
                "sendTestWebhook",
                "Send a message of test",
                One("WebhookDelivery"),
            )
        },
        Route {
            status: "202",
            ..write(
                "/v1/webhook-deliveries/{id}/replay",
                "replayWebhookDelivery",
                "Send a delivery that ended once more",
                One("WebhookDelivery"),
            )
        },
    ]
}

/// Bodies and values that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let client = json!({
        "type": "object", "additionalProperties": false, "required": ["label"], "properties": {
            "label": { "type": "string", "minLength": 1, "maxLength": 100, "description": "What its owner calls it." },
        },
    });
    let rotation = json!({
        "type": "object", "additionalProperties": false, "properties": {
            "overlapHours": {
                "type": "integer", "minimum": 0, "maximum": 168,
                "description": "How long the secret of before stays good; 24 when it is left out, 0 for an end at once.",
            },
        },
    });
    let names: std::collections::BTreeSet<&str> = [false, true]
        .into_iter()
        .flat_map(aggregator::webhooks::names)
        .collect();
    let event = json!({ "type": "string", "enum": names });
    vec![
        ("ApiClientInput".to_owned(), client),
        ("SecretRotationInput".to_owned(), rotation),
        ("WebhookEventName".to_owned(), event),
    ]
}

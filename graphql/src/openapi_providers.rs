//! Lenders in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, reference, write};

const MINUTES: (&str, &str) = ("minutes", "Minutes of health, 1 to 10080; 60 when it is left out.");
const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    use Answer::{Many, One};
    let change = |path, id, summary, body| Route {
        body: Some(body),
        ..write(path, id, summary, One("Provider"))
    };
    vec![
        Route {
            query: &[MINUTES],
            ..read(
                "/v1/providers",
                "providers",
                "Lenders with their health: all for officers, its own for a lender",
                Many("Provider"),
            )
        },
        Route {
            query: &[MINUTES],
            ..read("/v1/providers/{id}", "provider", "A lender", One("Provider"))
        },
        Route {
            query: &[FIRST],
            ..read(
                "/v1/providers/{id}/history",
                "providerHistory",
                "Changes of a lender, newest first",
                Many("ProviderChange"),
            )
        },
        Route {
            query: &[FIRST],
            ..read(
                "/v1/providers/{id}/versions",
                "providerVersions",
                "Versions of a lender's configuration, newest first",
                Many("ProviderVersion"),
            )
        },
        change(
            "/v1/providers/{id}/suspend",
            "suspendProvider",
            "Stop asking a lender, for officers",
            "ProviderReasonInput",
        ),
        change(
            "/v1/providers/{id}/resume",
            "resumeProvider",
            "Ask a suspended lender again, for officers",
            "ProviderReasonInput",
        ),
        change(
            "/v1/providers/{id}/state",
            "changeProviderState",
            "Move a lender along its onboarding, for officers",
            "ProviderStateInput",
        ),
        change(
            "/v1/providers/{id}/limits",
            "setProviderLimits",
            "Change a lender's limits while it runs, for officers",
            "ProviderNewLimitsInput",
        ),
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let body = |name: &str, extra: Option<(&str, Value)>| {
        let reason =
            json!({ "type": "string", "minLength": 1, "maxLength": 500, "description": "Why; kept for good." });
        let mut schema = json!({
            "type": "object", "additionalProperties": false, "required": ["reason"], "properties": { "reason": reason },
        });
        if let Some((field, value)) = extra {
            schema["required"] = json!([field, "reason"]);
            schema["properties"][field] = value;
        }
        (name.to_owned(), schema)
    };
    vec![
        body("ProviderReasonInput", None),
        body("ProviderStateInput", Some(("state", reference("ProviderStatus")))),
        body(
            "ProviderNewLimitsInput",
            Some(("limits", reference("ProviderLimitsInput"))),
        ),
    ]
}

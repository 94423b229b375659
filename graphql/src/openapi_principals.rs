//! Principals in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, reference, write};

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        read(
            "/v1/principals/{id}",
            "principal",
            "A principal, for administrators",
            Answer::One("Principal"),
        ),
        Route {
            body: Some("PrincipalRoleInput"),
            ..write(
                "/v1/principals/{id}/role",
                "changeRole",
                "Change role and groups of a member of staff, for administrators",
                Answer::One("Principal"),
            )
        },
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["role", "groups", "reason"], "properties": {
            "role": reference("PrincipalRole"),
            "groups": {
                "type": "array", "items": { "type": "string", "enum": ["platform", "aml"] },
                "description": "All groups from now on.",
            },
            "reason": { "type": "string", "minLength": 1, "maxLength": 500, "description": "Why; kept for good." },
        },
    });
    vec![("PrincipalRoleInput".to_owned(), schema)]
}

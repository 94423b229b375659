//! Verifications in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, write};

/// The routes. Those that vendors call are the vendors' own interface and not part of it.
pub(crate) fn routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        Route {
            query: &[
                ("state", "In that state; for officers."),
                ("borrower", "Of that borrower; for integrators."),
                ("first", "How many, 1 to 100; 20 when it is left out."),
            ],
            ..read(
                "/v1/verifications",
                "verifications",
                "The caller's verifications; for officers everybody's, those that wait for an officer first",
                Many("Verification"),
            )
        },
        read(
            "/v1/verifications/{id}",
            "verification",
            "A verification",
            One("Verification"),
        ),
        Route {
            body: Some("StartVerificationInput"),
            status: "201",
            ..write(
                "/v1/verifications",
                "startVerification",
                "Begin a verification of the borrower's identity",
                One("Verification"),
            )
        },
        Route {
            status: "201",
            ..write(
                "/v1/verifications/{id}/link",
                "verificationLink",
                "A fresh page for the borrower, who shows documents and face there",
                One("VerificationLink"),
            )
        },
        Route {
            body: Some("VerificationProposalInput"),
            ..write(
                "/v1/verifications/{id}/proposal",
                "proposeVerification",
                "Propose to approve or reject a person, for officers",
                One("Verification"),
            )
        },
        Route {
            body: Some("VerificationDecisionInput"),
            ..write(
                "/v1/verification-reviews/{id}/decision",
                "decideVerification",
                "Confirm or decline the proposal of another officer",
                One("Verification"),
            )
        },
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let body = |name: &str, field: &str, text: &str| {
        let note = json!({ "type": "string", "minLength": 1, "maxLength": 500, "description": "Why; kept for good." });
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": [field, "note"],
            "properties": { field: { "type": "boolean", "description": text }, "note": note },
        });
        (name.to_owned(), schema)
    };
    vec![
        body("VerificationProposalInput", "approve", "False proposes to reject."),
        body("VerificationDecisionInput", "confirm", "False declines the proposal."),
    ]
}

//! Personal data in the OpenAPI document.

use serde_json::{Map, Value, json};

use crate::openapi::{Answer, Route, read, write};

const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");
const SUBJECT: (&str, &str) = ("subject", "The person; the caller when it is left out.");
const ANYBODY: (&str, &str) = ("subject", "The person; everybody when it is left out, for officers.");

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    reads().into_iter().chain(writes()).collect()
}

fn reads() -> Vec<Route> {
    use Answer::{Many, One};
    let get = |query, path, id, summary, answer| Route {
        query,
        ..read(path, id, summary, answer)
    };
    vec![
        get(
            &[SUBJECT][..],
            "/v1/privacy/export",
            "personalDataExport",
            "Everything that is held of a person",
            One("PersonalDataExport"),
        ),
        get(
            &[ANYBODY, FIRST][..],
            "/v1/privacy/erasures",
            "erasureRequests",
            "Requests to be forgotten, newest first",
            Many("ErasureRequest"),
        ),
        get(
            &[
                ANYBODY,
                ("active", "Those that bind, as when it is left out, or every one."),
                FIRST,
            ][..],
            "/v1/privacy/holds",
            "legalHolds",
            "Legal holds, newest first, for officers",
            Many("LegalHold"),
        ),
        get(
            &[][..],
            "/v1/privacy/retention",
            "retentionPolicies",
            "How long records are kept, for officers",
            Many("RetentionPolicy"),
        ),
    ]
}

fn writes() -> Vec<Route> {
    use Answer::One;
    let write = |path, id, summary, body, answer| Route {
        body: Some(body),
        ..write(path, id, summary, One(answer))
    };
    vec![
        write(
            "/v1/privacy/erasures",
            "requestErasure",
            "Ask to forget a person",
            "ErasureInput",
            "ErasureRequest",
        ),
        write(
            "/v1/privacy/holds",
            "placeLegalHold",
            "Keep a person's records, for officers",
            "LegalHoldInput",
            "LegalHold",
        ),
        write(
            "/v1/privacy/holds/{id}/release",
            "releaseLegalHold",
            "End a hold that another officer placed",
            "LegalHoldReleaseInput",
            "LegalHold",
        ),
        write(
            "/v1/privacy/key-rotations",
            "rotatePersonalKeys",
            "Replace the key of a tenant or the keys of a person, for officers",
            "KeyRotationInput",
            "KeyRotation",
        ),
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let body = |name: &str, fields: Vec<(&str, Value)>, required: &[&str]| {
        let fields: Map<String, Value> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let schema =
            json!({ "type": "object", "additionalProperties": false, "required": required, "properties": fields });
        (name.to_owned(), schema)
    };
    let text = |text: &str| json!({ "type": "string", "description": text });
    let why = || json!({ "type": "string", "minLength": 1, "maxLength": 500, "description": "Why; kept for good." });
    vec![
        body(
            "ErasureInput",
            vec![("subject", text("The person; the caller when it is left out."))],
            &[],
        ),
        body(
            "LegalHoldInput",
            vec![
                ("subject", text("The person.")),
                ("class", text("Class of records; everything when it is left out.")),
                ("reason", why()),
            ],
            &["subject", "reason"],
        ),
        body("LegalHoldReleaseInput", vec![("reason", why())], &["reason"]),
        body(
            "KeyRotationInput",
            vec![
                ("tenant", text("The caller's own when it is left out.")),
                (
                    "subject",
                    text("The person whose keys are replaced; the tenant's key when it is left out."),
                ),
            ],
            &[],
        ),
    ]
}

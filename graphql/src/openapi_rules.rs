//! Rules in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, write};

const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");

/// The routes. The document itself is HTML or PDF and stands in `paths`.
pub(crate) fn routes() -> Vec<Route> {
    reads().into_iter().chain(writes()).collect()
}

fn list(
    query: &'static [(&'static str, &'static str)],
    path: &'static str,
    (id, summary): (&'static str, &'static str),
    of: &'static str,
) -> Route {
    Route {
        query,
        ..read(path, id, summary, Answer::Many(of))
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn reads() -> Vec<Route> {
    vec![
        list(
            &[(
                "publication",
                "Of that publication; the set that decides when it is left out.",
            )],
            "/v1/rules",
            ("rules", "The rules, for officers"),
            "Rule",
        ),
        list(
            &[FIRST],
            "/v1/rules/publications",
            (
                "rulePublications",
                "Publications of sets of rules, newest first, for officers",
            ),
            "RulePublication",
        ),
        read(
            "/v1/rules/publications/{id}",
            "rulePublication",
            "A publication, for officers",
            Answer::One("RulePublication"),
        ),
        list(
            &[],
            "/v1/rules/publications/{id}/changes",
            ("ruleChanges", "What it changes of the set that decides, for officers"),
            "RuleChange",
        ),
        list(
            &[FIRST],
            "/v1/rules/publications/{id}/differences",
            (
                "ruleDifferences",
                "Decisions that it would have made otherwise, for officers",
            ),
            "RuleDifference",
        ),
        list(
            &[],
            "/v1/rules/replays/{id}",
            ("ruleReplay", "Make every decision about a request again, for officers"),
            "RuleReplay",
        ),
        list(
            &[
                ("state", "OPEN, DONE or LAPSED; all when it is left out."),
                ("request", "Of that request alone."),
                FIRST,
            ],
            "/v1/obligations",
            ("obligations", "What is owed, the most urgent first, for officers"),
            "Obligation",
        ),
        list(
            &[],
            "/v1/quote-requests/{id}/notices",
            ("notices", "Notices about a request"),
            "Disclosure",
        ),
        list(
            &[],
            "/v1/quotes/{id}/disclosures",
            (
                "disclosures",
                "Disclosures of a quote; made now where they are not there yet",
            ),
            "Disclosure",
        ),
    ]
}

fn writes() -> Vec<Route> {
    let one = Answer::One("RulePublication");
    vec![
        Route {
            body: Some("ProposeRulesInput"),
            status: "201",
            ..write(
                "/v1/rules/publications",
                "proposeRules",
                "Propose a set of rules, for officers",
                one,
            )
        },
        Route {
            body: Some("RuleDecisionInput"),
            ..write(
                "/v1/rules/publications/{id}/decision",
                "decideRules",
                "Approve or reject a set that another officer proposed",
                Answer::One("RulePublication"),
            )
        },
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["approve", "reason"], "properties": {
            "approve": { "type": "boolean", "description": "False rejects." },
            "reason": { "type": "string", "minLength": 1, "maxLength": 500, "description": "Why; kept for good." },
        },
    });
    vec![("RuleDecisionInput".to_owned(), schema)]
}

/// The document itself.
pub(crate) fn document_path() -> Value {
    json!({ "get": {
        "operationId": "document",
        "summary": "A document: the page, or the PDF where Accept names it first",
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
        "responses": {
            "200": { "description": "The document; ETag is its SHA-256", "content": {
                "text/html": { "schema": { "type": "string" } },
                "application/pdf": { "schema": { "type": "string", "contentEncoding": "binary" } },
            } },
            "404": { "description": "No such document" },
        },
    } })
}

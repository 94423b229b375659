//! Risk in the OpenAPI document.

use serde_json::{Map, Value, json};

use crate::openapi::{Answer, Route, read, reference, write};

const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    about_models()
        .into_iter()
        .chain(about_borrowers())
        .chain(writes())
        .collect()
}

fn get(
    query: &'static [(&'static str, &'static str)],
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: Answer,
) -> Route {
    Route {
        query,
        ..read(path, id, summary, answer)
    }
}

fn about_models() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        get(
            &[],
            "/v1/risk/models",
            "riskModels",
            "Models of the registry, for officers",
            Many("RiskModel"),
        ),
        get(
            &[],
            "/v1/risk/models/{id}",
            "riskModel",
            "A model, for officers",
            One("RiskModel"),
        ),
        get(
            &[],
            "/v1/risk/models/{id}/papers",
            "riskModelPapers",
            "What a model's files say of it, for officers",
            One("RiskModelPapers"),
        ),
        get(
            &[FIRST],
            "/v1/risk/proposals",
            "riskProposals",
            "Proposals about models, newest first, for officers",
            Many("RiskProposal"),
        ),
    ]
}

fn about_borrowers() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        get(
            &[("state", "OPEN, CLEARED or DECLINED; all when it is left out."), FIRST],
            "/v1/risk/reviews",
            "riskReviews",
            "Decisions that a person has to look at, the oldest open ones first, for officers",
            Many("RiskReview"),
        ),
        get(
            &[("borrower", "Whose; the caller's own when it is left out.")],
            "/v1/risk/limits",
            "spendingLimits",
            "What a borrower may owe, by currency",
            Many("SpendingLimit"),
        ),
        get(
            &[("tenant", "Which; the caller's own when it is left out.")],
            "/v1/risk/limit-policy",
            "limitPolicy",
            "How the limits of a tenant bind, for officers",
            One("LimitPolicy"),
        ),
        get(
            &[("days", "Days of the window, 1 to 28; 7 when it is left out.")],
            "/v1/risk/drift",
            "riskDrift",
            "Drift of the models in force, for officers",
            Many("RiskDrift"),
        ),
        get(
            &[
                FIRST,
                ("before", "The decision after which the page begins."),
                ("request", "Of that request alone."),
            ],
            "/v1/risk/decisions",
            "riskDecisions",
            "Decisions about risk, newest first, for officers",
            Many("RiskDecision"),
        ),
        get(
            &[],
            "/v1/risk/decisions/{id}",
            "riskDecision",
            "A decision: whole for officers, outcome and reasons for its borrower",
            One("RiskDecision"),
        ),
        get(
            &[],
            "/v1/risk/decisions/{id}/replay",
            "riskReplay",
            "Make a stored decision again, for officers",
            One("RiskReplay"),
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
        Route {
            status: "201",
            ..write(
                "/v1/risk/models",
                "registerRiskModel",
                "Register a model as a draft, for officers",
                "RiskModelInput",
                "RiskModel",
            )
        },
        write(
            "/v1/risk/models/{id}/state",
            "changeRiskModelState",
            "Move a model where one officer may move it",
            "RiskModelStateInput",
            "RiskModel",
        ),
        write(
            "/v1/risk/proposals",
            "proposeRiskModel",
            "Propose a promotion, a share or a rollback, for officers",
            "RiskProposalInput",
            "RiskProposal",
        ),
        write(
            "/v1/risk/proposals/{id}/decision",
            "decideRiskProposal",
            "Approve or reject a proposal of another officer",
            "RiskProposalDecisionInput",
            "RiskProposal",
        ),
        write(
            "/v1/risk/reviews/{id}/decision",
            "decideRiskReview",
            "Clear or decline the borrower of a review, for officers",
            "RiskReviewDecisionInput",
            "RiskReview",
        ),
        write(
            "/v1/risk/limit-policy",
            "setLimitPolicy",
            "Say how the limits of a tenant bind, for officers",
            "LimitPolicyInput",
            "LimitPolicy",
        ),
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let why = |text: &str| json!({ "type": "string", "minLength": 1, "maxLength": 500, "description": text });
    let body = |name: &str, fields: Vec<(&str, Value)>, required: &[&str]| {
        let fields: Map<String, Value> = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let schema =
            json!({ "type": "object", "additionalProperties": false, "required": required, "properties": fields });
        (name.to_owned(), schema)
    };
    let id = |text: &str| json!({ "type": "string", "description": text });
    let yes = |text: &str| json!({ "type": "boolean", "description": text });
    let reason = || why("Why; kept for good.");
    let files = json!({
        "type": "object", "additionalProperties": { "type": "string", "contentEncoding": "base64" },
        "description": "The files of an artefact by name, base64.",
    });
    vec![
        body("RiskModelInput", vec![("files", files)], &["files"]),
        body(
            "RiskModelStateInput",
            vec![("state", reference("RiskModelState")), ("reason", reason())],
            &["state", "reason"],
        ),
        body(
            "RiskProposalDecisionInput",
            vec![("approve", yes("False rejects.")), ("reason", reason())],
            &["approve", "reason"],
        ),
        body(
            "RiskReviewDecisionInput",
            vec![("clear", yes("False declines.")), ("note", why("Why; kept for good."))],
            &["clear", "note"],
        ),
        body(
            "LimitPolicyInput",
            vec![
                ("tenant", id("The caller's own when it is left out.")),
                ("mode", reference("LimitMode")),
                ("reason", reason()),
            ],
            &["mode", "reason"],
        ),
    ]
}

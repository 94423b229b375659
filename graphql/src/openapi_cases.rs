//! Cases and sanctions lists in the OpenAPI document.

use serde_json::{Map, Value, json};

use crate::openapi::{Answer, Route, read, reference, write};

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    let mut all = cases();
    all.extend(screening());
    all
}

fn change(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    (body, answer): (&'static str, &'static str),
) -> Route {
    Route {
        body: Some(body),
        ..write(path, id, summary, Answer::One(answer))
    }
}

fn screening() -> [Route; 2] {
    [
        read(
            "/v1/screening",
            "screeningStatus",
            "How the sanctions lists stand, for officers and administrators",
            Answer::One("ScreeningStatus"),
        ),
        change(
            "/v1/screening/refresh",
            "refreshScreening",
            "Look at the folder of lists at once, for officers",
            ("ScreeningRefreshInput", "ScreeningRefresh"),
        ),
    ]
}

fn cases() -> Vec<Route> {
    use Answer::{Many, One};
    let list = Route {
        query: &[
            ("state", "OPEN, PROPOSED or CLOSED; all when it is left out."),
            ("mine", "Those assigned to the caller alone."),
            ("first", "How many, 1 to 100; 20 when it is left out."),
        ],
        ..read(
            "/v1/cases",
            "cases",
            "Cases, blocks first, the most urgent first, for officers",
            Many("Case"),
        )
    };
    vec![
        list,
        read("/v1/cases/{id}", "case", "A case, for officers", One("Case")),
        read(
            "/v1/cases/{id}/log",
            "caseLog",
            "What was done to a case, for officers",
            Many("CaseLine"),
        ),
        read(
            "/v1/cases/{id}/reports",
            "caseReports",
            "Reports of a case; not found for everyone outside of the AML group",
            Many("CaseReport"),
        ),
        change(
            "/v1/cases/{id}/assignee",
            "assignCase",
            "Assign a case, for officers",
            ("CaseAssigneeInput", "Case"),
        ),
        change(
            "/v1/cases/{id}/decision",
            "decideCase",
            "Decide a case on a ground, for officers",
            ("CaseDecisionInput", "Case"),
        ),
        change(
            "/v1/cases/{id}/check",
            "checkCase",
            "Agree with a colleague who clears a block, or return the case, for officers",
            ("CaseCheckInput", "Case"),
        ),
        change(
            "/v1/cases/{id}/reports",
            "draftReport",
            "Draft a report and see its file, for the AML group",
            ("CaseReportInput", "CaseReportDraft"),
        ),
        change(
            "/v1/case-reports/{id}/release",
            "releaseReport",
            "Release a draft of a colleague for filing, or withdraw it, for the AML group",
            ("CaseReleaseInput", "CaseReport"),
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
    let yes = |text: &str| json!({ "type": "boolean", "description": text });
    vec![
        body("ScreeningRefreshInput", Vec::new(), &[]),
        body(
            "CaseAssigneeInput",
            vec![(
                "assignee",
                json!({ "type": ["string", "null"], "description": "An officer; nobody when it is null." }),
            )],
            &[],
        ),
        body(
            "CaseDecisionInput",
            vec![("ground", reference("CaseGround"))],
            &["ground"],
        ),
        body(
            "CaseCheckInput",
            vec![("agree", yes("Agree, or return the case to the queue."))],
            &["agree"],
        ),
        body(
            "CaseReportInput",
            vec![
                ("kind", reference("CaseReportKind")),
                (
                    "facts",
                    json!({ "type": "object", "description": "The facts of the report." }),
                ),
            ],
            &["kind", "facts"],
        ),
        body(
            "CaseReleaseInput",
            vec![
                ("release", yes("Release, or withdraw.")),
                (
                    "sha256",
                    json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Hash of the file that was read." }),
                ),
            ],
            &["release", "sha256"],
        ),
    ]
}

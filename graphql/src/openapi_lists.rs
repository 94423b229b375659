//! What people ask for of their own in the OpenAPI document.

use serde_json::{Value, json};

use crate::openapi::{Answer, Route, read, write};

const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");
const AFTER: (&str, &str) = ("after", "Cursor of the item before the page.");

/// The routes.
#[expect(clippy::too_many_lines, reason = "one list")]
pub(crate) fn routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        Route {
            query: &[("chainId", "Of that chain only.")],
            ..read(
                "/v1/lockable-tokens",
                "lockableTokens",
                "Tokens that can be locked, with the terms of each lender that takes them; needs no token",
                Many("LockableToken"),
            )
        },
        Route {
            query: &[FIRST, AFTER],
            ..read(
                "/v1/quote-requests",
                "quoteRequests",
                "Requests for quotes, newest first",
                One("QuoteRequestConnection"),
            )
        },
        Route {
            query: &[
                (
                    "state",
                    "LIVE, ACCEPTED, CANCELLED, EXPIRED or NOT_TAKEN; all when it is left out.",
                ),
                FIRST,
                AFTER,
            ],
            ..read(
                "/v1/offers",
                "offers",
                "Offers of closed books and what became of them, newest first: a lender's own",
                One("LenderOfferConnection"),
            )
        },
        read(
            "/v1/loans/{id}/repayment-instructions",
            "repaymentInstructions",
            "Where a loan is repaid that no wallet repays, for its borrower; 404 where nothing is known",
            One("RepaymentInstructions"),
        ),
        Route {
            query: &[FIRST],
            ..read(
                "/v1/providers/{id}/conformance-reports",
                "conformanceReports",
                "Reports of the conformance kit about a lender, newest first",
                Many("ConformanceReport"),
            )
        },
        Route {
            body: Some("ConformanceReportInput"),
            status: "201",
            ..write(
                "/v1/providers/{id}/conformance-reports",
                "submitConformanceReport",
                "Keep a report of the conformance kit, for the lender itself and for officers",
                One("ConformanceReport"),
            )
        },
        read(
            "/v1/reconciliation",
            "reconciliation",
            "The last comparison of the books, for officers",
            One("Reconciliation"),
        ),
        read(
            "/v1/risk/reviews/{id}",
            "riskReview",
            "A review, for officers",
            One("RiskReview"),
        ),
    ]
}

/// Bodies that are no types of the GraphQL schema.
pub(crate) fn bodies() -> Vec<(String, Value)> {
    let finding = json!({
        "type": "object", "required": ["id", "outcome"], "properties": {
            "id": { "type": "string", "minLength": 1, "maxLength": 100 },
            "outcome": { "type": "string", "enum": ["passed", "failed", "skipped"] },
        },
    });
    let schema = json!({
        "type": "object", "required": ["target", "took_ms", "findings"],
        "description": "What `usance provider check --json` writes, at most 200,000 bytes; kept as it is.",
        "properties": {
            "target": { "type": "string", "minLength": 1, "maxLength": 500 },
            "took_ms": { "type": "integer", "minimum": 0 },
            "findings": { "type": "array", "minItems": 1, "maxItems": 1000, "items": finding },
        },
    });
    vec![("ConformanceReportInput".to_owned(), schema)]
}

//! The documents behind the routes about what people ask for of their own.

use super::documents::{Named, documents, money, refusals};

macro_rules! rate {
    () => {
        "{ percent ppm }"
    };
}
macro_rules! report {
    () => {
        "{ id provider submittedBy submittedAt target green passed failed skipped tookMs sha256 report }"
    };
}

documents! {
    QUOTE_REQUESTS ("/quoteRequests", "") = [
        "query($first: Int, $after: String) { quoteRequests(first: $first, after: $after) { edges { cursor node { id state amount ",
        money!(), " term { count unit } rankBy createdAt deadlineAt lenders { provider waiting answeredMs quotes } losers ",
        "{ provider kind reasons { code text } } refusal { code text } refinances } } pageInfo { hasNextPage endCursor } } }",
    ];
    OFFERS ("/offers", "") = [
        "query($state: OfferStatus, $first: Int, $after: String) { offers(state: $state, first: $first, after: $after) { edges { cursor ",
        "node { state of receivedAt settlementId settlementState quote { id position provider product binding validUntil principal ",
        money!(), " netDisbursed ", money!(), " verifiedApr ", rate!(), " convention declaredApr ", rate!(), " declaredConvention flags",
        " } } } pageInfo { hasNextPage endCursor } } }",
    ];
    REPAYMENT_INSTRUCTIONS ("/loan", "/repaymentInstructions") = [
        "query($id: ID!) { loan(id: $id) { repaymentInstructions { provider holder bank iban accountNumber bic routingNumber reference } } }",
    ];
    CONFORMANCE_REPORTS ("", "/conformanceReports") = [
        "query($id: ID!, $first: Int) { conformanceReports(provider: $id, first: $first) ", report!(), " }",
    ];
    SUBMIT_CONFORMANCE_REPORT ("/submitConformanceReport", "/report") = [
        "mutation($key: String!, $id: ID!, $report: String!) { submitConformanceReport(idempotencyKey: $key, provider: $id, report: $report)",
        " { report ", report!(), refusals!(), " } }",
    ];
    RECONCILIATION ("/reconciliation", "") = [
        "query { reconciliation { at clean loans ledgerUnbalanced projectionMismatches ledgerMismatches escrowMismatches limitMismatches",
        " parkedEvents } }",
    ];
    RISK_REVIEW ("/riskReview", "") = [
        "query($id: ID!) { riskReview(id: $id) { id decision request tenant borrower state openedAt decidedBy decidedAt note clearedUntil",
        " score reasons { code text } fraud features } }",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Request, Variables};

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_of_a_list_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = serde_json::json!({
                "id": "x", "key": "k", "state": "LIVE", "first": 100, "after": "x", "report": "{}",
            });
            let head = document.text.split(')').next().unwrap_or_default();
            let given = variables.as_object().unwrap().iter();
            let given = given.filter(|(name, _)| head.contains(&format!("${name}:")));
            let given = serde_json::Value::Object(given.map(|(k, v)| (k.clone(), v.clone())).collect());
            let request = Request::new(document.text).variables(Variables::from_json(given));
            let response = schema.execute(request).await;
            let executed = response.errors.iter().all(|error| !error.path.is_empty());
            assert!(executed, "{name}: {:?}", response.errors);
            assert!(!response.errors.is_empty(), "{name} ran without a caller");
        }
    }
}

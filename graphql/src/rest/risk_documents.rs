//! The documents behind the routes about risk.

use super::documents::{Named, documents, money, refusals};

macro_rules! model {
    () => {
        "{ id name version digest kind status state sharePpm revision championAt builtIn registeredBy registeredAt }"
    };
}
macro_rules! proposal {
    () => {
        concat!(
            "{ id kind model ",
            model!(),
            " sharePpm reason evidence { aucDifference aucLow aucHigh profitDifference source } state underAlarm proposedBy",
            " proposedAt decidedBy decidedAt decisionReason }"
        )
    };
}
macro_rules! review {
    () => {
        concat!(
            "{ id decision request tenant borrower state openedAt decidedBy decidedAt note clearedUntil score",
            " reasons { code text } fraud features }"
        )
    };
}
macro_rules! record {
    () => {
        concat!(
            "{ id request tenant borrower decidedAt outcome reasons { code text } inside { score pdPpm limit ",
            money!(),
            " available ",
            money!(),
            " model modelDigest review reviewState record facts } }"
        )
    };
}

documents! {
    RISK_MODELS ("", "/riskModels") = ["query { riskModels ", model!(), " }"];
    RISK_MODEL ("/riskModel", "") = ["query($id: ID!) { riskModel(id: $id) ", model!(), " }"];
    RISK_MODEL_PAPERS ("/riskModel", "/papers") = ["query($id: ID!) { riskModel(id: $id) { papers { manifest card } } }"];
    CHANGE_RISK_MODEL_STATE ("/changeRiskModelState", "/model") = [
        "mutation($key: String!, $id: ID!, $state: RiskModelState!, $reason: String!) ",
        "{ changeRiskModelState(idempotencyKey: $key, id: $id, state: $state, reason: $reason) { model ", model!(), refusals!(), " } }",
    ];
    RISK_PROPOSALS ("", "/riskProposals") = ["query($first: Int) { riskProposals(first: $first) ", proposal!(), " }"];
    PROPOSE_RISK_MODEL ("/proposeRiskModel", "/proposal") = [
        "mutation($key: String!, $input: RiskProposalInput!) ",
        "{ proposeRiskModel(idempotencyKey: $key, input: $input) { proposal ", proposal!(), refusals!(), " } }",
    ];
    DECIDE_RISK_PROPOSAL ("/decideRiskProposal", "/proposal") = [
        "mutation($key: String!, $id: ID!, $approve: Boolean!, $reason: String!) ",
        "{ decideRiskProposal(idempotencyKey: $key, id: $id, approve: $approve, reason: $reason) { proposal ", proposal!(),
        refusals!(), " } }",
    ];
    RISK_REVIEWS ("", "/riskReviews") = [
        "query($state: RiskReviewState, $first: Int) { riskReviews(state: $state, first: $first) ", review!(), " }",
    ];
    DECIDE_RISK_REVIEW ("/decideRiskReview", "/review") = [
        "mutation($key: String!, $id: ID!, $clear: Boolean!, $note: String!) ",
        "{ decideRiskReview(idempotencyKey: $key, id: $id, clear: $clear, note: $note) { review ", review!(), refusals!(), " } }",
    ];
    SPENDING_LIMITS ("", "/spendingLimits") = [
        "query($borrower: ID) { spendingLimits(borrower: $borrower) { tenant borrower limit ", money!(), " reserved ", money!(),
        " committed ", money!(), " free ", money!(), " decision mode changedAt } }",
    ];
    LIMIT_POLICY ("/limitPolicy", "") = ["query($tenant: ID) { limitPolicy(tenant: $tenant) { tenant mode revision } }"];
    SET_LIMIT_POLICY ("/setLimitPolicy", "/policy") = [
        "mutation($key: String!, $tenant: ID, $mode: LimitMode!, $reason: String!) ",
        "{ setLimitPolicy(idempotencyKey: $key, tenant: $tenant, mode: $mode, reason: $reason) { policy { tenant mode revision } ",
        refusals!(), " } }",
    ];
    RISK_DRIFT ("", "/riskDrift") = [
        "query($days: Int) { riskDrift(days: $days) { model version digest champion days indices { subject rows psiPpm noisePpm",
        " level missingPpm missingExpectedPpm outsidePpm } } }",
    ];
    RISK_DECISIONS ("", "/riskDecisions") = [
        "query($first: Int, $before: ID, $request: ID) { riskDecisions(first: $first, before: $before, request: $request) ",
        record!(), " }",
    ];
    RISK_DECISION ("/riskDecision", "") = ["query($id: ID!) { riskDecision(id: $id) ", record!(), " }"];
    RISK_REPLAY ("/riskReplay", "") = [
        "query($id: ID!) { riskReplay(id: $id) { id same failure storedSha256 replayedSha256 } }",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Request, Variables};

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_about_risk_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let state = match *name {
                "RISK_REVIEWS" => "OPEN",
                _ => "SHADOW",
            };
            let variables = serde_json::json!({
                "id": "x", "key": "k", "reason": "r", "note": "n", "state": state, "first": 100, "days": 7, "approve": true, "clear": true, "mode": "ADVISE", "borrower": "x",
                "tenant": "x", "before": "x", "request": "x", "input": {
                    "kind": "SHARE", "model": "mdl_0", "sharePpm": 1, "reason": "r", "evidence": { "aucDifference": "0.01" },
                },
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

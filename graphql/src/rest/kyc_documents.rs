//! The documents behind the routes about verifications.

use super::documents::{Named, documents, refusals};

macro_rules! short {
    () => {
        "id tenant borrower vendor level state createdAt changedAt verifiedUntil labels reason attempts review { id approve state note \
         proposedBy proposedAt decidedBy decidedAt decisionNote }"
    };
}
macro_rules! whole {
    () => {
        concat!("{ ", short!(), " events { kind at receivedAt state } }")
    };
}

documents! {
    VERIFICATIONS ("", "/verifications") = [
        "query($state: VerificationState, $borrower: ID, $first: Int) ",
        "{ verifications(state: $state, borrower: $borrower, first: $first) { ", short!(), " } }",
    ];
    VERIFICATION ("/verification", "") = ["query($id: ID!) { verification(id: $id) ", whole!(), " }"];
    START_VERIFICATION ("/startVerification", "/verification") = [
        "mutation($key: String!, $input: StartVerificationInput!) ",
        "{ startVerification(idempotencyKey: $key, input: $input) { verification ", whole!(), refusals!(), " } }",
    ];
    VERIFICATION_LINK ("/verificationLink", "/link") = [
        "mutation($id: ID!) { verificationLink(id: $id) { link { url until } ", refusals!(), " } }",
    ];
    PROPOSE_VERIFICATION ("/proposeVerification", "/verification") = [
        "mutation($key: String!, $id: ID!, $approve: Boolean!, $note: String!) ",
        "{ proposeVerification(idempotencyKey: $key, id: $id, approve: $approve, note: $note) { verification ", whole!(),
        refusals!(), " } }",
    ];
    DECIDE_VERIFICATION ("/decideVerification", "/verification") = [
        "mutation($key: String!, $id: ID!, $confirm: Boolean!, $note: String!) ",
        "{ decideVerification(idempotencyKey: $key, id: $id, confirm: $confirm, note: $note) { verification ", whole!(),
        refusals!(), " } }",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Request, Variables};

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_about_verifications_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = serde_json::json!({
                "id": "x", "key": "k", "note": "n", "state": "REVIEW", "first": 100, "approve": true, "confirm": true, "borrower": "x",
                "input": { "fullName": "n", "consent": true, "level": "STANDARD", "born": "1990-01-02" },
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

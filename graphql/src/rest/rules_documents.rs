//! The documents behind the routes about rules.

use super::documents::{Named, documents, refusals};

macro_rules! rule {
    () => {
        concat!(
            "{ id version file topic jurisdiction status effectiveFrom effectiveTo knownFrom supersedes citation outcome",
            " obligations retention message }"
        )
    };
}
macro_rules! publication {
    () => {
        concat!(
            "{ id sha256 effectiveFrom state running builtIn rules unverified reason proposedBy proposedAt decidedBy decidedAt",
            " decisionReason shadow { since until decided differing failed } }"
        )
    };
}
macro_rules! disclosure {
    () => {
        "{ id kind title sha256 createdAt }"
    };
}

documents! {
    RULES ("", "/rules") = ["query($publication: ID) { rules(publication: $publication) ", rule!(), " }"];
    RULE_PUBLICATIONS ("", "/rulePublications") = ["query($first: Int) { rulePublications(first: $first) ", publication!(), " }"];
    RULE_PUBLICATION ("/rulePublication", "") = ["query($id: ID!) { rulePublication(id: $id) ", publication!(), " }"];
    RULE_CHANGES ("", "/ruleChanges") = ["query($id: ID!) { ruleChanges(publication: $id) { id version what fields } }"];
    RULE_DIFFERENCES ("", "/ruleDifferences") = [
        "query($id: ID!, $first: Int) { ruleDifferences(publication: $id, first: $first) { decision kind difference } }"];
    DECIDE_RULES ("/decideRules", "/publication") = [
        "mutation($key: String!, $id: ID!, $approve: Boolean!, $reason: String!) ",
        "{ decideRules(idempotencyKey: $key, id: $id, approve: $approve, reason: $reason) { publication ", publication!(),
        refusals!(), " } }",
    ];
    RULE_REPLAY ("", "/ruleReplay") = ["query($id: ID!) { ruleReplay(request: $id) { id kind same stored replayed } }"];
    OBLIGATIONS ("", "/obligations") = [
        "query($state: String, $request: ID, $first: Int) { obligations(state: $state, request: $request, first: $first) ",
        "{ id code request rule retention openedAt dueOn state closedAt closedWhy document } }",
    ];
    NOTICES ("", "/notices") = ["query($id: ID!) { notices(request: $id) ", disclosure!(), " }"];
    DISCLOSURES ("/quote", "/disclosures") = ["query($id: ID!) { quote(id: $id) { disclosures ", disclosure!(), " } }"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Request, Variables};

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_about_rules_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = serde_json::json!({
                "id": "x", "key": "k", "reason": "r", "state": "OPEN", "first": 100, "approve": true, "request": "x",
                "publication": "x",
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

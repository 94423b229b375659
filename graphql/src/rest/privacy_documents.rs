//! The documents behind the routes about personal data.

use super::documents::{Named, documents, refusals};

macro_rules! erasure {
    () => {
        "{ id tenant subject state erases kept { class code because until } askedBy askedAt doneAt }"
    };
}
macro_rules! hold {
    () => {
        "{ id tenant subject class reason placedBy placedAt releasedBy releasedAt releaseReason }"
    };
}

documents! {
    PERSONAL_DATA_EXPORT ("/personalDataExport", "") = [
        "query($subject: ID) { personalDataExport(subject: $subject) { subject document } }",
    ];
    ERASURE_REQUESTS ("", "/erasureRequests") = [
        "query($subject: ID, $first: Int) { erasureRequests(subject: $subject, first: $first) ", erasure!(), " }",
    ];
    REQUEST_ERASURE ("/requestErasure", "/erasure") = [
        "mutation($key: String!, $subject: ID) { requestErasure(idempotencyKey: $key, subject: $subject) { erasure ", erasure!(),
        refusals!(), " } }",
    ];
    LEGAL_HOLDS ("", "/legalHolds") = [
        "query($subject: ID, $active: Boolean, $first: Int) ",
        "{ legalHolds(subject: $subject, active: $active, first: $first) ", hold!(), " }",
    ];
    PLACE_LEGAL_HOLD ("/placeLegalHold", "/hold") = [
        "mutation($key: String!, $subject: ID!, $class: String, $reason: String!) ",
        "{ placeLegalHold(idempotencyKey: $key, subject: $subject, class: $class, reason: $reason) { hold ", hold!(),
        refusals!(), " } }",
    ];
    RELEASE_LEGAL_HOLD ("/releaseLegalHold", "/hold") = [
        "mutation($key: String!, $id: ID!, $reason: String!) ",
        "{ releaseLegalHold(idempotencyKey: $key, id: $id, reason: $reason) { hold ", hold!(), refusals!(), " } }",
    ];
    RETENTION_POLICIES ("", "/retentionPolicies") = [
        "query { retentionPolicies { class jurisdiction basis months countsFrom binding effectiveAt } }",
    ];
    ROTATE_PERSONAL_KEYS ("/rotatePersonalKeys", "/rotation") = [
        "mutation($key: String!, $tenant: ID, $subject: ID) ",
        "{ rotatePersonalKeys(idempotencyKey: $key, tenant: $tenant, subject: $subject) { rotation { tenant subject at } ",
        refusals!(), " } }",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Request, Variables};

    /// Without a caller every document fails at its root field with UNAUTHORIZED: it was parsed and validated before that.
    #[tokio::test]
    async fn every_document_about_personal_data_fits_the_schema() {
        let schema = crate::schema::builder(true).finish();
        for (name, document) in ALL {
            let variables = serde_json::json!({
                "id": "x", "key": "k", "reason": "r", "first": 100, "active": true, "subject": "x", "tenant": "x", "class": "c",
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

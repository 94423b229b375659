//! What a client sent is not repeated to it: a value that does not fit may be somebody's name, and answers end up in logs of clients.

use async_graphql::Response;

/// How the library names a value, and what stands there instead.
const NAMED: [(&str, &str); 3] = [
    ("\", found ", "\", found something else."),
    (" does not contain the value ", " does not contain that value."),
    (" does not contain value ", " does not contain that value."),
];

/// The same response, whose messages of the library name no value. Errors with a code are ours.
pub(super) fn discreet(mut response: Response) -> Response {
    for error in &mut response.errors {
        let ours = error.extensions.as_ref().is_some_and(|e| e.get("code").is_some());
        if ours {
            continue;
        }
        // A document that cannot be parsed is shown with its line, which may hold a value written into it.
        if error.message.contains('\n') {
            let expected = error.message.rsplit("= ").next().unwrap_or_default().trim();
            error.message = format!("the document cannot be parsed: {expected}");
        }
        for (before, instead) in NAMED {
            if let Some(at) = error.message.find(before) {
                error.message.truncate(at);
                error.message.push_str(instead);
            }
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use async_graphql::{Request, Variables};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_that_cannot_be_parsed_is_not_repeated() {
        let text = r#"mutation { requestQuotes(input: { applicant: { fullName: "Canary" }) { id } }"#;
        let error = async_graphql::parser::parse_query(text).unwrap_err();
        let response = discreet(Response::from_errors(vec![error.into()]));
        let message = &response.errors[0].message;
        assert!(!message.contains("Canary"), "{message}");
        assert!(
            message.starts_with("the document cannot be parsed: expected"),
            "{message}"
        );
        assert_eq!(response.errors[0].locations.len(), 1, "where it is wrong is told");
    }

    #[tokio::test]
    async fn a_value_that_does_not_fit_is_not_repeated() {
        let schema = crate::schema::builder(true).finish();
        let document = "mutation($k: String!, $i: RequestQuotesInput!) { requestQuotes(idempotencyKey: $k, input: $i) { request { id } } }";
        let money = json!({ "amount": "1.00", "currency": "USD" });
        let input = json!({
            "amount": money, "term": { "count": 1, "unit": "MONTH" }, "purpose": "OTHER", "country": "US",
            "applicant": {
                "fullName": "A", "monthlyIncome": money, "monthlyHousingCost": money, "monthlyDebtPayments": money,
                "employment": "EMPLOYED", "employmentMonths": 1, "residenceMonths": 1,
            },
        });
        for (pointer, value) in [
            ("/applicant/employment", json!("Canary")),
            ("/applicant/fullName", json!(["Canary"])),
            ("/applicant/employmentMonths", json!("Canary")),
            ("/applicant/monthlyIncome", json!("Canary")),
            ("/purpose", json!("Canary")),
        ] {
            let mut wrong = input.clone();
            *wrong.pointer_mut(pointer).unwrap() = value;
            let variables = Variables::from_json(json!({ "k": "k", "i": wrong }));
            let response = discreet(schema.execute(Request::new(document).variables(variables)).await);
            assert_eq!(response.errors.len(), 1, "{pointer}: {:?}", response.errors);
            let text = format!("{:?}", response.errors);
            assert!(!text.contains("Canary"), "{text}");
        }
    }
}

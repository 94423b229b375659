//! The OpenAPI document and the wire types say the same.

use std::collections::BTreeSet;

use domain::Reason;
use domain::ports::LenderStatus;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::samples::{noon, offer, onchain_offer, refinancing, request, unsecured_offer, usd};
use crate::wire::{
    self, AcceptRequest, Acknowledgement, Callback, Loan, LoanState, OffersAnswer, OffersRequest, Problem, ProblemField,
};

fn document() -> Value {
    serde_json::from_str(crate::OPENAPI).unwrap()
}

/// Follows a reference inside the document.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => document
            .pointer(path.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("no {path}")),
        None => schema,
    }
}

/// Checks a value against the part of JSON Schema that the document uses, and notes every property seen.
fn conform(document: &Value, schema: &Value, value: &Value, at: &str, seen: &mut BTreeSet<String>) {
    let name = schema["$ref"].as_str().unwrap_or(at);
    let schema = resolve(document, schema);
    if let Some(options) = schema["oneOf"].as_array() {
        let state = |option: &&Value| resolve(document, option)["properties"]["state"]["const"] == value["state"];
        return conform(document, options.iter().find(state).unwrap(), value, at, seen);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value} is not in the document");
    }
    assert!(schema.get("const").is_none_or(|only| only == value), "{at}");
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() || n.is_u64() => "integer",
        _ => "something else",
    };
    assert_eq!(schema["type"], kind, "{at}");
    if let Some(object) = value.as_object() {
        for required in schema["required"].as_array().unwrap() {
            assert!(
                object.contains_key(required.as_str().unwrap()),
                "{at}: {required} is missing"
            );
        }
        for (key, inner) in object {
            let property = &schema["properties"][key];
            assert!(!property.is_null(), "{at}.{key} is not in the document");
            seen.insert(format!("{name}.{key}"));
            conform(document, property, inner, &format!("{at}.{key}"), seen);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        conform(document, &schema["items"], item, &format!("{at}[]"), seen);
    }
}

/// Round trip, conformance, and that an unknown field is refused.
fn check<T>(seen: &mut BTreeSet<String>, schema: &str, message: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = wire::write(message);
    assert_eq!(&wire::parse::<T>(&bytes).unwrap(), message, "{schema}");
    let mut value: Value = serde_json::from_slice(&bytes).unwrap();
    let reference = json!({ "$ref": format!("#/components/schemas/{schema}") });
    conform(&document(), &reference, &value, schema, seen);
    if schema != "Problem" {
        value["surprise"] = json!(1);
        assert!(
            wire::parse::<T>(&wire::write(&value)).is_err(),
            "{schema} takes unknown fields"
        );
    }
}

fn check_loans(seen: &mut BTreeSet<String>) {
    let order = domain::ports::AcceptOrder {
        settlement: Uuid::nil().into(),
        request: request().id,
        quote: Uuid::nil().into(),
        provider_ref: "r".into(),
        principal: usd(1),
        net_disbursed: usd(1),
    };
    check(seen, "AcceptRequest", &AcceptRequest::from(&order));
    for status in [
        LenderStatus::Unknown,
        LenderStatus::Accepted,
        LenderStatus::Disbursed {
            amount: usd(1),
            at: noon(),
            evidence: "e".into(),
        },
        LenderStatus::Rejected {
            reasons: vec![Reason::new("NO", "No.")],
        },
        LenderStatus::Cancelled,
    ] {
        let state = LoanState::from(&status);
        assert_eq!(state.read(), Ok(status));
        check(
            seen,
            "Loan",
            &Loan {
                settlement_id: Uuid::nil().into(),
                loan_ref: Some("l".into()),
                status: state,
            },
        );
    }
}

/// Every message conforms, and every property of the document is really sent: none is dead, none is undocumented.
#[test]
fn the_document_and_the_messages_have_the_same_fields() {
    let seen = &mut BTreeSet::new();
    let request_id = request().id;
    let question = OffersRequest::new(&refinancing(), noon(), Some("https://usance.example".into()));
    check(seen, "OffersRequest", &question);
    let offers = vec![wire::Offer::from(&offer()), wire::Offer::from(&onchain_offer())];
    let declined = vec![Reason::new("NO", "No.")];
    let answer = OffersAnswer {
        request_id,
        complete: true,
        offers: offers.clone(),
        declined: declined.clone(),
    };
    check(seen, "OffersAnswer", &answer);
    check(seen, "Acknowledgement", &Acknowledgement { request_id });
    check(
        seen,
        "Callback",
        &Callback {
            request_id,
            sequence: 0,
            is_final: true,
            offers,
            declined: declined.clone(),
        },
    );
    check_loans(seen);
    let errors = vec![ProblemField {
        detail: "d".into(),
        pointer: "p".into(),
    }];
    check(
        seen,
        "Problem",
        &Problem {
            detail: Some("d".into()),
            errors,
            ..Problem::new(400, "x", "X")
        },
    );

    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for property in schema["properties"].as_object().into_iter().flatten() {
            let field = format!("#/components/schemas/{name}.{}", property.0);
            assert!(seen.contains(&field), "{field} is never sent");
        }
    }
}

/// Follows every reference in a part of the document.
fn walk(document: &Value, value: &Value) {
    resolve(document, value);
    match value {
        Value::Object(map) => map.values().for_each(|inner| walk(document, inner)),
        Value::Array(items) => items.iter().for_each(|inner| walk(document, inner)),
        _ => {}
    }
}

#[test]
fn the_document_has_every_path_and_dangling_references_none() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        paths,
        [
            "/v1/loans",
            "/v1/loans/{settlement_id}",
            "/v1/loans/{settlement_id}/cancel",
            "/v1/offers"
        ]
    );
    let callbacks = document["paths"]["/v1/offers"]["post"]["callbacks"]["offers"]
        .as_object()
        .unwrap();
    assert!(callbacks.contains_key("{$request.body#/callback_url}/v1/callbacks/offers"));
    walk(&document, &document);
}

/// Offers survive the wire unchanged, and the name of the applicant never leaves.
#[test]
fn offers_survive_the_wire_and_names_never_leave() {
    for offer in [offer(), onchain_offer(), unsecured_offer()] {
        assert_eq!(wire::Offer::from(&offer).read("offers[0]"), Ok(offer));
    }
    let question = OffersRequest::new(&request(), noon(), None);
    let sent = String::from_utf8(wire::write(&question)).unwrap();
    assert!(!sent.contains("Alex") && !format!("{question:?}").contains("600000"));
}

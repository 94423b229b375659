//! The OpenAPI 3.1 document of the REST routes. Its schemas are derived from the GraphQL types, so both describe the same.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, EnumType, InputObjectType, ObjectType, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use serde_json::{Map, Value, json};

use crate::schema::sdl;

pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) body: Option<&'static str>,
    pub(crate) answer: Answer,
    pub(crate) status: &'static str,
    pub(crate) query: &'static [(&'static str, &'static str)],
}

pub(crate) enum Answer {
    One(&'static str),
    Many(&'static str),
    Page(&'static str),
    Events,
}

const PAGE: &[(&str, &str)] = &[
    ("first", "Size of the page, 1 to 100."),
    ("after", "Cursor of the item before the page."),
];

pub(crate) const fn read(path: &'static str, id: &'static str, summary: &'static str, answer: Answer) -> Route {
    Route {
        method: "get",
        path,
        id,
        summary,
        body: None,
        answer,
        status: "200",
        query: &[],
    }
}

pub(crate) const fn write(path: &'static str, id: &'static str, summary: &'static str, answer: Answer) -> Route {
    Route {
        method: "post",
        path,
        id,
        summary,
        body: None,
        answer,
        status: "200",
        query: &[],
    }
}

fn routes() -> impl Iterator<Item = Route> {
    quoting_routes()
        .into_iter()
        .chain(lending_routes())
        .chain(collateral_routes())
        .chain(crate::openapi_providers::routes())
        .chain(crate::openapi_risk::routes())
        .chain(crate::openapi_rules::routes())
        .chain(crate::openapi_privacy::routes())
        .chain(crate::openapi_kyc::routes())
        .chain(crate::openapi_principals::routes())
        .chain(crate::openapi_programs::routes())
        .chain(crate::openapi_audit::routes())
        .chain(crate::openapi_cases::routes())
        .chain(crate::openapi_lists::routes())
}

fn quoting_routes() -> Vec<Route> {
    use Answer::{Events, One, Page};
    vec![
        Route {
            body: Some("RequestQuotesInput"),
            status: "202",
            ..write(
                "/v1/quote-requests",
                "requestQuotes",
                "Ask every eligible lender",
                One("QuoteRequest"),
            )
        },
        read(
            "/v1/quote-requests/{id}",
            "quoteRequest",
            "A request for quotes",
            One("QuoteRequest"),
        ),
        Route {
            query: PAGE,
            ..read(
                "/v1/quote-requests/{id}/quotes",
                "quotes",
                "Quotes, best first",
                Page("Quote"),
            )
        },
        read(
            "/v1/quote-requests/{id}/events",
            "quoteEvents",
            "Answers as they arrive: quote, loser, closed",
            Events,
        ),
        read("/v1/quotes/{id}", "quote", "A quote", One("Quote")),
        Route {
            body: Some("AcceptQuoteInput"),
            status: "201",
            ..write(
                "/v1/quotes/{id}/accept",
                "acceptQuote",
                "Accept a quote",
                One("Settlement"),
            )
        },
    ]
}

fn lending_routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        read("/v1/settlements/{id}", "settlement", "A settlement", One("Settlement")),
        Route {
            body: Some("SubmitSignatureInput"),
            ..write(
                "/v1/settlements/{id}/signature",
                "submitSignature",
                "Hand in the signature",
                One("Settlement"),
            )
        },
        write(
            "/v1/settlements/{id}/cancel",
            "cancelSettlement",
            "Withdraw a settlement",
            One("Settlement"),
        ),
        Route {
            query: PAGE,
            ..read("/v1/loans", "loans", "Loans, newest first", One("LoanConnection"))
        },
        read("/v1/loans/{id}", "loan", "A loan", One("Loan")),
        read(
            "/v1/loans/{id}/schedule",
            "schedule",
            "Installments of a loan",
            Many("Installment"),
        ),
        read(
            "/v1/loans/{id}/repayments",
            "repayments",
            "Repayments of a loan",
            Many("Repayment"),
        ),
        Route {
            body: Some("RecordRepaymentInput"),
            status: "201",
            ..write(
                "/v1/loans/{id}/repayments",
                "recordRepayment",
                "Record a repayment",
                One("Repayment"),
            )
        },
        Route {
            query: &[("at", "The moment, RFC 3339; now when it is left out.")],
            ..read(
                "/v1/loans/{id}/payoff-quote",
                "payoffQuote",
                "What closes a loan",
                One("PayoffQuote"),
            )
        },
        Route {
            query: &[("amount", "INSTALLMENT or PAYOFF.")],
            ..read(
                "/v1/loans/{id}/repayment-calls",
                "repaymentCalls",
                "Wallet calls that repay",
                Many("WalletCall"),
            )
        },
    ]
}

fn collateral_routes() -> Vec<Route> {
    use Answer::{Many, One};
    const AMOUNT: (&str, &str) = ("amount", "Base units of the collateral token.");
    vec![
        read(
            "/v1/loans/{id}/collateral",
            "collateral",
            "What secures a loan now; 404 when nothing does",
            One("LoanCollateral"),
        ),
        Route {
            query: &[AMOUNT],
            ..read(
                "/v1/loans/{id}/add-collateral-calls",
                "addCollateralCalls",
                "Wallet calls that add collateral",
                Many("WalletCall"),
            )
        },
        Route {
            query: &[
                AMOUNT,
                ("to", "Who gets it; the borrower's wallet when it is left out."),
            ],
            ..read(
                "/v1/loans/{id}/withdraw-collateral-calls",
                "withdrawCollateralCalls",
                "Wallet calls that take collateral back",
                Many("WalletCall"),
            )
        },
        read(
            "/v1/asset-pauses",
            "assetPauses",
            "Assets whose breaker tripped, for officers",
            Many("AssetPause"),
        ),
    ]
}

pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in routes() {
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method] = operation(&route);
    }
    paths.insert("/oauth/token".to_owned(), token_path());
    paths.extend(crate::openapi_session::paths());
    paths.insert("/v1/documents/{id}".to_owned(), crate::openapi_rules::document_path());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usance",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One interface to all credit: quotes, acceptance, settlement, servicing.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": schemas(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    for (name, text) in route.query {
        let kind = if *name == "first" {
            json!({ "type": "integer", "minimum": 1, "maximum": 100 })
        } else {
            json!({ "type": "string" })
        };
        parameters.push(json!({ "name": name, "in": "query", "required": false, "description": text, "schema": kind }));
    }
    if route.method == "post" {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "Makes the operation happen once; repeat it when you retry. Kept for 30 days.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
    let (media, schema) = match &route.answer {
        Answer::One(name) => ("application/json", reference(name)),
        Answer::Many(name) => ("application/json", json!({ "type": "array", "items": reference(name) })),
        Answer::Page(name) => (
            "application/json",
            json!({ "type": "object", "properties": {
            "nodes": { "type": "array", "items": reference(name) },
            "pageInfo": reference("PageInfo"),
            "totalCount": { "type": ["integer", "null"] },
        } }),
        ),
        Answer::Events => ("text/event-stream", json!({ "type": "string" })),
    };
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            route.status: { "description": "Done", "content": { media: { "schema": schema } } },
            "default": {
                "description": "A problem (RFC 9457): 400 unreadable, 401 no token, 404 not there or not yours, 409 refused, 415 not JSON, 422 invalid, 503 try again",
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            },
        },
    });
    if let Some(body) = route.body {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": reference(body) } } });
    }
    operation
}

fn token_path() -> Value {
    json!({ "post": {
        "operationId": "token",
        "summary": "An access token of 15 minutes (OAuth 2 client credentials)",
        "security": [],
        "requestBody": { "required": true, "content": { "application/x-www-form-urlencoded": { "schema": {
            "type": "object",
            "required": ["grant_type", "client_id", "client_secret"],
            "properties": {
                "grant_type": { "const": "client_credentials" },
                "client_id": { "type": "string" },
                "client_secret": { "type": "string" },
            },
        } } } },
        "responses": {
            "200": { "description": "The token", "content": { "application/json": { "schema": {
                "type": "object",
                "required": ["access_token", "token_type", "expires_in"],
                "properties": {
                    "access_token": { "type": "string" },
                    "token_type": { "const": "Bearer" },
                    "expires_in": { "type": "integer" },
                },
            } } } },
            "400": { "description": "Not a token request" },
            "401": { "description": "Unknown client or wrong secret" },
        },
    } })
}

fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    let definitions = parse_schema(sdl())
        .map(|document| document.definitions)
        .unwrap_or_default();
    for definition in definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let name = definition.node.name.node.to_string();
        if !["Query", "Mutation", "Subscription"].contains(&name.as_str())
            && let Some(schema) = schema_of(&definition.node)
        {
            all.insert(name, schema);
        }
    }
    // A path names the object, so a body does not repeat it.
    for (input, in_path) in [("AcceptQuoteInput", "quoteId"), ("RecordRepaymentInput", "loanId")] {
        if let Some(schema) = all.get_mut(input) {
            drop_property(schema, in_path);
        }
    }
    all.insert(
        "SubmitSignatureInput".to_owned(),
        json!({ "type": "object", "required": ["signature"], "properties": {
            "signature": {
                "type": "string", "pattern": "^0x([0-9a-fA-F]{2}){1,4096}$",
                "description": "65 bytes of an account, or what a wallet that is a contract accepts by ERC-1271.",
            },
        } }),
    );
    all.extend(crate::openapi_providers::bodies());
    all.extend(crate::openapi_risk::bodies());
    all.extend(crate::openapi_rules::bodies());
    all.extend(crate::openapi_privacy::bodies());
    all.extend(crate::openapi_kyc::bodies());
    all.extend(crate::openapi_principals::bodies());
    all.extend(crate::openapi_programs::bodies());
    all.extend(crate::openapi_cases::bodies());
    all.extend(crate::openapi_lists::bodies());
    all.extend(crate::openapi_session::bodies());
    all.insert("Problem".to_owned(), problem_schema());
    all
}

fn drop_property(schema: &mut Value, name: &str) {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove(name);
    }
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|field| field != name);
    }
}

fn problem_schema() -> Value {
    json!({ "type": "object", "required": ["type", "title", "status", "code"], "properties": {
        "type": { "type": "string" },
        "title": { "type": "string" },
        "status": { "type": "integer" },
        "detail": { "type": "string" },
        "code": { "type": "string", "description": "Stable, upper snake case." },
        "field": { "type": "string", "description": "Of routes under /session: the field concerned." },
        "errors": { "type": "array", "items": { "type": "object", "required": ["pointer", "detail"], "properties": {
            "pointer": { "type": "string" }, "detail": { "type": "string" },
        } } },
    } })
}

fn schema_of(definition: &TypeDefinition) -> Option<Value> {
    let mut schema = match &definition.kind {
        TypeKind::Object(object) => object_schema(object),
        TypeKind::InputObject(input) => input_schema(input),
        TypeKind::Enum(kind) => enum_schema(kind),
        TypeKind::Scalar | TypeKind::Interface(_) | TypeKind::Union(_) => return None,
    };
    if let Some(text) = &definition.description {
        schema["description"] = json!(text.node);
    }
    Some(schema)
}

fn object_schema(object: &ObjectType) -> Value {
    let mut properties = Map::new();
    for field in &object.fields {
        let mut schema = type_schema(&field.node.ty.node);
        if let (Some(text), Some(schema)) = (&field.node.description, schema.as_object_mut()) {
            schema.insert("description".to_owned(), json!(text.node));
        }
        properties.insert(field.node.name.node.to_string(), schema);
    }
    json!({ "type": "object", "properties": properties })
}

fn input_schema(input: &InputObjectType) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &input.fields {
        let name = field.node.name.node.to_string();
        if !field.node.ty.node.nullable && field.node.default_value.is_none() {
            required.push(name.clone());
        }
        let mut schema = type_schema(&field.node.ty.node);
        if let (Some(text), Some(schema)) = (&field.node.description, schema.as_object_mut()) {
            schema.insert("description".to_owned(), json!(text.node));
        }
        properties.insert(name, schema);
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn enum_schema(kind: &EnumType) -> Value {
    let values: Vec<String> = kind
        .values
        .iter()
        .map(|value| value.node.value.node.to_string())
        .collect();
    json!({ "type": "string", "enum": values })
}

fn type_schema(ty: &Type) -> Value {
    let base = match &ty.base {
        BaseType::List(inner) => json!({ "type": "array", "items": type_schema(inner) }),
        BaseType::Named(name) => match name.as_str() {
            "String" | "ID" => json!({ "type": "string" }),
            "Int" => json!({ "type": "integer" }),
            "Float" => json!({ "type": "number" }),
            "Boolean" => json!({ "type": "boolean" }),
            "DateTime" => json!({ "type": "string", "format": "date-time" }),
            "NaiveDate" => json!({ "type": "string", "format": "date" }),
            "JSON" => json!({}),
            other => reference(other),
        },
    };
    if ty.nullable && base != json!({}) {
        json!({ "anyOf": [base, { "type": "null" }] })
    } else {
        base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_resolves() {
        fn walk(value: &Value, known: &Map<String, Value>) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(reference)) = map.get("$ref") {
                        let name = reference.trim_start_matches("#/components/schemas/");
                        assert!(known.contains_key(name), "{name} is not defined");
                    }
                    map.values().for_each(|inner| walk(inner, known));
                }
                Value::Array(items) => items.iter().for_each(|inner| walk(inner, known)),
                _ => {}
            }
        }
        let document = document();
        let known = document["components"]["schemas"].as_object().unwrap().clone();
        assert!(known.contains_key("Quote") && known.contains_key("RequestQuotesInput"));
        walk(&document, &known);
    }

    #[test]
    fn a_page_of_a_path_parameter_is_not_in_the_body() {
        let document = document();
        let accept = &document["components"]["schemas"]["AcceptQuoteInput"];
        assert!(accept["properties"].get("quoteId").is_none());
        assert_eq!(accept["required"], json!(["digest"]));
    }
}

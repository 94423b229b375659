use async_graphql::parser::parse_query;

use super::*;

fn shape() -> Shape {
    Shape::of(&crate::schema::sdl())
}

fn roles(text: &str) -> Vec<Role> {
    let document = parse_query(text).unwrap();
    shape().needs(&document).of(None).iter().collect()
}

#[test]
fn every_field_of_the_schema_has_a_rule_and_every_rule_a_field() {
    let shape = shape();
    assert!(shape.0.len() > 40, "the schema was read");
    for (name, fields) in &shape.0 {
        for field in fields.keys() {
            assert!(
                fields::of(name, field).is_some(),
                "{name}.{field} has no rule: list it in compliance/access/src/fields.rs"
            );
        }
    }
    for rule in fields::all() {
        for field in rule.fields {
            let known = shape.0.get(rule.name).is_some_and(|fields| fields.contains_key(*field));
            assert!(known, "there is no {}.{field} any more", rule.name);
        }
    }
}

#[test]
fn an_operation_needs_all_that_its_fields_need() {
    use Role::{Borrower, CreditHead, Integrator, Manager, Officer, Provider, RiskManager};
    let everyone = [
        Borrower,
        Integrator,
        Provider,
        Officer,
        RiskManager,
        Manager,
        CreditHead,
    ];
    assert_eq!(roles("{ loans { edges { node { id } } } }"), everyone);
    assert_eq!(
        roles("{ loans { edges { node { id repaymentCalls(amount: PAYOFF) { to } } } } }"),
        [Borrower, Integrator]
    );
    assert_eq!(
        roles("{ loans { totalCount } assetPauses { at } }"),
        [Officer, RiskManager, Manager, CreditHead]
    );
    assert_eq!(
        roles(
            "mutation { decideRiskProposal(idempotencyKey: \"k\", id: \"p\", approve: true, reason: \"r\") { refusals { code } } }"
        ),
        [RiskManager, CreditHead]
    );
    assert_eq!(roles("{ __typename }").len(), 8);
}

#[test]
fn fragments_and_aliases_hide_no_field() {
    let hidden = [
        "{ x: fraudChecks(requestId: \"r\") { y: outcome } }",
        "query { ... { fraudChecks(requestId: \"r\") { outcome } } }",
        "query { ...Q } fragment Q on Query { ...R } fragment R on Query { fraudChecks(requestId: \"r\") { outcome } }",
        "{ node(id: \"x\") { ... on Loan { settlement { loan { ...L } } } } assetPauses { at } } fragment L on Loan { id }",
        "query { fraudChecks(requestId: \"r\") @skip(if: true) { outcome } }",
    ];
    for text in hidden {
        let found = roles(text);
        assert!(
            !found.contains(&Role::Borrower) && found.contains(&Role::Officer),
            "{text}: {found:?}"
        );
    }
    // A cycle ends; the executor refuses it.
    assert!(
        roles("query { ...A } fragment A on Query { ...B } fragment B on Query { ...A assetPauses { at } }")
            .contains(&Role::Officer)
    );
    let deep = format!(
        "query {{ node(id: \"x\") {}{} }}",
        "{ ... on Loan { settlement { loan ".repeat(40),
        "{ id }".to_owned() + &" } } }".repeat(40)
    );
    if let Ok(document) = parse_query(&deep) {
        assert_eq!(shape().needs(&document).of(None), RoleSet::NONE);
    }
}

#[test]
fn the_refusal_names_the_root_and_the_field_and_another_operation_of_the_document_does_not_count() {
    let text = "query A { mine: loans { totalCount } } query B { all: providers { versions { config } } }";
    let (document, shape) = (parse_query(text).unwrap(), shape());
    let needs = shape.needs(&document);
    let borrower = Principal {
        id: domain::ids::PrincipalId(uuid::Uuid::from_u128(1)),
        tenant: domain::ids::TenantId(uuid::Uuid::from_u128(2)),
        role: Role::Borrower,
        provider: None,
        standing: domain::principal::Standing::default(),
    };
    let ask = |name, caller| shape.refusal(&document, (Some(name), &needs), caller);
    assert!(ask("A", Some(&borrower)).is_none());
    let refused = serde_json::to_value(ask("B", Some(&borrower)).unwrap()).unwrap();
    assert_eq!(refused["data"], serde_json::Value::Null);
    assert_eq!(refused["errors"][0]["path"][0], "all");
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(refused["errors"][0]["extensions"]["deniedField"], "Query.providers");
    assert!(ask("A", None).is_none(), "the root field refuses it");
    assert!(ask("C", Some(&borrower)).is_some(), "there is no such operation");
    let nobody =
        parse_query("{ fraudChecks(requestId: \"r\") { outcome } requestless: limitPolicy { mode } }").unwrap();
    assert!(shape.refusal(&nobody, (None, &shape.needs(&nobody)), None).is_none());
}

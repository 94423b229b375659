//! What a manifest may say of our question and of an accepted offer. The applicant's name is not among it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::SettlementId;
use domain::request::CreditRequest;
use sdk::AcceptOrder;

use super::parse::Names;
use super::value::{Located, Value};

/// The members of `ask`.
const ASK: &[&str] = &[
    "id",
    "amount",
    "currency",
    "term",
    "purpose",
    "products",
    "country",
    "region",
    "monthly_income",
    "monthly_housing_cost",
    "monthly_debt_payments",
    "employment",
    "employment_months",
    "residence_months",
    "delinquencies_24m",
    "inquiries_6m",
    "credit_history_months",
    "revolving_utilization_percent",
    "military_covered",
];
/// The members of `order`.
const ORDER: &[&str] = &["request", "quote", "provider_ref", "principal", "net_disbursed"];
const HTTP: &[&str] = &["status"];

/// Each list begins with the one before it: a scope grows while an exchange goes on.
pub(super) const QUESTION: Names = &[("ask", ASK), ("now", &[])];
pub(super) const POLLING: Names = &[("ask", ASK), ("now", &[]), ("first", &[])];
pub(super) const ANSWER: Names = &[
    ("ask", ASK),
    ("now", &[]),
    ("first", &[]),
    ("body", &[]),
    ("http", HTTP),
];
pub(super) const OFFER: Names = &[
    ("ask", ASK),
    ("now", &[]),
    ("first", &[]),
    ("body", &[]),
    ("http", HTTP),
    ("item", &[]),
];
pub(super) const ROW: Names = &[
    ("ask", ASK),
    ("now", &[]),
    ("first", &[]),
    ("body", &[]),
    ("http", HTTP),
    ("item", &[]),
    ("row", &[]),
    ("n", &[]),
];
/// A reason of a decline: rows of the answer.
pub(super) const DECLINE: Names = &[
    ("ask", ASK),
    ("now", &[]),
    ("first", &[]),
    ("body", &[]),
    ("http", HTTP),
    ("row", &[]),
];
pub(super) const SETTLEMENT: Names = &[("settlement", &[]), ("now", &[])];
pub(super) const ORDERING: Names = &[("settlement", &[]), ("now", &[]), ("order", ORDER)];
pub(super) const FOUND: Names = &[("settlement", &[]), ("now", &[]), ("body", &[]), ("http", HTTP)];
pub(super) const LOAN: Names = &[
    ("settlement", &[]),
    ("now", &[]),
    ("body", &[]),
    ("http", HTTP),
    ("loan", &[]),
];
pub(super) const LOAN_ROW: Names = &[
    ("settlement", &[]),
    ("now", &[]),
    ("body", &[]),
    ("http", HTTP),
    ("loan", &[]),
    ("row", &[]),
];

fn record(name: &str, members: Vec<(&'static str, Value)>) -> Located {
    let place = |(key, value)| (key, Located::at(value, &format!("{name}.{key}")));
    Located::at(Value::Record(Arc::new(members.into_iter().map(place).collect())), name)
}

/// The word of an enumeration of ours.
fn word(value: impl serde::Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => Value::text(text),
        _ => Value::Absent,
    }
}

/// `ask` and `now`.
pub(super) fn question(request: &CreditRequest, now: DateTime<Utc>) -> Vec<Located> {
    let a = &request.applicant;
    let count = |n: u32| Value::Number(n.into());
    let products = request.products.iter().map(|product| word(product).into()).collect();
    let members = vec![
        ("id", Value::text(request.id.to_string())),
        ("amount", Value::Money(request.amount)),
        ("currency", Value::text(request.amount.currency.code())),
        ("term", Value::Period(request.term)),
        ("purpose", word(request.purpose)),
        ("products", Value::List(Arc::new(products))),
        ("country", Value::text(&request.jurisdiction.country)),
        (
            "region",
            request.jurisdiction.region.as_ref().map_or(Value::Absent, Value::text),
        ),
        ("monthly_income", Value::Money(a.monthly_income)),
        ("monthly_housing_cost", Value::Money(a.monthly_housing_cost)),
        ("monthly_debt_payments", Value::Money(a.monthly_debt_payments)),
        ("employment", word(a.employment)),
        ("employment_months", count(a.employment_months)),
        ("residence_months", count(a.residence_months)),
        ("delinquencies_24m", count(a.delinquencies_24m)),
        ("inquiries_6m", count(a.inquiries_6m)),
        (
            "credit_history_months",
            a.credit_history_months.map_or(Value::Absent, count),
        ),
        (
            "revolving_utilization_percent",
            a.revolving_utilization_percent.map_or(Value::Absent, count),
        ),
        ("military_covered", Value::Bool(a.military_covered)),
    ];
    vec![record("ask", members), Value::Instant(now).into()]
}

/// `settlement` and `now`.
pub(super) fn settlement(settlement: SettlementId, now: DateTime<Utc>) -> Vec<Located> {
    let id = Value::text(settlement.to_string());
    vec![Located::at(id, "settlement"), Value::Instant(now).into()]
}

/// `settlement`, `now` and `order`.
pub(super) fn order(order: &AcceptOrder, now: DateTime<Utc>) -> Vec<Located> {
    let mut scope = settlement(order.settlement, now);
    scope.push(record(
        "order",
        vec![
            ("request", Value::text(order.request.to_string())),
            ("quote", Value::text(order.quote.to_string())),
            ("provider_ref", Value::text(&order.provider_ref)),
            ("principal", Value::Money(order.principal)),
            ("net_disbursed", Value::Money(order.net_disbursed)),
        ],
    ));
    scope
}

/// `http`.
pub(super) fn http(status: u16) -> Located {
    record("http", vec![("status", Value::Number(status.into()))])
}

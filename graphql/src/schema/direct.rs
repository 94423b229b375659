//! Lists of quotes without a future per field.
//!
//! async-graphql boxes a future for every resolved field, as large as the widest of its type: ten quotes with six
//! fields are ninety of them. The plain fields of a quote wait for nothing, so a selection of plain fields alone is
//! written straight into the answer. Any other selection takes the usual way, and both give the same answer.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::enum_value;
use async_graphql::{ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};

use domain::{Money, Rate};

use super::quote::{BindingLevel, Convention, ProductKind, QuoteOut};
use super::value::{MoneyOut, RateOut};
use crate::public_id::{Kind, encode};

/// Quotes of a list.
#[derive(Clone, Debug)]
pub struct QuoteNodes(pub Vec<QuoteOut>);

impl OutputType for QuoteNodes {
    fn type_name() -> Cow<'static, str> {
        <Vec<QuoteOut> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<QuoteOut> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<QuoteOut> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match Plan::of(&ctx.item.node) {
            Some(plan) => Ok(Value::List(self.0.iter().map(|quote| plan.write(quote)).collect())),
            None => OutputType::resolve(&self.0, ctx, field).await,
        }
    }
}

/// How to write a selection of plain fields of `T`; made once for a list.
struct Plan<T> {
    /// The object with its keys and no values: copying it is cheaper than hashing the keys of each object.
    blank: IndexMap<Name, Value>,
    /// In step with the keys.
    steps: Vec<Step<T>>,
}

/// How to write one field.
enum Step<T> {
    Leaf(fn(&T) -> Value),
    Money(fn(&T) -> Money, Plan<MoneyOut>),
    Rate(fn(&T) -> Rate, Plan<RateOut>),
}

impl<T: Direct> Plan<T> {
    /// None when anything but plain fields is selected, or a field twice.
    fn of(selected: &SelectionSet) -> Option<Self> {
        let mut plan = Self {
            blank: IndexMap::with_capacity(selected.items.len()),
            steps: Vec::with_capacity(selected.items.len()),
        };
        for selection in &selected.items {
            let Selection::Field(field) = &selection.node else {
                return None;
            };
            let field = &field.node;
            if !(field.directives.is_empty() && field.arguments.is_empty()) {
                return None;
            }
            plan.steps
                .push(T::step(field.name.node.as_str(), &field.selection_set.node)?);
            let key = field.response_key().node.clone();
            if plan.blank.insert(key, Value::Null).is_some() {
                return None;
            }
        }
        (!plan.steps.is_empty()).then_some(plan)
    }

    fn write(&self, value: &T) -> Value {
        let mut object = self.blank.clone();
        for (slot, step) in object.values_mut().zip(&self.steps) {
            *slot = match step {
                Step::Leaf(of) => of(value),
                Step::Money(of, plan) => plan.write(&MoneyOut(of(value))),
                Step::Rate(of, plan) => plan.write(&RateOut(of(value))),
            };
        }
        Value::Object(object)
    }
}

/// A value with plain fields.
trait Direct: Sized {
    /// How to write the plain field of that name with that selection of its own fields; none for any other field.
    fn step(name: &str, selected: &SelectionSet) -> Option<Step<Self>>;
}

impl Direct for QuoteOut {
    fn step(name: &str, selected: &SelectionSet) -> Option<Step<Self>> {
        let leaf = |of: fn(&Self) -> Value| Some(Step::Leaf(of));
        let money = |of: fn(&Self) -> Money| Some(Step::Money(of, Plan::of(selected)?));
        let rate = |of: fn(&Self) -> Rate| Some(Step::Rate(of, Plan::of(selected)?));
        match name {
            "id" => leaf(|q| Value::String(encode(Kind::Quote, q.0.quote.id.0))),
            "position" => leaf(|q| Value::Number(q.0.position.into())),
            "provider" => leaf(|q| Value::String(q.0.quote.provider.as_str().to_owned())),
            "product" => leaf(|q| enum_value(ProductKind::from(q.0.quote.offer.product))),
            "binding" => leaf(|q| enum_value(BindingLevel::from(q.0.quote.offer.binding))),
            "digest" => leaf(|q| Value::String(q.0.quote.digest.to_string())),
            "principal" => money(|q| q.0.quote.offer.amounts.offered),
            "netDisbursed" => money(|q| q.0.quote.offer.amounts.net_disbursed),
            "nominalRate" => rate(|q| q.0.quote.offer.rate.nominal),
            "verifiedApr" => rate(|q| q.0.quote.verified.apr),
            "convention" => leaf(|q| enum_value(Convention::from(q.0.quote.verified.convention))),
            "declaredApr" => rate(|q| q.0.quote.offer.declared.apr),
            "totalOfPayments" => money(|q| q.0.quote.verified.total_of_payments),
            "financeCharge" => money(|q| q.0.quote.verified.finance_charge),
            "largestPayment" => money(|q| q.0.quote.verified.largest_payment),
            _ => None,
        }
    }
}

impl Direct for MoneyOut {
    fn step(name: &str, _: &SelectionSet) -> Option<Step<Self>> {
        match name {
            "amount" => Some(Step::Leaf(|m| Value::String(m.0.to_major().to_string()))),
            "minor" => Some(Step::Leaf(|m| Value::String(m.0.minor.to_string()))),
            "currency" => Some(Step::Leaf(|m| Value::String(m.0.currency.code().to_owned()))),
            _ => None,
        }
    }
}

impl Direct for RateOut {
    fn step(name: &str, _: &SelectionSet) -> Option<Step<Self>> {
        match name {
            "percent" => Some(Step::Leaf(|r| Value::String(r.0.to_percent().to_string()))),
            "ppm" => Some(Step::Leaf(|r| Value::String(r.0.ppm().to_string()))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

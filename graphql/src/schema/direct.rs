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
        let direct: Option<Vec<Value>> = self.0.iter().map(|quote| object(quote, &ctx.item.node)).collect();
        match direct {
            Some(list) => Ok(Value::List(list)),
            None => OutputType::resolve(&self.0, ctx, field).await,
        }
    }
}

/// A value with plain fields.
trait Direct {
    /// The value of a plain field; none for any other.
    fn plain(&self, field: &Field) -> Option<Value>;
}

/// The object of a selection of plain fields; none when anything else is selected, or a field twice.
fn object(value: &impl Direct, selected: &SelectionSet) -> Option<Value> {
    let mut fields: IndexMap<Name, Value> = IndexMap::with_capacity(selected.items.len());
    for selection in &selected.items {
        let Selection::Field(field) = &selection.node else {
            return None;
        };
        let field = &field.node;
        if !(field.directives.is_empty() && field.arguments.is_empty()) {
            return None;
        }
        let key = field.response_key().node.clone();
        if fields.insert(key, value.plain(field)?).is_some() {
            return None;
        }
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

impl Direct for QuoteOut {
    fn plain(&self, field: &Field) -> Option<Value> {
        let quote = &self.0.quote;
        let money = |money| object(&MoneyOut(money), &field.selection_set.node);
        let rate = |rate| object(&RateOut(rate), &field.selection_set.node);
        match field.name.node.as_str() {
            "id" => Some(Value::String(encode(Kind::Quote, quote.id.0))),
            "position" => Some(Value::Number(self.0.position.into())),
            "provider" => Some(Value::String(quote.provider.as_str().to_owned())),
            "product" => Some(enum_value(ProductKind::from(quote.offer.product))),
            "binding" => Some(enum_value(BindingLevel::from(quote.offer.binding))),
            "digest" => Some(Value::String(quote.digest.to_string())),
            "principal" => money(quote.offer.amounts.offered),
            "netDisbursed" => money(quote.offer.amounts.net_disbursed),
            "nominalRate" => rate(quote.offer.rate.nominal),
            "verifiedApr" => rate(quote.verified.apr),
            "convention" => Some(enum_value(Convention::from(quote.verified.convention))),
            "declaredApr" => rate(quote.offer.declared.apr),
            "totalOfPayments" => money(quote.verified.total_of_payments),
            "financeCharge" => money(quote.verified.finance_charge),
            "largestPayment" => money(quote.verified.largest_payment),
            _ => None,
        }
    }
}

impl Direct for MoneyOut {
    fn plain(&self, field: &Field) -> Option<Value> {
        match field.name.node.as_str() {
            "amount" => Some(Value::String(self.0.to_major().to_string())),
            "minor" => Some(Value::String(self.0.minor.to_string())),
            "currency" => Some(Value::String(self.0.currency.code().to_owned())),
            _ => None,
        }
    }
}

impl Direct for RateOut {
    fn plain(&self, field: &Field) -> Option<Value> {
        match field.name.node.as_str() {
            "percent" => Some(Value::String(self.0.to_percent().to_string())),
            "ppm" => Some(Value::String(self.0.ppm().to_string())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

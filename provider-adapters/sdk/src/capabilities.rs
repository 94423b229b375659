//! Whether a lender says completely and consistently what it does.

use domain::eligibility::Capabilities;
use domain::request::{Jurisdiction, Product};

/// The longest term that an offer may have, days.
const MAX_TERM_DAYS: u32 = 366 * 51;

/// A field of the capabilities and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("capabilities.{field}: {detail}")]
pub struct CapabilityError {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub detail: &'static str,
}

/// Everything that is wrong with what a lender says it does; empty when it can be asked. Each of these would make it a lender that is
/// never asked, or one that is asked for what it cannot do.
pub fn check_capabilities(capabilities: &Capabilities) -> Vec<CapabilityError> {
    let Capabilities {
        products,
        jurisdictions,
        amounts,
        min_term_days,
        max_term_days,
        collateral,
        ..
    } = capabilities;
    let secured = products.contains(&Product::Collateralized);
    let currencies: Vec<_> = amounts.iter().map(|range| range.currency).collect();
    let chains: Vec<_> = collateral.iter().map(|kind| kind.chain_id).collect();
    let rules = [
        (!products.is_empty(), "products", "names no product"),
        (!twice(products), "products", "names a product twice"),
        (!jurisdictions.is_empty(), "jurisdictions", "names no place"),
        (
            jurisdictions.iter().all(is_place),
            "jurisdictions",
            "a place is a two-letter code, upper case, as in ISO 3166",
        ),
        (!twice(jurisdictions), "jurisdictions", "names a place twice"),
        (!amounts.is_empty(), "amounts", "names no currency"),
        (!twice(&currencies), "amounts", "names a currency twice"),
        (
            amounts.iter().all(|range| range.min > 0),
            "amounts",
            "min must be positive",
        ),
        (
            amounts.iter().all(|range| range.max >= range.min),
            "amounts",
            "max is below min",
        ),
        (*min_term_days > 0, "min_term_days", "must be positive"),
        (
            max_term_days >= min_term_days,
            "max_term_days",
            "is below min_term_days",
        ),
        (*max_term_days <= MAX_TERM_DAYS, "max_term_days", "is above 51 years"),
        (
            !secured || !collateral.is_empty(),
            "collateral",
            "a COLLATERALIZED loan needs the chain of its collateral",
        ),
        (
            collateral.iter().all(|kind| kind.chain_id != 0),
            "collateral",
            "0 is no chain",
        ),
        (!twice(&chains), "collateral", "names a chain twice"),
    ];
    let broken = rules.into_iter().filter(|(holds, ..)| !holds);
    broken
        .map(|(_, field, detail)| CapabilityError { field, detail })
        .collect()
}

fn twice<T: PartialEq>(items: &[T]) -> bool {
    (1..items.len()).any(|i| items[..i].contains(&items[i]))
}

fn is_place(place: &Jurisdiction) -> bool {
    let country = place.country.len() == 2 && place.country.bytes().all(|b| b.is_ascii_uppercase());
    let region = place.region.as_ref().is_none_or(|region| {
        (1..=3).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    country && region
}

#[cfg(test)]
mod tests {
    use domain::Currency;
    use domain::eligibility::{AmountRange, CollateralKind};
    use domain::offer::Inquiry;

    use super::*;

    fn complete() -> Capabilities {
        let place = |region: Option<&str>| Jurisdiction {
            country: "US".into(),
            region: region.map(str::to_owned),
        };
        Capabilities {
            products: vec![Product::Installment, Product::Line],
            jurisdictions: vec![place(Some("CA")), place(None)],
            amounts: vec![AmountRange {
                currency: Currency::usd(),
                min: 1,
                max: 1,
            }],
            min_term_days: 1,
            max_term_days: MAX_TERM_DAYS,
            collateral: Vec::new(),
            inquiry: Inquiry::Soft,
        }
    }

    #[test]
    fn each_incomplete_field_is_named() {
        type Change = fn(&mut Capabilities);
        assert_eq!(check_capabilities(&complete()), []);
        let cases: [(Change, &str); 14] = [
            (|c| c.products.clear(), "products"),
            (|c| c.products.push(Product::Line), "products"),
            (|c| c.jurisdictions.clear(), "jurisdictions"),
            (|c| c.jurisdictions[0].country = "us".into(), "jurisdictions"),
            (
                |c| c.jurisdictions[0].region = Some("California".into()),
                "jurisdictions",
            ),
            (|c| c.jurisdictions[0].region = None, "jurisdictions"),
            (|c| c.amounts.clear(), "amounts"),
            (|c| c.amounts.push(c.amounts[0]), "amounts"),
            (|c| (c.amounts[0].min, c.amounts[0].max) = (0, 0), "amounts"),
            (|c| c.amounts[0].max = 0, "amounts"),
            (|c| c.min_term_days = 0, "min_term_days"),
            (|c| c.max_term_days = 0, "max_term_days"),
            (|c| c.products.push(Product::Collateralized), "collateral"),
            (|c| c.collateral.push(CollateralKind::on_chain(0)), "collateral"),
        ];
        for (change, field) in cases {
            let mut capabilities = complete();
            change(&mut capabilities);
            let fields: Vec<_> = check_capabilities(&capabilities)
                .iter()
                .map(|error| error.field)
                .collect();
            assert_eq!(fields, [field]);
        }
    }
}

//! What the bank says of its products and of a loan, in the format of the network.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::network::loan::{Loan, apr, end_of_month, rupees};

/// A loan that the bank has in its catalog: of one size and one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// What it lends, paise.
    pub principal: i64,
    /// Number of monthly installments.
    pub months: u32,
    /// The amounts asked for which it is offered, as the catalog writes them.
    pub amounts: (String, String),
    /// The terms for which it is offered, as the catalog writes them.
    pub terms: (String, String),
}

/// Whole rupees that the development bank lends.
const SIZES: [i64; 6] = [25_000, 50_000, 100_000, 200_000, 500_000, 1_000_000];
const MONTHS: [u32; 5] = [5, 6, 12, 24, 36];

/// The catalog of the development bank: who asks for a size or more gets the size.
pub fn standard_products() -> Vec<Product> {
    let mut all = Vec::new();
    for (at, size) in SIZES.iter().enumerate() {
        let most = SIZES.get(at + 1).map_or(5_000_000, |next| next - 1);
        all.extend(MONTHS.map(|months| Product {
            id: format!("PL-{size}-{months}"),
            principal: size * 100,
            months,
            amounts: (format!("{size} INR"), format!("{most}.99 INR")),
            terms: (format!("{months} months"), format!("P{months}M")),
        }));
    }
    all
}

fn tag(code: &str, value: &str) -> Value {
    json!({ "descriptor": { "code": code }, "value": value })
}

pub(super) fn catalog(products: &[Product], form: Option<Value>) -> Value {
    let item = |product: &Product| {
        json!({
            "id": product.id,
            "descriptor": { "code": "LOAN", "name": "Personal loan" },
            "tags": [{ "descriptor": { "code": "INFO" }, "list": [
                tag("MIN_INTEREST_RATE", "9 %"),
                tag("MIN_TENURE", &product.terms.0),
                tag("MAX_TENURE", &product.terms.1),
                tag("MIN_LOAN_AMOUNT", &product.amounts.0),
                tag("MAX_LOAN_AMOUNT", &product.amounts.1),
            ] }],
        })
    };
    let mut items: Vec<Value> = products.iter().map(item).collect();
    if let (Some(form), Some(first)) = (form, items.first_mut()) {
        first["xinput"] = form;
    }
    json!({ "catalog": { "providers": [{ "id": "PROVIDER-1", "items": items }] } })
}

/// What an order is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered<'a> {
    pub(super) product: &'a Product,
    pub(super) now: DateTime<Utc>,
    /// What the bank declares instead of the truth.
    pub(super) declares: Option<&'a str>,
}

/// 0.9 % and 0.25 % are withheld; installments at the ends of the months.
pub(super) fn order(ordered: Ordered<'_>) -> Value {
    let (product, today) = (ordered.product, ordered.now.date_naive());
    let loan = Loan::new(product.principal, product.months);
    let (processing, insurance) = (loan.share_down(90), loan.share_down(25));
    let net = loan.principal - processing - insurance;
    let dues: Vec<_> = (1..=loan.months).map(|month| end_of_month(today, month)).collect();
    let rows: Vec<_> = dues.iter().map(|due| (*due, loan.installment)).collect();
    let truth = format!("{} %", apr(today, net, &rows));
    let line =
        |title: &str, paise: i64| json!({ "title": title, "price": { "currency": "INR", "value": rupees(paise) } });
    let each = format!("{} INR", rupees(loan.installment));
    let payment = |due: &chrono::NaiveDate| {
        json!({
            "type": "POST_FULFILLMENT",
            "status": "NOT-PAID",
            "params": { "amount": each, "currency": "INR" },
            "time": { "label": "INSTALLMENT", "range": {
                "start": format!("{}T00:00:00.000Z", due.format("%Y-%m-01")),
                "end": format!("{due}T23:59:59.999Z") } },
        })
    };
    let payments: Vec<Value> = dues.iter().map(payment).collect();
    json!({
        "provider": { "id": "PROVIDER-1" },
        "items": [{
            "id": product.id,
            "parent_item_id": "loan",
            "tags": [{ "descriptor": { "code": "LOAN_INFO" }, "list": [
                tag("INTEREST_RATE", "12 %"),
                tag("TERM", &format!("PT{}M", loan.months)),
                tag("INTEREST_RATE_TYPE", "FIXED"),
                tag("APPLICATION_FEE", &format!("{} INR", rupees(loan.share_down(50)))),
                tag("FORECLOSURE_FEE", "4.00% + 18% GST"),
                tag("DELAY_PENALTY_FEE", "2% (p.m.)"),
                tag("ANNUAL_PERCENTAGE_RATE", ordered.declares.unwrap_or(&truth)),
                tag("REPAYMENT_FREQUENCY", "PT1M"),
                tag("NUMBER_OF_INSTALLMENTS_OF_REPAYMENT", &loan.months.to_string()),
                tag("COOL_OFF_PERIOD", "P3D Days"),
                tag("INSTALLMENT_AMOUNT", &each),
            ] }],
        }],
        "quote": {
            "price": { "currency": "INR", "value": rupees(loan.principal + loan.interest() + processing + insurance) },
            "breakup": [
                line("PRINCIPAL", loan.principal),
                line("INTEREST", loan.interest()),
                line("PROCESSING_FEE", processing),
                line("OTHER_UPFRONT_CHARGES", 0),
                line("INSURANCE_CHARGES", insurance),
                line("NET_DISBURSED_AMOUNT", net),
                line("OTHER_CHARGES", 0),
            ],
            "ttl": "PT15D",
        },
        "payments": payments,
    })
}

/// The payment to the borrower.
pub(super) fn paid_out(product: &Product) -> Value {
    let loan = Loan::new(product.principal, product.months);
    let net = loan.principal - loan.share_down(90) - loan.share_down(25);
    json!({ "type": "ON_FULFILLMENT", "id": "PAY-1", "status": "PAID",
        "params": { "amount": rupees(net), "currency": "INR", "transaction_id": "UTR-4711" } })
}

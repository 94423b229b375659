mod counterparty;
mod expressions;
mod loading;
mod online;

use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, PrincipalId, RequestId, TenantId};
use uuid::Uuid;

use super::Manifest;

pub(super) const GUIDE: &str = include_str!("../../../../../docs/providers/manifest.md");
/// A lender that is polled, with OAuth 2 and calendars that follow from terms.
pub(super) const POLLED: &str = include_str!("polled.toml");

/// The example of the guide.
pub(super) fn example() -> &'static str {
    let rest = GUIDE.split_once("<!-- example -->\n```toml\n").unwrap().1;
    rest.split_once("\n```\n").unwrap().0
}

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn request() -> CreditRequest {
    CreditRequest {
        id: RequestId(Uuid::from_u128(1)),
        tenant: TenantId(Uuid::from_u128(2)),
        borrower: PrincipalId(Uuid::from_u128(3)),
        at: at("2026-01-10T12:00:00Z"),
        amount: usd(500_000),
        term: Period::new(3, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            monthly_income: usd(600_000),
            monthly_housing_cost: usd(180_000),
            monthly_debt_payments: usd(40_000),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(90),
            revolving_utilization_percent: Some(25),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

#[test]
fn the_guide_lists_the_functions_that_there_are() {
    let listed = GUIDE.split_once("<!-- functions -->\n").unwrap().1;
    assert_eq!(listed.trim(), super::functions_markdown().trim());
}

#[test]
fn the_example_of_the_guide_is_a_manifest() {
    let manifest = Manifest::parse(example()).unwrap();
    assert_eq!(manifest.capabilities().amounts[0].max, 5_000_000);
    Manifest::parse(POLLED).unwrap();
}

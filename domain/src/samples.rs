//! Made-up people and requests, for tests, benchmarks and examples. Nobody here exists.

use uuid::Uuid;

use crate::calendar::{Period, Unit};
use crate::money::{Currency, Money};
use crate::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};

/// Alex earns 6,000 dollars a month, spends 2,200 on rent and debts, and has paid on time.
pub fn applicant() -> Applicant {
    let usd = |minor| Money::new(minor, Currency::usd());
    Applicant {
        full_name: "Alex Sample".into(),
        date_of_birth: None,
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
    }
}

/// Alex, a Californian, asks for 5,000 dollars for 24 months on 1970-01-01, without wallet or collateral.
pub fn request() -> CreditRequest {
    CreditRequest {
        id: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        borrower: Uuid::from_u128(3).into(),
        at: chrono::DateTime::UNIX_EPOCH,
        amount: Money::new(500_000, Currency::usd()),
        term: Period::new(24, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: applicant(),
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: vec![],
    }
}

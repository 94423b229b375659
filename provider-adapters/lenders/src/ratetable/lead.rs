//! Our question as a lead. It has no name, address, number or consent of a person: a request of ours holds none, and what a live
//! account asks beyond this is between the borrower and the originator, on its pages.

use domain::request::{CreditRequest, Employment, Purpose};
use rust_decimal::Decimal;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lead<'r> {
    /// The request's id: the same question twice is the same lead.
    uuid: String,
    product_types: [&'static str; 1],
    loan_information: Loan,
    personal_information: Person<'r>,
    financial_information: Finances,
    employment_information: Work,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Loan {
    purpose: &'static str,
    /// Whole dollars.
    loan_amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'r str>,
    months_at_address: u32,
    active_military: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finances {
    employment_status: &'static str,
    annual_income: i64,
    monthly_housing_payment: i64,
    monthly_debt: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Work {
    months_employed: u32,
}

/// What is asked for, in whole major units rounded down.
pub(super) fn whole_amount_down(request: &CreditRequest) -> i64 {
    whole_down(request.amount.to_major())
}

fn whole_down(major: Decimal) -> i64 {
    i64::try_from(major.floor().mantissa()).unwrap_or(i64::MAX)
}

/// The lead as JSON.
pub(super) fn write(request: &CreditRequest) -> Vec<u8> {
    let a = &request.applicant;
    let lead = Lead {
        uuid: request.id.to_string(),
        product_types: ["loan"],
        loan_information: Loan {
            purpose: purpose(request.purpose),
            loan_amount: whole_amount_down(request),
        },
        personal_information: Person {
            state: request.jurisdiction.region.as_deref(),
            months_at_address: a.residence_months,
            active_military: a.military_covered,
        },
        financial_information: Finances {
            employment_status: employment(a.employment),
            annual_income: whole_down(a.monthly_income.to_major().saturating_mul(Decimal::from(12))),
            monthly_housing_payment: whole_down(a.monthly_housing_cost.to_major()),
            monthly_debt: whole_down(a.monthly_debt_payments.to_major()),
        },
        employment_information: Work {
            months_employed: a.employment_months,
        },
    };
    serde_json::to_vec(&lead).unwrap_or_default()
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::DebtConsolidation => "debt_consolidation",
        Purpose::HomeImprovement => "home_improvement",
        Purpose::Purchase => "large_purchases",
        Purpose::Medical => "medical_dental",
        Purpose::Business => "business",
        Purpose::Education | Purpose::Other => "other",
    }
}

fn employment(employment: Employment) -> &'static str {
    match employment {
        Employment::Employed => "employed",
        Employment::SelfEmployed => "self_employed",
        Employment::Retired => "retired",
        Employment::Unemployed => "not_employed",
        Employment::Student => "other",
    }
}

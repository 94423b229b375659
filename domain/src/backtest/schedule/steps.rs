//! The steps and products of Fineract's end-to-end scenarios that the engine knows.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::parse;
use crate::calendar::Date;
use crate::schedule::Charge;

/// A step before the schedule is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The business date moves.
    Today(Date),
    /// Nothing that the schedule shows.
    Silent,
    /// Money was lent.
    Disbursed(Date, Decimal),
    /// A repayment.
    Paid(Date, Decimal),
    /// A percentage of principal and interest of every installment.
    InstallmentFee(Decimal),
    /// A percentage of the disbursed amount, taken at disbursement.
    DisbursementFee(Decimal),
    /// An amount with a due date.
    Charged(Date, Charge, Decimal),
    /// A percentage of principal and all interest with a due date.
    ProcessingFee(Date, Decimal),
}

/// Reads a step; an unknown one is the reason to refuse the vector.
pub(super) fn read(step: &str) -> Result<Step, String> {
    let quoted: Vec<&str> = step.split('"').skip(1).step_by(2).collect();
    let quote = |at: usize| quoted.get(at).copied().ok_or_else(|| format!("step: {step}"));
    let numbers: Vec<Decimal> = step
        .split('"')
        .step_by(2)
        .flat_map(str::split_whitespace)
        .filter_map(|w| parse(w).ok())
        .collect();
    let number = || numbers.first().copied().ok_or_else(|| format!("step: {step}"));
    if step.to_ascii_lowercase().contains("charge-off") || step.contains("charged-off") {
        return Err("charge-off".to_owned());
    }
    if step.starts_with("Admin sets the business date to") {
        return Ok(Step::Today(day(quote(0)?)?));
    }
    if step.starts_with("Admin successfully approves the loan") {
        return Ok(Step::Silent);
    }
    if step.starts_with("Admin successfully disburse the loan on") && quoted.len() == 2 {
        return Ok(Step::Disbursed(day(quote(0)?)?, parse(quote(1)?)?));
    }
    if step.starts_with("Customer makes") && step.contains("repayment on") && quoted.len() == 2 {
        return Ok(Step::Paid(day(quote(1)?)?, number()?));
    }
    if step.starts_with("Admin adds") && step.contains("% of transaction amount") {
        return match quote(0)? {
            "LOAN_INSTALLMENT_PERCENTAGE_FEE" => Ok(Step::InstallmentFee(number()?)),
            "LOAN_DISBURSEMENT_PERCENTAGE_FEE" | "LOAN_TRANCHE_DISBURSEMENT_PERCENTAGE_FEE" => {
                Ok(Step::DisbursementFee(number()?))
            }
            other => Err(format!("charge {other}")),
        };
    }
    if step.starts_with("Admin adds") && step.contains("due date charge") {
        let charge = match quote(0)? {
            "LOAN_NSF_FEE" => Charge::Penalty,
            "LOAN_SNOOZE_FEE" | "LOAN_FIXED_RETURNED_PAYMENT_FEE" => Charge::Fee,
            other => return Err(format!("charge {other}")),
        };
        return Ok(Step::Charged(day(quote(1)?)?, charge, number()?));
    }
    if step.starts_with("Admin adds a ") && step.contains("% Processing charge") {
        return Ok(Step::ProcessingFee(day(quote(1)?)?, number()?));
    }
    if step.starts_with("Admin adds an NSF fee") {
        return Ok(Step::Charged(day(quote(0)?)?, Charge::Penalty, Decimal::TEN));
    }
    Err(format!("step: {step}"))
}

/// Dates as the scenarios write them: `1 January 2023` or `01 January 2023`.
pub(super) fn day(text: &str) -> Result<Date, String> {
    NaiveDate::parse_from_str(text, "%d %B %Y").map_err(|_| format!("{text} is no date"))
}

/// What a product's name says beyond the loan's own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    /// Progressive (LP2) or cumulative (LP1).
    pub progressive: bool,
    /// Interest follows payments.
    pub recalculated: bool,
    /// More disbursements to come: the installment is that of the approved amount.
    pub many_disbursements: bool,
    /// 1.5% late fee: on principal, or on principal and interest.
    pub late_fee: Option<LateFee>,
}

/// Base of a late fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LateFee {
    /// Principal.
    Principal,
    /// Principal and interest.
    PrincipalAndInterest,
}

/// The product of that name, or why it is out of scope.
pub(super) fn product(name: &str) -> Result<Product, String> {
    let progressive = name.starts_with("LP2_ADV_PYMNT_INTEREST_DAILY_EMI_360_30");
    if name.contains("DOWNPAYMENT") {
        return Err("down payment product".to_owned());
    }
    if !progressive && !name.starts_with("LP1") {
        return Err(format!("product {name}"));
    }
    let late_fee = if name.ends_with("OVERDUE_FROM_AMOUNT_INTEREST") {
        Some(LateFee::PrincipalAndInterest)
    } else if name.ends_with("OVERDUE_FROM_AMOUNT") {
        Some(LateFee::Principal)
    } else {
        None
    };
    Ok(Product {
        progressive,
        recalculated: name.contains("RECALCULATION"),
        many_disbursements: name.contains("MULTIDISB"),
        late_fee,
    })
}

//! What is known of an applicant, as integers.

use domain::eligibility::approximate_days;
use domain::money::{Currency, Money};
use domain::request::{CreditRequest, Employment};
use serde::{Deserialize, Serialize};

/// Days of a month where a month is only a length.
const MONTH_DAYS: i128 = 30;
const PPM: i128 = 1_000_000;

/// The facts of one application. Amounts are minor units of `currency`, ratios parts per million, rounded against the
/// applicant. None is a fact that was not given or cannot be used; the model says what that means.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskFacts {
    /// Currency of every amount.
    pub currency: Currency,
    /// Asked for.
    pub amount_minor: i64,
    /// Length in days.
    pub term_days: u32,
    /// Gross income of a month.
    pub monthly_income_minor: Option<i64>,
    /// Rent or mortgage of a month.
    pub monthly_housing_minor: Option<i64>,
    /// Payments of a month on other debts.
    pub monthly_debt_minor: Option<i64>,
    /// Housing, debts and the new principal spread over its term, as a share of income.
    pub debt_to_income_ppm: Option<i64>,
    /// The new principal spread over its term, as a share of income.
    pub payment_to_income_ppm: Option<i64>,
    /// Whole months in the present work; none for those who do not live from work, which is no reason against them.
    pub employment_months: Option<u32>,
    /// Whole months at the present address.
    pub residence_months: u32,
    /// Payments missed in 24 months.
    pub delinquencies_24m: u32,
    /// Credit inquiries in 6 months.
    pub inquiries_6m: u32,
    /// Whole months since the oldest account was opened; none without a file.
    pub credit_history_months: Option<u32>,
    /// Share of revolving limits in use.
    pub utilization_ppm: Option<i64>,
}

impl std::fmt::Debug for RiskFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RiskFacts(personal data)")
    }
}

impl RiskFacts {
    /// The facts of a request. Age, sex, name, nationality and address are no facts here.
    pub fn of(request: &CreditRequest) -> Self {
        let applicant = &request.applicant;
        let currency = request.amount.currency;
        // Another currency has no price here, and a negative amount no meaning: neither is used.
        let usable = |money: Money| (money.currency == currency && money.minor >= 0).then_some(money.minor);
        let (income, housing) = (usable(applicant.monthly_income), usable(applicant.monthly_housing_cost));
        let debts = usable(applicant.monthly_debt_payments);
        let term_days = approximate_days(request.term);
        let payment = Share::monthly_payment(request.amount.minor, term_days);
        let fixed = housing
            .zip(debts)
            .map(|(housing, debts)| i128::from(housing) + i128::from(debts));
        Self {
            currency,
            amount_minor: request.amount.minor,
            term_days,
            monthly_income_minor: income,
            monthly_housing_minor: housing,
            monthly_debt_minor: debts,
            debt_to_income_ppm: payment
                .zip(fixed)
                .and_then(|(payment, fixed)| payment.plus(fixed).of_income_up(income)),
            payment_to_income_ppm: payment.and_then(|payment| payment.of_income_up(income)),
            employment_months: match applicant.employment {
                Employment::Employed | Employment::SelfEmployed => Some(applicant.employment_months),
                Employment::Unemployed => Some(0),
                Employment::Student | Employment::Retired => None,
            },
            residence_months: applicant.residence_months,
            delinquencies_24m: applicant.delinquencies_24m,
            inquiries_6m: applicant.inquiries_6m,
            credit_history_months: applicant.credit_history_months,
            utilization_ppm: applicant
                .revolving_utilization_percent
                .map(|percent| i64::from(percent) * 10_000),
        }
    }

    /// The amount as money.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// Length in days for spreading over months; a shorter credit still has one month's income to be paid from.
    pub(crate) fn spread_days(&self) -> i128 {
        i128::from(self.term_days).max(MONTH_DAYS)
    }

    /// True when amount and term can be reasoned about at all.
    pub(crate) fn is_asking(&self) -> bool {
        self.amount_minor > 0 && self.term_days > 0
    }
}

/// An exact amount a month: minor units over a denominator.
#[derive(Clone, Copy)]
struct Share {
    numerator: i128,
    denominator: i128,
}

impl Share {
    fn monthly_payment(amount: i64, term_days: u32) -> Option<Self> {
        let denominator = i128::from(term_days).max(MONTH_DAYS);
        (amount > 0 && term_days > 0).then(|| Self {
            numerator: i128::from(amount) * MONTH_DAYS,
            denominator,
        })
    }

    fn plus(self, amount: i128) -> Self {
        Self {
            numerator: self.numerator + amount * self.denominator,
            ..self
        }
    }

    /// Share of income in parts per million, up.
    fn of_income_up(self, income: Option<i64>) -> Option<i64> {
        let income = i128::from(income.filter(|income| *income > 0)?);
        let (numerator, denominator) = (self.numerator.checked_mul(PPM)?, self.denominator * income);
        let up = numerator.checked_add(denominator - 1)?.checked_div(denominator)?;
        Some(i64::try_from(up).unwrap_or(i64::MAX))
    }
}

/// Principal that can be paid back from `free` a month over `days`, down, as a share `ppm` of it.
pub(crate) fn payable_down(free: i128, days: i128, ppm: i64) -> Option<i128> {
    free.checked_mul(days)?
        .checked_mul(i128::from(ppm))?
        .checked_div(MONTH_DAYS * PPM)
}

/// `ppm` of an amount, down.
pub(crate) fn share_down(amount: i64, ppm: i64) -> i128 {
    i128::from(amount) * i128::from(ppm) / PPM
}

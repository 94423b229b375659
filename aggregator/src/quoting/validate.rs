//! What a request may look like. Every refusal names its field.

use alloy_primitives::Address;
use chrono::{Datelike as _, NaiveDate};
use domain::eligibility::approximate_days;
use domain::money::{Money, TokenAmount};
use domain::ports::DataConsent;
use domain::request::{Applicant, Jurisdiction};

use crate::api::{Error, NewRequest};

/// Largest amount, minor units.
const MAX_AMOUNT: i64 = 1_000_000_000_000;
/// Longest term: 40 years.
const MAX_DAYS: u32 = 40 * 366;
/// Largest monthly figure of an applicant, minor units.
const MAX_MONTHLY: i64 = 1_000_000_000_000;
/// 150 years.
const MAX_MONTHS: u32 = 150 * 12;

/// Checks ranges and formats; facts and rules are somebody else's.
pub(super) fn validate(new: &NewRequest) -> Result<(), Error> {
    within(
        "amount",
        (1..=MAX_AMOUNT).contains(&new.amount.minor),
        "more than 0 and at most 10^12 minor units",
    )?;
    within(
        "term",
        new.term.count > 0 && approximate_days(new.term) <= MAX_DAYS,
        "1 day to 40 years",
    )?;
    within("products", new.products.len() <= 4, "each kind at most once")?;
    within("id", new.id.is_none_or(|id| !id.0.is_nil()), "not the nil id")?;
    within("wallet", new.wallet != Some(Address::ZERO), "not the zero address")?;
    consents(&new.data_consents)?;
    jurisdiction(&new.jurisdiction)?;
    applicant(&new.applicant, new.amount)?;
    new.signals.check()?;
    new.collateral.as_ref().map_or(Ok(()), collateral)
}

fn within(field: &str, holds: bool, message: &str) -> Result<(), Error> {
    if holds {
        Ok(())
    } else {
        Err(Error::invalid(field, message))
    }
}

fn consents(given: &[DataConsent]) -> Result<(), Error> {
    let again = |(place, consent): (usize, &DataConsent)| given[..place].iter().any(|c| c.source == consent.source);
    let once = !given.iter().enumerate().any(again);
    within("dataConsents", once, "each source at most once")
}

fn jurisdiction(place: &Jurisdiction) -> Result<(), Error> {
    let country = place.country.len() == 2 && place.country.bytes().all(|b| b.is_ascii_uppercase());
    within("jurisdiction.country", country, "two upper-case letters of ISO 3166-1")?;
    let region = place.region.as_ref().is_none_or(|region| {
        (1..=3).contains(&region.len()) && region.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    });
    within(
        "jurisdiction.region",
        region,
        "one to three characters of ISO 3166-2, without the country",
    )?;
    let needed = place.country != "US" || place.region.is_some();
    within("jurisdiction.region", needed, "the state is needed in the US")
}

/// Born before today, and not longer ago than anybody lives.
pub(super) fn born(applicant: &Applicant, today: NaiveDate) -> Result<(), Error> {
    let fits = |born: NaiveDate| born < today && born.year() >= 1900;
    within(
        "applicant.dateOfBirth",
        applicant.date_of_birth.is_none_or(fits),
        "a day before today, 1900 or later",
    )
}

fn applicant(applicant: &Applicant, amount: Money) -> Result<(), Error> {
    let name = &applicant.full_name;
    let named = (1..=200).contains(&name.chars().count()) && !name.trim().is_empty();
    within(
        "applicant.fullName",
        named && !name.chars().any(char::is_control),
        "1 to 200 characters",
    )?;
    let monthly = [
        ("applicant.monthlyIncome", applicant.monthly_income),
        ("applicant.monthlyHousingCost", applicant.monthly_housing_cost),
        ("applicant.monthlyDebtPayments", applicant.monthly_debt_payments),
    ];
    for (field, money) in monthly {
        within(
            field,
            money.currency == amount.currency,
            "in the currency of the amount",
        )?;
        within(
            field,
            (0..=MAX_MONTHLY).contains(&money.minor),
            "0 to 10^12 minor units",
        )?;
    }
    let months = [
        ("applicant.employmentMonths", applicant.employment_months),
        ("applicant.residenceMonths", applicant.residence_months),
        (
            "applicant.creditHistoryMonths",
            applicant.credit_history_months.unwrap_or(0),
        ),
    ];
    for (field, count) in months {
        within(field, count <= MAX_MONTHS, "at most 1800 months")?;
    }
    within(
        "applicant.delinquencies24m",
        applicant.delinquencies_24m <= 1_000,
        "at most 1000",
    )?;
    within("applicant.inquiries6m", applicant.inquiries_6m <= 1_000, "at most 1000")?;
    let used = applicant.revolving_utilization_percent.unwrap_or(0);
    within(
        "applicant.revolvingUtilizationPercent",
        used <= 1_000,
        "0 to 1000 per cent",
    )
}

fn collateral(collateral: &TokenAmount) -> Result<(), Error> {
    let asset = &collateral.asset;
    // The settlement contract counts in 128 bits.
    let fits = !collateral.units.is_zero() && u128::try_from(collateral.units).is_ok();
    within("collateral.units", fits, "more than 0 and below 2^128 base units")?;
    within("collateral.asset.decimals", asset.decimals <= 36, "at most 36")?;
    let symbol = (1..=16).contains(&asset.symbol.len()) && asset.symbol.bytes().all(|b| b.is_ascii_graphic());
    within("collateral.asset.symbol", symbol, "1 to 16 visible ASCII characters")?;
    within(
        "collateral.asset.token",
        asset.token != Address::ZERO,
        "not the zero address",
    )
}

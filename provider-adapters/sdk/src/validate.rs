//! What every offer must satisfy before anybody computes with it: currencies, sums, dates, sizes, and agreement with the request.

mod onchain;

use std::collections::BTreeSet;

use alloy_primitives::U256;
use chrono::{DateTime, TimeDelta, Utc};
use domain::offer::{Binding, FeeTiming, Offer, RateTerms};
use domain::ports::{Answer, LenderError};
use domain::request::CreditRequest;
use domain::{Money, Rate};

use crate::signature::MAX_SKEW_SECONDS;

/// Payments that a calendar may have: 50 years of months.
pub const MAX_PAYMENTS: usize = 600;
const MAX_FEES: usize = 32;
const MAX_ASSETS: usize = 16;
/// 10,000 % a year. Higher nominal rates are mistakes of units.
const MAX_RATE: Rate = Rate::from_percent(10_000);
/// A nine-day loan with a fee really reaches 2,238,723.9 %.
const MAX_APR: Rate = Rate::from_percent(100_000_000);
const MAX_VALIDITY: TimeDelta = TimeDelta::days(90);
const MAX_TERM: TimeDelta = TimeDelta::days(366 * 51);

type Checked = Result<(), LenderError>;

/// Checks every offer of an answer, and that no two share a reference.
pub fn validate_answer(answer: &Answer, request: &CreditRequest, now: DateTime<Utc>) -> Checked {
    let Answer::Offers(offers) = answer else { return Ok(()) };
    let mut refs = BTreeSet::new();
    for offer in offers {
        validate_offer(offer, request, now)?;
        ensure(
            refs.insert(&offer.provider_ref),
            "provider_ref",
            "two offers have the same",
        )?;
    }
    ensure(!offers.is_empty(), "offers", "an answer without offers must decline")
}

/// Checks one offer against the request that it answers. The error names the field and the rule.
pub fn validate_offer(offer: &Offer, request: &CreditRequest, now: DateTime<Utc>) -> Checked {
    currencies(offer, request)?;
    texts(offer)?;
    let wanted = request.products.is_empty() || request.products.contains(&offer.product);
    ensure(wanted, "product", "was not asked for")?;
    times(offer, now)?;
    rates(offer)?;
    amounts(offer, request)?;
    calendar(offer)?;
    fees_agree(offer)?;
    collateral(offer)?;
    let executable = offer.binding == Binding::OnchainExecutable;
    ensure(
        executable == offer.onchain.is_some(),
        "onchain",
        "must be given exactly when the binding says so",
    )?;
    offer
        .onchain
        .as_ref()
        .map_or(Ok(()), |onchain| onchain::check(offer, onchain, request))
}

fn ensure(holds: bool, field: &str, detail: &str) -> Checked {
    if holds {
        Ok(())
    } else {
        Err(LenderError::Malformed {
            field: field.into(),
            detail: detail.into(),
        })
    }
}

fn currencies(offer: &Offer, request: &CreditRequest) -> Checked {
    let currency = request.amount.currency;
    let same = |money: Money, field: &str| ensure(money.currency == currency, field, "wrong currency");
    same(offer.amounts.requested, "amounts.requested")?;
    same(offer.amounts.offered, "amounts.offered")?;
    same(offer.amounts.net_disbursed, "amounts.net_disbursed")?;
    offer
        .amounts
        .limit
        .map_or(Ok(()), |limit| same(limit, "amounts.limit"))?;
    for (i, fee) in offer.fees.iter().enumerate() {
        same(fee.amount, &format!("fees[{i}].amount"))?;
    }
    for (i, p) in offer.repayment.schedule.iter().enumerate() {
        for (money, name) in [
            (p.principal, "principal"),
            (p.interest, "interest"),
            (p.fees, "fees"),
            (p.total, "total"),
        ] {
            same(money, &format!("repayment.schedule[{i}].{name}"))?;
        }
    }
    same(offer.repayment.late.fee, "repayment.late.fee")?;
    offer
        .declared
        .total_cost
        .map_or(Ok(()), |money| same(money, "declared.total_cost"))?;
    offer
        .declared
        .payment
        .map_or(Ok(()), |money| same(money, "declared.payment"))
}

fn texts(offer: &Offer) -> Checked {
    let fits = |text: &str, most: usize| !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    ensure(
        fits(&offer.provider_ref, 128),
        "provider_ref",
        "expected 1 to 128 bytes on one line",
    )?;
    ensure(offer.fees.len() <= MAX_FEES, "fees", "too many")?;
    for (i, fee) in offer.fees.iter().enumerate() {
        ensure(
            fits(&fee.code, 64),
            &format!("fees[{i}].code"),
            "expected 1 to 64 bytes on one line",
        )?;
    }
    let index = offer.rate.index.as_deref();
    ensure(
        index.is_none_or(|text| fits(text, 64)),
        "rate.index",
        "expected 1 to 64 bytes on one line",
    )?;
    let venue = offer.onchain.as_ref().map(|o| o.venue.as_str());
    ensure(
        venue.is_none_or(|text| fits(text, 64)),
        "onchain.venue",
        "expected 1 to 64 bytes on one line",
    )
}

fn times(offer: &Offer, now: DateTime<Utc>) -> Checked {
    let skew = TimeDelta::seconds(MAX_SKEW_SECONDS);
    ensure(offer.issued_at <= now + skew, "issued_at", "is in the future")?;
    ensure(offer.valid_until > now, "valid_until", "the offer has expired")?;
    ensure(
        offer.valid_until > offer.issued_at,
        "valid_until",
        "is not after issued_at",
    )?;
    ensure(
        offer.valid_until <= now + MAX_VALIDITY,
        "valid_until",
        "is more than 90 days ahead",
    )
}

fn rates(offer: &Offer) -> Checked {
    let within = |rate: Rate, field: &str| {
        ensure(
            (Rate::ZERO..=MAX_RATE).contains(&rate),
            field,
            "must be from 0 to 10,000 % a year",
        )
    };
    let RateTerms {
        nominal,
        spread,
        cap,
        floor,
        ..
    } = &offer.rate;
    within(*nominal, "rate.nominal")?;
    for (rate, field) in [(spread, "rate.spread"), (cap, "rate.cap"), (floor, "rate.floor")] {
        rate.map_or(Ok(()), |rate| within(rate, field))?;
    }
    if let Some(curve) = &offer.rate.curve {
        for rate in [
            curve.base,
            curve.kink,
            curve.slope_low,
            curve.slope_high,
            curve.utilization,
        ] {
            within(rate, "rate.curve")?;
        }
    }
    within(offer.repayment.prepayment_charge, "repayment.prepayment_charge")?;
    within(offer.repayment.late.penal_rate, "repayment.late.penal_rate")?;
    let apr = offer.declared.apr;
    ensure(
        (Rate::ZERO..=MAX_APR).contains(&apr),
        "declared.apr",
        "must be from 0 to 100,000,000 %",
    )
}

fn amounts(offer: &Offer, request: &CreditRequest) -> Checked {
    let a = &offer.amounts;
    ensure(
        a.requested == request.amount,
        "amounts.requested",
        "is not what was asked for",
    )?;
    ensure(a.offered.minor > 0, "amounts.offered", "must be positive")?;
    ensure(
        a.offered.minor <= request.amount.minor,
        "amounts.offered",
        "is above the amount asked for",
    )?;
    ensure(a.net_disbursed.minor > 0, "amounts.net_disbursed", "must be positive")?;
    ensure(
        a.limit.is_none_or(|l| l.minor >= a.offered.minor),
        "amounts.limit",
        "is below the amount offered",
    )?;
    for (i, fee) in offer.fees.iter().enumerate() {
        ensure(
            fee.amount.minor >= 0,
            &format!("fees[{i}].amount"),
            "must not be negative",
        )?;
    }
    ensure(
        offer.repayment.late.fee.minor >= 0,
        "repayment.late.fee",
        "must not be negative",
    )?;
    let negative = |money: Option<Money>| money.is_some_and(|m| m.minor < 0);
    ensure(
        !negative(offer.declared.total_cost),
        "declared.total_cost",
        "must not be negative",
    )?;
    ensure(
        !negative(offer.declared.payment),
        "declared.payment",
        "must not be negative",
    )
}

fn calendar(offer: &Offer) -> Checked {
    let schedule = &offer.repayment.schedule;
    let counted = (1..=MAX_PAYMENTS).contains(&schedule.len());
    ensure(counted, "repayment.schedule", "must have 1 to 600 payments")?;
    ensure(offer.repayment.every.count > 0, "repayment.every", "must be positive")?;
    let issued = offer.issued_at.date_naive();
    let mut before = None;
    for (i, p) in schedule.iter().enumerate() {
        let at = |name: &str| format!("repayment.schedule[{i}].{name}");
        // The first may fall on the day of the offer: at the checkout.
        let after = before.map_or(p.due >= issued, |before| p.due > before);
        ensure(
            after,
            &at("due"),
            "dates must increase, starting at the day of the offer",
        )?;
        ensure(p.due - issued <= MAX_TERM, &at("due"), "is more than 51 years ahead")?;
        before = Some(p.due);
        for (money, name) in [(p.principal, "principal"), (p.interest, "interest"), (p.fees, "fees")] {
            ensure(money.minor >= 0, &at(name), "must not be negative")?;
        }
        let sum = total([p.principal, p.interest, p.fees]);
        ensure(sum == Some(p.total.minor), &at("total"), "is not the sum of its parts")?;
        ensure(p.total.minor > 0, &at("total"), "must be positive")?;
    }
    Ok(())
}

fn total(parts: impl IntoIterator<Item = Money>) -> Option<i64> {
    parts
        .into_iter()
        .try_fold(0_i64, |sum, part| sum.checked_add(part.minor))
}

/// The breakup: principal, what arrives, and the fees inside the installments.
fn fees_agree(offer: &Offer) -> Checked {
    let fees = |timing: FeeTiming| total(offer.fees.iter().filter(|f| f.timing == timing).map(|f| f.amount));
    let schedule = &offer.repayment.schedule;
    let offered = offer.amounts.offered.minor;
    let owed = fees(FeeTiming::Financed).and_then(|financed| financed.checked_add(offered));
    let principal = total(schedule.iter().map(|p| p.principal));
    let detail = "the principal parts do not sum to the amount offered and the fees financed";
    ensure(principal.is_some() && principal == owed, "repayment.schedule", detail)?;
    let net = fees(FeeTiming::UpfrontDeducted).and_then(|withheld| offered.checked_sub(withheld));
    let detail = "is not the amount offered less the fees withheld";
    ensure(
        net == Some(offer.amounts.net_disbursed.minor),
        "amounts.net_disbursed",
        detail,
    )?;
    let inside = total(schedule.iter().map(|p| p.fees));
    let detail = "the fees in the payments are not the sum of the fees per period";
    ensure(inside.is_some() && inside == fees(FeeTiming::PerPeriod), "fees", detail)?;
    let interest = total(schedule.iter().map(|p| p.interest));
    let all = total(schedule.iter().map(|p| p.total));
    ensure(
        interest.is_some() && all.is_some(),
        "repayment.schedule",
        "the sums are too large",
    )
}

fn collateral(offer: &Offer) -> Checked {
    let Some(collateral) = &offer.collateral else {
        return Ok(());
    };
    let counted = (1..=MAX_ASSETS).contains(&collateral.assets.len());
    ensure(counted, "collateral.assets", "must have 1 to 16 assets")?;
    for (i, asset) in collateral.assets.iter().enumerate() {
        let at = |name: &str| format!("collateral.assets[{i}].{name}");
        ensure(asset.amount.units > U256::ZERO, &at("amount"), "must be positive")?;
        ensure(
            asset.amount.asset.decimals <= 36,
            &at("amount.asset.decimals"),
            "must be at most 36",
        )?;
        ensure(
            asset.price.is_sign_positive() && !asset.price.is_zero(),
            &at("price"),
            "must be positive",
        )?;
        let named = !asset.oracle.is_empty() && asset.oracle.len() <= 64;
        ensure(named, &at("oracle"), "expected 1 to 64 bytes")?;
    }
    let share = |rate: Rate| (Rate::ZERO..=Rate::ONE).contains(&rate);
    ensure(
        share(collateral.ltv_max),
        "collateral.ltv_max",
        "must be from 0 to 100 %",
    )?;
    let threshold = collateral.liquidation_threshold;
    ensure(
        threshold.is_none_or(share),
        "collateral.liquidation_threshold",
        "must be from 0 to 100 %",
    )?;
    let ordered = threshold.is_none_or(|t| t >= collateral.ltv_max);
    ensure(ordered, "collateral.liquidation_threshold", "is below ltv_max")?;
    ensure(
        share(collateral.liquidation_penalty),
        "collateral.liquidation_penalty",
        "must be from 0 to 100 %",
    )
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;

//! The numbers of an order: how much against which collateral, and its calendar in whole minor units.

use alloy_primitives::U256;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Period, Unit};
use domain::offer::ScheduledPayment;
use domain::request::CreditRequest;
use domain::schedule::onchain::{self, OnchainInstallment, OnchainTerms, YEAR_SECONDS};
use domain::{Asset, Currency, Money, Reason, TokenAmount};
use rust_decimal::Decimal;

use super::{Attested, DeskConfig, PriceRule, PricedAsset};

const PPM: u32 = 1_000_000;
const BPS: i64 = 10_000;
/// A twelfth of the contract's year.
const MONTH_SECONDS: u64 = YEAR_SECONDS / 12;
/// Installments that an order may have.
const MAX_INSTALLMENTS: u32 = 360;

/// When is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub installments: u16,
    /// Seconds between due times.
    pub period: u32,
    /// The same for people.
    pub every: Period,
}

impl Plan {
    /// Monthly or weekly as the term says; days in parts of at most 30.
    fn new(term: Period) -> Option<Self> {
        let month = Period::new(1, Unit::Month);
        let (count, seconds, every) = match term.unit {
            Unit::Month => (term.count, MONTH_SECONDS, month),
            Unit::Year => (term.count.checked_mul(12)?, MONTH_SECONDS, month),
            Unit::Week => (term.count, 604_800, Period::new(1, Unit::Week)),
            Unit::Day => {
                let count = term.count.div_ceil(30);
                let days = term.count.checked_div(count)?;
                (count, u64::from(days) * 86_400, Period::new(days, Unit::Day))
            }
        };
        let fits = (1..=MAX_INSTALLMENTS).contains(&count);
        let installments = u16::try_from(count).ok().filter(|_| fits)?;
        Some(Self {
            installments,
            period: u32::try_from(seconds).ok()?,
            every,
        })
    }
}

/// What is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pledge {
    pub asset: Asset,
    pub units: u128,
    pub price: Decimal,
    pub oracle: String,
    pub price_rule: Option<PriceRule>,
}

/// What the lender has beside the borrower's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// Collateral.
    Pledge(Pledge),
    /// An attestation that meets this policy.
    Attestation(u32),
}

/// The numbers of one order. Amounts are minor units unless they say base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub plan: Plan,
    pub security: Security,
    pub rate_ppm: u32,
    pub principal: i64,
    pub principal_units: u128,
    pub installment: i64,
    pub installment_units: u128,
    /// Withheld, rounded up to the minor unit.
    pub fee: i64,
    /// A late installment, rounded up.
    pub late_fee: i64,
    pub calendar: Vec<ScheduledPayment>,
}

impl Terms {
    /// The largest loan up to the amount asked for that the collateral carries. The error is the reason of a decline.
    pub(super) fn secured(
        config: &DeskConfig,
        request: &CreditRequest,
        locked: &TokenAmount,
        accepted: &PricedAsset,
    ) -> Result<Self, Reason> {
        let plan = plan(request)?;
        let lendable = lendable(config, locked, accepted).ok_or_else(too_large)?;
        let principal = i64::try_from(lendable).unwrap_or(i64::MAX).min(request.amount.minor);
        if principal < config.min_amount {
            let text = "The collateral does not carry the smallest amount that this lender lends.";
            return Err(Reason::new("COLLATERAL_INSUFFICIENT", text));
        }
        let least = least_pledge(config, principal, accepted).ok_or_else(too_large)?;
        // What the old loan holds stays where it is; less would only move some of it.
        let units = match request.refinances {
            Some(_) => locked.units,
            None => least,
        };
        let security = Security::Pledge(Pledge {
            asset: accepted.asset.clone(),
            units: u128::try_from(units).map_err(|_| too_large())?,
            price: accepted.price,
            oracle: accepted.oracle.clone(),
            price_rule: accepted.price_rule,
        });
        let parts = (plan, security, config.rate_ppm);
        Self::compute(config, request.at, parts, principal).ok_or_else(too_large)
    }

    /// The amount asked for, at most what is lent on an attestation.
    pub(super) fn attested(config: &DeskConfig, request: &CreditRequest, attested: Attested) -> Result<Self, Reason> {
        let plan = plan(request)?;
        let principal = request.amount.minor.min(attested.max_amount);
        let parts = (plan, Security::Attestation(attested.policy), attested.rate_ppm);
        Self::compute(config, request.at, parts, principal).ok_or_else(too_large)
    }

    fn compute(
        config: &DeskConfig,
        start: DateTime<Utc>,
        (plan, security, rate_ppm): (Plan, Security, u32),
        principal: i64,
    ) -> Option<Self> {
        let scale = scale(config)?;
        let principal_units = u128::try_from(principal).ok()?.checked_mul(scale)?;
        let count = u32::from(plan.installments);
        let period_seconds = u64::from(plan.period);
        let least = onchain::installment_amount(U256::from(principal_units), rate_ppm, count, period_seconds).ok()?;
        // Whole minor units, so that the calendar says exactly what the contract takes.
        let installment = i64::try_from(u128::try_from(least).ok()?.div_ceil(scale)).ok()?;
        let installment_units = u128::try_from(installment).ok()?.checked_mul(scale)?;
        let rows = onchain::schedule(&OnchainTerms {
            principal: U256::from(principal_units),
            rate_ppm,
            count,
            period_seconds,
            installment: U256::from(installment_units),
        });
        let calendar = calendar(&rows.ok()?, start, scale, config.currency)?;
        let fee = share_up(principal, config.origination_fee_bps)?;
        let late_fee = share_up(installment, config.late_fee_bps)?;
        Some(Self {
            plan,
            security,
            rate_ppm,
            principal,
            principal_units,
            installment,
            installment_units,
            fee,
            late_fee,
            calendar,
        })
    }
}

fn plan(request: &CreditRequest) -> Result<Plan, Reason> {
    let unfit = || Reason::new("TERM_NOT_OFFERED", "This lender does not lend for this term.");
    Plan::new(request.term).ok_or_else(unfit)
}

fn too_large() -> Reason {
    Reason::new("AMOUNT_TOO_LARGE", "The amounts are too large to compute with.")
}

/// Base units of the token in one minor unit of the currency.
fn scale(config: &DeskConfig) -> Option<u128> {
    let extra = u32::from(config.lends.decimals).checked_sub(config.currency.decimals())?;
    10_u128.checked_pow(extra)
}

fn share_up(amount: i64, bps: u16) -> Option<i64> {
    let product = amount.checked_mul(i64::from(bps))?;
    Some(product / BPS + i64::from(product % BPS != 0))
}

fn ten_to(exponent: u32) -> U256 {
    U256::from(10).pow(U256::from(exponent))
}

/// `units × price × ltv` in minor units is this fraction of `units`: numerator and denominator.
fn loan_per_unit(config: &DeskConfig, accepted: &PricedAsset) -> Option<(U256, U256)> {
    let ltv = U256::from(u64::try_from(config.ltv_max.ppm()).ok()?);
    let mantissa = U256::from(u128::try_from(accepted.price.mantissa()).ok()?);
    let up = mantissa
        .checked_mul(ltv)?
        .checked_mul(ten_to(config.currency.decimals()))?;
    let down = ten_to(u32::from(accepted.asset.decimals) + accepted.price.scale()).checked_mul(U256::from(PPM))?;
    Some((up, down))
}

/// The most that the collateral carries, minor units, rounded down.
fn lendable(config: &DeskConfig, locked: &TokenAmount, accepted: &PricedAsset) -> Option<u128> {
    let (up, down) = loan_per_unit(config, accepted)?;
    let lendable = locked.units.checked_mul(up)?.checked_div(down)?;
    Some(u128::try_from(lendable).unwrap_or(u128::MAX))
}

/// The least collateral that carries the principal, base units, rounded up.
fn least_pledge(config: &DeskConfig, principal: i64, accepted: &PricedAsset) -> Option<U256> {
    let (up, down) = loan_per_unit(config, accepted)?;
    let owed = U256::from(u64::try_from(principal).ok()?).checked_mul(down)?;
    owed.checked_add(up)?.checked_sub(U256::from(1))?.checked_div(up)
}

/// The order's calendar in whole minor units. Totals are exact but for the last, which is rounded up; the split into principal
/// and interest rounds the balance after each payment to the nearest minor unit, so the principal parts sum to the principal.
fn calendar(
    rows: &[OnchainInstallment],
    start: DateTime<Utc>,
    scale: u128,
    currency: Currency,
) -> Option<Vec<ScheduledPayment>> {
    let money = |minor| Money::new(minor, currency);
    let nearest = |units: U256| i64::try_from((u128::try_from(units).ok()? + scale / 2) / scale).ok();
    let mut balance = nearest(rows.first()?.opening)?;
    let mut payments = Vec::with_capacity(rows.len());
    for row in rows {
        let after = nearest(row.closing)?;
        let principal = balance - after;
        let total = i64::try_from(u128::try_from(row.total).ok()?.div_ceil(scale)).ok()?;
        let due = start.checked_add_signed(TimeDelta::seconds(i64::try_from(row.due_after).ok()?))?;
        payments.push(ScheduledPayment {
            due: due.date_naive(),
            principal: money(principal),
            interest: money(total.checked_sub(principal)?),
            fees: money(0),
            total: money(total),
        });
        balance = after;
    }
    Some(payments)
}

//! A market's terms as an offer. Pools have no due dates: everything is repaid at the end of the borrower's horizon.

use alloy_primitives::{U256, keccak256};
use chrono::{DateTime, TimeDelta, Utc};
use domain::appraisal::appraise;
use domain::calendar::DayCount;
use domain::offer::{
    Amounts, AprConvention, Binding, Collateral, CollateralAsset, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer,
    Payee, RateCurve, RateKind, RateTerms, Repayment, RepaymentMethod, ScheduledPayment, VenueLoan,
};
use domain::request::{CreditRequest, Product};
use domain::{Asset, Money, Rate, TokenAmount};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use sdk::LenderError;

use super::config::VenueConfig;
use super::math::{OutOfRange, div_up};
use super::terms::VenueTerms;

/// A fraction in parts per million; which way it is rounded is for the caller to say.
fn ppm(fraction: Decimal, how: RoundingStrategy) -> Result<Rate, OutOfRange> {
    let parts = fraction.checked_mul(Decimal::from(1_000_000)).ok_or(OutOfRange)?;
    parts
        .round_dp_with_strategy(0, how)
        .to_i64()
        .map(Rate::from_ppm)
        .ok_or(OutOfRange)
}

/// What is bad for the borrower is never understated.
fn up(fraction: Decimal) -> Result<Rate, OutOfRange> {
    ppm(fraction, RoundingStrategy::AwayFromZero)
}

fn down(fraction: Decimal) -> Result<Rate, OutOfRange> {
    ppm(fraction, RoundingStrategy::ToZero)
}

fn rate_terms(config: &VenueConfig, terms: &VenueTerms) -> Result<RateTerms, OutOfRange> {
    let rate = &terms.rate;
    let curve = RateCurve {
        base: up(rate.base)?,
        kink: down(rate.kink)?,
        slope_low: up(rate.at_kink.saturating_sub(rate.base))?,
        slope_high: up(rate.at_100.saturating_sub(rate.at_kink))?,
        utilization: up(rate.utilization)?,
    };
    Ok(RateTerms {
        kind: RateKind::Variable,
        nominal: up(rate.yearly)?,
        day_count: DayCount::Act365,
        compounding: None,
        index: Some(format!("{} utilization", short_title(config))),
        spread: None,
        cap: Some(up(rate.at_100.max(rate.yearly))?),
        floor: Some(down(rate.base.min(rate.yearly))?),
        curve: Some(curve),
    })
}

/// What the borrower's wallet will do, to the base unit.
fn loan(config: &VenueConfig, terms: &VenueTerms, gas: u64) -> VenueLoan {
    let amount = |units, asset: &Asset| TokenAmount {
        units,
        asset: asset.clone(),
    };
    VenueLoan {
        chain_id: config.lends.chain_id,
        venue: config.protocol.title().to_owned(),
        debt: amount(terms.debt, &config.lends),
        collateral: amount(terms.collateral, &config.accepts),
        gas_estimate: gas,
        router: config.router,
    }
}

fn short_title(config: &VenueConfig) -> &'static str {
    config.protocol.title().split(" (").next().unwrap_or_default()
}

/// Minor units, rounded up.
fn minor_up(config: &VenueConfig, units: U256) -> Result<Money, OutOfRange> {
    let minor = div_up(units, config.scale())?;
    let minor = i64::try_from(u128::try_from(minor).map_err(|_| OutOfRange)?).map_err(|_| OutOfRange)?;
    Ok(Money::new(minor, config.currency))
}

fn collateral(config: &VenueConfig, terms: &VenueTerms) -> Result<Collateral, LenderError> {
    let as_of = i64::try_from(terms.block.timestamp).ok();
    let as_of = as_of
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(OutOfRange)?;
    Ok(Collateral {
        assets: vec![CollateralAsset {
            amount: TokenAmount {
                units: terms.collateral,
                asset: config.accepts.clone(),
            },
            price: terms.risk.price_in_asset,
            oracle: terms.risk.oracle.to_string(),
            as_of,
        }],
        ltv_max: down(terms.risk.ltv_max)?,
        liquidation_threshold: Some(down(terms.risk.liquidation_threshold)?),
        liquidation_penalty: up(terms.risk.liquidation_penalty)?,
    })
}

/// What the wallet pays the chain to open the position, minor units rounded up; none without a price of the chain's own currency.
fn network_fee(config: &VenueConfig, gas: u64, gas_price: u128) -> Result<Option<Fee>, OutOfRange> {
    let Some(price) = config.native_price else {
        return Ok(None);
    };
    let wei = u128::from(gas).checked_mul(gas_price).ok_or(OutOfRange)?;
    let whole = super::math::decimal(U256::from(wei), 18)?;
    let minor = whole
        .checked_mul(price)
        .and_then(|cost| cost.checked_mul(Decimal::from(10_u64.pow(config.currency.decimals()))))
        .and_then(|minor| minor.ceil().to_i64())
        .ok_or(OutOfRange)?;
    Ok(Some(Fee {
        code: "network".into(),
        payee: Payee::Network,
        amount: Money::new(minor, config.currency),
        timing: FeeTiming::UpfrontPaid,
        mandatory: true,
        in_finance_charge: true,
    }))
}

/// When the horizon of a request ends.
pub(super) fn end(request: &CreditRequest) -> Result<DateTime<Utc>, LenderError> {
    let day = request.at.date_naive();
    let end = request.term.after(day, 1).map_err(|_| OutOfRange)?;
    Ok(request.at + TimeDelta::days((end - day).num_days()))
}

/// The offer. `gas` is what opening takes, at `gas_price` wei.
pub(super) fn offer(
    config: &VenueConfig,
    request: &CreditRequest,
    terms: &VenueTerms,
    (gas, gas_price): (u64, u128),
) -> Result<Offer, LenderError> {
    let principal = minor_up(config, terms.debt)?;
    let total = minor_up(config, terms.owed.base)?;
    let payment = ScheduledPayment {
        due: end(request)?.date_naive(),
        principal,
        interest: Money::new(total.minor - principal.minor, config.currency),
        fees: Money::new(0, config.currency),
        total,
    };
    let mut offer = Offer {
        provider_ref: reference(config, request, terms),
        product: Product::Collateralized,
        issued_at: request.at,
        valid_until: request.at + TimeDelta::seconds(i64::from(config.valid_seconds)),
        // Nobody is bound: the market lends at the rate of the moment in which the borrower comes.
        binding: Binding::Indicative,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: request.amount,
            offered: principal,
            net_disbursed: principal,
            limit: None,
        },
        rate: rate_terms(config, terms)?,
        fees: network_fee(config, gas, gas_price)?.into_iter().collect(),
        repayment: Repayment {
            schedule: vec![payment],
            method: RepaymentMethod::Bullet,
            every: request.term,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 0,
                fee: Money::new(0, config.currency),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
        },
        collateral: Some(collateral(config, terms)?),
        onchain: None,
        venue: config.protocol.takeable().then(|| loan(config, terms, gas)),
        declared: Declared {
            apr: Rate::ZERO,
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: Some(total),
        },
    };
    let appraisal = appraise(request, &offer).map_err(|error| LenderError::Malformed {
        field: error.field.into(),
        detail: error.detail,
    })?;
    offer.declared.apr = appraisal.verified.apr;
    offer.declared.convention = appraisal.verified.convention;
    offer.declared.total_cost = Some(appraisal.verified.finance_charge);
    Ok(offer)
}

/// The same for the same request and block.
fn reference(config: &VenueConfig, request: &CreditRequest, terms: &VenueTerms) -> String {
    let mut seed = b"usance venue".to_vec();
    seed.extend_from_slice(config.id.as_str().as_bytes());
    seed.extend_from_slice(request.id.0.as_bytes());
    seed.extend_from_slice(terms.block.parent.as_slice());
    let digest = keccak256(seed);
    format!(
        "{}:{}:{}",
        config.lends.chain_id,
        terms.block.number,
        &digest.to_string()[2..18]
    )
}

//! An order on chain says what the offer says, and lies within what the contract takes.

use alloy_primitives::{Address, U256};
use domain::TokenAmount;
use domain::offer::{Collateral, Offer, Onchain, OnchainOrder};
use domain::request::CreditRequest;

use super::{Checked, ensure};

/// A hundred percent in basis points.
const WHOLE: u64 = 10_000;
/// The most that the contract grants a liquidator, basis points.
const MAX_BONUS_BPS: u16 = 2_000;
/// Parts per million in a basis point.
const PPM_IN_BPS: i64 = 100;

/// The order must be on the chain of the borrower's collateral, for the borrower's wallet, and say what the offer says.
pub(super) fn check(offer: &Offer, onchain: &Onchain, request: &CreditRequest) -> Checked {
    let Onchain {
        chain_id,
        order,
        principal,
        ..
    } = onchain;
    ensure(
        principal.asset.chain_id == *chain_id,
        "onchain.principal.asset.chain_id",
        "is another chain",
    )?;
    ensure(
        principal.asset.token == order.asset,
        "onchain.order.asset",
        "is not the token of onchain.principal",
    )?;
    whole(order, principal)?;
    match &offer.collateral {
        Some(collateral) => secured(collateral, onchain, request)?,
        None => unsecured(order)?,
    }
    price_rules(offer, order)?;
    terms(offer, onchain, request)?;
    refinancing(onchain, request)?;
    principal_in_money(offer, onchain)
}

/// An order is taken whole, also a reusable one: what is quoted is what the borrower signs.
fn whole(order: &OnchainOrder, principal: &TokenAmount) -> Checked {
    ensure(
        principal.units == U256::from(order.principal),
        "onchain.order.principal",
        "is not onchain.principal",
    )?;
    ensure(
        order.min_fill <= order.principal,
        "onchain.order.min_fill",
        "is above the principal",
    )
}

/// One asset is locked.
fn secured(collateral: &Collateral, onchain: &Onchain, request: &CreditRequest) -> Checked {
    let order = &onchain.order;
    let [pledged] = collateral.assets.as_slice() else {
        return ensure(false, "collateral.assets", "an on-chain order locks at most one asset");
    };
    let locked = &pledged.amount;
    ensure(
        locked.asset.chain_id == onchain.chain_id,
        "collateral.assets[0].asset.chain_id",
        "is another chain",
    )?;
    ensure(
        order.collateral != Address::ZERO && locked.asset.token == order.collateral,
        "onchain.order.collateral",
        "is not the asset of the offer",
    )?;
    ensure(
        locked.units == U256::from(order.collateral_amount),
        "onchain.order.collateral_amount",
        "is not the amount of the offer",
    )?;
    within_pledge(locked, request)
}

/// What is locked is of the token that the borrower has, and no more of it.
fn within_pledge(locked: &TokenAmount, request: &CreditRequest) -> Checked {
    let enough = request.collateral.as_ref().is_some_and(|has| {
        has.asset.token == locked.asset.token
            && has.asset.chain_id == locked.asset.chain_id
            && locked.units <= has.units
    });
    ensure(
        enough,
        "collateral.assets[0]",
        "is not within what the borrower can lock on that chain",
    )
}

/// Nothing is locked: then an attestation must stand for it.
fn unsecured(order: &OnchainOrder) -> Checked {
    ensure(
        order.collateral == Address::ZERO,
        "onchain.order.collateral",
        "is not in the offer",
    )?;
    ensure(
        order.collateral_amount == 0,
        "onchain.order.collateral_amount",
        "is not in the offer",
    )?;
    ensure(
        order.oracle == Address::ZERO,
        "onchain.order.oracle",
        "values no collateral",
    )?;
    ensure(
        order.attestation_policy != 0,
        "onchain.order.attestation_policy",
        "must name a policy when nothing is locked",
    )
}

/// What the order says of selling by price is what the offer says, and the contract takes it.
fn price_rules(offer: &Offer, order: &OnchainOrder) -> Checked {
    let (ltv, bonus) = (order.liquidation_ltv_bps, order.liquidation_bonus_bps);
    let priced = order.oracle != Address::ZERO;
    ensure(
        priced == (ltv > 0),
        "onchain.order.liquidation_ltv_bps",
        "must be given exactly when there is an oracle",
    )?;
    ensure(
        bonus <= MAX_BONUS_BPS && (priced || bonus == 0),
        "onchain.order.liquidation_bonus_bps",
        "must be at most 2,000, and zero without an oracle",
    )?;
    // Else a sale at the threshold would not bring the whole debt in.
    let covers = u64::from(ltv) * (WHOLE + u64::from(bonus)) <= WHOLE * WHOLE;
    ensure(
        covers || order.attestation_policy != 0,
        "onchain.order.liquidation_ltv_bps",
        "leaves no room for the bonus",
    )?;
    let Some(collateral) = &offer.collateral else {
        return Ok(());
    };
    let stated = collateral.liquidation_threshold.map(domain::Rate::ppm);
    ensure(
        stated == priced.then(|| i64::from(ltv) * PPM_IN_BPS),
        "collateral.liquidation_threshold",
        "is not what the order says",
    )?;
    ensure(
        collateral.liquidation_penalty.ppm() == i64::from(bonus) * PPM_IN_BPS,
        "collateral.liquidation_penalty",
        "is not what the order says",
    )
}

/// The rest of the order.
fn terms(offer: &Offer, onchain: &Onchain, request: &CreditRequest) -> Checked {
    let order = &onchain.order;
    let ours = order.borrower == Address::ZERO || Some(order.borrower) == request.wallet;
    ensure(
        ours && request.wallet.is_some(),
        "onchain.order.borrower",
        "is not the borrower's wallet",
    )?;
    let counted = usize::from(order.installments) == offer.repayment.schedule.len();
    ensure(counted, "onchain.order.installments", "is not the number of payments")?;
    ensure(order.period > 0, "onchain.order.period", "must be positive")?;
    ensure(
        i64::from(order.rate_ppm) == offer.rate.nominal.ppm(),
        "onchain.order.rate_ppm",
        "is not rate.nominal",
    )?;
    let ends = u64::try_from(offer.valid_until.timestamp()).is_ok_and(|end| order.expiry >= end);
    ensure(ends, "onchain.order.expiry", "is before valid_until")?;
    ensure(
        !onchain.signature.is_empty() && onchain.signature.len() <= 4096,
        "onchain.signature",
        "is missing or too long",
    )
}

/// A loan can only be repaid by one on its chain and in its asset; [`within_pledge`] holds it to its collateral.
fn refinancing(onchain: &Onchain, request: &CreditRequest) -> Checked {
    let Some(old) = &request.refinances else {
        return Ok(());
    };
    ensure(
        onchain.chain_id == old.chain_id,
        "onchain.chain_id",
        "is not the chain of the loan to repay",
    )?;
    ensure(
        onchain.order.asset == old.asset,
        "onchain.order.asset",
        "is not what the loan to repay owes",
    )
}

/// A dollar token counts as dollars: base units are the minor units with more decimals.
fn principal_in_money(offer: &Offer, onchain: &Onchain) -> Checked {
    let money = offer.amounts.offered;
    let decimals = u32::from(onchain.principal.asset.decimals);
    let scale = decimals
        .checked_sub(money.currency.decimals())
        .and_then(|extra| 10_u128.checked_pow(extra));
    let minor = u128::try_from(money.minor).ok();
    let units = scale.zip(minor).and_then(|(scale, minor)| minor.checked_mul(scale));
    let detail = "is not the amount offered in base units of the token";
    ensure(
        units.map(U256::from) == Some(onchain.principal.units),
        "onchain.principal",
        detail,
    )
}

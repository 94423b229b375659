//! The core's types as the contracts' words.

use alloy_primitives::aliases::U40;
use alloy_primitives::{Address, B256, I256, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue};
use domain::offer::OnchainOrder;
use domain::ports::{ChainError, CreditAttestation, Intent, OnchainTerms};

use crate::bindings::aggregator::CreditAggregator as sol;

pub(super) fn invalid(field: &'static str, detail: &str) -> ChainError {
    ChainError::Invalid {
        field,
        detail: detail.to_owned(),
    }
}

pub(super) fn u40(field: &'static str, seconds: u64) -> Result<U40, ChainError> {
    U40::try_from(seconds).map_err(|_| invalid(field, "above 40 bits"))
}

pub(super) fn amount(value: U256) -> Result<u128, ChainError> {
    u128::try_from(value).map_err(|_| invalid("amount", "above 128 bits"))
}

pub(super) fn offer(order: &OnchainOrder) -> Result<sol::Offer, ChainError> {
    Ok(sol::Offer {
        lender: order.lender,
        borrower: order.borrower,
        asset: order.asset,
        collateral: order.collateral,
        oracle: order.oracle,
        principal: order.principal,
        minFill: order.min_fill,
        collateralAmount: order.collateral_amount,
        installmentAmount: order.installment_amount,
        ratePpm: order.rate_ppm,
        installments: order.installments,
        period: order.period,
        grace: order.grace,
        lateFeeBps: order.late_fee_bps,
        originationFeeBps: order.origination_fee_bps,
        liquidationLtvBps: order.liquidation_ltv_bps,
        liquidationBonusBps: order.liquidation_bonus_bps,
        attestationPolicy: order.attestation_policy,
        feeRecipient: order.fee_recipient,
        expiry: u40("expiry", order.expiry)?,
        epoch: order.epoch,
        nonce: order.nonce,
    })
}

pub(super) fn intent(intent: &Intent) -> Result<sol::Intent, ChainError> {
    Ok(sol::Intent {
        offerHash: intent.order_hash,
        borrower: intent.borrower,
        recipient: intent.recipient,
        principal: intent.principal,
        minReceived: I256::try_from(intent.min_received).map_err(|_| invalid("min_received", "above 255 bits"))?,
        deadline: u40("deadline", intent.deadline)?,
        attestation: intent.attestation,
        refinances: intent.refinances,
    })
}

pub(super) fn attestation(given: &CreditAttestation) -> Result<sol::CreditAttestation, ChainError> {
    Ok(sol::CreditAttestation {
        borrower: given.borrower,
        limit: given.limit,
        assetClass: given.asset_class,
        scoreBand: given.score_band,
        issuedAt: u40("issued_at", given.issued_at)?,
        expiresAt: u40("expires_at", given.expires_at)?,
        epoch: given.epoch,
        id: given.id,
    })
}

/// The seven words that a loan is named by, see `PackedTerms.sol`.
pub(super) fn terms(domain: &Eip712Domain, terms: &OnchainTerms) -> Result<sol::LoanTerms, ChainError> {
    let (order, taken) = (&terms.order, &terms.intent);
    if order.min_fill == 0 && taken.principal != order.principal || taken.principal > order.principal {
        return Err(invalid("principal", "not what the order lends"));
    }
    let part = |whole| part_up(whole, taken.principal, order.principal);
    Ok(sol::LoanTerms {
        intentHash: intent(taken)?.eip712_signing_hash(domain),
        lenderAndRates: packed(&[
            (word(order.lender), 0),
            (U256::from(order.rate_ppm), 160),
            (U256::from(order.installments), 192),
            (U256::from(order.late_fee_bps), 208),
            (U256::from(order.liquidation_ltv_bps), 224),
            (U256::from(order.liquidation_bonus_bps), 240),
        ]),
        borrowerAndTimes: packed(&[
            (word(taken.borrower), 0),
            (U256::from(order.period), 160),
            (U256::from(order.grace), 192),
        ]),
        asset: order.asset,
        collateral: order.collateral,
        oracle: order.oracle,
        amounts: packed(&[
            (U256::from(part(order.collateral_amount)?), 0),
            (U256::from(part(order.installment_amount)?), 128),
        ]),
    })
}

/// The id of the loan with these terms.
pub(super) fn loan_id(terms: &sol::LoanTerms) -> B256 {
    keccak256(terms.abi_encode())
}

/// `whole * part / of`, rounded up as the contract does for a part of a reusable order.
fn part_up(whole: u128, part: u128, of: u128) -> Result<u128, ChainError> {
    if part == of {
        return Ok(whole);
    }
    // Not zero: `part` is another number and not above it.
    amount((U256::from(whole) * U256::from(part)).div_ceil(U256::from(of)))
}

fn word(account: Address) -> U256 {
    account.into_word().into()
}

fn packed(fields: &[(U256, usize)]) -> U256 {
    fields
        .iter()
        .fold(U256::ZERO, |all, (field, shift)| all | (*field << *shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_rounded_up_and_never_above_the_whole() {
        for (whole, part, of, expected) in [
            (10, 1, 3, 4),
            (9, 1, 3, 3),
            (1, 1, u128::MAX, 1),
            (0, 5, 9, 0),
            (7, 9, 9, 7),
        ] {
            assert_eq!(part_up(whole, part, of), Ok(expected), "{whole} * {part} / {of}");
        }
        assert_eq!(part_up(u128::MAX, u128::MAX - 1, u128::MAX), Ok(u128::MAX - 1));
    }
}

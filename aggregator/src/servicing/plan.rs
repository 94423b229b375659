//! The rows of a schedule and how on-chain payments fill them.

use alloy_primitives::U256;
use chrono::{DateTime, NaiveDate, Utc};
use domain::offer::Offer;
use domain::ports::OnchainTerms;
use domain::schedule::onchain;

use crate::api::Error;
use crate::store::corrupt;
use crate::store::lending::InstallmentRow;

/// A number outside its range.
#[derive(Debug, thiserror::Error)]
#[error("amount or time out of range")]
pub(crate) struct OutOfRange;

/// The installments of a fresh loan: the contract's own arithmetic on chain, the agreed calendar off chain.
pub(crate) fn plan(
    offer: &Offer,
    terms: Option<&OnchainTerms>,
    start: DateTime<Utc>,
) -> Result<Vec<InstallmentRow>, Error> {
    match terms {
        Some(terms) => token_plan(terms, seconds(start)?),
        None => calendar_plan(offer),
    }
}

fn calendar_plan(offer: &Offer) -> Result<Vec<InstallmentRow>, Error> {
    let part = |minor: i64| u128::try_from(minor).map_err(corrupt);
    (1..)
        .zip(&offer.repayment.schedule)
        .map(|(number, row)| {
            let (principal, interest) = (part(row.principal.minor)?, part(row.interest.minor)?);
            Ok(InstallmentRow::new(
                number,
                row.due,
                principal,
                interest,
                part(row.fees.minor)?,
            ))
        })
        .collect()
}

fn token_plan(terms: &OnchainTerms, start: u64) -> Result<Vec<InstallmentRow>, Error> {
    let order = &terms.order;
    let rows = onchain::schedule(&onchain::OnchainTerms {
        principal: U256::from(order.principal),
        rate_ppm: order.rate_ppm,
        count: u32::from(order.installments),
        period_seconds: u64::from(order.period),
        installment: U256::from(order.installment_amount),
    })
    .map_err(corrupt)?;
    rows.iter()
        .map(|row| {
            let due = date_of(start.saturating_add(row.due_after))?;
            Ok(InstallmentRow::new(
                row.number,
                due,
                narrow(row.principal)?,
                narrow(row.interest)?,
                0,
            ))
        })
        .collect()
}

fn narrow(value: U256) -> Result<u128, Error> {
    u128::try_from(value).map_err(|_| corrupt(OutOfRange))
}

/// The UTC instant of a Unix second.
pub(crate) fn instant(seconds: u64) -> Result<DateTime<Utc>, Error> {
    i64::try_from(seconds)
        .ok()
        .and_then(|s| DateTime::from_timestamp(s, 0))
        .ok_or_else(|| corrupt(OutOfRange))
}

/// The Unix second of an instant.
pub(crate) fn seconds(at: DateTime<Utc>) -> Result<u64, Error> {
    u64::try_from(at.timestamp()).map_err(corrupt)
}

fn date_of(seconds: u64) -> Result<NaiveDate, Error> {
    Ok(instant(seconds)?.date_naive())
}

/// Spreads what a payment pays beyond late fees over the installments, oldest first, interest before principal: as the
/// contract counts. What exceeds the plan (interest of late days) is left out.
pub(crate) fn waterfall(rows: &mut [InstallmentRow], amount: u128) {
    let mut left = amount;
    for row in rows.iter_mut().filter(|row| !row.settled) {
        let interest = left.min(row.interest - row.paid_interest);
        left -= interest;
        let principal = left.min(row.principal - row.paid_principal);
        left -= principal;
        row.paid_interest += interest;
        row.paid_principal += principal;
        row.settled = row.paid_interest == row.interest && row.paid_principal == row.principal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_fill_installments_in_order_and_never_overfill() {
        let due = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let mut rows = vec![
            InstallmentRow::new(1, due, 90, 10, 0),
            InstallmentRow::new(2, due, 95, 5, 0),
        ];
        waterfall(&mut rows, 105);
        assert!(rows[0].settled && !rows[1].settled);
        assert_eq!((rows[1].paid_interest, rows[1].paid_principal), (5, 0));
        waterfall(&mut rows, 1_000);
        assert!(rows[1].settled);
        assert_eq!(rows[1].paid_principal, 95);
    }
}

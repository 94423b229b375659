//! What the borrower did with us, and owes us.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::Currency;
use domain::ids::LoanId;
use domain::loan::LoanState;
use domain::request::CreditRequest;
use risk::Exposure;
use risk::sources::Found;
use risk::sources::own::{OwnLoan, facts, late_now};
use uuid::Uuid;

use crate::World;
use crate::api::{EndedBy, Error};
use crate::servicing::LoanChange;
use crate::store::lending::{self, HistoryRow};

/// Everything about one borrower in our books.
pub(super) struct History {
    pub loans: Vec<HistoryRow>,
    /// What happened to the loans of the request's wallet, each loan's oldest first.
    pub changes: BTreeMap<LoanId, Vec<(DateTime<Utc>, LoanChange)>>,
    own: Vec<OwnLoan>,
}

/// Reads the books.
pub(super) async fn read(world: &World, request: &CreditRequest) -> Result<History, Error> {
    let mut conn = world.db.acquire().await?;
    let loans = lending::history(&mut conn, request.tenant, request.borrower).await?;
    let started: Vec<Uuid> = loans
        .iter()
        .filter(|loan| loan.started_at.is_some())
        .map(|loan| loan.id.0)
        .collect();
    if started.is_empty() {
        return Ok(History {
            loans,
            changes: BTreeMap::new(),
            own: Vec::new(),
        });
    }
    let mut dues: BTreeMap<LoanId, Vec<(NaiveDate, u128)>> = BTreeMap::new();
    for (loan, due, principal) in lending::dues_of(&mut conn, &started).await? {
        dues.entry(loan).or_default().push((due, principal));
    }
    let mut payments: BTreeMap<LoanId, Vec<(NaiveDate, u128)>> = BTreeMap::new();
    for (loan, at, principal) in lending::payments_of(&mut conn, &started).await? {
        payments.entry(loan).or_default().push((at.date_naive(), principal));
    }
    let of_wallet =
        |loan: &&HistoryRow| loan.started_at.is_some() && loan.wallet.is_some() && loan.wallet == request.wallet;
    let of_wallet: Vec<Uuid> = loans.iter().filter(of_wallet).map(|loan| loan.id.0).collect();
    let mut changes: BTreeMap<LoanId, Vec<(DateTime<Utc>, LoanChange)>> = BTreeMap::new();
    if !of_wallet.is_empty() {
        for (loan, at, change) in lending::changes_of(&mut conn, &of_wallet).await? {
            changes.entry(loan).or_default().push((at, change));
        }
    }
    let own = loans.iter().filter_map(|loan| {
        Some(OwnLoan {
            state: loan.state,
            started: loan.started_at?.date_naive(),
            ended: loan.closed_at.map(|at| at.date_naive()),
            repaid: loan.state == LoanState::Closed
                && matches!(loan.ended_by, Some(EndedBy::Repaid | EndedBy::Refinanced)),
            dues: dues.remove(&loan.id).unwrap_or_default(),
            payments: payments.remove(&loan.id).unwrap_or_default(),
        })
    });
    let own = own.collect();
    Ok(History { loans, changes, own })
}

impl History {
    pub(super) fn facts(&self, now: DateTime<Utc>) -> Found {
        facts(&self.own, now)
    }

    /// What is owed and promised without collateral in that currency, up; a token counts as the currency that it was quoted in.
    pub(super) fn exposure(&self, currency: Currency, now: DateTime<Utc>) -> Exposure {
        let unsecured = self.loans.iter().filter(|loan| loan.currency.as_deref() == Some(currency.code()));
        let (mut outstanding, mut reserved) = (0_u128, 0_u128);
        for loan in unsecured {
            let minor = |units| minor_up(units, loan.decimals, currency);
            match loan.state {
                LoanState::Pending => reserved = reserved.saturating_add(minor(loan.principal)),
                LoanState::Active | LoanState::Delinquent => {
                    outstanding = outstanding.saturating_add(minor(loan.outstanding));
                }
                LoanState::Closed | LoanState::Defaulted | LoanState::Cancelled => {}
            }
        }
        let fits = |minor: u128| i64::try_from(minor).unwrap_or(i64::MAX);
        Exposure {
            outstanding_minor: fits(outstanding),
            reserved_minor: fits(reserved),
            late_days: late_now(&self.own, now.date_naive()),
            ..Exposure::default()
        }
    }
}

/// Whole units of so many decimals in minor units, up.
fn minor_up(units: u128, decimals: u8, currency: Currency) -> u128 {
    let decimals = u32::from(decimals);
    let power = |by: u32| 10_u128.checked_pow(by).unwrap_or(u128::MAX);
    match decimals.checked_sub(currency.decimals()) {
        Some(more) => units.div_ceil(power(more)),
        None => units.saturating_mul(power(currency.decimals() - decimals)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_minor_units_rounded_up() {
        let usd = Currency::usd();
        assert_eq!(minor_up(1_234_567, 6, usd), 124);
        assert_eq!(minor_up(10_000, 6, usd), 1);
        assert_eq!(minor_up(5, 2, usd), 5);
        assert_eq!(minor_up(5, 0, usd), 500);
        assert_eq!(minor_up(1, 255, usd), 1);
    }
}

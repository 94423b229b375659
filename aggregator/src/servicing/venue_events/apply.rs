//! One block of a position, in the caller's transaction.

use alloy_primitives::{Address, U256};
use chrono::{DateTime, Utc};
use domain::ids::PaymentId;
use domain::loan::{LoanState, SettlementState};
use domain::ports::{VenueEvent, VenueEventKind};
use sqlx::PgConnection;

use super::super::chain_events::Trouble;
use super::super::plan::{OutOfRange, instant};
use super::super::{LoanChange, record};
use super::Seen;
use crate::World;
use crate::api::RepaymentChannel;
use crate::ledger::{self, Book, Parts};
use crate::settlement::{self, Disbursement};
use crate::store::corrupt;
use crate::store::lending::{self, Learned, LoanRow, PositionRow, RepaymentRow, SettlementRow};

/// A pool may ask for so many base units less than it lent: its books hold shares, whose worth is rounded.
const ROUNDING: u128 = 2;

/// Base units; more than 128 bits of a loan's asset is nothing that we lent.
fn units(value: U256) -> Result<u128, Trouble> {
    u128::try_from(value).map_err(|_| Trouble::from(corrupt(OutOfRange)))
}

/// Books a block of a position whose settlement and row are locked.
pub(super) async fn block(
    conn: &mut PgConnection,
    world: &World,
    (row, position): (&mut SettlementRow, &mut PositionRow),
    seen: &Seen,
) -> Result<(), Trouble> {
    let was_live = row.state == SettlementState::Settled;
    let mut after = Vec::new();
    for event in &seen.events {
        if let VenueEventKind::Borrowed { amount } = event.kind {
            borrowed(conn, world, (&mut *row, &mut *position), event, amount).await?;
        } else if row.state == SettlementState::Settled {
            after.push(event);
        }
    }
    if row.state != SettlementState::Settled {
        return Ok(());
    }
    let loan = lending::lock_loan(conn, row.loan_id).await?;
    let mut loan = loan.ok_or(Trouble::Park("the loan is gone"))?;
    if !is_live(&loan) {
        return Ok(());
    }
    let paid = repayments(conn, world, (&mut loan, &mut *position), seen, &after).await?;
    let ended = liquidations(conn, world, &mut loan, seen, &after).await?;
    if !ended && paid {
        close(conn, world, &mut loan, position, seen).await?;
    }
    let by = after.iter().rev().find_map(|event| match event.kind {
        VenueEventKind::CollateralChanged { by } => Some(by),
        _ => None,
    });
    if let Some(by) = by.filter(|_| was_live && is_live(&loan)) {
        let held = units(seen.collateral)?;
        let change = LoanChange::CollateralChanged { by, held };
        record(conn, world, &mut loan, &change, instant(seen.block.timestamp)?).await?;
    }
    Ok(())
}

fn is_live(loan: &LoanRow) -> bool {
    matches!(loan.state, LoanState::Active | LoanState::Delinquent)
}

/// Money is out, whoever sent the transaction: the settlement takes every step up to `SETTLED`. What the wallet borrows there
/// beside the loan is none of ours, and is only kept apart.
async fn borrowed(
    conn: &mut PgConnection,
    world: &World,
    (row, position): (&mut SettlementRow, &mut PositionRow),
    event: &VenueEvent,
    amount: U256,
) -> Result<(), Trouble> {
    if row.state == SettlementState::Settled {
        position.other_debt = position.other_debt.saturating_add(amount);
        return Ok(());
    }
    let agreed = row.venue.as_ref().map(|part| part.plan.opening.debt);
    if agreed != Some(amount) {
        tracing::warn!(settlement = %row.id, %amount, "the wallet borrowed another amount than was agreed");
        return Ok(());
    }
    if row.state == SettlementState::AwaitingSignature {
        settlement::advance(conn, world, row, SettlementState::Ready, Learned::default()).await?;
    }
    if row.state == SettlementState::Ready {
        settlement::advance(conn, world, row, SettlementState::Submitted, Learned::default()).await?;
    }
    if row.state != SettlementState::Submitted {
        return Err(Trouble::Park("money is out for a settlement that had ended"));
    }
    let proof = Disbursement {
        evidence: event.tx_hash.to_string(),
        at: instant(event.block.timestamp)?,
        net: units(amount)?,
    };
    settlement::settle(conn, world, row, &proof).await?;
    Ok(())
}

/// What was paid in the block, and what the pool wrote off.
fn totals(events: &[&VenueEvent]) -> (U256, U256) {
    let mut sums = (U256::ZERO, U256::ZERO);
    for event in events {
        match event.kind {
            VenueEventKind::Repaid { amount, .. } => sums.0 = sums.0.saturating_add(amount),
            VenueEventKind::Liquidated { repaid, bad_debt, .. } => {
                sums = (sums.0.saturating_add(repaid), sums.1.saturating_add(bad_debt));
            }
            VenueEventKind::Borrowed { .. } | VenueEventKind::CollateralChanged { .. } => {}
        }
    }
    sums
}

/// Books every payment of the block, interest first; answers whether anything was paid.
async fn repayments(
    conn: &mut PgConnection,
    world: &World,
    (loan, position): (&mut LoanRow, &mut PositionRow),
    seen: &Seen,
    events: &[&VenueEvent],
) -> Result<bool, Trouble> {
    let (paid, written_off) = totals(events);
    let owed = seen.debt.saturating_add(paid).saturating_add(written_off);
    let principal = U256::from(loan.outstanding).saturating_add(position.other_debt);
    let mut interest_left = units(owed.saturating_sub(principal).min(paid))?;
    for event in events {
        let (VenueEventKind::Repaid { amount, .. } | VenueEventKind::Liquidated { repaid: amount, .. }) = event.kind
        else {
            continue;
        };
        let amount = units(amount)?;
        let interest = amount.min(interest_left);
        interest_left -= interest;
        let principal = (amount - interest).min(loan.outstanding);
        let elsewhere = amount - interest - principal;
        position.other_debt = position.other_debt.saturating_sub(U256::from(elsewhere));
        if interest + principal > 0 {
            payment(conn, world, loan, (position.chain_id, event), (interest, principal)).await?;
        }
    }
    Ok(!paid.is_zero() || !written_off.is_zero())
}

async fn payment(
    conn: &mut PgConnection,
    world: &World,
    loan: &mut LoanRow,
    (chain_id, event): (u64, &VenueEvent),
    (interest, principal): (u128, u128),
) -> Result<(), Trouble> {
    let at = instant(event.block.timestamp)?;
    let payment = PaymentId(world.ids.next());
    let row = RepaymentRow {
        id: payment,
        loan_id: loan.id,
        channel: RepaymentChannel::OnChain,
        late_fee: 0,
        fees: 0,
        interest,
        principal,
        evidence: format!("{}:{}", event.tx_hash, event.log_index),
        paid_at: at,
    };
    lending::insert_repayment(conn, &row).await?;
    let change = LoanChange::Repaid {
        payment,
        late_fee: 0,
        fees: 0,
        interest,
        principal,
    };
    record(conn, world, loan, &change, at).await?;
    let parts = Parts {
        interest,
        principal,
        ..Parts::default()
    };
    let external_id = format!("venue:{chain_id}:{}:{}", event.tx_hash, event.log_index);
    let entry = book(loan).repayment(external_id, at, &parts);
    Ok(ledger::post(conn, world, &entry).await?)
}

fn book(loan: &LoanRow) -> Book<'_> {
    Book {
        loan: loan.id,
        provider: loan.provider.as_str(),
        unit: &loan.unit,
    }
}

/// Tells of liquidations; answers whether they ended the loan.
async fn liquidations(
    conn: &mut PgConnection,
    world: &World,
    loan: &mut LoanRow,
    seen: &Seen,
    events: &[&VenueEvent],
) -> Result<bool, Trouble> {
    let (mut who, mut taken, mut lost): (Option<Address>, _, _) = (None, U256::ZERO, U256::ZERO);
    for event in events {
        if let VenueEventKind::Liquidated {
            liquidator,
            seized,
            bad_debt,
            ..
        } = event.kind
        {
            // The pool's own word on its loss follows the liquidator's.
            who = who.or(Some(liquidator));
            taken = taken.saturating_add(seized);
            lost = lost.saturating_add(bad_debt);
        }
    }
    let Some(liquidator) = who else { return Ok(false) };
    let ended = seen.debt.is_zero();
    let change = LoanChange::Liquidated {
        liquidator,
        late: false,
        seized: units(taken)?,
        returned: 0,
        shortfall: if ended { units(lost)?.max(loan.outstanding) } else { 0 },
        ended,
    };
    let at = instant(seen.block.timestamp)?;
    let unpaid = if ended { loan.outstanding } else { 0 };
    record(conn, world, loan, &change, at).await?;
    let entry = book(loan).default(format!("default:{}", loan.id), at, unpaid, 0);
    ledger::post(conn, world, &entry).await?;
    Ok(ended)
}

/// Ends a loan on which nothing is owed any more.
async fn close(
    conn: &mut PgConnection,
    world: &World,
    loan: &mut LoanRow,
    position: &PositionRow,
    seen: &Seen,
) -> Result<(), Trouble> {
    if !seen.debt.is_zero() && (loan.outstanding > 0 || position.other_debt.is_zero()) {
        return Ok(());
    }
    let at: DateTime<Utc> = instant(seen.block.timestamp)?;
    if loan.outstanding > ROUNDING {
        return Err(Trouble::Park("the debt is gone, and less was paid than was lent"));
    }
    if loan.outstanding > 0 {
        let principal = loan.outstanding;
        record(conn, world, loan, &LoanChange::RoundedOff { principal }, at).await?;
        let entry = book(loan).rounding(format!("rounding:{}", loan.id), at, principal);
        ledger::post(conn, world, &entry).await?;
    }
    record(conn, world, loan, &LoanChange::Closed, at).await?;
    Ok(())
}

//! Final events of the chain that end a loan or change what secures it.

use chrono::{DateTime, Utc};
use domain::ports::LoanEventKind;
use sqlx::PgConnection;

use super::chain_events::Trouble;
use super::{LoanChange, record};
use crate::World;
use crate::api::Error;
use crate::ledger::{self, Book};
use crate::store::chain::ChainEvent;
use crate::store::lending::{self, LoanRow};

/// Applies what is neither an origination nor a payment to a locked loan.
pub(super) async fn apply(
    conn: &mut PgConnection,
    world: &World,
    mut loan: LoanRow,
    (event, kind, at): (&ChainEvent, &LoanEventKind, DateTime<Utc>),
) -> Result<(), Trouble> {
    let change = change_of(conn, event, kind, &loan).await?;
    if change.end().is_some() {
        settle_installments(conn, &loan).await?;
    }
    // What a loan still owes when it ends is the lender's loss.
    let lost = match &change {
        LoanChange::Defaulted { .. } | LoanChange::Liquidated { ended: true, .. } => loan.outstanding,
        _ => 0,
    };
    record(conn, world, &mut loan, &change, at).await?;
    let book = Book {
        loan: loan.id,
        provider: loan.provider.as_str(),
        unit: &loan.unit,
    };
    let entry = book.default(format!("default:{}", loan.id), at, lost, 0);
    Ok(ledger::post(conn, world, &entry).await?)
}

async fn change_of(
    conn: &mut PgConnection,
    event: &ChainEvent,
    kind: &LoanEventKind,
    loan: &LoanRow,
) -> Result<LoanChange, Trouble> {
    Ok(match *kind {
        LoanEventKind::Closed if loan.outstanding != 0 => return Err(Trouble::Park("closed with principal left")),
        LoanEventKind::Closed => LoanChange::Closed,
        LoanEventKind::Refinanced { .. } if loan.outstanding != 0 => {
            return Err(Trouble::Park("refinanced with principal left"));
        }
        LoanEventKind::Refinanced { new_loan } => {
            let settlement = lending::settlement_of_onchain_loan(conn, event.chain_id, new_loan).await?;
            let by = match settlement {
                Some(id) => lending::settlement(conn, id).await?.map(|row| row.loan_id),
                None => None,
            };
            LoanChange::Refinanced { by }
        }
        LoanEventKind::Liquidated {
            ended: true,
            shortfall: 0,
            ..
        } if loan.outstanding != 0 => return Err(Trouble::Park("liquidated with principal left")),
        LoanEventKind::Liquidated {
            liquidator,
            late,
            seized,
            returned,
            shortfall,
            ended,
        } => LoanChange::Liquidated {
            liquidator,
            late,
            seized,
            returned,
            shortfall,
            ended,
        },
        LoanEventKind::CollateralChanged { by, held } => LoanChange::CollateralChanged { by, held },
        LoanEventKind::Defaulted { outstanding, .. } if loan.outstanding != outstanding => {
            return Err(Trouble::Park("the principal given up is not ours"));
        }
        LoanEventKind::Defaulted {
            outstanding,
            seized,
            returned,
        } => LoanChange::Defaulted {
            outstanding,
            seized,
            returned,
        },
        LoanEventKind::Originated { .. } | LoanEventKind::Repaid { .. } | LoanEventKind::BreakerTripped { .. } => {
            return Err(Trouble::Park("not an event of a running loan"));
        }
    })
}

/// Marks every installment as asking nothing more.
async fn settle_installments(conn: &mut PgConnection, loan: &LoanRow) -> Result<(), Error> {
    let mut rows = lending::installments(conn, loan.id).await?;
    for row in &mut rows {
        row.settled = true;
    }
    lending::put_installments(conn, loan.id, &rows).await
}

//! Final events of the chain become effects in our books, each once.

use domain::ids::PaymentId;
use domain::loan::{LoanState, SettlementState};
use domain::ports::LoanEventKind;
use sqlx::{Acquire, PgConnection};

use super::plan::instant;
use super::{LoanChange, breaker, endings, record, waterfall};
use crate::api::{Error, RepaymentChannel};
use crate::ledger::{self, Book, Parts};
use crate::settlement::{self, Disbursement};
use crate::store::chain::{self, ChainEvent, Effect};
use crate::store::lending::{self, Learned, LoanRow, RepaymentRow, SettlementRow};
use crate::{Aggregator, World};

/// Events applied before other work gets its turn.
const BATCH: usize = 200;

/// Why an event was not applied.
pub(super) enum Trouble {
    /// The event does not fit our books: set aside for an operator.
    Park(&'static str),
    /// The store failed: try again.
    Retry(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        match error.into() {
            error if transient(&error) => Self::Retry(error),
            error => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error).map(ToString::to_string), "a final event cannot be applied");
                Self::Park("a defect of ours, see the log")
            }
        }
    }
}

/// Whether the store failed rather than the event: anything the database said but a broken constraint.
fn transient(error: &Error) -> bool {
    match std::error::Error::source(error).and_then(|source| source.downcast_ref::<sqlx::Error>()) {
        Some(sqlx::Error::Database(said)) => !said.code().is_some_and(|code| code.starts_with("23")),
        Some(_) => true,
        None => false,
    }
}

impl Aggregator {
    /// Applies final events, oldest first, one transaction each; answers how many.
    pub(crate) async fn apply_final_events(&self) -> Result<usize, Error> {
        for done in 0..BATCH {
            if !self.apply_next_final_event().await? {
                return Ok(done);
            }
        }
        Ok(BATCH)
    }

    async fn apply_next_final_event(&self) -> Result<bool, Error> {
        let mut tx = self.world.db.begin().await?;
        let Some(event) = chain::next_final_event(&mut tx).await? else {
            return Ok(false);
        };
        let mut attempt = tx.begin().await?;
        let outcome = apply(&mut attempt, &self.world, &event).await;
        let (effect, problem) = match outcome {
            Ok(effect) => {
                attempt.commit().await?;
                (effect, None)
            }
            Err(Trouble::Park(problem)) => {
                attempt.rollback().await?;
                metrics::counter!("usance_chain_events_parked_total").increment(1);
                tracing::error!(chain = event.chain_id, tx = %event.event.tx_hash, problem, "final event parked");
                (Effect::Parked, Some(problem))
            }
            Err(Trouble::Retry(error)) => return Err(error),
        };
        chain::note_effect(&mut tx, &event, effect, problem).await?;
        let settled = effect == Effect::Applied && matches!(event.event.kind, LoanEventKind::Originated { .. });
        let repaid = effect == Effect::Applied && matches!(event.event.kind, LoanEventKind::Repaid { .. });
        if settled {
            fail::fail_point!("settlement::before_settled_commit");
        }
        if repaid {
            fail::fail_point!("repayment::before_commit");
        }
        tx.commit().await?;
        if settled {
            fail::fail_point!("settlement::after_settled_commit");
        }
        if repaid {
            fail::fail_point!("repayment::after_commit");
        }
        self.wake.events.notify_one();
        Ok(true)
    }
}

async fn apply(conn: &mut PgConnection, world: &World, event: &ChainEvent) -> Result<Effect, Trouble> {
    if let LoanEventKind::BreakerTripped { .. } = &event.event.kind {
        breaker::tripped(conn, world, event).await?;
        return Ok(Effect::Applied);
    }
    let found = lending::settlement_of_onchain_loan(conn, event.chain_id, event.event.loan).await?;
    let Some(id) = found else { return Ok(Effect::Foreign) };
    let row = lending::lock_settlement(conn, id)
        .await?
        .ok_or(Trouble::Park("the settlement is gone"))?;
    let at = instant(event.block_time)?;
    if let LoanEventKind::Originated {
        order_hash,
        principal,
        fee,
        ..
    } = &event.event.kind
    {
        if row
            .onchain
            .as_ref()
            .is_none_or(|part| part.intent.order_hash != *order_hash)
        {
            return Err(Trouble::Park("another order was executed"));
        }
        originated(conn, world, row, event, (*principal, *fee)).await?;
        return Ok(Effect::Applied);
    }
    let loan = lending::lock_loan(conn, row.loan_id)
        .await?
        .ok_or(Trouble::Park("the loan is gone"))?;
    match &event.event.kind {
        LoanEventKind::Repaid {
            late_fee,
            interest,
            principal,
            outstanding,
            ..
        } => {
            if loan.outstanding.checked_sub(*principal) != Some(*outstanding) {
                return Err(Trouble::Park("the principal left is not ours"));
            }
            let parts = Parts {
                late_fee: *late_fee,
                late_fee_earned_now: *late_fee,
                fees: 0,
                interest: *interest,
                principal: *principal,
            };
            // A liquidation of collateral that is worth nothing pays nothing.
            if *late_fee + *interest + *principal > 0 {
                repaid(conn, world, loan, event, &parts).await?;
            }
        }
        kind => endings::apply(conn, world, loan, (event, kind, at)).await?,
    }
    Ok(Effect::Applied)
}

/// Money is out on chain, whoever sent the transaction: the settlement takes every step up to `SETTLED`.
async fn originated(
    conn: &mut PgConnection,
    world: &World,
    mut row: SettlementRow,
    event: &ChainEvent,
    (principal, fee): (u128, u128),
) -> Result<(), Trouble> {
    let wanted = row.onchain.as_ref().map(|part| part.intent.principal);
    let net = principal.checked_sub(fee).filter(|_| wanted == Some(principal));
    let net = net.ok_or(Trouble::Park("another amount was paid out"))?;
    if row.state == SettlementState::AwaitingSignature {
        settlement::advance(conn, world, &mut row, SettlementState::Ready, Learned::default()).await?;
    }
    if row.state == SettlementState::Ready {
        settlement::advance(conn, world, &mut row, SettlementState::Submitted, Learned::default()).await?;
    }
    if row.state != SettlementState::Submitted {
        return Err(Trouble::Park("money is out for a settlement that had ended"));
    }
    let proof = Disbursement {
        evidence: event.event.tx_hash.to_string(),
        at: instant(event.block_time)?,
        net,
    };
    settlement::settle(conn, world, &mut row, &proof).await?;
    Ok(())
}

async fn repaid(
    conn: &mut PgConnection,
    world: &World,
    mut loan: LoanRow,
    event: &ChainEvent,
    parts: &Parts,
) -> Result<(), Trouble> {
    let at = instant(event.block_time)?;
    let payment = PaymentId(world.ids.next());
    let row = RepaymentRow {
        id: payment,
        loan_id: loan.id,
        channel: RepaymentChannel::OnChain,
        late_fee: parts.late_fee,
        fees: 0,
        interest: parts.interest,
        principal: parts.principal,
        evidence: format!("{}:{}", event.event.tx_hash, event.event.log_index),
        paid_at: at,
    };
    lending::insert_repayment(conn, &row).await?;
    let mut rows = lending::installments(conn, loan.id).await?;
    waterfall(&mut rows, parts.interest + parts.principal);
    lending::put_installments(conn, loan.id, &rows).await?;
    let change = LoanChange::Repaid {
        payment,
        late_fee: parts.late_fee,
        fees: 0,
        interest: parts.interest,
        principal: parts.principal,
    };
    record(conn, world, &mut loan, &change, at).await?;
    let overdue = rows.iter().any(|row| !row.settled && row.due < at.date_naive());
    if loan.state == LoanState::Delinquent && !overdue {
        record(conn, world, &mut loan, &LoanChange::CaughtUp, at).await?;
    }
    let external_id = format!(
        "chain:{}:{}:{}",
        event.chain_id, event.event.tx_hash, event.event.log_index
    );
    let book = Book {
        loan: loan.id,
        provider: loan.provider.as_str(),
        unit: &loan.unit,
    };
    ledger::post(conn, world, &book.repayment(external_id, at, parts)).await?;
    Ok(())
}

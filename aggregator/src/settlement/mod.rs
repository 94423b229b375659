//! From acceptance to money out: a persisted, idempotent state machine.
//!
//! Intent is committed before anything leaves the process, every step can be repeated, and `SUBMITTED` is left only by
//! evidence: a lender's status, or final events of the chain. The transition table is [`SettlementState`]; the database
//! holds the same table.

mod open;
mod prepare;
mod saga;
mod sign;
#[cfg(test)]
pub(crate) mod tests;
mod venue;

use chrono::{DateTime, Utc};
use domain::Principal;
use domain::decision::Reason;
use domain::ids::SettlementId;
use domain::loan::SettlementState;
use domain::offer::{FeeTiming, Payee};
use domain::ports::ChainError;
use sqlx::PgConnection;

pub(crate) use open::{Opening, open};
pub(crate) use prepare::{Prepared, old_loan_error, wallet_required};
pub(crate) use venue::venue_error;

use crate::access::{Action, Class, Resource, check, shows};
use crate::api::{Error, SettlementView};
use crate::events::Event;
use crate::ledger::{self, Book};
use crate::screening::release::{self, Look, Outcome, Stage};
use crate::screening::wallets::Asked;
use crate::servicing::{LoanChange, plan, record};
use crate::store::lending::{self, Learned, SettlementRow};
use crate::store::{chain, corrupt, networks};
use crate::{Aggregator, World, events};

impl Aggregator {
    /// A settlement; somebody else's does not exist.
    pub async fn settlement(&self, caller: &Principal, id: SettlementId) -> Result<SettlementView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = lending::settlement(&mut conn, id)
            .await?
            .filter(|row| visible(caller, row));
        let row = row.ok_or(Error::NotFound)?;
        let mut view = view(&mut conn, &self.world, &row).await?;
        if !shows(caller, &resource(&row).as_class(Class::WalletCalls)) {
            view.approvals.clear();
            view.calls.clear();
            (view.typed_data, view.handoff) = (None, None);
        }
        Ok(view)
    }
}

/// A settlement as access sees it.
fn resource(row: &SettlementRow) -> Resource<'_> {
    Resource::about(Class::Settlement, row.tenant, row.borrower).with(Some(&row.quote.provider))
}

fn visible(caller: &Principal, row: &SettlementRow) -> bool {
    check(caller, Action::Read, &resource(row)).is_ok()
}

/// What the owner sees of a settlement.
pub(crate) async fn view(conn: &mut PgConnection, world: &World, row: &SettlementRow) -> Result<SettlementView, Error> {
    let mut view = SettlementView {
        id: row.id,
        state: row.state,
        quote_id: row.quote.id,
        loan_id: row.loan_id,
        provider: row.quote.provider.clone(),
        approvals: Vec::new(),
        typed_data: None,
        calls: Vec::new(),
        tx_hash: None,
        confirmations: None,
        failure: row.failure.clone(),
        handoff: None,
        created_at: row.created_at,
    };
    if let Some(part) = &row.venue {
        venue::show(world, row, part, &mut view);
    }
    if row.onchain.is_none() && row.venue.is_none() && row.state == SettlementState::Submitted {
        view.handoff = networks::handoff(conn, &row.quote.provider, row.id).await?;
    }
    let (Some(part), Some(onchain)) = (&row.onchain, &row.quote.offer.onchain) else {
        return Ok(view);
    };
    if row.state == SettlementState::AwaitingSignature {
        let (collateral, asset) = part.allowances(onchain.order.collateral_amount);
        view.approvals = world
            .contracts
            .approvals(onchain, collateral, asset)
            .map_err(chain_error)?;
        view.typed_data = Some(
            world
                .contracts
                .intent_typed_data(part.chain_id, &part.intent)
                .map_err(chain_error)?,
        );
    }
    let mined = chain::tx_progress(conn, row.id).await?.and_then(|tx| tx.mined);
    if let Some((hash, number)) = mined {
        view.tx_hash = Some(hash);
        let tip = chain::block(conn, part.chain_id, None).await?.map(|block| block.number);
        let finalized = chain::finalized(conn, part.chain_id).await?;
        // The chain's finality rule shows in how far its final block lags behind the newest.
        view.confirmations = tip
            .zip(finalized)
            .map(|(tip, finalized)| ((tip + 1).saturating_sub(number), (tip + 1).saturating_sub(finalized)));
    }
    Ok(view)
}

pub(crate) fn chain_error(error: ChainError) -> Error {
    match error {
        ChainError::Unavailable { .. } | ChainError::Node { .. } => Error::Unavailable(Box::new(error)),
        other => Error::Internal(Box::new(other)),
    }
}

/// Moves a locked settlement and tells the world, in the caller's transaction.
pub(crate) async fn advance(
    conn: &mut PgConnection,
    world: &World,
    row: &mut SettlementRow,
    to: SettlementState,
    learned: Learned,
) -> Result<(), Error> {
    if !row.state.may_become(to) {
        return Err(Error::refused(
            "SETTLEMENT_STATE",
            format!("The settlement is {}.", row.state.as_str()),
            None,
        ));
    }
    row.version = lending::move_settlement(conn, row, to, &learned).await?;
    row.state = to;
    row.signature = learned.signature.or(row.signature.take());
    row.tx_id = learned.tx_id.or(row.tx_id);
    row.evidence = learned.evidence.or(row.evidence.take());
    row.failure = learned.failure.or(row.failure.take());
    announce(conn, world, row).await
}

/// Tells the world about the state of a settlement.
async fn announce(conn: &mut PgConnection, world: &World, row: &SettlementRow) -> Result<(), Error> {
    let kind = match row.state {
        SettlementState::AwaitingSignature => "SettlementAwaitsSignature",
        SettlementState::Ready => "SettlementReady",
        SettlementState::Submitted => "SettlementSubmitted",
        SettlementState::Settled => "SettlementSettled",
        SettlementState::Failed => "SettlementFailed",
        SettlementState::Cancelled => "SettlementCancelled",
    };
    let payload = serde_json::json!({
        "tenant": row.tenant, "settlementId": row.id, "quoteId": row.quote.id, "loanId": row.loan_id,
        "provider": row.quote.provider, "state": row.state.as_str(), "failure": row.failure,
    });
    let event = Event {
        aggregate: "settlement",
        aggregate_id: row.id.0,
        version: row.version,
        kind,
        payload,
    };
    events::append(conn, world, &[event]).await?;
    let step = (row.id.0, row.state.as_str());
    crate::audit::deeds::settled(conn, world, step, (row.tenant, row.borrower)).await
}

/// The submitter took a nonce for this settlement: from here on it can be on the chain.
pub(crate) async fn handed_over(conn: &mut PgConnection, world: &World, id: SettlementId) -> Result<(), Error> {
    let mut row = lending::lock_settlement(conn, id).await?.ok_or(Error::NotFound)?;
    // Already beyond: somebody else submitted the signed intent and its evidence arrived first.
    if row.state != SettlementState::Ready {
        return Ok(());
    }
    advance(conn, world, &mut row, SettlementState::Submitted, Learned::default()).await
}

/// What screening says of a settlement whose transaction is about to leave, in the transaction that gives it its nonce. A look that lets
/// it go is stored with that.
pub(crate) async fn looked(
    conn: &mut PgConnection,
    world: &World,
    id: SettlementId,
    asked: &Asked,
) -> Result<Option<Look>, Error> {
    let row = lending::lock_settlement(conn, id).await?.ok_or(Error::NotFound)?;
    release::refused(conn, world, &row, (Stage::Release, asked)).await
}

impl Aggregator {
    /// Takes back the queued transaction of a settlement that screening stops, and ends it. One that was taken meanwhile is looked at by
    /// who took it.
    pub(crate) async fn withdraw_stopped(&self, id: SettlementId, asked: &Asked) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        if !chain::withdraw_tx(&mut tx, id).await? {
            return Ok(());
        }
        let mut row = lending::lock_settlement(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let look = release::look(&mut tx, &self.world, &row, (Stage::Release, asked)).await?;
        if look.outcome() != Outcome::Stops || row.state != SettlementState::Ready {
            return Ok(());
        }
        release::keep(&mut tx, &self.world, &look, None).await?;
        let nothing = Learned::default();
        advance(&mut tx, &self.world, &mut row, SettlementState::Cancelled, nothing).await?;
        cancel_loan(&mut tx, &self.world, &row).await?;
        fail::fail_point!("screening::before_stop_commit");
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(())
    }
}

/// Proof that money is out.
#[derive(Clone, Debug)]
pub(crate) struct Disbursement {
    /// The lender's payment reference or the chain's transaction.
    pub evidence: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What arrived.
    pub net: u128,
}

/// Money is out: settlement, loan, schedule, ledger and events, in the caller's transaction. Only for a locked row.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    world: &World,
    row: &mut SettlementRow,
    proof: &Disbursement,
) -> Result<(), Error> {
    let learned = Learned {
        evidence: Some(proof.evidence.clone()),
        ..Learned::default()
    };
    advance(conn, world, row, SettlementState::Settled, learned).await?;
    let mut loan = lending::lock_loan(conn, row.loan_id).await?.ok_or(Error::NotFound)?;
    loan.terms = row.terms();
    let change = LoanChange::Activated {
        principal: loan.principal,
    };
    record(conn, world, &mut loan, &change, proof.at).await?;
    if let Some(terms) = &loan.terms {
        lending::watch(conn, loan.id, !terms.order.oracle.is_zero()).await?;
    }
    // A pool asks for nothing on any day.
    if row.venue.is_none() {
        let rows = plan(&row.quote.offer, loan.terms.as_ref(), proof.at)?;
        lending::put_installments(conn, loan.id, &rows).await?;
    }
    let withheld = loan
        .principal
        .checked_sub(proof.net)
        .ok_or_else(|| corrupt(Odd("disbursed more than principal")))?;
    let book = Book {
        loan: loan.id,
        provider: loan.provider.as_str(),
        unit: &loan.unit,
    };
    let fees = split_withheld(row, withheld)?;
    ledger::post(
        conn,
        world,
        &book.disbursement(format!("disbursement:{}", row.id), proof.at, proof.net, &fees),
    )
    .await
}

/// Evidence that does not fit what was agreed.
#[derive(Debug, thiserror::Error)]
#[error("evidence does not fit the agreement: {0}")]
pub(crate) struct Odd(pub &'static str);

/// What was withheld, by payee; what no fee explains is the lender's.
fn split_withheld(row: &SettlementRow, withheld: u128) -> Result<Vec<(Payee, u128)>, Error> {
    let mut left = withheld;
    let mut split = Vec::new();
    for fee in &row.quote.offer.fees {
        let from_principal = matches!(fee.timing, FeeTiming::UpfrontDeducted | FeeTiming::Financed);
        if from_principal && row.onchain.is_none() && row.venue.is_none() {
            let part = u128::try_from(fee.amount.minor).map_err(corrupt)?.min(left);
            split.push((fee.payee, part));
            left -= part;
        }
    }
    // On chain one fee goes to one account: the payee is that of the offer's only fee.
    let rest = match (&row.onchain, row.quote.offer.fees.first()) {
        (Some(_), Some(fee)) => fee.payee,
        _ => Payee::Provider,
    };
    split.push((rest, left));
    Ok(split)
}

/// Evidence says that it will never settle: the loan never begins. Only for a locked row.
pub(crate) async fn fail(
    conn: &mut PgConnection,
    world: &World,
    row: &mut SettlementRow,
    reason: Reason,
) -> Result<(), Error> {
    let learned = Learned {
        failure: Some(reason),
        ..Learned::default()
    };
    advance(conn, world, row, SettlementState::Failed, learned).await?;
    cancel_loan(conn, world, row).await
}

pub(crate) async fn cancel_loan(conn: &mut PgConnection, world: &World, row: &SettlementRow) -> Result<(), Error> {
    let mut loan = lending::lock_loan(conn, row.loan_id).await?.ok_or(Error::NotFound)?;
    record(conn, world, &mut loan, &LoanChange::Cancelled, world.clock.now()).await
}

//! The worker of settlements: leases what has something to do, takes one step each, and gives it back.

use std::sync::Arc;
use std::time::Duration;

use domain::decision::Reason;
use domain::loan::SettlementState;
use domain::ports::{AcceptOrder, Lender, LenderError, LenderStatus, TxState};
use sqlx::PgConnection;

use super::{Disbursement, Odd, advance, cancel_loan, fail, settle};
use crate::Aggregator;
use crate::api::Error;
use crate::screening::release::{self, Outcome, Stage};
use crate::screening::wallets::Asked;
use crate::store::chain;
use crate::store::corrupt;
use crate::store::lending::{self, Learned, Lease, SettlementRow};

/// Settlements taken at a time.
const BATCH: i64 = 32;
/// How long a worker that went silent keeps a settlement, by the database's clock. A call that takes longer is repeated
/// by another worker under the same key; the fence drops the late result.
const LEASE: Duration = Duration::from_secs(5);
/// Longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Aggregator {
    /// Takes one step of every settlement that is due; `patient` respects the pauses between looks. Answers how many
    /// were looked at.
    pub(crate) async fn advance_settlements(&self, patient: bool) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let leases = lending::claim_settlements(&mut conn, BATCH, LEASE, patient).await?;
        drop(conn);
        let looked = leases.len();
        let steps = leases.into_iter().map(|lease| async move {
            if let Err(error) = self.step(lease).await {
                metrics::counter!("usance_settlement_step_failures_total").increment(1);
                tracing::error!(settlement = %lease.id, %error, cause = ?std::error::Error::source(&error).map(ToString::to_string), "settlement step failed");
            }
            self.give_back(lease).await
        });
        for done in futures::future::join_all(steps).await {
            done?;
        }
        Ok(looked)
    }

    async fn give_back(&self, lease: Lease) -> Result<(), Error> {
        let mut conn = self.world.db.acquire().await?;
        let attempts = lending::settlement(&mut conn, lease.id)
            .await?
            .map_or(0, |row| row.attempts);
        let doubled = self.world.settings.poll.saturating_mul(1 << attempts.clamp(0, 8));
        lending::release_settlement(&mut conn, lease, doubled.min(LONGEST_PAUSE)).await
    }

    async fn step(&self, lease: Lease) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        let Some(mut row) = held(&mut tx, lease).await? else {
            return Ok(());
        };
        // The wallet acts, and the pool's events say so: nothing is handed to anybody.
        if row.venue.is_some() {
            return Ok(());
        }
        match (row.state, row.onchain.is_some()) {
            (SettlementState::Ready, false) => {
                // No wallet: money goes from account to account, so nobody is asked about any.
                let look = release::look(&mut tx, &self.world, &row, (Stage::Release, &Asked::default())).await?;
                release::keep(&mut tx, &self.world, &look, None).await?;
                if look.outcome() != Outcome::Goes {
                    return self.stop(tx, row).await;
                }
                advance(
                    &mut tx,
                    &self.world,
                    &mut row,
                    SettlementState::Submitted,
                    Learned::default(),
                )
                .await?;
                tx.commit().await?;
                fail::fail_point!("settlement::after_submitted_commit");
                self.hand_to_lender(lease, &row).await
            }
            (SettlementState::Submitted, false) => {
                drop(tx);
                self.ask_lender(lease, &row).await
            }
            (SettlementState::Submitted, true) => {
                if let Some(reason) = never_on_chain(&mut tx, &row).await? {
                    fail(&mut tx, &self.world, &mut row, reason).await?;
                    tx.commit().await?;
                    self.wake.events.notify_one();
                }
                Ok(())
            }
            // Ready on chain: the submitter moves it when it takes a nonce, unless the intent ended before.
            (SettlementState::AwaitingSignature | SettlementState::Ready, true) => self.expire(tx, row).await,
            _ => Ok(()),
        }
    }

    /// Ends a settlement that screening stops before anything left the process.
    async fn stop(&self, mut tx: sqlx::PgTransaction<'_>, mut row: SettlementRow) -> Result<(), Error> {
        let nothing = Learned::default();
        advance(&mut tx, &self.world, &mut row, SettlementState::Cancelled, nothing).await?;
        cancel_loan(&mut tx, &self.world, &row).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(())
    }

    /// Withdraws what ended before it was handed over.
    async fn expire(&self, mut tx: sqlx::PgTransaction<'_>, mut row: SettlementRow) -> Result<(), Error> {
        let over = never_on_chain(&mut tx, &row).await?.is_some();
        let idle = row.state == SettlementState::AwaitingSignature;
        if !over || !(chain::withdraw_tx(&mut tx, row.id).await? || idle) {
            return Ok(());
        }
        advance(
            &mut tx,
            &self.world,
            &mut row,
            SettlementState::Cancelled,
            Learned::default(),
        )
        .await?;
        cancel_loan(&mut tx, &self.world, &row).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(())
    }

    fn lender_of(&self, row: &SettlementRow) -> Option<&Arc<dyn Lender>> {
        let found = self
            .world
            .lenders
            .iter()
            .find(|lender| *lender.id() == row.quote.provider);
        if found.is_none() {
            tracing::error!(provider = %row.quote.provider, settlement = %row.id, "the lender of a settlement is not configured");
        }
        found
    }

    /// The first look after a crash or a lost answer: what does the lender know?
    async fn ask_lender(&self, lease: Lease, row: &SettlementRow) -> Result<(), Error> {
        let Some(lender) = self.lender_of(row) else {
            return Ok(());
        };
        match in_time(lender.status(row.id)).await {
            // It never heard of it; the key makes a second acceptance harmless.
            Ok(LenderStatus::Unknown) => self.hand_to_lender(lease, row).await,
            Ok(status) => self.conclude(lease, status, None).await,
            Err(error) => {
                unknown(row, &error);
                Ok(())
            }
        }
    }

    async fn hand_to_lender(&self, lease: Lease, row: &SettlementRow) -> Result<(), Error> {
        let Some(lender) = self.lender_of(row) else {
            return Ok(());
        };
        let offer = &row.quote.offer;
        let order = AcceptOrder {
            settlement: row.id,
            request: row.quote.request_id,
            quote: row.quote.id,
            provider_ref: offer.provider_ref.clone(),
            principal: offer.amounts.offered,
            net_disbursed: offer.amounts.net_disbursed,
        };
        let answer = in_time(lender.accept(&order)).await;
        fail::fail_point!("settlement::after_lender_call");
        self.note_accept_call(lender.id(), answer.is_ok());
        match answer {
            Ok(receipt) => self.conclude(lease, receipt.status, Some(&receipt.loan_ref)).await,
            Err(error) => {
                unknown(row, &error);
                Ok(())
            }
        }
    }

    /// Commits what the lender said, if this worker still holds the settlement.
    async fn conclude(&self, lease: Lease, status: LenderStatus, lender_ref: Option<&str>) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        let Some(mut row) = held(&mut tx, lease).await? else {
            return Ok(());
        };
        if row.state != SettlementState::Submitted {
            return Ok(());
        }
        if let Some(lender_ref) = lender_ref.filter(|text| row.lender_ref.as_deref() != Some(text)) {
            lending::note_lender_ref(&mut tx, row.id, lender_ref).await?;
        }
        match status {
            LenderStatus::Unknown | LenderStatus::Accepted => {}
            LenderStatus::Disbursed { amount, at, evidence } => {
                if amount != row.quote.offer.amounts.net_disbursed {
                    // Stays SUBMITTED: only a person can say what a wrong amount means.
                    return Err(corrupt(Odd("the lender paid out another amount")));
                }
                let net = u128::try_from(amount.minor).map_err(corrupt)?;
                let proof = Disbursement { evidence, at, net };
                settle(&mut tx, &self.world, &mut row, &proof).await?;
                fail::fail_point!("settlement::before_settled_commit");
            }
            LenderStatus::Rejected { reasons } => {
                let rejected = || Reason::new("LENDER_REJECTED", "The lender rejected the acceptance.");
                let reason = reasons.into_iter().next().unwrap_or_else(rejected);
                fail(&mut tx, &self.world, &mut row, reason).await?;
            }
            LenderStatus::Cancelled => {
                let reason = Reason::new("LENDER_CANCELLED", "The lender withdrew the loan before paying it out.");
                fail(&mut tx, &self.world, &mut row, reason).await?;
            }
        }
        tx.commit().await?;
        if row.state == SettlementState::Settled {
            fail::fail_point!("settlement::after_settled_commit");
        }
        self.wake.events.notify_one();
        Ok(())
    }
}

/// Locks the settlement if the lease still holds.
async fn held(conn: &mut PgConnection, lease: Lease) -> Result<Option<SettlementRow>, Error> {
    Ok(lending::lock_settlement(conn, lease.id)
        .await?
        .filter(|row| row.fence == lease.fence))
}

/// A lender that hangs holds nobody up: past the lease the outcome is unknown anyway.
async fn in_time<T>(call: impl Future<Output = Result<T, LenderError>>) -> Result<T, LenderError> {
    tokio::time::timeout(LEASE, call)
        .await
        .unwrap_or(Err(LenderError::TimedOut))
}

/// An answer that says nothing about the outcome: the settlement stays where it is.
fn unknown(row: &SettlementRow, error: &LenderError) {
    metrics::counter!("usance_settlement_unknown_total", "provider" => row.quote.provider.to_string()).increment(1);
    tracing::warn!(settlement = %row.id, provider = %row.quote.provider, %error, "outcome unknown, asking again");
}

/// Whether final blocks prove that the order can never be executed: our transaction reverted in one, or they are past
/// the intent's deadline, and no origination was seen up to the newest block.
async fn never_on_chain(conn: &mut PgConnection, row: &SettlementRow) -> Result<Option<Reason>, Error> {
    let Some(part) = &row.onchain else { return Ok(None) };
    let Some(finalized) = chain::finalized(conn, part.chain_id).await? else {
        return Ok(None);
    };
    if chain::originated(conn, part.chain_id, part.loan).await? {
        return Ok(None);
    }
    let progress = chain::tx_progress(conn, row.id).await?;
    let reverted = progress
        .is_some_and(|tx| tx.state == TxState::Reverted && tx.mined.is_some_and(|(_, number)| number <= finalized));
    if reverted {
        return Ok(Some(Reason::new(
            "REVERTED",
            "The contract refused the transaction; nothing moved.",
        )));
    }
    let empty = progress
        .is_some_and(|tx| tx.state == TxState::Succeeded && tx.mined.is_some_and(|(_, number)| number <= finalized));
    if empty {
        return Ok(Some(Reason::new(
            "BREAKER_TRIPPED",
            "The contract lends no more of this asset at the moment; nothing moved.",
        )));
    }
    let time = chain::block(conn, part.chain_id, Some(finalized))
        .await?
        .map(|block| block.timestamp);
    if time.is_some_and(|time| time > part.intent.deadline) {
        return Ok(Some(Reason::new(
            "INTENT_EXPIRED",
            "The order ended before the chain took it; nothing moved.",
        )));
    }
    Ok(None)
}

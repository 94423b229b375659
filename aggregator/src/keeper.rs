//! The keeper: finds live loans that are missed past their grace or worth too little, and ends them through the contract.
//!
//! It looks at a bounded batch of loans at a time, asks the chain how each stands, and wants at most one transaction of a
//! loan at once. Nothing is booked here: the books follow the final events of what the contract did.

mod decide;

use std::time::Duration;

use alloy_primitives::Address;
use domain::ids::{ChainTxId, LoanId};
use domain::ports::{ChainError, LiveLoan};
use futures::stream::{self, StreamExt};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use tokio::time::timeout;

use self::decide::{Due, Verdict, due, judge};
use crate::Aggregator;
use crate::api::Error;
use crate::servicing::live_onchain;
use crate::settlement::chain_error;
use crate::store::chain::{self, Purpose};
use crate::store::lending::{self, Look};

/// Loans looked at in one step.
const BATCH: i64 = 64;
/// Loans asked about at once.
const AT_ONCE: usize = 8;
/// A chain that answers later than this is asked again at the next look.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after the first refused transaction, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_hours(1));
/// A transaction that the submitter holds back for so long, because the contract would refuse it, is given up.
const HELD_BACK: Duration = Duration::from_mins(1);
/// A payoff allows for this many seconds of interest until the block that includes the transaction.
const INCLUSION_SECONDS: u64 = 600;

/// Who liquidates on a chain, and when it pays. Money is counted in whole units of the asset lent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// The account that sends our transactions there; it holds the assets and allows them to the contract.
    pub liquidator: Address,
    /// Least gain of a liquidation after its gas; zero or more.
    pub min_profit: Decimal,
    /// Price of one whole native token of the chain.
    pub native_price: Decimal,
}

impl Aggregator {
    /// Looks at the loans that are due for a look and wants the transactions that they need; answers how many were wanted.
    /// `patient` respects the pauses between looks.
    pub(crate) async fn keep(&self, patient: bool) -> Result<usize, Error> {
        let settings = &self.world.settings;
        if settings.keepers.is_empty() {
            return Ok(0);
        }
        let chains: Vec<u64> = settings.keepers.keys().copied().collect();
        let look = Look {
            chains: &chains,
            today: self.world.clock.now().date_naive(),
            limit: BATCH,
            pause: settings.keeper_pause,
            patient,
        };
        let mut conn = self.world.db.acquire().await?;
        let ids = lending::claim_watched(&mut conn, look).await?;
        drop(conn);
        let looks = stream::iter(ids)
            .map(|id| self.look_at(LoanId(id)))
            .buffer_unordered(AT_ONCE);
        let wanted = looks.filter(|wanted| std::future::ready(*wanted)).count().await;
        Ok(wanted)
    }

    /// One loan; a failure is told and left to the next look. Answers whether a transaction was wanted.
    async fn look_at(&self, id: LoanId) -> bool {
        let failed = match timeout(PATIENCE, self.look(id)).await {
            Ok(Ok(wanted)) => return wanted,
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                format!("{error}: {}", cause.unwrap_or_default())
            }
            Err(_) => "the chain did not answer in time".to_owned(),
        };
        metrics::counter!("usance_keeper_failures_total").increment(1);
        tracing::warn!(loan = %id, failed, "the keeper could not look at a loan");
        false
    }

    async fn look(&self, id: LoanId) -> Result<bool, Error> {
        let mut conn = self.world.db.acquire().await?;
        let Some(loan) = lending::loan(&mut conn, id).await? else {
            return Ok(false);
        };
        let Ok(live) = live_onchain(&loan) else {
            return Ok(false);
        };
        if chain::withdraw_keeper_tx(&mut conn, id, HELD_BACK).await? {
            lending::note_refusal(&mut conn, id, "held back", PAUSES).await?;
            return Ok(false);
        }
        let moving = chain::loan_in_motion(&mut conn, id, &live).await?;
        drop(conn);
        let Some(keeper) = self.world.settings.keepers.get(&live.chain_id).filter(|_| !moving) else {
            return Ok(false);
        };
        let health = self.world.reader.health(&live).await.map_err(chain_error)?;
        let Some(due) = due(&live.terms.order, &health) else {
            return Ok(false);
        };
        let verdict = if due.liquidate {
            self.try_liquidation(keeper, &live, loan.decimals).await?
        } else {
            Verdict::No("no oracle")
        };
        self.act(id, &live, due, verdict).await
    }

    /// What a liquidation by our account would bring now.
    async fn try_liquidation(&self, keeper: &Keeper, live: &LiveLoan, decimals: u8) -> Result<Verdict, Error> {
        let (reader, asset) = (&self.world.reader, live.terms.order.asset);
        let soon = u64::try_from(self.world.clock.now().timestamp()).unwrap_or(0) + INCLUSION_SECONDS;
        let simulated = async {
            let (balance, payoff) = tokio::try_join!(
                reader.balance(live.chain_id, asset, keeper.liquidator),
                reader.payoff(live, soon)
            )?;
            let most = balance.min(payoff);
            if most == 0 {
                return Ok(Verdict::No("no funds"));
            }
            let found = reader.simulate_liquidation(live, keeper.liquidator, most).await?;
            Ok(found.map_or(Verdict::No("refused by the contract"), |found| {
                judge(keeper, &found, decimals, most)
            }))
        };
        simulated.await.map_err(|error: ChainError| chain_error(error))
    }

    /// Wants the transaction: the liquidation when it pays, else the default when an installment is missed.
    async fn act(&self, id: LoanId, live: &LiveLoan, due: Due, verdict: Verdict) -> Result<bool, Error> {
        let contracts = &self.world.contracts;
        let (purpose, call) = match verdict {
            Verdict::Liquidate {
                max_repay,
                min_collateral,
            } => (
                Purpose::Liquidate(id),
                contracts.liquidate(live, max_repay, min_collateral),
            ),
            Verdict::No(_) if due.late => (Purpose::MarkDefault(id), contracts.mark_default(live)),
            Verdict::No(why) => {
                metrics::counter!("usance_keeper_skipped_total", "why" => why).increment(1);
                let mut conn = self.world.db.acquire().await?;
                lending::note_outcome(&mut conn, id, why).await?;
                return Ok(false);
            }
        };
        let call = call.map_err(chain_error)?;
        let mut tx = self.world.db.begin().await?;
        let wanted = chain::enqueue_tx(&mut tx, ChainTxId(self.world.ids.next()), purpose, &call).await?;
        if wanted {
            lending::note_outcome(&mut tx, id, purpose.as_str()).await?;
        }
        fail::fail_point!("keeper::before_commit");
        tx.commit().await?;
        if wanted {
            metrics::counter!("usance_keeper_transactions_total", "purpose" => purpose.as_str()).increment(1);
            tracing::info!(loan = %id, chain = live.chain_id, purpose = purpose.as_str(), late = due.late, "the keeper acts");
        }
        Ok(wanted)
    }
}

/// A transaction of the keeper is final. The books follow its events; a refused one makes the keeper wait.
pub(crate) async fn concluded(
    conn: &mut PgConnection,
    loan: LoanId,
    purpose: Purpose,
    succeeded: bool,
) -> Result<(), Error> {
    let state = if succeeded { "SUCCEEDED" } else { "REVERTED" };
    metrics::counter!("usance_keeper_outcomes_total", "purpose" => purpose.as_str(), "state" => state).increment(1);
    tracing::info!(%loan, purpose = purpose.as_str(), state, "a transaction of the keeper is final");
    let outcome = format!("{} {state}", purpose.as_str());
    if succeeded {
        lending::note_success(conn, loan, &outcome).await
    } else {
        lending::note_refusal(conn, loan, &outcome, PAUSES).await
    }
}

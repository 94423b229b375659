//! Background work. Every step can be repeated and taken by any process.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Aggregator;
use crate::api::Error;
use crate::screening::LOOK;

/// Between two looks for who is late.
const DELINQUENCY: Duration = Duration::from_mins(1);
/// Between two looks for requests whose quotes have all expired.
const EXPIRY: Duration = Duration::from_secs(10);
/// Between two removals of idempotency keys past their time.
const PURGE: Duration = Duration::from_mins(10);
/// Between two comparisons of the books.
const RECONCILE: Duration = Duration::from_mins(1);
/// Between two looks for stored decisions that a proposed set of rules has not made beside.
const SHADOW: Duration = Duration::from_secs(5);
/// Between two looks for notices that can be given.
const NOTICES: Duration = Duration::from_secs(10);
/// Between two looks for what has been kept long enough, and for keys to rotate.
const RETENTION: Duration = Duration::from_mins(15);
/// Rounds of `tick_all`: more than the longest chain of steps.
const ROUNDS: usize = 32;

/// Runs until cancelled: settlements, servicing, keeper, outbox delivery, books past their deadline, housekeeping.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    let a = &aggregator;
    let poll = a.world.settings.poll;
    tokio::join!(
        every("chain events", poll, Some(&a.wake.chain), &cancel, || a
            .apply_final_events()),
        every("settlements", poll, Some(&a.wake.lending), &cancel, || a
            .advance_settlements(true)),
        every("keeper", poll, None, &cancel, || a.keep(true)),
        every("venues", poll, None, &cancel, || a.follow_venues(true)),
        every("events", poll, Some(&a.wake.events), &cancel, || a.deliver_events()),
        every("books", poll, None, &cancel, || a.close_overdue()),
        every("identities", poll, Some(&a.wake.identity), &cancel, || a
            .advance_identities()),
        every("webhooks", poll, Some(&a.wake.webhooks), &cancel, || a.send_webhooks()),
        every("old webhooks", PURGE, None, &cancel, || a.sweep_webhooks()),
        every("expiry", EXPIRY, None, &cancel, || a.expire_requests()),
        every("delinquency", DELINQUENCY, None, &cancel, || a.mark_delinquent()),
        every("shadow rules", SHADOW, None, &cancel, || a.shadow_rules()),
        periodic("notices", NOTICES, &cancel, || a.give_notices()),
        every("keys", PURGE, None, &cancel, || async {
            a.purge_keys().await.map(|_| 0)
        }),
        every("sessions", PURGE, None, &cancel, || async {
            a.sweep_sessions().await.map(|()| 0)
        }),
        every("old requests", EXPIRY, None, &cancel, || a.seal_old_requests()),
        every("erasure", EXPIRY, None, &cancel, || a.erase_next()),
        periodic("retention", RETENTION, &cancel, || a.retain()),
        every("key rotation", RETENTION, None, &cancel, || a.rotate_keys()),
        every("customers of changed lists", LOOK, None, &cancel, || a
            .rescreen_customers()),
        every("reconcile", RECONCILE, None, &cancel, || async {
            a.reconcile_and_keep().await.map(|_| 0)
        }),
    );
}

/// Does a step again as long as there is work; then waits for a wake or the pause.
pub(crate) async fn every<F, W>(
    name: &'static str,
    pause: Duration,
    wake: Option<&Notify>,
    cancel: &CancellationToken,
    step: F,
) where
    F: Fn() -> W,
    W: Future<Output = Result<usize, Error>>,
{
    while !cancel.is_cancelled() {
        match step().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => failed(name, &error),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(pause) => {}
            () = woken(wake) => {}
        }
    }
}

/// Does a step once in every pause, whatever it found to do.
pub(crate) async fn periodic<F, W>(name: &'static str, pause: Duration, cancel: &CancellationToken, step: F)
where
    F: Fn() -> W,
    W: Future<Output = Result<usize, Error>>,
{
    every(name, pause, None, cancel, || async { step().await.map(|_| 0) }).await;
}

fn failed(name: &'static str, error: &Error) {
    metrics::counter!("usance_worker_failures_total", "worker" => name).increment(1);
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(worker = name, %error, ?cause, "worker step failed");
}

async fn woken(wake: Option<&Notify>) {
    match wake {
        Some(wake) => wake.notified().await,
        None => std::future::pending().await,
    }
}

impl Aggregator {
    /// Does all work that is due now, without pauses; for tests and for `advance the clock` in development.
    pub async fn tick_all(&self) -> Result<(), Error> {
        self.close_overdue().await?;
        self.expire_requests().await?;
        self.advance_identities().await?;
        for _ in 0..ROUNDS {
            let applied = self.apply_final_events().await? + self.follow_venues(false).await?;
            self.advance_settlements(false).await?;
            let delivered = self.deliver_events().await?;
            if applied + delivered == 0 {
                break;
            }
        }
        self.mark_delinquent().await?;
        self.keep(false).await?;
        self.give_notices().await?;
        self.deliver_events().await?;
        self.flush_audit_notes().await?;
        while self.sequence_audit().await? > 0 {}
        self.sign_audit(true).await?;
        self.anchor_audit(true).await?;
        Ok(())
    }
}

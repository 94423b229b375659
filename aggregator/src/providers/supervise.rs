//! Suspends lenders that fail and brings them back by probation. Any process may do it, several at once: a verdict holds for the
//! revision that it was found for, and only the first that commits it counts.

use chrono::{DateTime, Utc};
use domain::ids::ProviderId;
use domain::provider::{Cause, HealthWindow, Probation, ProviderState};

use super::{KEPT, on_probation};
use crate::Aggregator;
use crate::api::Error;
use crate::store::providers::{self as rows, ProviderRow, Suspension};

/// Who changes a lender when it is the rules.
const SUPERVISOR: &str = "supervisor";

/// What the rules want.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    Suspend(Cause),
    Lift,
    Restart(Cause),
}

impl Aggregator {
    /// Looks at the written health of every lender and does what the rules say; answers how many lenders changed.
    pub async fn supervise_providers(&self) -> Result<usize, Error> {
        let rules = &self.world.settings.provider_rules;
        if !self.providers.is_listed() || !rules.automatic {
            return Ok(0);
        }
        let now = self.world.clock.now();
        let since = now - chrono::Duration::minutes(i64::from(rules.window_minutes));
        let mut conn = self.world.db.acquire().await?;
        let lenders = rows::all(&mut conn).await?;
        let seen = rows::health_since(&mut conn, since).await?;
        let mut verdicts = Vec::new();
        for row in &lenders {
            let verdict = match (row.state, row.suspension) {
                (ProviderState::Live, _) => {
                    let mut window = HealthWindow::default();
                    let of_it = seen
                        .iter()
                        .filter(|s| s.provider == row.id && s.revision == row.revision);
                    of_it.for_each(|s| window.add(&s.figures));
                    rules.judge(&window).map(Verdict::Suspend)
                }
                (_, Some(Suspension::Supervisor { cause, .. })) if on_probation(row.suspension, now) => {
                    let beginning = now - KEPT;
                    let window = rows::health_of(&mut conn, &row.id, beginning, Some(row.revision)).await?;
                    match rules.probation(cause, &window) {
                        Probation::Wait => None,
                        Probation::Lift => Some(Verdict::Lift),
                        Probation::Restart => Some(Verdict::Restart(cause)),
                    }
                }
                _ => None,
            };
            verdicts.extend(verdict.map(|verdict| (row.id.clone(), row.revision, verdict)));
        }
        drop(conn);
        let mut changed = 0;
        for (id, revision, verdict) in verdicts {
            changed += usize::from(self.carry_out(&id, revision, verdict).await?);
        }
        if changed > 0 {
            self.refresh_providers().await?;
        }
        Ok(changed)
    }

    /// Commits the verdict if the lender is still at the revision that it was found for.
    async fn carry_out(&self, id: &ProviderId, revision: i32, verdict: Verdict) -> Result<bool, Error> {
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        if !rows::hold(&mut tx, id).await? {
            return Ok(false);
        }
        let Some(mut row) = rows::one(&mut tx, id).await?.filter(|row| row.revision == revision) else {
            return Ok(false);
        };
        let from = row.state;
        let kind = self.apply(&mut row, verdict, now);
        row.revision += 1;
        SUPERVISOR.clone_into(&mut row.changed_by);
        row.changed_at = now;
        rows::update(&mut tx, &row).await?;
        self.record_change(&mut tx, &row, kind, Some(from)).await?;
        fail::fail_point!("providers::before_verdict_commit");
        tx.commit().await?;
        self.wake.events.notify_one();
        if let Verdict::Suspend(cause) | Verdict::Restart(cause) = verdict {
            tracing::warn!(provider = %id, cause = cause.as_str(), "a lender is suspended by the rules");
        }
        Ok(true)
    }

    fn apply(&self, row: &mut ProviderRow, verdict: Verdict, now: DateTime<Utc>) -> &'static str {
        let failed = row.failed.saturating_add(1);
        let mut suspend = |cause: Cause, failed: u32, reason: &str| {
            let probation_at = now + self.world.settings.provider_rules.pause(failed);
            row.suspension = Some(Suspension::Supervisor { cause, probation_at });
            (row.state, row.failed) = (ProviderState::Suspended, failed);
            reason.clone_into(&mut row.reason);
        };
        match verdict {
            Verdict::Suspend(cause) => {
                suspend(cause, 0, cause.text());
                "ProviderSuspended"
            }
            Verdict::Restart(cause) => {
                suspend(cause, failed, "it failed on probation");
                "ProviderProbationFailed"
            }
            Verdict::Lift => {
                (row.state, row.suspension, row.failed) = (ProviderState::Live, None, 0);
                "it answered well on probation".clone_into(&mut row.reason);
                "ProviderResumed"
            }
        }
    }
}

//! Lenders in the registry: who is asked, what became of it, and who decides about that.
//!
//! The registry stands in the database. Each process keeps what it needs of it in memory and reads it anew every second, so a
//! suspension reaches every process within that time; accepting a quote looks at the database itself.

pub mod conformance;
mod health;
mod listing;
mod officer;
mod supervise;
#[cfg(test)]
mod tests;
mod views;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Reason;
use domain::ids::{ProviderId, RequestId};
use domain::ports::LenderControls;
use domain::provider::{Limits, ProviderState, SuspensionRules};
use domain::quote::{Loser, LoserKind};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

pub(crate) use self::health::Asked;
use self::health::Recorder;
use crate::Aggregator;
use crate::api::Error;
use crate::events::{Event, append};
use crate::store::providers::{self as rows, ProviderRow, Suspension};
use crate::workers::periodic;

pub use views::{ChangeView, HealthView, ProviderView, SuspendedBy, SuspensionView, VersionView};

/// Pause between two readings of the registry.
const REFRESH: Duration = Duration::from_secs(1);
/// Pause between two writings of health, and two looks for who is to be suspended or brought back.
const LOOK: Duration = Duration::from_secs(5);
/// How long health is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// Windows forgotten at a time.
const AT_ONCE: i64 = 10_000;

/// The registry as this process knows it.
#[derive(Default)]
pub(crate) struct Registry {
    /// None until the lenders were listed: a process without a registry asks everybody.
    known: RwLock<Option<HashMap<ProviderId, Known>>>,
    controls: OnceLock<Arc<dyn LenderControls>>,
    recorder: Recorder,
}

/// What is known of one lender.
#[derive(Clone, Copy, Debug)]
struct Known {
    state: ProviderState,
    suspension: Option<Suspension>,
    revision: i32,
    limits: Limits,
}

impl Known {
    fn of(row: &ProviderRow) -> Self {
        Self {
            state: row.state,
            suspension: row.suspension,
            revision: row.revision,
            limits: row.limits,
        }
    }
}

/// Whether a lender is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes.
    Asked,
    /// No, and the borrower is told.
    Suspended,
    /// No: to borrowers it does not exist.
    Hidden,
}

impl Registry {
    /// Whether that lender is asked about that request. Lenders that are not live are asked by nobody, test tenants included:
    /// they are tried by the conformance kit.
    pub(crate) fn admission(
        &self,
        id: &ProviderId,
        request: RequestId,
        (rules, now): (&SuspensionRules, DateTime<Utc>),
    ) -> Admission {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(all) = known.as_ref() else {
            return Admission::Asked;
        };
        match all.get(id).map(|known| (known.state, known.suspension)) {
            Some((ProviderState::Live, _)) => Admission::Asked,
            Some((ProviderState::Suspended, suspension)) => {
                if on_probation(suspension, now) && rules.lets_through(request) {
                    Admission::Asked
                } else {
                    Admission::Suspended
                }
            }
            Some((ProviderState::Draft | ProviderState::Testing | ProviderState::Certified, _)) | None => {
                Admission::Hidden
            }
        }
    }

    /// Whether a lender lends now: false while it is suspended, none when it does not exist to borrowers.
    pub(crate) fn lends(&self, id: &ProviderId) -> Option<bool> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Some(all) = known.as_ref() else {
            return Some(true);
        };
        match all.get(id)?.state {
            ProviderState::Live => Some(true),
            ProviderState::Suspended => Some(false),
            ProviderState::Draft | ProviderState::Testing | ProviderState::Certified => None,
        }
    }

    /// The lender's revision now: what is seen of it is kept by this. None without a registry.
    pub(crate) fn revision(&self, id: &ProviderId) -> Option<i32> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref()?.get(id).map(|known| known.revision)
    }

    /// A chain has a new block, or lost one: what was quoted on the one before is not answered again.
    pub(crate) fn block(&self, chain_id: u64) {
        if let Some(controls) = self.controls.get() {
            controls.forget_quotes_on(chain_id);
        }
    }

    fn is_listed(&self) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes over what was read; never goes back to an older revision. Answers how many lenders changed.
    fn take_over(&self, read: &[ProviderRow]) -> usize {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let all = known.get_or_insert_default();
        let mut changed = 0;
        for row in read {
            let new = Known::of(row);
            let old = all.get(&row.id).copied();
            if old.is_some_and(|old| old.revision >= new.revision) {
                continue;
            }
            all.insert(row.id.clone(), new);
            changed += 1;
            if let Some(controls) = self.controls.get() {
                controls.forget_quotes(&row.id);
                if old.is_none_or(|old| old.limits != new.limits) {
                    controls.limit(&row.id, new.limits);
                }
            }
        }
        changed
    }
}

/// Suspended without a person, and the pause is over.
fn on_probation(suspension: Option<Suspension>, now: DateTime<Utc>) -> bool {
    matches!(suspension, Some(Suspension::Supervisor { probation_at, .. }) if probation_at <= now)
}

/// What a borrower is told of a suspended lender.
pub(crate) fn suspended(provider: &ProviderId) -> Loser {
    let reason = Reason::new("PROVIDER_SUSPENDED", "This lender is not asked at the moment.");
    Loser {
        provider: provider.clone(),
        kind: LoserKind::Unavailable,
        reasons: vec![reason],
    }
}

/// Whether a quote of that lender may still be accepted, by the database.
pub(crate) async fn check_acceptable(
    conn: &mut PgConnection,
    provider: &ProviderId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(row) = rows::one(conn, provider).await? else {
        return Ok(());
    };
    if row.state == ProviderState::Live || on_probation(row.suspension, now) {
        return Ok(());
    }
    let text = "This lender is suspended at the moment; accept another quote or ask again later.";
    Err(Error::refused("PROVIDER_SUSPENDED", text, Some("quoteId")))
}

impl Aggregator {
    /// Reads the registry and takes over what changed; answers how many lenders did. Nothing happens before the lenders were
    /// listed.
    pub async fn refresh_providers(&self) -> Result<usize, Error> {
        if !self.providers.is_listed() {
            return Ok(0);
        }
        let mut conn = self.world.db.acquire().await?;
        let read = rows::all(&mut conn).await?;
        Ok(self.providers.take_over(&read))
    }

    /// Writes a change with its history and its event, in the caller's transaction. The row has its new revision.
    async fn record_change(
        &self,
        conn: &mut PgConnection,
        row: &ProviderRow,
        kind: &'static str,
        from: Option<ProviderState>,
    ) -> Result<(), Error> {
        rows::add_change(conn, row, kind, from).await?;
        let cause = match row.suspension {
            Some(Suspension::Supervisor { cause, .. }) => Some(cause.as_str()),
            Some(Suspension::Officer) | None => None,
        };
        let payload = serde_json::json!({
            "provider": row.id, "state": row.state.as_str(), "from": from.map(ProviderState::as_str),
            "version": row.version, "revision": row.revision, "cause": cause, "by": row.changed_by,
        });
        let event = Event {
            aggregate: "provider",
            aggregate_id: row.uid,
            version: row.revision,
            kind,
            payload,
        };
        append(conn, &self.world, &[event]).await?;
        let object = ::audit::Object::of(::audit::Code::of("provider"), row.uid);
        let actor = crate::audit::deeds::named(&row.changed_by);
        let record = ::audit::Record::new(crate::audit::PLATFORM, actor, ::audit::Code::of(kind), object);
        let record = record.decided(::audit::Code::of(row.state.as_str()));
        crate::audit::record(conn, &self.world, record).await?;
        metrics::counter!("usance_provider_changes_total", "provider" => row.id.to_string(), "kind" => kind)
            .increment(1);
        tracing::info!(provider = %row.id, kind, state = row.state.as_str(), version = row.version, revision = row.revision,
            by = row.changed_by, "a lender changed in the registry");
        Ok(())
    }
}

/// Runs until cancelled, in every process: reads the registry, writes health, suspends and brings back.
pub async fn run(aggregator: Arc<Aggregator>, cancel: CancellationToken) {
    let a = &aggregator;
    tokio::join!(
        periodic("registry", REFRESH, &cancel, || a.refresh_providers()),
        periodic("health", LOOK, &cancel, || async {
            a.flush_health().await?;
            a.supervise_providers().await
        }),
        periodic("health purge", Duration::from_mins(10), &cancel, || a.forget_health()),
    );
}

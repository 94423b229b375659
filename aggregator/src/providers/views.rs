//! Lenders as officers see them, and as a lender sees itself.

use chrono::{DateTime, Utc};
use domain::ids::ProviderId;
use domain::provider::{CallResult, Cause, HealthWindow, Limits, ProviderState};
use serde::{Deserialize, Serialize};

use crate::store::providers::{ProviderRow, Suspension};

/// Who suspended a lender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SuspendedBy {
    /// A person: only a person brings it back.
    Officer,
    /// The rules: probation brings it back.
    Supervisor,
}

impl SuspendedBy {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "OFFICER",
            Self::Supervisor => "SUPERVISOR",
        }
    }
}

/// A suspension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspensionView {
    /// By whom.
    pub by: SuspendedBy,
    /// Why, when it was the rules.
    pub cause: Option<Cause>,
    /// When a share of the requests is let through again, when it was the rules.
    pub probation_at: Option<DateTime<Utc>>,
}

/// A lender of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Operator-given name.
    pub id: ProviderId,
    /// Name for people.
    pub name: String,
    /// Level or kind: `protocol`, `manifest`, `desk`, …
    pub kind: String,
    /// State.
    pub state: ProviderState,
    /// Current version of its configuration.
    pub version: i32,
    /// Number of changes so far.
    pub revision: i32,
    /// Who keeps it suspended.
    pub suspension: Option<SuspensionView>,
    /// Limits in force.
    pub limits: Limits,
    /// SHA-256 of the current configuration, hex.
    pub config_sha256: String,
    /// Whether the process that answers has it among its lenders.
    pub configured: bool,
    /// Why it changed last.
    pub reason: String,
    /// Who changed it last: `configuration`, `supervisor`, or a principal's id.
    pub changed_by: String,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// When it was listed.
    pub created_at: DateTime<Utc>,
}

impl ProviderView {
    pub(super) fn of(row: ProviderRow, configured: bool) -> Self {
        let suspension = row.suspension.map(|suspension| match suspension {
            Suspension::Officer => SuspensionView {
                by: SuspendedBy::Officer,
                cause: None,
                probation_at: None,
            },
            Suspension::Supervisor { cause, probation_at } => SuspensionView {
                by: SuspendedBy::Supervisor,
                cause: Some(cause),
                probation_at: Some(probation_at),
            },
        });
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            state: row.state,
            version: row.version,
            revision: row.revision,
            suspension,
            limits: row.limits,
            config_sha256: hex::encode(row.config_sha256),
            configured,
            reason: row.reason,
            changed_by: row.changed_by,
            changed_at: row.changed_at,
            created_at: row.created_at,
        }
    }
}

/// One change of a lender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    /// From 1, without a gap.
    pub revision: i32,
    /// What happened; the kind of its event.
    pub kind: String,
    /// State before; none at the beginning.
    pub from: Option<ProviderState>,
    /// State after.
    pub to: ProviderState,
    /// Version of the configuration after.
    pub version: i32,
    /// Why.
    pub reason: String,
    /// By whom: `configuration`, `supervisor`, or a principal's id.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// One version of a lender's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// From 1, without a gap.
    pub number: i32,
    /// The configuration; secrets are references.
    pub config: serde_json::Value,
    /// SHA-256 of its stored text, hex.
    pub config_sha256: String,
    /// Limits.
    pub limits: Limits,
    /// By whom.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// How a lender did in the last minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthView {
    /// How many minutes.
    pub minutes: u32,
    /// Questions.
    pub calls: u64,
    /// Of them those that the lender failed.
    pub errors: u64,
    /// Questions by what they came to; none that is zero.
    pub results: Vec<(CallResult, u64)>,
    /// Median time until the answer, microseconds, to within 1/64.
    pub p50_micros: Option<i64>,
    /// 99th percentile of it.
    pub p99_micros: Option<i64>,
    /// Quotes shown.
    pub quotes: u64,
    /// Of them with a wrong APR.
    pub misdeclared: u64,
    /// Of them accepted by borrowers.
    pub accepted: u64,
    /// Median of declared less verified APR, parts per million, to within 1/64.
    pub apr_gap_median_ppm: Option<i64>,
    /// The gap farthest from zero, exact.
    pub apr_gap_worst_ppm: Option<i64>,
    /// Acceptances handed to the lender.
    pub accept_calls: u64,
    /// Of them with an unknown outcome.
    pub accept_failures: u64,
    /// Last good answer of the last seven days.
    pub last_good: Option<DateTime<Utc>>,
}

impl HealthView {
    pub(super) fn of(minutes: u32, window: &HealthWindow) -> Self {
        Self {
            minutes,
            calls: window.calls.values().sum(),
            errors: window.errors(),
            results: window.calls.iter().map(|(result, count)| (*result, *count)).collect(),
            p50_micros: window.latency.quantile(500),
            p99_micros: window.latency.quantile(990),
            quotes: window.quotes,
            misdeclared: window.misdeclared,
            accepted: window.accepted,
            apr_gap_median_ppm: window.apr_gap.quantile(500),
            apr_gap_worst_ppm: (window.apr_gap.count() > 0).then_some(window.worst_apr_gap),
            accept_calls: window.accept_calls,
            accept_failures: window.accept_failures,
            last_good: window.last_good,
        }
    }
}

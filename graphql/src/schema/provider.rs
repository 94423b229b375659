//! Lenders in the registry, for officers and for the lender itself.

use aggregator::Error;
use aggregator::providers::{ChangeView, HealthView, ProviderView, VersionView};
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::ProviderId;
use domain::provider::Limits;
use serde::Deserialize;
use uuid::Uuid;

use super::value::{JsonOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// Life of a lender in the registry. Only a live one is asked for quotes.
    ProviderStatus = "domain::provider::ProviderState" {
        /// Known, nothing checked.
        Draft,
        /// Being checked; not asked.
        Testing,
        /// Passed; not asked until an officer lets it go live.
        Certified,
        /// Asked.
        Live,
        /// Not asked for now. What it granted goes on.
        Suspended,
    }
}
mirror! {
    /// Who suspended a lender.
    SuspensionActor = "aggregator::providers::SuspendedBy" {
        /// A person: only a person brings it back.
        Officer,
        /// The rules: probation brings it back.
        Supervisor,
    }
}
mirror! {
    /// Why the rules suspended a lender.
    SuspensionCause = "domain::provider::Cause" {
        /// Too large a share of its answers failed.
        Errors,
        /// It declares another APR than its cash flows have, again and again.
        AprMisdeclared,
        /// Its answers are not signed by it.
        Signatures,
    }
}
mirror! {
    /// What a question to a lender came to.
    ProviderCallResult = "domain::provider::CallResult" {
        /// Offers, all usable.
        Offered,
        /// A decline.
        Declined,
        /// No answer in time.
        Late,
        /// Not reachable or broken.
        Unavailable,
        /// A limit: theirs or ours.
        RateLimited,
        /// It refuses us.
        Refused,
        /// It does not do this.
        Unsupported,
        /// The answer did not make sense.
        Malformed,
        /// Not signed by the lender.
        Signature,
    }
}

/// How much a lender is asked at once.
#[derive(SimpleObject, InputObject, Deserialize, Clone, Copy, Debug)]
#[graphql(name = "ProviderLimits", input_name = "ProviderLimitsInput")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LimitsOut {
    /// Quote calls at the same time, 1 to 10,000.
    max_concurrent: u32,
    /// Quote calls that may wait for a place, 0 to 10,000; more are refused.
    max_waiting: u32,
    /// Accept, status and cancel calls at the same time, 1 to 10,000.
    max_concurrent_money: u32,
    /// Quote calls a second, 1 to 1,000,000.
    quotes_per_second: u32,
    /// Quote calls at once after a pause, 1 to 1,000,000.
    burst: u32,
}

impl From<Limits> for LimitsOut {
    fn from(limits: Limits) -> Self {
        Self {
            max_concurrent: limits.max_concurrent,
            max_waiting: limits.max_waiting,
            max_concurrent_money: limits.max_concurrent_money,
            quotes_per_second: limits.quotes_per_second,
            burst: limits.burst,
        }
    }
}

impl From<LimitsOut> for Limits {
    fn from(limits: LimitsOut) -> Self {
        Self {
            max_concurrent: limits.max_concurrent,
            max_waiting: limits.max_waiting,
            max_concurrent_money: limits.max_concurrent_money,
            quotes_per_second: limits.quotes_per_second,
            burst: limits.burst,
        }
    }
}

/// A suspension.
#[derive(SimpleObject, Clone, Copy, Debug)]
#[graphql(name = "ProviderSuspension")]
pub struct SuspensionOut {
    /// By whom.
    by: SuspensionActor,
    /// Why, when it was the rules.
    cause: Option<SuspensionCause>,
    /// When a share of the requests is let through again, when it was the rules.
    probation_at: Option<DateTime<Utc>>,
}

/// Who changed a lender: `configuration`, `supervisor`, or a principal's id.
fn actor(by: &str) -> String {
    Uuid::parse_str(by).map_or_else(|_| by.to_owned(), |id| encode(Kind::Principal, id))
}

/// A lender of the registry.
#[derive(Clone, Debug)]
pub struct ProviderOut(pub ProviderView);

#[Object(name = "Provider")]
impl ProviderOut {
    /// Operator-given name.
    async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }

    /// Name for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Level or kind: `protocol`, `manifest`, `desk`, …
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// State.
    async fn state(&self) -> ProviderStatus {
        self.0.state.into()
    }

    /// Current version of its configuration.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Number of changes so far.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// Who keeps it suspended.
    async fn suspension(&self) -> Option<SuspensionOut> {
        self.0.suspension.map(|suspension| SuspensionOut {
            by: suspension.by.into(),
            cause: suspension.cause.map(Into::into),
            probation_at: suspension.probation_at,
        })
    }

    /// Limits in force.
    async fn limits(&self) -> LimitsOut {
        self.0.limits.into()
    }

    /// SHA-256 of the current configuration, hex.
    async fn config_sha256(&self) -> &str {
        &self.0.config_sha256
    }

    /// Whether the process that answers has it among its lenders.
    async fn configured(&self) -> bool {
        self.0.configured
    }

    /// Why it changed last.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Who changed it last: `configuration`, `supervisor`, or a principal's id.
    async fn changed_by(&self) -> String {
        actor(&self.0.changed_by)
    }

    /// When it changed last.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
    }

    /// When it was listed.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// How it did in the last minutes, 1 to 10,080; an hour when left out. At most five seconds behind.
    #[graphql(complexity = "100 + child_complexity")]
    async fn health(&self, ctx: &Context<'_>, minutes: Option<u32>) -> Result<HealthOut> {
        let read = api(ctx)?
            .aggregator
            .provider_health(caller(ctx)?, &self.0.id, minutes.unwrap_or(60));
        Ok(Box::pin(read).await.map_err(fail)?.into())
    }

    /// The last changes, newest first; 20 when left out, at most 100.
    #[graphql(complexity = "100 + first.unwrap_or(20) as usize * child_complexity")]
    async fn history(&self, ctx: &Context<'_>, first: Option<u32>) -> Result<Vec<ChangeOut>> {
        let read = api(ctx)?
            .aggregator
            .provider_history(caller(ctx)?, &self.0.id, first.unwrap_or(20));
        Ok(Box::pin(read)
            .await
            .map_err(fail)?
            .into_iter()
            .map(Into::into)
            .collect())
    }

    /// The last versions of its configuration, newest first; 20 when left out, at most 100.
    #[graphql(complexity = "100 + first.unwrap_or(20) as usize * child_complexity")]
    async fn versions(&self, ctx: &Context<'_>, first: Option<u32>) -> Result<Vec<VersionOut>> {
        let read = api(ctx)?
            .aggregator
            .provider_versions(caller(ctx)?, &self.0.id, first.unwrap_or(20));
        Ok(Box::pin(read)
            .await
            .map_err(fail)?
            .into_iter()
            .map(Into::into)
            .collect())
    }
}

/// A change of a lender.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ProviderChange")]
pub struct ChangeOut {
    /// From 1, without a gap.
    revision: i32,
    /// What happened; the kind of its event.
    kind: String,
    /// State before; null at the beginning.
    from: Option<ProviderStatus>,
    /// State after.
    to: ProviderStatus,
    /// Version of the configuration after.
    version: i32,
    /// Why.
    reason: String,
    /// By whom: `configuration`, `supervisor`, or a principal's id.
    by: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<ChangeView> for ChangeOut {
    fn from(change: ChangeView) -> Self {
        Self {
            revision: change.revision,
            kind: change.kind,
            from: change.from.map(Into::into),
            to: change.to.into(),
            version: change.version,
            reason: change.reason,
            by: actor(&change.by),
            at: change.at,
        }
    }
}

/// A version of a lender's configuration.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ProviderVersion")]
pub struct VersionOut {
    /// From 1, without a gap.
    number: i32,
    /// The configuration; secrets are references.
    config: JsonOut,
    /// SHA-256 of its stored text, hex.
    config_sha256: String,
    /// Limits.
    limits: LimitsOut,
    /// By whom: `configuration` or a principal's id.
    by: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<VersionView> for VersionOut {
    fn from(version: VersionView) -> Self {
        Self {
            number: version.number,
            config: Json(version.config),
            config_sha256: version.config_sha256,
            limits: version.limits.into(),
            by: actor(&version.by),
            at: version.at,
        }
    }
}

/// Questions of one result.
#[derive(SimpleObject, Clone, Copy, Debug)]
#[graphql(name = "ProviderCallCount")]
pub struct CallCountOut {
    /// What they came to.
    result: ProviderCallResult,
    /// How many.
    count: u64,
}

/// How a lender did.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ProviderHealth")]
pub struct HealthOut {
    /// In how many last minutes.
    minutes: u32,
    /// Questions.
    calls: u64,
    /// Of them those that the lender failed.
    errors: u64,
    /// Questions by what they came to.
    results: Vec<CallCountOut>,
    /// Median time until the answer, milliseconds with three decimals, to within 1/64 of itself.
    p50_ms: Option<String>,
    /// 99th percentile of it.
    p99_ms: Option<String>,
    /// Quotes shown.
    quotes: u64,
    /// Of them with a wrong APR.
    misdeclared: u64,
    /// Of them accepted by borrowers.
    accepted: u64,
    /// Median of declared less verified APR, parts per million, to within 1/64 of itself.
    apr_gap_median_ppm: Option<String>,
    /// The gap farthest from zero, parts per million, exact.
    apr_gap_worst_ppm: Option<String>,
    /// Acceptances handed to the lender.
    accept_calls: u64,
    /// Of them with an unknown outcome.
    accept_failures: u64,
    /// Last good answer of the last seven days.
    last_good: Option<DateTime<Utc>>,
}

impl From<HealthView> for HealthOut {
    fn from(health: HealthView) -> Self {
        let ms = |micros: i64| format!("{}.{:03}", micros / 1_000, micros % 1_000);
        let count = |(result, count): (domain::provider::CallResult, u64)| CallCountOut {
            result: result.into(),
            count,
        };
        Self {
            minutes: health.minutes,
            calls: health.calls,
            errors: health.errors,
            results: health.results.into_iter().map(count).collect(),
            p50_ms: health.p50_micros.map(ms),
            p99_ms: health.p99_micros.map(ms),
            quotes: health.quotes,
            misdeclared: health.misdeclared,
            accepted: health.accepted,
            apr_gap_median_ppm: health.apr_gap_median_ppm.map(|ppm| ppm.to_string()),
            apr_gap_worst_ppm: health.apr_gap_worst_ppm.map(|ppm| ppm.to_string()),
            accept_calls: health.accept_calls,
            accept_failures: health.accept_failures,
            last_good: health.last_good,
        }
    }
}

/// The name of a lender; what is not one names no lender.
pub(super) fn provider_id(id: &str) -> std::result::Result<ProviderId, Error> {
    id.parse().map_err(|_| Error::NotFound)
}

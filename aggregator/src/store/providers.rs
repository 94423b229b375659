//! Schema `providers`.

mod conformance;

pub(crate) use conformance::*;

use chrono::{DateTime, Utc};
use domain::ids::ProviderId;
use domain::provider::{Cause, HealthWindow, Limits, ProviderState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::providers::{ChangeView, SuspendedBy, VersionView};
use crate::store::{Unreadable, corrupt, from_json, to_json};

/// Who keeps a lender suspended, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspension {
    Officer,
    Supervisor { cause: Cause, probation_at: DateTime<Utc> },
}

/// A lender of the registry.
#[derive(Clone, Debug)]
pub(crate) struct ProviderRow {
    pub id: ProviderId,
    pub uid: Uuid,
    pub name: String,
    pub kind: String,
    pub state: ProviderState,
    pub version: i32,
    pub revision: i32,
    pub suspension: Option<Suspension>,
    pub failed: u32,
    pub reason: String,
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub config_sha256: Vec<u8>,
    pub limits: Limits,
}

struct Raw {
    id: String,
    uid: Uuid,
    name: String,
    kind: String,
    state: String,
    version: i32,
    revision: i32,
    suspended_by: Option<String>,
    cause: Option<String>,
    probation_at: Option<DateTime<Utc>>,
    failed: i32,
    reason: String,
    changed_by: String,
    changed_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    config_sha256: Vec<u8>,
    limits: String,
}

impl TryFrom<Raw> for ProviderRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let suspension = match (raw.suspended_by.as_deref(), raw.cause, raw.probation_at) {
            (None, ..) => None,
            (Some("OFFICER"), ..) => Some(Suspension::Officer),
            (Some(_), Some(cause), Some(probation_at)) => Some(Suspension::Supervisor {
                cause: Cause::parse(&cause).ok_or_else(|| corrupt(Unreadable("cause")))?,
                probation_at,
            }),
            _ => return Err(corrupt(Unreadable("suspension"))),
        };
        Ok(Self {
            id: raw.id.parse().map_err(corrupt)?,
            uid: raw.uid,
            name: raw.name,
            kind: raw.kind,
            state: ProviderState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("provider state")))?,
            version: raw.version,
            revision: raw.revision,
            suspension,
            failed: u32::try_from(raw.failed).map_err(corrupt)?,
            reason: raw.reason,
            changed_by: raw.changed_by,
            changed_at: raw.changed_at,
            created_at: raw.created_at,
            config_sha256: raw.config_sha256,
            limits: from_json(&raw.limits)?,
        })
    }
}

/// Every lender that was ever listed, by name.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<ProviderRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        "select p.id, p.uid, p.name, p.kind, p.state, p.version, p.revision, p.suspended_by, p.cause, p.probation_at,
                p.failed, p.reason, p.changed_by, p.changed_at, p.created_at, v.config_sha256, v.limits
         from providers.provider p join providers.version v on v.provider_id = p.id and v.number = p.version
         order by p.id"
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ProviderRow::try_from).collect()
}

/// One lender.
pub(crate) async fn one(conn: &mut PgConnection, id: &ProviderId) -> Result<Option<ProviderRow>, Error> {
    let row = sqlx::query_as!(
        Raw,
        "select p.id, p.uid, p.name, p.kind, p.state, p.version, p.revision, p.suspended_by, p.cause, p.probation_at,
                p.failed, p.reason, p.changed_by, p.changed_at, p.created_at, v.config_sha256, v.limits
         from providers.provider p join providers.version v on v.provider_id = p.id and v.number = p.version
         where p.id = $1",
        id.as_str()
    )
    .fetch_optional(conn)
    .await?;
    row.map(ProviderRow::try_from).transpose()
}

/// Holds a lender until the end of the transaction; false when it is not listed.
pub(crate) async fn hold(conn: &mut PgConnection, id: &ProviderId) -> Result<bool, Error> {
    let held = sqlx::query_scalar!("select 1 from providers.provider where id = $1 for update", id.as_str());
    Ok(held.fetch_optional(conn).await?.is_some())
}

/// Lists a lender with its first revision; false when it is listed already.
pub(crate) async fn list(conn: &mut PgConnection, row: &ProviderRow) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into providers.provider
             (id, uid, name, kind, state, version, revision, reason, changed_by, changed_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (id) do nothing",
        row.id.as_str(),
        row.uid,
        row.name,
        row.kind,
        row.state.as_str(),
        row.version,
        row.revision,
        row.reason,
        row.changed_by,
        row.changed_at,
        row.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a changed lender; the caller holds it.
pub(crate) async fn update(conn: &mut PgConnection, row: &ProviderRow) -> Result<(), Error> {
    let (by, cause, probation_at) = match row.suspension {
        None => (None, None, None),
        Some(Suspension::Officer) => (Some(SuspendedBy::Officer), None, None),
        Some(Suspension::Supervisor { cause, probation_at }) => {
            (Some(SuspendedBy::Supervisor), Some(cause), Some(probation_at))
        }
    };
    sqlx::query!(
        "update providers.provider
         set name = $2, kind = $3, state = $4, version = $5, revision = $6, suspended_by = $7, cause = $8,
             probation_at = $9, failed = $10, reason = $11, changed_by = $12, changed_at = $13
         where id = $1",
        row.id.as_str(),
        row.name,
        row.kind,
        row.state.as_str(),
        row.version,
        row.revision,
        by.map(SuspendedBy::as_str),
        cause.map(Cause::as_str),
        probation_at,
        i32::try_from(row.failed).unwrap_or(i32::MAX),
        row.reason,
        row.changed_by,
        row.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds the version that the lender's row names.
pub(crate) async fn add_version(conn: &mut PgConnection, row: &ProviderRow, config: &str) -> Result<(), Error> {
    sqlx::query!(
        "insert into providers.version (provider_id, number, config, config_sha256, limits, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        row.id.as_str(),
        row.version,
        config,
        row.config_sha256,
        to_json(&row.limits)?,
        row.changed_by,
        row.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The configuration of a version.
pub(crate) async fn config(conn: &mut PgConnection, id: &ProviderId, number: i32) -> Result<Option<String>, Error> {
    let found = sqlx::query_scalar!(
        "select config from providers.version where provider_id = $1 and number = $2",
        id.as_str(),
        number
    );
    Ok(found.fetch_optional(conn).await?)
}

/// Adds the history of the lender's revision.
pub(crate) async fn add_change(
    conn: &mut PgConnection,
    row: &ProviderRow,
    kind: &str,
    from: Option<ProviderState>,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into providers.change
             (provider_id, revision, kind, from_state, to_state, version, reason, changed_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id.as_str(),
        row.revision,
        kind,
        from.map(ProviderState::as_str),
        row.state.as_str(),
        row.version,
        row.reason,
        row.changed_by,
        row.changed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Changes of a lender, newest first.
pub(crate) async fn changes(conn: &mut PgConnection, id: &ProviderId, limit: i64) -> Result<Vec<ChangeView>, Error> {
    let rows = sqlx::query!(
        "select revision, kind, from_state, to_state, version, reason, changed_by, changed_at
         from providers.change where provider_id = $1 order by revision desc limit $2",
        id.as_str(),
        limit
    )
    .fetch_all(conn)
    .await?;
    let state = |text: &str| ProviderState::parse(text).ok_or_else(|| corrupt(Unreadable("provider state")));
    let change = rows.into_iter().map(|row| {
        Ok(ChangeView {
            revision: row.revision,
            kind: row.kind,
            from: row.from_state.as_deref().map(state).transpose()?,
            to: state(&row.to_state)?,
            version: row.version,
            reason: row.reason,
            by: row.changed_by,
            at: row.changed_at,
        })
    });
    change.collect()
}

/// Versions of a lender, newest first.
pub(crate) async fn versions(conn: &mut PgConnection, id: &ProviderId, limit: i64) -> Result<Vec<VersionView>, Error> {
    let rows = sqlx::query!(
        "select number, config, config_sha256, limits, made_by, made_at
         from providers.version where provider_id = $1 order by number desc limit $2",
        id.as_str(),
        limit
    )
    .fetch_all(conn)
    .await?;
    let version = rows.into_iter().map(|row| {
        Ok(VersionView {
            number: row.number,
            config: from_json(&row.config)?,
            config_sha256: hex::encode(row.config_sha256),
            limits: from_json(&row.limits)?,
            by: row.made_by,
            at: row.made_at,
        })
    });
    version.collect()
}

/// What a process saw of a lender in one minute of one revision.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub provider: ProviderId,
    pub revision: i32,
    pub started_at: DateTime<Utc>,
    pub figures: HealthWindow,
}

/// Writes windows of a process. Writing one again replaces it.
pub(crate) async fn put_health(conn: &mut PgConnection, process: Uuid, seen: &[Seen]) -> Result<(), Error> {
    let providers: Vec<String> = seen.iter().map(|s| s.provider.as_str().to_owned()).collect();
    let revisions: Vec<i32> = seen.iter().map(|s| s.revision).collect();
    let starts: Vec<DateTime<Utc>> = seen.iter().map(|s| s.started_at).collect();
    let figures = seen
        .iter()
        .map(|s| to_json(&s.figures))
        .collect::<Result<Vec<_>, _>>()?;
    let good: Vec<Option<DateTime<Utc>>> = seen.iter().map(|s| s.figures.last_good).collect();
    sqlx::query!(
        "insert into providers.health (provider_id, process_id, revision, started_at, figures, last_good)
         select provider_id, $1, revision, started_at, figures, last_good
         from unnest($2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::timestamptz[])
              as h (provider_id, revision, started_at, figures, last_good)
         on conflict (provider_id, started_at, revision, process_id)
         do update set figures = excluded.figures, last_good = excluded.last_good",
        process,
        &providers,
        &revisions,
        &starts,
        &figures,
        &good as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Windows that began at that time or later, of every process.
pub(crate) async fn health_since(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Seen>, Error> {
    let rows = sqlx::query!(
        "select provider_id, revision, started_at, figures from providers.health where started_at >= $1",
        since
    )
    .fetch_all(conn)
    .await?;
    let seen = rows.into_iter().map(|row| {
        Ok(Seen {
            provider: row.provider_id.parse().map_err(corrupt)?,
            revision: row.revision,
            started_at: row.started_at,
            figures: from_json(&row.figures)?,
        })
    });
    seen.collect()
}

/// What one lender did since that time, in one revision or in all; and its last good answer that is remembered.
pub(crate) async fn health_of(
    conn: &mut PgConnection,
    id: &ProviderId,
    since: DateTime<Utc>,
    revision: Option<i32>,
) -> Result<HealthWindow, Error> {
    let rows = sqlx::query_scalar!(
        "select figures from providers.health
         where provider_id = $1 and started_at >= $2 and ($3::int is null or revision = $3)",
        id.as_str(),
        since,
        revision,
    )
    .fetch_all(&mut *conn)
    .await?;
    let last_good = sqlx::query_scalar!(
        "select max(last_good) from providers.health where provider_id = $1",
        id.as_str()
    )
    .fetch_one(conn)
    .await?;
    let mut sum = HealthWindow::default();
    for figures in rows {
        sum.add(&from_json(&figures)?);
    }
    sum.last_good = last_good;
    Ok(sum)
}

/// Forgets windows before that time, at most `limit`; answers how many.
pub(crate) async fn forget_health(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from providers.health where ctid in
             (select ctid from providers.health where started_at < $1 limit $2)",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

//! Whether those who apply are still the people whom the models learned from.
//!
//! Each process counts what it decides, without locks; every minute it writes its counts of the hour, so that windows of days
//! survive restarts and add up over processes. The window of 7 days is compared with each model's baseline; a level that changes
//! is told once, by whichever process sees it first.
#![expect(
    clippy::float_arithmetic,
    reason = "indices of counts become parts per million, never money"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ::risk::drift::{Counts, Index, Level, Report, Watch};
use ::risk::model::Artefact;
use ::risk::{FeatureSet, RiskDecision};
use chrono::{DateTime, Duration, DurationRound, Utc};
use domain::Principal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::models::stored;
use super::{Deed, note};
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check};
use crate::api::Error;
use crate::store::risk::{self as rows, LevelRow};
use crate::store::to_json;

/// Days of the window that alarms look at.
const ALARM_DAYS: u32 = 7;
/// Days of the longest window.
const LONGEST_DAYS: u32 = 28;
/// The score's name among the levels.
const SCORE: &str = "SCORE";

stored! {
    /// What an index says.
    DriftLevel {
        /// Below 0.10.
        Stable = "STABLE",
        /// 0.10 to 0.25: worth a look.
        Look = "LOOK",
        /// 0.25 and above: another population.
        Act = "ACT",
    }
}

/// The level of an index; none when there are too few rows to say anything.
fn level(level: Level) -> Option<DriftLevel> {
    match level {
        Level::TooFew => None,
        Level::Stable => Some(DriftLevel::Stable),
        Level::Watch => Some(DriftLevel::Look),
        Level::Alarm => Some(DriftLevel::Act),
    }
}

/// What a process counts, by model.
#[derive(Debug, Default)]
pub(crate) struct Book {
    models: Mutex<HashMap<[u8; 32], Arc<Counted>>>,
    /// Names what this process counted.
    process: OnceLock<Uuid>,
}

#[derive(Debug)]
struct Counted {
    model: String,
    watch: Watch,
    /// The hour that is counted now, and the counts at its beginning.
    hour: Mutex<(DateTime<Utc>, Counts)>,
}

impl Book {
    /// The counters of a model; none when it has no baseline.
    fn of(&self, artefact: &Artefact, now: DateTime<Utc>) -> Option<Arc<Counted>> {
        let mut all = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = all.get(&artefact.digest()) {
            return Some(Arc::clone(counted));
        }
        let watch = Watch::new(artefact)?;
        let start = (hour(now), watch.counts());
        let counted = Arc::new(Counted {
            model: artefact.name().to_owned(),
            watch,
            hour: Mutex::new(start),
        });
        all.insert(artefact.digest(), Arc::clone(&counted));
        Some(counted)
    }

    fn all(&self) -> Vec<([u8; 32], Arc<Counted>)> {
        let all = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(digest, counted)| (*digest, Arc::clone(counted)))
            .collect()
    }
}

fn hour(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(Duration::hours(1)).unwrap_or(now)
}

/// The score that a model gave in a decision; none when it was not asked.
fn score_of(decision: &RiskDecision, digest: &[u8; 32]) -> Option<i32> {
    if decision.model.digest.0 == *digest {
        return Some(decision.score);
    }
    let shadow = decision.shadow.iter().find(|shadow| shadow.model.digest.0 == *digest)?;
    shadow.score
}

/// What the counts of a window say of one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftIndex {
    /// `SCORE`, or the feature.
    pub subject: String,
    /// Rows counted.
    pub rows: u64,
    /// Population stability index, parts per million.
    pub psi_ppm: i64,
    /// What chance alone stays below in about 99 of 100 windows of so many rows, parts per million.
    pub noise_ppm: i64,
    /// What it means; none when there are too few rows to say.
    pub level: Option<DriftLevel>,
    /// Share of rows without a value, parts per million; none of the score.
    pub missing_ppm: Option<i64>,
    /// The same in training.
    pub missing_expected_ppm: Option<i64>,
    /// Share of rows with a value outside of the range that training saw; none of the score.
    pub outside_ppm: Option<i64>,
}

/// What the counts of a window say of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftView {
    /// Name of the model.
    pub model: String,
    /// Version.
    pub version: String,
    /// SHA-256 of its `SHA256SUMS`, hex.
    pub digest: String,
    /// Whether it is the champion.
    pub champion: bool,
    /// Days of the window.
    pub days: u32,
    /// The score first, then each feature; empty when the model has no baseline.
    pub indices: Vec<DriftIndex>,
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn ppm(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

fn index(subject: &str, found: &Index) -> DriftIndex {
    DriftIndex {
        subject: subject.to_owned(),
        rows: found.rows,
        psi_ppm: ppm(found.psi),
        noise_ppm: ppm(found.noise),
        level: level(found.level),
        missing_ppm: None,
        missing_expected_ppm: None,
        outside_ppm: None,
    }
}

fn indices(report: &Report) -> Vec<DriftIndex> {
    let features = report.features.iter().map(|feature| DriftIndex {
        missing_ppm: Some(ppm(feature.missing)),
        missing_expected_ppm: Some(ppm(feature.missing_expected)),
        outside_ppm: Some(ppm(feature.outside)),
        ..index(&feature.name, &feature.index)
    });
    std::iter::once(index(SCORE, &report.score)).chain(features).collect()
}

/// The gauges of the window of alarms.
fn show(model: &str, report: &Report) {
    let model = || model.to_owned();
    metrics::gauge!("usance_risk_psi", "model" => model()).set(report.score.psi);
    for feature in &report.features {
        let labels = [("model", model()), ("feature", feature.name.clone())];
        metrics::gauge!("usance_risk_csi", &labels).set(feature.index.psi);
        metrics::gauge!("usance_risk_missing_share", &labels).set(feature.missing);
        metrics::gauge!("usance_risk_outside_share", &labels).set(feature.outside);
    }
}

fn sum(windows: Vec<Vec<u64>>) -> Counts {
    let mut counts = windows.into_iter().map(Counts::of);
    let first = counts.next().unwrap_or_else(|| Counts::of(Vec::new()));
    counts.fold(first, |all, one| all.plus(&one))
}

impl Aggregator {
    /// Counts a decision, for every model that scored it.
    pub(crate) fn count_drift(&self, features: &FeatureSet, decision: &RiskDecision) {
        let now = self.world.clock.now();
        for (artefact, row) in self.world.risk.current().rows(features) {
            let Some(score) = score_of(decision, &artefact.digest()) else {
                continue;
            };
            if let Some(counted) = self.drift.of(artefact, now) {
                counted.watch.record(&row, score);
            }
        }
    }

    /// Writes what this process counted, and tells the levels that changed. Answers how many did.
    pub async fn flush_drift(&self) -> Result<usize, Error> {
        let mut told = 0;
        for (digest, counted) in self.drift.all() {
            self.write_counts(&digest, &counted).await?;
            told += self.compare(&digest, &counted).await?;
        }
        let mut conn = self.world.db.acquire().await?;
        let oldest = self.world.clock.now() - Duration::days(i64::from(LONGEST_DAYS) + 1);
        rows::forget_drift(&mut conn, oldest).await?;
        Ok(told)
    }

    async fn write_counts(&self, digest: &[u8; 32], counted: &Counted) -> Result<(), Error> {
        let this_hour = hour(self.world.clock.now());
        let counts = counted.watch.counts();
        let (began, window) = {
            let started = counted.hour.lock().unwrap_or_else(PoisonError::into_inner);
            (started.0, counts.since(&started.1))
        };
        let mut conn = self.world.db.acquire().await?;
        let process = *self.drift.process.get_or_init(|| self.world.ids.next());
        let key = (digest, began, process);
        rows::put_drift(&mut conn, key, &to_json(&window.as_slice())?).await?;
        if began != this_hour {
            let mut started = counted.hour.lock().unwrap_or_else(PoisonError::into_inner);
            *started = (this_hour, counts);
        }
        Ok(())
    }

    /// Compares the window of alarms with the baseline, shows it, and tells what changed.
    async fn compare(&self, digest: &[u8; 32], counted: &Counted) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let mut tx = self.world.db.begin().await?;
        let since = now - Duration::days(i64::from(ALARM_DAYS));
        let report = counted
            .watch
            .report(&sum(rows::drift_counts(&mut tx, digest, since).await?));
        show(&counted.model, &report);
        let known = rows::drift_levels(&mut tx, digest).await?;
        let mut told = 0;
        for found in indices(&report) {
            let Some(level) = found.level else { continue };
            let before = known.iter().find(|row| row.subject == found.subject);
            if before.map_or(DriftLevel::Stable, |row| row.level) == level {
                continue;
            }
            let row = LevelRow {
                subject: found.subject,
                level,
                value_ppm: found.psi_ppm,
                uid: before.map_or_else(|| self.world.ids.next(), |row| row.uid),
                version: before.map_or(0, |row| row.version) + 1,
                changed_at: now,
            };
            if !rows::change_level(&mut tx, digest, &row).await? {
                continue;
            }
            let text = format!("{} of {}", row.subject, counted.model);
            let deed = Deed {
                aggregate: "risk_drift",
                aggregate_id: row.uid,
                version: row.version,
                kind: "RiskDriftAlarm",
                subject: &text,
                by: "system",
                reason: row.level.as_str(),
                body: json!({
                    "model": counted.model, "digest": hex::encode(digest), "subject": row.subject,
                    "level": row.level.as_str(), "psiPpm": row.value_ppm, "rows": found.rows, "days": ALARM_DAYS,
                }),
            };
            note(&mut tx, &self.world, deed).await?;
            metrics::counter!("usance_risk_drift_alarms_total", "level" => row.level.as_str()).increment(1);
            tracing::warn!(
                model = counted.model,
                subject = row.subject,
                level = row.level.as_str(),
                psi_ppm = row.value_ppm,
                "those who apply are others than those of the training data"
            );
            told += 1;
        }
        tx.commit().await?;
        if told > 0 {
            self.wake.events.notify_one();
        }
        Ok(told)
    }

    /// What the counts of the last 7 or 28 days say of the models in force, for officers.
    pub async fn risk_drift(&self, caller: &Principal, days: u32) -> Result<Vec<DriftView>, Error> {
        check(caller, Action::Read, &Resource::platform(Class::Drift))?;
        if !(1..=LONGEST_DAYS).contains(&days) {
            return Err(Error::invalid("days", "1 to 28"));
        }
        let set = self.world.risk.current();
        let since = self.world.clock.now() - Duration::days(i64::from(days));
        let mut conn = self.world.db.acquire().await?;
        let mut views = Vec::new();
        let challengers = set.challengers().map(|(artefact, _)| (artefact, false));
        for (artefact, champion) in std::iter::once((set.champion(), true)).chain(challengers) {
            let digest = artefact.digest();
            let counts = sum(rows::drift_counts(&mut conn, &digest, since).await?);
            let found = Watch::new(artefact).map(|watch| indices(&watch.report(&counts)));
            views.push(DriftView {
                model: artefact.name().to_owned(),
                version: artefact.version().to_owned(),
                digest: hex::encode(digest),
                champion,
                days,
                indices: found.unwrap_or_default(),
            });
        }
        Ok(views)
    }
}

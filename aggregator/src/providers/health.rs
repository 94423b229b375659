//! What lenders did, counted in memory by the minute and written now and then: no write for a call.
//!
//! A crash loses the seconds since the last writing; nothing but figures depends on them.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, DurationRound as _, Utc};
use domain::ids::ProviderId;
use domain::provider::{CallResult, HealthWindow};
use domain::quote::Quote;
use uuid::Uuid;

use super::{AT_ONCE, KEPT};
use crate::Aggregator;
use crate::api::Error;
use crate::store::providers::{self as rows, Seen};

/// Windows of one lender that wait for the database; the oldest is dropped beyond that.
const MOST: usize = 32;

/// Counts until it is written.
#[derive(Default)]
pub(super) struct Recorder {
    /// This process, in what it writes.
    process: OnceLock<Uuid>,
    windows: Mutex<HashMap<ProviderId, Vec<Open>>>,
}

struct Open {
    revision: i32,
    started_at: DateTime<Utc>,
    figures: HealthWindow,
    /// Changes counted, and how many of them were written.
    changes: u64,
    written: u64,
}

impl Recorder {
    fn count(
        &self,
        (provider, revision): (&ProviderId, i32),
        now: DateTime<Utc>,
        change: impl FnOnce(&mut HealthWindow),
    ) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match windows.get_mut(provider) {
            Some(open) => open,
            None => windows.entry(provider.clone()).or_default(),
        };
        let started_at = now.duration_trunc(chrono::Duration::minutes(1)).unwrap_or(now);
        let at = open
            .iter()
            .position(|w| w.revision == revision && w.started_at == started_at);
        let at = at.unwrap_or_else(|| {
            if open.len() == MOST {
                open.remove(0);
                metrics::counter!("usance_provider_health_dropped_total").increment(1);
            }
            open.push(Open {
                revision,
                started_at,
                figures: HealthWindow::default(),
                changes: 0,
                written: 0,
            });
            open.len() - 1
        });
        if let Some(window) = open.get_mut(at) {
            change(&mut window.figures);
            window.changes += 1;
        }
    }

    /// What is not written, and how far it was counted.
    fn unwritten(&self) -> (Vec<Seen>, Vec<u64>) {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let open = windows.iter().flat_map(|(id, open)| open.iter().map(move |w| (id, w)));
        let seen = open.filter(|(_, w)| w.written < w.changes).map(|(id, w)| {
            let seen = Seen {
                provider: id.clone(),
                revision: w.revision,
                started_at: w.started_at,
                figures: w.figures.clone(),
            };
            (seen, w.changes)
        });
        seen.unzip()
    }

    /// Notes what was written, and forgets what will not change any more.
    fn wrote(&self, seen: &[Seen], counted: &[u64], now: DateTime<Utc>) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        for (seen, counted) in seen.iter().zip(counted) {
            let open = windows.get_mut(&seen.provider).into_iter().flatten();
            for window in open.filter(|w| w.revision == seen.revision && w.started_at == seen.started_at) {
                window.written = window.written.max(*counted);
            }
        }
        let current = now - chrono::Duration::minutes(1);
        for open in windows.values_mut() {
            open.retain(|w| w.written < w.changes || w.started_at > current);
        }
        windows.retain(|_, open| !open.is_empty());
    }
}

/// One question to a lender, for its health.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub provider: &'a ProviderId,
    /// The lender's revision when it was asked; none without a registry.
    pub revision: Option<i32>,
    pub result: CallResult,
    pub after: Duration,
    pub quotes: &'a [Quote],
}

impl Aggregator {
    /// Counts a question to a lender.
    pub(crate) fn note_call(&self, asked: Asked<'_>) {
        let Some(revision) = asked.revision else { return };
        let now = self.world.clock.now();
        let micros = i64::try_from(asked.after.as_micros()).unwrap_or(i64::MAX);
        let count = |window: &mut HealthWindow| window.call(asked.result, micros, asked.quotes, now);
        self.providers.recorder.count((asked.provider, revision), now, count);
    }

    /// Counts a quote that a borrower accepted.
    pub(crate) fn note_acceptance(&self, provider: &ProviderId) {
        self.note(provider, |window| window.accepted += 1);
    }

    /// Counts an acceptance handed to the lender, and whether its outcome is known.
    pub(crate) fn note_accept_call(&self, provider: &ProviderId, known: bool) {
        self.note(provider, |window| {
            window.accept_calls += 1;
            window.accept_failures += u64::from(!known);
        });
    }

    fn note(&self, provider: &ProviderId, change: impl FnOnce(&mut HealthWindow)) {
        let Some(revision) = self.providers.revision(provider) else {
            return;
        };
        let now = self.world.clock.now();
        self.providers.recorder.count((provider, revision), now, change);
    }

    /// Writes what was counted since the last time, in one statement; answers how many windows. Writing again what a crash
    /// cut off changes nothing.
    pub async fn flush_health(&self) -> Result<usize, Error> {
        let (seen, counted) = self.providers.recorder.unwritten();
        if seen.is_empty() {
            return Ok(0);
        }
        let process = *self.providers.recorder.process.get_or_init(|| self.world.ids.next());
        let mut conn = self.world.db.acquire().await?;
        rows::put_health(&mut conn, process, &seen).await?;
        fail::fail_point!("providers::after_flush");
        self.providers.recorder.wrote(&seen, &counted, self.world.clock.now());
        Ok(seen.len())
    }

    /// Forgets health older than a week; answers how many windows.
    pub(super) async fn forget_health(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let before = self.world.clock.now() - KEPT;
        let gone = rows::forget_health(&mut conn, before, AT_ONCE).await?;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}

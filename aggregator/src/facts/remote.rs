//! What is layered around a source outside: memory and single flight per borrower, a breaker, figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{CreditDataError, DataConsent};
use domain::request::CreditRequest;
use moka::future::Cache;
use sha2::{Digest as _, Sha256};

use super::breaker::Breaker;

/// Reports that are remembered.
const MOST: u64 = 10_000;
/// The source is left alone.
const CIRCUIT_OPEN: &str = "CIRCUIT_OPEN";

/// What makes two questions the same: the person, the place and the consent, as a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(request: &CreditRequest, consent: &DataConsent) -> Self {
        let place = &request.jurisdiction;
        let parts = [
            request.tenant.to_string(),
            request.borrower.to_string(),
            request.applicant.full_name.clone(),
            place.country.clone(),
            place.region.clone().unwrap_or_default(),
            consent.purpose.as_str().to_owned(),
            consent.reference.expose().to_owned(),
        ];
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

struct Held<R> {
    report: Arc<R>,
    asked_at: DateTime<Utc>,
}

impl<R> Clone for Held<R> {
    fn clone(&self) -> Self {
        Self {
            report: Arc::clone(&self.report),
            asked_at: self.asked_at,
        }
    }
}

/// A source with its layers.
pub(super) struct Remote<S: ?Sized, R> {
    pub source: Arc<S>,
    label: &'static str,
    keep: TimeDelta,
    held: Cache<Key, Held<R>>,
    breaker: Breaker,
}

impl<S: ?Sized, R: Send + Sync + 'static> Remote<S, R> {
    pub(super) fn new(source: Arc<S>, label: &'static str, keep: Duration) -> Self {
        Self {
            source,
            label,
            keep: TimeDelta::from_std(keep).unwrap_or_default(),
            // Nothing of a person stays in memory longer, whatever our clock says.
            held: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(keep.max(Duration::from_millis(1)))
                .build(),
            breaker: Breaker::default(),
        }
    }

    /// The report, and whether it was asked for before; or the code of why there is none. Questions that are the same and run at the same
    /// time are one call, made by the first.
    pub(super) async fn ask<F>(
        &self,
        key: Key,
        (now, deadline): (DateTime<Utc>, Instant),
        call: impl FnOnce(Arc<S>) -> F + Send,
    ) -> Result<(Arc<R>, bool), &'static str>
    where
        F: Future<Output = Result<R, CreditDataError>> + Send,
    {
        let started = Instant::now();
        let stale = |held: &Held<R>| held.asked_at > now || now - held.asked_at >= self.keep;
        if self.held.get(&key).await.is_some_and(|held| stale(&held)) {
            self.held.invalidate(&key).await;
        }
        let called = AtomicBool::new(false);
        let load = self.held.try_get_with(key, async {
            called.store(true, Ordering::Relaxed);
            let permit = self.breaker.enter(started, deadline).ok_or(CIRCUIT_OPEN)?;
            let result = call(Arc::clone(&self.source)).await;
            permit.settle(&result, Instant::now());
            let report = Arc::new(result.map_err(|error| self.told(&error))?);
            let asked_at = now;
            Ok::<_, &'static str>(Held { report, asked_at })
        });
        let found = match super::timeout(deadline, load).await {
            Some(Ok(held)) => Ok((held.report, !called.load(Ordering::Relaxed))),
            Some(Err(why)) => Err(*why),
            None => Err(super::TIMED_OUT),
        };
        let outcome = match &found {
            Ok((_, false)) => "OK",
            Ok((_, true)) => "REMEMBERED",
            Err(why) => why,
        };
        metrics::counter!("usance_facts_total", "source" => self.label, "outcome" => outcome).increment(1);
        metrics::histogram!("usance_facts_seconds", "source" => self.label).record(started.elapsed());
        found
    }

    /// A failure is logged once, when an operator has something to do. Nothing of the person is in it.
    fn told(&self, error: &CreditDataError) -> &'static str {
        if matches!(error, CreditDataError::Refused(_) | CreditDataError::Malformed { .. }) {
            tracing::warn!(source = self.label, %error, "a source of facts");
        }
        error.code()
    }
}

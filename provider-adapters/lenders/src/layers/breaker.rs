//! A circuit breaker: a lender that keeps failing is left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sdk::LenderError;
use tokio::time::Instant;

use super::Policy;

/// Calls that it remembers: the bits of a `u32`.
const WINDOW: u32 = 32;

pub(super) struct Breaker {
    min_calls: u32,
    failure_percent: u32,
    open_for: Duration,
    state: Mutex<State>,
}

enum State {
    /// The last calls, newest in the lowest bit; a failure is 1.
    Closed {
        seen: u32,
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One call is let through to see.
    Probing,
}

const FRESH: State = State::Closed { seen: 0, failures: 0 };

impl Breaker {
    pub(super) fn new(policy: &Policy) -> Self {
        Self {
            min_calls: policy.breaker_min_calls.clamp(1, WINDOW),
            failure_percent: policy.breaker_failure_percent,
            open_for: Duration::from_millis(policy.breaker_open_ms),
            state: Mutex::new(FRESH),
        }
    }

    /// Lets a call through, or refuses it at once.
    pub(super) fn enter(&self, deadline: Instant) -> Result<Permit<'_>, LenderError> {
        let permit = |probe| Permit {
            breaker: self,
            deadline,
            probe,
            settled: false,
        };
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => Ok(permit(false)),
            State::Open { until } if Instant::now() >= until => {
                *state = State::Probing;
                Ok(permit(true))
            }
            State::Open { .. } | State::Probing => Err(LenderError::Unavailable("circuit open".into())),
        }
    }

    fn settle(&self, probe: bool, failed: bool) {
        let mut state = self.lock();
        let opened = State::Open {
            until: Instant::now() + self.open_for,
        };
        match &mut *state {
            State::Probing if probe => *state = if failed { opened } else { FRESH },
            State::Closed { seen, failures } => {
                *seen = (*seen + 1).min(WINDOW);
                *failures = (*failures << 1) | u32::from(failed);
                let enough = *seen >= self.min_calls;
                if enough && failures.count_ones() * 100 >= self.failure_percent * *seen {
                    *state = opened;
                }
            }
            // A call that began before it opened.
            State::Open { .. } | State::Probing => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that was let through.
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    deadline: Instant,
    probe: bool,
    settled: bool,
}

impl Permit<'_> {
    /// Tells how it went. Only silence and outages count: a refusal or a bad answer is no reason not to ask again.
    pub(super) fn settle<T>(mut self, result: &Result<T, LenderError>) {
        self.settled = true;
        let failed = matches!(result, Err(LenderError::TimedOut | LenderError::Unavailable(_)));
        self.breaker.settle(self.probe, failed);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        if Instant::now() >= self.deadline {
            // The caller's own timer at the same deadline fired before ours.
            self.breaker.settle(self.probe, true);
        } else if self.probe {
            // Given up by the caller: a probe that nobody waits for must not block the next one.
            *self.breaker.lock() = State::Open { until: Instant::now() };
        }
    }
}

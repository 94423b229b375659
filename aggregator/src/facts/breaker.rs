//! A circuit breaker: a source that keeps failing is left alone for a while, then tried by one call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::ports::CreditDataError;

/// Outages one after the other that open it.
const FAILURES: u32 = 5;
/// How long it stays open.
const OPEN_FOR: Duration = Duration::from_secs(30);
/// A source that asks to be left alone longer than this is asked again anyway.
const LONGEST: Duration = Duration::from_mins(10);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    /// One call is out to see.
    probing: bool,
}

/// A call that was let through.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    deadline: Instant,
    settled: bool,
}

impl Breaker {
    /// Lets a call through that ends at the deadline; none while it is open.
    pub(super) fn enter(&self, now: Instant, deadline: Instant) -> Option<Permit<'_>> {
        let mut state = self.lock();
        if let Some(until) = state.open_until {
            if state.probing || now < until {
                return None;
            }
            state.probing = true;
        }
        Some(Permit {
            breaker: self,
            deadline,
            settled: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, outage: Option<Option<Duration>>, now: Instant) {
        let mut state = self.lock();
        let Some(wish) = outage else {
            *state = State::default();
            return;
        };
        state.failures += 1;
        if state.probing || state.failures >= FAILURES || wish.is_some() {
            state.open_until = Some(now + wish.unwrap_or(OPEN_FOR).min(LONGEST));
            state.probing = false;
        }
    }
}

impl Permit<'_> {
    /// Tells how it went. A refusal or a bad answer is no outage: the source is there.
    pub(super) fn settle<T>(mut self, result: &Result<T, CreditDataError>, now: Instant) {
        self.settled = true;
        let outage = match result {
            Err(CreditDataError::RateLimited { retry_after }) => Some(*retry_after),
            Err(error) if error.is_outage() => Some(None),
            _ => None,
        };
        self.breaker.settle(outage, now);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let now = Instant::now();
        if now >= self.deadline {
            // The caller's own timer at the same deadline fired before ours.
            self.breaker.settle(Some(None), now);
        } else {
            // Given up by the caller, which says nothing of the source: another call may see.
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(breaker: &Breaker, now: Instant, result: Result<(), CreditDataError>) -> bool {
        breaker
            .enter(now, now)
            .map(|permit| permit.settle(&result, now))
            .is_some()
    }

    #[test]
    fn five_outages_open_it_and_one_call_tries_again() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let down = || Err(CreditDataError::TimedOut);
        for _ in 0..5 {
            assert!(call(&breaker, now, down()));
        }
        assert!(!call(&breaker, now, Ok(())));
        let later = now + OPEN_FOR;
        let probe = breaker.enter(later, later).unwrap();
        assert!(breaker.enter(later, later).is_none(), "one call sees");
        probe.settle::<()>(&down(), later);
        assert!(!call(&breaker, later, Ok(())), "still down");
        let later = later + OPEN_FOR;
        assert!(call(&breaker, later, Ok(())) && call(&breaker, later, down()) && call(&breaker, later, Ok(())));
    }

    #[test]
    fn a_source_that_says_how_long_is_left_alone_so_long_and_refusals_do_not_count() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..20 {
            assert!(call(&breaker, now, Err(CreditDataError::Consent)));
        }
        let retry_after = Some(Duration::from_secs(7));
        assert!(call(&breaker, now, Err(CreditDataError::RateLimited { retry_after })));
        assert!(!call(&breaker, now + Duration::from_secs(6), Ok(())));
        let later = now + Duration::from_secs(7);
        drop(breaker.enter(later, later + LONGEST).unwrap());
        drop(breaker.enter(later, now).unwrap());
        assert!(
            !call(&breaker, later, Ok(())),
            "the second probe was not answered in time"
        );
    }
}

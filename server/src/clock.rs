//! The real sources of time and ids. The direct calls are forbidden everywhere else.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use chrono::{DateTime, Duration, Utc};
use domain::ports::{Clock, Ids};
use uuid::Uuid;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one real clock behind `domain::ports::Clock`"
    )]
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// Stands at `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves to `at`, forwards or backwards.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Moves by `by` and answers the new time. Stays put when that is beyond the calendar.
    pub fn advance(&self, by: Duration) -> DateTime<Utc> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(later) = now.checked_add_signed(by) {
            *now = later;
        }
        *now
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fresh UUIDv7 ids; ids of one process ascend.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidV7Ids;

impl Ids for UuidV7Ids {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one real source behind `domain::ports::Ids`"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let start: DateTime<Utc> = "2026-01-10T12:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        assert_eq!((clock.now(), clock.now()), (start, start));
        assert_eq!(
            clock.advance(Duration::hours(24)).to_rfc3339(),
            "2026-01-11T12:00:00+00:00"
        );
        clock.set(start);
        assert_eq!(clock.now(), start);
        assert_eq!(clock.advance(Duration::MAX), start);
    }

    #[test]
    fn ids_are_version_7_and_ascend() {
        let ids: Vec<Uuid> = (0..1_000).map(|_| UuidV7Ids.next()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(ids.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_system_clock_is_in_this_century() {
        let year = SystemClock.now().format("%Y").to_string();
        assert!(year.as_str() >= "2025", "{year}");
    }
}

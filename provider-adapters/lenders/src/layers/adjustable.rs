//! Limits that change while the lender runs.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use domain::provider::Limits;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::bulkhead::Bulkhead;

/// What limits the calls of one lender now.
pub(super) struct Limited {
    pub rate: DefaultDirectRateLimiter,
    pub quotes: Bulkhead,
    pub money: Bulkhead,
}

impl Limited {
    fn of(limits: Limits) -> Self {
        let per_second = NonZeroU32::new(limits.quotes_per_second).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
        Self {
            rate: RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst)),
            quotes: Bulkhead::new(limits.max_concurrent, limits.max_waiting),
            money: Bulkhead::new(limits.max_concurrent_money, limits.max_waiting),
        }
    }
}

/// Replaced as a whole: a call that runs keeps the place that it has, and new calls count from nothing. So for the length of one
/// call as many may run as both limits together allow.
pub(super) struct Adjustable(RwLock<(Limits, Arc<Limited>)>);

impl Adjustable {
    pub(super) fn new(limits: Limits) -> Self {
        Self(RwLock::new((limits, Arc::new(Limited::of(limits)))))
    }

    pub(super) fn now(&self) -> Arc<Limited> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// The limits that are in force already are not begun anew.
    pub(super) fn set(&self, limits: Limits) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 != limits {
            *current = (limits, Arc::new(Limited::of(limits)));
        }
    }
}

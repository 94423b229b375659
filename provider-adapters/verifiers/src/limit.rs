//! No more calls a second than a service allows: better refused here than counted there.

use std::num::NonZeroU32;
use std::sync::Arc;

use domain::ports::VerifyError;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// A gate of calls.
#[derive(Clone, Debug)]
pub struct Limit(Arc<DefaultDirectRateLimiter>);

impl Limit {
    /// That many calls a second, and as many at once.
    pub fn per_second(calls: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_second(calls))))
    }

    /// That many calls a minute, and as many at once.
    pub fn per_minute(calls: NonZeroU32) -> Self {
        Self(Arc::new(RateLimiter::direct(Quota::per_minute(calls))))
    }

    /// Takes one call, or says that there is none left.
    pub(crate) fn take(&self) -> Result<(), VerifyError> {
        self.0
            .check()
            .map_err(|_| VerifyError::RateLimited { retry_after: None })
    }
}

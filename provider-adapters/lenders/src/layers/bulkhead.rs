//! A bulkhead: one slow lender cannot hold every task.

use sdk::LenderError;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) struct Bulkhead {
    /// Running and waiting.
    admitted: Semaphore,
    running: Semaphore,
}

impl Bulkhead {
    pub(super) fn new(running: u32, waiting: u32) -> Self {
        let (running, waiting) = (running.max(1) as usize, waiting as usize);
        Self {
            admitted: Semaphore::new(running + waiting),
            running: Semaphore::new(running),
        }
    }

    /// A place, after waiting for one; refused at once when too many wait already.
    pub(super) async fn enter(&self) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), LenderError> {
        let admitted = self.admitted.try_acquire().map_err(|_| LenderError::RateLimited)?;
        let running = self.running.acquire().await.map_err(|_| LenderError::RateLimited)?;
        Ok((admitted, running))
    }
}

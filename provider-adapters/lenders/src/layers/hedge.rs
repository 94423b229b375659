//! Hedging of quotes: when an answer is later than usual, ask once more and take the first good answer. The provider
//! protocol answers the same `request_id` with the same offers, so a second question changes nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Policy;

/// Latencies that it remembers.
const SAMPLES: usize = 64;
/// It does not judge what is usual before this many.
const MIN_SAMPLES: usize = 20;
/// A second question costs this much credit; a first one earns the budget in per cent.
const COST: u32 = 100;

pub(super) struct Hedge {
    budget_percent: u32,
    min_delay: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A ring of the last latencies.
    latencies: Vec<Duration>,
    next: usize,
    credit: u32,
    /// 95th percentile of the ring, renewed every 16 calls.
    usual: Option<Duration>,
}

impl Hedge {
    pub(super) fn new(policy: &Policy) -> Self {
        let min_delay = Duration::from_millis(policy.hedge_min_ms);
        Self {
            budget_percent: policy.hedge_budget_percent.min(100),
            min_delay,
            state: Mutex::default(),
        }
    }

    /// Runs `ask`, and a second one when the first is unusually late and the budget allows it.
    pub(super) async fn run<T, E, F>(&self, ask: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let started = Instant::now();
        let result = self.race(ask).await;
        if result.is_ok() {
            self.learn(started.elapsed());
        }
        result
    }

    async fn race<T, E, F>(&self, ask: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut first = pin!(ask());
        let Some(delay) = self.delay() else { return first.await };
        tokio::select! {
            biased;
            result = &mut first => return result,
            () = sleep(delay) => {}
        }
        if !self.spend() {
            return first.await;
        }
        let mut second = pin!(ask());
        tokio::select! {
            biased;
            result = &mut first => if result.is_ok() { result } else { second.await },
            result = &mut second => if result.is_ok() { result } else { first.await },
        }
    }

    fn delay(&self) -> Option<Duration> {
        let mut state = self.lock();
        // At most two second questions can be saved up, so that a pause earns no burst of them.
        state.credit = (state.credit + self.budget_percent).min(2 * COST);
        let usual = state.usual.filter(|_| self.budget_percent > 0);
        usual.map(|usual| usual.max(self.min_delay))
    }

    fn spend(&self) -> bool {
        let mut state = self.lock();
        let enough = state.credit >= COST;
        if enough {
            state.credit -= COST;
        }
        enough
    }

    fn learn(&self, latency: Duration) {
        let mut state = self.lock();
        let at = state.next % SAMPLES;
        if state.latencies.len() < SAMPLES {
            state.latencies.push(latency);
        } else if let Some(slot) = state.latencies.get_mut(at) {
            *slot = latency;
        }
        state.next = state.next.wrapping_add(1);
        let count = state.latencies.len();
        if count >= MIN_SAMPLES && (state.usual.is_none() || state.next.is_multiple_of(16)) {
            let mut sorted = state.latencies.clone();
            sorted.sort_unstable();
            state.usual = sorted.get(count * 95 / 100).copied();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

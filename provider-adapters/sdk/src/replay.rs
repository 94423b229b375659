//! The memory of nonces, bounded.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

/// Why a nonce was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It was seen before and is still alive.
    Seen,
    /// As many live nonces are held as fit. Forgetting one would let it be replayed, so the new one is refused.
    Full,
}

/// Remembers each nonce of each key until it is dead anyway.
#[derive(Debug)]
pub struct ReplayGuard {
    capacity: usize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    live: HashSet<(String, String)>,
    by_end: BTreeSet<(i64, String, String)>,
}

impl ReplayGuard {
    /// A memory of at most `capacity` live nonces.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            seen: Mutex::default(),
        }
    }

    /// Admits a nonce once. Times are Unix seconds.
    pub fn admit(&self, key_id: &str, nonce: &str, keep_until: i64, now: i64) -> Result<(), Replayed> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.by_end.first().is_some_and(|(end, _, _)| *end < now) {
            if let Some((_, key, nonce)) = seen.by_end.pop_first() {
                seen.live.remove(&(key, nonce));
            }
        }
        let entry = (key_id.to_owned(), nonce.to_owned());
        if seen.live.contains(&entry) {
            return Err(Replayed::Seen);
        }
        if seen.live.len() >= self.capacity {
            return Err(Replayed::Full);
        }
        seen.by_end.insert((keep_until, entry.0.clone(), entry.1.clone()));
        seen.live.insert(entry);
        Ok(())
    }
}

impl Default for ReplayGuard {
    /// 65,536 live nonces: about 400 requests a second at the longest lifetime of our own signatures.
    fn default() -> Self {
        Self::new(65_536)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_admitted_once_per_key_until_it_is_dead() {
        let guard = ReplayGuard::new(2);
        assert_eq!(guard.admit("a", "n", 10, 0), Ok(()));
        assert_eq!(guard.admit("a", "n", 10, 10), Err(Replayed::Seen));
        assert_eq!(guard.admit("b", "n", 20, 0), Ok(()));
        // Full: nothing alive is forgotten to make room.
        assert_eq!(guard.admit("a", "m", 10, 10), Err(Replayed::Full));
        assert_eq!(guard.admit("a", "m", 30, 11), Ok(()));
    }
}

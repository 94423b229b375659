//! Unwrapped keys for a while: bounded in number and time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::envelope::DataKey;

/// How many keys are kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most keys at once.
    pub keys: usize,
    /// Longest time from the unwrapping. It bounds for how long a key that another process destroyed is still used by this one.
    pub age: TimeDelta,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            keys: 10_000,
            age: TimeDelta::minutes(1),
        }
    }
}

struct Entry {
    key: Arc<DataKey>,
    until: DateTime<Utc>,
    order: u64,
}

struct Inner<K> {
    entries: HashMap<K, Entry>,
    next: u64,
}

/// Unwrapped keys. Time is the caller's.
pub struct KeyCache<K> {
    limits: Limits,
    inner: Mutex<Inner<K>>,
}

impl<K> std::fmt::Debug for KeyCache<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyCache({:?})", self.limits)
    }
}

impl<K: Copy + Eq + Hash> KeyCache<K> {
    /// Empty.
    pub fn new(limits: Limits) -> Self {
        let inner = Inner {
            entries: HashMap::new(),
            next: 0,
        };
        Self {
            limits,
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner<K>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of that name, unless it is too old.
    pub fn get(&self, name: K, now: DateTime<Utc>) -> Option<Arc<DataKey>> {
        let mut inner = self.lock();
        let entry = inner.entries.get(&name)?;
        // A clock that was set back does not make a key younger.
        if now >= entry.until || entry.until - now > self.limits.age {
            inner.entries.remove(&name);
            return None;
        }
        Some(Arc::clone(&entry.key))
    }

    /// Keeps a key; the one that was put first makes room.
    pub fn put(&self, name: K, key: impl Into<Arc<DataKey>>, now: DateTime<Utc>) -> Arc<DataKey> {
        let key = key.into();
        let mut inner = self.lock();
        if self.limits.keys == 0 {
            return key;
        }
        while inner.entries.len() >= self.limits.keys && !inner.entries.contains_key(&name) {
            Self::make_room(&mut inner, now);
        }
        inner.next += 1;
        let entry = Entry {
            key: Arc::clone(&key),
            until: now + self.limits.age,
            order: inner.next,
        };
        inner.entries.insert(name, entry);
        key
    }

    /// Drops everything that is too old, and in any case the oldest eighth.
    fn make_room(inner: &mut Inner<K>, now: DateTime<Utc>) {
        inner.entries.retain(|_, entry| entry.until > now);
        let mut orders: Vec<u64> = inner.entries.values().map(|entry| entry.order).collect();
        if orders.is_empty() {
            return;
        }
        orders.sort_unstable();
        let last = orders[orders.len() / 8];
        inner.entries.retain(|_, entry| entry.order > last);
    }

    /// Forgets a key at once.
    pub fn forget(&self, name: K) {
        self.lock().entries.remove(&name);
    }

    /// Forgets every key that the question says yes to.
    pub fn forget_where(&self, mut gone: impl FnMut(&K) -> bool) {
        self.lock().entries.retain(|name, _| !gone(name));
    }

    /// Keys kept now.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// No key is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::envelope::KeyId;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn key() -> DataKey {
        DataKey::generate(KeyId(Uuid::nil())).unwrap()
    }

    #[test]
    fn a_key_is_kept_for_its_time_and_no_longer() {
        let cache = KeyCache::new(Limits {
            keys: 10,
            age: TimeDelta::seconds(60),
        });
        cache.put(1, key(), at(0));
        assert!(cache.get(1, at(59)).is_some());
        assert!(cache.get(1, at(60)).is_none());
        assert!(cache.is_empty(), "and is wiped when it is found too old");
        cache.put(1, key(), at(100));
        assert!(cache.get(1, at(0)).is_none(), "a clock that was set back keeps nothing");
    }

    #[test]
    fn there_are_never_more_keys_than_allowed() {
        let cache = KeyCache::new(Limits {
            keys: 16,
            age: TimeDelta::hours(1),
        });
        for name in 0..1_000_u32 {
            cache.put(name, key(), at(i64::from(name)));
            assert!(cache.len() <= 16);
            assert!(cache.get(name, at(i64::from(name))).is_some(), "the newest is kept");
        }
        cache.forget(999);
        assert!(cache.get(999, at(1_000)).is_none());
        cache.forget_where(|_| true);
        assert!(cache.is_empty());
    }
}

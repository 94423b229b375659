//! A map that never grows beyond its bound and forgets what was silent for long, by the time that its callers give.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by key, each with the time of its last use.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    at_most: usize,
    kept_for: i64,
    values: HashMap<K, (i64, V)>,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    pub(super) fn new(at_most: usize, kept_for: i64) -> Self {
        Self {
            at_most: at_most.max(1),
            kept_for,
            values: HashMap::new(),
        }
    }

    /// The value, unless it was silent for too long.
    pub(super) fn get(&self, key: &K, now: i64) -> Option<&V> {
        let (used, value) = self.values.get(key)?;
        (now - used <= self.kept_for).then_some(value)
    }

    /// The value, made when there is none, and used now.
    pub(super) fn entry(&mut self, key: K, now: i64, make: impl Fn() -> V) -> &mut V {
        if self.values.len() >= self.at_most && !self.values.contains_key(&key) {
            self.make_room(now);
        }
        let kept_for = self.kept_for;
        let (used, value) = self.values.entry(key).or_insert_with(|| (now, make()));
        if now - *used > kept_for {
            *value = make();
        }
        *used = now.max(*used);
        value
    }

    /// Drops what is over, and else the eighth that was silent longest, so that it is seldom done.
    fn make_room(&mut self, now: i64) {
        let kept_for = self.kept_for;
        self.values.retain(|_, (used, _)| now - *used <= kept_for);
        if self.values.len() < self.at_most {
            return;
        }
        let mut times: Vec<_> = self.values.values().map(|(used, _)| *used).collect();
        let surplus = times.len() / 8 + 1;
        let (_, limit, _) = times.select_nth_unstable(surplus - 1);
        let limit = *limit;
        let older = self.values.values().filter(|(used, _)| *used < limit).count();
        let mut equal = surplus - older;
        self.values.retain(|_, (used, _)| {
            let drops = *used < limit || (*used == limit && equal > 0);
            if drops && *used == limit {
                equal -= 1;
            }
            !drops
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows_beyond_its_bound_and_the_longest_silent_go_first() {
        let mut map = Bounded::new(100, 1_000);
        for key in 0..1_000_i64 {
            *map.entry(key, key / 3, || 0) = key;
            assert!(map.len() <= 100);
        }
        assert_eq!(map.get(&999, 333), Some(&999));
        assert_eq!(map.get(&0, 333), None);
        assert!((800..1_000).filter(|key| map.get(key, 333).is_some()).count() >= 80);
    }

    #[test]
    fn all_at_one_instant_still_keeps_the_bound() {
        let mut map = Bounded::new(10, 1_000);
        for key in 0..100 {
            map.entry(key, 7, || ());
            assert!(map.len() <= 10 && map.get(&key, 7).is_some());
        }
    }

    #[test]
    fn what_was_silent_too_long_is_forgotten() {
        let mut map = Bounded::new(10, 60);
        *map.entry(1, 100, || 0) = 5;
        assert_eq!(map.get(&1, 160), Some(&5));
        assert_eq!(map.get(&1, 161), None);
        assert_eq!(*map.entry(1, 161, || 0), 0);
    }
}

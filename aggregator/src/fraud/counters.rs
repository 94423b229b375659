//! The counters in this process: what one machine needs, and what takes no second program. They forget at a restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ports::Velocity;
use domain::ports::velocity::{
    ANOTHER_SIGHTING, Counts, EXACT_DISTINCT, Entity, Figures, HashedKey, LARGEST_AMOUNT, LARGEST_SUM, LINKED_AT_MOST,
    LOOKED_AT, Observation, Place, Seen, Sighting, VelocityError, Window,
};
use uuid::Uuid;

use super::bounded::Bounded;

const DAY: i64 = 86_400;
/// Silence after which counts are forgotten, seconds.
const COUNTS_KEPT: i64 = 31 * DAY;
/// Silence after which links are forgotten, seconds.
const LINKS_KEPT: i64 = 180 * DAY;
/// How long a flag lasts, seconds.
const FLAG_KEPT: i64 = 365 * DAY;
/// How long the answer of a sighting is remembered, seconds.
const ANSWER_KEPT: i64 = 3_600;
/// Most entities, people, flags and answers, each.
const KEPT: usize = 100_000;

/// Counters and links in memory. One lock: a sighting takes some microseconds.
#[derive(Debug)]
pub struct InProcessVelocity(Mutex<Memory>);

impl Default for InProcessVelocity {
    fn default() -> Self {
        Self::with_capacity(KEPT)
    }
}

impl InProcessVelocity {
    /// Keeps at most that many entities, people, flags and answers, each; the longest silent go first.
    pub fn with_capacity(kept: usize) -> Self {
        Self(Mutex::new(Memory {
            entities: Bounded::new(kept, COUNTS_KEPT),
            people: Bounded::new(kept, LINKS_KEPT),
            links: Bounded::new(kept, LINKS_KEPT),
            places: Bounded::new(kept, COUNTS_KEPT),
            flags: Bounded::new(kept, FLAG_KEPT),
            answers: Bounded::new(kept, ANSWER_KEPT),
        }))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Counters that a panic left half written are still counters.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Velocity for InProcessVelocity {
    async fn observe(&self, sighting: &Sighting) -> Result<Seen, VelocityError> {
        sighting.check()?;
        let seen = self.memory().observe(sighting);
        if seen.counts.len() == sighting.observations.len() {
            Ok(seen)
        } else {
            Err(ANOTHER_SIGHTING)
        }
    }

    async fn flag(&self, person: HashedKey, at: DateTime<Utc>) -> Result<(), VelocityError> {
        self.memory().flags.entry(person, at.timestamp(), || ());
        Ok(())
    }
}

#[derive(Debug)]
struct Memory {
    entities: Bounded<Entity, Track>,
    /// People of an entity.
    people: Bounded<Entity, Newest<HashedKey>>,
    /// Entities of a person.
    links: Bounded<HashedKey, Newest<Entity>>,
    places: Bounded<HashedKey, (Place, i64)>,
    flags: Bounded<HashedKey, ()>,
    answers: Bounded<Uuid, Seen>,
}

impl Memory {
    fn observe(&mut self, sighting: &Sighting) -> Seen {
        let (now, me) = (sighting.at.timestamp(), sighting.person);
        if let Some(answer) = self.answers.get(&sighting.id, now) {
            return answer.clone();
        }
        let counts = sighting.observations.iter().map(|seen| self.count(seen, me, now));
        let counts = counts.collect();
        let (near, far) = self.neighbours(me, now);
        let flagged = |people: &BTreeSet<HashedKey>| {
            let flagged = people.iter().filter(|person| self.flags.get(person, now).is_some());
            i64::try_from(flagged.count()).unwrap_or(i64::MAX)
        };
        let seen = Seen {
            counts,
            flagged_near: flagged(&near),
            flagged_far: flagged(&far),
            flagged: self.flags.get(&me, now).is_some(),
            previous_place: self.places.get(&me, now).map(|(place, at)| (*place, (now - at).max(0))),
        };
        if let Some(place) = sighting.place {
            *self.places.entry(me, now, || (place, now)) = (place, now);
        }
        self.answers.entry(sighting.id, now, || seen.clone());
        seen
    }

    fn count(&mut self, seen: &Observation, me: HashedKey, now: i64) -> Counts {
        let entity = seen.entity;
        let track = self.entities.entry(entity, now, Track::default);
        let mut counts = track.count(seen, now);
        if entity.kind.links() {
            let people = self.people.entry(entity, now, Newest::default);
            people.add(me, now, LINKED_AT_MOST);
            counts.people = i64::try_from(people.0.len()).unwrap_or(i64::MAX);
            let links = self.links.entry(me, now, Newest::default);
            links.add(entity, now, LINKED_AT_MOST);
        }
        counts
    }

    /// People at one step and at two, without the person.
    fn neighbours(&self, me: HashedKey, now: i64) -> (BTreeSet<HashedKey>, BTreeSet<HashedKey>) {
        let mut looked = 0;
        let mut near = BTreeSet::new();
        self.around(me, now, (&mut looked, &mut near), |person| person != me);
        let mut far = BTreeSet::new();
        for &person in &near {
            let new = |other: HashedKey| other != me && !near.contains(&other);
            self.around(person, now, (&mut looked, &mut far), new);
        }
        (near, far)
    }

    fn around(
        &self,
        person: HashedKey,
        now: i64,
        (looked, found): (&mut usize, &mut BTreeSet<HashedKey>),
        wanted: impl Fn(HashedKey) -> bool,
    ) {
        let things = self.links.get(&person, now).into_iter().flat_map(Newest::newest_first);
        for thing in things {
            let people = self.people.get(&thing, now).into_iter().flat_map(Newest::newest_first);
            for other in people {
                if *looked >= LOOKED_AT {
                    return;
                }
                if wanted(other) && found.insert(other) {
                    *looked += 1;
                }
            }
        }
    }
}

/// The newest of some values with the time each was last seen, oldest first.
#[derive(Debug)]
struct Newest<T>(Vec<(i64, T)>);

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Ord> Newest<T> {
    fn add(&mut self, value: T, now: i64, at_most: usize) {
        let before = self.0.iter().position(|(_, known)| *known == value);
        let last = before.map_or(now, |place| self.0.remove(place).0.max(now));
        let place = self.0.partition_point(|known| *known < (last, value));
        self.0.insert(place, (last, value));
        if self.0.len() > at_most {
            self.0.remove(0);
        }
    }

    fn newest_first(&self) -> impl Iterator<Item = T> + '_ {
        self.0.iter().rev().map(|(_, value)| *value)
    }

    fn since(&self, start: i64) -> usize {
        self.0.len() - self.0.partition_point(|(at, _)| *at < start)
    }
}

/// One entity.
#[derive(Debug, Default)]
struct Track {
    first: Option<i64>,
    last: Option<i64>,
    /// Number of the bucket, count and sum, oldest first, a list for each window.
    buckets: [VecDeque<(i64, i64, i64)>; 6],
    values: Newest<HashedKey>,
    /// The smallest hashes of each day: their spread tells how many there are.
    days: BTreeMap<i64, BTreeSet<HashedKey>>,
}

impl Track {
    fn count(&mut self, seen: &Observation, now: i64) -> Counts {
        let amount = seen.amount_minor.min(LARGEST_AMOUNT);
        if let Some(value) = seen.distinct {
            self.values.add(value, now, EXACT_DISTINCT);
            self.sketch(value, now);
        }
        let windows = Window::ALL.map(|window| {
            let buckets = &mut self.buckets[window.index()];
            add(buckets, now.div_euclid(window.bucket_seconds()), amount, window);
            let current = now.div_euclid(window.bucket_seconds());
            let within = buckets.iter().filter(|(number, ..)| *number <= current);
            let (count, sum_minor) = within.fold((0, 0_i64), |(count, sum), (_, c, s)| {
                (count + c, sum.saturating_add(*s).min(LARGEST_SUM))
            });
            Figures {
                count,
                sum_minor,
                distinct: self.distinct(window, now),
            }
        });
        let since = |at: Option<i64>| at.map(|at| (now - at).max(0));
        let counts = Counts {
            windows,
            since_first: since(self.first),
            since_last: since(self.last),
            people: 0,
        };
        self.first = Some(self.first.map_or(now, |first| first.min(now)));
        self.last = Some(self.last.map_or(now, |last| last.max(now)));
        counts
    }

    /// Sketches cost memory, so they begin, with all values known, when an entity has come half-way to the limit.
    fn sketch(&mut self, value: HashedKey, now: i64) {
        if self.days.is_empty() {
            if self.values.0.len() > EXACT_DISTINCT / 2 {
                for (at, known) in &self.values.0 {
                    put(&mut self.days, at.div_euclid(DAY), *known);
                }
            }
            return;
        }
        let today = now.div_euclid(DAY);
        self.days.retain(|day, _| *day >= today - Window::Month.buckets());
        put(&mut self.days, today, value);
    }

    /// Exact while all values of the window are known; above, an estimate, and in windows of an hour and less "that many or
    /// more".
    fn distinct(&self, window: Window, now: i64) -> i64 {
        let known = self.values.since(window.starts(now));
        let known_all = known < EXACT_DISTINCT || matches!(window, Window::Minute | Window::TenMinutes | Window::Hour);
        if known_all {
            return i64::try_from(known).unwrap_or(i64::MAX);
        }
        let first = window.starts(now).div_euclid(DAY);
        let days = self.days.range(first..=now.div_euclid(DAY));
        let union: BTreeSet<_> = days.flat_map(|(_, smallest)| smallest).collect();
        estimate(&union).max(i64::try_from(known).unwrap_or(i64::MAX))
    }
}

/// Keeps the smallest hashes of a day.
fn put(days: &mut BTreeMap<i64, BTreeSet<HashedKey>>, day: i64, value: HashedKey) {
    let smallest = days.entry(day).or_default();
    smallest.insert(value);
    if smallest.len() > EXACT_DISTINCT {
        smallest.pop_last();
    }
}

/// From the k-th smallest of uniform hashes: (k - 1) / its share of the range.
fn estimate(smallest: &BTreeSet<&HashedKey>) -> i64 {
    let Some(kth) = smallest.iter().nth(EXACT_DISTINCT - 1) else {
        return i64::try_from(smallest.len()).unwrap_or(i64::MAX);
    };
    let (head, _) = kth.0.split_at(8);
    let place = head
        .iter()
        .fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte))
        .max(1);
    let rank = u128::try_from(EXACT_DISTINCT - 1).unwrap_or(u128::MAX);
    i64::try_from((rank << 64) / place).unwrap_or(i64::MAX)
}

/// Adds one to a bucket and drops those that no window from now on holds.
fn add(buckets: &mut VecDeque<(i64, i64, i64)>, number: i64, amount: i64, window: Window) {
    while buckets
        .front()
        .is_some_and(|(oldest, ..)| *oldest < number - window.buckets())
    {
        buckets.pop_front();
    }
    let place = buckets.partition_point(|(known, ..)| *known < number);
    match buckets.get_mut(place) {
        Some((known, count, sum)) if *known == number => {
            *count += 1;
            *sum = sum.saturating_add(amount).min(LARGEST_SUM);
        }
        _ => buckets.insert(place, (number, 1, amount)),
    }
}

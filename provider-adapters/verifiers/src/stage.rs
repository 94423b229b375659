//! What tests share: time that a hand moves, ids that count, a seeded lottery.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{BiometricConsent, ClaimedPerson, Clock, Ids, WalletSubject};
use uuid::Uuid;

pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub(crate) fn forward(&self, by: TimeDelta) {
        let mut now = self.0.lock().unwrap();
        *now += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) | 1 << 100)
    }
}

pub(crate) fn hand() -> Arc<Hand> {
    Arc::new(Hand(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap())))
}

pub(crate) fn world(hand: &Arc<Hand>) -> sandbox::World {
    sandbox::World {
        clock: hand.clone(),
        ids: Arc::new(Counter(AtomicU64::new(1))),
    }
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

pub(crate) fn session() -> Uuid {
    Uuid::from_u128(0x0195_0000_0000_7000_8000_0000_0000_0001)
}

pub(crate) fn claimed(full_name: &str) -> ClaimedPerson {
    ClaimedPerson {
        full_name: Some(full_name.into()),
        born: None,
        country: Some("DE".into()),
    }
}

pub(crate) fn consent() -> BiometricConsent {
    BiometricConsent {
        at: DateTime::UNIX_EPOCH,
        ip: None,
        country: Some("DE".into()),
        region: None,
    }
}

pub(crate) fn wallet(end: &str) -> WalletSubject {
    WalletSubject {
        address: format!("0x00000000000000000000000000000000000a{end}"),
        chain_id: Some(1),
    }
}

/// A lottery that always draws the same.
pub(crate) struct Lots(pub u64);

impl Lots {
    pub(crate) fn draw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }
}

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ports::Velocity;
use domain::ports::velocity::{Entity, EntityKind, HashedKey, Observation, Seen, Sighting};
use usance_cache::{RedisOptions, RedisVelocity};
use uuid::Uuid;

use crate::redis_server::RedisServer;

/// An instant in the middle of no bucket.
pub const START: i64 = 1_795_000_123;

pub fn redis() -> Option<(RedisServer, RedisVelocity)> {
    let server = RedisServer::start()?;
    let store = store_at(server.url(), Duration::from_mins(1));
    Some((server, store))
}

pub fn store_at(url: String, timeout: Duration) -> RedisVelocity {
    let mut options = RedisOptions::new(url.into());
    options.timeout = timeout;
    RedisVelocity::new(options).unwrap()
}

pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(START + seconds, 0).unwrap()
}

/// A hash as spread as a real one.
pub fn key(number: u64) -> HashedKey {
    let mix = |salt: u64| {
        let mut x = number.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let both = (u128::from(mix(1)) << 64) | u128::from(mix(2));
    HashedKey(both.to_be_bytes())
}

pub fn entity(kind: EntityKind, number: u64) -> Entity {
    Entity { kind, key: key(number) }
}

pub fn seen(entity: Entity, person: u64) -> Observation {
    Observation {
        entity,
        amount_minor: 100,
        distinct: Some(key(person)),
    }
}

pub fn sighting(id: u64, seconds: i64, person: u64, observations: Vec<Observation>) -> Sighting {
    Sighting {
        id: Uuid::from_u64_pair(0, id),
        at: at(seconds),
        person: key(person),
        place: None,
        observations,
    }
}

/// A person at a thing.
pub async fn meets(store: &dyn Velocity, id: u64, person: u64, thing: Entity) -> Seen {
    let sighting = sighting(id, i64::try_from(id).unwrap(), person, vec![seen(thing, person)]);
    store.observe(&sighting).await.unwrap()
}

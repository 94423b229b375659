//! Prints what a sighting of eight entities costs in Redis: `scripts/with-redis.sh cargo run --release -p usance-cache --example
//! round_trip`.

use std::time::{Duration, Instant};

use chrono::DateTime;
use domain::ports::Velocity;
use domain::ports::velocity::{Entity, EntityKind, HashedKey, Observation, Sighting};
use usance_cache::{RedisOptions, RedisVelocity};
use uuid::Uuid;

const ROUNDS: usize = 5_000;

fn key(number: u64) -> HashedKey {
    HashedKey(
        u128::from(number)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            .to_be_bytes(),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::var("REDIS_URL").expect("REDIS_URL");
    let mut options = RedisOptions::new(url.into());
    options.timeout = Duration::from_secs(10);
    let store = RedisVelocity::new(options).expect("an address");
    let mut micros = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let number = u64::try_from(round).expect("a small number");
        // 500 people with one device each; one partner.
        let person = number % 500;
        let observation = |kind: EntityKind| Observation {
            entity: Entity {
                kind,
                key: key(if kind == EntityKind::Partner { 1 } else { person }),
            },
            amount_minor: 500_000,
            distinct: Some(key(person)),
        };
        let sighting = Sighting {
            id: Uuid::from_u128(u128::from(number)),
            at: DateTime::from_timestamp(1_795_000_000 + i64::try_from(number * 97).expect("a time"), 0)
                .expect("a time"),
            person: key(person),
            place: None,
            observations: EntityKind::ALL.map(observation).to_vec(),
        };
        let started = Instant::now();
        store.observe(&sighting).await.expect("an answer");
        micros.push(started.elapsed().as_micros());
    }
    micros.sort_unstable();
    let (p50, p99) = (micros[ROUNDS / 2], micros[ROUNDS / 100 * 99]);
    println!(
        "{ROUNDS} sightings of {} entities: p50 {p50} us, p99 {p99} us",
        EntityKind::ALL.len()
    );
}

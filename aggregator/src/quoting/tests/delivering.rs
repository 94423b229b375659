use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{Principal, Role};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::support::{Stage, borrower, stranger};
use crate::api::Error;
use crate::events::{Consumer, Cursor, Delivered, Event, append};
use crate::{Aggregator, Settings};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct Listener {
    seen: Mutex<Vec<Delivered>>,
    failing: Mutex<bool>,
}

#[async_trait]
impl Consumer for Listener {
    fn name(&self) -> &'static str {
        "listener"
    }

    async fn apply(&self, _: &mut PgConnection, event: &Delivered) -> Result<(), Error> {
        if *self.failing.lock().unwrap() {
            return Err(Error::refused("NOT_NOW", "a consumer's bug", None));
        }
        self.seen.lock().unwrap().push(event.clone());
        Ok(())
    }
}

fn event(aggregate: u128, version: i32) -> Event {
    let payload = serde_json::json!({ "version": version });
    Event {
        aggregate: "test",
        aggregate_id: Uuid::from_u128(aggregate),
        version,
        kind: "Tested",
        payload,
    }
}

fn stage(db: PgPool) -> (Arc<Listener>, Arc<Aggregator>) {
    let listener = Arc::new(Listener::default());
    let stage = Stage::with(db, &[], Settings::default(), vec![listener.clone()]);
    (listener, stage.aggregator)
}

async fn write(aggregator: &Aggregator, events: &[Event]) {
    let mut tx = aggregator.world.db.begin().await.unwrap();
    append(&mut tx, &aggregator.world, events).await.unwrap();
    tx.commit().await.unwrap();
}

/// Delivers until it is so. Transactions of other tests hold the horizon of the whole cluster, so this may take a while.
async fn deliver_until(aggregator: &Aggregator, reached: impl AsyncFn() -> bool) {
    let give_up = Instant::now() + Duration::from_mins(1);
    while !reached().await {
        aggregator.deliver_events().await.unwrap();
        assert!(Instant::now() < give_up, "never delivered");
        tokio::task::yield_now().await;
    }
}

fn versions(listener: &Listener, aggregate: u128) -> Vec<i32> {
    let seen = listener.seen.lock().unwrap();
    seen.iter()
        .filter(|e| e.aggregate_id == Uuid::from_u128(aggregate))
        .map(|e| e.version)
        .collect()
}

#[sqlx::test(migrations = "./migrations")]
async fn an_event_that_commits_after_a_later_one_is_not_lost(db: PgPool) {
    let (listener, aggregator) = stage(db.clone());
    aggregator.deliver_events().await.unwrap();
    let mut first = db.begin().await.unwrap();
    append(&mut first, &aggregator.world, &[event(1, 1)]).await.unwrap();
    write(&aggregator, &[event(2, 1)]).await;
    assert_eq!(
        aggregator.deliver_events().await.unwrap(),
        0,
        "the later one waits for the open one"
    );
    first.commit().await.unwrap();
    deliver_until(&aggregator, async || versions(&listener, 2) == [1]).await;
    assert_eq!(versions(&listener, 1), [1]);
    let read = aggregator.events_after(&Cursor::start(), 100).await.unwrap();
    assert_eq!(read.len(), 2, "a reader of its own sees both");
}

/// The transaction of version 2 got its id before that of version 1, and a third one holds the horizon between them.
#[sqlx::test(migrations = "./migrations")]
async fn versions_of_an_aggregate_arrive_in_order_whatever_the_order_of_transactions(db: PgPool) {
    let (listener, aggregator) = stage(db.clone());
    aggregator.deliver_events().await.unwrap();
    let mut early = db.begin().await.unwrap();
    append(&mut early, &aggregator.world, &[event(9, 1)]).await.unwrap();
    let mut between = db.begin().await.unwrap();
    append(&mut between, &aggregator.world, &[event(8, 1)]).await.unwrap();
    write(&aggregator, &[event(1, 1)]).await;
    append(&mut early, &aggregator.world, &[event(1, 2)]).await.unwrap();
    early.commit().await.unwrap();
    deliver_until(&aggregator, async || !versions(&listener, 1).is_empty()).await;
    assert_eq!(versions(&listener, 1), [1, 2]);
    between.commit().await.unwrap();
    deliver_until(&aggregator, async || !versions(&listener, 8).is_empty()).await;
    assert_eq!(versions(&listener, 1), [1, 2], "and none twice");
    assert_eq!(versions(&listener, 8), [1]);
}

#[sqlx::test(migrations = "./migrations")]
async fn many_writers_lose_nothing_and_keep_the_order_of_each_aggregate(db: PgPool) {
    const WRITERS: u128 = 8;
    const VERSIONS: i32 = 40;
    let (listener, aggregator) = stage(db);
    let writers = (1..=WRITERS).map(|aggregate| {
        let aggregator = aggregator.clone();
        tokio::spawn(async move {
            for version in 1..=VERSIONS {
                if version % 10 == 0 {
                    // A rollback takes sequence numbers with it.
                    let mut tx = aggregator.world.db.begin().await.unwrap();
                    append(&mut tx, &aggregator.world, &[event(aggregate, version)])
                        .await
                        .unwrap();
                    tx.rollback().await.unwrap();
                }
                write(&aggregator, &[event(aggregate, version)]).await;
            }
        })
    });
    let writers = futures::future::join_all(writers);
    tokio::pin!(writers);
    while futures::poll!(&mut writers).is_pending() {
        aggregator.deliver_events().await.unwrap();
    }
    let complete = usize::try_from(VERSIONS).unwrap();
    deliver_until(&aggregator, async || {
        (1..=WRITERS).all(|a| versions(&listener, a).len() >= complete)
    })
    .await;
    let mut seen: HashMap<u128, Vec<i32>> = HashMap::new();
    for aggregate in 1..=WRITERS {
        seen.insert(aggregate, versions(&listener, aggregate));
    }
    let expected: Vec<i32> = (1..=VERSIONS).collect();
    assert!(seen.values().all(|versions| *versions == expected), "{seen:?}");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_failing_event_is_tried_again_and_then_set_aside_without_stopping_the_others(db: PgPool) {
    let (listener, aggregator) = stage(db.clone());
    let attempts = async || -> i64 {
        let sum = "select coalesce(sum(attempts), 0)::bigint from events.failure";
        sqlx::query_scalar(sum).fetch_one(&db).await.unwrap()
    };
    write(&aggregator, &[event(1, 1), event(2, 1)]).await;
    *listener.failing.lock().unwrap() = true;
    deliver_until(&aggregator, async || attempts().await >= 1).await;
    *listener.failing.lock().unwrap() = false;
    deliver_until(&aggregator, async || versions(&listener, 2) == [1]).await;
    assert_eq!(versions(&listener, 1), [1], "one failure loses nothing");

    write(&aggregator, &[event(1, 2)]).await;
    *listener.failing.lock().unwrap() = true;
    deliver_until(&aggregator, async || attempts().await >= 9).await;
    *listener.failing.lock().unwrap() = false;
    write(&aggregator, &[event(2, 2)]).await;
    deliver_until(&aggregator, async || versions(&listener, 2) == [1, 2]).await;
    assert_eq!(versions(&listener, 1), [1], "the parked event stays aside");
    let parked: i64 = sqlx::query_scalar("select count(*) from events.failure where parked")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(parked, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_client_is_known_by_its_secret_until_it_is_revoked(db: PgPool) {
    let (_, aggregator) = stage(db);
    let integrator = Principal {
        role: Role::Integrator,
        ..borrower()
    };
    assert!(
        matches!(
            aggregator.create_principal(&integrator).await,
            Err(Error::Invalid { .. })
        ),
        "no tenant yet"
    );
    for _ in 0..2 {
        aggregator.create_tenant(integrator.tenant, "Shop").await.unwrap();
        aggregator.create_principal(&integrator).await.unwrap();
        aggregator.create_client("shop", integrator.id, SECRET).await.unwrap();
    }
    assert!(
        aggregator
            .create_client("short", integrator.id, "guessable")
            .await
            .is_err()
    );
    assert!(
        matches!(aggregator.create_principal(&borrower()).await, Err(Error::Refused(_))),
        "the id is taken"
    );
    assert_eq!(
        aggregator.authenticate_client("shop", SECRET).await.unwrap(),
        integrator
    );
    assert!(matches!(
        aggregator.authenticate_client("shop", "wrong").await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.authenticate_client("nobody", SECRET).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.principal(stranger().id).await,
        Err(Error::NotFound)
    ));
    aggregator.revoke_client("shop").await.unwrap();
    assert!(matches!(
        aggregator.authenticate_client("shop", SECRET).await,
        Err(Error::NotFound)
    ));
}

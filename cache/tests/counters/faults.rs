//! Every fault of Redis becomes its typed error, in time, and the next sighting works again once the fault is over.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use domain::ports::Velocity;
use domain::ports::velocity::{EntityKind, Sighting, VelocityError, Window};
use usance_cache::{RedisOptions, RedisVelocity};

use crate::redis_server::RedisServer;
use crate::support::{entity, redis, seen, sighting, store_at};

const LONG: Duration = Duration::from_mins(1);

fn device(id: u64) -> Sighting {
    sighting(id, 0, 7, vec![seen(entity(EntityKind::Device, 1), 7)])
}

async fn count(store: &RedisVelocity, id: u64) -> Result<i64, VelocityError> {
    let seen = store.observe(&device(id)).await?;
    Ok(seen.counts[0].of(Window::Minute).count)
}

/// A second connection, for what only an operator or an accident does.
async fn raw<T: redis::FromRedisValue>(server: &RedisServer, words: &[&str]) -> T {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn a_killed_server_is_unavailable_and_a_restarted_one_counts_from_nothing() {
    let Some((mut server, store)) = redis() else { return };
    assert_eq!(count(&store, 1).await, Ok(1));
    assert_eq!(count(&store, 2).await, Ok(2));
    server.kill();
    for id in 3..6 {
        let answer = count(&store, id).await;
        assert!(matches!(answer, Err(VelocityError::Unavailable(_))), "{answer:?}");
    }
    server.restart();
    let mut answer = count(&store, 6).await;
    for id in 7..20 {
        // A connection that broke is noticed by its first use.
        if answer.is_ok() {
            break;
        }
        answer = count(&store, id).await;
    }
    assert_eq!(answer, Ok(1));
}

#[tokio::test]
async fn a_server_that_was_never_there_is_unavailable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = store_at(format!("redis://{free}"), LONG);
    assert!(matches!(count(&store, 1).await, Err(VelocityError::Unavailable(_))));
    assert!(RedisVelocity::new(RedisOptions::new("http://127.0.0.1".to_owned().into())).is_err());
}

/// A server that is stopped keeps its connections open and says nothing.
#[tokio::test]
async fn a_slow_server_times_out_and_is_asked_again_when_it_wakes() {
    let Some(server) = RedisServer::start() else { return };
    let store = store_at(server.url(), LONG);
    assert_eq!(count(&store, 1).await, Ok(1));
    let hasty = store_at(server.url(), Duration::from_millis(50));
    let () = raw(&server, &["CLIENT", "PAUSE", "3600000", "ALL"]).await;
    let started = Instant::now();
    let answer = hasty.observe(&device(2)).await;
    assert_eq!(answer, Err(VelocityError::TimedOut));
    assert!(started.elapsed() < LONG, "it does not wait for the server");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = store_at(
        format!("redis://{}", listener.local_addr().unwrap()),
        Duration::from_millis(50),
    );
    assert_eq!(count(&store, 1).await, Err(VelocityError::TimedOut));
}

#[tokio::test]
async fn something_else_at_the_port_is_an_error_and_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let other = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut asked = [0; 1];
        socket.read_exact(&mut asked).unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let store = store_at(format!("redis://{address}"), LONG);
    let answer = count(&store, 1).await;
    assert!(
        matches!(answer, Err(VelocityError::Corrupt(_) | VelocityError::Unavailable(_))),
        "{answer:?}"
    );
    other.join().unwrap();
}

#[tokio::test]
async fn a_key_of_another_type_is_corrupt_and_nothing_is_counted() {
    let Some((server, store)) = redis() else { return };
    let thing = entity(EntityKind::Device, 1);
    for name in ["c", "d", "e"] {
        let key = format!("usance:v1:{name}:{thing}");
        let wrong = if name == "c" { "LPUSH" } else { "SADD" };
        let _: i64 = raw(&server, &[wrong, &key, "x"]).await;
        let answer = count(&store, 1).await;
        assert_eq!(answer, Err(VelocityError::Corrupt("WRONGTYPE".to_owned())), "{name}");
        let _: i64 = raw(&server, &["DEL", &key]).await;
    }
    let keys: Vec<String> = raw(&server, &["KEYS", "*"]).await;
    assert_eq!(keys, Vec::<String>::new(), "nothing was written");
    assert_eq!(count(&store, 1).await, Ok(1));
}

#[tokio::test]
async fn a_counter_that_holds_no_number_is_corrupt() {
    let Some((server, store)) = redis() else { return };
    assert_eq!(count(&store, 1).await, Ok(1));
    let key = format!("usance:v1:c:{}", entity(EntityKind::Device, 1));
    for field in ["f", "l", "1:179500012"] {
        let _: i64 = raw(&server, &["HSET", &key, field, "many"]).await;
        assert!(
            matches!(count(&store, 2).await, Err(VelocityError::Corrupt(_))),
            "{field}"
        );
        let _: i64 = raw(&server, &["HDEL", &key, field]).await;
    }
}

#[tokio::test]
async fn a_flush_forgets_everything_and_the_next_sighting_loads_the_script_anew() {
    let Some((server, store)) = redis() else { return };
    assert_eq!(count(&store, 1).await, Ok(1));
    assert_eq!(count(&store, 2).await, Ok(2));
    let () = raw(&server, &["FLUSHALL"]).await;
    let () = raw(&server, &["SCRIPT", "FLUSH"]).await;
    assert_eq!(count(&store, 3).await, Ok(1));
}

#[tokio::test]
async fn a_sighting_is_one_round_trip_and_every_key_ends_by_itself() {
    let Some((server, store)) = redis() else { return };
    assert_eq!(count(&store, 1).await, Ok(1));
    let () = raw(&server, &["CONFIG", "RESETSTAT"]).await;
    assert_eq!(count(&store, 2).await, Ok(2));
    let said: String = raw(&server, &["INFO", "commandstats"]).await;
    let calls = said.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
    assert!(calls.is_some_and(|line| line.contains("calls=1,")), "{said}");
    assert!(
        !said.contains("cmdstat_eval:") && !said.contains("cmdstat_script"),
        "{said}"
    );
    let keys: Vec<String> = raw(&server, &["KEYS", "*"]).await;
    assert!(keys.len() >= 5, "{keys:?}");
    for key in keys {
        let seconds: i64 = raw(&server, &["TTL", &key]).await;
        assert!(seconds > 0, "{key}");
    }
}

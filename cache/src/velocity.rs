//! Counters and links in Redis: one script, one round trip, for a whole sighting.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ports::Velocity;
use domain::ports::velocity::{HashedKey, LARGEST_AMOUNT, Seen, Sighting, VelocityError};
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, ErrorKind, RedisError, ServerErrorKind};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::{answer, script};

/// How long a flag lasts, seconds.
const FLAG_KEPT: u32 = 365 * 86_400;

/// How Redis is used.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// `redis://[user:password@]host:port[/database]`. One primary: a cluster cannot run the script.
    pub url: SecretString,
    /// Within this everything has to be answered, a new connection included.
    pub timeout: Duration,
    /// Before every key, for example `usance:v1:`.
    pub prefix: String,
}

impl RedisOptions {
    /// Answers within 50 ms, keys before which stands `usance:v1:`.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            timeout: Duration::from_millis(50),
            prefix: "usance:v1:".to_owned(),
        }
    }
}

/// Counters and links in Redis. It connects when it is first asked, and anew after a connection was lost.
pub struct RedisVelocity {
    client: Client,
    options: RedisOptions,
    script: String,
    line: Mutex<Option<Line>>,
}

/// A connection and the name of the script that it loaded.
#[derive(Clone)]
struct Line {
    connection: MultiplexedConnection,
    script: String,
}

impl std::fmt::Debug for RedisVelocity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisVelocity")
            .field("timeout", &self.options.timeout)
            .finish_non_exhaustive()
    }
}

impl RedisVelocity {
    /// Counters at that address. Nothing is asked yet; the error is that of an address that is none.
    pub fn new(options: RedisOptions) -> Result<Self, VelocityError> {
        // The library's message may repeat the address with its password.
        let client = Client::open(options.url.expose_secret())
            .map_err(|_| VelocityError::Unavailable("not an address of a Redis server".to_owned()))?;
        Ok(Self {
            client,
            options,
            script: script::observe(),
            line: Mutex::new(None),
        })
    }

    async fn line(&self) -> Result<Line, RedisError> {
        let mut line = self.line.lock().await;
        if let Some(line) = line.as_ref() {
            return Ok(line.clone());
        }
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        let script = self.load(&mut connection).await?;
        Ok(line.insert(Line { connection, script }).clone())
    }

    async fn load(&self, connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(&self.script).query_async(connection).await
    }

    /// Runs a command in time. A connection that failed is not used again.
    async fn run<T: redis::FromRedisValue>(&self, command: impl Fn(&Line) -> Cmd) -> Result<T, VelocityError> {
        let answered = tokio::time::timeout(self.options.timeout, async {
            let mut line = self.line().await?;
            let mut answer = command(&line).query_async(&mut line.connection).await;
            if answer.as_ref().is_err_and(is_forgotten) {
                self.load(&mut line.connection).await?;
                answer = command(&line).query_async(&mut line.connection).await;
            }
            answer
        })
        .await;
        let error = match answered {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => {
                // Its other side may be gone without a word: the next call takes a new one.
                if let Ok(mut line) = self.line.try_lock() {
                    *line = None;
                }
                return Err(VelocityError::TimedOut);
            }
        };
        if !matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) {
            *self.line.lock().await = None;
        }
        Err(sorted(&error))
    }
}

/// A flush or a restart forgets scripts.
fn is_forgotten(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// The server's text is not passed on where it may hold what a key holds.
fn sorted(error: &RedisError) -> VelocityError {
    let text = || error.code().unwrap_or("no code").to_owned();
    match error.kind() {
        _ if error.is_timeout() => VelocityError::TimedOut,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::Server(ServerErrorKind::ResponseError) => {
            VelocityError::Corrupt(text())
        }
        ErrorKind::Extension if error.code() == Some("WRONGTYPE") => VelocityError::Corrupt(text()),
        ErrorKind::Server(_) | ErrorKind::Extension => VelocityError::Unavailable(text()),
        kind => VelocityError::Unavailable(format!("{kind:?}")),
    }
}

#[async_trait]
impl Velocity for RedisVelocity {
    async fn observe(&self, sighting: &Sighting) -> Result<Seen, VelocityError> {
        sighting.check()?;
        let place = sighting.place;
        let place = place.map(|place| format!("{} {}", place.latitude, place.longitude));
        let command = |line: &Line| {
            let mut command = redis::cmd("EVALSHA");
            command.arg(&line.script).arg(0).arg(&self.options.prefix);
            command.arg(sighting.id.to_string()).arg(sighting.at.timestamp());
            command.arg(sighting.person.to_string());
            command.arg(place.as_deref().unwrap_or_default());
            for seen in &sighting.observations {
                let value = seen.distinct.map(|value| value.to_string()).unwrap_or_default();
                command.arg(seen.entity.to_string());
                command.arg(seen.amount_minor.min(LARGEST_AMOUNT)).arg(value);
                command.arg(u8::from(seen.entity.kind.links()));
            }
            command
        };
        let numbers: Vec<i64> = self.run(command).await?;
        answer::read(&numbers, sighting.observations.len())
    }

    async fn flag(&self, person: HashedKey, _: DateTime<Utc>) -> Result<(), VelocityError> {
        let key = format!("{}f:{person}", self.options.prefix);
        self.run(|_| {
            let mut set = redis::cmd("SET");
            set.arg(&key).arg(1).arg("EX").arg(FLAG_KEPT);
            set
        })
        .await
    }
}

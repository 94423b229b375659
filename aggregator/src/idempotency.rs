//! A mutation with a key happens once. The key, the effect and the answer commit together or not at all.

use std::time::Duration;

use domain::Principal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::api::{Error, IdempotencyKey};
use crate::store::idempotency::{Owner, claim, first_use, purge, store_answer};
use crate::{Aggregator, World, store};

/// What a key means for this call.
#[derive(Debug)]
pub(crate) enum Begun<T> {
    /// First use: do it, then [`finish`].
    Fresh,
    /// Done before: this is the answer of then.
    Replay(T),
}

/// One call of a mutation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub caller: &'a Principal,
    pub key: &'a IdempotencyKey,
    /// Name of the mutation: a key used for another one is reused wrongly.
    pub operation: &'static str,
    /// Digest of the input.
    pub body: [u8; 32],
}

impl<'a> Call<'a> {
    /// A call with that input.
    pub(crate) fn new<B: Serialize>(
        caller: &'a Principal,
        key: &'a IdempotencyKey,
        operation: &'static str,
        body: &B,
    ) -> Result<Self, Error> {
        let body = Sha256::digest(store::to_json(body)?).into();
        Ok(Self {
            caller,
            key,
            operation,
            body,
        })
    }

    fn owner(&self) -> Owner<'a> {
        Owner {
            tenant: self.caller.tenant.0,
            principal: self.caller.id.0,
            key: self.key.as_str(),
        }
    }
}

/// Claims the key in the caller's transaction, which must also hold the effect. A concurrent call with the same key
/// waits here until the first one ends: then it replays its answer, or takes over when it rolled back.
pub(crate) async fn begin<T: DeserializeOwned>(
    conn: &mut PgConnection,
    world: &World,
    call: &Call<'_>,
) -> Result<Begun<T>, Error> {
    let now = world.clock.now();
    let ttl = chrono::Duration::from_std(world.settings.key_ttl).unwrap_or(chrono::Duration::MAX);
    let expires = now
        .checked_add_signed(ttl)
        .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    if claim(conn, call.owner(), call.operation, &call.body, (now, expires)).await? {
        return Ok(Begun::Fresh);
    }
    // Gone between the two statements: its time was over and it was purged. The client tries again.
    let first = first_use(conn, call.owner()).await?.ok_or(Error::KeyBusy)?;
    if first.operation != call.operation || first.body_sha256 != call.body {
        return Err(Error::KeyReused);
    }
    let answer = first.answer.ok_or(Error::KeyBusy)?;
    Ok(Begun::Replay(store::from_json(&answer)?))
}

/// The answer of a call that was made and committed before; none when this is the first, or when [`begin`] will refuse it.
/// For use cases that ask the world before their transaction.
pub(crate) async fn replayed<T: DeserializeOwned>(
    conn: &mut PgConnection,
    call: &Call<'_>,
) -> Result<Option<T>, Error> {
    let first = first_use(conn, call.owner()).await?;
    let same = first.filter(|first| first.operation == call.operation && first.body_sha256 == call.body);
    let answer = same.and_then(|first| first.answer);
    answer.as_deref().map(store::from_json).transpose()
}

/// Stores the answer that repeated calls get, in the same transaction.
pub(crate) async fn finish<T: Serialize>(conn: &mut PgConnection, call: &Call<'_>, answer: &T) -> Result<(), Error> {
    Ok(store_answer(conn, call.owner(), &store::to_json(answer)?).await?)
}

impl Aggregator {
    /// Removes idempotency keys past their time; answers how many.
    pub async fn purge_keys(&self) -> Result<u64, Error> {
        const AT_ONCE: i64 = 1_000;
        /// A call may still be in flight when its key ends.
        const MARGIN: Duration = Duration::from_hours(1);
        let mut conn = self.world.db.acquire().await?;
        Ok(purge(&mut conn, self.world.clock.now() - MARGIN, AT_ONCE).await?)
    }
}

//! Personal data: sealed values, keys, and what a person and the law may ask.
//!
//! [`Vault`] seals and opens; a sealed value lies in `privacy.field` beside nothing else, so that export, erasure and retention
//! find everything by one table. A context that keeps ciphertext in a column of its own uses [`Vault::seal`] and [`Vault::open`].

pub mod backfill;
pub mod erasure;
pub mod export;
pub mod holds;
pub mod retention;
pub mod rotation;
#[cfg(test)]
mod tests;
mod vault;

use ::privacy::Whose;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::World;
use crate::api::Error;
use crate::events::{Event, append};

pub use vault::{Reading, Vault, VaultError};

/// Tells the world that something happened to a person's data, by ids alone.
pub(crate) async fn tell(
    conn: &mut PgConnection,
    world: &World,
    (aggregate, aggregate_id, version): (&'static str, Uuid, i32),
    (kind, payload): (&'static str, Value),
) -> Result<(), Error> {
    let event = Event {
        aggregate,
        aggregate_id,
        version,
        kind,
        payload,
    };
    append(conn, world, &[event]).await
}

/// The person's side of a tenant.
pub(crate) fn whose(tenant: domain::ids::TenantId, subject: domain::ids::PrincipalId) -> Whose {
    Whose {
        tenant: tenant.0,
        subject: subject.0,
    }
}

/// Our own types as a value that is about to be sealed.
pub(crate) fn personal<T: Serialize>(value: &T) -> Result<::privacy::Pii<Vec<u8>>, Error> {
    serde_json::to_vec(value)
        .map(::privacy::Pii::new)
        .map_err(crate::store::corrupt)
}
